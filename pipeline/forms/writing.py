"""A form definition as YAML text: what ``loading`` reads, written for people to edit."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray

from pipeline.domain.errors import not_writable
from pipeline.domain.geometry import REGISTERED_DPI, BoxMm
from pipeline.forms.definition import FormDefinition, Label, Ruling, Zone
from pipeline.forms.drawing import page_size_px

_HEADER = (
    "# 様式の定義。用紙の左上からのミリメートル: [左, 上, 幅, 高さ]\n"
    "# Form definition. Millimetres from the top left corner: [left, top, width, height]\n"
)


_LINE_BREAKS = "\r\x85\u2028\u2029"


class _Line(dict[str, Any]):
    """A mapping that stands on one line (or goes on in the next, inside its braces)."""


class _Dumper(yaml.SafeDumper):
    """Writes boxes and zones inline."""


def _inline(dumper: yaml.SafeDumper, value: _Line) -> yaml.MappingNode:
    return dumper.represent_mapping("tag:yaml.org,2002:map", value.items(), flow_style=True)


def _row(dumper: yaml.SafeDumper, value: tuple[Any, ...]) -> yaml.SequenceNode:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=True)


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    # YAML folds these line breaks into spaces unless they are written as escapes.
    style = '"' if any(c in _LINE_BREAKS for c in value) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(_Line, _inline)
_Dumper.add_representer(tuple, _row)


def definition_yaml(form: FormDefinition) -> str:
    """The definition as YAML text; ``load_definition`` gives the same definition back.

    Numbers are written as they are. A blank is named by its file name: its picture belongs into
    the folder of the file.
    """
    content: dict[str, Any] = {
        "form": str(form.name),
        "version": form.version,
        "title": form.title,
        "page_mm": (_number(form.page_w_mm), _number(form.page_h_mm)),
    }
    if form.pages != 1:
        content["pages"] = form.pages
    if form.blank is not None:
        content["blank"] = form.blank.name
    if form.colours:
        content["colours"] = _Line(form.colours)
    content["zones"] = [_zone(zone) for zone in form.zones]
    if form.labels:
        content["labels"] = [_label(label) for label in form.labels]
    if form.rulings:
        content["rulings"] = [_ruling(ruling) for ruling in form.rulings]
    body: str = yaml.dump(content, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=110)
    return _HEADER + body


def write_definition(form: FormDefinition, path: Path, blank: NDArray[np.uint8]) -> FormDefinition:
    """Write a learned form: the YAML file, and the picture of its blank beside it.

    Both are written beside and renamed, the picture first, so that a reader of the folder never
    meets half a form.

    Args:
        form: The definition.
        path: The YAML file.
        blank: H x W x 3 BGR uint8, the page at 300 dpi.

    Returns:
        The definition as ``load_definition(path)`` gives it.

    Raises:
        InputError: ``OUTPUT_NOT_WRITABLE``.
        ValueError: The picture has not the size of the page.
    """
    width_px, height_px = page_size_px(form, REGISTERED_DPI)
    if blank.shape != (height_px, width_px, 3):
        raise ValueError(f"a blank of {blank.shape} for a page of {height_px} x {width_px}")
    picture = path.parent / f"{form.name}-{form.version}.png"
    held = replace(form, blank=picture)
    png = cv2.imencode(".png", blank, [cv2.IMWRITE_PNG_COMPRESSION, 6])[1].tobytes()
    try:
        _write_whole(picture, png)
        _write_whole(path, definition_yaml(held).encode("utf-8"))
    except OSError as error:
        raise not_writable(path) from error
    return held


def _write_whole(path: Path, content: bytes) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as target:
            target.write(content)
        # mkstemp gives 0600; a definition is no secret, and other workers must read it.
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _number(value: float) -> float | int:
    return int(value) if value == int(value) else float(value)


def _box(box: BoxMm) -> tuple[float | int, ...]:
    return tuple(_number(v) for v in (box.x, box.y, box.w, box.h))


def _zone(zone: Zone) -> _Line:
    line = _Line(field=str(zone.field))
    if zone.part:
        line["part"] = zone.part
    line |= {"reader": str(zone.reader), "box": _box(zone.box)}
    if zone.alphabet:
        line["alphabet"] = zone.alphabet
    if zone.mark_style:
        line["mark_style"] = zone.mark_style
    if zone.lines != 1:
        line["lines"] = zone.lines
    if zone.printed:
        line["printed"] = True
    if zone.optional:
        line["optional"] = True
    if zone.rule_mm != 0.2:
        line["rule_mm"] = _number(zone.rule_mm)
    if zone.cells:
        line["cells"] = tuple(_box(cell) for cell in zone.cells)
    return line


def _label(label: Label) -> _Line:
    line = _Line(text=label.text, box=_box(label.box), size=_number(label.size_pt))
    for name, value, usual in (
        ("align", label.align, "left"),
        ("font", label.font, "gothic"),
        ("colour", label.colour, "text"),
    ):
        if value != usual:
            line[name] = value
    return line


def _ruling(ruling: Ruling) -> _Line:
    return _Line(box=_box(ruling.box), width=_number(ruling.width_mm), colour=ruling.colour)
