import torch

# Rotary positions of the DiT network, a part of the program dit.py: the first half of a head is paired with the second
# half. Queries and keys are turned together; the scale of the scores goes along with the turn of the queries.
#
# In float32, where it is faster, a pair is one complex number and its turn one product. For that the two of a pair have to
# stand side by side: `interleaved` orders the rows of the matrix so that they come out of the product in this order. Scores
# are sums over a head, so they stay what they are.


def factors(at: int, n: int, hd: int, scale: float, like: Tensor, dt: int) -> Tuple[Tensor, Tensor]:
    # The factors of `turned` for positions `at` to `at + n`, [2, 1, 1, n, hd]; the first half of the sines is negative.
    cos, sin = __torch__.rotary.angles(at, n, hd, scale, like)
    return torch.cat([cos, cos], -1).to(dt), torch.cat([-sin, sin], -1).to(dt)


def pairs(at: int, n: int, hd: int, scale: float, like: Tensor) -> Tensor:
    # The same for pairs side by side, [2, 1, 1, n, hd / 2], complex.
    cos, sin = __torch__.rotary.angles(at, n, hd, scale, like)
    return torch.complex(cos, sin)


def angles(at: int, n: int, hd: int, scale: float, like: Tensor) -> Tuple[Tensor, Tensor]:
    # Cosines and sines of the angles, those of queries multiplied by `scale`, [2, 1, 1, n, hd / 2].
    freq = 1.0 / torch.pow(10000.0, torch.arange(0, hd, 2, dtype=6, device=like.device) / float(hd))
    angles = torch.outer(torch.arange(at, at + n, dtype=6, device=like.device), freq)
    cos, sin = torch.cos(angles), torch.sin(angles)
    cos, sin = torch.stack([cos * scale, cos]), torch.stack([sin * scale, sin])
    return cos.view(2, 1, 1, n, hd // 2), sin.view(2, 1, 1, n, hd // 2)


def swapped(x: Tensor) -> Tensor:
    # Its halves the other way round.
    a, b = torch.chunk(x, 2, -1)
    return torch.cat([b, a], -1)


def turned(x: Tensor, cos: Tensor, sin: Tensor, train: bool) -> Tensor:
    # Queries and keys x [2, B, H, N, hd] by `factors`; whole rows, so that each operation is one long loop.
    # Each is rounded by itself: a fused one would round an entry by where it stands in the batch.
    if train:
        y = (x * cos).add_(__torch__.rotary.swapped(x) * sin)
    else:
        y = torch.empty(x.size(), dtype=x.dtype, device=x.device)
        torch.mul(x, cos, out=y)
        y.add_(__torch__.rotary.swapped(x).mul_(sin))
    return y


def complexes(x: Tensor) -> Tensor:
    # Its pairs side by side [.., hd] as complex numbers [.., hd / 2] in the same place.
    return torch.view_as_complex(x.view(x.size()[:-1] + [x.size(-1) // 2, 2]))


def turn(qkv: Tensor, by: Tensor) -> Tensor:
    # Queries and keys of a product [B, N, 3, H, hd], in their place, by `pairs`.
    torch.narrow(__torch__.rotary.complexes(qkv), 2, 0, 2).mul_(by.permute(1, 3, 0, 2, 4))
    return qkv


def interleaved(w: Tensor, heads: int) -> Tensor:
    # The matrix of queries, keys and values [3 D, D] with the rows of the first two so that pairs stand side by side.
    rows = w.view(3, heads, 2, -1, w.size(1))
    both = rows[:2].transpose(2, 3).reshape(-1, w.size(1))
    return torch.cat([both, rows[2].reshape(-1, w.size(1))])


def collect(to: Tensor, g: Tensor, heads: int, more: bool) -> Tensor:
    # The gradient of an interleaved matrix goes to that of the plain one, in its place or added to it (`more`).
    into, own = to.view(3, heads, 2, -1, to.size(1)), g.view(3, heads, -1, 2, to.size(1))
    both, last = own[:2].transpose(2, 3), own[2].view(into[2].size())
    if more:
        into[:2].add_(both)
        into[2].add_(last)
    else:
        into[:2].copy_(both)
        into[2].copy_(last)
    return to
