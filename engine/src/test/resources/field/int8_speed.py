"""Times products with bfloat16 and with packed int8 weights, for docs/field-models.md.

  pip install torch==2.7.1
  OMP_NUM_THREADS=1 python int8_speed.py
"""

import time

import torch
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(0)
weights = [torch.randn(rows, width).bfloat16() * 0.02 for _ in range(4) for rows, width in [(2048, 2048), (5632, 2048), (2048, 5632)]]


def best(run):
    run()
    least = float("inf")
    for _ in range(9):
        begin = time.perf_counter()
        run()
        least = min(least, time.perf_counter() - begin)
    return f"{1e3 * least:.1f} ms"


def packed(weight):
    w = weight.float()
    zero = torch.zeros(w.size(0), dtype=torch.int64)
    q = torch.quantize_per_channel(w, w.abs().amax(1) / 127, zero, 0, torch.qint8)
    return torch.ops.quantized.linear_prepack(q, None)


int8 = [packed(w) for w in weights]
scales = [(w.float().abs().amax(1, keepdim=True) / 127) for w in weights]
plain = [((w.float() / s).round().to(torch.int8), s.squeeze(1).bfloat16()) for w, s in zip(weights, scales)]
x = torch.randn(64, 2048)
exact = F.linear(x, weights[1].float())
for name, y in (("int8", torch.ops.quantized.linear_dynamic(x, int8[1])), ("bf16", F.linear(x.bfloat16(), weights[1]).float())):
    print(name, "relative error", float((y - exact).norm() / exact.norm()))
for rows in (16, 32, 64, 128, 256, 1024):
    x = {width: torch.randn(rows, width) for width in (2048, 5632)}
    b = {width: v.bfloat16() for width, v in x.items()}
    print(rows, "rows:",
          "bf16", best(lambda: [F.linear(b[w.size(1)], w) for w in weights]),
          "| linear_dynamic", best(lambda: [torch.ops.quantized.linear_dynamic(x[w.size(1)], p) for w, p in zip(weights, int8)]),
          "| _weight_int8pack_mm", best(lambda: [torch._weight_int8pack_mm(b[w.size(1)], w, s) for w, s in plain]), flush=True)
