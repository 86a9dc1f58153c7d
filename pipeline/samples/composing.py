"""A filled form: what a plan says, written into the zones of a definition, with the truth.

Every zone is filled by its own definition, so that a new form needs no code here.
"""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pipeline.domain.documents import DATE_FIELDS, Channel
from pipeline.domain.documents import FieldName as F
from pipeline.domain.geometry import PX_PER_MM, REGISTERED_DPI, BoxMm, BoxPx
from pipeline.forms.definition import KINDS_PART, FormDefinition, ReaderKind, Zone
from pipeline.forms.drawing import blank_raster, content_key
from pipeline.samples import fonts, marking, stamps
from pipeline.samples.ink import FontInk, InkSource, MixedInk, StrokeInk
from pipeline.samples.people import Applicant, era_of, era_year, pick
from pipeline.samples.photos import synthetic_photo
from pipeline.samples.planning import Case, Plan, plan, spell_date
from pipeline.samples.truth import DocumentTruth
from pipeline.samples.writing import Hand, Pen, draw_hand, pens, union, write_in_cell, write_text

Pixels = NDArray[np.uint8]
PhotoSource = Callable[[frozenset[Case], Applicant, np.random.Generator, int, int], Pixels]
"""Makes a photo from the cases, the applicant, randomness, width and height in pixels: BGR."""

# Fonts whose digits look like a writer's; the others slash the zero or draw with a broad felt.
_PLAIN_DIGITS = ("Klee One", "kiloji")
PHOTO_MM = (35.0, 45.0)
_MARK_WAYS = (0.75, 0.15, 0.10)  # the form asks for a tick; some blacken, some circle
TEXT_HEIGHT_PX = 7.5 * PX_PER_MM


@dataclass(frozen=True, slots=True)
class Style:
    """How one applicant fills forms.

    Attributes:
        words: Writes text.
        boxed: Writes characters in boxes.
        crossing: Share of boxed characters that touch or cross the line.
        zero_padded: Writes 08 and not 8 into a pair of date boxes.
    """

    hand: Hand
    pen: Pen
    words: InkSource
    boxed: InkSource
    crossing: float = 0.0
    zero_padded: bool = False


def draw_style(
    rng: np.random.Generator, boxed: InkSource | None = None, mess: float | None = None
) -> Style:
    """A style at random.

    Args:
        rng: Randomness.
        boxed: Source of boxed characters; else our strokes, now and then a font.
        mess: From 0, careful, to 1, hurried; drawn where None.
    """
    mess = float(rng.beta(1.6, 2.6)) if mess is None else mess
    family = str(rng.choice(list(fonts.HAND_FAMILIES), p=[0.42, 0.08, 0.20, 0.30]))
    words = FontInk(family)
    pen = pens(rng)[int(rng.choice(4, p=[0.62, 0.18, 0.12, 0.08]))]
    if boxed is None:
        boxed = (
            words
            if family in _PLAIN_DIGITS and rng.random() < 0.35
            else StrokeInk(int(rng.integers(1000)))
        )
    return Style(
        hand=draw_hand(rng, mess),
        pen=pen,
        words=words,
        boxed=boxed if boxed is words else MixedInk(boxed, words),
        crossing=float(max(0.0, rng.normal(-0.02, 0.08) + 0.10 * mess)),
        zero_padded=bool(rng.random() < 0.4),
    )


@dataclass(frozen=True, slots=True)
class InkPlace:
    """Where ink was laid: the field, the cell in its zone (None for text) and the box."""

    field: F
    cell: int | None
    box: BoxPx


@dataclass(frozen=True, slots=True)
class ComposedPage:
    """A filled form.

    Attributes:
        pixels: H x W x 3, BGR, at 300 dpi, before paper and scanner.
        truth: What stands on it.
        ink: Where each thing was laid.
    """

    pixels: Pixels
    truth: DocumentTruth
    ink: tuple[InkPlace, ...]


@dataclass(slots=True)
class _Sheet:
    page: Pixels
    plan: Plan
    style: Style
    applicant: Applicant
    rng: np.random.Generator
    photos: PhotoSource
    ink: list[InkPlace] = field(default_factory=list)
    characters: dict[F, list[str]] = field(default_factory=dict)

    def note(self, name: F, box: BoxPx | None, cell: int | None = None) -> None:
        if box is not None:
            self.ink.append(InkPlace(name, cell, box))

    def has(self, case: Case) -> bool:
        return case in self.plan.cases


def compose(
    form: FormDefinition,
    applicant: Applicant,
    style: Style,
    rng: np.random.Generator,
    *,
    channel: Channel = Channel.MAIL,
    cases: frozenset[Case] = frozenset(),
    photos: PhotoSource = synthetic_photo,
) -> ComposedPage:
    """Fills a form.

    Args:
        form: The form.
        applicant: Who fills it.
        style: How it is written.
        rng: Randomness.
        channel: How it will come in; decides what an examination must find.
        cases: What is particular about it.
        photos: Makes the photo.

    Returns:
        The page at 300 dpi with its truth.
    """
    fields = frozenset(z.field for z in form.zones)
    row = form.zone(F.PIN_SIGNATURE, KINDS_PART) is not None
    planned = plan(form.name, fields, applicant, channel, rng, cases, mark_row=row)
    sheet = _Sheet(_blank(form).copy(), planned, style, applicant, rng, photos)
    for zone in form.zones:
        _fill(sheet, form, zone)
    _afterwards(sheet, form)
    truth = DocumentTruth(
        form=form.name,
        version=form.version,
        channel=channel,
        fields={f.value: _told(f, v) for f, v in planned.values.items()},
        characters={f.value: tuple(c) for f, c in sheet.characters.items()},
        expected_findings=tuple(c.value for c in planned.expected),
        expected_route=None if planned.route is None else planned.route.value,
        conditions={
            "cases": sorted(c.value for c in cases),
            "applicant": applicant.kind.value,
            "pen": style.pen.name,
            "words": style.words.name,
            "boxed": style.boxed.name,
            "crossing": round(style.crossing, 3),
            "written": {f.value: w for f, w in planned.written.items()},
            "signed": planned.values.get(F.SIGNATURE, ""),
            **({"kinds": planned.kinds} if row else {}),
        },
    )
    return ComposedPage(sheet.page, truth, tuple(sheet.ink))


def _told(name: F, value: str) -> str:
    """A signature is read for its presence; its text stands in the conditions."""
    return "1" if name == F.SIGNATURE and value else value


_blanks: OrderedDict[str, Pixels] = OrderedDict()
_KEPT_BLANKS = 4


def _blank(form: FormDefinition) -> Pixels:
    """The blank form, kept in memory: decoding it again costs as much as filling it in."""
    key = content_key(form, REGISTERED_DPI)
    if key not in _blanks:
        _blanks[key] = blank_raster(form)
        if len(_blanks) > _KEPT_BLANKS:
            _blanks.popitem(last=False)
    return _blanks[key]


def _fill(sheet: _Sheet, form: FormDefinition, zone: Zone) -> None:
    name = zone.field
    value = sheet.plan.values.get(name, "")
    written = sheet.plan.written.get(name, value)
    match zone.reader:
        case ReaderKind.QR:
            if value:
                sheet.note(name, stamps.draw_qr(sheet.page, value, zone.box.to_px()))
        case ReaderKind.PHOTO:
            _paste(sheet, zone)
        case ReaderKind.SEAL:
            if value:
                _seal(sheet, zone)
        case ReaderKind.MARKS:
            _mark(sheet, zone, value)
        case ReaderKind.BOXES:
            # A field may go over several rows of cells: each takes what the ones before left.
            rows = [z for z in form.zones_of(name) if z.reader == ReaderKind.BOXES]
            room = sum(len(z.cells) for z in rows)
            start = sum(len(z.cells) for z in rows[: rows.index(zone)])
            text = _in_cells(sheet, name, room, value, written)
            _fill_cells(sheet, zone, text[start : start + len(zone.cells)])
        case ReaderKind.TEXT | ReaderKind.SIGNATURE:
            if written:
                _write(sheet, zone, _as_text(sheet, name, written))


def _era(sheet: _Sheet, name: F, value: str) -> str:
    if name in sheet.plan.eras:
        return sheet.plan.eras[name]
    return era_of(dt.date.fromisoformat(value))[0] if value else "令"


def _as_text(sheet: _Sheet, name: F, written: str) -> str:
    """A date as people write it; anything else as it is."""
    if name not in DATE_FIELDS:
        return written
    if name in sheet.plan.written:  # an impossible day, as six digits
        year, month, day = (int(written[i : i + 2]) for i in (0, 2, 4))
        return f"令和{year}年{month}月{day}日"
    return spell_date(dt.date.fromisoformat(written), sheet.plan.eras.get(name))


def _in_cells(sheet: _Sheet, name: F, room: int, value: str, written: str) -> str:
    """The characters for the cells of a field; a space leaves a cell blank."""
    if name not in DATE_FIELDS:
        return written.replace("-", "") if len(written) > room else written
    if name in sheet.plan.written:
        return written
    if not value:
        return ""
    day = dt.date.fromisoformat(value)
    year = era_year(day, _era(sheet, name, value))
    pattern = "{:02d}{:02d}{:02d}" if sheet.style.zero_padded else "{:2d}{:2d}{:2d}"
    return pattern.format(year, day.month, day.day)[-room:]


def _fill_cells(sheet: _Sheet, zone: Zone, text: str) -> None:
    style, rng = sheet.style, sheet.rng
    overwritten = -1
    if (sheet.has(Case.NUMBER_OVERWRITTEN) and zone.field == F.MY_NUMBER) or (
        sheet.has(Case.DATE_SCRAWLED) and zone.field in (F.APPLICATION_DATE, F.REPLY_DATE)
    ):
        filled = [i for i, c in enumerate(text) if c != " "]
        overwritten = pick(filled, rng) if filled else -1
    for index, (char, cell_mm) in enumerate(zip(text, zone.cells, strict=False)):
        if char == " ":
            continue
        cell = cell_mm.to_px()
        if zone.printed:
            sheet.note(zone.field, stamps.print_in_cell(sheet.page, char, cell), index)
            continue
        if index == overwritten:
            # A slip, and the right digit over it: what is meant is the one on top. The slip is
            # a round digit, because a 1 or 7 would vanish in what is written over it.
            slip = pick([d for d in "02358" if d != char], rng)
            write_in_cell(sheet.page, slip, cell, style.boxed, style.hand, style.pen, rng)
        over = float(rng.uniform(0.3, 1.0)) if rng.random() < style.crossing else 0.0
        place = write_in_cell(
            sheet.page, char, cell, style.boxed, style.hand, style.pen, rng, overshoot=over
        )
        sheet.note(zone.field, place, index)
    padded = [c.strip() for c in text.ljust(len(zone.cells))]
    sheet.characters.setdefault(zone.field, []).extend(padded)


def _write(sheet: _Sheet, zone: Zone, text: str) -> None:
    style, rng, name = sheet.style, sheet.rng, zone.field
    box = zone.box.inset(0.6).to_px()
    if zone.printed:
        sheet.note(name, stamps.print_text(sheet.page, text, box, lines=zone.lines))
        return
    hand = style.hand
    if name == F.SIGNATURE:
        hand = draw_hand(rng, 0.8)
    if sheet.has(Case.TEXT_SCRAWLED) and name in (F.ADDRESS, F.APPLICANT_ADDRESS):
        hand = Hand(0.25, 0.6, 0.085, 9.0, 0.10, 0.5, 0.78)
    if sheet.has(Case.EXCEPTION_STATED) and name == F.NAME:
        own, reason = sheet.plan.values[name], text.removeprefix(sheet.plan.values[name]).strip()
        upper = BoxPx(box.x, box.y, box.w, box.h // 2)
        lower = BoxPx(box.x, box.y + box.h // 2, box.w, box.h - box.h // 2)
        places = [
            write_text(sheet.page, part, room, style.words, hand, style.pen, rng)
            for part, room in ((own, upper), (f"({reason})", lower))
        ]
        sheet.note(name, union([p for p in places if p is not None]))
        return
    place = write_text(
        sheet.page,
        text,
        box,
        style.words,
        hand,
        style.pen,
        rng,
        lines=max(1, zone.lines),
        size_px=TEXT_HEIGHT_PX,
    )
    sheet.note(name, place)


def _mark(sheet: _Sheet, zone: Zone, value: str) -> None:
    name = zone.field
    if zone.part == KINDS_PART:
        _mark_row(sheet, zone)
        return
    if zone.part == "era":
        value = _era(sheet, name, value) if value or name in sheet.plan.written else ""
    chosen = [i for i, c in enumerate(zone.alphabet) if value and c == value]
    if value and not chosen and len(zone.cells) == 1:
        chosen = [0]
    if name == F.SEX and sheet.has(Case.SEX_BOTH):
        chosen = list(range(len(zone.cells)))
    for index in chosen:
        place = marking.mark(
            sheet.page, zone.cells[index].to_px(), zone.mark_style, sheet.style.pen, sheet.rng
        )
        sheet.note(name, place, index)
    if sheet.has(Case.MARK_FAINT) and zone.mark_style == "black" and not chosen:
        marking.faint(sheet.page, zone.cells[0].to_px(), sheet.style.pen, sheet.rng)


def _mark_row(sheet: _Sheet, zone: Zone) -> None:
    """The kinds of a PIN's characters, in the writer's own way of marking a small box."""
    choices = len(zone.alphabet)
    asked = sheet.has(Case.PIN_KINDS_MARKED) or sheet.has(Case.PIN_KIND_WRONG)
    way = "tick" if asked else str(sheet.rng.choice(["tick", "black", "circle"], p=_MARK_WAYS))
    for index, kind in enumerate(sheet.plan.kinds):
        cell = index * choices + zone.alphabet.index(kind)
        place = marking.mark(sheet.page, zone.cells[cell].to_px(), way, sheet.style.pen, sheet.rng)
        sheet.note(zone.field, place, cell)


def _family(name: str) -> str:
    first = name.split()[0]
    return first if len(first) <= 4 and not first.isascii() else first[:2]


def _seal(sheet: _Sheet, zone: Zone) -> None:
    box = zone.box.to_px()
    centre = (
        box.x + box.w / 2 + float(sheet.rng.normal(0, 0.06)) * box.w,
        box.y + box.h / 2 + float(sheet.rng.normal(0, 0.06)) * box.h,
    )
    diameter = min(11.0, 0.92 * zone.box.w, 0.92 * zone.box.h)
    place = stamps.press_seal(
        sheet.page, _family(sheet.applicant.name), centre, sheet.rng, diameter_mm=diameter
    )
    sheet.note(zone.field, place)


def _paste(sheet: _Sheet, zone: Zone) -> None:
    if not sheet.plan.photo:
        return
    width_mm, height_mm = PHOTO_MM
    if sheet.has(Case.PHOTO_SIZE):
        width_mm, height_mm = pick(((24.0, 30.0), (30.0, 40.0), (40.0, 50.0)), sheet.rng)
    width, height = round(width_mm * PX_PER_MM), round(height_mm * PX_PER_MM)
    photo = sheet.photos(sheet.plan.cases, sheet.applicant, sheet.rng, width, height)
    box = zone.box.to_px()
    centre = (
        box.x + box.w / 2 + float(sheet.rng.normal(0, 0.5)) * PX_PER_MM,
        box.y + box.h / 2 + float(sheet.rng.normal(0, 0.5)) * PX_PER_MM,
    )
    turn = float(np.clip(sheet.rng.normal(0, 0.8), -2.5, 2.5))
    sheet.note(zone.field, stamps.paste_photo(sheet.page, photo, centre, turn))


def _afterwards(sheet: _Sheet, form: FormDefinition) -> None:
    """Stamps, stains and corrections: on top of what was written and printed."""
    rng = sheet.rng
    family = _family(sheet.applicant.name)
    signature = form.zone(F.SIGNATURE)
    beside = signature is not None and sheet.plan.values.get(F.SIGNATURE) and rng.random() < 0.15
    if signature is not None and beside:
        box = signature.box.to_px()
        at = (box.x + box.w * float(rng.uniform(0.55, 0.8)), box.y + box.h / 2)
        stamps.press_seal(sheet.page, family, at, rng, diameter_mm=min(10.5, signature.box.h))
    if sheet.has(Case.STAMP_OVER_TEXT):
        for name in (F.NAME, F.APPLICANT_NAME, F.SIGNATURE):
            places = [i.box for i in sheet.ink if i.field == name]
            if places:
                spot = places[0]
                at = (spot.x + spot.w * float(rng.uniform(0.5, 0.95)), spot.y + spot.h / 2)
                stamps.press_seal(sheet.page, family, at, rng)
    if sheet.has(Case.ID_STAINED):
        zone = form.zone(F.APPLICATION_ID)
        if zone is not None:
            stamps.stain(sheet.page, zone.box.to_px(), rng, share=0.35)
    # Where the code beside it can be read, a stained ID is known all the same: stain both.
    if sheet.has(Case.QR_STAINED) or sheet.has(Case.ID_STAINED):
        zone = form.zone(F.QR)
        if zone is not None:
            stamps.stain(sheet.page, zone.box.to_px(), rng, share=0.9)
    if sheet.has(Case.PRINT_CORRECTED):
        _correct(sheet)


def _correct(sheet: _Sheet) -> None:
    """Strikes the printed address out, writes another above it and seals the correction."""
    places = [i.box for i in sheet.ink if i.field == F.ADDRESS]
    if not places:
        return
    spot = places[0]
    stamps.strike_out(sheet.page, spot, sheet.style.pen, sheet.rng)
    above = BoxMm(spot.x / PX_PER_MM, spot.y / PX_PER_MM - 4.6, 70.0, 5.0).to_px()
    write_text(
        sheet.page,
        sheet.applicant.representative.address,
        above,
        sheet.style.words,
        sheet.style.hand,
        sheet.style.pen,
        sheet.rng,
    )
    at = (spot.x + spot.w + 45.0, spot.y + spot.h / 2)
    stamps.press_seal(sheet.page, _family(sheet.applicant.name), at, sheet.rng, diameter_mm=7.0)
