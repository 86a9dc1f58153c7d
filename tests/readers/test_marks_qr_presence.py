"""Marks, QR, signature and seal on pages drawn for the test."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import segno

from pipeline.domain.documents import FieldName as F
from pipeline.domain.documents import FormName
from pipeline.domain.examinations import RegistrationFigures
from pipeline.domain.findings import FindingCode as C
from pipeline.domain.findings import Severity
from pipeline.domain.geometry import BoxPx
from pipeline.forms.catalogue import Catalogue
from pipeline.forms.definition import ReaderKind, Zone
from pipeline.forms.drawing import blank_raster
from pipeline.imaging.pages import RegisteredPage
from pipeline.readers.marks.mark_reader import MarkState, read_marks, resolve_choice
from pipeline.readers.marks.presence import read_presence
from pipeline.readers.marks.qr import read_qr
from pipeline.samples import marking
from pipeline.samples.writing import Pen

BLACK = Pen("black", (38, 34, 32), 0.5)
BLUE = Pen("blue", (120, 52, 30), 0.5)
CATALOGUE = Catalogue.load()


class Sheet:
    """A blank form to draw on."""

    def __init__(self, name: FormName, grey: bool = False) -> None:
        self.form = CATALOGUE.get(name)
        self.pixels = blank_raster(self.form).copy()
        self.grey = grey

    def zone(self, field: F, reader: ReaderKind, part: str = "") -> Zone:
        return next(
            z for z in self.form.zones if z.field == field and z.reader == reader and z.part == part
        )

    def page(self) -> RegisteredPage:
        pixels = self.pixels
        if self.grey:
            flat = cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)
            pixels = np.asarray(cv2.cvtColor(flat, cv2.COLOR_GRAY2BGR), np.uint8)
        return RegisteredPage(
            form=self.form,
            pixels=pixels,
            to_page=np.eye(3),
            figures=RegistrationFigures(0.5, 100),
            number=1,
            source_dpi=300.0,
            bilevel=False,
            paper_bgr=(255, 255, 255),
        )


HAND = FormName.APPLICATION_HANDWRITTEN
CHOICES = [
    (F.SEX, "", "circle"),
    (F.BIRTH_DATE, "era", "tick"),
    (F.NO_SIGNATURE_CERTIFICATE, "", "black"),
    (F.BRAILLE_WANTED, "", "tick"),
    (F.STAY_LIMIT_EXISTS, "", "circle"),
]


@pytest.mark.parametrize("grey", [False, True], ids=["colour", "grey"])
@pytest.mark.parametrize("pen", [BLACK, BLUE], ids=["black", "blue"])
@pytest.mark.parametrize(("field", "part", "style"), CHOICES)
def test_each_mark_is_found_and_nothing_else(
    field: F, part: str, style: str, pen: Pen, grey: bool
) -> None:
    for seed in range(3):
        rng = np.random.default_rng(seed)
        sheet = Sheet(HAND, grey)
        zone = sheet.zone(field, ReaderKind.MARKS, part)
        assert zone.mark_style == style
        index = int(rng.integers(len(zone.cells)))
        marking.mark(sheet.pixels, zone.cells[index].to_px(), style, pen, rng)
        reading = read_marks(sheet.page(), zone)
        states = [c.state for c in reading.cells]
        assert states[index] == MarkState.MARKED
        assert all(s == MarkState.EMPTY for i, s in enumerate(states) if i != index)
        assert resolve_choice(field, reading).reading.value == zone.alphabet[index]


@pytest.mark.parametrize("grey", [False, True], ids=["colour", "grey"])
def test_an_empty_form_has_no_mark(grey: bool) -> None:
    sheet = Sheet(HAND, grey)
    page = sheet.page()
    for zone in sheet.form.zones:
        if zone.reader == ReaderKind.MARKS:
            assert read_marks(page, zone).blank, zone.field


def test_sex_left_open_or_marked_twice_is_a_question() -> None:
    sheet = Sheet(HAND)
    zone = sheet.zone(F.SEX, ReaderKind.MARKS)
    nothing = resolve_choice(F.SEX, read_marks(sheet.page(), zone))
    assert [f.code for f in nothing.findings] == [C.SEX_UNCLEAR]
    assert not nothing.reading.accepted
    for cell in zone.cells:
        marking.mark(sheet.pixels, cell.to_px(), "circle", BLACK, np.random.default_rng(1))
    both = resolve_choice(F.SEX, read_marks(sheet.page(), zone))
    assert both.reading.value is None
    assert [f.code for f in both.findings] == [C.SEX_UNCLEAR]


def test_a_box_ticked_where_it_should_be_blacked_out_is_unclear() -> None:
    sheet = Sheet(HAND)
    zone = sheet.zone(F.NO_SIGNATURE_CERTIFICATE, ReaderKind.MARKS)
    marking.mark(sheet.pixels, zone.cells[0].to_px(), "tick", BLACK, np.random.default_rng(1))
    resolved = resolve_choice(zone.field, read_marks(sheet.page(), zone))
    assert [f.code for f in resolved.findings] == [C.MARK_UNCLEAR]
    assert resolved.reading.characters[0].flagged


def test_shading_that_a_scan_broke_to_specks_is_a_question_and_a_dot_is_none() -> None:
    """A bilevel scan leaves of pale shading one pixel in thirty, all over the box."""
    field = F.NO_AUTHENTICATION_CERTIFICATE
    for specks, codes in ((True, [C.MARK_UNCLEAR]), (False, [])):
        sheet = Sheet(HAND)
        zone = sheet.zone(field, ReaderKind.MARKS)
        box = zone.cells[0].to_px()
        if specks:
            places = np.random.default_rng(1).random((box.h, box.w)) < 0.035
            sheet.pixels[box.y : box.y + box.h, box.x : box.x + box.w][places] = 0
        else:
            cv2.circle(sheet.pixels, (box.x + 20, box.y + 25), 4, (20, 20, 20), -1)
        resolved = resolve_choice(field, read_marks(sheet.page(), zone))
        assert [f.code for f in resolved.findings] == codes
        assert resolved.reading.accepted == (not specks)


def test_a_hair_on_the_glass_or_a_fold_is_no_mark() -> None:
    for shape in ("hair", "fold"):
        sheet = Sheet(HAND)
        zone = sheet.zone(F.BRAILLE_WANTED, ReaderKind.MARKS)
        box = zone.cells[0].to_px()
        if shape == "hair":
            bent = [(-4, 6), (4, 28), (20, 8), (38, 34)]
            points = np.array([(box.x + x, box.y + y) for x, y in bent], np.int32)
            cv2.polylines(sheet.pixels, [points], False, (90, 90, 90), 1, cv2.LINE_AA)
        else:
            middle = box.y + box.h // 2
            cv2.line(sheet.pixels, (box.x - 300, middle), (box.x + 300, middle), (130, 130, 130), 6)
        resolved = resolve_choice(zone.field, read_marks(sheet.page(), zone))
        assert not resolved.reading.accepted, shape
        assert resolved.reading.value is None
        assert [f.code for f in resolved.findings] == [C.MARK_UNCLEAR]


def test_declining_a_certificate_is_told() -> None:
    sheet = Sheet(HAND)
    zone = sheet.zone(F.NO_SIGNATURE_CERTIFICATE, ReaderKind.MARKS)
    marking.mark(sheet.pixels, zone.cells[0].to_px(), "black", BLACK, np.random.default_rng(1))
    resolved = resolve_choice(zone.field, read_marks(sheet.page(), zone))
    assert [(f.code, f.severity) for f in resolved.findings] == [
        (C.CERTIFICATE_DECLINED, Severity.INFO)
    ]


def _with_qr(content: str) -> tuple[Sheet, Zone]:
    sheet = Sheet(FormName.APPLICATION_PREPRINTED)
    zone = sheet.zone(F.QR, ReaderKind.QR)
    box = zone.box.to_px()
    code = np.array([list(row) for row in segno.make(content, error="m", micro=False).matrix])
    side = min(box.w, box.h) - 40
    picture = cv2.resize(
        np.where(code > 0, 0, 255).astype(np.uint8), (side, side), interpolation=cv2.INTER_NEAREST
    )
    sheet.pixels[box.y + 20 : box.y + 20 + side, box.x + 20 : box.x + 20 + side] = picture[
        :, :, None
    ]
    return sheet, zone


ID = "12345678901234567890123"


def test_the_only_23_digits_of_a_qr_are_the_id() -> None:
    sheet, zone = _with_qr(f"https://example.invalid/apply?id={ID}")
    resolved = read_qr(sheet.page(), zone)
    assert (resolved.reading.value, resolved.findings) == (ID, ())


@pytest.mark.parametrize("content", [f"{ID}4", "no digits", f"{ID} {ID[::-1]}"])
def test_a_qr_without_one_id_is_unreadable(content: str) -> None:
    sheet, zone = _with_qr(content)
    resolved = read_qr(sheet.page(), zone)
    assert resolved.reading.value is None
    assert [f.code for f in resolved.findings] == [C.QR_UNREADABLE]


def test_a_stained_qr_is_unreadable() -> None:
    sheet, zone = _with_qr(ID)
    box: BoxPx = zone.box.to_px()
    sheet.pixels[box.y : box.y + box.h, box.x : box.x + box.w * 2 // 3] = 20
    assert read_qr(sheet.page(), zone).reading.value is None


def test_a_signature_is_present_missing_or_unclear() -> None:
    sheet = Sheet(HAND)
    zone = sheet.zone(F.SIGNATURE, ReaderKind.SIGNATURE)
    missing = read_presence(sheet.page(), zone)
    assert [(f.code, f.severity) for f in missing.findings] == [
        (C.SIGNATURE_MISSING, Severity.RETURN)
    ]
    box = zone.box.to_px()
    middle = box.y + box.h // 2
    cv2.line(sheet.pixels, (box.x + 100, middle), (box.x + 150, middle), (40, 40, 40), 5)
    assert read_presence(sheet.page(), zone).reading.value is None
    for i in range(8):
        x = box.x + 200 + 40 * i
        cv2.line(sheet.pixels, (x, middle - 40), (x + 30, middle + 40), (40, 40, 40), 5)
    present = read_presence(sheet.page(), zone)
    assert (present.reading.value, present.findings) == ("1", ())


def test_a_seal_is_found_in_colour_and_in_grey() -> None:
    for grey in (False, True):
        sheet = Sheet(FormName.REPLY_FORM, grey)
        zone = sheet.zone(F.APPLICANT_SEAL, ReaderKind.SEAL)
        assert read_presence(sheet.page(), zone).reading.value == ""
        box = zone.box.to_px()
        centre = (box.x + box.w // 2, box.y + box.h // 2)
        radius = min(box.w, box.h) * 2 // 5
        cv2.circle(sheet.pixels, centre, radius, (52, 46, 205), 7)
        cv2.line(
            sheet.pixels,
            (centre[0], centre[1] - radius),
            (centre[0], centre[1] + radius),
            (52, 46, 205),
            7,
        )
        assert read_presence(sheet.page(), zone).reading.value == "1", grey
