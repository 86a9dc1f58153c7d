"""Pages of no known form, near and far: none may pass the gate as one of ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import cv2
import numpy as np

from benchmarks.layouts import vary
from benchmarks.registration_pages import paper
from pipeline.forms.catalogue import Catalogue
from pipeline.forms.drawing import blank_raster
from pipeline.imaging.pages import PageImage, Pixels
from pipeline.samples.bad_files import letter_page
from pipeline.samples.composing import compose, draw_style
from pipeline.samples.paper import scan
from pipeline.samples.people import make_applicant

_HEIGHT, _WIDTH = 3508, 2480
_UNSEEN = 900  # seeds of layouts that no registrar of the bench knows


def strangers(count: int, seed: int) -> Iterator[tuple[str, PageImage]]:
    """Named pages of no known form, the kinds in turn."""
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        kind = list(KINDS)[number % len(KINDS)]
        seen = scan(KINDS[kind](rng), paper(rng), rng)
        stated = float(seen.dpi) if rng.random() < 0.7 else None
        yield kind, PageImage(seen.pixels, 1, stated, seen.bilevel)


def _sheet(tone: int = 255) -> Pixels:
    return np.full((_HEIGHT, _WIDTH, 3), tone, np.uint8)


def _letter(rng: np.random.Generator) -> Pixels:
    page = letter_page(rng)
    size = (_WIDTH, _HEIGHT)
    return cv2.resize(page, size, interpolation=cv2.INTER_LINEAR).astype(np.uint8, copy=False)


def _dense_print(rng: np.random.Generator) -> Pixels:
    page = _sheet()
    pitch = int(rng.integers(38, 70))
    for y in range(200, 3300, pitch + 24):
        for x in range(200, int(rng.integers(900, 2280)), pitch):
            bits = (rng.random((9, 9)) < 0.45).astype(np.uint8) * 255
            side = pitch - 10
            glyph = cv2.resize(bits, (side, side), interpolation=cv2.INTER_NEAREST)
            page[y : y + side, x : x + side] = 255 - glyph[..., None]
    return page


def _table(rng: np.random.Generator) -> Pixels:
    page = _sheet()
    tone = tuple(int(v) for v in rng.integers(20, 180, 3))
    for v in range(200, 3300, int(rng.integers(60, 160))):
        cv2.line(page, (150, v), (2330, v), tone, 3)
    for v in range(150, 2331, int(rng.integers(60, 300))):
        cv2.line(page, (v, 200), (v, 3300), tone, 3)
    return page


def _ledger(rng: np.random.Generator) -> Pixels:
    """A table of uneven columns with figures in it."""
    page = _sheet()
    columns = np.cumsum(rng.integers(120, 420, 9)) + 100
    columns = columns[columns < 2400]
    for y in range(300, 3200, 84):
        cv2.line(page, (100, y), (int(columns[-1]), y), (70, 70, 70), 2)
        for x in columns[:-1]:
            if rng.random() < 0.7:
                figure = f"{rng.integers(1, 99999):,}"
                at = (int(x) + 12, y + 60)
                cv2.putText(page, figure, at, cv2.FONT_HERSHEY_SIMPLEX, 1.2, (40, 40, 40), 3)
    for x in (100, *columns):
        cv2.line(page, (int(x), 300), (int(x), 3200), (70, 70, 70), 2)
    return page


def _separator(rng: np.random.Generator) -> Pixels:
    page = _sheet()
    code = cv2.QRCodeEncoder.create().encode(f"SEPARATOR-{rng.integers(1_000_000)}")
    for x, y in ((200, 200), (1700, 200), (950, 1400), (200, 2700), (1700, 2700)):
        side = int(rng.integers(420, 580))
        square = cv2.resize(code, (side, side), interpolation=cv2.INTER_NEAREST)
        page[y : y + side, x : x + side] = square[..., None]
    cv2.rectangle(page, (120, 120), (2360, 3390), (0, 0, 0), 14)
    cv2.putText(page, "SEPARATOR", (500, 1200), cv2.FONT_HERSHEY_DUPLEX, 7, (0, 0, 0), 14)
    return page


def _photo(rng: np.random.Generator) -> Pixels:
    coarse = rng.integers(0, 255, (35, 25, 3), dtype=np.uint8)
    size = (_WIDTH, _HEIGHT)
    return cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC).astype(np.uint8, copy=False)


def _envelope(rng: np.random.Generator) -> Pixels:
    """A window envelope: flap lines, an address, a row of postcode boxes."""
    page = _sheet(int(rng.integers(200, 245)))
    cv2.rectangle(page, (150, 300), (2330, 1750), (120, 120, 120), 4)
    cv2.line(page, (150, 300), (1240, 1000), (150, 150, 150), 4)
    cv2.line(page, (2330, 300), (1240, 1000), (150, 150, 150), 4)
    for k in range(7):
        corner = (1500 + 95 * k, 420)
        cv2.rectangle(page, corner, (corner[0] + 78, corner[1] + 104), (40, 40, 220), 4)
    for y in (1150, 1270, 1390):
        at = (500, y)
        digits = str(rng.integers(10**9, 10**10))
        cv2.putText(page, digits, at, cv2.FONT_HERSHEY_COMPLEX, 2.4, (30, 30, 30), 5)
    return page


def _filled(rng: np.random.Generator) -> Pixels:
    ours = Catalogue.load().forms
    form = ours[int(rng.integers(len(ours)))]
    return compose(form, make_applicant(rng), draw_style(rng), rng).pixels


def _mirrored(rng: np.random.Generator) -> Pixels:
    axis = 1 if rng.random() < 0.5 else 0
    return np.ascontiguousarray(np.flip(_filled(rng), axis))


def _back(rng: np.random.Generator) -> Pixels:
    """The back of a thin sheet: the front shows through, mirrored, pale and soft."""
    front = np.ascontiguousarray(_filled(rng)[:, ::-1])
    soft = cv2.GaussianBlur(front, (0, 0), float(rng.uniform(1, 3))).astype(np.float64)
    return (255 - (255 - soft) * rng.uniform(0.08, 0.4)).astype(np.uint8)


def _unknown_layout(rng: np.random.Generator) -> Pixels:
    """A revision that nobody has told the machine of: same words, other millimetres."""
    ours = Catalogue.load().forms
    form = vary(ours[int(rng.integers(len(ours)))], _UNSEEN + int(rng.integers(1000)))
    return blank_raster(form).copy()


def _shuffled(rng: np.random.Generator) -> Pixels:
    """A form cut into strips that were laid down in another order."""
    page = _filled(rng)
    strips = np.array_split(page, 7)
    order = rng.permutation(7)
    while np.abs(np.diff(order)).min() == 1 and (np.diff(order) == 1).sum() > 1:
        order = rng.permutation(7)
    return np.ascontiguousarray(np.concatenate([strips[k] for k in order])[:_HEIGHT])


def _flat(rng: np.random.Generator) -> Pixels:
    return _sheet(int(rng.choice([8, 230, 255])))


KINDS: dict[str, Callable[[np.random.Generator], Pixels]] = {
    "letter": _letter,
    "dense print": _dense_print,
    "table": _table,
    "ledger": _ledger,
    "separator": _separator,
    "photo": _photo,
    "envelope": _envelope,
    "mirrored form": _mirrored,
    "back of a thin sheet": _back,
    "unknown layout": _unknown_layout,
    "form in strips": _shuffled,
    "bare or black": _flat,
}
