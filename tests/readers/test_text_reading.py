"""The text reader with the real model, on a form written with fonts."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.domain.documents import FieldName as F
from pipeline.domain.documents import FormName
from pipeline.domain.examinations import RegistrationFigures
from pipeline.domain.findings import FindingCode as C
from pipeline.forms.catalogue import Catalogue
from pipeline.forms.definition import ReaderKind, Zone
from pipeline.forms.drawing import blank_raster
from pipeline.imaging.pages import RegisteredPage
from pipeline.model_store import ModelStore
from pipeline.readers.paddle_engine import PaddleRecogniser
from pipeline.readers.text.text_reader import TextReader
from pipeline.samples import stamps
from pipeline.samples.ink import FontInk
from pipeline.samples.writing import Hand, Pen, write_text
from pipeline.settings import REPOSITORY, current

CATALOGUE = Catalogue.load()
FORM = CATALOGUE.get(FormName.APPLICATION_HANDWRITTEN)
PEN = Pen("black", (38, 34, 32), 0.5)
# A place is right where it covers the middle of the character that was drawn there.
PLACE_TOLERANCE_PX = 30


@pytest.fixture(scope="module")
def reader() -> TextReader:
    return TextReader(PaddleRecogniser(ModelStore(REPOSITORY / "models"), current().cache))


def page_with(texts: dict[F, str], *, grey: bool = False, stamp: bool = False) -> RegisteredPage:
    pixels = blank_raster(FORM).copy()
    rng = np.random.default_rng(3)
    for field, text in texts.items():
        zone = zone_of(field)
        box = zone.box.inset(0.6).to_px()
        write_text(
            pixels, text, box, FontInk("Klee One"), Hand(), PEN, rng, lines=zone.lines, size_px=85
        )
        if stamp:
            # Stamp ink is transparent: black strokes stay black under it.
            ring = np.full_like(pixels, 255)
            cv2.circle(ring, (box.x + 200, box.y + 60), 50, (52, 46, 205), 7)
            pixels = (pixels.astype(np.uint16) * ring // 255).astype(np.uint8)
    if grey:
        flat = cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)
        pixels = np.asarray(cv2.cvtColor(flat, cv2.COLOR_GRAY2BGR), np.uint8)
    return RegisteredPage(
        FORM, pixels, np.eye(3), RegistrationFigures(0.5, 100), 1, 300.0, False, (255, 255, 255)
    )


def zone_of(field: F) -> Zone:
    return next(z for z in FORM.zones if z.field == field and z.reader == ReaderKind.TEXT)


TEXTS = {
    F.NAME: "山田 太郎",
    F.ADDRESS: "東京都千代田区丸の内1-2-3",
    F.PHONE: "090-1234-5678",
    F.REPRESENTATIVE_KANA: "やまだ はなこ",
}


@pytest.mark.parametrize("dress", ["plain", "grey", "stamped"])
def test_a_page_of_clear_writing_is_read(reader: TextReader, dress: str) -> None:
    page = page_with(TEXTS, grey=dress == "grey", stamp=dress == "stamped")
    wanted = {**TEXTS, F.PHONE: "09012345678"}
    for field, text in wanted.items():
        reading = reader.read(page, zone_of(field)).reading
        assert (reading.value or "").replace(" ", "") == text.replace(" ", ""), field
        assert 0.0 <= reading.confidence <= 1.0
        assert (
            "".join(c.value for c in reading.characters).replace("-", "") == text.replace("-", "")
            or field == F.ADDRESS
        )
    name = reader.read(page, zone_of(F.NAME)).reading
    assert name.value == "山田 太郎"


def test_characters_know_where_they_stand(reader: TextReader) -> None:
    page = page_with({F.NAME: "山田太郎"})
    zone = zone_of(F.NAME)
    boxes = [c.box_px for c in reader.read(page, zone).reading.characters]
    assert all(b is not None for b in boxes)
    lefts = [b.x for b in boxes if b is not None]
    assert lefts == sorted(lefts)
    area = zone.box.to_px()
    assert all(area.x - PLACE_TOLERANCE_PX <= x <= area.x + area.w for x in lefts)
    assert all(30 < b.w < 160 for b in boxes if b is not None)


def test_a_blank_zone_has_an_empty_value(reader: TextReader) -> None:
    page = page_with({})
    for field, code in ((F.NAME, C.NAME_MISSING), (F.ADDRESS, C.ADDRESS_MISSING)):
        resolved = reader.read(page, zone_of(field))
        assert (resolved.reading.value, resolved.reading.characters) == ("", ())
        assert [f.code for f in resolved.findings] == [code]
    optional = reader.read(page, zone_of(F.PHONE))
    assert (optional.reading.value, optional.reading.accepted) == ("", True)
    assert optional.findings == ()


def test_a_hair_on_the_glass_leaves_a_zone_blank(reader: TextReader) -> None:
    page = page_with({})
    box = zone_of(F.PHONE).box.to_px()
    bent = [(20, 50), (40, 58), (42, 40), (66, 38), (76, 72)]
    points = np.array([(box.x + x, box.y + y) for x, y in bent], np.int32)
    cv2.polylines(page.pixels, [points], False, (110, 110, 110), 1, cv2.LINE_AA)
    assert reader.read(page, zone_of(F.PHONE)).reading.value == ""
    cv2.polylines(page.pixels, [points], False, (60, 60, 60), 5, cv2.LINE_AA)
    assert reader.read(page, zone_of(F.PHONE)).reading.value != ""


def test_an_old_character_is_found_and_never_silently_replaced(reader: TextReader) -> None:
    page = page_with({F.NAME: "山崎 茂"})
    resolved = reader.read(page, zone_of(F.NAME))
    spot = next(c for c in resolved.reading.characters if c.value == "崎")
    assert spot.flagged
    assert "﨑" in [a.value for a in spot.alternatives]
    assert not resolved.reading.accepted
    assert C.NAME_UNREADABLE in [f.code for f in resolved.findings]


def test_an_invented_place_is_unknown(reader: TextReader) -> None:
    page = page_with({F.ADDRESS: "架空県夢見市幻町1-2"})
    resolved = reader.read(page, zone_of(F.ADDRESS))
    assert C.ADDRESS_UNKNOWN in [f.code for f in resolved.findings]
    assert not resolved.reading.accepted


def test_a_reason_for_the_photo_is_no_unreadable_name(reader: TextReader) -> None:
    page = page_with({})
    box = zone_of(F.NAME).box.inset(0.6).to_px()
    rng = np.random.default_rng(4)
    half = box.h // 2
    for i, text in enumerate(("田中 実", "(病気により左目が開かないため)")):
        room = type(box)(box.x, box.y + i * half, box.w, half)
        write_text(page.pixels, text, room, FontInk("Klee One"), Hand(), PEN, rng)
    resolved = reader.read(page, zone_of(F.NAME))
    assert C.PHOTO_EXCEPTION_STATED in [f.code for f in resolved.findings]
    assert (resolved.reading.value or "").replace(" ", "") == "田中実"


def test_a_zone_full_of_ink_has_no_value(reader: TextReader) -> None:
    page = page_with({})
    box = zone_of(F.NAME).box.to_px()
    page.pixels[box.y + 10 : box.y + box.h - 10, box.x + 10 : box.x + box.w - 10] = 20
    resolved = reader.read(page, zone_of(F.NAME))
    assert resolved.reading.value is None
    assert [f.code for f in resolved.findings] == [C.NAME_UNREADABLE]


def test_a_strike_through_print_is_a_correction(reader: TextReader) -> None:
    form = CATALOGUE.get(FormName.APPLICATION_PREPRINTED)
    zone = next(z for z in form.zones if z.field == F.ADDRESS and z.printed)
    pixels = blank_raster(form).copy()
    place = stamps.print_text(
        pixels, "東京都千代田区丸の内1-2-3", zone.box.inset(0.6).to_px(), lines=zone.lines
    )
    assert place is not None
    page = RegisteredPage(
        form, pixels, np.eye(3), RegistrationFigures(0.5, 9), 1, 300.0, False, (255, 255, 255)
    )
    clean = reader.read(page, zone)
    assert C.PRINTED_DATA_CORRECTED not in [f.code for f in clean.findings]
    stamps.strike_out(pixels, place, PEN, np.random.default_rng(1))
    struck = reader.read(page, zone)
    assert C.PRINTED_DATA_CORRECTED in [f.code for f in struck.findings]
    assert not struck.reading.accepted


def test_the_folder_for_the_recogniser_lies_in_the_cache(tmp_path: Path) -> None:
    recogniser = PaddleRecogniser(ModelStore(REPOSITORY / "models"), tmp_path)
    assert recogniser.column_of("山") is not None
    assert recogniser.column_of("﨑") is None
    assert recogniser.columns[0] == ""
    assert (tmp_path / "models" / "PP-OCRv6_small_rec" / "inference.yml").is_file()
    frames = recogniser.posteriors([np.full((48, 200, 3), 255, np.uint8)])[0]
    assert np.allclose(frames.sum(axis=1), 1.0, atol=1e-3)
    assert recogniser.posteriors([np.zeros((0, 0, 3), np.uint8)])[0].shape[0] == 0
