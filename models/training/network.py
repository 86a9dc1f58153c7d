"""The character network: about 0.8 million parameters on one 32 x 32 glyph."""

from __future__ import annotations

import torch
from torch import Tensor, nn

# The order of the output. "junk" is whatever is no single character: strike-outs, two characters
# squeezed into one cell, pieces of lines, scribbles.
CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
JUNK = len(CHARACTERS)
CLASSES = len(CHARACTERS) + 1


def _block(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class Residual(nn.Module):
    """Two convolutions and a short cut."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            _block(channels, channels),
            nn.Conv2d(channels, channels, 3, 1, 1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """N x C x H x W to the same."""
        return torch.relu(x + self.body(x))


class CharacterNetwork(nn.Module):
    """N x 1 x 32 x 32 in 0..1 to N x 63 logits.

    ``prior`` is the logarithm of the share of each class in training; it is taken off the logits
    outside training, so that every class counts as equally likely before the ink is seen.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(_block(1, 32), _block(32, 56, 2))
        self.middle = nn.Sequential(
            Residual(56), _block(56, 96, 2), Residual(96), _block(96, 160, 2)
        )
        self.head = nn.Sequential(
            nn.Flatten(),
            nn.Dropout(0.25),
            nn.Linear(160 * 16, 128),
            nn.ReLU(inplace=True),
            nn.Dropout(0.15),
            nn.Linear(128, CLASSES),
        )
        self.register_buffer("prior", torch.zeros(CLASSES))

    def forward(self, x: Tensor) -> Tensor:
        """Logits; with the training prior taken off when the network is not training."""
        logits: Tensor = self.head(self.middle(self.stem(x)))
        if self.training:
            return logits
        return logits - self.prior
