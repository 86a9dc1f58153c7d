"""Trains the digits-only network and writes it as ONNX: one command, one core.

    .venv-train/bin/python -m models.training.train_digits --out models/weights

Needs ``models/training/requirements.txt`` and the handwriting data (``UKETSUKE_DATA``). Only the
split ``train`` is learnt from; ``calibrate`` is looked at to report; ``test`` is never opened.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from models.training.digit_network import DIGITS, OVERWRITTEN, DigitNetwork
from models.training.font_glyphs import font_glyphs
from models.training.ink_augmentation import augment, overwritten
from pipeline.imaging.pages import Pixels
from pipeline.readers.glyphs import SIDE_PX, normalise
from pipeline.samples.ink import StrokeInk
from pipeline.samples.real_ink import RealInk, data_folder

# Share of each kind of source. By their numbers MNIST and NIST would drown the rest.
_SHARES = {
    "nist": 0.45,
    "mnist": 0.36,
    "usps": 0.06,
    "pen": 0.04,
    "font": 0.04,
    "strokes": 0.05,
}
_SOURCES = {
    "nist": ("nist_byclass", "nist_digits", "nist_balanced47"),
    "mnist": ("mnist_train",),
    "usps": ("usps_train",),
    "pen": ("chars74k_writers_a",),
}
_STROKES_PER_HABIT = 24
_HABITS = 4
_PEAK_RATE = 3e-3
_WARM_UP = 0.08
_SMOOTHING = 0.02
_AVERAGE = 0.997
_REPLAYED = 0.5  # of a batch: views seen before, bent a little more
_KEPT = 60_000
_SHARE_OVERWRITTEN = 0.10


class Digits:
    """Draws training digits, the sources balanced."""

    def __init__(self, ink: RealInk, rng: np.random.Generator) -> None:
        self.rng = rng
        self.pools: dict[tuple[str, int], list[Pixels] | Pixels] = {}
        for kind, names in _SOURCES.items():
            held = np.isin(ink.sources, [ink.source_names.index(n) for n in names])
            for digit in range(10):
                chosen = ink.images[held & (ink.labels == ord(DIGITS[digit]))]
                if len(chosen):
                    self.pools[kind, digit] = chosen
        for character, pixels in font_glyphs(DIGITS):
            pool = self.pools.setdefault(("font", int(character)), [])
            assert isinstance(pool, list)
            pool.append(pixels)
        for digit in range(10):
            self.pools["strokes", digit] = [
                (
                    np.clip(StrokeInk(habit).glyph(DIGITS[digit], rng).distance + 0.5, 0, 1) * 255
                ).astype(np.uint8)
                for habit in range(_HABITS)
                for _ in range(_STROKES_PER_HABIT)
            ]
        self.kinds = [k for k in _SHARES if (k, 0) in self.pools]
        weights = np.array([_SHARES[k] for k in self.kinds])
        self.weights = weights / weights.sum()

    def of(self, digit: int) -> Pixels:
        """One image of a digit."""
        pool = self.pools[self.kinds[int(self.rng.choice(len(self.kinds), p=self.weights))], digit]
        image: Pixels = pool[int(self.rng.integers(len(pool)))]
        return image

    def any(self) -> Pixels:
        """One image of any digit."""
        return self.of(int(self.rng.integers(10)))

    def views(self, digits: NDArray[np.int64]) -> Tensor:
        """Network inputs of these digits: N x 1 x 32 x 32."""
        views = [
            overwritten(self.rng, self.any)
            if d == OVERWRITTEN
            else augment(self.of(int(d)), DIGITS[int(d)], self.rng, self.any)
            for d in digits
        ]
        return torch.from_numpy(np.stack(views))[:, None]


def bend_again(views: Tensor) -> Tensor:
    """Views turned, stretched and moved a little, so that none is learnt by heart."""
    n = len(views)
    angle = torch.randn(n) * 0.06
    wide, high = torch.exp(torch.randn(n) * 0.05), torch.exp(torch.randn(n) * 0.05)
    move = (torch.rand(n, 2) - 0.5) * (3.0 / SIDE_PX)
    rows = torch.stack(
        [
            torch.stack([wide * torch.cos(angle), -torch.sin(angle), move[:, 0]], 1),
            torch.stack([torch.sin(angle), high * torch.cos(angle), move[:, 1]], 1),
        ],
        1,
    )
    grid = functional.affine_grid(rows, [n, 1, SIDE_PX, SIDE_PX], align_corners=False)
    return functional.grid_sample(views, grid, align_corners=False)


def evaluate(model: DigitNetwork, ink: RealInk, seed: int) -> dict[str, float]:
    """Accuracy on the calibrate split, clean and augmented, classes evenly drawn."""
    rng = np.random.default_rng(seed)
    chosen = np.concatenate([rng.choice(ink.indices_of(c), 300) for c in DIGITS])
    truth = ink.labels[chosen] - ord("0")
    figures: dict[str, float] = {}
    for how in ("clean", "augmented"):
        views = [
            normalise(cv2.resize(ink.images[i], (84, 84), interpolation=cv2.INTER_CUBIC))
            if how == "clean"
            else augment(ink.images[i], chr(ink.labels[i]), rng, lambda: ink.draw("0", rng))
            for i in chosen
        ]
        with torch.no_grad():
            logits = model(torch.from_numpy(np.stack(views))[:, None])
        best = logits[:, :10].argmax(1).numpy()
        figures[how] = round(float((best == truth).mean()), 5)
        figures[f"{how}_called_overwritten"] = round(
            float((logits.argmax(1) == OVERWRITTEN).float().mean()), 5
        )
    pool = [int(i) for c in DIGITS for i in ink.indices_of(c)]
    two = [overwritten(rng, lambda: ink.images[pool[rng.integers(len(pool))]]) for _ in range(600)]
    with torch.no_grad():
        logits = model(torch.from_numpy(np.stack(two))[:, None])
    figures["overwritten_found"] = round(float((logits.argmax(1) == OVERWRITTEN).float().mean()), 5)
    return figures


def rate(progress: float) -> float:
    """The learning rate: a short rise, then half a cosine."""
    if progress < _WARM_UP:
        return _PEAK_RATE * max(0.02, progress / _WARM_UP)
    share = (progress - _WARM_UP) / (1 - _WARM_UP)
    return _PEAK_RATE * max(0.002, 0.5 * (1 + math.cos(math.pi * share)))


def train(
    steps: int, batch: int, minutes: float, seed: int, ink: RealInk, check: RealInk
) -> tuple[DigitNetwork, int]:
    """Trains and returns the averaged weights, with the number of steps done.

    Args:
        steps: Steps in full.
        batch: Views to a step, half of them new.
        minutes: Wall time after which the schedule has run down although steps are left.
        seed: Source of chance.
        ink: The split to learn from.
        check: The split to report on.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    digits = Digits(ink, rng)
    model = DigitNetwork().to(memory_format=torch.channels_last)
    average = torch.optim.swa_utils.AveragedModel(
        model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(_AVERAGE), use_buffers=True
    )
    optimiser = torch.optim.AdamW(model.parameters(), lr=_PEAK_RATE, weight_decay=0.02)
    fresh = batch - round(_REPLAYED * batch)
    seen_views = torch.zeros(_KEPT, 1, SIDE_PX, SIDE_PX)
    seen_digits, seen = np.zeros(_KEPT, np.int64), 0
    started, loss_sum, step = time.monotonic(), 0.0, 0
    while True:
        progress = max(step / steps, (time.monotonic() - started) / 60 / minutes)
        if progress >= 1:
            break
        step += 1
        for group in optimiser.param_groups:
            group["lr"] = rate(progress)
        wanted = rng.integers(0, 10, fresh if seen >= batch else batch)
        wanted[rng.random(len(wanted)) < _SHARE_OVERWRITTEN] = OVERWRITTEN
        new = digits.views(wanted)
        views, truth = new, wanted
        if len(wanted) < batch:
            again = rng.integers(0, min(seen, _KEPT), batch - len(wanted))
            views = torch.cat([new, bend_again(seen_views[again])])
            truth = np.concatenate([wanted, seen_digits[again]])
        slots = (seen + np.arange(len(wanted))) % _KEPT
        seen_views[slots], seen_digits[slots] = new, wanted
        seen += len(wanted)
        with torch.autocast("cpu", torch.bfloat16):
            logits = model(views.contiguous(memory_format=torch.channels_last))
        loss = functional.cross_entropy(
            logits.float(), torch.from_numpy(truth), label_smoothing=_SMOOTHING
        )
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimiser.step()
        average.update_parameters(model)
        loss_sum += float(loss.detach())
        if step % 100 == 0:
            spent = time.monotonic() - started
            print(f"step {step} loss {loss_sum / 100:.4f} wall {spent:.0f} s", file=sys.stderr)
            loss_sum = 0.0
        if step % 500 == 0:
            print(json.dumps(evaluate(finish(average.module), check, 1)), file=sys.stderr)
    return finish(average.module), step


def finish(model: torch.nn.Module) -> DigitNetwork:
    """A float32 copy for reading."""
    copy = DigitNetwork()
    copy.load_state_dict(model.state_dict())
    return copy.eval()


def main() -> None:
    """Trains, reports and writes ``<name>.onnx``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("models/weights"))
    parser.add_argument("--name", default="digits-v1")
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--minutes", type=float, default=20.0, help="most wall time")
    parser.add_argument("--seed", type=int, default=20261123)
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    ink, check = (RealInk.load(data_folder(), split) for split in ("train", "calibrate"))
    model, done = train(options.steps, options.batch, options.minutes, options.seed, ink, check)
    options.out.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        model,
        (torch.zeros(2, 1, SIDE_PX, SIDE_PX),),
        str(options.out / f"{options.name}.onnx"),
        input_names=["glyphs"],
        output_names=["logits"],
        dynamic_axes={"glyphs": {0: "n"}, "logits": {0: "n"}},
        dynamo=False,
        opset_version=17,
    )
    print(json.dumps({"steps": done, "batch": options.batch, **evaluate(model, check, 2)}))


if __name__ == "__main__":
    main()
