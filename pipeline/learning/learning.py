"""Learns a form from one blank sheet: a proposal, never a form that reads unseen.

The sheet is straightened; its lines enclose boxes; the words in and beside them say what each box
is for; what the fields of that form have in its known version (characters, marks, what may stay
blank) is taken over. Whatever is not certain is said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipeline.domain.documents import FieldName, FormName
from pipeline.domain.geometry import BoxMm
from pipeline.forms.catalogue import Catalogue
from pipeline.forms.definition import FormDefinition, ReaderKind, Zone
from pipeline.imaging.pages import PageImage, Pixels
from pipeline.learning.blankness import refuse_filled
from pipeline.learning.captions import headings
from pipeline.learning.definitions import definition_of
from pipeline.learning.layout import Layout, inked_share, lay_out, reading_order, union
from pipeline.learning.lexicon import Concept, form_of_title, meaning
from pipeline.learning.overlay import draw_overlay
from pipeline.learning.printed_text import PrintedLine, WordReader, find_lines, ink_without_lines
from pipeline.learning.proposal import Doubt, Proposal, ProposedZone
from pipeline.learning.rulings import Rulings, find_rulings
from pipeline.learning.sheet import Sheet, only_page, refusal, straight_sheet
from pipeline.learning.zones import Findings, ZoneMaker
from pipeline.readers.text.text_lines import Recogniser

_UPRIGHT_READ = 0.80
_PROBED_LINES = 8
_TITLE_PART = 0.22  # of the sheet's height
_QR_MM = 24.0
_QR_BELOW_MM = 2.6
_QR_EMPTY = 0.004
_VERSION = re.compile(r"(20\d{2}[._-]\d{1,2})")
_PHOTO_MM = (35.0, 45.0)


def learn(
    source: Path | bytes,
    *,
    name: FormName | None = None,
    version: str | None = None,
    recogniser: Recogniser,
    known: Sequence[FormDefinition] | None = None,
) -> Proposal:
    """A definition proposed from a blank form.

    Args:
        source: A PDF, TIFF, JPEG or PNG of one page.
        name: Which form it is; told from its title where None.
        version: What to call it; taken from the sheet where None and printed there.
        recogniser: What reads printed lines, ``PaddleRecogniser``.
        known: Known forms, for the characters and options of fields; those that ship where None.

    Returns:
        The proposal; ``forms.writing.write_definition`` makes files of it.

    Raises:
        InputError: ``LEARN_SEVERAL_PAGES``, ``LEARN_RESOLUTION``, ``LEARN_BLACK``, ``LEARN_PHOTO``,
            ``LEARN_NO_LINES``, ``LEARN_NOT_BLANK``, ``LEARN_FORM_UNKNOWN``, or what ``decode``
            raises.
    """
    words = WordReader(recogniser)
    sheet, rulings, ink, lines = _upright(only_page(source), words)
    title = [n for n in lines if n.box.y < _TITLE_PART * sheet.page_mm[1]]
    form = name or _form_named(title)
    if form is None:
        raise refusal(
            "LEARN_FORM_UNKNOWN",
            "どの様式か、表題から分かりません。",
            "The title does not tell which form this is.",
            f"--name で指定してください: {', '.join(FormName)}",
            f"Name it with --name: {', '.join(FormName)}",
        )
    before = _newest(Catalogue.load().forms if known is None else known, form)
    layout = lay_out(sheet.pixels, ink, rulings, lines)
    refuse_filled(sheet.pixels, ink, layout, lines)
    found = ZoneMaker(form, before, layout, headings(layout)).make()
    _photo(layout, before, found)
    _qr(form, layout, ink, before, found)
    zones = _each_once(found)
    _missing(form, before, zones, found)
    called = _version(version, lines, before, found)
    if sheet.bilevel:
        found.doubts.append(
            Doubt(
                "LEARNED_FROM_BILEVEL",
                None,
                "白黒（二値）のスキャンです。淡い枠線が欠けているかもしれません。"
                "カラーのスキャンか PDF をお勧めします。",
                "The scan is black and white: pale lines may be missing. "
                "A colour scan or the PDF is better.",
            )
        )
    definition = definition_of(form, called, sheet, rulings, lines, layout, zones)
    return Proposal(
        definition=definition,
        zones=zones,
        doubts=tuple(found.doubts),
        overlay=draw_overlay(sheet.pixels, zones, found.doubts),
        blank=sheet.pixels,
        to_source=sheet.to_source,
    )


def _upright(
    page: PageImage, words: WordReader
) -> tuple[Sheet, Rulings, Pixels, list[PrintedLine]]:
    """The sheet turned so that its words can be read."""
    best: tuple[float, int] | None = None
    for quarters in (0, 2, 1, 3):
        sheet = straight_sheet(page, quarters)
        rulings = find_rulings(sheet.pixels)
        ink = ink_without_lines(sheet.pixels, rulings)
        places = find_lines(ink, rulings.boxes)
        probed = sorted(places, key=lambda b: -min(b.w, 60.0) * (b.h < 8))[:_PROBED_LINES]
        read = [words.read(sheet.pixels, ink, b).probability for b in probed]
        sure = float(np.median(read)) if read else 0.0
        if sure >= _UPRIGHT_READ:
            return sheet, rulings, ink, [words.read(sheet.pixels, ink, b) for b in places]
        if best is None or sure > best[0]:
            best = (sure, quarters)
    sheet = straight_sheet(page, best[1] if best else 0)
    rulings = find_rulings(sheet.pixels)
    ink = ink_without_lines(sheet.pixels, rulings)
    found = find_lines(ink, rulings.boxes)
    return sheet, rulings, ink, [words.read(sheet.pixels, ink, b) for b in found]


def _form_named(title: Sequence[PrintedLine]) -> FormName | None:
    """The form by its title: large words first, so that a note about another form counts less."""
    for line in sorted(title, key=lambda n: -n.box.h):
        found = form_of_title(line.text)
        if found is not None:
            return found
    return form_of_title(reading_order(title))


def _newest(known: Sequence[FormDefinition], form: FormName) -> FormDefinition | None:
    return next((f for f in reversed(known) if f.name == form), None)


def _photo(layout: Layout, before: FormDefinition | None, found: Findings) -> None:
    box = layout.photo
    if box is None:
        return
    width, height = _PHOTO_MM
    exact = BoxMm(
        round(box.x + (box.w - width) / 2, 2), round(box.y + (box.h - height) / 2, 2), width, height
    )
    off = max(abs(box.w - width), abs(box.h - height))
    was = None if before is None else before.zone(FieldName.PHOTO)
    zone = Zone(FieldName.PHOTO, ReaderKind.PHOTO, exact, optional=was is not None and was.optional)
    found.zones.append(
        ProposedZone(
            zone,
            round(max(0.5, 1.0 - off / 4.0), 3),
            f"枠の大きさ {box.w:.1f}×{box.h:.1f} mm が写真（35×45 mm）に合う",
            f"a box of {box.w:.1f} x {box.h:.1f} mm, the size of a photo (35 x 45 mm)",
        )
    )
    if off > 0.6:
        found.doubts.append(
            Doubt(
                "PHOTO_SIZE_OFF",
                FieldName.PHOTO,
                f"写真の枠は {box.w:.1f}×{box.h:.1f} mm です。35×45 mm に直しました。",
                f"The photo's box is {box.w:.1f} x {box.h:.1f} mm; "
                "35 x 45 mm was put in its middle.",
                box,
            )
        )


def _qr(
    form: FormName, layout: Layout, ink: Pixels, before: FormDefinition | None, found: Findings
) -> None:
    """The place of a QR code: under the words that name it, where there is nothing printed."""
    if before is None or before.zone(FieldName.QR) is None:
        return
    named = [
        n
        for n in layout.free_lines
        if (said := meaning(n.text)) is not None and said.concept == Concept.QR and n.box.w < 45
    ]
    if not named:
        return
    label = named[0].box
    near = [
        n.box
        for n in layout.free_lines
        if abs(n.box.y - label.y) < 1.8 * label.h and n.box.overlaps(label.inset(-6.0))
    ]
    whole = union(near)
    middle, top = whole.x + whole.w / 2, whole.y + whole.h + _QR_BELOW_MM
    box = BoxMm(round(middle - _QR_MM / 2, 2), round(top, 2), _QR_MM, _QR_MM)
    empty = inked_share(ink, box) <= _QR_EMPTY
    zone = Zone(FieldName.QR, ReaderKind.QR, box, printed=True)
    found.zones.append(
        ProposedZone(
            zone,
            0.6 if empty else 0.3,
            f"「{named[0].text}」の下（枠はなく、大きさは {_QR_MM:g} mm とみなした）",
            f"below “{named[0].text}” (no frame; {_QR_MM:g} mm assumed)",
        )
    )
    found.doubts.append(
        Doubt(
            "QR_PLACE_ASSUMED",
            FieldName.QR,
            "QRコードの枠は印刷されていません。印字された実物で位置と大きさを確かめてください。",
            "No frame is printed for the QR code: check its place and size on a printed form.",
            box,
        )
    )


def _each_once(found: Findings) -> tuple[ProposedZone, ...]:
    """Each field and part once, the surest; in reading order."""
    best: dict[tuple[FieldName, str], ProposedZone] = {}
    for proposed in sorted(found.zones, key=lambda z: -z.confidence):
        key = (proposed.zone.field, proposed.zone.part)
        if key not in best:
            best[key] = proposed
            continue
        found.doubts.append(
            Doubt(
                "FIELD_TWICE",
                proposed.zone.field,
                f"{proposed.zone.field} らしい欄が二つあります。確かなほうを取りました。",
                f"Two places look like {proposed.zone.field}; the surer one was taken.",
                proposed.zone.box,
            )
        )
    ordered = sorted(best.values(), key=lambda z: (round(z.zone.box.y / 3), z.zone.box.x))
    return tuple(ordered)


def _missing(
    form: FormName,
    before: FormDefinition | None,
    zones: Sequence[ProposedZone],
    found: Findings,
) -> None:
    if before is None:
        return
    have = {(z.zone.field, z.zone.part) for z in zones}
    for zone in before.zones:
        if (zone.field, zone.part) not in have:
            called = f"{zone.field}/{zone.part}" if zone.part else str(zone.field)
            found.doubts.append(
                Doubt(
                    "FIELD_NOT_FOUND",
                    zone.field,
                    f"{before.key} にある {called} が見つかりません。",
                    f"{called}, which {before.key} has, was not found.",
                )
            )
    for proposed in zones:
        if before.zone(proposed.zone.field, proposed.zone.part) is None:
            found.doubts.append(
                Doubt(
                    "FIELD_NEW",
                    proposed.zone.field,
                    f"{proposed.zone.field} は {before.key} にない欄です。",
                    f"{proposed.zone.field} is a field that {before.key} does not have.",
                    proposed.zone.box,
                )
            )


def _version(
    given: str | None,
    lines: Sequence[PrintedLine],
    before: FormDefinition | None,
    found: Findings,
) -> str:
    if given is not None:
        return given
    for line in lines:
        printed = _VERSION.search(line.text) if "様式" in line.text else None
        if printed is not None and (before is None or printed.group(1) != before.version):
            return printed.group(1)
    called = f"{before.version}-learned" if before is not None else "learned"
    found.doubts.append(
        Doubt(
            "VERSION_ASSUMED",
            None,
            f"版の名前が分からないので「{called}」としました。--version で指定できます。",
            f"The version is not known; it was called “{called}”. --version names it.",
        )
    )
    return called
