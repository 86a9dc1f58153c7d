"""``uketsuke models``: get the models that the manifest names, and check them."""

from __future__ import annotations

import json

import typer

models_app = typer.Typer(help="モデルの取得と検査 / Fetch and check the models.")


@models_app.command("fetch")
def fetch() -> None:
    """一覧にあるモデルを用意します / Make every model of the manifest available."""
    from pipeline import settings
    from pipeline.model_fetching import fetch_all
    from pipeline.model_store import ModelStore

    store = ModelStore(settings.current().models)
    done = fetch_all(store, lambda line: typer.echo(line, err=True))
    for name, how in done.items():
        typer.echo(f"  {name}: {how}", err=True)
    typer.echo(json.dumps(done))


@models_app.command("check")
def check(
    as_json: bool = typer.Option(False, "--json", help="JSONで出力 / Print JSON."),
) -> None:
    """モデルのハッシュを確かめます / Verify the hash of every model."""
    from pipeline import settings
    from pipeline.domain.errors import DefectError
    from pipeline.model_store import ModelStore

    states = ModelStore(settings.current().models).states()
    if as_json:
        typer.echo(
            json.dumps(
                [
                    {
                        "model": s.name,
                        "state": s.state,
                        "version": s.entry.version,
                        "source": s.entry.package or "own",
                        "licence": s.entry.licence,
                        "use": s.entry.use,
                    }
                    for s in states
                ],
                ensure_ascii=False,
            )
        )
    else:
        for s in states:
            source = f"{s.entry.package} {s.entry.version}".strip() if s.entry.package else "own"
            typer.echo(f"{s.state:8} {s.name:28} {source:28} {s.entry.licence}")
    bad = [s.name for s in states if s.state != "ok"]
    if bad:
        raise DefectError(
            "MODEL_ALTERED" if any(s.state == "altered" for s in states) else "MODEL_MISSING",
            ja=f"使えないモデルがあります: {', '.join(bad)}",
            en=f"Some models cannot be used: {', '.join(bad)}",
            remedy_ja="`make setup` または `uketsuke models fetch` を実行してください。",
            remedy_en="Run `make setup` or `uketsuke models fetch`.",
        )
