"""Names of people: kept as written, compared through variants.

A registered name may use 髙 where everybody else types 高. The reading keeps what was written;
``fold`` maps variants onto one representative for comparison only, never for storage.
"""

from __future__ import annotations

import re
import unicodedata

# Each group is one character for the purpose of comparing names; the first is the representative.
# Sources: the variants that the municipalities' own notices name, and JIS X 0213 / 入管正字 pairs.
VARIANT_GROUPS: tuple[str, ...] = (
    *("高髙", "崎﨑嵜碕", "辺邊邉", "斉齋齊斎", "浜濱濵", "沢澤", "広廣", "島嶋嶌", "吉𠮷", "真眞"),
    *("桜櫻", "国國圀", "条條", "竜龍", "滝瀧", "栄榮", "徳德", "恵惠", "実實", "寿壽"),
    *("恒恆", "静靜", "鉄鐵鐡", "関關", "万萬", "与與", "伝傳", "会會", "円圓", "蔵藏"),
    *("富冨", "峰峯", "柳栁", "桑桒", "穂穗", "暁曉", "晃晄", "来來", "横橫", "歩步"),
    *("満滿", "瀬瀨", "黒黑", "緑綠", "翠翆", "聡聰", "芦蘆", "薫薰", "蒋蔣", "凛凜"),
    *("昇曻", "応應", "児兒", "兎兔", "剣劍劔", "団團", "増增", "壮壯", "奥奧", "宝寶寳"),
    *("将將", "巌巖", "庄荘莊", "弥彌", "戸戶", "礼禮", "禄祿", "経經", "絵繪", "総總"),
    *("縁緣", "検檢", "楽樂", "様樣", "槙槇", "権權", "気氣", "沖冲", "浅淺", "渋澁"),
    *("温溫", "為爲", "瑶瑤", "発發", "秋秌", "稲稻", "籠篭", "糸絲", "芸藝", "豊豐"),
    *("賢贒", "遥遙", "郎郞", "鎌鐮", "頼賴", "館舘", "鶏鷄雞", "麦麥", "亀龜", "檜桧"),
    *("尭堯", "晋晉", "曽曾", "撹攪", "祢禰", "埜野", "籔薮藪", "靱靭", "鴎鷗", "麹麴"),
    *("頬頰",),
)
_FOLD = {other: group[0] for group in VARIANT_GROUPS for other in group[1:] if other != group[0]}
_SMALL_KANA = str.maketrans("ァィゥェォッャュョヮヵヶ", "アイウエオツヤユヨワカケ")
_IVS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_SPACES = re.compile(r"[\s\u3000・･.,]+")
_GROUP_OF = {c: group for group in VARIANT_GROUPS for c in group}


def normalise(text: str) -> str:
    """A name for storage: NFKC with the compatibility ideographs kept, runs of blanks as one.

    NFKC would turn a compatibility ideograph such as U+FA19 into its unified twin and so lose
    what was written; those are kept.
    """
    kept = "".join(
        c if _is_compatibility_ideograph(c) else unicodedata.normalize("NFKC", c) for c in text
    )
    return re.sub(r"\s+", " ", kept).strip()


def fold(text: str) -> str:
    """A name for comparison only: variants, width, case, blanks and points folded away."""
    plain = unicodedata.normalize("NFKC", _IVS.sub("", text))
    plain = _SPACES.sub("", plain).upper()
    return "".join(_FOLD.get(c, c) for c in plain)


def same(first: str, second: str) -> bool:
    """Whether two spellings may be one name."""
    return fold(first) == fold(second)


def fold_kana(text: str) -> str:
    """Kana for comparison: katakana, full size, no blanks."""
    plain = _SPACES.sub("", unicodedata.normalize("NFKC", text))
    katakana = "".join(chr(ord(c) + 0x60) if "ぁ" <= c <= "ゖ" else c for c in plain)
    return katakana.translate(_SMALL_KANA)


_KANA_RUN = re.compile(r"[ァ-ヶー]+")
_KANJI = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff々]")
_FEWER_KANA = 1  # 八月一日 is read ほづみ
_MOST_KANA = 7  # of one character, with room to spare: 志 こころざし has five


def kana_may_read(kana: str, name: str) -> bool:
    """Whether kana can be the reading of a name; False only where no reading can be.

    Kana in the name has to stand in the reading, in order; characters have at least about one
    kana each and no more than some. Latin names say nothing.

    Args:
        kana: The reading, in either kana.
        name: As written.
    """
    said, written = fold_kana(kana), fold_kana(name)
    if not said or re.search("[A-Za-z]", written):
        return True
    place = 0
    for run in _KANA_RUN.findall(written):
        # ノ and ケ inside a name (一ノ瀬) are read の and が.
        if len(run) == 1:
            continue
        found = said.find(run, place)
        if found < 0:
            return False
        place = found + len(run)
    kanji = len(_KANJI.findall(written))
    own = sum(len(run) for run in _KANA_RUN.findall(written) if len(run) > 1)
    rest = len(said) - own
    return kanji - _FEWER_KANA <= rest <= _MOST_KANA * max(1, kanji)


def variants_of(character: str) -> tuple[str, ...]:
    """The other characters that may stand for this one in a name; empty where there are none."""
    return tuple(c for c in _GROUP_OF.get(character, "") if c != character)


def distance(first: str, second: str) -> int:
    """Edits between two names after folding (Levenshtein)."""
    a, b = fold(first), fold(second)
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        previous, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (x != y))
    return row[-1]


def _is_compatibility_ideograph(character: str) -> bool:
    return "\uf900" <= character <= "\ufaff" or "\U0002f800" <= character <= "\U0002fa1f"
