"""What a page is that is no form of ours, and why it is held for that: closed lists with words.

The tokens stand in the evidence of a finding; the words are what people read.
"""

from __future__ import annotations

from enum import StrEnum

from pipeline.domain.finding_messages import Words


class PageKind(StrEnum):
    """What a page that is no known form seems to be."""

    PHOTO = "photo"
    ENVELOPE = "envelope"
    ADDRESS_MOUNT = "address_mount"
    LETTER = "letter"
    FORM_BACK = "form_back"
    OTHER_FORM = "other_form"
    DARK = "dark"
    FRAGMENT = "fragment"
    UNKNOWN = "unknown"


class Why(StrEnum):
    """By what a page was taken for its kind."""

    FACE_ALONE = "face_alone"
    SIZE_OF_ENVELOPE = "size_of_envelope"
    POSTAL_WORDS = "postal_words"
    MOUNT_WORDS = "mount_words"
    BACK_WORDS = "back_words"
    SEEN_THROUGH = "seen_through"
    RUNNING_TEXT = "running_text"
    RULED_LINES = "ruled_lines"
    NO_LIGHT = "no_light"
    TOO_SMALL = "too_small"
    LITTLE_AGREES = "little_agrees"
    NOTHING_AGREES = "nothing_agrees"


KINDS: dict[PageKind, Words] = {
    PageKind.PHOTO: Words(
        "写真だけのページです。はがれた写真かもしれません。",
        "A photo alone: one that came off, perhaps.",
    ),
    PageKind.ENVELOPE: Words("封筒のようです。", "It looks like an envelope."),
    PageKind.ADDRESS_MOUNT: Words("宛名台紙のようです。", "It looks like an address mount."),
    PageKind.LETTER: Words("手紙や案内文のようです。", "It looks like a letter."),
    PageKind.FORM_BACK: Words("様式の裏面のようです。", "It looks like the back of a form."),
    PageKind.OTHER_FORM: Words(
        "登録されていない様式のようです。", "It looks like a form that is not registered."
    ),
    PageKind.DARK: Words("ほぼ真っ黒な画像です。", "The image is almost all black."),
    PageKind.FRAGMENT: Words("紙の切れ端のようです。", "It looks like a scrap of paper."),
    PageKind.UNKNOWN: Words("何の紙か分かりません。", "What it is cannot be told."),
}
REASONS: dict[Why, Words] = {
    Why.FACE_ALONE: Words(
        "写真の大きさの範囲に顔があり、ほかに何もないため。",
        "A face in a patch the size of a photo, and nothing else.",
    ),
    Why.SIZE_OF_ENVELOPE: Words("封筒の定形の大きさのため。", "It has the size of an envelope."),
    Why.POSTAL_WORDS: Words("郵便の言葉が印刷されているため。", "Postal words are printed on it."),
    Why.MOUNT_WORDS: Words(
        "宛名と申請書IDの言葉があるため。", "It has an address and the words of an application ID."
    ),
    Why.BACK_WORDS: Words("記入の案内が印刷されているため。", "Instructions are printed on it."),
    Why.SEEN_THROUGH: Words(
        "様式の印刷が左右逆に透けて見えるため。", "A form's print shows through, reversed."
    ),
    Why.RUNNING_TEXT: Words("文章の行が並び、欄がないため。", "Lines of text, and no boxes."),
    Why.RULED_LINES: Words("けい線の枠が多いため。", "It has many ruled lines."),
    Why.NO_LIGHT: Words(
        "紙の明るい部分がないため。スキャナーのランプやふたを確かめてください。",
        "There is no light paper on it: check the scanner's lamp and lid.",
    ),
    Why.TOO_SMALL: Words("どの様式より小さいため。", "It is smaller than any form."),
    Why.LITTLE_AGREES: Words(
        "最も近い様式とも、印刷の一部しか合わないため。",
        "Only little of the print of the nearest form is on it.",
    ),
    Why.NOTHING_AGREES: Words(
        "どの様式の印刷も見つからないため。", "The print of no form was found on it."
    ),
}
