import torch

# Products of rows [.., K] with weights [N, K], a part of the program dit.py where PyTorch has MKL and oneDNN; else plain.py is.
# On a processor, weights that do not change are kept in the order in which its instructions read them. That is faster,
# and an entry is summed in the same order however many rows there are. MKL's float32 products are the faster ones;
# oneDNN writes GELU with the product, and knows bfloat16.


def pack(weight: Tensor, gelu: bool) -> Tensor:
    if weight.dtype == 6 and not gelu:
        return ops.mkl._mkl_reorder_linear_weight(weight, 256)
    return ops.mkldnn._reorder_linear_weight(weight)


def affine(x: Tensor, weight: Tensor, n: int, bias: Optional[Tensor], dt: int) -> Tensor:
    # n is N, which MKL's order, one column of numbers, does not tell.
    b : Optional[Tensor] = None
    if bias is not None:
        b = bias.to(dt)
    if not weight.is_mkldnn:
        y = torch.linear(x, weight.to(dt), b)
    elif weight.size(1) == 1:
        k = x.size(-1)
        sizes = torch.empty([1], dtype=6).expand([n, k])
        y = ops.mkl._mkl_linear(x, weight, sizes, b, x.numel() // k)
    else:
        y = ops.mkldnn._linear_pointwise(x, weight, b, "none", annotate(List[Optional[number]], []), "")
    return y


def gelu(x: Tensor, weight: Tensor, bias: Tensor, dt: int) -> Tensor:
    if weight.is_mkldnn:
        y = ops.mkldnn._linear_pointwise(x, weight, bias.to(dt), "gelu", annotate(List[Optional[number]], []), "tanh")
    else:
        y = torch.gelu(torch.linear(x, weight.to(dt), bias.to(dt)), approximate="tanh")
    return y
