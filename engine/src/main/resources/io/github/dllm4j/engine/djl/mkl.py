import torch

# As packed.py, where PyTorch has MKL too, whose float32 products are the faster ones. oneDNN's stay where GELU is written
# with the product, and in bfloat16. MKL's order is one column of numbers, which does not tell the size of the matrix.
# An entry is summed in the same order however many rows there are, if `rows` is so large that there is work for all threads
# without sharing a sum out among them: 256 do for 8 threads, 4096 for 48; oneDNN shares out long sums (2048 and more).


def pack(weight: Tensor, gelu: bool, rows: int) -> Tensor:
    if weight.dtype == 6 and not gelu:
        return ops.mkl._mkl_reorder_linear_weight(weight, rows)
    return __torch__.packed.pack(weight, gelu, rows)


def pairs(weight: Tensor, hd: int) -> bool:
    # Whether the matrix of queries and keys is to be interleaved before it is packed, so that they are turned as complex
    # numbers. Their products round an entry in another way where it is left over behind the processor's registers: never if
    # at most two threads share them out and a row fills registers.
    return weight.dtype == 6 and hd % 16 == 0 and __torch__.threads.count() <= 2


def paired(weight: Tensor, hd: int) -> bool:
    # Whether that was done with a packed one.
    return __torch__.linear.ordered(weight) and __torch__.linear.pairs(weight, hd)


def ordered(weight: Tensor) -> bool:
    # Whether it is in MKL's order.
    return weight.is_mkldnn and weight.dtype == 6 and weight.size(1) == 1


def affine(x: Tensor, weight: Tensor, n: int, bias: Optional[Tensor], dt: int) -> Tensor:
    if __torch__.linear.ordered(weight):
        k = x.size(-1)
        sizes = torch.empty([1], dtype=6).expand([n, k])
        y = ops.mkl._mkl_linear(x, weight, sizes, bias, x.numel() // k)
    else:
        y = __torch__.packed.affine(x, weight, n, bias, dt)
    return y


def gelu(x: Tensor, weight: Tensor, bias: Tensor, dt: int) -> Tensor:
    return __torch__.packed.gelu(x, weight, bias, dt)
