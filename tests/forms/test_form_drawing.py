"""What is on the paper: the PDF, its raster, its cache and its drop-out colours."""

import io
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pypdf import PdfReader

from pipeline.domain.errors import DefectError
from pipeline.domain.geometry import BoxMm
from pipeline.forms import drawing, fonts
from pipeline.forms.catalogue import Catalogue
from pipeline.forms.definition import KINDS_PART, ReaderKind
from pipeline.forms.drawing import blank_raster, draw_pdf, dropout_colours, is_dropout

FORMS = Catalogue.load().forms
DPI = 150
# Anti-aliasing smears a 0.2 mm line over two pixels.
PAPER_RED = 235
EDGE_MM = 0.5


@pytest.fixture(scope="module")
def blanks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    folder = tmp_path_factory.mktemp("blanks")
    return {form.key: blank_raster(form, DPI, folder) for form in FORMS}


def cut(pixels: np.ndarray, box: BoxMm, dpi: int = DPI) -> np.ndarray:
    x, y, w, h = (round(v * dpi / 25.4) for v in (box.x, box.y, box.w, box.h))
    return pixels[y : y + h, x : x + w]


@pytest.mark.parametrize("form", FORMS, ids=lambda f: f.key)
def test_pdf_is_one_a4_page_with_embedded_fonts_and_its_text(form) -> None:
    reader = PdfReader(io.BytesIO(draw_pdf(form)))
    assert len(reader.pages) == 1
    page = reader.pages[0]
    assert [float(v) for v in page.mediabox[2:]] == pytest.approx([595.28, 841.89], abs=0.01)
    for font in page["/Resources"]["/Font"].values():
        descriptor = font.get_object().get("/FontDescriptor")
        if descriptor is not None:
            assert "/FontFile2" in descriptor.get_object()
    text = page.extract_text()
    assert "SAMPLE" in text and "見本・合成データ" in text


def test_the_notice_says_that_it_is_no_application() -> None:
    form = next(f for f in FORMS if f.name == "expiry_notice")
    text = PdfReader(io.BytesIO(draw_pdf(form))).pages[0].extract_text()
    joined = "".join(text.split())
    assert "この通知書は、交付申請書ではないため、郵送しても申請したことにはなりません" in joined


@pytest.mark.parametrize("form", FORMS, ids=lambda f: f.key)
def test_pdf_bytes_are_the_same_in_another_process(form) -> None:
    script = (
        "import hashlib; from pipeline.forms.catalogue import Catalogue; "
        "from pipeline.forms.drawing import draw_pdf; "
        f"print(hashlib.sha256(draw_pdf(Catalogue.load().get({form.key!r}))).hexdigest())"
    )
    other = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(drawing.__file__).parents[2],
    ).stdout.strip()
    import hashlib

    assert hashlib.sha256(draw_pdf(form)).hexdigest() == other
    assert draw_pdf(form) == draw_pdf(form)


def test_raster_has_exactly_the_registered_size(tmp_path: Path) -> None:
    assert blank_raster(FORMS[0], 300, tmp_path).shape == (3508, 2480, 3)


@pytest.mark.parametrize("form", FORMS, ids=lambda f: f.key)
def test_cells_are_drawn_and_empty_and_vanish_in_the_red_channel(form, blanks) -> None:
    pixels = blanks[form.key]
    for zone in form.zones:
        if zone.rule_mm == 0:
            continue
        for cell in zone.cells:
            inside = cut(pixels, cell.inset(EDGE_MM))
            # A mark row names its cells in them, in the colour that drops out.
            named = zone.part == KINDS_PART
            assert (inside[:, :, 2] if named else inside).min() >= (PAPER_RED if named else 250), (
                zone.field
            )
            edge = cut(pixels, BoxMm(cell.x - EDGE_MM, cell.y + 1, 2 * EDGE_MM, cell.h - 2))
            assert edge[:, :, 0].min() < 215, f"no line at {zone.field}"  # blue shows it
            assert edge[:, :, 2].min() >= PAPER_RED, zone.field  # red does not


@pytest.mark.parametrize("form", FORMS, ids=lambda f: f.key)
def test_places_for_writing_hold_nothing_that_red_shows(form, blanks) -> None:
    for zone in form.zones:
        if zone.reader in (ReaderKind.MARKS, ReaderKind.BOXES):
            continue
        assert cut(blanks[form.key], zone.box)[:, :, 2].min() >= PAPER_RED, zone.field


@pytest.mark.parametrize("form", FORMS, ids=lambda f: f.key)
def test_dark_print_on_every_side_for_registration(form, blanks) -> None:
    """In bilevel too, each eighth of the page has print that a matcher can hold."""
    dark = blanks[form.key].min(axis=2) < 110
    height, width = dark.shape
    for row in range(4):
        for column in range(2):
            part = dark[
                row * height // 4 : (row + 1) * height // 4,
                column * width // 2 : (column + 1) * width // 2,
            ]
            assert part.mean() > 0.002, (row, column)


@pytest.mark.parametrize("form", FORMS, ids=lambda f: f.key)
def test_line_and_fill_are_dropout_and_text_is_not(form) -> None:
    light = dropout_colours(form)
    for name in ("line", "fill"):
        assert drawing.colour(form, name) in light
    for name in ("text", "frame", "warn"):
        assert not is_dropout(drawing.colour(form, name))


def test_cache_is_used_and_a_damaged_file_is_drawn_again(tmp_path: Path, monkeypatch) -> None:
    form = FORMS[3]
    first = blank_raster(form, 50, tmp_path)
    (path,) = tmp_path.iterdir()
    calls = []
    real = drawing.draw_pdf
    monkeypatch.setattr(drawing, "draw_pdf", lambda f: calls.append(1) or real(f))
    assert np.array_equal(blank_raster(form, 50, tmp_path), first)
    assert not calls
    path.write_bytes(path.read_bytes()[:100])
    assert np.array_equal(blank_raster(form, 50, tmp_path), first)
    assert len(calls) == 1
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_cache_key_follows_content_and_resolution() -> None:
    form = FORMS[0]
    moved = replace(form, labels=form.labels[:-1])
    keys = {drawing.content_key(f, d) for f in (form, moved) for d in (200, 300)}
    assert len(keys) == 4


def test_a_missing_font_names_the_package(monkeypatch) -> None:
    monkeypatch.setattr(fonts, "_ask_fontconfig", lambda family: None)
    monkeypatch.setattr(fonts, "_FOLDERS", (Path("/nonexistent"),))
    fonts.find_font.cache_clear()
    try:
        with pytest.raises(DefectError) as caught:
            fonts.find_font("gothic")
    finally:
        fonts.find_font.cache_clear()
    assert caught.value.code == "FONT_MISSING"
    assert "fonts-ipaexfont" in caught.value.remedy_en


def test_fonts_are_found_without_fontconfig(monkeypatch) -> None:
    monkeypatch.setattr(fonts, "_ask_fontconfig", lambda family: None)
    fonts.find_font.cache_clear()
    try:
        assert fonts.find_font("mincho").name == "ipaexm.ttf"
    finally:
        fonts.find_font.cache_clear()
