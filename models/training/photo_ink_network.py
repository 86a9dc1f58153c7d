"""The ink network and its training: lines of an upright face to whether ink lies across it.

Run in the training environment after ``photo_ink_views.py`` wrote views and labels:
``python models/training/photo_ink_network.py OUT.onnx VIEWS.npz [VIEWS.npz ...]``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

EPOCHS, BATCH, RATE, DECAY = 10, 64, 3e-3, 1e-2
SEED = 20261128
FOLD_OF = 5  # one person in five is set aside to watch the training
STRONGEST = 6  # places whose evidence is taken together


def _block(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class InkNetwork(nn.Module):
    """N x 3 x 128 x 112 in 0..1 to N logits: the strongest places of a map of evidence.

    Two planes with the place in the view are added, for a line is a feature's own in its place
    and nobody's elsewhere.
    """

    def __init__(self, height: int = 128, width: int = 112) -> None:
        """Make a network that knows nothing."""
        super().__init__()
        self.body = nn.Sequential(
            _block(5, 8, 2),
            _block(8, 16, 2),
            _block(16, 24, 2),
            _block(24, 32, 1),
            nn.Dropout2d(0.1),
            _block(32, 32, 1),
        )
        self.evidence = nn.Conv2d(32, 1, 1)
        rows = torch.linspace(-1, 1, height)[None, None, :, None].expand(1, 1, height, width)
        columns = torch.linspace(-1, 1, width)[None, None, None].expand(1, 1, height, width)
        self.register_buffer("place", torch.cat([rows, columns.abs()], 1).contiguous())

    def forward(self, lines: Tensor) -> Tensor:
        """One logit for each view."""
        place = self.place.expand(lines.shape[0], -1, -1, -1)
        places = self.evidence(self.body(torch.cat([lines, place], 1))).flatten(1)
        return places.topk(STRONGEST, dim=1).values.mean(1)


def _loaded(files: list[Path]) -> tuple[Tensor, Tensor, np.ndarray]:
    parts = [np.load(f) for f in files]
    x = torch.from_numpy(np.concatenate([p["x"] for p in parts]))
    y = torch.from_numpy(np.concatenate([p["y"] for p in parts]).astype(np.float32))
    return x, y, np.concatenate([p["k"] for p in parts])


def train(x: Tensor, y: Tensor, seed: int) -> InkNetwork:
    """A network fitted to views (bytes) and labels."""
    torch.manual_seed(seed)
    model = InkNetwork(*x.shape[2:])
    optimiser = torch.optim.AdamW(model.parameters(), RATE, weight_decay=DECAY)
    steps = EPOCHS * (len(x) // BATCH)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
    loss_of = nn.BCEWithLogitsLoss()
    for epoch in range(EPOCHS):
        model.train()
        order = torch.randperm(len(x))
        for start in range(0, len(x) - BATCH + 1, BATCH):
            chosen = order[start : start + BATCH]
            lines = x[chosen].float() / 255
            mirrored = torch.rand(BATCH) < 0.5
            lines[mirrored] = lines[mirrored].flip(3)
            lines = (lines * torch.empty(BATCH, 1, 1, 1).uniform_(0.8, 1.25)).clamp(0, 1)
            optimiser.zero_grad()
            loss_of(model(lines), y[chosen]).backward()
            optimiser.step()
            rate.step()
        print(f"epoch {epoch + 1}", file=sys.stderr, flush=True)
    return model.eval()


@torch.no_grad()
def _logits(model: InkNetwork, x: Tensor) -> np.ndarray:
    return np.concatenate([model(part.float() / 255).numpy() for part in x.split(256)])


def main() -> None:
    """Train on four fifths of the persons, watch on the rest, write the ONNX file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("views", type=Path, nargs="+")
    chosen = parser.parse_args()
    x, y, person = _loaded(chosen.views)
    aside = torch.from_numpy(person % FOLD_OF == 0)
    model = train(x[~aside], y[~aside], SEED)
    logits, truth = _logits(model, x[aside]), y[aside].numpy() > 0
    for share in (0.005, 0.01, 0.02):
        limit = float(np.quantile(logits[~truth], 1 - share))
        print(f"needless {share:.3f}: seen {(logits[truth] > limit).mean():.3f} at {limit:.2f}")
    torch.onnx.export(
        model, (torch.zeros(1, *x.shape[1:]),), str(chosen.out), dynamo=False,
        input_names=["lines"], output_names=["logit"], opset_version=17,
    )  # fmt: skip


if __name__ == "__main__":
    main()
