"""What an applicant encloses in the answer, or brings: named as the official leaflet names it."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Enclosure(StrEnum):
    """One thing to send back or to bring. The order here is the order in the letter."""

    APPLICATION_NEW = "application_new"
    APPLICATION_RETURNED = "application_returned"
    PHOTO = "photo"
    REPLY_FORM_NEW = "reply_form_new"
    REPLY_FORM_RETURNED = "reply_form_returned"
    MANDATE = "mandate"
    PROXY_IDENTITY = "proxy_identity"
    CARD = "card"


WORDS: dict[Enclosure, str] = {
    Enclosure.APPLICATION_NEW: "新しい用紙に記入した交付申請書",
    Enclosure.APPLICATION_RETURNED: "お返しした交付申請書（必要なところを直したもの）",
    Enclosure.PHOTO: ("新しい顔写真１枚（縦4.5cm×横3.5cm。裏面に氏名と生年月日を書いてください）"),
    Enclosure.REPLY_FORM_NEW: "新しい用紙に記入した照会書兼回答書（封筒に入れて封をしたもの）",
    Enclosure.REPLY_FORM_RETURNED: "お返しした照会書兼回答書（封筒に入れて封をしたもの）",
    Enclosure.MANDATE: "委任状（照会書兼回答書の委任状欄に記入したもの）",
    Enclosure.PROXY_IDENTITY: (
        "代理人の本人確認書類（マイナンバーカードや運転免許証など、顔写真付きのもの）"
    ),
    Enclosure.CARD: "申請者ご本人のマイナンバーカード",
}
_NEW_INSTEAD = {
    Enclosure.APPLICATION_RETURNED: Enclosure.APPLICATION_NEW,
    Enclosure.REPLY_FORM_RETURNED: Enclosure.REPLY_FORM_NEW,
}


def together(wanted: Iterable[Enclosure]) -> tuple[Enclosure, ...]:
    """Each thing once, in the letter's order; who writes anew does not also send the old sheet."""
    named = set(wanted)
    return tuple(e for e in Enclosure if e in named and _NEW_INSTEAD.get(e) not in named)
