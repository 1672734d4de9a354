import torch

# Products of rows [.., K] with weights [N, K], a part of the program dit.py where PyTorch has no oneDNN: see packed.py.


def pack(weight: Tensor, gelu: bool, rows: int) -> Tensor:
    return weight


def pairs(weight: Tensor, hd: int) -> bool:
    return False


def paired(weight: Tensor, hd: int) -> bool:
    return False


def affine(x: Tensor, weight: Tensor, n: int, bias: Optional[Tensor], dt: int) -> Tensor:
    if bias is not None:
        return torch.linear(x, weight.to(dt), bias.to(dt))
    return torch.linear(x, weight.to(dt))


def gelu(x: Tensor, weight: Tensor, bias: Tensor, dt: int) -> Tensor:
    return torch.gelu(torch.linear(x, weight.to(dt), bias.to(dt)), approximate="tanh")
