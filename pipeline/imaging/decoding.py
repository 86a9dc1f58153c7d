"""From a file's bytes to images of pages, one at a time.

The kind of a file is told by its first bytes, never by its name. Sizes are checked in the header,
before any pixel is decoded, so that a small file cannot unfold into a full memory. Nothing is
written to disk: a PDF in memory reaches poppler through an anonymous file descriptor.

Accepted residual risk: the image libraries (libjpeg-turbo, libtiff, libpng, poppler) parse hostile
bytes; poppler does it in a child process with a time limit, the others in the worker.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pipeline.imaging.faults import file_fault
from pipeline.imaging.pages import PageImage
from pipeline.imaging.pdf_pages import pdf_pages
from pipeline.imaging.raster_pages import raster_pages

_PDF_HEADER_WITHIN = 1024  # ISO 32000-1, Annex H.3.4.1: readers accept it anywhere in there
_TIFF_MAGICS = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")


def kind_of(data: bytes) -> str | None:
    """``pdf``, ``tiff``, ``jpeg`` or ``png`` by the first bytes, or None."""
    if data.startswith(_TIFF_MAGICS):
        return "tiff"
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if b"%PDF-" in data[:_PDF_HEADER_WITHIN]:
        return "pdf"
    return None


def read_bounded(source: Path, max_file_mib: int) -> bytes:
    """The bytes of a file, refused by its size before it is read.

    Raises:
        InputError: ``FILE_MISSING``, ``FILE_TOO_LARGE``.
    """
    try:
        size = source.stat().st_size
        if size > max_file_mib << 20:
            raise file_fault("FILE_TOO_LARGE", f"{size >> 20} MiB > {max_file_mib} MiB")
        return source.read_bytes()
    except OSError as error:
        # The path stays out of the message: a file name may hold a person's name.
        raise file_fault("FILE_MISSING", type(error).__name__) from None


def decode(
    source: Path | bytes,
    *,
    max_pages: int = 400,
    max_megapixels: int = 120,
    max_file_mib: int = 200,
) -> Iterator[PageImage]:
    """The pages of a file, in order, decoded one by one as they are asked for.

    Args:
        source: A file or its bytes.
        max_pages: More pages than this refuse the whole file before the first page.
        max_megapixels: A page with more pixels than this is refused before it is decoded.
        max_file_mib: A larger file is refused before it is read.

    Yields:
        Pages, H x W x 3 BGR uint8, upright by EXIF where the file says so, pixels square.

    Raises:
        InputError: ``FILE_EMPTY``, ``FILE_MISSING``, ``FILE_UNREADABLE``, ``FILE_TRUNCATED``,
            ``FILE_ENCRYPTED``, ``FILE_TOO_LARGE``, ``FILE_TOO_THIN``, ``FILE_TYPE_UNKNOWN``.
    """
    if isinstance(source, Path):
        data = read_bounded(source, max_file_mib)
    else:
        data = source
        if len(data) > max_file_mib << 20:
            raise file_fault("FILE_TOO_LARGE", f"{len(data) >> 20} MiB > {max_file_mib} MiB")
    if not data:
        raise file_fault("FILE_EMPTY")
    kind = kind_of(data)
    if kind is None:
        raise file_fault("FILE_TYPE_UNKNOWN")
    if kind == "pdf":
        yield from pdf_pages(data, max_pages=max_pages, max_megapixels=max_megapixels)
    else:
        yield from raster_pages(data, kind, max_pages=max_pages, max_megapixels=max_megapixels)
