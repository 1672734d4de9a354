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


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    # Rotary positions, first half paired with second half; x is [B, H, N, hd], cos and sin are [N, hd / 2].
    a, b = torch.chunk(x.to(6), 2, -1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1).to(x.dtype)


def norm(x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
    # Over the root of the mean square, float32.
    return x * torch.rsqrt(torch.mean(torch.pow(x, 2), [-1], True) + epsilon) * weight.to(6)


def heads(x: Tensor, ws: List[Tensor], i: int, bias: int, count: int, dt: int) -> Tensor:
    # The projection at i as [B, count, N, hd].
    if bias == 1:
        y = torch.linear(x, ws[i].to(dt), ws[i + 1].to(dt))
    else:
        y = torch.linear(x, ws[i].to(dt))
    return y.view(x.size(0), x.size(1), count, -1).transpose(1, 2)


def trunk(tok: Tensor, ws: List[Tensor], shape: List[int], theta: float, epsilon: float, dt: int) -> Tensor:
    count, keys, bias = shape[1], shape[2], shape[3]
    x = torch.embedding(ws[0], tok).to(6)
    batch, n, width = x.size(0), x.size(1), x.size(2)
    hd = width // count
    freq = 1.0 / torch.pow(theta, torch.arange(0, hd, 2, dtype=6, device=x.device) / float(hd))
    angles = torch.outer(torch.arange(n, dtype=6, device=x.device), freq)
    cos, sin = torch.cos(angles), torch.sin(angles)
    i = 1
    for layer in range(shape[0]):
        h = __torch__.llama.norm(x, ws[i], epsilon).to(dt)
        q = __torch__.llama.rotate(__torch__.llama.heads(h, ws, i + 1, bias, count, dt), cos, sin)
        k = __torch__.llama.rotate(__torch__.llama.heads(h, ws, i + 2 + bias, bias, keys, dt), cos, sin)
        v = __torch__.llama.heads(h, ws, i + 3 + 2 * bias, bias, keys, dt)
        i = i + 4 + 3 * bias
        if keys < count:
            k, v = torch.repeat_interleave(k, count // keys, 1), torch.repeat_interleave(v, count // keys, 1)
        a = torch.scaled_dot_product_attention(q, k, v)
        x = x + torch.linear(a.transpose(1, 2).reshape(batch, n, width), ws[i].to(dt)).to(6)
        h = __torch__.llama.norm(x, ws[i + 1], epsilon).to(dt)
        f = torch.silu(torch.linear(h, ws[i + 2].to(dt))) * torch.linear(h, ws[i + 3].to(dt))
        x = x + torch.linear(f, ws[i + 4].to(dt)).to(6)
        i = i + 5
    return x


def final(x: Tensor, rows: Tensor, ws: List[Tensor], shape: List[int], epsilon: float) -> Tensor:
    # What the head multiplies at flat rows sequence * N + position, [R, D].
    if shape[5] == 1:
        # Shifted: the law at a position is read one before it, at the first position there.
        rows = rows - torch.gt(torch.remainder(rows, x.size(1)), 0).to(4)
    i = len(ws) - 2 + shape[4]
    return __torch__.llama.norm(x.reshape(-1, x.size(2)).index_select(0, rows), ws[i], epsilon)
