"""``uketsuke forms learn``: propose a definition from a blank form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.domain.documents import FormName

if TYPE_CHECKING:
    from pipeline.forms.checking import Problem
    from pipeline.learning.proposal import Proposal


def learn_form(
    blank: Annotated[
        Path, typer.Argument(help="白紙の様式（PDF・TIFF・PNG、1ページ）/ blank form, one page")
    ],
    name: Annotated[
        FormName | None, typer.Option(help="様式の名前。省略すると表題から / from its title")
    ] = None,
    version: Annotated[
        str | None, typer.Option("--version", help="版の名前 / what to call the version")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="定義 (.yaml)。白紙の画像も隣に書きます / definition; its blank goes beside it",
        ),
    ] = None,
    overlay: Annotated[
        Path | None, typer.Option("--overlay", help="欄を描いた画像 (.png) / picture of the zones")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON で出力 / Print JSON.")] = False,
) -> None:
    """白紙の様式から定義の案を作ります / Propose a definition from a blank form."""
    from pipeline import settings
    from pipeline.forms.checking import check
    from pipeline.learning.learning import learn
    from pipeline.model_store import ModelStore
    from pipeline.readers.paddle_engine import PaddleRecogniser

    _refuse_version(version)
    chosen = settings.current()
    recogniser = PaddleRecogniser(ModelStore(chosen.models), chosen.cache)
    proposal = learn(blank, name=name, version=version, recogniser=recogniser)
    problems = check(proposal.definition)
    _write(proposal, out, overlay)
    if as_json:
        typer.echo(json.dumps(_as_json(proposal, problems), ensure_ascii=False))
    else:
        _show(proposal, problems)
    if any(problem.bars for problem in problems):
        raise typer.Exit(2)


def _refuse_version(version: str | None) -> None:
    import re

    from pipeline.domain.errors import InputError

    if version is not None and not re.fullmatch(r"[0-9A-Za-z._-]{1,40}", version):
        raise InputError(
            "FORM_VERSION_INVALID",
            ja="版の名前に使えるのは、英数字と . _ - の40字までです。",
            en="A version is up to 40 letters, digits and . _ - .",
            remedy_ja="たとえば 2027.1 とします。",
            remedy_en="Call it 2027.1, for example.",
        )


def _write(proposal: Proposal, out: Path | None, overlay: Path | None) -> None:
    import cv2

    from pipeline.domain.errors import not_writable
    from pipeline.forms.writing import write_definition

    if out is not None:
        write_definition(proposal.definition, out, proposal.blank)
    if overlay is None:
        return
    try:
        overlay.write_bytes(cv2.imencode(".png", proposal.overlay)[1].tobytes())
    except OSError as error:
        raise not_writable(overlay) from error


def _as_json(proposal: Proposal, problems: list[Problem]) -> dict[str, Any]:
    from dataclasses import asdict

    from pipeline.commands.showing import describe_form

    shown = describe_form(proposal.definition)
    for row, proposed in zip(shown["zones"], proposal.zones, strict=True):
        row["confidence"] = proposed.confidence
        row["why_ja"], row["why_en"] = proposed.why_ja, proposed.why_en
    shown["doubts"] = [
        {
            "code": d.code,
            "field": None if d.field is None else str(d.field),
            "ja": d.ja,
            "en": d.en,
            "box_mm": None if d.box is None else d.box.as_list(),
        }
        for d in proposal.doubts
    ]
    shown["problems"] = [asdict(p) for p in problems]
    return shown


def _show(proposal: Proposal, problems: list[Problem]) -> None:
    form = proposal.definition
    typer.echo(f"{form.title}\n{form.key}  {form.page_w_mm:g} x {form.page_h_mm:g} mm")
    for proposed in proposal.zones:
        zone = proposed.zone
        name = f"{zone.field}/{zone.part}" if zone.part else str(zone.field)
        place = ", ".join(f"{v:g}" for v in zone.box.as_list())
        cells = f"  {len(zone.cells)} マス/cells" if zone.cells else ""
        typer.echo(f"  {proposed.confidence:4.2f}  {name:<32}{zone.reader:<10}[{place}]{cells}")
        typer.echo(f"          {proposed.why_ja}\n          {proposed.why_en}")
    if proposal.doubts:
        typer.echo("確かめてください / Please check:")
    for doubt in proposal.doubts:
        typer.echo(f"  {doubt.code}: {doubt.ja}\n    {doubt.en}")
    if any(problem.bars for problem in problems):
        typer.echo("このままでは使えません / Cannot be used as it is:")
    elif problems:
        typer.echo("使えますが / Can be used, but:")
    for problem in problems:
        typer.echo(f"  {problem.code}: {problem.ja}\n    {problem.en}")
