"""Numbers that a scanner or its imprinter gave the pages of a file, where the file carries them.

TIFF has PageNumber (tag 297) and PageName (285, where imprinter software writes its number); PDF
has page labels. A writer that puts the same number on every page numbers nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image
from pypdf import PdfReader

_PAGE_NAME, _PAGE_NUMBER = 285, 297
_TRAILING = re.compile(r"([0-9]{1,9})\s*$", re.ASCII)
Numbers = tuple[int | None, ...]


def tiff_numbers(image: Image.Image, frames: int) -> Numbers:
    """The number of each frame, or None for all of them where the file is not numbered."""
    if frames < 2 or not _tags(image).keys() & {_PAGE_NAME, _PAGE_NUMBER}:
        return (None,) * frames
    names: list[int | None] = []
    pairs: list[int | None] = []
    for index in range(frames):
        try:
            image.seek(index)
            tags = _tags(image)
            names.append(_of_name(tags.get(_PAGE_NAME)))
            pairs.append(_of_pair(tags.get(_PAGE_NUMBER)))
        except Exception:  # a broken directory: decoding that page will say so
            return (None,) * frames
    named = _kept(names)
    return named if named[0] is not None else _kept(pairs)


def pdf_numbers(reader: PdfReader, pages: int) -> Numbers:
    """The number in each page's label, or None for all of them where there are no labels."""
    try:
        root: Any = reader.trailer["/Root"]
        if pages < 2 or "/PageLabels" not in root:
            return (None,) * pages
        labels = reader.page_labels
    except Exception:  # labels are an extra: a file is not refused for them
        return (None,) * pages
    if len(labels) != pages:
        return (None,) * pages
    return _kept([_of_name(label) for label in labels])


def _tags(image: Image.Image) -> Mapping[int, Any]:
    tags: Mapping[int, Any] = getattr(image, "tag_v2", {})
    return tags


def _of_name(value: object) -> int | None:
    found = _TRAILING.search(value) if isinstance(value, str) else None
    return int(found[1]) if found else None


def _of_pair(value: object) -> int | None:
    return int(value[0]) if isinstance(value, tuple) and value else None


def _kept(numbers: Sequence[int | None]) -> Numbers:
    """The numbers where every page has one and they are not all the same."""
    if None in numbers or len(set(numbers)) < 2:
        return (None,) * len(numbers)
    return tuple(numbers)
