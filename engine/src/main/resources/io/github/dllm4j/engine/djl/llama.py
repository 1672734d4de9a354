import torch

# The Llama-like network of LLaDA and Dream, which sees both ways; a part of the program dit.py.
#
#   tokens [B, N] -> embedding -> L x ( attention branch, gated feed-forward branch ) -> norm at chosen rows -> [R, D]
#
# Weights come in as one flat list `ws` in the order of LlamaShape.tensors():
#   embedding; per block: norm, q, k, v (each with a bias, if there are any), out, norm, gate, up, down; norm; (head).
# They may be of any type and are read as `dt`, in which the matrix products run, or as float32. Residual stream, norms,
# rotary positions and logits are float32.
# `shape` is [layers, heads, heads of keys and values, biases?, tied head?, shifted?].
#
# Keys and values of a canvas can be kept, [2 x layers, heads of keys and values, N, hd] of type `dt` for each sequence,
# and stand for all positions but the tokens given of the same sequence later.


def product(x: Tensor, weight: Tensor, bias: Optional[Tensor], dt: int) -> Tensor:
    # x weight^T + bias; a large matrix of another type is read as `dt` a part at a time, into one place: on a processor the
    # whole would be a copy, and memory that is fetched anew for each matrix costs more time than the product of few rows.
    h = x.to(dt)
    rows, some = weight.size(0), max(1, 4194304 // weight.size(1))
    if weight.dtype == h.dtype or rows <= some or weight.is_cuda:
        y = __torch__.linear.affine(h, weight, rows, bias, dt)
    else:
        y = torch.empty(h.size()[:-1] + [rows], dtype=dt, device=h.device)
        wide = torch.empty([some, weight.size(1)], dtype=dt, device=h.device)
        for at in range(0, rows, some):
            n = min(some, rows - at)
            part = torch.narrow(wide, 0, 0, n)
            part.copy_(torch.narrow(weight, 0, at, n))
            torch.narrow(y, -1, at, n).copy_(torch.linear(h, part))
        if bias is not None:
            y = y.add_(bias)
    return y


def rotary(at: List[int], n: int, hd: int, theta: float, like: Tensor) -> Tuple[Tensor, Tensor]:
    # The factors of `rotate` for n positions from each of `at` on, or from 0 on for all if there is none.
    freq = 1.0 / torch.pow(theta, torch.arange(0, hd, 2, dtype=6, device=like.device) / float(hd))
    positions = torch.arange(n, dtype=6, device=like.device)
    if len(at) == 0:
        angles = torch.outer(positions, freq)
    else:
        starts = torch.tensor(at, dtype=6, device=like.device)
        angles = torch.mul((starts.view(-1, 1, 1, 1) + positions.view(-1, 1)), freq)
    return torch.cos(angles), torch.sin(angles)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    # Rotary positions, first half paired with second half; x is [B, H, N, hd], cos and sin are [N, hd / 2] or
    # [B, 1, N, hd / 2].
    a, b = torch.chunk(x.to(6), 2, -1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1).to(x.dtype)


def norm(x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
    # Over the root of the mean square, float32.
    return x * torch.rsqrt(torch.mean(torch.pow(x, 2), [-1], True) + epsilon) * weight.to(6)


def heads(x: Tensor, ws: List[Tensor], i: int, bias: int, count: int, dt: int) -> Tensor:
    # The projection at i as [B, count, N, hd].
    b : Optional[Tensor] = None
    if bias == 1:
        b = ws[i + 1]
    y = __torch__.llama.product(x, ws[i], b, dt)
    return y.view(x.size(0), x.size(1), count, -1).transpose(1, 2)


def among(new: Tensor, past: List[Tensor], which: int, at: List[int]) -> Tensor:
    # Keys or values of n positions from `at` on, [B, H, n, hd], in their places among the kept ones, [B, H, N, hd].
    all : List[Tensor] = []
    for b in range(new.size(0)):
        kept = past[b][which]
        all.append(torch.cat([kept[:, :at[b]], new[b], kept[:, at[b] + new.size(2):]], 1))
    return torch.stack(all)


def trunk(tok: Tensor, ws: List[Tensor], shape: List[int], theta: float, epsilon: float, dt: int, past: List[Tensor], at: List[int], keep: Optional[List[Tensor]]) -> Tensor:
    # `tok` stand at positions `at` on of sequences whose other keys and values are `past`, one for each sequence; or
    # there is no past. Keys and values go to `keep`, if it is there, two per block.
    count, keys, bias = shape[1], shape[2], shape[3]
    x = torch.embedding(ws[0], tok).to(6)
    batch, n, width = x.size(0), x.size(1), x.size(2)
    cos, sin = __torch__.llama.rotary(at, n, width // count, theta, x)
    i = 1
    for layer in range(shape[0]):
        h = __torch__.llama.norm(x, ws[i], epsilon).to(dt)
        q = __torch__.llama.rotate(__torch__.llama.heads(h, ws, i + 1, bias, count, dt), cos, sin)
        k = __torch__.llama.rotate(__torch__.llama.heads(h, ws, i + 2 + bias, bias, keys, dt), cos, sin)
        v = __torch__.llama.heads(h, ws, i + 3 + 2 * bias, bias, keys, dt)
        i = i + 4 + 3 * bias
        if keep is not None:
            keep.append(k)
            keep.append(v)
        if len(past) > 0:
            k = __torch__.llama.among(k, past, 2 * layer, at)
            v = __torch__.llama.among(v, past, 2 * layer + 1, at)
        if keys < count:
            k, v = torch.repeat_interleave(k, count // keys, 1), torch.repeat_interleave(v, count // keys, 1)
        a = torch.scaled_dot_product_attention(q, k, v)
        x = x + __torch__.llama.product(a.transpose(1, 2).reshape(batch, n, width), ws[i], None, dt).to(6)
        h = __torch__.llama.norm(x, ws[i + 1], epsilon).to(dt)
        f = torch.silu(__torch__.llama.product(h, ws[i + 2], None, dt)) * __torch__.llama.product(h, ws[i + 3], None, dt)
        x = x + __torch__.llama.product(f, ws[i + 4], None, dt).to(6)
        i = i + 5
    return x


def final(x: Tensor, rows: Tensor, ws: List[Tensor], shape: List[int], epsilon: float) -> Tensor:
    # What the head multiplies at flat rows sequence * N + position, [R, D].
    if shape[5] == 1:
        # Shifted: the law at a position is read one before it, at the first position there.
        rows = rows - torch.gt(torch.remainder(rows, x.size(1)), 0).to(4)
    i = len(ws) - 2 + shape[4]
    return __torch__.llama.norm(x.reshape(-1, x.size(2)).index_select(0, rows), ws[i], epsilon)
