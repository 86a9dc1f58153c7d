"""``uketsuke train``: a site's own corrections fit the last step of digit recognition.

All of it happens in this one process: pictures and values are opened in memory, the views of the
cells are kept as numbers, and nothing but 110 numbers and counts is written. There is no temporary
file that a kill could leave behind.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.forms.definition import FormDefinition, Zone
    from pipeline.readers.boxes.box_reader import BoxReader
    from pipeline.readers.calibrating.site_head import Cells, Comparison
    from pipeline.settings import Settings
    from pipeline.store.measuring.verified_cells import VerifiedField


def train(
    seed: Annotated[
        int, typer.Option(min=0, help="誰を残すかの乱数の種 / Chooses who is held back.")
    ] = 1,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="比べるだけで書かない / Compare, write nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON で / As JSON.")] = False,
) -> None:
    """確認済みの数字で読み取りを学習し直します / Learn from this site's verified digits."""
    from pipeline import settings
    from pipeline.readers.boxes.character_thresholds import CharacterThresholds
    from pipeline.readers.calibrating.site_head import HEAD_FILE, compare, fit_head, held_back
    from pipeline.readers.calibrating.threshold_set import ThresholdSet

    site = settings.current()
    thresholds = CharacterThresholds.load(site.models)
    weights = thresholds.weights("0123456789")
    cells = _cells(site, thresholds)
    away = held_back(cells, seed)
    require_enough(cells, away)
    model = ThresholdSet.shipped_versions(site.models)["characters"]
    head = fit_head(cells.part(~away), weights, model)
    found = compare(head, cells.part(away), weights, seed)
    evaluation = {
        **dataclasses.asdict(found),
        "better": found.better,
        "training_cells": int((~away).sum()),
        "seed": seed,
    }
    use = found.better and not dry_run
    if use:
        head.write(site.home, evaluation)
    if as_json:
        typer.echo(json.dumps({"version": head.version, "used": use, **evaluation}))
        return
    typer.echo(_words(found))
    if use:
        typer.echo(
            f"次の起動から使います。{HEAD_FILE} を消すと元に戻ります。"
            "しきい値は `uketsuke calibrate` で測り直してください。 / In use from the next start; "
            f"remove {HEAD_FILE} to go back. Measure the thresholds anew: `uketsuke calibrate`."
        )
    elif not found.better:
        typer.echo(
            "残しておいた書類で良くなったと言えないため、使いません。 / "
            "Not surely better on the documents held back: not used."
        )


def require_enough(cells: Cells, away: Any) -> None:
    """Refuse to learn from, or to judge by, too few people.

    Raises:
        InputError: ``TRAINING_TOO_LITTLE``.
    """
    from pipeline.domain.errors import InputError
    from pipeline.readers.calibrating.site_head import LEAST_CELLS, LEAST_DOCUMENTS

    people = len(set(cells.group[away].tolist()))
    count = int(away.sum())
    if people < LEAST_DOCUMENTS or count < LEAST_CELLS:
        raise InputError(
            "TRAINING_TOO_LITTLE",
            ja=f"確認済みの数字がまだ足りません（比較用に {people} 人・{count} 字。"
            f"{LEAST_DOCUMENTS} 人・{LEAST_CELLS} 字が要ります）。",
            en=f"Too few verified digits yet: {people} people and {count} digits to compare on, "
            f"{LEAST_DOCUMENTS} and {LEAST_CELLS} are needed.",
            remedy_ja="抜き取り検査と訂正が増えてから、もう一度実行してください。",
            remedy_en="Run it again when more has been keyed blind or corrected.",
        )


def _cells(site: Settings, thresholds: Any) -> Cells:
    """Opens the store (the desk has to be stopped) and lets both views see every cell."""
    from pipeline.forms.catalogue import Catalogue
    from pipeline.model_store import ModelStore
    from pipeline.readers.boxes.box_reader import BoxReader
    from pipeline.readers.paddle_engine import PaddleRecogniser
    from pipeline.store.duckdb_store import DuckDBStore
    from pipeline.store.measuring.verified import form_finder

    models = ModelStore(site.models)
    reader = BoxReader(models, PaddleRecogniser(models, site.cache), thresholds)
    form_of = form_finder(Catalogue.load(site.forms))
    store = DuckDBStore.of(site)
    try:
        return cells_of(store.verified_fields(site), form_of, reader)
    finally:
        store.close()


def cells_of(fields: Iterable[VerifiedField], form_of: Any, reader: BoxReader) -> Cells:
    """The cells of verified fields, as both views see them; a picture that comes twice counts once.

    Args:
        fields: With their pictures.
        form_of: The definition of a form by name and version, or None.
        reader: Its views are asked; its thresholds play no part.
    """
    import numpy as np

    from pipeline.imaging.cells import refine_cells
    from pipeline.readers.boxed import CellState
    from pipeline.readers.calibrating.site_head import DIGITS, Cells
    from pipeline.readers.ink.cell_ink import extract

    first: list[Any] = []
    second: list[Any] = []
    truth: list[int] = []
    group: list[int] = []
    people: dict[str, int] = {}
    seen: set[bytes] = set()
    for one in fields:
        digest = hashlib.sha256(one.picture).digest()
        form = form_of(one.form, one.version)
        zone = None if form is None else _zone(form, one)
        if digest in seen or form is None or zone is None:
            continue
        seen.add(digest)
        page = _page(form, one)
        inks = extract(page, zone, refine_cells(page, zone))
        views = reader.view(zone, inks)
        if views.second is None or views.first.shape[1] != DIGITS:
            continue
        held = [i for i, ink in enumerate(inks) if ink.ink_px is not None]
        for row, i in enumerate(held):
            glyph = hashlib.sha256(inks[i].ink.tobytes()).digest()
            if inks[i].state != CellState.INK or glyph in seen:
                continue
            seen.add(glyph)
            first.append(views.first[row])
            second.append(views.second[row])
            truth.append(int(one.value[i]))
            group.append(people.setdefault(one.person, len(people)))
    return Cells(
        np.array(first).reshape(-1, DIGITS),
        np.array(second).reshape(-1, DIGITS),
        np.array(truth, dtype=np.int64),
        np.array(group, dtype=np.int64),
    )


def _zone(form: FormDefinition, one: VerifiedField) -> Zone | None:
    """The zone of a field, where its value has one digit for every box."""
    zones = form.zones_of(one.field)
    fits = zones and len(zones[0].cells) == len(one.value) and one.value.isascii()
    return zones[0] if fits and one.value.isdigit() else None


def _page(form: FormDefinition, one: VerifiedField) -> Any:
    """The registered page again, blank but for the crop."""
    import cv2
    import numpy as np

    from pipeline.domain.examinations import RegistrationFigures
    from pipeline.domain.geometry import PX_PER_MM
    from pipeline.imaging.pages import RegisteredPage

    crop = cv2.imdecode(np.frombuffer(one.picture, np.uint8), cv2.IMREAD_COLOR)
    assert crop is not None
    paper = np.percentile(crop.reshape(-1, 3), 80, axis=0)
    size = (round(form.page_h_mm * PX_PER_MM), round(form.page_w_mm * PX_PER_MM), 3)
    pixels = np.empty(size, np.uint8)
    pixels[:] = paper.astype(np.uint8)
    x, y = one.origin_px
    part = pixels[y : y + crop.shape[0], x : x + crop.shape[1]]
    part[:] = crop[: part.shape[0], : part.shape[1]]
    return RegisteredPage(
        form=form,
        pixels=pixels,
        to_page=np.eye(3),
        figures=RegistrationFigures(0.0, 0),
        number=1,
        source_dpi=300.0,
        bilevel=False,
        paper_bgr=(int(paper[0]), int(paper[1]), int(paper[2])),
    )


def _words(found: Comparison) -> str:
    return (
        f"残しておいた {found.people} 人・{found.cells} 字: 誤り {found.wrong_before} → "
        f"{found.wrong_after}（直った {found.cured}、悪くなった {found.spoilt}）、"
        f"対数尤度の差 {found.gain:+.5f}（下限 {found.gain_low:+.5f}） / "
        f"held back: {found.people} people, {found.cells} digits; wrong {found.wrong_before} -> "
        f"{found.wrong_after} (cured {found.cured}, spoilt {found.spoilt}); gain in log "
        f"likelihood {found.gain:+.5f} (lower end {found.gain_low:+.5f})"
    )
