"""What the printed words of Japanese forms mean: captions, headings, choices.

A caption names a concept (a name, an address, a date); whose it is follows from the caption's own
words or from the section it stands in, and which field that is, from the form. Words are compared
with what the line reader commonly confuses folded away, and by edit distance, so that one wrong
character does not hide a caption.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from pipeline.domain.documents import FieldName as F
from pipeline.domain.documents import FormName


class Concept(StrEnum):
    """What a caption asks for, whoever it is about."""

    NAME = "name"
    KANA = "kana"
    ADDRESS = "address"
    POSTAL_CODE = "postal_code"
    PHONE = "phone"
    BIRTH_DATE = "birth_date"
    SEX = "sex"
    MY_NUMBER = "my_number"
    APPLICATION_ID = "application_id"
    FORMER_NAME = "former_name"
    FOREIGN_CATEGORY = "foreign_category"
    STAY_EXISTS = "stay_exists"
    STAY_DATE = "stay_date"
    BRAILLE = "braille"
    NO_SIGNATURE_CERTIFICATE = "no_signature_certificate"
    NO_AUTHENTICATION_CERTIFICATE = "no_authentication_certificate"
    DATE = "date"
    SIGNATURE = "signature"
    RELATION = "relation"
    PIN_SIGNATURE = "pin_signature"
    PIN_AUTHENTICATION = "pin_authentication"
    PIN_RESIDENT_RECORD = "pin_resident_record"
    SEAL = "seal"
    PHOTO = "photo"
    QR = "qr"
    EXPIRY_DATE = "expiry_date"
    EXPIRING_ITEM = "expiring_item"


class Section(StrEnum):
    """The part of a form that a heading opens."""

    APPLICANT = "applicant"
    AGENT = "agent"
    REPLY = "reply"
    MANDATE = "mandate"


C, S = Concept, Section
_WORDS: dict[Concept, tuple[str, ...]] = {
    C.NAME: (
        *("氏名", "お名前", "名前", "申請者氏名", "申請者の氏名", "氏名（漢字）", "フルネーム"),
        *("申請者／利用者の氏名", "利用者氏名", "利用者の氏名", "代理人氏名", "代理人の氏名"),
        *("法定代理人氏名", "本人氏名", "委任者氏名", "受任者氏名"),
    ),
    C.KANA: (
        "ふりがな",
        "フリガナ",
        "氏名ふりがな",
        "氏名フリガナ",
        "かな氏名",
        "カナ氏名",
        "読み仮名",
    ),
    C.ADDRESS: (
        *("住所", "ご住所", "現住所", "住所又は居所", "申請者住所", "申請者の住所", "住民票の住所"),
        *("申請者／利用者の住所", "利用者の住所", "代理人住所", "代理人の住所", "法定代理人住所"),
    ),
    C.POSTAL_CODE: ("郵便番号", "〒"),
    C.PHONE: (
        "電話番号",
        "電話",
        "連絡先",
        "連絡先電話番号",
        "日中の連絡先",
        "携帯電話番号",
        "TEL",
    ),
    C.BIRTH_DATE: ("生年月日", "誕生日", "出生年月日"),
    C.SEX: ("性別", "男女の別"),
    C.MY_NUMBER: ("個人番号", "個人番号（12けた）", "マイナンバー", "マイナンバー（個人番号）"),
    C.APPLICATION_ID: ("申請書ID", "申請書ID（23けた）", "申請書ＩＤ（半角数字23桁）"),
    C.FORMER_NAME: ("旧氏又は通称", "旧氏・通称", "旧氏", "通称", "旧氏名又は通称名"),
    C.FOREIGN_CATEGORY: ("外国人住民の区分", "外国人住民区分", "在留区分", "在留の区分"),
    C.STAY_EXISTS: (
        "在留期間等満了日の有無",
        "在留期間等の有無",
        "在留期間満了日の有無",
        "満了日の有無",
    ),
    C.STAY_DATE: ("在留期間等満了日", "在留期間満了日", "在留期間の満了日", "在留期限"),
    C.BRAILLE: ("点字", "点字表記", "点字表記を希望する", "点字の希望"),
    C.NO_SIGNATURE_CERTIFICATE: ("署名用電子証明書", "署名用電子証明書を希望しない"),
    C.NO_AUTHENTICATION_CERTIFICATE: (
        "利用者証明用電子証明書",
        "利用者証明用電子証明書を希望しない",
    ),
    C.DATE: ("申請日", "申請年月日", "申込日", "記入日", "届出日", "回答日", "委任日", "提出日"),
    C.SIGNATURE: (
        *("申請者氏名（署名）", "署名", "自署", "申請者署名", "氏名（自署）", "本人署名", "署名欄"),
        *("申請者氏名署名", "ご署名"),
    ),
    C.RELATION: ("本人との関係", "申請者との関係", "続柄", "本人との続柄", "関係"),
    C.PIN_SIGNATURE: (
        *("署名用電子証明書の暗証番号", "署名用電子証明書暗証番号", "署名用パスワード"),
        "署名用電子証明書のパスワード",
    ),
    C.PIN_AUTHENTICATION: (
        "利用者証明用電子証明書の暗証番号",
        "利用者証明用電子証明書暗証番号",
        "利用者証明用暗証番号",
    ),
    C.PIN_RESIDENT_RECORD: ("住民基本台帳用暗証番号", "住民基本台帳用の暗証番号"),
    C.SEAL: ("印", "押印", "印鑑", "㊞"),
    C.PHOTO: ("顔写真貼付欄", "写真貼付欄", "顔写真", "写真"),
    C.QR: (
        "QRコード",
        "交付申請用QRコード",
        "交付申請用QRコード（URL）",
        "申請用QRコード",
        "二次元コード",
    ),
    C.EXPIRY_DATE: ("有効期限", "有効期間満了日", "有効期間", "有効期限日"),
    C.EXPIRING_ITEM: ("有効期限が到来するもの", "有効期限を迎えるもの", "更新の対象", "対象"),
}
_HEADINGS: dict[Section, tuple[str, ...]] = {
    S.AGENT: (
        *("代理人記載欄", "代理人記入欄", "法定代理人記載欄", "代理人欄", "法定代理人"),
        "代理人記載欄（申請者が15歳未満又は成年被後見人の場合に記入）",
    ),
    S.REPLY: ("回答書",),
    S.MANDATE: ("委任状",),
    S.APPLICANT: ("申請者記載欄", "申請者記入欄", "申請者欄", "本人記載欄"),
}
_TITLES: tuple[tuple[str, FormName], ...] = (
    ("照会書兼回答書", FormName.REPLY_FORM),
    ("回答書", FormName.REPLY_FORM),
    ("有効期限通知書", FormName.EXPIRY_NOTICE),
    ("交付申請書", FormName.APPLICATION_PREPRINTED),
    ("更新申請書", FormName.APPLICATION_PREPRINTED),
)
_APPLICATION: dict[Concept, F] = {
    C.NAME: F.NAME,
    C.ADDRESS: F.ADDRESS,
    C.PHONE: F.PHONE,
    C.BIRTH_DATE: F.BIRTH_DATE,
    C.SEX: F.SEX,
    C.MY_NUMBER: F.MY_NUMBER,
    C.APPLICATION_ID: F.APPLICATION_ID,
    C.FORMER_NAME: F.FORMER_NAME_OR_ALIAS,
    C.FOREIGN_CATEGORY: F.FOREIGN_RESIDENT_CATEGORY,
    C.STAY_EXISTS: F.STAY_LIMIT_EXISTS,
    C.STAY_DATE: F.STAY_LIMIT_DATE,
    C.BRAILLE: F.BRAILLE_WANTED,
    C.NO_SIGNATURE_CERTIFICATE: F.NO_SIGNATURE_CERTIFICATE,
    C.NO_AUTHENTICATION_CERTIFICATE: F.NO_AUTHENTICATION_CERTIFICATE,
    C.DATE: F.APPLICATION_DATE,
    C.SIGNATURE: F.SIGNATURE,
    C.PHOTO: F.PHOTO,
    C.QR: F.QR,
}
_REPRESENTATIVE: dict[Concept, F] = {
    C.KANA: F.REPRESENTATIVE_KANA,
    C.NAME: F.REPRESENTATIVE_NAME,
    C.RELATION: F.REPRESENTATIVE_RELATION,
    C.POSTAL_CODE: F.REPRESENTATIVE_POSTAL_CODE,
    C.ADDRESS: F.REPRESENTATIVE_ADDRESS,
    C.PHONE: F.REPRESENTATIVE_PHONE,
}
_REPLY: dict[Concept, F] = {
    C.ADDRESS: F.APPLICANT_ADDRESS,
    C.NAME: F.APPLICANT_NAME,
    C.SEAL: F.APPLICANT_SEAL,
    C.PIN_SIGNATURE: F.PIN_SIGNATURE,
    C.PIN_AUTHENTICATION: F.PIN_AUTHENTICATION,
    C.PIN_RESIDENT_RECORD: F.PIN_RESIDENT_RECORD,
    C.RELATION: F.PROXY_RELATION,
}
_PROXY: dict[Concept, F] = {
    C.ADDRESS: F.PROXY_ADDRESS,
    C.NAME: F.PROXY_NAME,
    C.RELATION: F.PROXY_RELATION,
}
_NOTICE: dict[Concept, F] = {
    C.NAME: F.HOLDER_NAME,
    C.EXPIRY_DATE: F.EXPIRY_DATE,
    C.EXPIRING_ITEM: F.EXPIRING_ITEM,
    C.APPLICATION_ID: F.APPLICATION_ID,
    C.QR: F.QR,
}
_LOOK_ALIKE = str.maketrans(
    {
        **dict.fromkeys("ー一-―‐−─", "一"),
        **dict.fromkeys("カ力", "力"),
        **dict.fromkeys("ロ口□", "口"),
        **dict.fromkeys("ニ二", "二"),
        **dict.fromkeys("エ工ェ", "工"),
        **dict.fromkeys("タ夕", "夕"),
        **dict.fromkeys("ト卜", "卜"),
        **dict.fromkeys("顔顏", "顔"),
        **dict.fromkeys("ヘへ", "へ"),
        **dict.fromkeys("べベ", "べ"),
    }
)
_NOTE = re.compile(r"[※*]\d*$|\d$")
SURE_MATCH = 0.72


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a caption was taken for.

    Attributes:
        score: 0 to 1: 1 is word for word.
        word: The word of the lexicon.
        agent: The caption itself says that it is about an agent.
    """

    concept: Concept
    score: float
    word: str
    agent: bool


def folded(text: str) -> str:
    """Words as they are compared: half-width, no blanks or brackets, look-alikes as one."""
    plain = unicodedata.normalize("NFKC", text)
    plain = re.sub(r"[\s()\[\]【】「」『』、。,.:;・/'\"]", "", plain)
    return _NOTE.sub("", plain).translate(_LOOK_ALIKE)


def similarity(one: str, other: str) -> float:
    """1 less the edit distance of two folded words over the longer one's length."""
    if not one or not other:
        return 0.0
    before = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(other, 1):
            row.append(min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b)))
        before = row
    return 1.0 - before[-1] / max(len(one), len(other))


def meaning(caption: str) -> Meaning | None:
    """The concept that a caption names, or None where no word of the lexicon is near."""
    said = folded(caption)
    best: tuple[float, int, Concept, str] | None = None
    for concept, word, plain in _folded_words():
        score = similarity(said, plain)
        # A caption that says more than the word: "氏名を記入" is about the name, less surely.
        if len(plain) >= 3 and plain in said:
            score = max(score, 0.76 - 0.01 * min(20, len(said) - len(plain)))
        if best is None or (score, len(plain)) > best[:2]:
            best = (score, len(plain), concept, word)
    if best is None or best[0] < SURE_MATCH:
        return None
    agent = "代理人" in said or "受任者" in said
    return Meaning(best[2], round(best[0], 3), best[3], agent)


def heading(words: str) -> Section | None:
    """The section that a heading opens, or None."""
    said = folded(words)
    for section, known in _HEADINGS.items():
        for word in known:
            plain = folded(word)
            if similarity(said, plain) >= 0.8 or (len(plain) >= 5 and said.startswith(plain)):
                return section
    return None


def form_of_title(words: str) -> FormName | None:
    """The form whose title these words hold, or None; a sheet 手書用 is the handwritten one."""
    said = folded(words)
    for title, name in _TITLES:
        if folded(title) in said or (similarity(said, folded(title)) >= 0.85):
            if name == FormName.APPLICATION_PREPRINTED and "手書" in said:
                return FormName.APPLICATION_HANDWRITTEN
            return name
    return None


def field_of(form: FormName, section: Section | None, said: Meaning) -> F | None:
    """The field that a concept is on a form; None where the form has no field for it."""
    agent = said.agent or section == S.AGENT
    if form == FormName.REPLY_FORM:
        return (_PROXY if agent else _REPLY).get(said.concept)
    if form == FormName.EXPIRY_NOTICE:
        return _NOTICE.get(said.concept)
    return (_REPRESENTATIVE if agent else _APPLICATION).get(said.concept)


@lru_cache(maxsize=1)
def _folded_words() -> tuple[tuple[Concept, str, str], ...]:
    return tuple((c, w, folded(w)) for c, words in _WORDS.items() for w in words)
