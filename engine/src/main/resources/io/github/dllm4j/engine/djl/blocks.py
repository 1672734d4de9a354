import torch

# Which positions see which, where not all see all; a part of the program dit.py.
#
# Positions stand in blocks of so many, and position i sees position j if floor(j / block) <= floor(i / block). Blocks of
# one make an autoregressive model. BD3LM (Arriola et al. 2025) has larger ones and is trained on noisy ++ clean sequences
# in one pass, where a noisy position sees the noisy ones of its own block and the clean ones of earlier blocks, and clean
# ones see as here. That is the same network: a clean block's keys and values depend on clean blocks alone, so a noisy
# block behind a clean past sees in both layouts the same keys, and they may be kept once a block is finished.


def seen(q: Tensor, k: Tensor, block: int, given: bool) -> Optional[Tensor]:
    # Which keys a query sees, [n, m]; none if all see all. The last query stands where the last key does. Where clean
    # keys are given, they stand before the queries' own, one for one.
    n, m = q.size(2), k.size(2)
    if block == 0 or (not given and (m - n) // block == (m - 1) // block):
        return None
    if given:
        of = torch.div(torch.arange(n, device=q.device), block, rounding_mode="floor")
        return torch.cat([torch.lt(of.unsqueeze(0), of.unsqueeze(1)), torch.eq(of.unsqueeze(0), of.unsqueeze(1))], 1)
    of = torch.div(torch.arange(m, device=q.device), block, rounding_mode="floor")
    return torch.le(of.unsqueeze(0), of[m - n:].unsqueeze(1))


def joined(q: Tensor, k: Tensor, v: Tensor, keys: Tensor, values: Tensor, at: int, given: bool) -> Tuple[Tensor, Tensor, Tensor]:
    # New keys and values with those of the past. They are written behind the `at` positions that are known, or, if the
    # past is given, of one clean sequence, stand behind all of it and leave it as it is.
    batch, n = keys.size(0), k.size(2)
    if given:
        past, known = keys[:, :, :n].expand(k.size(0), -1, -1, -1), values[:, :, :n].expand(k.size(0), -1, -1, -1)
        return q, torch.cat([past, k], 2), torch.cat([known, v], 2)
    # Sequences that are there only to fill products up have no past.
    keys[:, :, at:at + n].copy_(k[:batch])
    values[:, :, at:at + n].copy_(v[:batch])
    return q[:batch], keys[:, :, :at + n], values[:, :, :at + n]
