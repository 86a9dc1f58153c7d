"""From boxes and captions to zones: what is asked where, and what would read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from pipeline.domain.documents import DATE_FIELDS, FieldName, FormName
from pipeline.domain.geometry import BoxMm
from pipeline.forms.definition import KINDS_PART, FormDefinition, ReaderKind, Zone
from pipeline.learning.captions import Caption, Heading, caption_of, is_caption, section_of
from pipeline.learning.layout import CellRow, Choice, Face, Layout
from pipeline.learning.lexicon import Concept, Meaning, Section, field_of, meaning
from pipeline.learning.proposal import Doubt, ProposedZone
from pipeline.learning.room import circles, free_rectangle, level_with, rounded
from pipeline.learning.rulings import contains

_INSET_MM = 0.5
_BEFORE_MM = 2.5  # a zone begins this far before its first cell
_BEYOND_MM = 8.0  # and ends at most this far beyond its last: where a hand that slips still writes
_TWO_LINES_MM = 12.6
_TICK_REACH_MM = 6.0
_SEAL_REACH_MM = 11.0
_SEAL_GAP_MM = 3.0
_LEAST_READ = 0.4
_KINDS_MARGIN_MM = 0.7
_UNITS = frozenset("年月日")
_ERAS = frozenset("明大昭平令西")
_SEAL_WORDS = frozenset({"印", "㊞"})
_DIGITS = "0123456789"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_PHONE = "0123456789-()+"
_ALPHABETS: dict[FieldName, str] = {
    FieldName.PIN_SIGNATURE: _DIGITS + _LETTERS,
    FieldName.PHONE: _PHONE,
    FieldName.REPRESENTATIVE_PHONE: _PHONE,
    FieldName.APPLICATION_ID: _DIGITS,
}
_CELLS: dict[FieldName, int] = {
    FieldName.MY_NUMBER: 12,
    FieldName.PIN_SIGNATURE: 16,
    FieldName.PIN_AUTHENTICATION: 4,
    FieldName.PIN_RESIDENT_RECORD: 4,
    FieldName.REPRESENTATIVE_POSTAL_CODE: 7,
    FieldName.APPLICATION_ID: 23,
}
_DATE_CELLS = 6
_DATE_CONCEPTS = frozenset({Concept.DATE, Concept.BIRTH_DATE, Concept.STAY_DATE})


@dataclass(slots=True)
class Findings:
    """What is found while a sheet is gone through."""

    zones: list[ProposedZone] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer box with what is known about it."""

    face: Face
    caption: Caption | None
    section: Section | None

    @property
    def said(self) -> Meaning | None:
        return None if self.caption is None else self.caption.meaning


class ZoneMaker:
    """Makes zones of one sheet.

    Args:
        form: Which form it is.
        known: The newest known version of that form: which characters, styles and options its
            fields have. Places are not taken from it.
        layout: The sheet's parts.
        opened: Its headings.
    """

    def __init__(
        self,
        form: FormName,
        known: FormDefinition | None,
        layout: Layout,
        opened: Sequence[Heading],
    ) -> None:
        self._form = form
        self._known = known
        self._layout = layout
        self._opened = opened
        self._found = Findings()

    def make(self) -> Findings:
        """All zones that boxes and cells give, and what is doubtful about them."""
        for face in self._layout.faces:
            if not is_caption(face):
                self._face(face)
        for row in self._layout.free_rows:
            around = Face(row.box.inset(-_BEYOND_MM), (), (row,), None, False)
            self._face(around)
        return self._found

    def _face(self, face: Face) -> None:
        caption = caption_of(face, self._layout)
        section = section_of(face.box, self._opened)
        if section is None and self._form == FormName.REPLY_FORM:
            section = Section.REPLY  # what stands before the mandate, though its heading is unread
        answer = _Answer(face, caption, section)
        taken: list[BoxMm] = []
        ticks = [row for row in face.rows if row.ticks and not row.inside]
        runs = [row for row in face.rows if not row.ticks]
        for row in ticks:
            taken.append(self._ticks(answer, row))
        postal = False
        for row in runs:
            box, is_postal = self._run(answer, row)
            taken.append(box)
            postal = postal or is_postal
        for row in face.rows:
            if row.inside:
                taken.append(self._kinds(answer, row, runs))
        if face.choice is not None:
            self._choice(answer, face.choice)
            return
        seals = [line.box for line in face.lines if line.text in _SEAL_WORDS and not face.rows]
        for seal in seals:
            taken.append(self._seal(answer, seal))
        if not face.rows or postal:
            self._text(answer, taken, postal)

    # --- boxes to tick ---------------------------------------------------------------------

    def _ticks(self, answer: _Answer, row: CellRow) -> BoxMm:
        box = self._row_box(answer, row)
        if all(label[:1] in _ERAS for label in row.labels) and len(row.cells) > 1:
            name = self._date_field(answer)
            values = "".join(label[0] for label in row.labels)
            if name is None:
                self._unnamed(answer, box)
            else:
                self._add(
                    answer,
                    Zone(name, ReaderKind.MARKS, box, row.cells, values, "era", mark_style="tick"),
                    1.0,
                    f"□が{len(row.cells)}個、右に「{values}」",
                    f"{len(row.cells)} boxes to tick, with {values} on their right",
                )
            return box
        for cell, label in zip(row.cells, row.labels, strict=True):
            own = meaning(label)
            said = own or (answer.said if len(row.cells) == 1 else None)
            name = None if said is None else field_of(self._form, answer.section, said)
            own_box = box if len(row.cells) == 1 else self._row_box(answer, CellRow((cell,), True))
            if name is None or said is None:
                self._unnamed(answer, own_box, label)
                continue
            words = f"{answer.caption.text if answer.caption else ''}{label}"
            style = "black" if "塗" in words else "tick"
            self._add(
                answer,
                Zone(name, ReaderKind.MARKS, own_box, (cell,), "1", mark_style=style),
                said.score,
                f"□の右に「{label}」",
                f"a box to tick with “{label}” on its right",
            )
        return box

    def _kinds(self, answer: _Answer, row: CellRow, runs: Sequence[CellRow]) -> BoxMm:
        """A mark row: under every box of a PIN a choice of what stands in it."""
        box = row.box.inset(-_KINDS_MARGIN_MM)
        box = rounded(box.x, box.y, box.x + box.w, box.y + box.h)
        said = answer.said
        name = None if said is None else field_of(self._form, answer.section, said)
        values = "".join(dict.fromkeys(row.labels))
        fits = any(len(row.cells) == len(values) * len(run.cells) for run in runs)
        if name is None or not fits:
            self._unnamed(answer, box, values)
            return box
        self._add(
            answer,
            Zone(name, ReaderKind.MARKS, box, row.cells, values, KINDS_PART, mark_style="tick"),
            0.95,
            f"マスごとに「{values}」の小さな□",
            f"small boxes {values} for every cell",
        )
        return box

    # --- rows of cells ---------------------------------------------------------------------

    def _run(self, answer: _Answer, row: CellRow) -> tuple[BoxMm, bool]:
        box = self._row_box(answer, row)
        count = len(row.cells)
        units = "".join(
            line.text
            for line in sorted(answer.face.lines, key=lambda n: n.box.x)
            if line.text in _UNITS and line.box.overlaps(row.box.inset(-_BEYOND_MM))
        )
        said = answer.said
        if units == "年月日" or (said is not None and said.concept in _DATE_CONCEPTS):
            name = self._date_field(answer)
            part, wanted = "digits", _DATE_CELLS
        elif _is_postal(row, said):
            agent = said is not None and said.agent
            name = field_of(
                self._form, answer.section, Meaning(Concept.POSTAL_CODE, 0.9, "〒", agent)
            )
            part, wanted = "", 7
        else:
            name = None if said is None else field_of(self._form, answer.section, said)
            part, wanted = "", _CELLS.get(name, count) if name is not None else count
        if name is None:
            self._unnamed(answer, box)
            return box, False
        if count != wanted:
            self._found.doubts.append(
                Doubt(
                    "CELL_COUNT_UNUSUAL",
                    name,
                    f"{name}: マスが {count} 個見つかりました（ふつうは {wanted} 個）。",
                    f"{name}: {count} cells were found ({wanted} are usual).",
                    box,
                )
            )
        shape = "＋".join(str(g) for g in row.groups)
        self._add(
            answer,
            Zone(name, ReaderKind.BOXES, box, row.cells, _ALPHABETS.get(name, _DIGITS), part),
            1.0 if count == wanted else 0.4,
            f"同じ大きさのマスが {shape} 個",
            f"a row of {shape} equal cells",
        )
        return box, name == FieldName.REPRESENTATIVE_POSTAL_CODE

    def _row_box(self, answer: _Answer, row: CellRow) -> BoxMm:
        """The zone round cells: to the sides of their box, not over other print, not too far."""
        inner = answer.face.box.inset(_INSET_MM)
        cells = row.box
        left = max(inner.x, cells.x - _BEFORE_MM)
        right = inner.x + inner.w
        if not row.ticks:
            right = min(right, cells.x + cells.w + _BEYOND_MM)
        for other in answer.face.rows:
            for cell in other.cells if not other.inside else ():
                if cell.x > cells.x + cells.w and level_with(cell, cells):
                    right = min(right, cell.x - _BEFORE_MM - 0.3)
                elif cell.x + cell.w < cells.x and level_with(cell, cells):
                    left = max(left, cell.x + cell.w + 0.3)
        for line in answer.face.lines:
            if not level_with(line.box, cells):
                continue
            if line.box.x + line.box.w <= cells.x:
                left = max(left, min(line.box.x + line.box.w + 0.3, cells.x - 0.5))
            elif line.box.x > cells.x + cells.w and line.text not in _UNITS and not row.ticks:
                right = min(right, line.box.x - 0.5)
        placed = answer.caption is not None and answer.caption.place in ("left", "above")
        captioned = placed or row.ticks
        reach = _TICK_REACH_MM if row.ticks else 3.0 if captioned else 0.0
        near_top = cells.y - inner.y <= reach + 0.6
        near_bottom = inner.y + inner.h - (cells.y + cells.h) <= reach + 3.0 and captioned
        top = inner.y if near_top else max(inner.y, cells.y - 1.0)
        low = cells.y + cells.h + (0.5 if captioned else 1.0)
        bottom = inner.y + inner.h if near_bottom else min(inner.y + inner.h, low)
        top, bottom = min(top, cells.y), max(bottom, cells.y + cells.h)
        left, right = min(left, cells.x), max(right, cells.x + cells.w)
        return rounded(left, top, right, bottom)

    def _date_field(self, answer: _Answer) -> FieldName | None:
        said = answer.said
        name = None if said is None else field_of(self._form, answer.section, said)
        if name in DATE_FIELDS:
            return name
        by_section = {
            Section.REPLY: FieldName.REPLY_DATE,
            Section.MANDATE: FieldName.MANDATE_DATE,
        }
        if self._form == FormName.REPLY_FORM:
            return by_section.get(answer.section) if answer.section is not None else None
        return None

    # --- words to circle, seals, text ------------------------------------------------------

    def _choice(self, answer: _Answer, choice: Choice) -> None:
        said = answer.said
        name = None if said is None else field_of(self._form, answer.section, said)
        box = answer.face.box.inset(_INSET_MM)
        if name is None or said is None:
            self._unnamed(answer, box)
            return
        cells = circles(choice, box)
        self._add(
            answer,
            Zone(
                name,
                ReaderKind.MARKS,
                rounded(box.x, box.y, box.x + box.w, box.y + box.h),
                cells,
                choice.values,
                mark_style="circle",
                rule_mm=0.0,
            ),
            said.score,
            f"「{'・'.join(choice.values)}」のどちらかを丸で囲む欄",
            f"one of {choice.values} is circled",
        )

    def _seal(self, answer: _Answer, glyph: BoxMm) -> BoxMm:
        inner = answer.face.box.inset(_INSET_MM)
        middle = glyph.x + glyph.w / 2
        reach = min(_SEAL_REACH_MM, inner.x + inner.w - middle, middle - inner.x)
        box = rounded(middle - reach, inner.y, middle + reach, inner.y + inner.h)
        said = Meaning(Concept.SEAL, 0.95, "印", False)
        name = field_of(self._form, answer.section, said)
        if name is None:
            self._unnamed(answer, box, "印")
            return box
        part = "reply" if answer.section == Section.REPLY else ""
        self._add(
            answer,
            Zone(name, ReaderKind.SEAL, box, part=part),
            said.score,
            "淡い「印」の字の周り",
            "round the pale word 印",
        )
        return BoxMm(box.x - _SEAL_GAP_MM, box.y, box.w + _SEAL_GAP_MM, box.h)

    def _text(self, answer: _Answer, taken: Sequence[BoxMm], postal: bool) -> None:
        said = answer.said
        face = answer.face
        free = free_rectangle(face.box.inset(_INSET_MM), _obstacles(face, taken), band=postal)
        if said is None:
            if free is not None and not face.tinted and _mostly(free, face.box):
                self._unnamed(answer, free)
            return
        name = field_of(self._form, answer.section, said)
        if name is None:
            self._unnamed(answer, face.box)
            return
        if free is None:
            self._found.doubts.append(
                Doubt(
                    "NO_ROOM",
                    name,
                    f"{name}: 見出し「{answer.caption.text if answer.caption else ''}」の枠に"
                    "書き込む余白が見つかりません。",
                    f"{name}: the box of this caption has no room to write in.",
                    face.box,
                )
            )
            return
        reader = ReaderKind.SIGNATURE if name == FieldName.SIGNATURE else ReaderKind.TEXT
        part = (
            "mandate"
            if answer.section == Section.MANDATE and name == FieldName.APPLICANT_NAME
            else ""
        )
        alphabet = "男女" if name == FieldName.SEX else _ALPHABETS.get(name, "")
        lines = 2 if free.h >= _TWO_LINES_MM and reader == ReaderKind.TEXT else 1
        self._add(
            answer,
            Zone(name, reader, free, alphabet=alphabet, part=part, lines=lines),
            said.score if _mostly(free, face.box) else 0.8 * said.score,
            "枠の空いた所" if face.lines or taken else "空の枠",
            "the free part of a box" if face.lines or taken else "an empty box",
        )

    # --- what comes of it ------------------------------------------------------------------

    def _add(self, answer: _Answer, zone: Zone, score: float, ja: str, en: str) -> None:
        caption = answer.caption
        words_ja = words_en = ""
        read = 1.0
        if caption is not None and caption.meaning is not None:
            read = caption.probability
            said = caption.meaning
            score = score * said.score
            words_ja = f"見出し「{caption.text}」（辞書の「{said.word}」、一致 {said.score:.2f}）。"
            words_en = (
                f"caption “{caption.text}” (our word “{said.word}”, match {said.score:.2f}); "
            )
        elif answer.section is not None:
            score *= 0.9
            words_ja = f"区分「{answer.section}」の中。"
            words_en = f"in the section “{answer.section}”; "
        zone = self._as_known(zone)
        self._found.zones.append(
            ProposedZone(
                zone, round(score * min(1.0, 0.3 + 0.7 * read), 3), words_ja + ja, words_en + en
            )
        )

    def _as_known(self, zone: Zone) -> Zone:
        """Characters, style and options as the known version of the form has them."""
        before = None if self._known is None else self._known.zone(zone.field, zone.part)
        if before is None or before.reader != zone.reader:
            return replace(zone, optional=zone.field.startswith("representative_"))
        return replace(
            zone,
            alphabet=zone.alphabet if zone.reader == ReaderKind.MARKS else before.alphabet,
            mark_style=before.mark_style or zone.mark_style,
            printed=before.printed,
            optional=before.optional,
            lines=before.lines,
            rule_mm=before.rule_mm,
        )

    def _unnamed(self, answer: _Answer, box: BoxMm, label: str = "") -> None:
        words = label or (answer.caption.text if answer.caption else "") or answer.face.words
        self._found.doubts.append(
            Doubt(
                "BOX_WITHOUT_FIELD",
                None,
                f"何の欄か分からない枠があります（近くの文字「{words[:24]}」）。欄にしていません。",
                f"A box whose field is not known (words near it: “{words[:24]}”); left out.",
                box,
            )
        )


def _is_postal(row: CellRow, said: Meaning | None) -> bool:
    """Seven cells in the box of an address, or three and four anywhere: 〒."""
    if said is not None and said.concept == Concept.ADDRESS:
        return sum(row.groups) == _CELLS[FieldName.REPRESENTATIVE_POSTAL_CODE]
    return row.groups == (3, 4) and (said is None or said.concept != Concept.POSTAL_CODE)


def _obstacles(face: Face, taken: Sequence[BoxMm]) -> list[BoxMm]:
    # What cannot be read at all is dirt on the glass, or will be seen by a person.
    printed = [line for line in face.lines if line.probability >= _LEAST_READ]
    boxes = [line.box.inset(-_INSET_MM) for line in printed]
    # The words of a seal's place are inside what was taken for it.
    boxes = [b for b in boxes if not any(contains(t, b) for t in taken)]
    return [*boxes, *taken]


def _mostly(part: BoxMm, whole: BoxMm) -> bool:
    return part.w * part.h >= 0.5 * whole.w * whole.h
