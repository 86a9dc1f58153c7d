"""The rule that a finding comes from, and whose rule it is: a law, the leaflet, or our own."""

from __future__ import annotations

from pipeline.domain.finding_messages import Words
from pipeline.domain.findings import FindingCode as C

_CHECKLIST = Words(
    "顔写真のチェックポイント(有効期限のご案内)", "The photo checklist in the official leaflet"
)
_FORM = Words("交付申請書の記入欄", "What the application form asks for")
_REPLY = Words("照会書兼回答書の(ご注意)", "The notes printed on the reply form")
_OWN = Words(
    "このシステム: 読み取りが確かでなければ人が見る",
    "Our own: what is not read for certain is looked at by a person",
)
_STACK = Words("このシステム: 紙と画像の数を合わせる", "Our own: sheets and images have to tally")
_RULES: dict[C, Words] = {
    C.MY_NUMBER_MISSING: Words(
        "個人番号は必ず記入する(有効期限のご案内)", "The leaflet: the number must be written"
    ),
    C.MY_NUMBER_CHECK_DIGIT: Words(
        "検査用数字: 平成26年総務省令第85号 第5条",
        "The check digit: MIC ordinance 85 of 2014, article 5",
    ),
    C.MY_NUMBER_PLACEHOLDER: Words(
        "すべて0は検査用数字の式に合うが番号ではない(このシステム)",
        "Our own: all zeros fit the check digit's formula and are no number",
    ),
    C.PIN_RULE: Words(
        "署名用は英大文字と数字を組み合わせた6〜16文字、ほかは数字4けた",
        "Signature PIN: 6 to 16 capitals and digits, both of them; the others: 4 digits",
    ),
    C.PIN_LOWER_CASE: Words(
        "署名用の英字は大文字だけ", "Letters of the signature PIN are capitals"
    ),
    C.PIN_MISSING: _REPLY,
    C.REPLY_FORM_BY_MAIL: Words(
        "照会書兼回答書 (ご注意)(3): 郵送では受け付けない",
        "Reply form, note 3: not taken by mail",
    ),
    C.NOTICE_IS_NOT_APPLICATION: Words(
        "有効期限通知書: 郵送しても申請したことにならない",
        "The notice itself says that sending it is no application",
    ),
    C.PHOTO_NOT_WANTED: Words(
        "申請日に1歳未満は顔写真なし(番号法第2条第7項、2024年12月2日から)",
        "Number Act, art. 2(7): under one at the application date, no photo",
    ),
    C.PHOTO_EXCEPTION_STATED: Words(
        "理由を氏名欄に書けば規格外の写真も使える(有効期限のご案内)",
        "The leaflet: a reason in the name field makes an unusual photo usable",
    ),
    C.PHOTO_FRAMING: Words(
        "頭の先からあごまで34±2 mm、上の余白4±2 mm(案内図)",
        "The guide figure: head 34 ± 2 mm, margin above 4 ± 2 mm",
    ),
    C.REPRESENTATIVE_MISSING: Words(
        "申請日に15歳未満は法定代理人が代理人記載欄に書く",
        "Under 15 at the application date the representative fills that block",
    ),
    C.PRINTED_DATA_CORRECTED: Words(
        "転居後は前の印字の申請書を使えない(交付申請の案内)",
        "After moving the pre-printed form is void",
    ),
}


def _general(code: C) -> Words:
    if code.value.startswith("PHOTO_") and code != C.PHOTO_NOT_ASSESSABLE:
        return _CHECKLIST
    if code == C.SEAL_MISSING:
        return _REPLY
    if code.value.endswith("_MISSING"):
        return _FORM
    if code in (C.DOUBLE_FEED_SUSPECTED, C.COUNT_MISMATCH, C.CHANNEL_MISMATCH, C.PAGE_ATTACHED):
        return _STACK
    return _OWN


def rule(code: C) -> Words:
    """Where a finding's rule comes from."""
    return _RULES.get(code) or _general(code)
