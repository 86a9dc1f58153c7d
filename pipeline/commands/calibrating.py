"""``uketsuke calibrate``: reliability, risk, thresholds; from an evaluation or decisions."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.readers.calibrating.site_calibration import Measured
    from pipeline.readers.calibrating.threshold_set import ThresholdSet
    from pipeline.readers.risk.acceptance import Acceptance
    from pipeline.settings import Settings

_PER_MILLION = 1_000_000
_VERDICTS = {
    "shown": "目標を示す\nshown",
    "exceeded": "目標を超えている\nexceeded",
    "undecided": "示せない\nnot shown",
}


class From(StrEnum):
    """Where the readings come from."""

    EVALUATION = "evaluation"
    DECISIONS = "decisions"


def calibrate(
    source: Annotated[
        From,
        typer.Option(
            "--from",
            help="evaluation: 実筆跡を使った合成様式 / composed forms with real ink。"
            "decisions: この設置環境の抜き取り入力 / values keyed blind at this site",
        ),
    ],
    per_million: Annotated[
        int | None,
        typer.Option(
            "--target", min=1, help="100万件あたりの誤りの上限 / Silent errors per million."
        ),
    ] = None,
    sheets: Annotated[
        int, typer.Option(min=1, help="evaluation: 用紙の枚数 / Sheets of numbers to compose.")
    ] = 60,
    seed: Annotated[
        int | None, typer.Option(min=0, help="evaluation: 乱数の種 / Source of chance.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="表示だけで書かない / Print, write nothing.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="すべてを JSON で / Everything as JSON.")
    ] = False,
) -> None:
    """信頼度としきい値を測り直します / Measure reliability and set this site's thresholds."""
    from pipeline import settings
    from pipeline.readers.calibrating.site_calibration import site_artefact, write_site_artefact
    from pipeline.readers.calibrating.site_head import SiteHead
    from pipeline.readers.calibrating.threshold_set import ThresholdSet
    from pipeline.readers.risk.acceptance import SiteThresholds, Source
    from pipeline.store.clock import utc_now

    site = settings.current()
    target = per_million or site.silent_errors_per_million
    shipped = ThresholdSet.load(site.models, target, None)
    models = ThresholdSet.shipped_versions(site.models)
    head = SiteHead.version_in(site.home)
    if source == From.EVALUATION:
        measured = _evaluated(site, sheets, seed, target)
    else:
        measured = _decided(site, shipped, head, target)
    content = site_artefact(Source(source.value), measured, models, target, utc_now(), head)
    own = SiteThresholds.from_dict(content)
    in_force = ThresholdSet.load(site.models, target, own)
    written = None
    if not dry_run and any(one.n for one in measured):
        written = write_site_artefact(site.home, content)
    if as_json:
        result = {
            **content,
            "written": written is not None,
            "thresholds": [a.as_dict() for a in in_force.acceptances],
        }
        typer.echo(json.dumps(result, ensure_ascii=False))
        return
    _print(measured, in_force, target)
    if written is not None:
        typer.echo(
            f"書き込みました: {written}（消すと配布時のしきい値に戻ります。次の起動から有効） / "
            "written; remove it to go back; in force from the next start",
            err=True,
        )
    else:
        typer.echo("何も書いていません。 / Nothing was written.", err=True)


def _evaluated(site: Settings, sheets: int, seed: int | None, target: float) -> list[Measured]:
    """Measured on composed forms, by the code that also makes the shipped artefacts."""
    import os
    import secrets
    import subprocess
    import sys

    import numpy as np

    from pipeline.domain.errors import DefectError, InputError
    from pipeline.readers.calibrating.site_calibration import measure
    from pipeline.readers.risk.risk_curves import RiskCurve
    from pipeline.samples.real_ink import DATA_VARIABLE, data_folder
    from pipeline.settings import REPOSITORY

    if not (data_folder() / "handwriting").is_dir():
        raise InputError(
            "HANDWRITING_MISSING",
            ja="手書き文字のデータが見つかりません。",
            en="The handwriting data was not found.",
            remedy_ja=f"環境変数 {DATA_VARIABLE} にデータの場所を指定するか、"
            "--from decisions を使ってください。",
            remedy_en=f"Name its folder in {DATA_VARIABLE}, or use --from decisions.",
        )
    seed = secrets.randbelow(10**6) if seed is None else seed
    command = [sys.executable, "-m", "models.training.site_evidence"]
    command += ["--sheets", str(sheets), "--seed", str(seed)]
    environment = {
        **os.environ,
        "UKETSUKE_HOME": str(site.home),
        "UKETSUKE_MODELS": str(site.models),
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE)
    if done.returncode != 0:
        raise DefectError(
            "EVALUATION_FAILED",
            ja="評価が途中で終わりました。理由は上に表示されています。",
            en="The evaluation stopped; the reason stands above.",
        )
    found: dict[str, Any] = json.loads(done.stdout)
    return [
        measure(
            kind,
            np.array(one["confidence"], dtype=np.float64),
            np.array(one["right"], dtype=bool),
            RiskCurve.from_dict(one["curve"]),
            target,
            accepted=False,
        )
        for kind, one in found.items()
    ]


def _decided(site: Settings, shipped: ThresholdSet, head: str, target: float) -> list[Measured]:
    """Measured on what people keyed blind; the desk counts, and only numbers leave it."""
    import numpy as np

    from pipeline.commands.desk_or_store import by_desk_or_store
    from pipeline.forms.catalogue import Catalogue
    from pipeline.readers.calibrating.site_calibration import measure
    from pipeline.readers.risk.risk_curves import RiskCurve
    from pipeline.store.measuring.verified import form_finder

    verified = by_desk_or_store(
        site,
        lambda desk: desk.verified_readings(),
        lambda store: [
            one.as_dict()
            for one in store.verified_readings(form_finder(Catalogue.load(site.forms)))
        ],
    )
    relative = {kind: curve.relative for kind, curve in shipped.curves.items()}
    measured = []
    for kind, one in sorted(_of_models_in_use(verified, shipped, head).items()):
        if kind not in relative:
            continue
        confidence = np.array([c for c, _ in one], dtype=np.float64)
        right = np.array([r for _, r in one], dtype=bool)
        curve = RiskCurve.measured(confidence, right, relative[kind])
        measured.append(measure(kind, confidence, right, curve, target, accepted=True))
    return measured


def _of_models_in_use(
    verified: Sequence[Mapping[str, Any]], shipped: ThresholdSet, head: str
) -> dict[str, list[tuple[float, bool]]]:
    """The sampled pairs of readings by the models and calibration in use, by kind.

    Readings of other models say nothing of these; values that were not accepted say nothing of
    what is.
    """
    versions = (shipped.characters.version, shipped.text.version)
    found: dict[str, list[tuple[float, bool]]] = {}
    for one in verified:
        parts = str(one["model"]).split()
        trained = next((part for part in parts if part.startswith("head/")), "")
        boxed = versions[0] in parts and trained == head
        if boxed or versions[1] in parts:
            found.setdefault(str(one["kind"]), []).extend((c, r) for c, r in one["sampled"])
    return found


def _print(measured: Sequence[Measured], in_force: ThresholdSet, target: float) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    console.print(f"目標 / target: 100万件に {target} 件 / {target} per million")
    if not any(one.n for one in measured):
        console.print(
            "今のモデルで読み、見ずに入力し直した値がまだありません。しきい値はそのままです。\n"
            "No value read by the models in use has been keyed blind yet; thresholds stay."
        )
    table = Table()
    for heading in ("種類\nkind", "件数\nn", "誤り\nerrors", "目標\ntarget", "95 % 上限\nbound"):
        kind = heading.startswith("種類")
        table.add_column(heading, justify="left" if kind else "right", no_wrap=kind)
    table.add_column("較正誤差\nECE", justify="right")
    table.add_column("言えること\nverdict")
    for one in measured:
        table.add_row(
            one.kind,
            f"{one.n:,}",
            str(one.errors),
            _millionths(one.target),
            _millionths(one.high),
            f"{one.calibration_error:.4f}",
            _VERDICTS[one.verdict.value],
        )
    if measured:
        console.print(table)
    for one in measured:
        console.print(f"{one.kind}: {verdict_words(one)}", soft_wrap=True)
    console.print(threshold_table(in_force.acceptances))
    for line in threshold_notes(in_force):
        console.print(line)


def verdict_words(one: Measured) -> str:
    """What the data says, in Japanese and English."""
    from pipeline.readers.calibrating.site_calibration import Verdict

    if one.n == 0:
        return "測れるものがない / nothing to measure"
    if one.verdict == Verdict.SHOWN:
        return "目標を示す / the target is shown"
    if one.verdict == Verdict.EXCEEDED:
        return "目標を超えている / exceeded"
    if one.errors == 0:
        return (
            f"件数不足: 誤り0件でも {_millionths(one.high)} より良いとは言えない。"
            f"誤りなしで {one.needed:,} 件要る / too few: no error in {one.n:,} proves no better "
            f"than {_millionths(one.high)}; {one.needed:,} without error are needed"
        )
    return (
        f"示せない: {_millionths(one.high)} より良いとは言えない / "
        f"not shown: no better than {_millionths(one.high)}"
    )


def threshold_table(in_force: Sequence[Acceptance]) -> Any:
    """The thresholds in force, as a table of the terminal."""
    from rich.table import Table

    table = Table()
    table.add_column("種類\nkind", no_wrap=True)
    for heading in ("目標\ntarget", "しきい値\nthreshold", "件数\nn", "誤り\nerrors"):
        table.add_column(heading, justify="right")
    table.add_column("95 % 上限\nbound", justify="right")
    table.add_column("根拠\nfrom")
    for one in in_force:
        threshold = "受理しない\nnever" if one.never else f"{one.threshold:.6f}"
        note = "" if one.supported else " *"
        table.add_row(
            one.kind,
            _millionths(one.target),
            threshold,
            f"{one.held:,}",
            str(one.errors),
            _millionths(one.bound),
            f"{one.source.value}{note}",
        )
    return table


def threshold_notes(thresholds: ThresholdSet) -> list[str]:
    """What a person has to know about the thresholds in force."""
    notes = []
    if any(not one.supported for one in thresholds.acceptances):
        notes.append("* データが目標を示せない / the data does not support the target")
    if never := ", ".join(one.kind for one in thresholds.acceptances if one.never):
        notes.append(
            f"データが目標を示せないため、機械では受理しません: {never}\n"
            f"The data does not support the target; nothing is accepted by machine of: {never}"
        )
    if thresholds.stale:
        notes.append(
            "この設置環境で作ったしきい値は別のモデルのものなので使っていません。"
            "`uketsuke calibrate` で作り直してください。\n"
            "The thresholds that this site made are for other models and are left alone; "
            "make them anew with `uketsuke calibrate`."
        )
    return notes


def _millionths(share: float) -> str:
    """A share as so many in a million."""
    return f"{share * _PER_MILLION:,.0f} ppm"
