"""A finding's evidence in plain words: what a page seems to be, what was counted, which sheet."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.domain.finding_messages import Words
from pipeline.domain.findings import FindingCode
from pipeline.domain.page_kinds import KINDS, REASONS, PageKind, Why

_FEEDS: dict[str, Words] = {
    "page_too_long": Words("画像がA4より長くなっています。", "The image is longer than A4."),
    "two_forms": Words(
        "1つの画像に2枚の用紙が写っています。", "Two sheets are on one image; one was read."
    ),
    "sequence_repeats": Words("通し番号が重なっています。", "A sequence number comes twice."),
    "sequence_skips": Words("通し番号が飛んでいます。", "A sequence number is missing."),
}
# What the gate of registration has against a page, by the names of ``imaging.gate``.
_DOUBTS: dict[str, Words] = {
    "residual": Words("様式の印刷と全体にずれています。", "Its print is off the form's all over."),
    "uncertainty": Words(
        "位置の決め手になる印刷が近くにない欄があります。",
        "A field has no print near by that says where it lies.",
    ),
    "local_distortion": Words(
        "周りの印刷がずれている欄があります。", "The print round a field has moved."
    ),
    "slipped_fold": Words(
        "折り目のずれ方が一通りに決まりません。", "How a fold slipped can be told in several ways."
    ),
    "zone_off_the_scan": Words(
        "画像からはみ出している欄があります。", "A field lies beyond the edge of the image."
    ),
    "little_print_agrees": Words(
        "様式の印刷の一部しか見つかりません。", "Only a part of the form's print was found."
    ),
}
_UNITS: dict[str, Words] = {
    "documents": Words("件", "documents"),
    "pages": Words("ページ", "pages"),
    "pages_of_document": Words("ページ(この書類)", "pages of this document"),
}


def details(code: FindingCode, evidence: Mapping[str, str | float]) -> tuple[Words, ...]:
    """What the evidence of a finding says, a sentence each; empty where the message says it all.

    Args:
        code: The finding's code.
        evidence: Its names and numbers; unknown ones are passed over.
    """
    said: list[Words] = []
    if code in (FindingCode.FORM_UNKNOWN, FindingCode.PAGE_ATTACHED):
        said += _kind(evidence)
    if code == FindingCode.REGISTRATION_POOR:
        named = str(evidence.get("why", "")).split()
        said += [_DOUBTS[name] for name in named if name in _DOUBTS]
    if code == FindingCode.DOUBLE_FEED_SUSPECTED and evidence.get("reason") in _FEEDS:
        said.append(_FEEDS[str(evidence["reason"])])
    if code == FindingCode.FORM_VERSION_UNCERTAIN and "other_version" in evidence:
        taken, other = evidence.get("version"), evidence["other_version"]
        said.append(
            Words(
                f"{taken} として読みました。{other} かもしれません。",
                f"It was read as {taken}; it may be {other}.",
            )
        )
    if code == FindingCode.COUNT_MISMATCH and {"expected", "found"} <= set(evidence):
        unit = _UNITS.get(str(evidence.get("unit")), Words("", ""))
        expected, found = (_whole(evidence[name]) for name in ("expected", "found"))
        said.append(
            Words(
                f"{expected}{unit.ja}のはずが{found}{unit.ja}でした。",
                f"{expected} {unit.en} stated, {found} found.",
            )
        )
    return tuple(said)


def _kind(evidence: Mapping[str, str | float]) -> list[Words]:
    said = []
    if evidence.get("kind") in set(PageKind):
        said.append(KINDS[PageKind(str(evidence["kind"]))])
    if evidence.get("why") in set(Why):
        said.append(REASONS[Why(str(evidence["why"]))])
    if evidence.get("photo_missing_on_page") is not None:
        page = _whole(evidence["photo_missing_on_page"])
        said.append(
            Words(
                f"写真のない書類が同じファイルの{page}ページにあります。見比べてください。",
                f"A document without its photo is on page {page} of this file: compare them.",
            )
        )
    return said


def _whole(value: str | float) -> str:
    return str(round(value)) if isinstance(value, int | float) else value
