"""Prints of known size and turn on the printed photo box: how well their outline is measured.

``python -m benchmarks.photo_prints [--full] [--held-back] [--faces]`` prints a table. Drawn
portraits, 35 x 45 mm or mis-cut, with or without a border, turned, beside their place, glued so
that the paper rises and throws a shadow on one or two sides, scanned in colour, grey or black and
white at 200 to 400 dpi. The two seeds share nothing: limits are set on one and figures come from
the other. With ``--faces`` photos of the evaluation data take the portraits' place: their walls
are uneven, and an edge is harder to tell.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.intervals import Rate
from benchmarks.print_and_scan import LabelledPhoto, fitted, labelled_photos, read
from pipeline import settings
from pipeline.domain.documents import FieldName
from pipeline.domain.examinations import RegistrationFigures
from pipeline.domain.geometry import PX_PER_MM
from pipeline.domain.photos import Verdict
from pipeline.forms.catalogue import Catalogue
from pipeline.forms.definition import FormDefinition, Zone
from pipeline.forms.drawing import blank_raster
from pipeline.imaging.pages import Pixels, RegisteredPage
from pipeline.photo import thresholds
from pipeline.photo.checks import size as size_check
from pipeline.photo.checks import verdicts
from pipeline.photo.prints.finding import PrintFinder
from pipeline.samples.portraits import PortraitSpec, draw_portrait

FORMS = ("application_handwritten", "application_preprinted")
TRAIN_SEED, HELD_BACK_SEED = 20261127, 71126202
QUICK, FULL = 60, 400
FACES = "obs"  # walls and streets behind the heads, taken by many hands
SIZE_GOAL_MM, TURN_GOAL_DEG = 0.5, 0.5
ROOM_MM = 22.0  # round the photo's place
WALLS = (252.0, 245.0, 225.0, 190.0)

Plane = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class GluedPrint:
    """A page with a print, and the truth.

    Attributes:
        page: Registered.
        zone: The photo's place.
        width_mm: Of the print.
        height_mm: Of the print.
        turn_deg: Clockwise.
        kind: ``colour``, ``grey`` or ``bilevel``.
        border: ``none``, ``white`` or ``dark``.
        standard: Cut to 35 x 45 mm.
        middle_px: Of the print, registered pixels.
    """

    page: RegisteredPage
    zone: Zone
    width_mm: float
    height_mm: float
    turn_deg: float
    kind: str
    border: str
    standard: bool
    middle_px: tuple[float, float]


def glued_print(seed: int, number: int, faces: Sequence[LabelledPhoto] = ()) -> GluedPrint:
    """The print of a number: the same seed and number give the same page.

    Args:
        seed: Of the pages.
        number: Of the page.
        faces: Photos to print instead of drawn portraits.
    """
    rng = np.random.default_rng([seed, number])
    form = Catalogue.load().get(FORMS[number % len(FORMS)])
    zone = form.zone(FieldName.PHOTO)
    assert zone is not None
    standard = bool(rng.random() < 0.6)
    width, height = (35.0, 45.0) if standard else (rng.uniform(32, 38), rng.uniform(42, 48))
    turn = float(rng.uniform(-6, 6))
    border = str(rng.choice(["none", "none", "white", "dark"]))
    size_px = (round(width * PX_PER_MM), round(height * PX_PER_MM))
    photo = _portrait(rng, size_px)
    if faces:
        whole_face = fitted(read(faces[number % len(faces)]))
        photo = cv2.resize(whole_face, size_px, interpolation=cv2.INTER_CUBIC).astype(np.float32)
    photo = _bordered(photo, border, rng)
    box = zone.box.to_px()
    room = round(ROOM_MM * PX_PER_MM)
    place = (slice(box.y - room, box.y + box.h + room), slice(box.x - room, box.x + box.w + room))
    whole = blank_raster(form)
    drift = np.array([[1, 0, rng.normal(0, 1.0)], [0, 1, rng.normal(0, 1.0)]])
    part = whole[place]
    size = (part.shape[1], part.shape[0])
    moved = cv2.warpAffine(part, drift, size, borderMode=cv2.BORDER_REPLICATE)
    middle = (
        min(room, box.x) + box.w / 2 + rng.uniform(-2, 2) * PX_PER_MM,
        min(room, box.y) + box.h / 2 + rng.uniform(-2, 2) * PX_PER_MM,
    )
    glued = _glue(moved.astype(np.float32), photo, (width, height), middle, turn, rng)
    paper = tuple(int(v) for v in 255 * rng.uniform(0.9, 0.99) * np.array([0.985, 0.995, 1.0]))
    kind = str(rng.choice(["colour", "colour", "grey", "bilevel"], p=[0.4, 0.25, 0.25, 0.1]))
    scan = _scanned(glued * (np.array(paper) / 255), kind, rng)
    pixels = np.empty_like(whole)
    pixels[:] = 255 if kind == "bilevel" else np.array(paper, np.uint8)
    if kind == "grey":
        pixels[:] = round(float(np.array(paper) @ (0.114, 0.587, 0.299)))
    pixels[place] = scan
    tone = (255, 255, 255) if kind == "bilevel" else tuple(int(v) for v in pixels[0, 0])
    return GluedPrint(
        _registered(form, pixels, kind, (tone[0], tone[1], tone[2])),
        zone, float(width), float(height), turn, kind, border, standard,
        (max(0, box.x - room) + middle[0], max(0, box.y - room) + middle[1]),
    )  # fmt: skip


def _registered(
    form: FormDefinition, pixels: Pixels, kind: str, paper: tuple[int, int, int]
) -> RegisteredPage:
    figures = RegistrationFigures(0.8, 300)
    return RegisteredPage(form, pixels, np.eye(3), figures, 1, 300.0, kind == "bilevel", paper)


def _portrait(rng: np.random.Generator, size_px: tuple[int, int]) -> Plane:
    w, h = size_px
    wall = float(rng.choice(WALLS))
    tint = np.array([1.0, 0.985, 0.97]) if rng.random() < 0.5 else np.ones(3)
    picture = draw_portrait(PortraitSpec(), rng, w, h).astype(np.float32)
    # The drawn wall takes the wanted tone; the person stays.
    corner = np.median(picture[: h // 12, : w // 5].reshape(-1, 3), axis=0)
    near = np.clip(1 - np.abs(picture - corner).max(axis=2) / 30, 0, 1)[..., None]
    walled = picture * (1 - near) + near * np.clip(picture + (wall * tint - corner), 0, 255)
    return np.asarray(walled, np.float32)


def _bordered(picture: Plane, border: str, rng: np.random.Generator) -> Plane:
    if border != "none":
        edge = round(float(rng.uniform(0.8, 2.5)) * PX_PER_MM)
        tone = 250.0 if border == "white" else 30.0
        picture[:edge] = picture[-edge:] = tone
        picture[:, :edge] = picture[:, -edge:] = tone
    return np.asarray(picture, np.float32)


def _glue(
    page: Plane,
    photo: Plane,
    size_mm: tuple[float, float],
    middle: tuple[float, float],
    turn_deg: float,
    rng: np.random.Generator,
) -> Plane:
    half = np.array(size_mm) / 2 * PX_PER_MM
    ys, xs = np.mgrid[: page.shape[0], : page.shape[1]].astype(np.float32)
    turn = np.radians(turn_deg)
    dx, dy = xs + 0.5 - middle[0], ys + 0.5 - middle[1]
    u, v = dx * np.cos(turn) + dy * np.sin(turn), -dx * np.sin(turn) + dy * np.cos(turn)

    def covered(move: tuple[float, float]) -> Plane:
        over = np.clip(half[0] - np.abs(u - move[0]) + 0.5, 0, 1)
        return np.asarray(over * np.clip(half[1] - np.abs(v - move[1]) + 0.5, 0, 1))

    shown = cv2.remap(
        np.asarray(photo, np.float32),
        np.asarray((u + half[0]) / (2 * half[0]) * photo.shape[1] - 0.5, np.float32),
        np.asarray((v + half[1]) / (2 * half[1]) * photo.shape[0] - 0.5, np.float32),
        cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    reach = rng.uniform(0.15, 0.8) * PX_PER_MM
    sides = rng.choice([-1.0, 0.0, 1.0], 2)
    shadow = cv2.GaussianBlur(
        covered((float(sides[0] * reach), float(sides[1] * reach))),
        (0, 0), float(rng.uniform(0.1, 0.35) * PX_PER_MM),
    )  # fmt: skip
    page = page * (1 - float(rng.uniform(0.1, 0.45)) * shadow[..., None])
    # Wet glue lets the sheet rise: a broad, faint shade beside the print.
    bump = np.exp(-((dx - half[0] * rng.uniform(-1.2, 1.2)) ** 2) / (2 * (4 * PX_PER_MM) ** 2))
    bump *= np.exp(-((np.abs(dy) - half[1]) ** 2) / (2 * (2.5 * PX_PER_MM) ** 2))
    page = page * (1 - float(rng.uniform(-0.02, 0.04)) * bump[..., None])
    over = covered((0.0, 0.0))[..., None]
    return np.asarray(page * (1 - over) + shown * over, np.float32)


def _scanned(page: Plane, kind: str, rng: np.random.Generator) -> Pixels:
    height, width = page.shape[:2]
    scale = float(rng.choice([200, 300, 300, 400])) / 300
    x = cv2.GaussianBlur(page, (0, 0), float(rng.uniform(0.5, 1.1)))
    x = cv2.resize(x, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    if kind != "colour":
        x = np.repeat((x @ np.array([0.114, 0.587, 0.299], np.float32))[..., None], 3, axis=2)
    noise = rng.normal(0, float(rng.uniform(1, 3.5)), x.shape)
    x = np.clip(x + (noise if kind == "colour" else noise[..., :1]), 0, 255)
    if kind == "bilevel":
        x = np.where(x > 165, 255, 0)
    else:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(60, 92))]
        x = cv2.imdecode(cv2.imencode(".jpg", x.astype(np.uint8), quality)[1], cv2.IMREAD_COLOR)
    return np.asarray(cv2.resize(x.astype(np.uint8), (width, height)), np.uint8)


def run(
    full: bool, *, held_back: bool = True, count: int | None = None, real_faces: bool = False
) -> dict[str, Any]:
    """Measure.

    Args:
        full: All pages instead of a sample.
        held_back: On the seed that no limit was set on.
        count: Another number of pages.
        real_faces: Print photos of the evaluation data; nothing is measured where there are none.

    Returns:
        Shares within the goals, by kind of scan and border; wrong passes of ``size``; how many
        prints of the standard size pass, and of how many it is said that they may have another.
    """
    limits = thresholds.load(settings.current().models)
    finder = PrintFinder()
    rows: list[dict[str, Any]] = []
    faces = [p for p in labelled_photos() if p.labels["set"] == FACES] if real_faces else []
    pages = 0 if real_faces and not faces else count or (FULL if full else QUICK)
    for number in range(pages):
        one = glued_print(HELD_BACK_SEED if held_back else TRAIN_SEED, number, faces)
        found = finder.find(one.page, one.zone, limits.limits["print"])
        row: dict[str, Any] = {
            "number": number, "kind": one.kind, "border": one.border, "found": found is not None,
            "standard": one.standard,
        }  # fmt: skip
        if found is not None:
            s = found.size
            off = (s.width_mm - one.width_mm, s.height_mm - one.height_mm)
            verdict = size_check.verdict_of(s, limits.of(size_check.NAME))
            true_off = max(abs(one.width_mm - 35.0), abs(one.height_mm - 45.0))
            worst = verdicts.above(true_off, *(
                limits.of(size_check.NAME)[n] for n in ("review_mm", "fail_mm")
            ))[0]  # fmt: skip
            row |= {
                "off_mm": off,
                "turn_deg": s.rotation_deg - one.turn_deg,
                "sure": s.sure,
                "passed": verdict == Verdict.PASS,
                "wrong_pass": verdict == Verdict.PASS
                and worst != Verdict.PASS
                and true_off > limits.of(size_check.NAME)["review_mm"] + SIZE_GOAL_MM,
                "standard_passed": verdict == Verdict.PASS and one.standard,
                "wrong_word": verdict in (Verdict.FAIL, Verdict.REVIEW) and one.standard,
            }
        rows.append(row)
    return _summary(rows) | {"rows": rows}


def _summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    tones = [r for r in rows if r["kind"] != "bilevel"]
    out: dict[str, Any] = {"found": Rate(sum(r["found"] for r in rows), len(rows)).as_dict()}
    parts = {"tones": tones, "bilevel": [r for r in rows if r["kind"] == "bilevel"]}
    for border in ("none", "white", "dark"):
        parts["border " + border] = [r for r in tones if r["border"] == border]
    parts["sure"] = [r for r in tones if r.get("sure")]
    for name, part in parts.items():
        seen = [r for r in part if r["found"]]
        near = sum(max(abs(v) for v in r["off_mm"]) <= SIZE_GOAL_MM for r in seen)
        standard = sum(r["standard"] for r in part)
        turn = sum(abs(r["turn_deg"]) <= TURN_GOAL_DEG for r in seen)
        out[name] = {
            "size_within_0.5_mm": Rate(near, len(part)).as_dict(),
            "turn_within_0.5_deg": Rate(turn, len(part)).as_dict(),
            "sure": Rate(sum(r["sure"] for r in seen), len(part)).as_dict(),
            "wrong_passes": Rate(sum(r["wrong_pass"] for r in seen), len(part)).as_dict(),
            # What the sender of a print of the right size sees of it.
            "standard_passed": Rate(sum(r["standard_passed"] for r in seen), standard).as_dict(),
            "wrong_word": Rate(sum(r["wrong_word"] for r in seen), standard).as_dict(),
        }
    return out


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--full", action="store_true", help="every page")
    parser.add_argument("--held-back", action="store_true", help="the seed for figures")
    parser.add_argument("--faces", action="store_true", help="photos of the evaluation data")
    parser.add_argument("--count", type=int, help="number of pages")
    chosen = parser.parse_args()
    result = run(
        chosen.full, held_back=chosen.held_back, count=chosen.count, real_faces=chosen.faces
    )
    result.pop("rows")
    for part, figures in result.items():
        for name, rate in figures.items() if part != "found" else [("", figures)]:
            print(f"{part:14} {name:22} {Rate(rate['k'], rate['n'])}")


if __name__ == "__main__":
    _main()
