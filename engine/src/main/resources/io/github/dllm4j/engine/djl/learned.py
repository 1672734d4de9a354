import torch

# Both passes of training through the blocks of a network without time modules, written out, and the loss of masking with
# the gradient of the head, of any network; a part of the program dit.py.
#
# Autograd would copy queries, keys and values more often, make a tensor for every gradient, add it to the weight's own, and
# have GELU and its gradient take a tanh each. Here products write the gradients of matrices where they belong, or add them
# to what is there (`more`), and GELU leaves its derivative in the place of its argument. `kept` is what the forward pass
# leaves for the backward pass: two tensors, and twenty for each block.


def gradient(w: Tensor) -> Tensor:
    g = w.grad
    assert g is not None
    return g


def zero(ws: List[Tensor], all: bool) -> Tensor:
    # Gradients to zero: all, or those that are only ever added to, of vectors and of the embedding.
    for i, w in enumerate(ws):
        if all or w.dim() == 1 or i == 0:
            __torch__.learned.gradient(w).zero_()
    return ws[0]


def collect(w: Tensor, dy: Tensor, x: Tensor, more: bool) -> Tensor:
    # The gradient of y = x w^T, dy^T x.
    g = __torch__.learned.gradient(w)
    if dy.dtype == 6:
        return g.addmm_(dy.t(), x, beta=1.0 if more else 0.0)
    if more:
        return g.add_(torch.mm(dy.t(), x))
    return g.copy_(torch.mm(dy.t(), x))


def likelihood(logits: Tensor, bias: Tensor, target: Tensor, weight: Tensor, clean: int, db: Tensor) -> Tuple[Tensor, Tensor]:
    # With z = logits + bias, m = max z, s = sum exp(z - m): the loss of each row, not weighted,
    #   m + ln s - z_t  [ + c - 1 - ln c,  c = exp(m) s / clean, the penalty of `Dit.loss`, if clean > 0 ],
    # and a factor of each row, weight / s, of [c] exp(z - m) - s 1_t, which goes over the logits: together they are the
    # gradient. That by the bias is added to `db`. All are [R, 1] but logits and biases. On a processor few rows at a time,
    # 1 MB for each thread, so that they stay in the caches.
    some = logits.size(0) if logits.is_cuda else max(1, 262144 * __torch__.threads.count() // logits.size(1))
    losses : List[Tensor] = []
    factors : List[Tensor] = []
    parts = zip(torch.split(logits, some), torch.split(target, some), torch.split(weight, some))
    for z, ids, own in parts:
        p = z.to(6).add_(bias)
        most = torch.amax(p, -1, True)
        at = p.sub_(most).gather(1, ids)
        total = torch.sum(p.exp_(), [-1], True)
        log = torch.log(total)
        lost = log - at
        if clean > 0:
            logc = most + log - torch.log(torch.tensor(float(clean)))
            lost = lost + torch.exp(logc) - 1.0 - logc
            p.mul_(torch.exp(logc))
        p.scatter_add_(1, ids, torch.neg(total))
        factor = own / total
        db.addmv_(p.t(), factor.squeeze(1))
        if z.dtype != 6:
            z.copy_(p)
        losses.append(lost)
        factors.append(factor)
    return torch.cat(losses), torch.cat(factors)


def dropped(x: Tensor, drop: float, kept: List[Tensor]) -> Tensor:
    # Dropout, whose mask is kept.
    if drop > 0.0:
        y, mask = torch.native_dropout(x, drop, True)
    else:
        y, mask = x, torch.empty([0])
    kept.append(mask)
    return y


def branch(x: Tensor, y: Tensor, w: Tensor, bias: Optional[Tensor], drop: float, kept: List[Tensor]) -> Tensor:
    # x + dropout(y w^T + bias), x in float32.
    if drop > 0.0 or y.dtype != 6:
        z = x + __torch__.learned.dropped(torch.linear(y, w, bias), drop, kept).to(6)
    else:
        kept.append(torch.empty([0]))
        if bias is not None:
            z = (x + bias).addmm_(y, w.t())
        else:
            z = torch.addmm(x, y, w.t())
    return z


def undropped(dy: Tensor, drop: float, mask: Tensor) -> Tensor:
    if drop > 0.0:
        return torch.native_dropout_backward(dy, mask, 1.0 / (1.0 - drop))
    return dy


def gelu_kept(u: Tensor) -> Tensor:
    # GELU in its tanh form; over u goes its derivative. On a processor few rows at a time, so that all stays in the cache:
    # f = u s, s = sigmoid(t), t = a u + b u^3, f' = s + s (1 - s) (3 t - 2 a u).
    if u.is_cuda:
        f = torch.gelu(u, approximate="tanh")
        u.copy_(torch.gelu_backward(torch.ones_like(u), u, approximate="tanh"))
        return f
    f = torch.empty_like(u)
    some = max(1, 262144 // u.size(1))
    a = torch.full([], 1.5957691216057308)
    t = torch.empty([some, u.size(1)])
    s = torch.empty([some, u.size(1)])
    for i in range(0, u.size(0), some):
        n = min(some, u.size(0) - i)
        own, at, si = u[i:i + n].to(6), t[:n], s[:n]
        torch.addcmul(a, own, own, value=0.07135481627159855, out=at)
        at.mul_(own)
        torch.sigmoid(at, out=si)
        torch.mul(own, si, out=f[i:i + n])
        at.add_(own, alpha=-1.0638460810704872)
        torch.sigmoid_backward(at, si, grad_input=at)
        torch.add(si, at, alpha=3.0, out=u[i:i + n])
    return f


def fused(n: int) -> bool:
    # Whether attention is autograd's fused one: for long sequences who looks where is much to keep.
    return n >= 512


def attention(x: Tensor, cos: Tensor, sin: Tensor, causal: bool, unseen: Optional[Tensor], kept: List[Tensor]) -> Tensor:
    # qkv [3, B, H, N, hd] to [B N, D]. Kept are queries and keys, values, and who looks where or autograd's record.
    batch, n, hd = x.size(1), x.size(3), x.size(4)
    if torch.is_complex(cos):
        y = torch.empty([2, batch, x.size(2), n, hd // 2], dtype=9, device=x.device)
        torch.mul(__torch__.rotary.complexes(x[:2]), cos, out=y)
        qk = torch.view_as_real(y).view([2, batch, x.size(2), n, hd])
    else:
        qk = __torch__.rotary.turned(x[:2], cos, sin, False)
    v = x[2].contiguous()
    if not __torch__.learned.fused(n):
        flat = qk.view(2, -1, n, hd)
        p = torch.bmm(flat[0], flat[1].transpose(1, 2))
        if unseen is not None:
            p.masked_fill_(unseen, -float("inf"))
        torch._softmax(p, -1, False, out=p)
        y = torch.bmm(p, v.view(-1, n, hd)).view(v.size())
        kept.extend([qk, v, p])
    else:
        torch.set_grad_enabled(True)
        qk, v = qk.requires_grad_(), v.requires_grad_()
        q, k = torch.unbind(qk)
        seen : Optional[Tensor] = None
        if unseen is not None and not causal:
            seen = torch.logical_not(unseen)
        y = torch.scaled_dot_product_attention(q, k, v, seen, is_causal=causal, scale=1.0)
        torch.set_grad_enabled(False)
        kept.extend([qk, v, y])
        y = y.detach()
    return y.transpose(1, 2).reshape(batch * n, -1)


def unattended(dy: Tensor, qk: Tensor, v: Tensor, law: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    # The gradient of the product that qkv came from, [B N, 3 D].
    batch, n, hd = v.size(0), v.size(2), v.size(3)
    do = dy.view(batch, n, -1, hd).transpose(1, 2).contiguous()
    if not __torch__.learned.fused(n):
        all = torch.empty([3, batch, v.size(1), n, hd], dtype=v.dtype, device=v.device)
        q, k = torch.unbind(qk.view(2, -1, n, hd))
        dq, dk, dv = torch.unbind(all.view(3, -1, n, hd))
        own = do.view(-1, n, hd)
        torch.bmm(law.transpose(1, 2), own, out=dv)
        dp = torch.bmm(own, v.view(-1, n, hd).transpose(1, 2))
        torch._softmax_backward_data(dp, law, -1, law.dtype, grad_input=dp)
        torch.bmm(dp, k, out=dq)
        torch.bmm(dp.transpose(1, 2), q, out=dk)
    else:
        torch.set_grad_enabled(True)
        law.backward(do)
        torch.set_grad_enabled(False)
        all = torch.cat([__torch__.learned.gradient(qk), __torch__.learned.gradient(v).unsqueeze(0)])
    # Back by the same angles.
    both, flat = all[:2], torch.empty([batch, n, 3, v.size(1), hd], dtype=v.dtype, device=v.device)
    if torch.is_complex(sin):
        to = torch.narrow(__torch__.rotary.complexes(flat), 2, 0, 2)
        torch.mul(__torch__.rotary.complexes(both).permute(1, 3, 0, 2, 4), sin.permute(1, 3, 0, 2, 4), out=to)
        flat.select(2, 2).copy_(all[2].transpose(1, 2))
    else:
        # What was multiplied by sin goes to the other half.
        other = __torch__.rotary.swapped(both * sin)
        both.mul_(cos).add_(other)
        flat.copy_(all.permute(1, 3, 0, 2, 4))
    return flat.view(batch * n, -1)


def unnormed(dh: Tensor, x: Tensor, mean: Tensor, rstd: Tensor, ws: List[Tensor], i: int, bias: int) -> Tensor:
    # Through the norm at i: adds the gradients of its weights; the gradient of x.
    b = __torch__.optional(ws, i + 1, bias == 1)
    dx, dw, db = torch.native_layer_norm_backward(dh, x, [x.size(1)], mean, rstd, ws[i], b, [True, True, bias == 1])
    __torch__.learned.gradient(ws[i]).add_(dw)
    if bias == 1:
        __torch__.learned.gradient(ws[i + 1]).add_(db)
    return dx


def forward(x: Tensor, batch: int, rows: Tensor, ws: List[Tensor], shape: List[int], dt: int, drop: float, kept: List[Tensor]) -> Tensor:
    # x [B N, D], float32, stays as it is; of the rows [R, D] comes back. Behind the attention of the last block there are
    # only these.
    bias, heads = shape[2], shape[1]
    width, n = x.size(1), x.size(0) // batch
    hd = width // heads
    # In float32 queries and keys are pairs side by side: these and their conjugates are the factors there and back.
    if dt == 6:
        cos = __torch__.rotary.pairs(0, n, hd, float(hd) ** -0.5, x)
        sin = torch.conj_physical(cos)
    else:
        cos, sin = __torch__.rotary.factors(0, n, hd, float(hd) ** -0.5, x, dt)
    kept.append(cos)
    kept.append(sin)
    unseen : Optional[Tensor] = None
    if shape[4] > 0:
        one = torch.empty([1, 1, n, 1], device=x.device)
        seen = __torch__.blocks.seen(one, one, shape[4], False)
        if seen is not None:
            unseen = torch.logical_not(seen)
    i = 1
    for layer in range(shape[0]):
        wqkv, wout = ws[i + 1 + bias].to(dt), ws[i + 2 + bias].to(dt)
        if dt == 6:
            wqkv = __torch__.rotary.interleaved(wqkv, heads)
        j = i + 3 + bias
        wup, wdown = ws[j + 1 + bias].to(dt), ws[j + 3 + bias].to(dt)
        h, mean, rstd = torch.native_layer_norm(x, [width], ws[i], __torch__.optional(ws, i + 1, bias == 1), 1e-5)
        h = h.to(dt)
        kept.extend([x, mean, rstd, h, wqkv, wout, wup, wdown])
        qkv = torch.mm(h, wqkv.t()).view(batch, n, 3, heads, hd).permute(2, 0, 3, 1, 4)
        a = __torch__.learned.attention(qkv, cos, sin, shape[4] == 1, unseen, kept)
        if layer == shape[0] - 1:
            a, x = a.index_select(0, rows), x.index_select(0, rows)
        kept.append(a)
        x = __torch__.learned.branch(x, a, wout, None, drop, kept)
        h, mean, rstd = torch.native_layer_norm(x, [width], ws[j], __torch__.optional(ws, j + 1, bias == 1), 1e-5)
        h = h.to(dt)
        u = torch.addmm(ws[j + 2 + bias].to(dt), h, wup.t())
        f = __torch__.learned.gelu_kept(u)
        kept.extend([x, mean, rstd, h, u, f])
        x = __torch__.learned.branch(x, f, wdown, ws[j + 4 + bias].to(dt), drop, kept)
        i = j + 5 + bias
    return x


def backward(dx: Tensor, rows: Tensor, ws: List[Tensor], shape: List[int], dt: int, drop: float, kept: List[Tensor], more: bool) -> Tensor:
    # The gradients of the blocks' weights, from the last block to the first, given that of the last block's rows [R, D];
    # the gradient of the embedded tokens [B N, D] comes back. `dx` is overwritten, `kept` emptied.
    bias = shape[2]
    cos, sin = kept[0], kept[1]
    size = 8 + 2 * bias
    for layer in range(shape[0]):
        i = 1 + (shape[0] - 1 - layer) * size
        j = i + 3 + bias
        k = len(kept) - 20
        own = kept[k:]
        for _ in range(20):
            kept.pop()
        x, mean, rstd, h, wqkv, wout, wup, wdown = own[0], own[1], own[2], own[3], own[4], own[5], own[6], own[7]
        qk, v, p, a, mask1 = own[8], own[9], own[10], own[11], own[12]
        x2, mean2, rstd2, h2, du, f, mask2 = own[13], own[14], own[15], own[16], own[17], own[18], own[19]
        dy = __torch__.learned.undropped(dx.to(dt), drop, mask2)
        __torch__.learned.gradient(ws[j + 4 + bias]).add_(torch.sum(dy, [0], dtype=6))
        __torch__.learned.collect(ws[j + 3 + bias], dy, f, more)
        du.mul_(torch.mm(dy, wdown))
        __torch__.learned.gradient(ws[j + 2 + bias]).add_(torch.sum(du, [0], dtype=6))
        __torch__.learned.collect(ws[j + 1 + bias], du, h2, more)
        dx.add_(__torch__.learned.unnormed(torch.mm(du, wup).to(6), x2, mean2, rstd2, ws, j, bias))
        dy = __torch__.learned.undropped(dx.to(dt), drop, mask1)
        __torch__.learned.collect(ws[i + 2 + bias], dy, a, more)
        da = torch.mm(dy, wout)
        if layer == 0:
            da = torch.zeros([x.size(0), x.size(1)], dtype=dt, device=x.device).index_add_(0, rows, da)
        dqkv = __torch__.learned.unattended(da, qk, v, p, cos, sin)
        if dt == 6:
            __torch__.rotary.collect(__torch__.learned.gradient(ws[i + 1 + bias]), torch.mm(dqkv.t(), h), shape[1], more)
        else:
            __torch__.learned.collect(ws[i + 1 + bias], dqkv, h, more)
        before = __torch__.learned.unnormed(torch.mm(dqkv, wqkv).to(6), x, mean, rstd, ws, i, bias)
        dx = before.index_add_(0, rows, dx) if layer == 0 else dx.add_(before)
    return dx
