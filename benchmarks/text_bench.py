"""Text fields, marks and printed dates on composed forms: accuracy, flags, silent errors, time.

The ink is of handwriting fonts under jitter, printed and scanned in simulation; real hands are
harder. The pages are of another seed than those that calibrate the reader.
"""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks import names_bench
from benchmarks.intervals import Rate
from benchmarks.reading_errors import errors_of
from models.training.text_pages import composed_pages
from pipeline.domain.documents import DATE_FIELDS
from pipeline.domain.era import ERAS
from pipeline.examine.engine import Engine
from pipeline.forms.definition import KINDS_PART, ReaderKind, Zone
from pipeline.imaging.pages import RegisteredPage
from pipeline.readers.dates.resolve_date import resolve_date
from pipeline.readers.marks.mark_reader import MarkState, read_marks
from pipeline.readers.paddle_engine import PaddleRecogniser
from pipeline.readers.text.text_reader import TextReader
from pipeline.readers.text.text_thresholds import class_of
from pipeline.samples.truth import DocumentTruth
from pipeline.settings import Settings

SEED = 20262
PAGES, PAGES_FULL = 32, 400
COMPARED_PAGES = 3


@dataclass(slots=True)
class _Tally:
    """What was seen of one class of fields."""

    values: int = 0
    right: int = 0
    accepted: int = 0
    silent: int = 0
    characters: int = 0
    errors: int = 0
    errors_flagged: int = 0
    read: int = 0
    flagged: int = 0
    zone_ms: list[float] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return {
            "value_right": Rate(self.right, self.values).as_dict(),
            "accepted": Rate(self.accepted, self.values).as_dict(),
            "silent_errors": Rate(self.silent, self.accepted).as_dict(),
            "character_errors": Rate(min(self.errors, self.characters), self.characters).as_dict(),
            "errors_in_flagged_span": Rate(self.errors_flagged, self.errors).as_dict(),
            "characters_flagged": Rate(self.flagged, self.read).as_dict(),
            "zone_cpu_ms_median": round(float(np.median(self.zone_ms)), 1)
            if self.zone_ms
            else None,
        }


def run(full: bool) -> dict[str, Any]:
    """Measure; ``full`` takes more pages."""
    settings = Settings()
    engine = Engine(settings)
    recogniser = engine.recogniser
    reader = TextReader(recogniser)
    _warm(recogniser)
    tallies: dict[str, _Tally] = {}
    marks: dict[str, MarkTally] = {}
    page_ms: list[float] = []
    zones_ms: list[float] = []
    compared: list[RegisteredPage] = []
    count = 0
    for page, truth in composed_pages(PAGES_FULL if full else PAGES, SEED, settings.cache):
        count += 1
        spent = 0.0
        for zone in page.form.zones:
            if zone.reader == ReaderKind.TEXT:
                spent += _text(reader, page, zone, truth, tallies)
            elif zone.reader == ReaderKind.MARKS:
                begin = time.process_time()
                _marks(page, zone, truth, marks)
                spent += (time.process_time() - begin) * 1000
        page_ms.append(spent)
        zones_ms.append(_all_zones_ms(engine, page, first=count == 1))
        if len(compared) < COMPARED_PAGES:
            compared.append(page)
    return {
        "pages": count,
        "ink": "fonts of handwriting with jitter; not people",
        "written_names": names_bench.run(reader, full),
        "fields": {k: t.as_dict() for k, t in sorted(tallies.items())},
        "marks": {style: tally.as_dict() for style, tally in sorted(marks.items())},
        "text_and_marks_cpu_ms_per_page": _spread(page_ms),
        "all_zones_cpu_ms_per_page": _spread(zones_ms),
        "whole_page_cpu_ms": _whole_pages(compared),
    }


def _spread(ms: list[float]) -> dict[str, Any]:
    return {
        "median": round(float(np.median(ms)), 1),
        "p95": round(float(np.percentile(ms, 95)), 1),
        "n": len(ms),
    }


def _all_zones_ms(engine: Engine, page: RegisteredPage, *, first: bool) -> float:
    """CPU milliseconds of reading every zone but the photo, as an examination does, warm."""
    if first:
        engine.readers.read(page, frozenset())
    begin = time.process_time()
    engine.readers.read(page, frozenset())
    return (time.process_time() - begin) * 1000


def _text(
    reader: TextReader,
    page: RegisteredPage,
    zone: Zone,
    truth: DocumentTruth,
    tallies: dict[str, _Tally],
) -> float:
    """One text zone; returns the CPU milliseconds it took."""
    begin = time.process_time()
    resolved = reader.read(page, zone)
    if zone.field in DATE_FIELDS:
        resolved = resolve_date(zone.field, None, None, resolved)
    spent = (time.process_time() - begin) * 1000
    wanted = truth.fields.get(zone.field.value) or ""
    kind = "date" if zone.field in DATE_FIELDS else class_of(zone)
    if not wanted:
        kind = "blank"
    tally = tallies.setdefault(kind, _Tally())
    reading = resolved.reading
    same = (reading.value or "").replace(" ", "") == wanted.replace(" ", "")
    tally.values += 1
    tally.right += same
    tally.accepted += reading.accepted
    tally.silent += reading.accepted and not same
    tally.zone_ms.append(spent)
    if kind in ("date", "blank"):
        return spent
    errors, flagged = errors_of(reading, wanted, digits_only=kind == "digits")
    tally.characters += len(wanted.replace(" ", ""))
    tally.errors += errors
    tally.errors_flagged += flagged
    tally.read += sum(bool(c.value.strip()) for c in reading.characters)
    tally.flagged += sum(c.flagged for c in reading.characters)
    return spent


def _marks(
    page: RegisteredPage, zone: Zone, truth: DocumentTruth, marks: dict[str, MarkTally]
) -> None:
    meant = meant_cells(zone, truth)
    if meant is None:
        return
    tally = marks.setdefault(zone.mark_style, MarkTally())
    for cell in read_marks(page, zone).cells:
        tally.add(cell.state, meant=cell.value in meant)


def meant_cells(zone: Zone, truth: DocumentTruth) -> frozenset[str] | None:
    """What the cells that the writer marked stand for; None where the truth does not tell.

    Of an era the truth holds the day: one era has it but on the two days that belong to two. Of a
    PIN's mark row it holds the PIN; ``kind_marks_bench`` measures that row.
    """
    wanted = truth.fields.get(zone.field.value) or ""
    if zone.part == KINDS_PART:
        return None
    if zone.part == "era":
        if not wanted:
            # A day that no calendar has is written, era and all, and has no value.
            written = truth.conditions.get("written", {})
            return None if zone.field.value in written else frozenset()
        day = dt.date.fromisoformat(wanted)
        holding = frozenset(e.short for e in ERAS if e.holds(day))
        return holding if len(holding) == 1 else None
    if wanted and len(zone.cells) == 1:
        return frozenset(zone.alphabet[:1] or "0")
    return frozenset({wanted} - {""})


@dataclass(slots=True)
class MarkTally:
    """Cells of one style of mark, and among them those that a writer has marked."""

    cells: int = 0
    right: int = 0
    silent: int = 0
    made: int = 0
    made_right: int = 0
    made_silent: int = 0

    def add(self, state: MarkState, *, meant: bool) -> None:
        """Count a cell; one that asks for a person is neither right nor silently wrong."""
        flagged = state in (MarkState.UNCLEAR, MarkState.CORRECTED)
        right = not flagged and (state == MarkState.MARKED) == meant
        silent = not flagged and not right
        self.cells += 1
        self.right += right
        self.silent += silent
        if meant:
            self.made += 1
            self.made_right += right
            self.made_silent += silent

    def as_dict(self) -> dict[str, Any]:
        """Rates with their n; ``made`` are the cells that were marked."""
        return {
            "cell_right": Rate(self.right, self.cells).as_dict(),
            "cell_wrong_and_not_flagged": Rate(self.silent, self.cells).as_dict(),
            "made_right": Rate(self.made_right, self.made).as_dict(),
            "made_wrong_and_not_flagged": Rate(self.made_silent, self.made).as_dict(),
        }


def _warm(recogniser: PaddleRecogniser) -> None:
    from pipeline.readers.text.address_check import check_address

    recogniser.posteriors([np.full((48, 320, 3), 255, np.uint8)])
    check_address("東京都千代田区丸の内1")


def _whole_pages(pages: list[RegisteredPage]) -> dict[str, Any]:
    """The same pages read whole by PaddleOCR and, where it is installed, by tesseract."""
    from benchmarks.whole_page_paddle import whole_page_reader

    result: dict[str, Any] = {"n": len(pages)}
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for i, page in enumerate(pages):
            files.append(Path(folder) / f"{i}.png")
            cv2.imwrite(str(files[-1]), page.pixels)
        paddle = whole_page_reader()
        paddle(files[0])
        result["paddleocr"] = round(_median_ms(files, paddle, children=False), 0)
        if shutil.which("tesseract"):
            result["tesseract_jpn"] = round(_median_ms(files, _tesseract, children=True), 0)
        else:
            result["tesseract_jpn"] = "not installed"
    return result


def _tesseract(path: Path) -> object:
    return subprocess.run(
        ["tesseract", str(path), "stdout", "-l", "jpn"],
        capture_output=True,
        check=True,
        env={"OMP_THREAD_LIMIT": "1", "PATH": "/usr/bin:/bin"},
    )


def _median_ms(files: list[Path], read: Callable[[Path], object], *, children: bool) -> float:
    import resource

    who = resource.RUSAGE_CHILDREN if children else resource.RUSAGE_SELF
    spent = []
    for path in files:
        before = resource.getrusage(who)
        read(path)
        after = resource.getrusage(who)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return float(np.median(spent)) * 1000
