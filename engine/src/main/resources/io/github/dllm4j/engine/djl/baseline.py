import torch

# What dllm bench compares the sampler with: the usual way to sample, written as well as it can be. Logits of every
# position at every step; one float64 Gumbel number for every entry of [B, N, V], made and used in place; every masked
# position shows its token with the chance of modified tau-leaping.


class Baseline(Module):
    training : bool

    def step(self, tok: Tensor, logits: Tensor, chance: float, mask: int) -> Tensor:
        # tok [B, N], logits [B * N, V].
        noise = torch.rand_like(logits, dtype=7)
        noise = noise.log_().neg_().log_().neg_().add_(logits)
        drawn = torch.argmax(noise, -1).view(tok.size())
        shown = torch.logical_and(torch.eq(tok, mask), torch.rand(tok.size(), device=tok.device) < chance)
        return torch.where(shown, drawn, tok)
