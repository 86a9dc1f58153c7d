"""``uketsuke forms``: list, show, print and check the forms that this installation knows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.commands.forms_learning import learn_form
from pipeline.commands.showing import describe_form
from pipeline.domain.documents import Channel
from pipeline.domain.separators import Counted

if TYPE_CHECKING:
    from pipeline.forms.catalogue import Catalogue
    from pipeline.forms.definition import FormDefinition

SEPARATOR = "separator"
"""In place of a form's name: the sheet that parts two stacks of documents."""

forms_app = typer.Typer(
    help="様式の一覧・表示・印刷・点検 / List, show, print and check the forms.",
    no_args_is_help=True,
)

FormArgument = Annotated[str, typer.Argument(help="様式の名前 / Name of the form.")]
VersionOption = Annotated[
    str | None,
    typer.Option("--version", help="版。省略すると最新 / Version; the newest if left out."),
]
FolderOption = Annotated[
    Path | None,
    typer.Option(
        "--forms", help="独自の様式定義のフォルダー / Folder of the site's own definitions."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON で出力 / Print JSON.")]


def _catalogue(folder: Path | None) -> Catalogue:
    from pipeline import settings
    from pipeline.forms.catalogue import Catalogue

    return Catalogue.load(folder if folder is not None else settings.current().site_forms)


@forms_app.command("list")
def list_forms(forms: FolderOption = None, as_json: JsonOption = False) -> None:
    """様式の一覧を表示します / List the known forms."""
    known = _catalogue(forms).forms
    if as_json:
        rows = [
            {"form": str(f.name), "version": f.version, "title": f.title, "zones": len(f.zones)}
            for f in known
        ]
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    for form in known:
        typer.echo(f"{form.name:<26}{form.version:<10}{form.title}")


@forms_app.command("show")
def show(
    form: FormArgument,
    version: VersionOption = None,
    forms: FolderOption = None,
    as_json: JsonOption = False,
) -> None:
    """様式の欄を表示します / Show the zones of a form."""
    definition = _catalogue(forms).get(form, version)
    if as_json:
        typer.echo(json.dumps(describe_form(definition), ensure_ascii=False))
        return
    typer.echo(
        f"{definition.title}\n{definition.key}  {definition.page_w_mm:g} x "
        f"{definition.page_h_mm:g} mm"
    )
    for zone in definition.zones:
        name = f"{zone.field}/{zone.part}" if zone.part else str(zone.field)
        place = ", ".join(f"{v:g}" for v in zone.box.as_list())
        cells = f"  {len(zone.cells)} マス/cells" if zone.cells else ""
        typer.echo(f"  {name:<32}{zone.reader:<10}[{place}]{cells}")


@forms_app.command("print")
def print_form(
    form: FormArgument,
    out: Annotated[Path, typer.Option("--out", help="書き出す PDF / PDF file to write.")],
    version: VersionOption = None,
    forms: FolderOption = None,
    channel: Annotated[
        Channel | None, typer.Option("--channel", help="仕切り紙: 経路 / separator: channel")
    ] = None,
    count: Annotated[
        int | None,
        typer.Option("--count", help="仕切り紙: 後に続く数 / separator: how many"),
    ] = None,
    unit: Annotated[
        Counted, typer.Option("--unit", help="仕切り紙: 何の数か / separator: what is counted")
    ] = Counted.DOCUMENTS,
    operator_code: Annotated[
        str,
        typer.Option("--operator-code", help="仕切り紙: 担当の記号 / separator: code of who"),
    ] = "",
) -> None:
    """白紙の様式か仕切り紙（separator）を PDF に / Write a blank form, or a separator, as PDF."""
    from pipeline.domain.errors import not_writable
    from pipeline.forms.drawing import draw_pdf

    if form == SEPARATOR:
        content, title = _separator(channel, count, unit, operator_code), SEPARATOR
    else:
        definition = _catalogue(forms).get(form, version)
        content, title = draw_pdf(definition), definition.key
    try:
        out.write_bytes(content)
    except OSError as error:
        raise not_writable(out) from error
    typer.echo(
        f"{title} を {out} に書き出しました。倍率 100 % で印刷してください。 / "
        f"Written to {out}. Print at 100 %.",
        err=True,
    )


def _separator(channel: Channel | None, count: int | None, unit: Counted, operator: str) -> bytes:
    from pipeline.domain.errors import InputError
    from pipeline.forms.separator_sheet import draw_separator, new_separator

    try:
        separator = new_separator(channel, count, unit, operator)
    except ValueError as error:
        raise InputError(
            "SEPARATOR_INVALID",
            ja="仕切り紙の件数は 0〜99999、担当の記号は英大文字と数字12字までです。",
            en=f"No such separator sheet: {error}.",
            remedy_ja="個人の名前は書かないでください。",
            remedy_en="Give a count from 0 to 99999 and a code without a name in it.",
        ) from None
    return draw_separator(separator)


@forms_app.command("check")
def check_forms(
    target: Annotated[
        str | None,
        typer.Argument(
            help="定義ファイル（.yaml）か様式の名前。省略すると全部 / "
            "Definition file (.yaml) or form; all if left out."
        ),
    ] = None,
    version: VersionOption = None,
    forms: FolderOption = None,
    as_json: JsonOption = False,
) -> None:
    """様式の定義を点検します / Check form definitions."""
    from dataclasses import asdict

    from pipeline.forms.checking import check
    from pipeline.forms.loading import load_definition

    definitions: tuple[FormDefinition, ...]
    if target is None:
        definitions = _catalogue(forms).forms
    elif target.endswith((".yaml", ".yml")):
        definitions = (load_definition(Path(target)),)
    else:
        definitions = (_catalogue(forms).get(target, version),)
    results = {form.key: check(form) for form in definitions}
    if as_json:
        report = [
            {"form": key, "problems": [asdict(p) for p in problems]}
            for key, problems in results.items()
        ]
        typer.echo(json.dumps(report, ensure_ascii=False))
    else:
        for key, problems in results.items():
            typer.echo(f"{key}: " + ("問題なし / no problem" if not problems else ""))
            for problem in problems:
                typer.echo(f"  {problem.code}: {problem.ja}\n    {problem.en}")
    if any(problem.bars for problems in results.values() for problem in problems):
        raise typer.Exit(2)


forms_app.command("learn")(learn_form)
