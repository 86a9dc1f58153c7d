"""A photo printed at 35 x 45 mm and scanned at 300 dpi, simulated; and the photos for it."""

from __future__ import annotations

import csv
import os
import zlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.settings import REPOSITORY

Pixels = NDArray[np.uint8]
PRINT_PX = (413, 531)  # 35 x 45 mm at 300 dpi


@dataclass(frozen=True, slots=True)
class LabelledPhoto:
    """A photo of the evaluation data with its labels (empty = not labelled)."""

    path: Path
    group_key: str
    labels: dict[str, str]


def data_folder() -> Path | None:
    """The faces of the evaluation data; None where they are not on this machine."""
    root = Path(os.environ.get("UKETSUKE_DATA", str(REPOSITORY.parent / "shared" / "data")))
    folder = root / "faces"
    return folder if (folder / "labels.csv").is_file() else None


def labelled_photos() -> list[LabelledPhoto]:
    """Every photo of the evaluation data; empty where there is none."""
    folder = data_folder()
    if folder is None:
        return []
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return [
        LabelledPhoto(folder / r["file"], r["person"] or r["file"], r)
        for r in rows
        if (folder / r["file"]).is_file()
    ]


def held_back(photo: LabelledPhoto) -> bool:
    """Whether no limit may be set on this person: one in two, by a hash of the name."""
    return zlib.crc32(photo.group_key.encode()) % 2 == 1


def read(photo: LabelledPhoto) -> Pixels:
    """The photo's pixels, BGR."""
    image = cv2.imdecode(np.fromfile(photo.path, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError(f"unreadable photo {photo.path.name}")
    return np.asarray(image, np.uint8)


def fitted(image: Pixels) -> Pixels:
    """The middle of a photo, cut and scaled to the print."""
    width, height = PRINT_PX
    h, w = image.shape[:2]
    share = min(w / width, h / height)
    cut_w, cut_h = round(width * share), round(height * share)
    top, left = (h - cut_h) // 3, (w - cut_w) // 2
    part = image[top : top + cut_h, left : left + cut_w]
    how = cv2.INTER_AREA if share > 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(part, PRINT_PX, interpolation=how), np.uint8)


def printed_and_scanned(image: Pixels, rng: np.random.Generator) -> Pixels:
    """Ink dots, blur, a little rotation, tone, noise and JPEG; the size stays."""
    height, width = image.shape[:2]
    x = image.astype(np.float32)
    dots = rng.normal(0, 1, (height, width, 3)).astype(np.float32)
    dots = cv2.GaussianBlur(dots, (0, 0), 0.7) * 2.2
    depth = np.sqrt(np.clip(x / 255 * (1 - x / 255), 0, 1))  # dots show in the middle tones
    x = x + dots * depth * float(rng.uniform(8, 26))
    x = cv2.GaussianBlur(x, (0, 0), float(rng.uniform(0.6, 1.1)))
    gamma, gain = float(rng.uniform(0.88, 1.14)), float(rng.uniform(0.93, 1.0))
    x = 255 * gain * (np.clip(x, 0, 255) / 255) ** gamma + float(rng.uniform(0, 8))
    move = cv2.getRotationMatrix2D((width / 2, height / 2), float(rng.uniform(-2, 2)), 1.0)
    x = cv2.warpAffine(x, move, (width, height), borderMode=cv2.BORDER_REPLICATE)
    x = x + rng.normal(0, float(rng.uniform(1.0, 3.0)), x.shape)
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(60, 86))]
    _, data = cv2.imencode(".jpg", np.clip(x, 0, 255).astype(np.uint8), quality)
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
