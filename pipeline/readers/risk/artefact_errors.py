"""What is said where an artefact of thresholds or limits is missing or broken: always the same."""

from __future__ import annotations

from pipeline.domain.errors import DefectError

MISSING, BROKEN = "THRESHOLDS_MISSING", "THRESHOLDS_BROKEN"


def artefact_error(code: str, what_ja: str, what_en: str) -> DefectError:
    """The error for an artefact that ships with the models.

    Args:
        code: ``MISSING`` or ``BROKEN``.
        what_ja: What it holds, Japanese, before 「のファイルが」.
        what_en: The same in English, before "are missing".
    """
    missing = code == MISSING
    return DefectError(
        code,
        ja=f"{what_ja}のファイルが" + ("ありません。" if missing else "壊れています。"),
        en=f"{what_en} " + ("are missing." if missing else "cannot be used."),
        remedy_ja="models/ を配布物から入れ直してください。",
        remedy_en="Put models/ back from the distribution.",
    )
