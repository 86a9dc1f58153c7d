"""TIFF (many pages, CCITT and all), JPEG and PNG to page images."""

from __future__ import annotations

import dataclasses
import io
import warnings
from collections.abc import Iterator
from typing import Literal

import cv2
import numpy as np
from PIL import Image, ImageOps

from pipeline.domain.errors import InputError
from pipeline.imaging.faults import file_fault
from pipeline.imaging.pages import PageImage, Pixels
from pipeline.imaging.sequence import tiff_numbers

MIN_SIDE_PX = 8
MAX_SIDE_PX = 65_000
_TIFF_STRIP_OFFSETS, _TIFF_STRIP_COUNTS = 273, 279
_TIFF_TILE_OFFSETS, _TIFF_TILE_COUNTS = 324, 325
_BIG_TIFF = 43
_TRAILER_BYTES = 65_536  # cameras and scanners append their own blocks after the end mark
_SQUARE_WITHIN = 1.03  # fax pixels are 204 x 98 dpi; anything nearer to square is left alone


def check_size(width_px: int, height_px: int, max_megapixels: int) -> None:
    """Refuse a page by its size before it is decoded.

    Raises:
        InputError: ``FILE_TOO_LARGE``, or ``FILE_TOO_THIN`` for a page thinner than
            ``MIN_SIDE_PX``, which holds no form.
    """
    if min(width_px, height_px) < MIN_SIDE_PX:
        raise file_fault("FILE_TOO_THIN", f"{width_px} x {height_px} px")
    if max(width_px, height_px) > MAX_SIDE_PX or width_px * height_px > max_megapixels * 1e6:
        raise file_fault(
            "FILE_TOO_LARGE", f"{width_px} x {height_px} px > {max_megapixels} megapixels"
        )


def raster_pages(
    data: bytes, kind: str, *, max_pages: int, max_megapixels: int
) -> Iterator[PageImage]:
    """The pages of a TIFF, JPEG or PNG.

    Raises:
        InputError: ``FILE_UNREADABLE``, ``FILE_TRUNCATED``, ``FILE_TOO_LARGE``.
    """
    image, frames = _opened(data, kind, max_pages, max_megapixels)
    with _quiet():
        numbers = tiff_numbers(image, frames)
    for index in range(frames):
        page = _frame(image, index, kind, len(data), max_megapixels)
        yield dataclasses.replace(page, sequence=numbers[index])


def raster_page_count(data: bytes, kind: str, max_pages: int, max_megapixels: int) -> int:
    """The number of pages of a TIFF, JPEG or PNG whose headers are sound.

    Raises:
        InputError: As ``raster_pages``.
    """
    image, frames = _opened(data, kind, max_pages, max_megapixels)
    with _quiet():
        try:
            for index in range(frames):
                if kind == "tiff":
                    image.seek(index)
                    _check_tiff_extent(image, len(data))
                check_size(image.width, image.height, max_megapixels)
        except Exception as error:  # decoders raise anything on broken bytes
            raise _fault_of(error) from None
    if kind == "jpeg" and b"\xff\xd9" not in data[-_TRAILER_BYTES:]:
        raise file_fault("FILE_TRUNCATED")
    if kind == "png" and b"IEND" not in data[-_TRAILER_BYTES:]:
        raise file_fault("FILE_TRUNCATED")
    return frames


def _opened(data: bytes, kind: str, max_pages: int, max_megapixels: int) -> tuple[Image.Image, int]:
    with _quiet():
        try:
            image = Image.open(io.BytesIO(data), formats=(kind.upper(),))
            frames = int(getattr(image, "n_frames", 1)) if kind == "tiff" else 1
        except Image.DecompressionBombError:
            raise file_fault("FILE_TOO_LARGE", f"> {max_megapixels} megapixels") from None
        except Exception as error:  # decoders raise anything on broken bytes
            if kind == "tiff" and _directory_beyond_end(data):
                raise file_fault("FILE_TRUNCATED") from None
            raise _fault_of(error) from None
    if frames > max_pages:
        raise file_fault("FILE_TOO_LARGE", f"{frames} > {max_pages} pages")
    return image, frames


def _directory_beyond_end(data: bytes) -> bool:
    # Many writers put the directory after the pixels, so that a cut takes it first.
    order: Literal["little", "big"] = "little" if data[:1] == b"I" else "big"
    big = int.from_bytes(data[2:4], order) == _BIG_TIFF
    offset = data[8:16] if big else data[4:8]
    return int.from_bytes(offset, order) + 2 > len(data)


def _frame(
    image: Image.Image, index: int, kind: str, data_length: int, max_megapixels: int
) -> PageImage:
    with _quiet():
        try:
            if kind == "tiff":
                image.seek(index)
                _check_tiff_extent(image, data_length)
            check_size(image.width, image.height, max_megapixels)
            dpi_x, dpi_y = _stated_dpi(image)
            bilevel = image.mode == "1"
            image.load()
            upright = ImageOps.exif_transpose(image)
            if upright.size != image.size:
                dpi_x, dpi_y = dpi_y, dpi_x
            pixels = to_bgr(upright)
        except InputError:
            raise
        except Image.DecompressionBombError:
            raise file_fault("FILE_TOO_LARGE", f"> {max_megapixels} megapixels") from None
        except Exception as error:  # decoders raise anything on broken bytes
            raise _fault_of(error) from None
    pixels, dpi = _with_square_pixels(pixels, dpi_x, dpi_y, max_megapixels)
    return PageImage(pixels=pixels, number=index + 1, dpi=dpi, bilevel=bilevel)


def to_bgr(image: Image.Image) -> Pixels:
    """A PIL image of any mode as H x W x 3 BGR uint8; transparency lies on white paper."""
    if image.mode.startswith("I;16"):
        deep = np.asarray(image).astype(np.uint16)
        return cv2.cvtColor((deep >> 8).astype(np.uint8), cv2.COLOR_GRAY2BGR).astype(np.uint8)
    if image.mode in ("I", "F"):
        wide = np.asarray(image, dtype=np.float64)
        top = 65535.0 if image.mode == "I" else max(1.0, float(wide.max(initial=1.0)))
        grey = np.clip(wide * (255.0 / top), 0, 255).astype(np.uint8)
        return np.ascontiguousarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR).astype(np.uint8))
    if image.mode in ("1", "L"):
        grey = np.asarray(image.convert("L"))
        return np.ascontiguousarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR).astype(np.uint8))
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        over = image.convert("RGBA")
        paper = Image.new("RGBA", over.size, (255, 255, 255, 255))
        image = Image.alpha_composite(paper, over)
    rgb = np.asarray(image.convert("RGB"))
    return np.ascontiguousarray(rgb[:, :, ::-1])


def _stated_dpi(image: Image.Image) -> tuple[float | None, float | None]:
    stated = image.info.get("dpi")
    try:
        x, y = (float(stated[0]), float(stated[1])) if stated else (0.0, 0.0)
    except (TypeError, ValueError, IndexError, ZeroDivisionError):
        return None, None
    return (x, y) if 20 <= x <= 4800 and 20 <= y <= 4800 else (None, None)


def _with_square_pixels(
    pixels: Pixels, dpi_x: float | None, dpi_y: float | None, max_megapixels: int
) -> tuple[Pixels, float | None]:
    if dpi_x is None or dpi_y is None:
        return pixels, None
    ratio = dpi_x / dpi_y
    if 1 / _SQUARE_WITHIN <= ratio <= _SQUARE_WITHIN:
        return pixels, (dpi_x + dpi_y) / 2
    if not 0.25 <= ratio <= 4:
        return pixels, None
    height, width = pixels.shape[:2]
    if ratio > 1:
        height = round(height * ratio)
    else:
        width = round(width / ratio)
    check_size(width, height, max_megapixels)
    square = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_LINEAR)
    return square.astype(np.uint8, copy=False), max(dpi_x, dpi_y)


def _check_tiff_extent(image: Image.Image, data_length: int) -> None:
    # libtiff fills what is missing with nothing; the strip table says what should be there.
    tags = getattr(image, "tag_v2", None)
    if tags is None:
        return
    for offsets_tag, counts_tag in (
        (_TIFF_STRIP_OFFSETS, _TIFF_STRIP_COUNTS),
        (_TIFF_TILE_OFFSETS, _TIFF_TILE_COUNTS),
    ):
        offsets, counts = tags.get(offsets_tag), tags.get(counts_tag)
        if not offsets or not counts:
            continue
        offsets = offsets if isinstance(offsets, tuple) else (offsets,)
        counts = counts if isinstance(counts, tuple) else (counts,)
        if any(o + c > data_length for o, c in zip(offsets, counts, strict=False)):
            raise file_fault("FILE_TRUNCATED")


def _fault_of(error: Exception) -> InputError:
    if isinstance(error, InputError):
        return error
    if isinstance(error, MemoryError):
        return file_fault("FILE_TOO_LARGE")
    text = str(error).lower()
    early = "truncated" in text or "not enough data" in text or isinstance(error, EOFError)
    return file_fault("FILE_TRUNCATED" if early else "FILE_UNREADABLE")


class _quiet(warnings.catch_warnings):  # noqa: N801  (reads as a statement)
    """PIL warns about odd tags and large images on stderr; our own checks have said it all."""

    def __enter__(self) -> None:
        super().__enter__()
        warnings.simplefilter("ignore")
