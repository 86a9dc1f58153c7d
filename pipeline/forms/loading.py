"""Form definitions from YAML, checked at the edge.

Shorthands of the file format: cells may be given as a run (``at``, ``size``, ``count``, ``pitch``,
``group``, ``gap``); ``captions`` are a tinted box with its text centred; ``frames`` are boxes
outlined in the drop-out line colour. ``blank`` names a picture of the blank sheet (PNG, 300 dpi)
in the folder of the file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.domain.documents import FieldName, FormName
from pipeline.domain.errors import InputError
from pipeline.domain.geometry import BoxMm
from pipeline.forms.definition import FormDefinition, Label, ReaderKind, Ruling, Zone

Number = Annotated[float, Field(allow_inf_nan=False)]
Size = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Box = tuple[Number, Number, Annotated[float, Field(ge=0)], Annotated[float, Field(ge=0)]]
Colour = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
FRAME_LINE_MM = 0.2


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _CellRun(_Strict):
    """A row of equal cells, with a wider gap after each group."""

    at: tuple[Number, Number]
    size: tuple[Size, Size]
    count: int = Field(ge=1, le=64)
    pitch: Size | None = None
    group: int | None = Field(default=None, ge=1)
    gap: Number = 0.0

    def boxes(self) -> tuple[BoxMm, ...]:
        pitch = self.pitch if self.pitch is not None else self.size[0]
        return tuple(
            BoxMm(
                round(
                    self.at[0] + i * pitch + (i // self.group if self.group else 0) * self.gap, 3
                ),
                self.at[1],
                *self.size,
            )
            for i in range(self.count)
        )


class _Zone(_Strict):
    field: FieldName
    reader: ReaderKind
    box: Box
    cells: _CellRun | list[Box] = Field(default_factory=list)
    alphabet: str = ""
    part: str = ""
    printed: bool = False
    optional: bool = False
    mark_style: Literal["", "circle", "tick", "black"] = ""
    lines: int = Field(default=1, ge=1)
    rule_mm: Annotated[float, Field(ge=0)] = 0.2


class _Label(_Strict):
    text: str
    box: Box
    size: Size
    align: Literal["left", "centre", "right"] = "left"
    font: Literal["gothic", "mincho"] = "gothic"
    colour: str = "text"


class _Caption(_Strict):
    text: str
    box: Box
    size: Size = 8.0
    font: Literal["gothic", "mincho"] = "gothic"


class _Ruling(_Strict):
    box: Box
    width: Annotated[float, Field(ge=0, allow_inf_nan=False)] = FRAME_LINE_MM
    colour: str = "line"


class _Form(_Strict):
    form: FormName
    version: str = Field(min_length=1, max_length=40, pattern=r"^[0-9A-Za-z._-]+$")
    title: str
    page_mm: tuple[Size, Size] = (210.0, 297.0)
    pages: int = Field(default=1, ge=1, le=20)
    colours: dict[str, Colour] = Field(default_factory=dict)
    zones: list[_Zone]
    captions: list[_Caption] = Field(default_factory=list)
    labels: list[_Label] = Field(default_factory=list)
    frames: list[Box] = Field(default_factory=list)
    rulings: list[_Ruling] = Field(default_factory=list)
    # A bare file name: a definition must not reach out of its folder.
    blank: Annotated[str, Field(pattern=r"^[0-9A-Za-z_@-][0-9A-Za-z._@-]*\.png$")] | None = None


def load_definition(path: Path) -> FormDefinition:
    """Read one definition file.

    Raises:
        InputError: ``FORM_FILE_MISSING``, ``FORM_FILE_INVALID`` with the places in the file
            that are wrong, or ``FORM_BLANK_MISSING``.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(
            "FORM_FILE_MISSING",
            ja=f"様式の定義ファイル {path.name} を読めません。",
            en=f"The form definition {path.name} cannot be read.",
            remedy_ja="場所と権限を確かめてください。",
            remedy_en="Check that the file is there and may be read.",
        ) from error
    except UnicodeDecodeError as error:
        raise _invalid(path, "UTF-8 の文字ではない", "it is not UTF-8 text") from error
    form = parse_definition(text, path)
    if form.blank is not None and not form.blank.is_file():
        raise InputError(
            "FORM_BLANK_MISSING",
            ja=f"様式の定義 {path.name} が指す白紙の画像 {form.blank.name} がありません。",
            en=f"The picture of the blank that {path.name} names, {form.blank.name}, is missing.",
            remedy_ja="画像を定義ファイルと同じフォルダーに置いてください。",
            remedy_en="Put the picture into the folder of the definition.",
        )
    return form


def parse_definition(text: str, path: Path = Path("definition.yaml")) -> FormDefinition:
    """A definition from YAML text; ``path`` names it in errors and gives the folder of its blank.

    Raises:
        InputError: ``FORM_FILE_INVALID``.
    """
    try:
        raw = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else 0
        raise _invalid(path, f"{line} 行目が YAML でない", f"line {line} is no YAML") from error
    try:
        return _assemble(_Form.model_validate(raw), path.parent)
    except ValidationError as error:
        places = "; ".join(
            f"{'.'.join(str(p) for p in e['loc']) or '(file)'}: {e['msg']}"
            for e in error.errors()[:8]
        )
        raise _invalid(path, f"次の項目が正しくない: {places}", places) from error


def _invalid(path: Path, ja: str, en: str) -> InputError:
    return InputError(
        "FORM_FILE_INVALID",
        ja=f"様式の定義 {path.name} は使えません（{ja}）。",
        en=f"The form definition {path.name} cannot be used ({en}).",
        remedy_ja="示された項目を直し、`uketsuke forms check` で確かめてください。",
        remedy_en="Mend what is named, then run `uketsuke forms check` on the file.",
    )


def _box(values: Box) -> BoxMm:
    return BoxMm(*values)


def _assemble(file: _Form, folder: Path) -> FormDefinition:
    captions = file.captions
    return FormDefinition(
        name=file.form,
        version=file.version,
        title=file.title,
        page_w_mm=file.page_mm[0],
        page_h_mm=file.page_mm[1],
        pages=file.pages,
        zones=tuple(_zone(z) for z in file.zones),
        labels=tuple(
            Label(c.text, _box(c.box), c.size, align="centre", font=c.font) for c in captions
        )
        + tuple(
            Label(t.text, _box(t.box), t.size, align=t.align, font=t.font, colour=t.colour)
            for t in file.labels
        ),
        rulings=tuple(Ruling(_box(c.box), 0.0, "fill") for c in captions)
        + tuple(
            Ruling(_box(b), FRAME_LINE_MM, "line") for b in [c.box for c in captions] + file.frames
        )
        + tuple(Ruling(_box(r.box), r.width, r.colour) for r in file.rulings),
        colours=dict(file.colours),
        blank=folder / file.blank if file.blank else None,
    )


def _zone(zone: _Zone) -> Zone:
    if isinstance(zone.cells, _CellRun):
        cells = zone.cells.boxes()
    else:
        cells = tuple(_box(b) for b in zone.cells)
    return Zone(
        field=zone.field,
        reader=zone.reader,
        box=_box(zone.box),
        cells=cells,
        alphabet=zone.alphabet,
        part=zone.part,
        printed=zone.printed,
        optional=zone.optional,
        mark_style=zone.mark_style,
        lines=zone.lines,
        rule_mm=zone.rule_mm,
    )
