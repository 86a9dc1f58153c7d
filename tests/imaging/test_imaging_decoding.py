from __future__ import annotations

import io
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from imaging_files import BAD_FILES, pdf_bomb, pdf_of_pages, pdf_of_scans, picture, saved
from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.generic import NameObject, NumberObject

from pipeline.domain.errors import InputError
from pipeline.imaging.decoding import decode, kind_of
from pipeline.imaging.inspection import inspect

LIMITS = {"max_pages": 400, "max_megapixels": 120, "max_file_mib": 200}


def pages(data: bytes) -> list:
    return list(decode(data, **LIMITS))


def bgr(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGB"))[:, :, ::-1]


GROWTH_MIB = 60  # of 3,000 pages that are 0.7 GB unpacked
_DECODES_ALL = """
import resource, sys
from pipeline.imaging.decoding import decode
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
with open(sys.argv[1], "rb") as source:
    data = source.read()
early = 0
for number, page in enumerate(decode(data, max_pages=4000), 1):
    early = peak() if number == 100 else early
print(number, page.pixels.shape[0], early, peak())
"""


def test_three_thousand_pages_in_one_pdf_take_bounded_memory(tmp_path):
    file = tmp_path / "feeder.pdf"
    file.write_bytes(pdf_of_scans(3000, 413, 585))
    done = subprocess.run(
        [sys.executable, "-c", _DECODES_ALL, str(file)], capture_output=True, text=True, check=True
    )
    count, height, early_mib, peak_mib = (int(v) for v in done.stdout.split())
    assert (count, height) == (3000, 585)
    assert peak_mib - early_mib < GROWTH_MIB


@pytest.mark.parametrize("fault", BAD_FILES)
def test_bad_files_are_named(fault):
    data, code = BAD_FILES[fault]
    with pytest.raises(InputError) as caught:
        pages(data)
    assert caught.value.code == code
    assert caught.value.ja and caught.value.en and caught.value.remedy_ja


@pytest.mark.parametrize("fault", BAD_FILES)
def test_inspection_agrees_with_decoding_where_headers_tell(fault):
    data, code = BAD_FILES[fault]
    if fault == "truncated tiff":
        code = "FILE_TRUNCATED"
    with pytest.raises(InputError) as caught:
        inspect(io.BytesIO(data), **LIMITS)
    assert caught.value.code == code


def test_bombs_do_not_take_memory():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for data in (BAD_FILES["png bomb"][0], pdf_bomb()):
        with pytest.raises(InputError) as caught:
            pages(data)
        assert caught.value.code == "FILE_TOO_LARGE"
    grown_mib = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown_mib < 150


def test_a_large_file_is_refused_unread(tmp_path):
    path = tmp_path / "山田太郎.pdf"
    with path.open("wb") as file:
        file.truncate(300 << 20)
    with pytest.raises(InputError) as caught:
        list(decode(path, **LIMITS))
    assert caught.value.code == "FILE_TOO_LARGE"
    assert "山田" not in str(caught.value)


def test_a_missing_file_does_not_say_its_name():
    with pytest.raises(InputError) as caught:
        list(decode(Path("/nowhere/山田太郎.pdf"), **LIMITS))
    assert caught.value.code == "FILE_MISSING" and "山田" not in str(caught.value)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize("mode", ["1", "L", "RGB", "P", "RGBA"])
def test_lossless_kinds_give_the_very_pixels(kind, mode):
    image = picture().convert(mode)
    (page,) = pages(saved(image, kind, dpi=(240, 240)))
    assert np.array_equal(page.pixels, bgr(image))
    assert page.dpi == pytest.approx(240, abs=0.1)
    assert page.bilevel == (mode == "1")


def test_transparency_lies_on_white():
    (page,) = pages(saved(Image.new("RGBA", (40, 40), (0, 0, 0, 0)), "PNG"))
    assert page.pixels.min() == 255


def test_a_tiff_has_all_its_pages_in_order():
    images = [picture(seed=s).convert("1") for s in range(5)]
    data = saved(
        images[0],
        "TIFF",
        save_all=True,
        append_images=images[1:],
        compression="group4",
        dpi=(200, 200),
    )
    got = pages(data)
    assert [p.number for p in got] == [1, 2, 3, 4, 5]
    assert all(np.array_equal(p.pixels, bgr(i)) for p, i in zip(got, images, strict=True))


def test_fax_pixels_become_square():
    (page,) = pages(saved(picture(1728, 1100).convert("1"), "TIFF", dpi=(204, 98)))
    height, width = page.pixels.shape[:2]
    assert width == 1728 and height == pytest.approx(1100 * 204 / 98, abs=2)
    assert page.dpi == pytest.approx(204, abs=0.1)


@pytest.mark.parametrize("orientation, turns", [(3, 2), (6, 3), (8, 1)])
def test_exif_orientation_is_undone(orientation, turns):
    image = picture(320, 480)
    exif = Image.Exif()
    exif[274] = orientation
    (page,) = pages(saved(image, "JPEG", quality=98, exif=exif))
    upright = np.rot90(bgr(image), turns)
    assert page.pixels.shape == upright.shape
    assert np.abs(page.pixels.astype(int) - upright).mean() < 8


@pytest.mark.parametrize("mode, bilevel", [("1", True), ("L", False), ("RGB", False)])
def test_a_pdf_that_is_one_image_gives_the_image_itself(mode, bilevel):
    image = picture(827, 1169).convert(mode)
    (page,) = pages(saved(image, "PDF", resolution=100))
    assert page.pixels.shape == (1169, 827, 3)  # not resampled to 300 dpi
    assert page.dpi == pytest.approx(100, abs=0.5)
    assert page.bilevel == bilevel
    tolerance = 0 if bilevel else 12  # chroma is stored at half the resolution
    assert np.abs(page.pixels.astype(int) - bgr(image)).mean() <= tolerance


def test_a_turned_pdf_page_is_turned():
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(saved(picture(827, 1169), "PDF"))))
    writer.pages[0][NameObject("/Rotate")] = NumberObject(90)
    sink = io.BytesIO()
    writer.write(sink)
    (page,) = pages(sink.getvalue())
    assert page.pixels.shape[:2] == (827, 1169)
    turned = np.rot90(bgr(picture(827, 1169)), -1)
    assert np.abs(page.pixels.astype(int) - turned).mean() < 12


def test_a_drawn_pdf_page_is_rendered_at_300_dpi():
    got = pages(pdf_of_pages(2))
    assert [p.number for p in got] == [1, 2]
    assert got[0].dpi == 300
    assert got[0].pixels.shape[:2] == pytest.approx((842 / 72 * 300, 595 / 72 * 300), abs=1)


def test_an_image_with_something_drawn_over_it_is_rendered():
    base = PdfReader(io.BytesIO(saved(picture(827, 1169), "PDF", resolution=100)))
    writer = PdfWriter(clone_from=base)
    page = writer.pages[0]
    from pypdf.generic import DecodedStreamObject

    extra = DecodedStreamObject()
    extra.set_data(page.get_contents().get_data() + b"\n0 0 0 rg 0 0 300 300 re f")
    page[NameObject("/Contents")] = writer._add_object(extra)
    sink = io.BytesIO()
    writer.write(sink)
    (got,) = pages(sink.getvalue())
    assert got.dpi == 300 and got.pixels[-100, 100].max() < 10


def test_no_temporary_file_is_left(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    pages(pdf_of_pages(2))
    pages(saved(picture(), "PDF"))
    assert list(tmp_path.iterdir()) == []


def test_too_many_pages_are_refused_before_the_first():
    with pytest.raises(InputError) as caught:
        next(decode(pdf_of_pages(12), max_pages=10, max_megapixels=120))
    assert caught.value.code == "FILE_TOO_LARGE"


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damage_never_raises_anything_but_input_errors(data):
    kind, options = data.draw(
        st.sampled_from(
            [("PDF", {}), ("TIFF", {"compression": "tiff_lzw"}), ("JPEG", {}), ("PNG", {})]
        )
    )
    whole = bytearray(saved(picture(120, 160), kind, **options))
    for _ in range(data.draw(st.integers(1, 12))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        for page in decode(bytes(whole), max_pages=10, max_megapixels=20):
            assert page.pixels.dtype == np.uint8 and page.pixels.ndim == 3
    except InputError as error:
        assert error.code.startswith("FILE_")


def test_kinds_are_told_by_their_first_bytes():
    assert [kind_of(saved(picture(), k)) for k in ("PDF", "TIFF", "JPEG", "PNG")] == [
        "pdf",
        "tiff",
        "jpeg",
        "png",
    ]
    assert kind_of(b"GIF89a") is None
