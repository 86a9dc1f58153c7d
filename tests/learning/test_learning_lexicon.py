"""Captions as other offices print them, and as a reader misreads them, mean what they mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.documents import FieldName as F
from pipeline.domain.documents import FormName
from pipeline.learning.lexicon import (
    Concept,
    Section,
    field_of,
    folded,
    form_of_title,
    heading,
    meaning,
    similarity,
)

HANDWRITTEN = FormName.APPLICATION_HANDWRITTEN
REPLY = FormName.REPLY_FORM


@pytest.mark.parametrize(
    ("caption", "section", "form", "field"),
    [
        ("氏名 ※2", None, HANDWRITTEN, F.NAME),
        ("お 名 前", None, HANDWRITTEN, F.NAME),
        ("氏名", Section.AGENT, HANDWRITTEN, F.REPRESENTATIVE_NAME),
        ("法定代理人氏名", None, HANDWRITTEN, F.REPRESENTATIVE_NAME),
        ("フリガナ", Section.AGENT, HANDWRITTEN, F.REPRESENTATIVE_KANA),
        ("現住所", None, HANDWRITTEN, F.ADDRESS),
        ("電話番号", Section.AGENT, HANDWRITTEN, F.REPRESENTATIVE_PHONE),
        ("日中の連絡先", None, HANDWRITTEN, F.PHONE),
        ("個人番号（12けた）", None, HANDWRITTEN, F.MY_NUMBER),
        ("続柄", Section.AGENT, HANDWRITTEN, F.REPRESENTATIVE_RELATION),
        ("在留期間等満了日の有無", None, HANDWRITTEN, F.STAY_LIMIT_EXISTS),
        ("在留期間等満了日", None, HANDWRITTEN, F.STAY_LIMIT_DATE),
        ("申請者氏名（署名）", None, HANDWRITTEN, F.SIGNATURE),
        ("申請者／利用者の氏名", Section.REPLY, REPLY, F.APPLICANT_NAME),
        ("代理人の氏名", Section.MANDATE, REPLY, F.PROXY_NAME),
        ("本人との関係", Section.MANDATE, REPLY, F.PROXY_RELATION),
        ("署名用電子証明書の暗証番号", Section.REPLY, REPLY, F.PIN_SIGNATURE),
        ("利用者証明用電子証明書の暗証番号", Section.REPLY, REPLY, F.PIN_AUTHENTICATION),
        ("有効期限", None, FormName.EXPIRY_NOTICE, F.EXPIRY_DATE),
        ("有効期限が到来するもの", None, FormName.EXPIRY_NOTICE, F.EXPIRING_ITEM),
        # As the reader misread them.
        ("申請吉/利用者の住所", Section.REPLY, REPLY, F.APPLICANT_ADDRESS),
        ("住民其本台用暗証番号", Section.REPLY, REPLY, F.PIN_RESIDENT_RECORD),
    ],
)
def test_a_caption_is_the_field_that_its_section_makes_it(
    caption: str, section: Section | None, form: FormName, field: F
) -> None:
    said = meaning(caption)
    assert said is not None
    assert field_of(form, section, said) == field


@pytest.mark.parametrize(
    "words",
    [
        "更新手続",
        "お問い合わせ",
        "記入する前に",
        "備考",
        "窓口",
        "",
        "1",
        "平成二十年の出来事について",
    ],
)
def test_other_words_mean_nothing(words: str) -> None:
    assert meaning(words) is None


def test_a_field_that_a_form_does_not_have_is_none() -> None:
    said = meaning("性別")
    assert said is not None
    assert field_of(FormName.EXPIRY_NOTICE, None, said) is None
    kana = meaning("ふりがな")
    assert kana is not None and kana.concept == Concept.KANA
    assert field_of(HANDWRITTEN, None, kana) is None


@pytest.mark.parametrize(
    ("title", "form"),
    [
        ("個人番号力一ド交付申請書兼電子証明書発行/更新申請書【手書用】", HANDWRITTEN),
        ("個人番号カード交付申請書", FormName.APPLICATION_PREPRINTED),
        ("照　会　書　兼　回　答　書", REPLY),
        ("マイナンバーカードの有効期限通知書", FormName.EXPIRY_NOTICE),
        ("転出届", None),
    ],
)
def test_a_title_names_its_form(title: str, form: FormName | None) -> None:
    assert form_of_title(title) == form


def test_headings_open_sections() -> None:
    assert heading("代理人記載欄（申請者が15歳未満の場合に記入）") == Section.AGENT
    assert heading("回 答 書") == Section.REPLY
    assert heading("委 任 状") == Section.MANDATE
    assert heading("代理人の住所") is None


WORDS = st.text("氏名住所電話番号代理人の続柄ABC0123456789（）※ ", max_size=12).map(folded)


@given(WORDS, WORDS)
def test_similarity_is_a_similarity(one: str, other: str) -> None:
    assert 0.0 <= similarity(one, other) <= 1.0
    assert similarity(one, other) == similarity(other, one)
    assert (similarity(one, other) == 1.0) == (one == other != "")
