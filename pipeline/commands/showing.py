"""What a command shows: errors as people need them, and a form as plain data."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.domain.errors import DefectError, UketsukeError

if TYPE_CHECKING:
    from pipeline.forms.definition import FormDefinition

TRACEBACK_VARIABLE = "UKETSUKE_TRACEBACK"
"""Set to 1 by whoever looks for a defect with made-up data: the whole traceback is printed."""

_PACKAGE = Path(__file__).resolve().parents[1]


def show_error(error: UketsukeError, file: Path | None = None) -> None:
    """Print an error with its remedy to stderr, Japanese first.

    Args:
        error: What went wrong.
        file: Where it did, for commands that are given many files.
    """
    where = "" if file is None else f"{file.name}: "
    print(f"{where}{error.code}: {error.ja}", file=sys.stderr)
    print(f"  {error.en}", file=sys.stderr)
    if error.remedy_ja or error.remedy_en:
        print(f"  → {error.remedy_ja}", file=sys.stderr)
        print(f"    {error.remedy_en}", file=sys.stderr)


def unexpected(error: Exception) -> DefectError:
    """An error that nobody foresaw, as one that may be shown: its kind and its place in our code.

    Its own message stays out, because a library may have put into it what it was reading.
    """
    if os.environ.get(TRACEBACK_VARIABLE) == "1":
        traceback.print_exception(error)
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if Path(f.filename).resolve().is_relative_to(_PACKAGE)]
    place = (
        f"{Path(ours[-1].filename).resolve().relative_to(_PACKAGE.parent).as_posix()}:"
        f"{ours[-1].lineno}"
        if ours
        else "?"
    )
    kind = type(error).__name__
    return DefectError(
        "UNEXPECTED",
        ja=f"予期しない誤りです（{kind}、{place}）。",
        en=f"Something unexpected happened ({kind} at {place}).",
        remedy_ja="この1行を開発元に伝えてください。"
        f"合成データで再現できるときは {TRACEBACK_VARIABLE}=1 で詳細が出ます。",
        remedy_en="Tell the maintainers this line. Where made-up data shows it too, "
        f"{TRACEBACK_VARIABLE}=1 prints the details.",
    )


def describe_form(form: FormDefinition) -> dict[str, Any]:
    """A form as plain data: names, and every zone in millimetres from the top left."""
    return {
        "form": str(form.name),
        "version": form.version,
        "title": form.title,
        "page_mm": [_number(form.page_w_mm), _number(form.page_h_mm)],
        "zones": [
            {
                "field": str(zone.field),
                "reader": str(zone.reader),
                "alphabet": zone.alphabet,
                "box_mm": zone.box.as_list(),
                "cells_mm": [cell.as_list() for cell in zone.cells],
                "part": zone.part,
                "printed": zone.printed,
                "optional": zone.optional,
                "mark_style": zone.mark_style,
                "lines": zone.lines,
            }
            for zone in form.zones
        ],
    }


def _number(value: float) -> float | int:
    return int(value) if value == int(value) else value
