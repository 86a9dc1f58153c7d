"""The scan embedded in a PDF page that shows exactly one full-page image and nothing else."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image
from pypdf import PageObject
from pypdf.generic import ContentStream, IndirectObject

from pipeline.domain.errors import InputError
from pipeline.imaging.pages import Pixels
from pipeline.imaging.raster_pages import check_size, to_bgr

_COVERS = 0.97  # of the page's width and height; scanners leave a hair's breadth
_POINTS_PER_INCH = 72.0
_INVISIBLE_TEXT = 3  # text rendering mode of the layer that "searchable PDF" scanners add
_STATE_OPERATORS = frozenset(
    b"gs ri i w J j M d BMC BDC EMC MP DP BT ET Tc Tw Tz TL Tf Ts Td TD Tm T* "
    b"g G rg RG k K cs CS sc SC scn SCN n".split()
)
_TEXT_OPERATORS = frozenset([b"Tj", b"TJ", b"'", b'"'])
_Matrix = tuple[float, float, float, float, float, float]


@dataclass(frozen=True, slots=True)
class EmbeddedScan:
    """The page's one image, upright; ``dpi`` from its size on the page."""

    pixels: Pixels
    dpi: float
    bilevel: bool


def embedded_scan(page: PageObject, max_megapixels: int) -> EmbeddedScan | None:
    """The page's image where it is the whole page, or None where the page must be rendered.

    Raises:
        InputError: ``FILE_TOO_LARGE`` where the image itself is over the limit.
    """
    try:
        found = _only_image(page)
        if found is None:
            return None
        image, width_pt, height_pt = found
        width_px, height_px = int(image["/Width"]), int(image["/Height"])
        check_size(width_px, height_px, max_megapixels)
        dpi_x = width_px / (width_pt / _POINTS_PER_INCH)
        dpi_y = height_px / (height_pt / _POINTS_PER_INCH)
        if not 0.97 <= dpi_x / dpi_y <= 1.03:
            return None  # fax pixels are not square; poppler makes them so
        taken = _pixels(image, width_px, height_px)
        if taken is None:
            return None
        pixels, bilevel = taken
        turns = (int(page.get("/Rotate", 0)) // 90) % 4
        if turns:
            pixels = np.ascontiguousarray(np.rot90(pixels, -turns))
        return EmbeddedScan(pixels, (dpi_x + dpi_y) / 2, bilevel)
    except InputError:
        raise
    except Exception:  # anything odd: poppler decides what this page looks like
        return None


def _only_image(page: PageObject) -> tuple[Any, float, float] | None:
    if page.get("/Annots") or float(page.get("/UserUnit", 1.0)) != 1.0:
        return None
    resources: Any = page.get("/Resources")
    objects: Any = _resolved(_resolved(resources).get("/XObject"))
    contents = page.get_contents()
    if objects is None or contents is None or len(contents.get_data()) > 1 << 20:
        return None
    drawn = _drawn(ContentStream(contents, page.pdf))
    if drawn is None:
        return None
    name, matrix = drawn
    image = _resolved(objects[name])
    a, b, c, d, e, f = matrix
    box = page.mediabox
    width_pt, height_pt = float(box.width), float(box.height)
    upright = abs(b) < 1e-3 * a and abs(c) < 1e-3 * d if a > 0 and d > 0 else False
    slack_x, slack_y = (1 - _COVERS) * width_pt, (1 - _COVERS) * height_pt
    covers = (
        e - float(box.left) <= slack_x
        and f - float(box.bottom) <= slack_y
        and float(box.right) - (e + a) <= slack_x
        and float(box.top) - (f + d) <= slack_y
    )
    if not upright or not covers or image.get("/Subtype") != "/Image":
        return None
    return image, a, d


def _drawn(stream: ContentStream) -> tuple[str, _Matrix] | None:
    """The name and matrix of the only thing painted, or None where more is visible."""
    matrix: _Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
    stack: list[tuple[_Matrix, int]] = []
    render_mode = 0
    painted: tuple[str, _Matrix] | None = None
    for operands, operator in stream.operations:
        if operator == b"q":
            stack.append((matrix, render_mode))
        elif operator == b"Q":
            matrix, render_mode = stack.pop()
        elif operator == b"cm":
            matrix = _product(tuple(float(v) for v in operands), matrix)
        elif operator == b"Do":
            if painted is not None:
                return None
            painted = (str(operands[0]), matrix)
        elif operator == b"Tr":
            render_mode = int(operands[0])
        elif operator in _TEXT_OPERATORS:
            if render_mode != _INVISIBLE_TEXT:
                return None
        elif operator not in _STATE_OPERATORS:
            return None  # a path, a clip, an inline image, a shading
    return painted


def _product(inner: tuple[float, ...], outer: _Matrix) -> _Matrix:
    a, b, c, d, e, f = inner
    g, h, i, j, k, m = outer
    return (
        a * g + b * i,
        a * h + b * j,
        c * g + d * i,
        c * h + d * j,
        e * g + f * i + k,
        e * h + f * j + m,
    )


def _resolved(value: Any) -> Any:
    return value.get_object() if isinstance(value, IndirectObject) else value


def _pixels(image: Any, width_px: int, height_px: int) -> tuple[Pixels, bool] | None:
    if any(image.get(key) is not None for key in ("/SMask", "/Mask")) or image.get("/ImageMask"):
        return None
    filters = _resolved(image.get("/Filter"))
    names = [filters] if isinstance(filters, str) else list(filters or [])
    decode = _resolved(image.get("/Decode"))
    if names == ["/DCTDecode"] and decode is None:
        return _jpeg(image, width_px, height_px)
    if names == ["/CCITTFaxDecode"]:
        return _fax(image, width_px, height_px, decode)
    if names in ([], ["/FlateDecode"]) and decode is None:
        return _plain(image, width_px, height_px)
    return None


def _jpeg(image: Any, width_px: int, height_px: int) -> tuple[Pixels, bool] | None:
    if _resolved(image.get("/ColorSpace")) not in ("/DeviceRGB", "/DeviceGray") and not _is_icc(
        image
    ):
        return None
    opened = Image.open(io.BytesIO(image._data), formats=("JPEG",))
    if opened.size != (width_px, height_px) or opened.mode not in ("RGB", "L"):
        return None  # CMYK and Adobe transforms are poppler's business
    return to_bgr(opened), False


def _is_icc(image: Any) -> bool:
    space = _resolved(image.get("/ColorSpace"))
    return isinstance(space, list) and bool(space) and space[0] == "/ICCBased"


def _fax(image: Any, width_px: int, height_px: int, decode: Any) -> tuple[Pixels, bool] | None:
    parameters = _resolved(image.get("/DecodeParms")) or {}
    if isinstance(parameters, list):
        parameters = _resolved(parameters[0]) or {}
    k = int(parameters.get("/K", 0))
    odd = parameters.get("/EncodedByteAlign") or int(parameters.get("/Columns", 1728)) != width_px
    if k >= 0 or odd or int(image.get("/BitsPerComponent", 1)) != 1:
        return None
    flipped = decode is not None and [float(v) for v in decode] == [1.0, 0.0]
    black_is_1 = bool(parameters.get("/BlackIs1", False))
    fax = _tiff_of_fax(bytes(image._data), width_px, height_px)
    grey = np.asarray(Image.open(io.BytesIO(fax), formats=("TIFF",)).convert("L"))
    # In PDF a decoded 0 is black unless BlackIs1; Decode [1 0] turns it once more.
    if black_is_1 != flipped:
        grey = 255 - grey
    return to_bgr(Image.fromarray(grey)), True


def _tiff_of_fax(fax: bytes, width_px: int, height_px: int) -> bytes:
    """A Group 4 stream in the smallest TIFF that holds it (photometric 0: white is zero)."""
    tags = [
        (256, 4, width_px),
        (257, 4, height_px),
        (258, 3, 1),
        (259, 3, 4),
        (262, 3, 0),
        (273, 4, 8 + 2 + 9 * 12 + 4),
        (277, 3, 1),
        (278, 4, height_px),
        (279, 4, len(fax)),
    ]
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    return b"II*\x00" + struct.pack("<IH", 8, len(tags)) + entries + struct.pack("<I", 0) + fax


def _plain(image: Any, width_px: int, height_px: int) -> tuple[Pixels, bool] | None:
    space = _resolved(image.get("/ColorSpace"))
    bits = int(image.get("/BitsPerComponent", 8))
    raw = np.frombuffer(image.get_data(), dtype=np.uint8)
    if space == "/DeviceRGB" and bits == 8 and raw.size >= width_px * height_px * 3:
        rgb = raw[: width_px * height_px * 3].reshape(height_px, width_px, 3)
        return np.ascontiguousarray(rgb[:, :, ::-1]), False
    if space == "/DeviceGray" and bits == 8 and raw.size >= width_px * height_px:
        grey = raw[: width_px * height_px].reshape(height_px, width_px)
        return to_bgr(Image.fromarray(grey)), False
    row_bytes = (width_px + 7) // 8
    if space == "/DeviceGray" and bits == 1 and raw.size >= row_bytes * height_px:
        rows = raw[: row_bytes * height_px].reshape(height_px, row_bytes)
        grey = np.unpackbits(rows, axis=1)[:, :width_px] * np.uint8(255)
        return to_bgr(Image.fromarray(grey)), True
    return None
