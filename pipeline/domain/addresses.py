"""Addresses, the pure part: a comparable form, and where the house number begins."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from pipeline.domain.era import fold_kanji_numbers

PREFECTURES: tuple[str, ...] = (
    *("北海道", "青森県", "岩手県", "宮城県", "秋田県", "山形県", "福島県", "茨城県", "栃木県"),
    *("群馬県", "埼玉県", "千葉県", "東京都", "神奈川県", "新潟県", "富山県", "石川県", "福井県"),
    *("山梨県", "長野県", "岐阜県", "静岡県", "愛知県", "三重県", "滋賀県", "京都府", "大阪府"),
    *("兵庫県", "奈良県", "和歌山県", "鳥取県", "島根県", "岡山県", "広島県", "山口県", "徳島県"),
    *("香川県", "愛媛県", "高知県", "福岡県", "佐賀県", "長崎県", "熊本県", "大分県", "宮崎県"),
    *("鹿児島県", "沖縄県"),
)
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−ｰ─"), "-")
_FOLD = str.maketrans(
    {
        "ヶ": "ケ",
        "ｹ": "ケ",
        "ヵ": "カ",
        "之": "ノ",
        "の": "ノ",
        "龍": "竜",
        "澤": "沢",
        "邊": "辺",
        "邉": "辺",
        "濱": "浜",
        "髙": "高",
        "﨑": "崎",
        "嶋": "島",
        "廣": "広",
        "檜": "桧",
        "籠": "篭",
        "藪": "薮",
        "櫻": "桜",
    }
)
_POSTAL = re.compile(r"^〒?\s*(\d{3})-?(\d{4})\s*")
_NUMBER = re.compile(r"[0-9]")
_KANJI_CHOME = re.compile(r"([一二三四五六七八九十]+)(丁目|番|号)")
_DASH_AS_LONG_MARK = re.compile(r"(?<=[ァ-ヺ])-(?=[ァ-ヺ]|[0-9 ]|$)")
_LONG_MARK_AS_DASH = re.compile(r"(?<=[0-9])ー(?=[0-9])")


@dataclass(frozen=True, slots=True)
class AddressParts:
    """An address as written, cut where its numbers begin.

    Attributes:
        postal_code: Seven digits where the writer put them first; else empty.
        place: Everything up to the first house number.
        rest: Number and building.
    """

    postal_code: str
    place: str
    rest: str


def normalise(text: str) -> str:
    """NFKC, one kind of dash, no blanks inside numbers, runs of blanks as one."""
    plain = unicodedata.normalize("NFKC", text).translate(_DASHES)
    plain = _LONG_MARK_AS_DASH.sub("-", plain)
    plain = _DASH_AS_LONG_MARK.sub("ー", plain)
    plain = re.sub(r"(?<=[0-9-])\s+(?=[0-9-])", "", plain)
    return re.sub(r"\s+", " ", plain).strip()


def split(text: str) -> AddressParts:
    """Postal code, place, and number with building of an address."""
    plain = normalise(text)
    match = _POSTAL.match(plain)
    postal = match[1] + match[2] if match else ""
    if match:
        plain = plain[match.end() :]
    plain = _KANJI_CHOME.sub(lambda m: fold_kanji_numbers(m[1]) + m[2], plain)
    number = _NUMBER.search(plain)
    cut = number.start() if number else len(plain)
    return AddressParts(postal, plain[:cut].strip(), plain[cut:].strip())


def fold_place(place: str) -> str:
    """A place name for comparison only: no blanks, one spelling of ケ, ノ and old characters."""
    plain = re.sub(r"[\s()]", "", unicodedata.normalize("NFKC", place)).translate(_FOLD)
    return re.sub(r"^(?:大字|字)|(?<=[市区町村])大?字", "", plain)


def prefecture_of(place: str) -> str:
    """The prefecture a place begins with, or the empty string."""
    return next((p for p in PREFECTURES if place.startswith(p)), "")
