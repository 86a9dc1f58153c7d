"""The limits of the photo checks: a versioned artefact with the evaluation behind it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from pipeline.domain.errors import DefectError
from pipeline.domain.photos import PhotoCheckName

Limits = dict[str, float]


@dataclass(frozen=True, slots=True)
class PhotoThresholds:
    """Limits by check, with the version they were released under."""

    version: str
    limits: dict[str, Limits]

    def of(self, check: PhotoCheckName) -> Limits:
        """The limits of one check."""
        return self.limits[check.value]


def load(models_dir: Path, version: str = "", head_model: str = "photo_head") -> PhotoThresholds:
    """Read ``thresholds/photo-VERSION.json``, the newest where no version is named.

    Args:
        models_dir: Where the models are.
        version: Of the artefact.
        head_model: The classifier in use; one with limits of its own has them in the artefact.

    Raises:
        DefectError: ``PHOTO_THRESHOLDS_BROKEN`` where it is missing or incomplete.
    """
    folder = models_dir / "thresholds"
    files = sorted(folder.glob(f"photo-{version or '*'}.json"))
    try:
        raw = json.loads(files[-1].read_text(encoding="utf-8"))
        limits = {
            name: {k: float(v["value"]) for k, v in raw["checks"][name].items()}
            for name in ("print", *(check.value for check in PhotoCheckName))
        }
        for name, own in raw["variants"].get(head_model, {}).items():
            limits[name].update({k: float(v["value"]) for k, v in own.items()})
        return PhotoThresholds(str(raw["version"]), limits)
    except (IndexError, OSError, ValueError, KeyError, TypeError) as error:
        raise DefectError(
            "PHOTO_THRESHOLDS_BROKEN",
            ja="写真検査のしきい値ファイルを読めません。",
            en="The thresholds of the photo checks cannot be read.",
            remedy_ja="リポジトリの models/thresholds/ を元に戻してください。",
            remedy_en="Restore models/thresholds/ from the repository.",
        ) from error
