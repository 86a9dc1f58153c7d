"""What can be wrong with keys, in words."""

from __future__ import annotations

from pipeline.domain.errors import DefectError, InputError


def wrong_key(detail_ja: str, detail_en: str) -> DefectError:
    """The error for keys that do not belong together."""
    return DefectError(
        "KEY_WRONG",
        ja=f"鍵が合いません。{detail_ja}",
        en=f"The keys do not fit. {detail_en}",
        remedy_ja="この設置環境の鍵フォルダーのバックアップを戻してください。",
        remedy_en="Restore the backup of this installation's key folder.",
    )


def missing_key(name: str) -> InputError:
    """The error for a key file that is not there."""
    return InputError(
        "KEY_MISSING",
        ja=f"鍵のファイル「{name}」がありません。",
        en=f"The key file '{name}' is missing.",
        remedy_ja="新規なら `uketsuke keys init`、それ以外はバックアップを戻してください。",
        remedy_en="Run `uketsuke keys init` on a new installation; otherwise restore the backup.",
    )
