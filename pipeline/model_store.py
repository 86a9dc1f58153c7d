"""Where model files are, and that each is the one the manifest names.

A model decides what is read, so a changed file is refused and not merely noted: the SHA-256 of
every file is checked against ``models/manifest.toml`` before its first use in a process.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.domain.errors import DefectError

_CHUNK_BYTES = 1 << 20


class ModelKind(StrEnum):
    """Where a model comes from."""

    PACKAGE = "package"
    OWN = "own"


class ModelEntry(BaseModel):
    """One model of the manifest.

    Attributes:
        member: Path inside the wheel (package) or from the models folder (own).
        licence: Under what terms it may be used.
        use: What reads with it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: ModelKind
    version: str
    member: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    licence: str
    use: str
    package: str = ""


@dataclass(frozen=True, slots=True)
class ModelState:
    """What ``uketsuke models check`` says of one model: ``ok``, ``missing`` or ``altered``."""

    name: str
    entry: ModelEntry
    state: str


def sha256_of(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's content."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


class ModelStore:
    """The models of an installation, by the name they have in the manifest."""

    def __init__(self, models_dir: Path) -> None:
        """Read ``models_dir/manifest.toml``.

        Raises:
            DefectError: ``MODEL_MANIFEST_BROKEN`` where it is missing or cannot be understood.
        """
        self.models_dir = models_dir
        self.entries = _load_manifest(models_dir / "manifest.toml")
        self._verified: dict[str, Path] = {}

    @property
    def fetched_dir(self) -> Path:
        """Where files taken out of wheels lie."""
        return self.models_dir / "fetched"

    def entry(self, name: str) -> ModelEntry:
        """The manifest's entry.

        Raises:
            DefectError: ``MODEL_MISSING`` where the manifest does not name it.
        """
        if name not in self.entries:
            raise _missing(name, None)
        return self.entries[name]

    def path(self, name: str) -> Path:
        """The file of a model, verified once per process.

        Raises:
            DefectError: ``MODEL_MISSING`` or ``MODEL_ALTERED``.
        """
        if name in self._verified:
            return self._verified[name]
        entry = self.entry(name)
        found = self.locate(entry)
        if found is None:
            raise _missing(name, entry)
        if sha256_of(found) != entry.sha256:
            raise DefectError(
                "MODEL_ALTERED",
                ja=f"モデル {name} の内容が登録された値と異なります。使用しません。",
                en=f"The model {name} is not the file that the manifest names; it is not used.",
                **_remedy(entry),
            )
        self._verified[name] = found
        return found

    def version(self, name: str) -> str:
        """Name, version and the first digits of the hash: what a reading records as lineage."""
        entry = self.entry(name)
        return f"{name}@{entry.version}+{entry.sha256[:8]}"

    def states(self) -> list[ModelState]:
        """The state of every model, all hashed anew."""
        result = []
        for name, entry in self.entries.items():
            found = self.locate(entry)
            if found is None:
                state = "missing"
            else:
                state = "ok" if sha256_of(found) == entry.sha256 else "altered"
            result.append(ModelState(name, entry, state))
        return result

    def locate(self, entry: ModelEntry) -> Path | None:
        """Where the file lies, unverified: fetched, in the installed package, or our own."""
        if entry.kind == ModelKind.OWN:
            own = self.models_dir / entry.member
            return own if own.is_file() else None
        fetched = self.fetched_path(entry)
        if fetched.is_file():
            return fetched
        return installed_member(entry)

    def fetched_path(self, entry: ModelEntry) -> Path:
        """Where a member of a wheel is put; the version keeps an old file from being taken."""
        return self.fetched_dir / f"{entry.package}-{entry.version}" / Path(entry.member).name


def installed_member(entry: ModelEntry) -> Path | None:
    """The member inside the installed package of exactly that version, or None."""
    try:
        distribution = importlib.metadata.distribution(entry.package)
    except importlib.metadata.PackageNotFoundError:
        return None
    if distribution.version != entry.version:
        return None
    path = Path(str(distribution.locate_file(entry.member)))
    return path if path.is_file() else None


def _load_manifest(path: Path) -> dict[str, ModelEntry]:
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        return {name: ModelEntry.model_validate(fields) for name, fields in raw.items()}
    except (OSError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise DefectError(
            "MODEL_MANIFEST_BROKEN",
            ja=f"モデルの一覧 {path.name} を読めません({type(error).__name__})。",
            en=f"The list of models {path.name} cannot be read ({type(error).__name__}).",
            remedy_ja="リポジトリの models/manifest.toml を元に戻してください。",
            remedy_en="Restore models/manifest.toml from the repository.",
        ) from error


def _missing(name: str, entry: ModelEntry | None) -> DefectError:
    return DefectError(
        "MODEL_MISSING",
        ja=f"モデル {name} がありません。",
        en=f"The model {name} is missing.",
        **_remedy(entry),
    )


def _remedy(entry: ModelEntry | None) -> dict[str, str]:
    """What brings a model back: our own come with the program, the others are fetched."""
    if entry is not None and entry.kind == ModelKind.OWN:
        return {
            "remedy_ja": f"プログラムの models/{entry.member} を元に戻してください。",
            "remedy_en": f"Restore models/{entry.member} as it came with the program.",
        }
    return {
        "remedy_ja": "`make setup` または `uketsuke models fetch` を実行してください。",
        "remedy_en": "Run `make setup` or `uketsuke models fetch`.",
    }
