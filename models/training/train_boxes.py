"""Trains the network for boxes on a bank of views and writes it as ONNX: one command, one core.

    .venv-train/bin/python -m models.training.train_boxes --bank FOLDER --out models/weights

The bank is made by ``cell_bank`` from the split ``train``; with ``--check`` naming one made from
the split ``calibrate`` the figures on it are reported. The split ``test`` is never opened.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from models.training.box_network import CLASSES, BoxNetwork, targets
from models.training.cell_bank import JUNK, OVERWRITTEN, load_shard
from models.training.view_augmentation import anew
from pipeline.readers.boxes.glyphs import SIDE_PX

_PEAK_RATE = 3.5e-3
_WARM_UP = 0.05
_DECAY = 0.03
_AVERAGE = 0.9985
# About one label in a thousand is wrong: no reading should be surer than that of all others.
_SMOOTHING = 0.003
_REPORT_STEPS = 250
_LOOK_AGAIN_S = 120.0
_RISK = 0.001
# Of digits, capitals, small letters, junk, one digit over another: digits decide the most fields,
# small letters are only there to be noticed.
_SHARES = (0.45, 0.38, 0.09, 0.04, 0.04)
_ALWAYS_FLAGGED = (0, 1, 10 + ord("O") - ord("A"), 10 + ord("I") - ord("A"))


class Bank:
    """The shards of a folder in memory; those that appear later are taken in as they come."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: set[str] = set()
        self.views = torch.zeros(0, 1, SIDE_PX, SIDE_PX, dtype=torch.uint8)
        self.classes = torch.zeros(0, dtype=torch.int64)
        self.look()
        if not len(self.classes):
            raise SystemExit(f"no shards in {folder}: make them with models.training.cell_bank")

    def look(self) -> None:
        """Takes in new shards."""
        new = [p for p in sorted(self._folder.glob("*.npz")) if p.name not in self._known]
        held = [load_shard(path) for path in new]
        self._known |= {path.name for path in new}
        if held:
            views = torch.from_numpy(np.concatenate([views for views, _ in held]))[:, None]
            classes = torch.from_numpy(np.concatenate([c for _, c in held]).astype(np.int64))
            self.views = torch.cat([self.views, views])
            self.classes = torch.cat([self.classes, classes])
            self._order = torch.argsort(self.classes)
            self._counts = torch.bincount(self.classes, minlength=OVERWRITTEN + 1)
            self._starts = torch.cumsum(self._counts, 0) - self._counts

    def draw(self, batch: int) -> tuple[Tensor, Tensor]:
        """Views in 0..1 and classes: classes by ``class_shares``, views of a class at random."""
        classes = torch.multinomial(class_shares(), batch, replacement=True)
        place = (torch.rand(batch) * self._counts[classes]).long()
        chosen = self._order[self._starts[classes] + place]
        return self.views[chosen].float() / 255, classes


def class_shares() -> Tensor:
    """The probability of each class of the bank in a training batch."""
    sizes = (10, 26, 26, 1, 1)
    return torch.cat([torch.full((n,), s / n) for n, s in zip(sizes, _SHARES, strict=True)])


def priors() -> tuple[Tensor, Tensor]:
    """Logarithms of the classes' shares for both heads, against an even share."""
    shares = class_shares()
    of_all = torch.cat([shares[:JUNK], shares[JUNK:].sum()[None]])
    # How often writers correct themselves is unknown: as likely as any one digit.
    of_digits = torch.cat([shares[:10], shares[OVERWRITTEN:]])
    return torch.log(of_all * CLASSES), torch.log(of_digits / of_digits[:10].mean())


def rate(progress: float) -> float:
    """The learning rate: a short rise, then half a cosine."""
    if progress < _WARM_UP:
        return _PEAK_RATE * max(0.02, progress / _WARM_UP)
    share = (progress - _WARM_UP) / (1 - _WARM_UP)
    return _PEAK_RATE * max(0.001, 0.5 * (1 + math.cos(math.pi * share)))


def train(
    bank: Bank, check: Bank | None, samples: int, minutes: float, batch: int, seed: int
) -> tuple[BoxNetwork, int]:
    """Trains and returns the averaged weights, with the number of samples seen.

    Args:
        bank: To learn from.
        check: To report on.
        samples: Views to learn from in full.
        minutes: Wall time by which the schedule has run down although samples are left.
        batch: Views to a step.
        seed: Source of chance.
    """
    torch.manual_seed(seed)
    model = BoxNetwork().to(memory_format=torch.channels_last)
    average = torch.optim.swa_utils.AveragedModel(
        model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(_AVERAGE), use_buffers=True
    )
    optimiser = torch.optim.AdamW(
        model.parameters(), lr=_PEAK_RATE, weight_decay=_DECAY, fused=True
    )
    started, looked, loss_sum, step = time.monotonic(), time.monotonic(), 0.0, 0
    while True:
        now = time.monotonic()
        progress = max(step * batch / samples, (now - started) / 60 / minutes)
        if progress >= 1:
            break
        if now - looked > _LOOK_AGAIN_S:
            bank.look()
            looked = now
        step += 1
        for group in optimiser.param_groups:
            group["lr"] = rate(progress)
        with torch.no_grad():
            views, classes = bank.draw(batch)
            views = anew(views).contiguous(memory_format=torch.channels_last)
        of_all, of_digits = targets(classes)
        with torch.autocast("cpu", torch.bfloat16):
            characters, digits = model(views)
        loss = functional.cross_entropy(
            characters.float(), of_all, label_smoothing=_SMOOTHING
        ) + functional.cross_entropy(
            digits.float(), of_digits, label_smoothing=_SMOOTHING, ignore_index=-100
        )
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimiser.step()
        average.update_parameters(model)
        loss_sum += float(loss.detach())
        if step % _REPORT_STEPS == 0:
            spent = time.monotonic() - started
            print(
                f"step {step} loss {loss_sum / _REPORT_STEPS:.4f} bank {len(bank.classes)}"
                f" wall {spent:.0f} s",
                file=sys.stderr,
                flush=True,
            )
            loss_sum = 0.0
            if check is not None and step % (8 * _REPORT_STEPS) == 0:
                figures = evaluate(finish(average.module), check)
                print(json.dumps(figures), file=sys.stderr, flush=True)
    return finish(average.module), step * batch


def finish(model: torch.nn.Module) -> BoxNetwork:
    """A float32 copy for reading, with the training priors in it."""
    copy = BoxNetwork()
    copy.load_state_dict(model.state_dict())
    prior, digit_prior = priors()
    copy.prior.copy_(prior)
    copy.digit_prior.copy_(digit_prior)
    return copy.eval()


def evaluate(model: BoxNetwork, check: Bank) -> dict[str, float]:
    """Figures of both alphabets: share right, nats lost, and flagged where 99.9 % is asked for."""
    with torch.no_grad():
        parts = [model(v.float() / 255) for v in check.views.split(500)]
    characters, digits = (torch.cat([p[k] for p in parts]) for k in (0, 1))
    classes = check.classes
    figures: dict[str, float] = {}
    is_digit, is_capital = classes < 10, classes < 36
    for flagged in _ALWAYS_FLAGGED:
        is_capital = is_capital & (classes != flagged)
    for name, logits, chosen in (
        ("digits", digits[:, :10], is_digit),
        ("digits_of_63", characters[:, :10], is_digit),
        ("capitals", characters[:, :36], is_capital),
    ):
        logs = torch.log_softmax(logits[chosen], 1)
        truth = classes[chosen]
        best, place = logs.max(1)
        right = (place == truth).numpy()
        figures[f"{name}_n"] = len(truth)
        figures[f"{name}_right"] = round(float(right.mean()), 5)
        figures[f"{name}_nats"] = round(float(-logs[torch.arange(len(truth)), truth].mean()), 5)
        figures[f"{name}_flagged"] = round(flagged_share(best.numpy(), right), 4)
    return figures


def flagged_share(confidence: NDArray[np.float32], right: NDArray[np.bool_]) -> float:
    """The share that must be flagged so that of the rest no more than ``_RISK`` is wrong."""
    order = np.argsort(-confidence, kind="stable")
    risk = np.cumsum(~right[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(risk <= _RISK)
    return 1.0 - (int(good[-1]) + 1 if len(good) else 0) / max(1, len(order))


def export(model: BoxNetwork, path: Path) -> None:
    """ONNX with float32 weights: ``glyphs`` N x 1 x 32 x 32 to ``characters`` and ``digits``."""
    names = ["characters", "digits"]
    torch.onnx.export(
        model,
        (torch.zeros(2, 1, SIDE_PX, SIDE_PX),),
        str(path),
        input_names=["glyphs"],
        output_names=names,
        dynamic_axes={name: {0: "n"} for name in ["glyphs", *names]},
        dynamo=False,
        opset_version=17,
    )


def main() -> None:
    """Trains, reports and writes ``<name>.onnx``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bank", type=Path, required=True)
    parser.add_argument("--check", type=Path)
    parser.add_argument("--out", type=Path, default=Path("models/weights"))
    parser.add_argument("--name", default="boxes-v2")
    parser.add_argument("--samples", type=int, default=3_500_000)
    parser.add_argument("--minutes", type=float, default=600.0, help="most wall time")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--seed", type=int, default=20261123)
    options = parser.parse_args()
    torch.set_num_threads(1)
    bank = Bank(options.bank)
    check = Bank(options.check) if options.check else None
    model, seen = train(bank, check, options.samples, options.minutes, options.batch, options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    export(model, options.out / f"{options.name}.onnx")
    figures = evaluate(model, check) if check else {}
    print(json.dumps({"samples": seen, "bank": len(bank.classes), **figures}))


if __name__ == "__main__":
    main()
