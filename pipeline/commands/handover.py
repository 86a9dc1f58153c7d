"""``uketsuke handover`` and ``uketsuke incident``: what leaves the office, and for whom."""

from __future__ import annotations

import base64
import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.commands.desk_or_store import by_desk_or_store

if TYPE_CHECKING:
    from pipeline.store.duckdb_store import DuckDBStore

handover_app = typer.Typer(
    help="カード発行システムへの引き渡し / Hand accepted applications over.", no_args_is_help=True
)
OutFile = Annotated[Path, typer.Option("--out", help="書き出すファイル / File to write.")]
PackageArgument = Annotated[Path, typer.Argument(help="パッケージ / The package.")]


@handover_app.command("keygen")
def keygen(
    out: Annotated[Path, typer.Option("--out", help="書き出すフォルダー / Folder to write to.")],
) -> None:
    """受け取り側の鍵の組を作ります / Make a recipient's pair of keys."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    from pipeline.domain.errors import InputError
    from pipeline.vault.packages import fingerprint
    from pipeline.vault.private_files import make_folder, write_private

    secret, public = out / "recipient.key.pem", out / "recipient.pub.pem"
    make_folder(out)
    if secret.exists():
        raise InputError(
            "KEY_EXISTS",
            ja=f"{secret.name} はすでにあります。",
            en=f"{secret.name} exists already.",
            remedy_ja="別のフォルダーを指定してください。",
            remedy_en="Name another folder.",
        )
    key = X25519PrivateKey.generate()
    write_private(
        secret,
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )
    public.write_bytes(
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    typer.echo(json.dumps({"public": public.name, "fingerprint": fingerprint(key.public_key())}))


@handover_app.command("make")
def make(
    to: Annotated[Path, typer.Option("--to", help="宛先の公開鍵 / The recipient's public key.")],
    out: OutFile,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="最大件数 / At most.")] = 1000,
    again: Annotated[
        str | None, typer.Option("--again", help="失った分を作り直す / Make a lost package again.")
    ] = None,
) -> None:
    """受理した書類を暗号化・署名して渡します / Pack what was accepted: encrypted and signed."""
    from pipeline import settings

    known = settings.current()
    pem = _read(to).decode("utf-8", "replace")
    if out.exists() or not out.parent.is_dir():
        raise _not_writable(out)

    def directly(store: DuckDBStore) -> dict[str, Any]:
        from pipeline.store.auditing.audit import SYSTEM
        from pipeline.vault.packages import recipient_key

        recipient = recipient_key(pem.encode())
        made = store.handovers(known).make(SYSTEM, recipient, limit=limit, again=again)
        return made.as_dict() if made else {"documents": 0}

    made = by_desk_or_store(known, lambda desk: desk.hand_over(pem, limit, again), directly)
    content = made.pop("content", None)
    if content is None:
        typer.echo("渡す書類はありません。 / Nothing is ready.", err=True)
    else:
        try:
            out.write_bytes(base64.b64decode(content))
        except OSError:
            raise _not_writable(out, made["package"]) from None
    typer.echo(json.dumps(made))


@handover_app.command("show")
def show(package: PackageArgument) -> None:
    """パッケージの件数と署名を確かめます / Check a package's signature and show its counts."""
    from pipeline import settings
    from pipeline.vault.packages import manifest_of

    signer = None
    keys = settings.current().keys
    if keys.is_dir():
        from pipeline.vault import Vault

        signer = Vault.open(keys).signing_key().public_key()
    manifest = manifest_of(_read(package))
    ours = signer is not None and base64.b64encode(signer.public_bytes_raw()).decode()
    typer.echo(json.dumps({**manifest, "signed_here": manifest["signer"] == ours}))


@handover_app.command("open")
def open_package(
    package: PackageArgument,
    key: Annotated[Path, typer.Option("--key", help="受け取り側の秘密鍵 / The private key.")],
    out: OutFile,
) -> None:
    """受け取り側でパッケージを開きます / Open a package on the recipient's side."""
    from pipeline.vault.packages import private_key, unpack
    from pipeline.vault.private_files import write_private

    opened = unpack(_read(package), private_key(_read(key)))
    if out.exists() or not out.parent.is_dir():
        raise _not_writable(out)
    write_private(out, opened.payload)
    typer.echo(json.dumps({"documents": opened.manifest["documents"], "file": out.name}))


def incident(
    since: Annotated[
        dt.datetime, typer.Option("--since", formats=["%Y-%m-%d"], help="初日 / First day.")
    ],
    until: Annotated[
        dt.datetime, typer.Option("--until", formats=["%Y-%m-%d"], help="末日 / Last day.")
    ],
    out: OutFile,
    person: Annotated[
        str | None, typer.Option("--person", help="この利用者が見たもの / What this user saw.")
    ] = None,
    batch: Annotated[str | None, typer.Option("--batch", help="このバッチ / This batch.")] = None,
) -> None:
    """漏えい等の対象の書類を書き出します / List the documents that an incident touched."""
    from pipeline import settings
    from pipeline.store.clock import JAPAN

    begin = since.replace(tzinfo=JAPAN).astimezone(dt.UTC).replace(tzinfo=None)
    end = (until + dt.timedelta(days=1)).replace(tzinfo=JAPAN).astimezone(dt.UTC)
    end = end.replace(tzinfo=None)

    def directly(store: DuckDBStore) -> dict[str, Any]:
        from pipeline.store.auditing.audit import SYSTEM
        from pipeline.store.auditing.incidents import Reach

        return store.affected(SYSTEM, Reach(begin, end, person, batch))

    found = by_desk_or_store(
        settings.current(),
        lambda desk: desk.incident(begin.isoformat(), end.isoformat(), person, batch),
        directly,
    )
    try:
        out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    except OSError:
        raise _not_writable(out) from None
    typer.echo(
        json.dumps({"documents": found["documents_affected"], "kinds": found["documents_by_kind"]})
    )


def _read(path: Path) -> bytes:
    from pipeline.domain.errors import InputError

    try:
        return path.read_bytes()
    except OSError:
        raise InputError(
            "FILE_MISSING",
            ja=f"{path} を読めません。",
            en=f"{path} cannot be read.",
            remedy_ja="場所を確かめてください。",
            remedy_en="Check where it is.",
        ) from None


def _not_writable(path: Path, package: str | None = None) -> Exception:
    from pipeline.domain.errors import InputError

    again = f" --again {package}" if package else ""
    return InputError(
        "OUTPUT_NOT_WRITABLE",
        ja=f"{path} に書き込めません（すでにあるか、フォルダーがありません）。",
        en=f"{path} cannot be written: it exists, or its folder does not.",
        remedy_ja=f"別の名前で{f'、{again} を付けて' if again else ''}やり直してください。",
        remedy_en=f"Try again with another name{again and f' and{again}'}.",
    )
