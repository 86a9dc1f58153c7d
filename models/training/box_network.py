"""The network for boxes: one body, one head for all characters, one for digits alone."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.training.cell_bank import JUNK, OVERWRITTEN
from models.training.network import Residual

CLASSES = JUNK + 1
DIGIT_CLASSES = 11  # ten digits, and one written over another


def _block(inputs: int, outputs: int, side: int = 3) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, side, 2, side // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class BoxNetwork(nn.Module):
    """N x 1 x 32 x 32 in 0..1 to N x 63 and N x 11 logits, 1.2 million parameters.

    A digit is told from nine others by one head and from 62 other classes by the other; both
    learn from the same features. ``prior`` and ``digit_prior`` hold the logarithm of each class's
    share in training, taken off outside training, so that every class counts as equally likely
    before the ink is seen.
    """

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            _block(1, 32, 5),
            Residual(32),
            _block(32, 64),
            Residual(64),
            _block(64, 160),
            Residual(160),
            nn.Flatten(),
            nn.Dropout(0.25),
        )
        self.characters = nn.Sequential(
            nn.Linear(160 * 16, 160), nn.ReLU(inplace=True), nn.Linear(160, CLASSES)
        )
        self.digits = nn.Sequential(
            nn.Linear(160 * 16, 64), nn.ReLU(inplace=True), nn.Linear(64, DIGIT_CLASSES)
        )
        self.register_buffer("prior", torch.zeros(CLASSES))
        self.register_buffer("digit_prior", torch.zeros(DIGIT_CLASSES))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of both heads."""
        features = self.body(x)
        characters: Tensor = self.characters(features)
        digits: Tensor = self.digits(features)
        if self.training:
            return characters, digits
        return characters - self.prior, digits - self.digit_prior


def targets(classes: Tensor) -> tuple[Tensor, Tensor]:
    """Targets of both heads from classes of the bank.

    Returns:
        Columns of the 63 (what was overwritten is no single character), and of the 11, with -100
        (ignored) for what is no digit.
    """
    characters = torch.clamp(classes, max=JUNK)
    digits = torch.where(classes < 10, classes, -100)
    return characters, torch.where(classes == OVERWRITTEN, 10, digits)
