import torch

# The DiT network of the masked and uniform diffusion literature (SEDD, MDLM, RADD, Duo), as one TorchScript program.
#
#   tokens [B, N] -> embedding -> L x ( attention branch, feed-forward branch ) -> head at chosen rows -> logits [R, V]
#
# Behind the attention of the last block every position is by itself: from there on only the chosen rows are computed.
#
# The same network whose positions see their own block and earlier ones is a block diffusion model (BD3LM), and with
# blocks of one an autoregressive model; with learned positions and biases in attention, too, it is GPT-2.
#
# Weights come in as one flat list `ws` in the order of Architecture.tensors():
#   embedding; (GPT-2: positions); (time: 4 tensors); per block: 8 (+2 norm biases) (GPT-2: +2 biases of attention)
#   (+2 time modulation); head: 3 (+1) (+2).
# `shape` is [layers, heads, norm biases?, time modules?, positions of a block (0 for none), GPT-2?]. `dt` is the type the matrix products run in
# (6 float32, 15 bfloat16); embeddings, residual stream, norms and losses stay in float32.


def added(x: Tensor, y: Tensor, train: bool) -> Tensor:
    # The sum, in the place of x where no gradient asks for it again.
    if train:
        z = x + y
    else:
        z = x.add_(y)
    return z


def optional(ws: List[Tensor], i: int, present: bool) -> Optional[Tensor]:
    if present:
        return ws[i]
    return None


def norm(x: Tensor, weight: Tensor, bias: Optional[Tensor]) -> Tensor:
    return torch.layer_norm(x, [x.size(-1)], weight, bias, 1e-5)


def modulate(x: Tensor, shift: Optional[Tensor], scale: Optional[Tensor]) -> Tensor:
    if shift is not None and scale is not None:
        return x * (1.0 + scale) + shift
    return x


def gated(x: Tensor, gate: Optional[Tensor]) -> Tensor:
    if gate is not None:
        return gate * x
    return x


class Dit(Module):
    training : bool

    def attend(self, q: Tensor, k: Tensor, v: Tensor, block: int, given: bool, train: bool, scale: float) -> Tensor:
        # Products of queries and keys are multiplied by `scale`. The fused kernel wins at inference and on long
        # sequences; its bfloat16 backward is slow on short ones. Trained here are networks with time modules, which have
        # no blocks and scaled queries.
        n = q.size(2)
        if block == 1 and n == k.size(2):
            return torch.scaled_dot_product_attention(q, k, v, is_causal=True, scale=scale)
        mask = __torch__.blocks.seen(q, k, block, given)
        if train and n < 512:
            return torch.matmul(torch.softmax(torch.matmul(q, k.transpose(2, 3)), -1), v)
        return torch.scaled_dot_product_attention(q, k, v, mask, scale=scale)

    def condition(self, sigmas: Tensor, ws: List[Tensor]) -> Tensor:
        # Sinusoid features of total noise (cosines first, period 10000), then the two-layer map; [B, C].
        half = ws[1].size(1) // 2
        at = torch.arange(half, dtype=6, device=sigmas.device)
        angles = sigmas.unsqueeze(1) * torch.exp(at * (-9.210340371976184 / float(half))).unsqueeze(0)
        features = torch.cat([torch.cos(angles), torch.sin(angles)], -1)
        hidden = torch.silu(torch.linear(features, ws[1], ws[2]))
        return torch.silu(torch.linear(hidden, ws[3], ws[4]))

    def trunk(self, x: Tensor, sigmas: Tensor, rows: Tensor, ws: List[Tensor], shape: List[int], dt: int, train: bool, drop: float, past: List[Tensor] = [], at: int = 0, given: bool = False) -> Tensor:
        # x are embedded tokens [B, N, D]; all blocks at flat rows sequence * N + position come back, [R, D]. `past` are keys
        # and values of positions before `at`, two per block, to be seen and to be added to; or none; or those of a clean
        # sequence, which a noisy one is given.
        layers, heads, bias, time, gpt = shape[0], shape[1], shape[2], shape[3], shape[5]
        batch, n, width = x.size(0), x.size(1), x.size(2)
        hd = width // heads
        scale = float(hd) ** -0.5
        c : Optional[Tensor] = None
        i = 1
        if gpt == 1:
            x = x + ws[1][at:at + n]
            i = 2
        if time == 1:
            c = self.condition(self.repeated(sigmas, 16), ws)
            i = 5
        # Queries take the scale of the scores along with their turn.
        paired = gpt == 0 and not train and __torch__.linear.paired(ws[i + 1 + bias], hd)
        cos, sin = x, x
        if paired:
            cos = __torch__.rotary.pairs(at, n, hd, scale, x)
        elif gpt == 0:
            cos, sin = __torch__.rotary.factors(at, n, hd, scale, x, dt)
        if gpt == 0:
            scale = 1.0
        for layer in range(layers):
            n1, b1 = ws[i], __torch__.optional(ws, i + 1, bias == 1)
            i = i + 1 + bias
            qkv_w, qkv_b = ws[i], __torch__.optional(ws, i + 1, gpt == 1)
            i = i + 1 + gpt
            out_w, out_b = ws[i], __torch__.optional(ws, i + 1, gpt == 1)
            i = i + 1 + gpt
            n2, b2 = ws[i], __torch__.optional(ws, i + 1, bias == 1)
            i = i + 1 + bias
            up_w, up_b, down_w, down_b = ws[i], ws[i + 1], ws[i + 2], ws[i + 3]
            i = i + 4
            m : List[Optional[Tensor]] = [None, None, None, None, None, None]
            if c is not None:
                for j, part in enumerate(torch.chunk(torch.narrow(torch.linear(c, ws[i], ws[i + 1]), 0, 0, batch).unsqueeze(1), 6, -1)):
                    m[j] = part
                i = i + 2
            h = __torch__.modulate(__torch__.norm(x, n1, b1), m[0], m[1]).to(dt)
            flat = __torch__.linear.affine(h, qkv_w, 3 * width, qkv_b, dt).view(batch, n, 3, heads, hd)
            if paired:
                flat = __torch__.rotary.turn(flat, cos)
            qkv = flat.permute(2, 0, 3, 1, 4)
            if gpt == 1 or paired:
                q, k, v = torch.unbind(qkv)
            else:
                # Split, not indexed: the gradient of an index is a whole tensor of zeros.
                qk, v1 = torch.split(qkv.contiguous() if train else qkv, [2, 1])
                q, k = torch.unbind(__torch__.rotary.turned(qk, cos, sin, train))
                v = v1.squeeze(0)
            if len(past) > 0:
                q, k, v = __torch__.blocks.joined(q, k, v, past[2 * layer], past[2 * layer + 1], at, given)
            a = self.repeated(self.attend(q, k, v, shape[4], given, train, scale), batch)
            a = a.transpose(1, 2).reshape(batch, n, width)
            if layer == layers - 1:
                some = rows if train else self.repeated(rows, 16)
                a, x = a.view(-1, width).index_select(0, some), x.view(-1, width).index_select(0, some)
                for j in range(2, 6):
                    part = m[j]
                    if part is not None:
                        m[j] = self.of_rows(part.squeeze(1), some, n)
            a = __torch__.linear.affine(a, out_w, width, out_b, dt)
            x = __torch__.added(x, __torch__.gated(torch.dropout(a, drop, train).to(6), m[2]), train)
            h = __torch__.modulate(__torch__.norm(x, n2, b2), m[3], m[4]).to(dt)
            f = __torch__.linear.affine(__torch__.linear.gelu(h, up_w, up_b, dt), down_w, width, down_b, dt)
            x = __torch__.added(x, __torch__.gated(torch.dropout(f, drop, train).to(6), m[5]), train)
        return torch.narrow(x, 0, 0, rows.size(0))

    def of_rows(self, x: Tensor, rows: Tensor, n: int) -> Tensor:
        # What belongs to the sequences of length n that flat rows are in, [B, ..] to [R, ..].
        return x.index_select(0, torch.div(rows, n, rounding_mode="floor"))

    def final(self, x: Tensor, sigmas: Tensor, rows: Tensor, n: int, ws: List[Tensor], shape: List[int]) -> Tensor:
        # What the head multiplies, from what the trunk says of flat rows of sequences of length n, [R, D].
        bias, time = shape[2], shape[3]
        i = len(ws) - 3 - bias - 2 * time
        h = __torch__.norm(x, ws[i], __torch__.optional(ws, i + 1, bias == 1))
        if time == 1:
            mod = torch.linear(self.condition(self.repeated(sigmas, 16), ws), ws[i + 3 + bias], ws[i + 4 + bias])
            shift, scale = torch.chunk(self.of_rows(mod, rows, n), 2, -1)
            h = __torch__.modulate(h, shift, scale)
        return h

    def place(self, ws: List[Tensor], shape: List[int]) -> List[int]:
        # Where the head is, for `head`: its matrix, its bias, and how many ids it knows.
        i = len(ws) - 2 - 2 * shape[3]
        return [i, i + 1, ws[i].size(0)]

    def head(self, h: Tensor, ws: List[Tensor], at: List[int], dt: int, mask: int) -> Tensor:
        # Logits in the type of the products, [R, V]; MASK (if any) and unknown ids can never be predicted: their bias is
        # -infinity.
        # `at` is the matrix, the bias (-1 for none), and the number of known ids.
        if ws[at[0]].dtype != 6 and dt == 6:
            logits = __torch__.llama.product(self.repeated(h, 16), ws[at[0]], self.head_bias(ws, at, mask), dt)
        else:
            logits = __torch__.linear.affine(self.repeated(h, 16).to(dt), ws[at[0]], ws[at[0]].size(0), self.head_bias(ws, at, mask), dt)
        return torch.narrow(logits, 0, 0, h.size(0))

    def head_bias(self, ws: List[Tensor], at: List[int], mask: int) -> Tensor:
        matrix = ws[at[0]]
        known = at[2]
        bias = ws[at[1]] if at[1] >= 0 else torch.zeros([matrix.size(0)], dtype=6, device=matrix.device)
        if known < matrix.size(0):
            bias = torch.cat([bias[:known], torch.full([matrix.size(0) - known], -float("inf"), device=bias.device)])
        if mask >= 0:
            bias = torch.cat([bias[:mask], torch.full([1], -float("inf"), device=bias.device), bias[mask + 1:]])
        return bias

    def repeated(self, x: Tensor, least: int) -> Tensor:
        # The entries of x, the last one again and again if there are fewer than so many. Every product has at least 16
        # rows: with fewer, libraries add in another order, and the laws of a sequence would depend on its company in
        # their last bits.
        if x.size(0) >= least:
            y = x
        else:
            y = x.index_select(0, torch.clamp(torch.arange(least, device=x.device), max=x.size(0) - 1))
        return y

    def hidden(self, tok: Tensor, sigmas: Tensor, rows: Tensor, ws: List[Tensor], shape: List[int], dt: int, past: List[Tensor] = [], at: int = 0, given: int = 0) -> Tensor:
        # All of the network but its head, at the rows, [R, D].
        more = (15 + tok.size(1)) // tok.size(1)
        x = self.trunk(torch.embedding(ws[0], self.repeated(tok, more)), self.repeated(sigmas, more), rows, ws, shape, dt, False, 0.0, past, at, given == 1)
        return self.final(x, sigmas, rows, tok.size(1), ws, shape)

    def llama_hidden(self, tok: Tensor, rows: Tensor, ws: List[Tensor], shape: List[int], theta: float, epsilon: float, dt: int) -> Tensor:
        # The same of a Llama-like network.
        at : List[int] = []
        x = __torch__.llama.trunk(self.repeated(tok, (15 + tok.size(1)) // tok.size(1)), ws, shape, theta, epsilon, dt, [], at, None)
        return __torch__.llama.final(x, rows, ws, shape, epsilon)

    def llama_kept(self, tok: Tensor, rows: Tensor, ws: List[Tensor], shape: List[int], theta: float, epsilon: float, dt: int) -> List[Tensor]:
        # The same, and after it what is kept of each sequence: keys and values.
        at : List[int] = []
        keep : List[Tensor] = []
        x = __torch__.llama.trunk(self.repeated(tok, (15 + tok.size(1)) // tok.size(1)), ws, shape, theta, epsilon, dt, [], at, keep)
        out : List[Tensor] = [__torch__.llama.final(x, rows, ws, shape, epsilon)]
        for b in range(tok.size(0)):
            own : List[Tensor] = []
            for each in keep:
                own.append(each[b])
            out.append(torch.stack(own))
        return out

    def llama_among(self, tok: Tensor, rows: Tensor, past: List[Tensor], at: List[int], ws: List[Tensor], shape: List[int], theta: float, epsilon: float, dt: int) -> Tensor:
        # What the head multiplies at flat rows of a part of the canvas, whose other keys and values are kept ones.
        more = self.repeated(tok, (15 + tok.size(1)) // tok.size(1))
        for b in range(tok.size(0), more.size(0)):
            past.append(past[tok.size(0) - 1])
            at.append(at[tok.size(0) - 1])
        x = __torch__.llama.trunk(more, ws, shape, theta, epsilon, dt, past, at, None)
        return __torch__.llama.final(x, rows, ws, shape, epsilon)

    def gathered(self, parts: List[Tensor], order: Tensor) -> Tensor:
        return torch.cat(parts).index_select(0, order)

    def forward_pass(self, tok: Tensor, sigmas: Tensor, rows: Tensor, ws: List[Tensor], shape: List[int], dt: int, mask: int, some: int) -> Tensor:
        # For dllm bench: everything up to the logits of all rows, so many rows at a time; the last of them come back.
        h = self.hidden(tok, sigmas, rows, ws, shape, dt)
        logits = h
        for part in torch.split(h, some):
            logits = self.head(part, ws, self.place(ws, shape), dt, mask)
        return logits.to(6)

    # ---- left to right --------------------------------------------------------------------------------------------

    def scores(self, tok: Tensor, rows: Tensor, target: Tensor, ws: List[Tensor], shape: List[int], dt: int, mask: int) -> Tensor:
        # ln p(target) at each row in float64, [R]; the head is evaluated at a few rows at a time.
        sigmas = torch.zeros([tok.size(0)], device=tok.device)
        x = self.trunk(torch.embedding(ws[0], tok), sigmas, rows, ws, shape, dt, False, 0.0)
        out : List[Tensor] = []
        for some, own, ids in zip(torch.split(x, 256), torch.split(rows, 256), torch.split(target, 256)):
            h = self.final(some, sigmas, own, tok.size(1), ws, shape)
            out.append(__torch__.laws.at(__torch__.laws.law(self.head(h, ws, self.place(ws, shape), dt, mask)), ids))
        return torch.cat(out)

    def cache(self, ws: List[Tensor], shape: List[int], dt: int, batch: int, length: int) -> List[Tensor]:
        # Room for the keys and values of a batch, two tensors [B, H, length, hd] per block.
        room : List[Tensor] = []
        for i in range(2 * shape[0]):
            room.append(torch.zeros([batch, shape[1], length, ws[0].size(1) // shape[1]], dtype=dt, device=ws[0].device))
        return room

    def keep(self, past: List[Tensor], rows: Tensor, length: int, room: List[Tensor], to: Tensor) -> Tensor:
        # Copies the first positions of some sequences of a past to sequences of another.
        for old, new in zip(past, room):
            torch.narrow(new, 2, 0, length).index_copy_(0, to, torch.narrow(old, 2, 0, length).index_select(0, rows))
        return rows

    def next(self, tok: Tensor, ws: List[Tensor], shape: List[int], dt: int, mask: int, past: List[Tensor], at: int) -> Tensor:
        # Logits [B, V] of what comes after `tok` [B, n], which stands at position `at`.
        sigmas = torch.zeros([tok.size(0)], device=tok.device)
        rows = torch.arange(1, tok.size(0) + 1, device=tok.device) * tok.size(1) - 1
        x = self.trunk(torch.embedding(ws[0], tok), sigmas, rows, ws, shape, dt, False, 0.0, past, at)
        return self.head(self.final(x, sigmas, rows, tok.size(1), ws, shape), ws, self.place(ws, shape), dt, mask)

    # ---- training -------------------------------------------------------------------------------------------------

    def loss(self, tok: Tensor, sigmas: Tensor, rows: Tensor, target: Tensor, weight: Tensor, ws: List[Tensor], cfg: Tensor) -> Tensor:
        # Sum over rows of weight * ( -ln p(target) [ + c - 1 - ln c ] ), then its gradient; the loss comes back in nats.
        # The bracket is the normalisation penalty of denoising score entropy, c the mean over the S clean tokens of
        # exp(logit) (spec of the score head: s = exp(logit) / (S expm1(sigma))).
        # cfg: shape, type of the products, MASK, penalty?, dropout, are gradients added to those that are there?
        c : List[float] = cfg.tolist()
        shape = [int(s) for s in c[:6]]
        dt, mask, penalised, drop, more = int(c[6]), int(c[7]), c[8] > 0.0, c[9], c[10] > 0.0
        kept : List[Tensor] = []
        h = self.learned(tok, sigmas, rows, ws, shape, dt, drop, kept)
        place = self.place(ws, shape)
        i = place[0]
        # By hand: the gradient overwrites the logits, at most 128 MiB of them at a time.
        torch.set_grad_enabled(False)
        if not more:
            __torch__.learned.zero(ws, shape[3] == 1)
        w = ws[i].to(dt)
        bias = self.head_bias(ws, place, mask)
        # Only networks with MASK are penalised.
        clean = w.size(0) - 1 if penalised else 0
        dhs : List[Tensor] = []
        total = torch.zeros([], device=h.device)
        some = max(1, 33554432 // w.size(0))
        parts = zip(torch.split(h.detach(), some), torch.split(target.unsqueeze(1), some), torch.split(weight.unsqueeze(1), some))
        later = more
        for part, ids, own in parts:
            g = torch.linear(part.to(dt), w)
            lost, factor = __torch__.learned.likelihood(g, bias, ids, own, clean, __torch__.learned.gradient(ws[i + 1]))
            total.add_((lost * own).sum())
            # The factors of the rows go to what is narrow in the products.
            __torch__.learned.collect(ws[i], g, (part * factor).to(dt), later)
            dhs.append(torch.matmul(g, w).to(6).mul_(factor))
            later = True
        self.learn(h, torch.cat(dhs), tok, rows, ws, shape, dt, drop, kept, more)
        return total

    def learned(self, tok: Tensor, sigmas: Tensor, rows: Tensor, ws: List[Tensor], shape: List[int], dt: int, drop: float, kept: List[Tensor]) -> Tensor:
        # What the head multiplies, [R, D], and what `learn` needs for the way back: with time modules, autograd's record.
        embedded = torch.embedding(ws[0].detach(), tok)
        if shape[3] == 1:
            kept.append(embedded.requires_grad_())
            x = self.trunk(embedded, sigmas, rows, ws, shape, dt, True, drop)
            h = self.final(x, sigmas, rows, tok.size(1), ws, shape)
        else:
            torch.set_grad_enabled(False)
            x = __torch__.learned.forward(embedded.view(-1, embedded.size(2)), tok.size(0), rows, ws, shape, dt, drop, kept)
            i = len(ws) - 3 - shape[2]
            h, mean, rstd = torch.native_layer_norm(x, [x.size(1)], ws[i], __torch__.optional(ws, i + 1, shape[2] == 1), 1e-5)
            kept.extend([x, mean, rstd])
            torch.set_grad_enabled(True)
        return h

    def learn(self, h: Tensor, dh: Tensor, tok: Tensor, rows: Tensor, ws: List[Tensor], shape: List[int], dt: int, drop: float, kept: List[Tensor], more: bool) -> Tensor:
        # The gradients of all weights before the head, given that of what it multiplies. Those of the blocks' matrices are
        # written or added (`more`); all else is added, with time modules everything (`learned.zero`). That of the embedding
        # goes to the rows that occur.
        if shape[3] == 1:
            torch.set_grad_enabled(True)
            h.backward(dh)
            dx = __torch__.learned.gradient(kept[0]).view(-1, dh.size(1))
        else:
            rstd, mean, x = kept.pop(), kept.pop(), kept.pop()
            last = __torch__.learned.unnormed(dh, x, mean, rstd, ws, len(ws) - 3 - shape[2], shape[2])
            dx = __torch__.learned.backward(last, rows, ws, shape, dt, drop, kept, more)
        torch.set_grad_enabled(True)
        return __torch__.learned.gradient(ws[0]).detach().index_add_(0, tok.reshape(-1), dx)

    def start(self, ws: List[Tensor]) -> Tensor:
        # Gives every weight a gradient, of zeros.
        for w in ws:
            w.backward(torch.zeros_like(w))
        return ws[0].detach()[0, 0]

    def uniform_loss(self, tok: Tensor, sigmas: Tensor, rows: Tensor, target: Tensor, weight: Tensor, ws: List[Tensor], cfg: Tensor) -> Tensor:
        # Uniform noise: sum over rows of weight * denoising score entropy per nat of noise of a leave-one-out head,
        # then its gradient. The formula is that of loss.UniformScoreEntropy, kappa = S / expm1(sigma).
        c : List[float] = cfg.tolist()
        shape = [int(s) for s in c[:6]]
        more = c[10] > 0.0
        if not more:
            # Autograd adds to what the head has.
            __torch__.learned.zero(ws, shape[3] == 1)
            __torch__.learned.gradient(ws[self.place(ws, shape)[0]]).zero_()
        kept : List[Tensor] = []
        before = self.learned(tok, sigmas, rows, ws, shape, int(c[6]), c[9], kept)
        all_noisy, all_sigma = tok.reshape(-1).index_select(0, rows), self.of_rows(sigmas, rows, tok.size(1))
        # Some ten times as much as the logits of these rows is alive at a time.
        place = self.place(ws, shape)
        some = max(1, 4194304 // ws[place[0]].size(0))
        dhs : List[Tensor] = []
        total = torch.zeros([], device=before.device)
        parts = zip(torch.split(before.detach(), some), torch.split(all_noisy, some), torch.split(all_sigma, some))
        at = 0
        for part, noisy, sigma in parts:
            clean, own = target[at:at + part.size(0)], weight[at:at + part.size(0)]
            at = at + part.size(0)
            h = part.detach().requires_grad_()
            p = torch.softmax(self.head(h, ws, place, int(c[6]), int(c[7])).to(6), -1)
            lost = (self.uniform_terms(p, noisy, sigma, clean) * own).sum()
            lost.backward()
            total = total + lost.detach()
            dhs.append(__torch__.learned.gradient(h))
        torch.set_grad_enabled(False)
        self.learn(before, torch.cat(dhs), tok, rows, ws, shape, int(c[6]), c[9], kept, more)
        return total

    def uniform_terms(self, p: Tensor, noisy: Tensor, sigma: Tensor, clean: Tensor) -> Tensor:
        # The score entropy of each row, per nat of noise, from its leave-one-out law p [R, S].
        kappa = float(p.size(1)) / torch.expm1(sigma)
        noise = -torch.expm1(-sigma)
        same = torch.eq(noisy, clean).to(6)
        log_kappa = torch.log1p(kappa)
        k = 1.0 + kappa * same
        of_noisy = kappa * p.gather(1, noisy.unsqueeze(1)).squeeze(1)
        of_clean = kappa * p.gather(1, clean.unsqueeze(1)).squeeze(1)
        every = log_kappa - torch.log1p(kappa.unsqueeze(1) * p).sum(-1)
        at_clean = log_kappa - torch.log1p(of_clean)
        at_noisy = torch.log(k) - torch.log1p(of_noisy)
        bracket = noise / float(p.size(1)) * every + torch.exp(-sigma) * at_clean - at_noisy
        return (1.0 / (1.0 + of_noisy) - 1.0 / k + bracket / k) / noise

    def gradient_norm(self, ws: List[Tensor]) -> Tensor:
        # Euclidean norm of all gradients together.
        # Row by row first: over millions of entries at once float32 loses the third digit.
        norms : List[Tensor] = []
        for w in ws:
            g = __torch__.learned.gradient(w)
            norms.append(torch.linalg_vector_norm(torch.linalg_vector_norm(g, 2, [-1]) if g.dim() > 1 else g))
        return torch.linalg_vector_norm(torch.stack(norms))

    def adamw(self, ws: List[Tensor], ms: List[Tensor], vs: List[Tensor], ema: List[Tensor], step: Tensor, hp: Tensor) -> Tensor:
        # AdamW (decay on matrices only), exponential moving average.
        # hp: learning rate, beta1, beta2, epsilon, decay, factor of the gradients, EMA rate.
        h : List[float] = hp.tolist()
        torch.set_grad_enabled(False)
        step.add_(1)
        scale = torch.full([], 1.0 / h[5], device=step.device)
        for matrices in [True, False]:
            own : List[Tensor] = []
            gs : List[Tensor] = []
            m1 : List[Tensor] = []
            m2 : List[Tensor] = []
            average : List[Tensor] = []
            steps : List[Tensor] = []
            for i, w in enumerate(ws):
                if (w.dim() > 1) == matrices:
                    own.append(w)
                    gs.append(__torch__.learned.gradient(w))
                    m1.append(ms[i])
                    m2.append(vs[i])
                    average.append(ema[i])
                    steps.append(step)
            torch._fused_adamw_(own, gs, m1, m2, [], steps, lr=h[0], beta1=h[1], beta2=h[2], weight_decay=h[4] if matrices else 0.0, eps=h[3], amsgrad=False, maximize=False, grad_scale=scale)
            # The compiler deletes an operation on lists that nothing reads afterwards.
            for w, e in zip(own, average):
                e.lerp_(w, 1.0 - h[6])
        torch.set_grad_enabled(True)
        return step

    def muon(self, ws: List[Tensor], ms: List[Tensor], ema: List[Tensor], hp: Tensor) -> Tensor:
        # See muon.py.
        h : List[float] = hp.tolist()
        torch.set_grad_enabled(False)
        __torch__.muon.update(ws, [__torch__.learned.gradient(w) for w in ws], ms, ema, h)
        torch.set_grad_enabled(True)
        return hp

    def orthogonal(self, x: Tensor, dt: int) -> Tensor:
        return __torch__.muon.orthogonal(x, dt)

    def ask(self, what: str, argument: Tensor, source: Tensor, own: Tensor, sigmas: Tensor, ws: List[Tensor], plan: List[int], shaping: List[float]) -> Tensor:
        # What is asked of the laws of some rows, float64, [R] or [R, k], by way of few rows at a time: no tensor
        # [rows, vocabulary] is larger than the plan allows. Broken laws answer NaN, where an id is wanted -1.
        # plan: first row, row after the last, rows of the head at a time, rows of laws at a time, whether `source` is
        # [R, D], what the head multiplies, and not logits [R, V]; the head's place, type, MASK; whether logits are
        # scores, which `own` and `sigmas` turn into laws.
        out : List[Tensor] = []
        for i in range(plan[0], plan[1], plan[2]):
            end = min(i + plan[2], plan[1])
            logits = source[i:end]
            if plan[4] == 1:
                logits = self.head(logits, ws, plan[5:8], plan[8], plan[9])
            for j in range(i, end, plan[3]):
                k = min(j + plan[3], end)
                out.append(__torch__.laws.answer(what, argument[j:k], logits[j - i:k - i], plan[10] == 1, own[j:k], sigmas[j:k], shaping))
        return torch.cat(out)

    # ---- weights --------------------------------------------------------------------------------------------------

    def cast(self, ws: List[Tensor], dt: int, which: List[int], pack: int, shape: List[int]) -> List[Tensor]:
        # The matrices of the products go to dt once instead of at every call, and into the processor's order, for products
        # with about `pack` rows, if that is above 0; the rest stays in float32. `which` are those of the blocks, four
        # each, the first of queries and keys, the third before GELU, and the head.
        out : List[Tensor] = []
        for w in ws:
            out.append(w)
        for j, i in enumerate(which):
            out[i] = ws[i].to(dt)
            if pack > 0:
                last = j + 1 == len(which)
                if j % 4 == 0 and not last and shape[5] == 0 and __torch__.linear.pairs(out[i], out[i].size(1) // shape[1]):
                    out[i] = __torch__.rotary.interleaved(out[i], shape[1])
                # The head's order must tell how many ids there are.
                out[i] = __torch__.linear.pack(out[i], j % 4 == 2 or last, pack)
        return out

    def assign(self, to: Tensor, values: Tensor) -> Tensor:
        return to.copy_(values)

    def packed(self, ws: List[Tensor]) -> int:
        # How many of the weights are in the processor's order.
        count = 0
        for w in ws:
            if w.is_mkldnn:
                count = count + 1
        return count

    def fold(self, ws: List[Tensor], shape: List[int]) -> List[Tensor]:
        # The same network at sigma = 0 without time modules: with c constant, norm * (1 + scale) + shift is a norm with
        # other weight and bias, and a gate is a factor of the rows of the matrix (and bias) before it.
        bias = shape[2]
        c = self.condition(torch.zeros([1], device=ws[0].device), ws)
        out : List[Tensor] = [ws[0]]
        i = 5
        for layer in range(shape[0]):
            j = i + 1 + bias
            k = j + 3 + bias
            m = torch.chunk(torch.linear(c, ws[k + 4], ws[k + 5]).squeeze(0), 6, -1)
            out.append(ws[i] * (1.0 + m[1]))
            out.append(__torch__.modulate(ws[i + 1], m[0], m[1]) if bias == 1 else m[0].clone())
            out.append(ws[j])
            out.append(m[2].unsqueeze(1) * ws[j + 1])
            out.append(ws[j + 2] * (1.0 + m[4]))
            out.append(__torch__.modulate(ws[j + 3], m[3], m[4]) if bias == 1 else m[3].clone())
            out.append(ws[k])
            out.append(ws[k + 1])
            out.append(m[5].unsqueeze(1) * ws[k + 2])
            out.append(m[5] * ws[k + 3])
            i = k + 6
        m = torch.chunk(torch.linear(c, ws[i + bias + 3], ws[i + bias + 4]).squeeze(0), 2, -1)
        out.append(ws[i] * (1.0 + m[1]))
        out.append(__torch__.modulate(ws[i + 1], m[0], m[1]) if bias == 1 else m[0].clone())
        out.append(ws[i + bias + 1])
        out.append(ws[i + bias + 2])
        return out

    def widen(self, x: Tensor, bf16: int) -> Tensor:
        # 16-bit weights to float32; bfloat16 is carried as float16 since DJL has no name for it.
        if bf16 == 1:
            return torch.view_copy(x, dtype=15).to(6)
        return x.to(6)

    def reinterpreted(self, x: Tensor) -> Tensor:
        # The memory of x [..], carried as float16, as bfloat16: nothing is copied, and it must outlive the result.
        return torch.empty([0], dtype=15, device=x.device).set_(x, 0, x.size(), x.stride())

    def narrow(self, x: Tensor, bf16: int) -> Tensor:
        if bf16 == 1:
            return torch.view_copy(x.to(15), dtype=5)
        return x.to(5)

    def product(self, a: Tensor, dt: int) -> Tensor:
        # For probing the speed of matrix products at start.
        x = a.to(dt)
        return torch.matmul(x, x).to(6)

    def square(self, xs: List[Tensor]) -> Tensor:
        # For measuring the speed of matrix products: one number, so that nothing else costs time.
        return torch.matmul(xs[0], xs[0])[0, 0].to(6)
