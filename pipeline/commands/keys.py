"""``uketsuke keys``: make the keys of an installation, change the master key, keep it elsewhere."""

from __future__ import annotations

import json
from typing import Annotated

import typer

keys_app = typer.Typer(help="鍵の作成とマスター鍵の交換 / Make keys, change the master key.")


@keys_app.command("init")
def init(
    keep: bool = typer.Option(
        False, "--keep", help="鍵があれば何もしない / Do nothing where keys exist already."
    ),
) -> None:
    """鍵一式を作ります / Make the master key, the keyring and the service token."""
    from pipeline import settings
    from pipeline.domain.errors import InputError
    from pipeline.vault import Vault, create_service_token

    keys_dir = settings.current().keys
    created = True
    try:
        Vault.create(keys_dir)
        create_service_token(keys_dir)
    except InputError as error:
        if not (keep and error.code == "KEY_EXISTS"):
            raise
        Vault.open(keys_dir)  # keys that do not open must not pass for keys that are there
        created = False
    typer.echo(
        "鍵を作成しました。データとは別に保管してください。 / "
        "Keys made. Keep a backup apart from the data."
        if created
        else "鍵はすでにあります。 / The keys are there already.",
        err=True,
    )
    typer.echo(json.dumps({"created": created}))


@keys_app.command("rotate")
def rotate() -> None:
    """マスター鍵を交換します / Change the master key and the service token."""
    from pipeline import settings
    from pipeline.vault import Vault, create_service_token

    keys_dir = settings.current().keys
    Vault.open(keys_dir).rotate_master()
    create_service_token(keys_dir)
    typer.echo(
        "マスター鍵とサービストークンを交換しました。再起動は要りません。 / "
        "Master key and service token changed. No restart is needed.",
        err=True,
    )
    typer.echo(json.dumps({"rotated": True}))


@keys_app.command("provider")
def provider(
    command: Annotated[
        list[str],
        typer.Argument(
            help="鍵を保管するプログラムと引数 / The program that keeps the key, with arguments."
        ),
    ],
) -> None:
    """マスター鍵を外部のプログラムに預けます / Hand the master key to a program to keep."""
    from pipeline import settings
    from pipeline.vault import Vault, master_keys

    keys_dir = settings.current().keys
    master_keys.hand_over(keys_dir, command)
    Vault.open(keys_dir)  # the keys must open through the program before anybody relies on it
    typer.echo(
        "マスター鍵を預けました。鍵フォルダーにはもうありません。 / "
        "The master key was handed over; it is no longer in the key folder.",
        err=True,
    )
    typer.echo(json.dumps({"provider": command[0]}))
