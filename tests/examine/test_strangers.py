"""Pages that are no form, and sheets fed together: each told for what it is, with real models."""

import dataclasses
import io
from dataclasses import fields

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from pipeline.domain.documents import Channel, FormName, Route
from pipeline.domain.finding_details import details
from pipeline.domain.findings import FindingCode
from pipeline.domain.page_kinds import PageKind
from pipeline.domain.separators import Separator
from pipeline.examine.document import examine_file, examine_page
from pipeline.examine.double_feeds import page_length_mm
from pipeline.examine.engine import Engine
from pipeline.examine.grouping import kind_of
from pipeline.forms.drawing import blank_raster
from pipeline.forms.separator_sheet import draw_separator
from pipeline.imaging.decoding import decode
from pipeline.imaging.gate import Doubts
from pipeline.imaging.pages import PageImage
from pipeline.imaging.patches import is_dark
from pipeline.samples.bad_files import blank_page, letter_page
from pipeline.samples.files import write_scans
from pipeline.samples.other_pages import OTHER_PAGES, dark_page, fed_together
from pipeline.samples.paper import Mode, PaperSpec, Scan, scan

GREY = PaperSpec(dpi=150, mode=Mode.GREY, skew_deg=0.8, noise=0.5, surround=250)


def _page(pixels: np.ndarray, spec: PaperSpec = GREY, seed: int = 5) -> PageImage:
    scanned = scan(pixels, spec, np.random.default_rng(seed))
    return PageImage(scanned.pixels, 1, float(scanned.dpi), scanned.bilevel)


def _evidence(engine: Engine, page: PageImage) -> tuple[Route, list[dict]]:
    examined = examine_page(engine, page, Channel.MAIL, name="x").examination
    return examined.route, [{"code": f.code, **dict(f.evidence)} for f in examined.findings]


@pytest.mark.parametrize("name", [*OTHER_PAGES, "letter"])
def test_each_kind_of_page_is_told(engine: Engine, name: str) -> None:
    kind, draw = OTHER_PAGES.get(name, ("letter", letter_page))
    route, (said,) = _evidence(engine, _page(draw(np.random.default_rng(11))))
    assert (route, said["code"], said["kind"]) == (
        Route.QUARANTINE,
        FindingCode.FORM_UNKNOWN,
        kind,
    )


def test_a_page_that_is_not_lined_up_says_why(engine: Engine) -> None:
    blank = blank_raster(engine.catalogue.get(FormName.REPLY_FORM.value))
    torn = np.ascontiguousarray(blank[: blank.shape[0] * 6 // 10])
    examined = examine_page(engine, _page(torn), Channel.MAIL, name="x").examination
    (poor,) = (f for f in examined.findings if f.code == FindingCode.REGISTRATION_POOR)
    evidence = dict(poor.evidence)
    assert evidence["nearest_form"] == "reply_form"
    assert "zone_off_the_scan" in str(evidence["why"]).split()
    said = details(poor.code, evidence)
    assert len(said) == len(str(evidence["why"]).split()), "each of them in words"
    assert "A field lies beyond the edge of the image." in [words.en for words in said]


def test_everything_that_the_gate_can_say_has_words() -> None:
    names = Doubts(*[np.inf] * 4, agreement=0.0, rival_px=np.inf).names
    assert len(names) == len(fields(Doubts))
    assert len(details(FindingCode.REGISTRATION_POOR, {"why": " ".join(names)})) == len(names)


def test_a_form_seen_through_its_back_shows_no_pins(engine: Engine) -> None:
    form = engine.catalogue.get(FormName.REPLY_FORM.value)
    through = (255 - (255 - blank_raster(form)[:, ::-1].astype(int)) // 2).astype(np.uint8)
    examined = examine_page(engine, _page(through), Channel.COUNTER, name="x")
    assert kind_of(examined.examination) == PageKind.FORM_BACK
    assert dict(examined.examination.findings[0].evidence)["nearest_form"] == "reply_form"
    assert examined.page_picture is None, "its PINs may show through"


def test_a_dark_page_is_never_taken_for_an_empty_back(engine: Engine) -> None:
    black = np.zeros((1754, 1240, 3), np.uint8)
    for pixels in (black, np.full_like(black, 35), dark_page(np.random.default_rng(2))):
        route, (said,) = _evidence(engine, PageImage(pixels, 1, 150.0))
        assert route == Route.QUARANTINE
        assert (said["code"], said["kind"]) == (FindingCode.FORM_UNKNOWN, "dark")
    assert not is_dark(blank_page())
    framed = black.copy()
    framed[40:-40, 40:-40] = 245
    assert not is_dark(framed), "a light sheet on a dark ground"


def _separator_page() -> tuple[Separator, np.ndarray]:
    separator = Separator("0123456789abcdef", Channel.MAIL, 1)
    (page,) = decode(draw_separator(separator), max_pages=1)
    return separator, page.pixels


def test_a_file_with_a_separator_gives_its_documents_and_the_tally(engine: Engine) -> None:
    _, sheet = _separator_page()
    pages = (sheet, letter_page(np.random.default_rng(1)), blank_page(), sheet)
    scans = [scan(p, GREY, np.random.default_rng(n)) for n, p in enumerate(pages)]
    content = _tiff(scans)
    examining = examine_file(engine, content, Channel.MAIL, name="x")
    documents = []
    while True:
        try:
            documents.append(next(examining))
        except StopIteration as end:
            tally = end.value
            break
    assert [d.examination.page for d in documents] == [2]
    assert (tally.pages, tally.separators, tally.blank_backs, tally.unreconciled) == (4, 2, 1, 1)
    assert tally.balanced


def _tiff(scans: list[Scan]) -> bytes:
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scan.tif"
        write_scans(path, scans)
        return path.read_bytes()


def test_a_separator_printed_on_a_form_does_not_make_one_of_it(engine: Engine) -> None:
    _, sheet = _separator_page()
    form = engine.catalogue.get(FormName.EXPIRY_NOTICE.value)
    page = blank_raster(form).copy()
    small = sheet[40:1000, 840:1640][::2, ::2]
    page[-small.shape[0] - 700 : -700, 60 : 60 + small.shape[1]] = small
    scans = [scan(page, GREY, np.random.default_rng(3))]
    (document,) = examine_file(engine, _tiff(scans), Channel.MAIL, name="x")
    assert document.examination.form == FormName.EXPIRY_NOTICE


@pytest.mark.parametrize("shift_mm", [0.0, 40.0])
def test_a_page_that_is_too_long_is_told(engine: Engine, shift_mm: float) -> None:
    notice = blank_raster(engine.catalogue.get(FormName.EXPIRY_NOTICE.value))
    pages = fed_together(notice, notice, shift_mm) if shift_mm else notice
    _, said = _evidence(engine, _page(pages))
    told = [s for s in said if s["code"] == FindingCode.DOUBLE_FEED_SUSPECTED]
    assert [s["reason"] for s in told] == (["page_too_long"] if shift_mm else [])


def test_two_forms_on_one_image_are_told(engine: Engine) -> None:
    notice = blank_raster(engine.catalogue.get(FormName.EXPIRY_NOTICE.value))
    other = blank_raster(engine.catalogue.get(FormName.APPLICATION_PREPRINTED.value))
    _, said = _evidence(engine, _page(np.hstack([notice, other])))
    told = [s["reason"] for s in said if s["code"] == FindingCode.DOUBLE_FEED_SUSPECTED]
    assert told == ["two_forms"]


def test_a_wrong_resolution_makes_no_long_page(engine: Engine) -> None:
    notice = blank_raster(engine.catalogue.get(FormName.EXPIRY_NOTICE.value))
    page = dataclasses.replace(_page(notice), dpi=120.0)  # a lie: it was scanned at 150
    registered = engine.registrar.register(page)
    length = page_length_mm(page, registered)  # type: ignore[arg-type]
    assert length is not None and 290 < length < 305


def _numbered(numbers: list[tuple[int, int]]) -> bytes:
    sink = io.BytesIO()
    with TiffImagePlugin.AppendingTiffWriter(sink, True) as file:
        for pair in numbers:
            Image.new("L", (200, 280), 250).save(file, "TIFF", tiffinfo={297: pair})
            file.newFrame()
        return sink.getvalue()


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ([(4, 0), (5, 0), (7, 0)], [4, 5, 7]),
        ([(0, 1), (0, 1), (0, 1)], [None, None, None]),
    ],
)
def test_numbers_of_a_tiff_are_read_where_it_is_numbered(written: list, read: list) -> None:
    pages = decode(_numbered(written), max_pages=9)
    assert [p.sequence for p in pages] == read
