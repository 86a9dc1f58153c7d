"""Trains the character network and writes it as ONNX: one command, one core.

    .venv-train/bin/python -m models.training.train_characters --out models/weights

Needs ``models/training/requirements.txt`` and the handwriting data (``UKETSUKE_DATA``). Only the
split ``train`` is learnt from; ``calibrate`` is looked at to report; ``test`` is never opened.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from models.training.font_glyphs import font_glyphs
from models.training.ink_augmentation import augment, junk
from models.training.network import CHARACTERS, CLASSES, JUNK, CharacterNetwork
from pipeline.imaging.pages import Pixels
from pipeline.readers.boxes.glyphs import normalise
from pipeline.samples.real_ink import RealInk, data_folder

# Share of each kind of class in training. Digits decide the most fields; lower case is only there
# to be noticed.
_SHARE_DIGITS, _SHARE_UPPER, _SHARE_LOWER, _SHARE_JUNK = 0.43, 0.40, 0.12, 0.05
_SHARE_FONT = 0.08
_SHARE_PEN_STROKES = 0.12  # Chars74K: few writers, but drawn with a pen on a tablet


def class_shares() -> NDArray[np.float64]:
    """The probability of each class in a training batch."""
    shares = np.zeros(CLASSES)
    shares[:10] = _SHARE_DIGITS / 10
    shares[10:36] = _SHARE_UPPER / 26
    shares[36:62] = _SHARE_LOWER / 26
    shares[JUNK] = _SHARE_JUNK
    return shares / shares.sum()


class Glyphs:
    """Draws training glyphs by class: real ink mostly, fonts sometimes."""

    def __init__(self, ink: RealInk, rng: np.random.Generator) -> None:
        self.ink = ink
        self.rng = rng
        pen = ink.sources == ink.source_names.index("chars74k_writers_a")
        self.scanned = {c: np.flatnonzero((ink.labels == ord(c)) & ~pen) for c in CHARACTERS}
        self.pen = {c: np.flatnonzero((ink.labels == ord(c)) & pen) for c in CHARACTERS}
        self.fonts: dict[str, list[Pixels]] = {c: [] for c in CHARACTERS}
        for character, pixels in font_glyphs(CHARACTERS):
            self.fonts[character].append(pixels)

    def of(self, character: str) -> Pixels:
        """One image of a character."""
        draw = self.rng.random()
        if draw < _SHARE_FONT and self.fonts[character]:
            return self.fonts[character][int(self.rng.integers(len(self.fonts[character])))]
        pool = self.scanned[character]
        if draw > 1 - _SHARE_PEN_STROKES and len(self.pen[character]):
            pool = self.pen[character]
        image: Pixels = self.ink.images[int(self.rng.choice(pool))]
        return image

    def any(self) -> Pixels:
        """One image of any digit or capital."""
        return self.of(CHARACTERS[int(self.rng.integers(36))])

    def sample(self, index: int) -> NDArray[np.float32]:
        """One network input of a class."""
        if index == JUNK:
            return junk(self.rng, self.any)
        return augment(self.of(CHARACTERS[index]), CHARACTERS[index], self.rng, self.any)


def evaluate(model: CharacterNetwork, ink: RealInk, seed: int) -> dict[str, float]:
    """Accuracy on the calibrate split, clean and augmented, digits and capitals apart."""
    rng = np.random.default_rng(seed)
    figures: dict[str, float] = {}
    for name, alphabet in (("digits", CHARACTERS[:10]), ("digits_and_capitals", CHARACTERS[:36])):
        chosen = np.concatenate(
            [rng.choice(ink.indices_of(c), 300 if len(alphabet) == 10 else 100) for c in alphabet]
        )
        truth = np.array([CHARACTERS.index(chr(c)) for c in ink.labels[chosen]])
        for how in ("clean", "augmented"):
            views = [
                normalise(cv2.resize(ink.images[i], (84, 84), interpolation=cv2.INTER_CUBIC))
                if how == "clean"
                else augment(
                    ink.images[i],
                    chr(ink.labels[i]),
                    rng,
                    lambda: ink.draw("0", rng),
                )
                for i in chosen
            ]
            with torch.no_grad():
                logits = model(torch.from_numpy(np.stack(views))[:, None])
            best = logits[:, : len(alphabet)].argmax(1).numpy()
            figures[f"{name}_{how}"] = round(float((best == truth).mean()), 5)
    return figures


def train(steps: int, batch: int, seed: int, ink: RealInk, check: RealInk) -> CharacterNetwork:
    """Trains for a fixed number of steps; returns the averaged weights in evaluation mode."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    glyphs = Glyphs(ink, rng)
    shares = class_shares()
    model = CharacterNetwork().to(memory_format=torch.channels_last)
    average = torch.optim.swa_utils.AveragedModel(
        model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.998), use_buffers=True
    )
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=3e-3, total_steps=steps, pct_start=0.15
    )
    started, loss_sum = time.process_time(), 0.0
    for step in range(1, steps + 1):
        classes = rng.choice(CLASSES, batch, p=shares)
        views = torch.from_numpy(np.stack([glyphs.sample(int(c)) for c in classes]))[:, None]
        views = views.contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            logits = model(views)
        loss = functional.cross_entropy(logits.float(), torch.from_numpy(classes))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimiser.step()
        schedule.step()
        average.update_parameters(model)
        loss_sum += float(loss.detach())
        if step % 250 == 0 or step == steps:
            spent = time.process_time() - started
            print(
                f"step {step}/{steps} loss {loss_sum / 250:.4f} cpu {spent:.0f} s", file=sys.stderr
            )
            loss_sum = 0.0
        if step % 1000 == 0 and step != steps:
            finished = finish(average.module, shares)
            print(json.dumps(evaluate(finished, check, 1)), file=sys.stderr)
    return finish(average.module, shares)


def finish(model: torch.nn.Module, shares: NDArray[np.float64]) -> CharacterNetwork:
    """A float32 copy for reading, with the training prior taken off the logits."""
    copy = CharacterNetwork()
    copy.load_state_dict(model.state_dict())
    copy.prior.copy_(torch.from_numpy(np.log(shares * CLASSES)).float())
    return copy.eval()


def export(model: CharacterNetwork, path: Path) -> None:
    """Writes the network as ONNX with float32 weights: ``glyphs`` N x 1 x 32 x 32 to ``logits``."""
    torch.onnx.export(
        model,
        (torch.zeros(2, 1, 32, 32),),
        str(path),
        input_names=["glyphs"],
        output_names=["logits"],
        dynamic_axes={"glyphs": {0: "n"}, "logits": {0: "n"}},
        dynamo=False,
        opset_version=17,
    )


def main() -> None:
    """Trains, reports and writes ``<name>.onnx``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("models/weights"))
    parser.add_argument("--name", default="characters-v1")
    parser.add_argument("--steps", type=int, default=4500)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--seed", type=int, default=20261123)
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    ink, check = (RealInk.load(data_folder(), split) for split in ("train", "calibrate"))
    model = train(options.steps, options.batch, options.seed, ink, check)
    figures = evaluate(model, check, 2)
    options.out.mkdir(parents=True, exist_ok=True)
    export(model, options.out / f"{options.name}.onnx")
    print(json.dumps({"steps": options.steps, "batch": options.batch, **figures}))


if __name__ == "__main__":
    main()
