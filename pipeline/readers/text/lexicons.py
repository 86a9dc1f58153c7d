"""Fields whose words are few: what may stand there is known, whatever else was read is doubted.

A lexicon never changes what was read. It only keeps a speck that looks like a 4 from passing for
how somebody is related to the applicant.
"""

from __future__ import annotations

import re
import unicodedata

from pipeline.domain.documents import FieldName as F

RELATIONS = frozenset(
    {
        *("父", "母", "父親", "母親", "親", "養父", "養母", "継父", "継母", "実父", "実母"),
        *("夫", "妻", "配偶者", "子", "実子", "養子", "長男", "次男", "二男", "三男", "四男"),
        *("長女", "次女", "二女", "三女", "四女", "息子", "娘", "嫁", "婿", "孫", "曾孫"),
        *("祖父", "祖母", "兄", "姉", "弟", "妹", "義父", "義母", "義兄", "義姉", "義弟", "義妹"),
        *("伯父", "叔父", "伯母", "叔母", "甥", "姪", "いとこ", "親族", "親戚", "同居人"),
        *("親権者", "法定代理人", "後見人", "成年後見人", "未成年後見人", "任意後見人"),
        *("保佐人", "補助人", "代理人", "世帯主", "知人", "友人", "隣人", "施設長", "施設職員"),
        *("ケアマネージャー", "弁護士", "司法書士", "行政書士", "社会福祉士", "民生委員"),
    }
)
# The six categories of the official form, and 永住者 as many write it.
RESIDENT_CATEGORIES = frozenset(
    {
        *("中長期在留者", "特別永住者", "永住者", "一時庇護許可者", "仮滞在許可者"),
        *("出生による経過滞在者", "国籍喪失による経過滞在者"),
    }
)
# What an office prints on the notice.
EXPIRING_ITEMS = frozenset(
    {
        *("個人番号カード", "電子証明書", "署名用電子証明書", "利用者証明用電子証明書"),
        *("マイナンバーカード", "個人番号カード・電子証明書", "マイナンバーカード・電子証明書"),
    }
)
CLOSED_FIELDS = frozenset({F.EXPIRING_ITEM})
"""Printed by us: nothing else can stand there, so other characters need not be looked for."""
_BY_FIELD = {
    F.EXPIRING_ITEM: EXPIRING_ITEMS,
    F.REPRESENTATIVE_RELATION: RELATIONS,
    F.PROXY_RELATION: RELATIONS,
    F.FOREIGN_RESIDENT_CATEGORY: RESIDENT_CATEGORIES,
}
_JOINTS = re.compile(r"[\s・,、/]+|(?=[(（])")


def has_lexicon(field: F) -> bool:
    """Whether the words of a field are known."""
    return field in _BY_FIELD


def words_of(field: F) -> frozenset[str]:
    """The words of a field; empty where any may stand."""
    return _BY_FIELD.get(field, frozenset())


def is_known(field: F, text: str) -> bool:
    """Whether a text is made of words that the field may hold; True where any text may.

    Several words may stand together (父・親権者, 母(法定代理人)), each known by itself.
    """
    words = _BY_FIELD.get(field)
    if words is None:
        return True
    plain = unicodedata.normalize("NFKC", text)
    if plain.replace(" ", "") in words:
        return True
    parts = [part.strip("()") for part in _JOINTS.split(plain)]
    held = [part for part in parts if part]
    return bool(held) and all(part in words for part in held)
