"""Every finding has words in both languages."""

from pipeline.domain.finding_messages import MESSAGES
from pipeline.domain.findings import FindingCode
from pipeline.domain.photos import PhotoCheckName


def test_every_code_has_words() -> None:
    assert set(MESSAGES) == set(FindingCode)
    for words in MESSAGES.values():
        assert any(ord(c) > 0x3000 for c in words.ja)
        assert words.en.isascii()


def test_every_photo_check_has_a_finding() -> None:
    for name in PhotoCheckName:
        assert f"PHOTO_{name.value.upper()}" in FindingCode.__members__
