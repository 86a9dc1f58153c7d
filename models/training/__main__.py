"""``make train``: trains the character network, records its hash, computes the thresholds.

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
import venv
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
ENVIRONMENT = REPOSITORY / ".venv-train"
WEIGHTS = REPOSITORY / "models" / "weights" / "characters-v1.onnx"
MANIFEST = REPOSITORY / "models" / "manifest.toml"
_SECTION = re.compile(r"(\[characters-v1\][^\[]*?sha256 = \")[0-9a-f]{64}(\")", re.S)


def training_python() -> Path:
    """The interpreter with torch; its environment is made if it is not there."""
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        print("setting up .venv-train", file=sys.stderr)
        venv.create(ENVIRONMENT, with_pip=True)
        requirements = REPOSITORY / "models" / "training" / "requirements.txt"
        subprocess.run([python, "-m", "pip", "install", "-q", "-r", requirements], check=True)
    return python


def record_hash() -> str:
    """Writes the SHA-256 of the weights into the manifest; without it nothing would load them."""
    digest = hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()
    text = MANIFEST.read_text(encoding="utf-8")
    changed, count = _SECTION.subn(rf"\g<1>{digest}\g<2>", text)
    if count != 1:
        raise SystemExit("models/manifest.toml has no [characters-v1] with a sha256")
    MANIFEST.write_text(changed, encoding="utf-8")
    return digest


def main() -> None:
    """Training, hash, calibration; about 45 minutes on one core."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calibrate-only", action="store_true", help="keep the weights")
    options, rest = parser.parse_known_args()
    # Torch gives memory back after every step otherwise; taking it anew doubles the time.
    quick = {"MALLOC_MMAP_THRESHOLD_": "2000000000", "MALLOC_TRIM_THRESHOLD_": "8000000000"}
    if not options.calibrate_only:
        command = [training_python(), "-m", "models.training.train_characters", *rest]
        subprocess.run(
            command, check=True, cwd=REPOSITORY, env={**os.environ, **quick, "OMP_NUM_THREADS": "1"}
        )
        print(f"characters-v1.onnx {record_hash()[:12]}", file=sys.stderr)
    command = [sys.executable, "-m", "models.training.calibrate_characters"]
    subprocess.run(command, check=True, cwd=REPOSITORY)


if __name__ == "__main__":
    main()
