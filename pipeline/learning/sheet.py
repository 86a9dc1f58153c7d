"""From a file to one blank sheet, upright and straight at 300 dpi, or a clear refusal.

A blank that is learned from decides how every later page is cut, so a doubtful one is refused:
several pages, too coarse, black, a photo, no lines at all, or writing on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.domain.errors import InputError
from pipeline.domain.geometry import MM_PER_INCH, PX_PER_MM, REGISTERED_DPI
from pipeline.imaging.decoding import decode
from pipeline.imaging.ink import probable_dpi, scaling
from pipeline.imaging.pages import PageImage, Pixels
from pipeline.imaging.registration import paper_tone
from pipeline.learning.rulings import darkness

LEAST_DPI = 190.0
_SHEETS_MM = ((210.0, 297.0), (297.0, 210.0), (182.0, 257.0), (148.0, 210.0), (297.0, 420.0))
_SHEET_TOLERANCE = 0.05
_SEGMENT_MM = 14.0
_MOST_SKEW_DEG = 12.0
_ANGLE_DPI = 150.0
_BLACK_LEVEL = 60.0
_PHOTO_SHARE = 0.30  # of the sheet that is neither paper nor ink
_FULL_LINE = np.uint8(120)  # a pale line shall weigh as much as a black one
_LEAST_LINE_MM = 150.0  # altogether: a form with less has no boxes
_WHITE = 255.0

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A blank sheet.

    Attributes:
        pixels: H x W x 3 BGR uint8 at 300 dpi, the paper white.
        page_mm: Width and height.
        to_source: 3 x 3, its pixels to those of the page in the file.
        skew_deg: How far the scan was turned, less quarter turns.
        bilevel: The scan had one bit a pixel.
    """

    pixels: Pixels
    page_mm: tuple[float, float]
    to_source: Matrix
    skew_deg: float
    bilevel: bool


def only_page(source: Path | bytes) -> PageImage:
    """The page of a file of one page.

    Raises:
        InputError: ``LEARN_SEVERAL_PAGES``, or what ``decode`` raises.
    """
    pages = decode(source)
    first = next(pages)
    more = sum(1 for _ in zip(range(3), pages, strict=False))
    if more:
        raise refusal(
            "LEARN_SEVERAL_PAGES",
            f"ファイルに {1 + more} ページ以上あります。様式は1枚ずつ読み込みます。",
            f"The file has {1 + more} pages or more; a form is learned from one page.",
            "白紙の様式の1ページだけを別のファイルに保存してください。",
            "Save the one page of the blank form as a file of its own.",
        )
    return first


def straight_sheet(page: PageImage, quarters: int = 0) -> Sheet:
    """The sheet, its lines level and upright, in the size of its paper.

    Args:
        page: The page as decoded.
        quarters: Quarter turns, clockwise, that make it upright.

    Raises:
        InputError: ``LEARN_RESOLUTION``, ``LEARN_BLACK``, ``LEARN_PHOTO`` or ``LEARN_NO_LINES``.
    """
    pixels = np.ascontiguousarray(np.rot90(page.pixels, -quarters))
    height, width = pixels.shape[:2]
    dpi = probable_dpi(height, width, page.dpi)
    if dpi < LEAST_DPI:
        raise refusal(
            "LEARN_RESOLUTION",
            f"解像度が足りません（約 {dpi:.0f} dpi）。",
            f"The resolution is too low (about {dpi:.0f} dpi).",
            "300 dpi のカラーでスキャンし直すか、元の PDF を使ってください。",
            "Scan at 300 dpi in colour, or use the original PDF.",
        )
    paper = paper_tone(pixels)
    if max(paper) < _BLACK_LEVEL:
        raise refusal(
            "LEARN_BLACK",
            "ページのほとんどが黒です。",
            "Nearly all of the page is black.",
            "原稿の向きとスキャナーの蓋を確かめ、スキャンし直してください。",
            "Check how the sheet lies and that the lid is shut, and scan again.",
        )
    _refuse_photo(pixels, paper)
    shear, skew = _level(pixels, dpi)
    page_mm = _paper_size(width, height, dpi)
    matrix = _to_sheet(width, height, dpi, page_mm, shear)
    size = (
        round(page_mm[0] * REGISTERED_DPI / MM_PER_INCH),
        round(page_mm[1] * REGISTERED_DPI / MM_PER_INCH),
    )
    white = _white_paper(pixels, paper)
    # Finer scans are reduced by area first, so that no pale line falls between the samples.
    if dpi > 1.3 * REGISTERED_DPI:
        factor = REGISTERED_DPI / dpi
        small = (round(width * factor), round(height * factor))
        white = cv2.resize(white, small, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        matrix = matrix @ scaling(width / small[0], height / small[1])
    sheet = cv2.warpPerspective(
        white,
        matrix,
        size,
        flags=cv2.INTER_CUBIC if dpi < 290 else cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(255, 255, 255),
    ).astype(np.uint8, copy=False)
    full = _to_sheet(width, height, dpi, page_mm, shear)
    to_source = _turned(page.pixels.shape[:2], quarters) @ np.linalg.inv(full)
    return Sheet(sheet, page_mm, np.asarray(to_source, np.float64), skew, page.bilevel)


def refusal(code: str, ja: str, en: str, remedy_ja: str, remedy_en: str) -> InputError:
    """An error about the blank that was given."""
    return InputError(code, ja=ja, en=en, remedy_ja=remedy_ja, remedy_en=remedy_en)


def _refuse_photo(pixels: Pixels, paper: tuple[int, int, int]) -> None:
    """A blank is paper and ink; a photograph is all that lies between."""
    small = cv2.resize(pixels[::4, ::4], None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    away = np.abs(small.astype(np.int16) - np.array(paper, np.int16)).max(axis=2)
    between = float(((away > 30) & (away < 200)).mean())
    if between > _PHOTO_SHARE:
        raise refusal(
            "LEARN_PHOTO",
            "様式ではなく、写真か濃い地の画像のようです。",
            "This looks like a photograph or a dark ground, not like a form.",
            "白紙の様式をスキャナーで読み取ってください。",
            "Scan the blank form with a scanner.",
        )


def _level(pixels: Pixels, dpi: float) -> tuple[Matrix, float]:
    """The 2 x 2 map that makes the form's lines level and upright, and the skew in degrees."""
    factor = _ANGLE_DPI / dpi
    small = cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    dark = darkness(small.astype(np.uint8, copy=False))
    found = cv2.createLineSegmentDetector(cv2.LSD_REFINE_NONE).detect(
        cv2.bitwise_not(np.minimum(dark, _FULL_LINE))
    )[0]
    least = _SEGMENT_MM * _ANGLE_DPI / MM_PER_INCH
    level: list[tuple[float, float]] = []
    upright: list[tuple[float, float]] = []
    for x0, y0, x1, y1 in [] if found is None else found.reshape(-1, 4).astype(float):
        length = float(np.hypot(x1 - x0, y1 - y0))
        if length < least:
            continue
        angle = float(np.degrees(np.arctan2(y1 - y0, x1 - x0)))
        turned = (angle + 90.0) % 180.0 - 90.0  # -90..90, 0 is level
        if abs(turned) <= _MOST_SKEW_DEG:
            level.append((turned, length))
        elif abs(turned) >= 90.0 - _MOST_SKEW_DEG:
            upright.append((turned % 180.0 - 90.0, length))
    total = sum(n for _, n in [*level, *upright]) / _ANGLE_DPI * MM_PER_INCH
    if total < 2 * _LEAST_LINE_MM:  # each line has two edges
        raise refusal(
            "LEARN_NO_LINES",
            "様式の罫線が見つかりません。",
            "No lines of a form were found.",
            "枠線の色が消える白黒（二値）ではなく、300 dpi のカラーでスキャンしてください。",
            "Scan in colour at 300 dpi, not in black and white, in which the lines vanish.",
        )
    across = _median(level) if level else (_median(upright) if upright else 0.0)
    down = _median(upright) if upright else across
    a, d = np.radians(across), np.radians(down)
    # Columns: where the form's level and upright directions lie on the scan.
    basis = np.array([[np.cos(a), -np.sin(d)], [np.sin(a), np.cos(d)]])
    return np.asarray(np.linalg.inv(basis), np.float64), across


def _median(weighted: list[tuple[float, float]]) -> float:
    values = np.array(sorted(weighted))
    half = np.cumsum(values[:, 1]) >= values[:, 1].sum() / 2
    return float(values[int(np.argmax(half)), 0])


def _paper_size(width: int, height: int, dpi: float) -> tuple[float, float]:
    """A standard size of paper where the scan is near one, else the scan's own."""
    size = (width / dpi * MM_PER_INCH, height / dpi * MM_PER_INCH)
    off = {s: max(abs(size[0] / s[0] - 1), abs(size[1] / s[1] - 1)) for s in _SHEETS_MM}
    nearest = min(off, key=lambda s: off[s])
    return nearest if off[nearest] <= _SHEET_TOLERANCE else (round(size[0], 1), round(size[1], 1))


def _to_sheet(
    width: int, height: int, dpi: float, page_mm: tuple[float, float], shear: Matrix
) -> Matrix:
    """Scan pixels to sheet pixels, centre on centre."""
    factor = REGISTERED_DPI / dpi
    linear = factor * shear
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    middle = np.array([(page_mm[0] * PX_PER_MM - 1) / 2, (page_mm[1] * PX_PER_MM - 1) / 2])
    matrix = np.eye(3)
    matrix[:2, :2] = linear
    matrix[:2, 2] = middle - linear @ centre
    return matrix


def _turned(shape: tuple[int, int], quarters: int) -> Matrix:
    """Pixels of the page after ``quarters`` clockwise turns to pixels of the page itself."""
    height, width = shape
    matrix = np.eye(3)
    for _ in range(quarters % 4):
        # One clockwise turn: (x, y) of the turned page lies at (y, H - 1 - x) before it.
        matrix = matrix @ np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, height - 1.0], [0.0, 0.0, 1.0]])
        height, width = width, height
    return matrix


def _white_paper(pixels: Pixels, paper: tuple[int, int, int]) -> Pixels:
    """The scan with its paper made white: tone, shading and cast divided out."""
    height, width = pixels.shape[:2]
    step = 24
    cells = (max(2, width // step), max(2, height // step))
    ground = cv2.resize(pixels, cells, interpolation=cv2.INTER_AREA)
    ground = cv2.dilate(ground, np.ones((17, 17), np.uint8))  # wider than a caption
    ground = cv2.medianBlur(ground, 5)
    ground = cv2.GaussianBlur(ground, (0, 0), 6)
    # Where there is no paper near (a photo's place printed dark), the page's own tone counts.
    floor = np.empty_like(ground)
    floor[:] = tuple(round(0.85 * v) for v in paper)
    ground = cv2.max(ground, floor)
    level = cv2.resize(ground, (width, height), interpolation=cv2.INTER_LINEAR)
    return cv2.divide(pixels, level, scale=_WHITE).astype(np.uint8, copy=False)
