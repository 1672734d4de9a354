import torch

# Laws of tokens from logits, and what is asked of them; a part of the program dit.py. Every probability is float64.


def answer(what: str, argument: Tensor, logits: Tensor, scored: bool, own: Tensor, sigmas: Tensor, shaping: List[float]) -> Tensor:
    # shaping: temperature and top-p, as often as laws were shaped, the first first.
    if what == "draw" and len(shaping) == 0 and not scored:
        return __torch__.laws.draw_logits(logits, argument)
    raw = __torch__.laws.law(__torch__.laws.score_law(logits, own, sigmas)) if scored else __torch__.laws.law(logits)
    lp = raw
    for i in range(0, len(shaping), 2):
        lp = __torch__.laws.shaped(lp, shaping[i], shaping[i + 1])
    if what == "draw":
        return __torch__.laws.draw(lp, argument)
    if what == "redraw":
        # Weights scale * p + shift, but for one token; the argument is [R, 5]: it, both, its weight, a uniform.
        p = torch.addcmul(argument[:, 2:3], torch.exp(lp), argument[:, 1:2])
        return __torch__.laws.inverse(p.scatter(1, argument[:, :1].to(4), argument[:, 3:4]), p.size(1), argument[:, 4].contiguous())
    if what == "survey":
        # A draw from the shaped laws, and of the laws as they are its log-probability and all that has no argument.
        ids = __torch__.laws.draw(lp, argument)
        some = [ids, __torch__.laws.at(raw, torch.clamp(ids, min=0.0).to(4)), __torch__.laws.best(raw), __torch__.laws.top(raw), __torch__.laws.margin(raw), __torch__.laws.entropy(raw)]
        return torch.stack(some, 1)
    if what == "at":
        return __torch__.laws.at(lp, argument)
    if what == "best":
        return __torch__.laws.best(lp)
    if what == "top":
        return __torch__.laws.top(lp)
    if what == "margin":
        return __torch__.laws.margin(lp)
    if what == "entropy":
        return __torch__.laws.entropy(lp)
    if what == "log_one_plus":
        return torch.log1p(argument.unsqueeze(1) * torch.exp(lp)).sum(-1)
    assert what == "probabilities"
    return torch.exp(lp)


def law(logits: Tensor) -> Tensor:
    # Log-probabilities [R, V] in float64.
    return torch.log_softmax(logits.to(7), -1)


def score_law(scores: Tensor, own: Tensor, sigmas: Tensor) -> Tensor:
    # Uniform noise, log scores [R, V] to unnormalised logs of leave-one-out laws, float64: UniformConversions.
    q = torch.softmax(scores.to(7).scatter(1, own.unsqueeze(1), 0.0), -1)
    return torch.log(torch.clamp(q + (torch.expm1(-sigmas) / float(q.size(1))).unsqueeze(1), min=0.0))


def shaped(lp: Tensor, temperature: float, top_p: float) -> Tensor:
    # Laws at a temperature, cut to the nucleus (the crossing token stays).
    if temperature != 1.0:
        lp = torch.log_softmax((lp - torch.amax(lp, -1, True)) / temperature, -1)
    if top_p < 1.0:
        s, order = torch.sort(lp, stable=True, dim=-1, descending=True)
        before = torch.cumsum(torch.exp(s), -1).roll(1, -1)
        before.select(1, 0).fill_(0.0)
        drop = before >= top_p
        drop = torch.zeros_like(drop).scatter(-1, order, drop)
        lp = torch.log_softmax(torch.masked_fill(lp, drop, -float("inf")), -1)
    return lp


def draw(lp: Tensor, uniforms: Tensor) -> Tensor:
    return __torch__.laws.inverse(torch.exp(lp), lp.size(1), uniforms)


def draw_logits(logits: Tensor, uniforms: Tensor) -> Tensor:
    # The same from logits, without normalising them: p is padded to whole blocks, so that `inverse` need not.
    v = logits.size(1)
    width = v if v <= 512 else (v + 255) // 256 * 256
    p = torch.empty([logits.size(0), width], dtype=7, device=logits.device)
    p[:, v:].fill_(0.0)
    some = p[:, :v]
    some.copy_(logits)
    some.sub_(torch.amax(logits, -1, True)).exp_()
    return __torch__.laws.inverse(p, v, uniforms)


def inverse(p: Tensor, v: int, uniforms: Tensor) -> Tensor:
    # Inverse CDF of weights [R, v or more]: first id whose cumulative weight exceeds uniform * total; never one of
    # weight 0. In two levels, the block of 256 ids first: sums are faster than cumulative sums.
    if v > 512:
        if p.size(1) % 256 != 0:
            p = torch.constant_pad_nd(p, [0, 256 - p.size(1) % 256])
        blocks = p.view(p.size(0), -1, 256)
        c = torch.cumsum(blocks.sum(-1), -1)
        total = c[:, -1:].contiguous()
        at = uniforms.unsqueeze(1) * total
        block = torch.minimum(torch.searchsorted(c, at, right=True), torch.searchsorted(c, total))
        block = torch.minimum(block, torch.full_like(block, c.size(1) - 1))
        inside = blocks.gather(1, block.unsqueeze(2).expand(-1, 1, 256)).squeeze(1)
        before = torch.cat([torch.zeros_like(total), c], 1).gather(1, block)
        c = torch.cumsum(inside, -1)
        ids = torch.searchsorted(c, at - before, right=True)
        ids = 256 * block + torch.minimum(ids, torch.searchsorted(c, c[:, -1:].contiguous()))
    else:
        c = torch.cumsum(p, -1)
        total = c[:, -1:].contiguous()
        ids = torch.searchsorted(c, uniforms.unsqueeze(1) * total, right=True)
        ids = torch.minimum(ids, torch.searchsorted(c, total))
    return torch.where(torch.isfinite(total), ids.to(7), torch.full_like(total, -1.0)).squeeze(1)


def at(lp: Tensor, tokens: Tensor) -> Tensor:
    return lp.gather(1, tokens.unsqueeze(1)).squeeze(1)


def best(lp: Tensor) -> Tensor:
    ids = torch.argmax(lp, -1).to(7)
    return torch.where(torch.isnan(lp.select(1, 0)), torch.full_like(ids, -1.0), ids)


def top(lp: Tensor) -> Tensor:
    return torch.exp(torch.amax(lp, -1))


def margin(lp: Tensor) -> Tensor:
    # The largest probability minus the second largest, which is 0 if there is no second.
    if lp.size(1) == 1:
        return __torch__.laws.top(lp)
    two, ids = torch.topk(lp, 2, -1)
    return torch.exp(two.select(1, 0)) - torch.exp(two.select(1, 1))


def entropy(lp: Tensor) -> Tensor:
    return -torch.where(torch.isinf(lp), torch.zeros_like(lp), torch.exp(lp) * lp).sum(-1)
