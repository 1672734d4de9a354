import torch

# The optimiser Muon; a part of the program dit.py.


def orthogonal(x: Tensor, dt: int) -> Tensor:
    # The nearest matrices with equal singular values, about: x is [k, r, c], r <= c; five iterations of
    # x <- a x + (b A + c A A) x, A = x x^T, whose coefficients raise small singular values fast (Jordan et al. 2024).
    y = (x / (torch.linalg_matrix_norm(x, "fro", [-2, -1], True) + 1e-7)).to(dt)
    for i in range(5):
        a = torch.matmul(y, y.transpose(1, 2))
        y = torch.baddbmm(y, torch.baddbmm(a, a, a, beta=-4.775, alpha=2.0315), y, beta=3.4445)
    return y.to(6)


def update(ws: List[Tensor], gs: List[Tensor], ms: List[Tensor], ema: List[Tensor], h: List[float]) -> List[Tensor]:
    # Muon with Nesterov momentum, exponential moving average; a matrix with three times as many rows as columns is queries,
    # keys and values. Matrices of equal sizes, tall ones transposed, go together.
    # h: learning rate, momentum, decay, factor of the gradients, EMA rate, type of the products.
    wide : Dict[str, List[Tensor]] = {}
    for i, w in enumerate(ws):
        g = gs[i]
        m = ms[i]
        m.mul_(h[1]).add_(g, alpha=h[3])
        g.mul_(h[3]).add_(m, alpha=h[1])
        r, c = w.size(0), w.size(1)
        k = 3 if r == 3 * c else 1
        step = g.view(k, r // k, c)
        if r // k > c:
            step = step.transpose(1, 2)
        key = str(step.size(1)) + "x" + str(step.size(2))
        if key not in wide:
            wide[key] = []
        wide[key].append(step)
    for key in wide:
        done = __torch__.muon.orthogonal(torch.cat(wide[key]), int(h[5]))
        at = 0
        for step in wide[key]:
            # Over the gradient, which is not needed any more.
            step.copy_(done[at:at + step.size(0)])
            at = at + step.size(0)
    for i, w in enumerate(ws):
        g = gs[i]
        r, c = w.size(0), w.size(1)
        size = max(r // 3, c) if r == 3 * c else max(r, c)
        w.mul_(1.0 - h[0] * h[2]).add_(g, alpha=-0.2 * h[0] * float(size) ** 0.5)
        ema[i].lerp_(w, 1.0 - h[4])
    return ws
