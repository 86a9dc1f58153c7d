"""The digits-only network: ten digits and "one digit over another", 0.9 million parameters.

Its layout differs from that of the character network on purpose (a last residual stage and a mean
over the frame in the place of a wide linear layer), so that the two err in different places.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.training.network import Residual

DIGITS = "0123456789"
OVERWRITTEN = len(DIGITS)
CLASSES = len(DIGITS) + 1


def _block(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class DigitNetwork(nn.Module):
    """N x 1 x 32 x 32 in 0..1 to N x 11 logits; every digit is as likely as another."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            _block(1, 16),
            _block(16, 48, 2),
            Residual(48),
            _block(48, 96, 2),
            Residual(96),
            _block(96, 160, 2),
            Residual(160),
        )
        self.drop = nn.Dropout(0.2)
        self.head = nn.Linear(160, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        features = torch.flatten(self.body(x), 2).mean(dim=2)
        logits: Tensor = self.head(self.drop(features))
        return logits
