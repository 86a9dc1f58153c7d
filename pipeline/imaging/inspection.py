"""Whether a file can be opened and how many pages it has, without decoding its pixels."""

from __future__ import annotations

import os
from typing import BinaryIO

from pipeline.imaging.decoding import kind_of
from pipeline.imaging.faults import file_fault
from pipeline.imaging.pdf_pages import pdf_page_count
from pipeline.imaging.raster_pages import raster_page_count

_HEAD_BYTES = 4096


def inspect(source: BinaryIO, *, max_pages: int, max_megapixels: int, max_file_mib: int) -> int:
    """The number of pages of a file that can be opened.

    Cheap by design: headers, page trees and strip tables only. Damage inside a page is found when
    the page is decoded.

    Args:
        source: The file, at its start.
        max_pages: As for ``decoding.decode``.
        max_megapixels: As for ``decoding.decode``.
        max_file_mib: As for ``decoding.decode``; a larger file is refused unread.

    Raises:
        InputError: As ``decoding.decode``.
    """
    size = source.seek(0, os.SEEK_END)
    source.seek(0)
    if size == 0:
        raise file_fault("FILE_EMPTY")
    if size > max_file_mib << 20:
        raise file_fault("FILE_TOO_LARGE", f"{size >> 20} MiB > {max_file_mib} MiB")
    head = source.read(_HEAD_BYTES)
    kind = kind_of(head)
    if kind is None:
        raise file_fault("FILE_TYPE_UNKNOWN")
    data = head + source.read()
    if kind == "pdf":
        return pdf_page_count(data, max_pages)
    return raster_page_count(data, kind, max_pages, max_megapixels)
