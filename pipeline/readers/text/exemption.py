"""A reason written in the name field, for a photo out of standard.

The official checklist lets an applicant write it there (病気により片目が開かない), so a sentence in
the name field is not an unreadable name. It is told from a name by words that no name holds, with
room for a misread character.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_SURE = (
    *("により", "のため", "ため", "ので", "理由", "病気", "障害", "障がい", "手術", "治療"),
    *("医療", "怪我", "けが", "宗教", "信仰", "乳児", "幼児", "寝たきり", "片目", "眼帯"),
    *("開かない", "外せない", "できない", "出来ない", "ません", "車椅子", "車いす", "帽子"),
    *("ヘジャブ", "ヒジャブ", "写真", "着用", "包帯", "装着", "麻痺", "まひ", "かつら"),
    *("ウィッグ", "撮影", "義眼"),
)
_OPENING = re.compile(r"[(（「『\[]")
_LEAST_LENGTH = 6


@dataclass(frozen=True, slots=True)
class NameField:
    """What stands in a name field.

    Attributes:
        name: The name alone.
        reason: The sentence; empty where there is none.
    """

    name: str
    reason: str


def separate(lines: list[str]) -> NameField:
    """Name and reason of a name field, from its lines as read."""
    kept: list[str] = []
    reasons: list[str] = []
    for line in lines:
        if reasons and not _has_reason(line) and len(line) < 3:
            reasons.append(line)
            continue
        if not _has_reason(line):
            kept.append(line)
            continue
        name, reason = _split(line)
        if name:
            kept.append(name)
        reasons.append(reason)
    reason = "".join(reasons)
    if len(re.sub(r"\W", "", reason)) < _LEAST_LENGTH:
        return NameField(" ".join(lines).strip(), "")
    return NameField(" ".join(kept).strip(), reason.strip())


def _has_reason(line: str) -> bool:
    plain = line.replace(" ", "")
    if len(plain) < _LEAST_LENGTH:
        return False
    return any(word in plain for word in _SURE)


def _split(line: str) -> tuple[str, str]:
    """The part before an opening bracket or before the sentence's own blank is the name."""
    bracket = _OPENING.search(line)
    if bracket and bracket.start() >= 2:
        return line[: bracket.start()].strip(), line[bracket.start() :]
    words = line.split(" ")
    for i, word in enumerate(words):
        if i > 0 and any(s in "".join(words[i:]) for s in _SURE) and len(word) > 4:
            return " ".join(words[:i]).strip(), " ".join(words[i:])
    return "", line
