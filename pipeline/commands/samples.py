"""``uketsuke samples``: make synthetic scans with their truth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

SEED = 2026
"""Of the samples that ship."""

samples_app = typer.Typer(help="合成サンプルの作成 / Make synthetic sample scans with truth.")


@samples_app.callback()
def _group() -> None:
    """合成サンプルの作成 / Make synthetic sample scans with truth."""


@samples_app.command("make")
def make(
    out: Annotated[Path, typer.Option("--out", help="書き出し先 / Folder to write to.")],
    count: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="ファイル数。省くと同梱の一式 / Number of files; without it the set that ships.",
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, help="乱数の種 / The same seed, the same files.")
    ] = SEED,
    preset: Annotated[
        str, typer.Option(help="紙とスキャンの荒さ / mild, typical or hard.")
    ] = "typical",
    ink: Annotated[
        Path | None, typer.Option(help="実筆データのフォルダー / Folder of real handwriting.")
    ] = None,
    faces: Annotated[
        Path | None, typer.Option(help="写真のフォルダー / Folder of photos to paste.")
    ] = None,
) -> None:
    """サンプルを作ります / Make sample scans in mail/ and counter/, and truth.json."""
    from pipeline.domain.errors import InputError
    from pipeline.samples.ink import GlyphInk
    from pipeline.samples.making import Workshop, random_recipes
    from pipeline.samples.making import make as make_files
    from pipeline.samples.paper import Preset
    from pipeline.samples.photos import FolderPhotos, synthetic_photo
    from pipeline.samples.real_ink import RealInk
    from pipeline.samples.showcase import showcase

    if preset not in [p.value for p in Preset]:
        raise InputError(
            "PRESET_UNKNOWN",
            ja=f"「{preset}」という設定はありません。",
            en=f"There is no preset “{preset}”.",
            remedy_ja="mild、typical、hard のどれかを指定してください。",
            remedy_en="Name one of mild, typical, hard.",
        )
    workshop = Workshop(
        seed=seed,
        boxed=None if ink is None else GlyphInk.of(RealInk.load(ink, "test")),
        photos=synthetic_photo if faces is None else FolderPhotos(faces),
    )
    recipes = showcase() if count is None else tuple(random_recipes(count, seed, Preset(preset)))

    def tell(done: int, total: int) -> None:
        typer.echo(f"\r{done}/{total}", err=True, nl=done == total)

    truth = make_files(out, recipes, workshop, tell)
    typer.echo(json.dumps({"files": len(recipes), "seed": seed, "truth": str(truth)}))
