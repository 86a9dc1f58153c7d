"""The errors a person can meet: a code, a Japanese and an English message, and a remedy.

Three kinds, by whose move it is: the user's input, our defect, the policy of the office.
A message never carries a value that was read from a document.
"""

from __future__ import annotations

from typing import ClassVar


class UketsukeError(Exception):
    """Base of every error that is shown to a person.

    Args:
        code: A stable name in capitals, for example ``FILE_ENCRYPTED``.
        ja: What happened, in Japanese.
        en: What happened, in English.
        remedy_ja: What to do, in Japanese.
        remedy_en: What to do, in English.
    """

    exit_code: ClassVar[int] = 1

    def __init__(
        self, code: str, *, ja: str, en: str, remedy_ja: str = "", remedy_en: str = ""
    ) -> None:
        super().__init__(f"{code}: {ja} / {en}")
        self.code = code
        self.ja = ja
        self.en = en
        self.remedy_ja = remedy_ja
        self.remedy_en = remedy_en

    def __reduce__(self) -> tuple[object, ...]:
        # Workers raise these across a process border; the default would call __init__(str).
        return _rebuild, (
            type(self),
            self.code,
            self.ja,
            self.en,
            self.remedy_ja,
            self.remedy_en,
        )


def _rebuild(
    kind: type[UketsukeError], code: str, ja: str, en: str, remedy_ja: str, remedy_en: str
) -> UketsukeError:
    return kind(code, ja=ja, en=en, remedy_ja=remedy_ja, remedy_en=remedy_en)


class InputError(UketsukeError):
    """What was given cannot be used: a broken file, a wrong option, a missing folder."""

    exit_code = 2


class DefectError(UketsukeError):
    """Something of ours is broken or missing: a model file, a key, a migration."""

    exit_code = 3


class PolicyError(UketsukeError):
    """The rules of the office forbid it: a role, a retention rule, a channel."""

    exit_code = 4


def not_writable(path: object) -> InputError:
    """``OUTPUT_NOT_WRITABLE``: what a person asked for cannot be written where they said."""
    return InputError(
        "OUTPUT_NOT_WRITABLE",
        ja=f"{path} に書き込めません。",
        en=f"{path} cannot be written.",
        remedy_ja="フォルダーがあるか、書き込めるかを確かめてください。",
        remedy_en="Check that the folder exists and may be written to.",
    )
