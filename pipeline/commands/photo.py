"""``uketsuke photo``: grade loose photo files, one JSON object a line."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.commands.showing import show_error

if TYPE_CHECKING:
    from pipeline.domain.photos import PhotoGrade
    from pipeline.photo.grading import GradedPhoto


def photo(
    files: Annotated[list[Path], typer.Argument(help="顔写真 (JPEG, PNG, TIFF) / photos")],
    as_json: Annotated[
        bool, typer.Option("--json", help="JSON を1行ずつ / one JSON object per line")
    ] = False,
    overlay: Annotated[
        Path | None,
        typer.Option(help="根拠の画像を書くフォルダ / a folder for pictures of the evidence"),
    ] = None,
    clean: Annotated[
        bool,
        typer.Option(
            "--clean", help="合成画像だけで学習した分類器 / classifier of clean data only"
        ),
    ] = False,
) -> None:
    """顔写真を規格に照らして採点します(保存しません)。 / Grade photos, keep nothing."""
    import cv2

    from pipeline.domain.errors import InputError
    from pipeline.imaging.decoding import decode
    from pipeline.model_store import ModelStore
    from pipeline.photo.grading import PhotoGrader
    from pipeline.settings import current

    cv2.setNumThreads(1)
    settings = current()
    grader = PhotoGrader(
        ModelStore(settings.models), head_model="photo_head_clean" if clean else "photo_head"
    )
    worst = 0
    taken: list[str] = []
    for file in files:
        try:
            pages = decode(
                file,
                max_pages=1,
                max_megapixels=settings.max_megapixels,
                max_file_mib=settings.max_file_mib,
            )
            page = next(iter(pages))
        except InputError as error:
            # One bad file must not hide the others; it is told on both channels.
            worst = max(worst, error.exit_code)
            show_error(error, file)
            if as_json:
                print(json.dumps(_unreadable(file.name, error.code)), flush=True)
            continue
        graded = grader.examine_loose(page.pixels, page.dpi)
        if as_json:
            print(json.dumps(_as_json(file.name, graded.grade), ensure_ascii=False), flush=True)
        else:
            _print_card(file.name, graded.grade)
        if overlay is not None:
            taken.append(_own_name(file.stem, taken))
            _write_overlays(graded, overlay, taken[-1])
    if worst:
        sys.exit(worst)


def _as_json(name: str, grade: PhotoGrade) -> dict[str, Any]:
    return {
        "file": name,
        "verdict": grade.verdict.value,
        "checks": [
            {
                "check": c.check.value,
                "verdict": c.verdict.value,
                "value": None if c.value is None else round(c.value, 4),
                "unit": c.unit,
                "threshold": c.threshold,
                **{key: round(value, 4) for key, value in c.extra},
            }
            for c in grade.checks
        ],
    }


def _unreadable(name: str, code: str) -> dict[str, Any]:
    return {"file": name, "verdict": "not_assessable", "checks": [], "error": code}


def _print_card(name: str, grade: PhotoGrade) -> None:
    """The grade for people: Japanese words, and under a fail the sentence of a letter."""
    from pipeline.desk.language import words
    from pipeline.domain.findings import FindingCode
    from pipeline.domain.photos import Verdict, figure_text
    from pipeline.letters.paragraphs import PARAGRAPHS

    say = words("ja")
    print(f"{name}  → {say.of('verdict', grade.verdict)} ({grade.verdict.value})")
    for check in grade.checks:
        value = ""
        if check.value is not None:
            value = f"{figure_text(check.value)} {say.of('measure', check.unit)}"
            value += "" if check.threshold is None else f" / {figure_text(check.threshold)}"
        verdict = f"{say.of('verdict', check.verdict)} ({check.verdict.value})"
        code = check.check.value
        print(f"  {say.of('check', code)} ({code}): {verdict}  {value}".rstrip())
        paragraph = PARAGRAPHS.get(FindingCode(f"PHOTO_{code.upper()}"))
        if check.verdict == Verdict.FAIL and paragraph is not None:
            print(f"    {paragraph.wrong}{paragraph.todo}")


def _own_name(stem: str, taken: list[str]) -> str:
    """The name itself, or with a number where a file from another folder has it already."""
    numbered = (f"{stem}-{n}" for n in range(2, len(taken) + 3))
    return next(name for name in (stem, *numbered) if name not in taken)


def _write_overlays(graded: GradedPhoto, folder: Path, stem: str) -> None:
    import cv2

    from pipeline.photo.overlays import overlays

    folder.mkdir(parents=True, exist_ok=True)
    for check, picture in overlays(graded).items():
        _, data = cv2.imencode(".png", picture)
        (folder / f"{stem}-{check.value}.png").write_bytes(data.tobytes())
