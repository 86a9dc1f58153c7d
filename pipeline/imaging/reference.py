"""What the registrar knows of a form: features for the coarse pose, patches for the fine one.

Made once from the form's blank and kept in a cache that holds nothing personal.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.domain.geometry import REGISTERED_DPI
from pipeline.forms.definition import FormDefinition
from pipeline.imaging.correlation import peaks
from pipeline.imaging.features import Features, find_features
from pipeline.imaging.ink import WORK_DPI, halved, ink_map
from pipeline.imaging.pages import Pixels

PATCH_PX = 32  # 5.4 mm at 150 dpi: two letters, or a crossing of lines
FORM_FEATURES = 800
QUICK_FEATURES = 220
MAX_PATCHES = 400
PRINT_DPI = WORK_DPI / 2
_PITCH_PX = 48
_PROBE_PX = 3
_MIN_DROP = 0.08
_MIN_INK_SPREAD = 14.0
# Print has to stand in the middle of its patch. One that shows only an edge of a line says how fat
# the ink is: by this window the places of such patches were a pixel off on heavily inked pages.
_MIDDLE_PX = 5.0
_FATTER = np.ones((3, 3), np.uint8)  # at 300 dpi: ink that bled by a pixel all round
_MAX_FAT_SHIFT_PX = 0.25
_RECIPE = b"reference-8"  # change when anything here changes what is stored


@dataclass(frozen=True, slots=True)
class Reference:
    """One form's printed content.

    Attributes:
        width_px: Registered width, 300 dpi.
        height_px: Registered height, 300 dpi.
        features: At ``FEATURE_DPI``.
        quick: Fewer of them, to rank the forms by.
        centres: N x 2, patch centres at ``WORK_DPI``.
        templates: N x PATCH_PX x PATCH_PX uint8 ink.
        halved: The templates at half the resolution.
        sharpness: N x 2: how much the patch's correlation with itself falls when it is moved by
            ``_PROBE_PX`` along x and y; near 0 along a line, where a patch can tell nothing.
        print_ink: H x W, the whole blank's ink at ``PRINT_DPI``, to tell versions by.
    """

    form: FormDefinition
    width_px: int
    height_px: int
    features: Features
    quick: Features
    centres: NDArray[np.float64]
    templates: NDArray[np.uint8]
    halved: NDArray[np.uint8]
    sharpness: NDArray[np.float64]
    print_ink: Pixels


def build_reference(form: FormDefinition, blank: Pixels) -> Reference:
    """The reference of a form from its blank.

    Args:
        form: Its definition.
        blank: H x W x 3 BGR at 300 dpi, drawn or scanned and registered.
    """
    height, width = blank.shape[:2]
    work_factor = WORK_DPI / REGISTERED_DPI
    ink = ink_map(_resized(blank, work_factor))
    coarse = halved(ink)
    fat = ink_map(_resized(cv2.erode(blank, _FATTER).astype(np.uint8, copy=False), work_factor))
    centres, templates, sharpness = _patches(ink, fat)
    return Reference(
        form=form,
        width_px=width,
        height_px=height,
        features=find_features(coarse, FORM_FEATURES),
        quick=find_features(coarse, QUICK_FEATURES),
        centres=centres,
        templates=templates,
        halved=_halved(templates),
        sharpness=sharpness,
        print_ink=coarse,
    )


def _halved(templates: NDArray[np.uint8]) -> NDArray[np.uint8]:
    half = PATCH_PX // 2
    quads = templates.reshape(len(templates), half, 2, half, 2).astype(np.uint16)
    return np.asarray((quads.sum(axis=(2, 4)) + 2) // 4, np.uint8)


def _resized(image: Pixels, factor: float) -> Pixels:
    height, width = image.shape[:2]
    size = (round(width * factor), round(height * factor))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _patches(
    ink: Pixels, fat: Pixels
) -> tuple[NDArray[np.float64], NDArray[np.uint8], NDArray[np.float64]]:
    """The most telling patch of every cell of a grid over the sheet.

    Args:
        ink: The print, work pixels.
        fat: The same with more ink.
    """
    height, width = ink.shape
    half = PATCH_PX // 2
    gx = cv2.Sobel(ink, cv2.CV_32F, 1, 0, ksize=3)
    gy = cv2.Sobel(ink, cv2.CV_32F, 0, 1, ksize=3)
    xx, yy, xy = (cv2.GaussianBlur(g, (0, 0), _MIDDLE_PX) for g in (gx * gx, gy * gy, gx * gy))
    both = (xx + yy) / 2 - np.sqrt(((xx - yy) / 2) ** 2 + xy**2)
    value = both + 0.05 * np.maximum(xx, yy)
    margin = half + _PROBE_PX + 1
    centres, templates, sharpness = [], [], []
    for top in range(margin, height - margin, _PITCH_PX):
        for left in range(margin, width - margin, _PITCH_PX):
            window = value[
                top : min(top + _PITCH_PX, height - margin),
                left : min(left + _PITCH_PX, width - margin),
            ]
            row, column = np.unravel_index(int(np.argmax(window)), window.shape)
            y, x = top + int(row), left + int(column)
            patch = ink[y - half : y + half, x - half : x + half]
            if float(patch.std()) < _MIN_INK_SPREAD:
                continue
            drop = np.where(_steady(ink, fat, x, y), _self_drop(ink, x, y), 0.0)
            if drop.max() < _MIN_DROP:
                continue
            # Even-sized patches: the centre lies between pixels.
            centres.append((x - 0.5, y - 0.5))
            templates.append(patch)
            sharpness.append(np.where(drop < _MIN_DROP, 0.0, drop))
    if not centres:
        return (
            np.zeros((0, 2)),
            np.zeros((0, PATCH_PX, PATCH_PX), np.uint8),
            np.zeros((0, 2)),
        )
    kept = _thinned(np.array(centres), np.array(sharpness))
    return (
        np.array(centres)[kept],
        np.array(templates, np.uint8)[kept],
        np.array(sharpness)[kept],
    )


def _thinned(centres: NDArray[np.float64], sharpness: NDArray[np.float64]) -> NDArray[np.int64]:
    """At most ``MAX_PATCHES``, thinned where they stand close, so that no corner goes bare."""
    alive = np.ones(len(centres), bool)
    away = np.linalg.norm(centres[:, None] - centres[None], axis=2)
    np.fill_diagonal(away, np.inf)
    worth = sharpness.min(axis=1) + 0.3 * sharpness.max(axis=1)
    while alive.sum() > MAX_PATCHES:
        held = np.flatnonzero(alive)
        near = away[np.ix_(held, held)]
        one = int(np.argmin(near.min(axis=1)))
        other = int(np.argmin(near[one]))
        alive[held[one if worth[held[one]] <= worth[held[other]] else other]] = False
    return np.flatnonzero(alive)


def _self_drop(ink: Pixels, x: int, y: int) -> NDArray[np.float64]:
    half, probe = PATCH_PX // 2, _PROBE_PX
    patch = ink[y - half : y + half, x - half : x + half]
    window = ink[y - half - probe : y + half + probe, x - half - probe : x + half + probe]
    surface = np.nan_to_num(cv2.matchTemplate(window, patch, cv2.TM_CCOEFF_NORMED))
    # The least fall towards any of the eight neighbours on each side of the axis.
    fall_x = 1.0 - float(max(surface[:, 0].max(), surface[:, -1].max()))
    fall_y = 1.0 - float(max(surface[0, :].max(), surface[-1, :].max()))
    return np.array([fall_x, fall_y])


def _steady(ink: Pixels, fat: Pixels, x: int, y: int) -> NDArray[np.bool_]:
    """Whether a patch is found in the same place where there is more ink: along x and y."""
    half, probe = PATCH_PX // 2, _PROBE_PX
    patch = ink[y - half : y + half, x - half : x + half]
    window = fat[y - half - probe : y + half + probe, x - half - probe : x + half + probe]
    surface = np.nan_to_num(cv2.matchTemplate(window, patch, cv2.TM_CCOEFF_NORMED))
    place, _, within = peaks(surface[None].astype(np.float32))
    moved = np.abs(place[0] - probe)
    return np.asarray(within[0] & (moved <= _MAX_FAT_SHIFT_PX), bool)


def cached_reference(form: FormDefinition, blank: Pixels, cache_dir: Path) -> Reference:
    """The reference of a form, from the cache where it was made from the same blank before."""
    digest = hashlib.sha256(_RECIPE)
    digest.update(str(blank.shape).encode())
    digest.update(np.ascontiguousarray(blank).data)
    path = cache_dir / f"{form.key.replace('@', '-')}-{digest.hexdigest()[:20]}.npz"
    if path.is_file():
        with contextlib.suppress(OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return _load(form, path)
    reference = build_reference(form, blank)
    with contextlib.suppress(OSError):  # a cache that cannot be written costs time, not truth
        _save(reference, path)
    return reference


def _load(form: FormDefinition, path: Path) -> Reference:
    with np.load(path, allow_pickle=False) as held:
        return Reference(
            form=form,
            width_px=int(held["size"][0]),
            height_px=int(held["size"][1]),
            features=Features(held["points"], held["descriptors"]),
            quick=Features(held["quick_points"], held["quick_descriptors"]),
            centres=held["centres"],
            templates=held["templates"],
            halved=_halved(held["templates"]),
            sharpness=held["sharpness"],
            print_ink=held["print_ink"],
        )


def _save(reference: Reference, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        size=np.array([reference.width_px, reference.height_px]),
        points=reference.features.points,
        descriptors=reference.features.descriptors,
        quick_points=reference.quick.points,
        quick_descriptors=reference.quick.descriptors,
        centres=reference.centres,
        templates=reference.templates,
        sharpness=reference.sharpness,
        print_ink=reference.print_ink,
    )
    # Workers start together: each writes its own file and the last rename wins whole.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".reference-")
    with os.fdopen(handle, "wb") as sink:
        sink.write(buffer.getvalue())
    Path(name).replace(path)
