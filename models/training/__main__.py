"""``make train``: makes banks of views, trains the networks, computes the thresholds.

Training needs torch, which reading does not: it goes into an environment of its own,
``.venv-train``, made here from ``models/training/requirements.txt``.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
ENVIRONMENT = REPOSITORY / ".venv-train"
WEIGHTS = REPOSITORY / "models" / "weights"


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one network is made.

    Attributes:
        module: What trains it.
        seed: Of its training; 0 where the module's own stands.
        bank_seed: Of the bank it learns from; 0 where it needs none.
        rows, drawn: Views of the bank (``cell_bank``), beside the plain ones.
    """

    module: str
    seed: int = 0
    bank_seed: int = 0
    rows: int = 0
    drawn: int = 0


# Two networks for boxes, each with a bank and a seed of its own: they have to err apart.
NETWORKS = {
    "characters-v1": Recipe("train_characters"),
    "boxes-v2": Recipe("train_boxes", 20261123, 20261124, 120_000, 80_000),
    "boxes-v3": Recipe("train_boxes", 20261127, 20261127, 51_000, 30_000),
}
MANIFEST = REPOSITORY / "models" / "manifest.toml"


def training_python() -> Path:
    """The interpreter with torch; its environment is made if it is not there."""
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        print("setting up .venv-train", file=sys.stderr)
        venv.create(ENVIRONMENT, with_pip=True)
        requirements = REPOSITORY / "models" / "training" / "requirements.txt"
        subprocess.run([python, "-m", "pip", "install", "-q", "-r", requirements], check=True)
    return python


def record_hash(name: str) -> str:
    """Writes the SHA-256 of weights into the manifest; without it nothing would load them."""
    digest = hashlib.sha256((WEIGHTS / f"{name}.onnx").read_bytes()).hexdigest()
    text = MANIFEST.read_text(encoding="utf-8")
    section = re.compile(rf'(\[{re.escape(name)}\][^\[]*?sha256 = ")[0-9a-f]{{64}}(")', re.S)
    changed, count = section.subn(rf"\g<1>{digest}\g<2>", text)
    if count != 1:
        raise SystemExit(f"models/manifest.toml has no [{name}] with a sha256")
    MANIFEST.write_text(changed, encoding="utf-8")
    return digest


def make_banks(run: Callable[[list[str]], None], folder: Path, recipe: Recipe) -> list[str]:
    """Views to learn from and to look at, where they are not there yet; options that name them."""
    train, check = folder / f"train-{recipe.bank_seed}", folder / "calibrate"
    wanted = (
        (train, "train", recipe.rows, recipe.drawn, recipe.bank_seed),
        (check, "calibrate", 20_000, 0, NETWORKS["boxes-v2"].bank_seed),
    )
    for bank, split, rows, drawn, seed in wanted:
        # A bank that was broken off lacks the mark and is made anew.
        done = bank / "complete"
        if done.exists():
            continue
        sizes = ["--rows", str(rows), "--drawn", str(drawn), "--seed", str(seed)]
        run(["models.training.cell_bank", "--out", str(bank), *sizes, "--split", split])
        done.touch()
    return ["--bank", str(train), "--check", str(check), "--seed", str(recipe.seed)]


def main() -> None:
    """Bank, training, hashes, calibration; about four hours on one core."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calibrate-only", action="store_true", help="keep the weights")
    parser.add_argument("--only", choices=sorted(NETWORKS), help="train this network alone")
    parser.add_argument(
        "--bank",
        type=Path,
        default=Path(tempfile.gettempdir()) / "uketsuke-bank",
        help="folder for the views, outside the repository: it holds images",
    )
    options, rest = parser.parse_known_args()
    # Torch gives memory back after every step otherwise; taking it anew doubles the time.
    quick = {"MALLOC_MMAP_THRESHOLD_": "2000000000", "MALLOC_TRIM_THRESHOLD_": "8000000000"}
    environment = {**os.environ, **quick, "OMP_NUM_THREADS": "1"}

    def run(arguments: list[str]) -> None:
        command = [str(training_python()), "-m", *arguments]
        subprocess.run(command, check=True, cwd=REPOSITORY, env=environment)

    for name, recipe in NETWORKS.items():
        if options.calibrate_only or options.only not in (None, name):
            continue
        banks = [*make_banks(run, options.bank, recipe), "--name", name] if recipe.bank_seed else []
        run([f"models.training.{recipe.module}", *banks, *rest])
        print(f"{name}.onnx {record_hash(name)[:12]}", file=sys.stderr)
    command = [sys.executable, "-m", "models.training.calibrate_characters"]
    if options.calibrate_only:
        command += rest
    subprocess.run(command, check=True, cwd=REPOSITORY)


if __name__ == "__main__":
    main()
