import torch

# Products of rows [.., K] with weights [N, K], a part of the program dit.py where PyTorch has oneDNN; else plain.py is.
# On a processor, weights that do not change are kept in the order in which its instructions read them. That is faster
# (bias and GELU are written with the product), and with few threads an entry is summed in the same order however many
# rows there are. n is N and rows about how many there will be, which only mkl.py needs.


def pack(weight: Tensor, gelu: bool, rows: int) -> Tensor:
    # On ARM what is faster than plain products is not there in this order: they would run in reference code.
    if ops.mkldnn._is_mkldnn_acl_supported():
        packed = weight
    else:
        packed = ops.mkldnn._reorder_linear_weight(weight)
    return packed


def pairs(weight: Tensor, hd: int) -> bool:
    return False


def paired(weight: Tensor, hd: int) -> bool:
    return False


def affine(x: Tensor, weight: Tensor, n: int, bias: Optional[Tensor], dt: int) -> Tensor:
    b : Optional[Tensor] = None
    if bias is not None:
        b = bias.to(dt)
    if weight.is_mkldnn:
        y = ops.mkldnn._linear_pointwise(x, weight, b, "none", annotate(List[Optional[number]], []), "")
    else:
        y = torch.linear(x, weight.to(dt), b)
    return y


def gelu(x: Tensor, weight: Tensor, bias: Tensor, dt: int) -> Tensor:
    if weight.is_mkldnn:
        y = ops.mkldnn._linear_pointwise(x, weight, bias.to(dt), "gelu", annotate(List[Optional[number]], []), "tanh")
    else:
        y = torch.gelu(torch.linear(x, weight.to(dt), bias.to(dt)), approximate="tanh")
    return y
