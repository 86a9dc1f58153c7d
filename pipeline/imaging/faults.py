"""The words for every way in which a file cannot be opened."""

from __future__ import annotations

from pipeline.domain.errors import InputError

_RESCAN_JA = "原本をもう一度スキャンしてください。"
_RESCAN_EN = "Scan the paper again."

_WORDS: dict[str, tuple[str, str, str, str]] = {
    "FILE_EMPTY": (
        "ファイルが空です（0バイト）。",
        "The file is empty (0 bytes).",
        _RESCAN_JA,
        _RESCAN_EN,
    ),
    "FILE_MISSING": (
        "ファイルを読み込めません。",
        "The file cannot be read from the disk.",
        "ファイルの場所とアクセス権を確認してください。",
        "Check where the file is and who may read it.",
    ),
    "FILE_UNREADABLE": (
        "ファイルが壊れており、開けません。",
        "The file is damaged and cannot be opened.",
        _RESCAN_JA,
        _RESCAN_EN,
    ),
    "FILE_TRUNCATED": (
        "ファイルが途中で切れています。",
        "The file ends too early.",
        "コピーが終わっているか確かめ、だめならもう一度スキャンしてください。",
        "See whether copying had finished; if so, scan the paper again.",
    ),
    "FILE_ENCRYPTED": (
        "ファイルがパスワードで保護されています。",
        "The file is protected by a password.",
        "保護を外して保存し直すか、もう一度スキャンしてください。",
        "Save it without protection, or scan the paper again.",
    ),
    "FILE_TOO_LARGE": (
        "ファイルが大きすぎます。",
        "The file is too large.",
        "分けてスキャンするか、解像度を 300 dpi に下げてください。",
        "Scan in smaller parts, or at 300 dpi.",
    ),
    "FILE_TOO_THIN": (
        "画像が細すぎて、紙1枚とはいえません。",
        "The image is too thin to be a sheet of paper.",
        "スキャナーの読み取り範囲を確かめ、もう一度スキャンしてください。",
        "See what area the scanner is set to read, and scan the paper again.",
    ),
    "FILE_TYPE_UNKNOWN": (
        "PDF・TIFF・JPEG・PNG のいずれでもありません。",
        "The file is no PDF, TIFF, JPEG or PNG, whatever its name says.",
        "スキャナーの保存形式を PDF か TIFF にしてください。",
        "Set the scanner to save PDF or TIFF.",
    ),
}

FILE_CODES = frozenset(_WORDS)


def file_fault(code: str, detail: str = "") -> InputError:
    """The error for one of ``FILE_CODES``.

    Args:
        code: A member of ``FILE_CODES``.
        detail: Figures that explain it, the same in both languages (for example ``3000 > 400``);
            never a file name or anything read from the file's content.
    """
    ja, en, remedy_ja, remedy_en = _WORDS[code]
    tail = f" [{detail}]" if detail else ""
    return InputError(code, ja=ja + tail, en=en + tail, remedy_ja=remedy_ja, remedy_en=remedy_en)
