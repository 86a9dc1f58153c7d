"""The words for each finding, Japanese and English. They never hold a value that was read."""

from __future__ import annotations

from typing import NamedTuple

from pipeline.domain.findings import FindingCode as C


class Words(NamedTuple):
    """One message in both languages."""

    ja: str
    en: str


MESSAGES: dict[C, Words] = {
    C.MY_NUMBER_MISSING: Words(
        "個人番号が記入されていません。", "The individual number is not filled in."
    ),
    C.MY_NUMBER_CHECK_DIGIT: Words(
        "読み取ったままの個人番号は検査用数字と合いません。原本と見比べてください。",
        "The individual number as plainly read fails its check digit. Compare with the original.",
    ),
    C.MY_NUMBER_AMBIGUOUS: Words(
        "個人番号に別の読み方ができる数字があります。",
        "A digit of the individual number can be read in another way.",
    ),
    C.MY_NUMBER_PLACEHOLDER: Words(
        "個人番号がすべて0です。番号として受け付けられません。",
        "The individual number is all zeros and cannot be taken as a number.",
    ),
    C.PIN_AMBIGUOUS: Words(
        "暗証番号に見分けのつかない文字(0とO、1とIなど)があります。",
        "A PIN character can be read in another way (0/O, 1/I and the like).",
    ),
    C.PIN_RULE: Words(
        "暗証番号が決まり(文字数・英数字の組合せ)に合いません。",
        "The PIN does not follow its rule (length, letters and digits).",
    ),
    C.PIN_MISSING: Words("暗証番号が記入されていません。", "The PIN is not filled in."),
    C.PIN_LOWER_CASE: Words(
        "暗証番号に小文字と思われる文字があります。英字は大文字だけです。",
        "A PIN character looks lower-case; only capitals are legal.",
    ),
    C.PIN_SETTLED_BY_MARK: Words(
        "見分けのつかない文字を、記入者が付けた「英・数」の印で決めました。",
        "The writer's own mark, letter or digit, settled a character that looks like another.",
    ),
    C.PIN_MARK_MISMATCH: Words(
        "「英・数」の印と文字の形が合いません。原本で確かめてください。",
        "The mark, letter or digit, does not fit the character's shape. Look at the original.",
    ),
    C.REPLY_FORM_BY_MAIL: Words(
        "照会書兼回答書は郵送では受け付けられません。暗証番号は読まずに返送します。",
        "The reply form cannot be taken by mail. Its PINs are not read; send it back.",
    ),
    C.NOTICE_IS_NOT_APPLICATION: Words(
        "有効期限通知書は申請書ではありません。案内を送ってください。",
        "An expiry notice is not an application. Send the letter that says so.",
    ),
    C.APPLICATION_ID_MISMATCH: Words(
        "QRコードと印字の申請書IDが一致しません。",
        "The application ID in the QR code differs from the printed one.",
    ),
    C.APPLICATION_ID_UNREADABLE: Words(
        "申請書IDを確実に読み取れません。", "The application ID cannot be read for certain."
    ),
    C.QR_UNREADABLE: Words("QRコードを読み取れません。", "The QR code cannot be read."),
    C.PHOTO_MISSING: Words("顔写真が貼られていません。", "There is no photo."),
    C.PHOTO_NOT_WANTED: Words(
        "申請日に1歳未満のため、顔写真は使いません。",
        "Under the age of one at the application date: no photo is used.",
    ),
    C.PHOTO_NOT_ASSESSABLE: Words(
        "白黒2値のスキャンのため、写真を機械では判定できません。実物を見てください。",
        "The scan has black and white only, so the photo cannot be graded. Look at the paper.",
    ),
    C.PHOTO_SIZE: Words(
        "写真の大きさが縦4.5cm×横3.5cmではありません。", "The photo is not 4.5 cm by 3.5 cm."
    ),
    C.PHOTO_SIZE_UNSEEN: Words(
        "写真の縁がはっきりしないため、大きさを機械では確かめられません。実物を測ってください。",
        "An edge of the photo cannot be seen, so its size is not known. Measure the paper.",
    ),
    C.PHOTO_FACE: Words(
        "写真から一人の顔をはっきり確認できません（人数、または顔にかかる線や印）。",
        "The photo does not clearly show exactly one face (their number, or ink across it).",
    ),
    C.PHOTO_POSE: Words("顔が正面を向いていません。", "The face is not turned to the front."),
    C.PHOTO_BACKGROUND: Words("写真の背景が無地ではありません。", "The background is not plain."),
    C.PHOTO_SHADOW: Words("写真の背景に影があります。", "There is a shadow on the background."),
    C.PHOTO_EXPRESSION: Words(
        "表情が平常と異なります(笑顔・開いた口など)。",
        "The expression differs from normal (a smile, an open mouth).",
    ),
    C.PHOTO_EYES: Words("目がはっきり見えません。", "The eyes are not clearly visible."),
    C.PHOTO_SUNGLASSES: Words(
        "サングラスのため本人を確認できません。", "Sunglasses hide the person."
    ),
    C.PHOTO_HEAD_COVERING: Words(
        "帽子など頭部を覆うものがあります。例外の理由がないか確認してください。",
        "The head is covered. See whether an exception applies.",
    ),
    C.PHOTO_SHARPNESS: Words(
        "写真がぼけている、またはぶれています。", "The photo is out of focus or shaken."
    ),
    C.PHOTO_EXPOSURE: Words(
        "写真が暗すぎる、明るすぎる、または顔に強い反射があります。",
        "The photo is too dark or too light, or glare blots out part of the face.",
    ),
    C.PHOTO_FRAMING: Words(
        "顔の大きさや位置が規格に合いません。", "The size or place of the face is out of standard."
    ),
    C.PHOTO_EXCEPTION_STATED: Words(
        "氏名欄に、規格外の写真を使う理由が書かれています。",
        "The name field states a reason for a photo out of standard.",
    ),
    C.SIGNATURE_MISSING: Words("署名がありません。", "The signature is missing."),
    C.SEAL_MISSING: Words("印がありません。", "The seal is missing."),
    C.DATE_IMPOSSIBLE: Words(
        "暦にない日付、またはあり得ない日付です。", "The date does not exist or cannot be."
    ),
    C.DATE_MISSING: Words("日付が記入されていません。", "The date is not filled in."),
    C.DATE_UNCLEAR: Words("日付を確実に読み取れません。", "The date cannot be read for certain."),
    C.REPRESENTATIVE_MISSING: Words(
        "15歳未満の申請に代理人の記載がありません。",
        "An applicant under 15 needs a representative, and none is named.",
    ),
    C.ADDRESS_UNKNOWN: Words(
        "住所に一致する地名が見つかりません。", "No place name matches the address."
    ),
    C.ADDRESS_MISSING: Words("住所が記入されていません。", "The address is not filled in."),
    C.NAME_MISSING: Words("氏名が記入されていません。", "The name is not filled in."),
    C.NAME_UNREADABLE: Words(
        "氏名に読み取れない文字があります。", "The name has a character that cannot be read."
    ),
    C.NAME_SIGNATURE_MISMATCH: Words(
        "氏名と署名が異なるように見えます。", "The name and the signature seem to differ."
    ),
    C.SEX_UNCLEAR: Words("性別の記入を確認できません。", "The sex is not clearly marked."),
    C.MARK_UNCLEAR: Words("印のつけ方がはっきりしません。", "A mark is not clear."),
    C.CERTIFICATE_DECLINED: Words(
        "電子証明書を希望しない欄が塗りつぶされています。",
        "The box that declines a certificate is blacked out.",
    ),
    C.PRINTED_DATA_CORRECTED: Words(
        "印字された内容に手書きの訂正があります。", "Printed data has been corrected by hand."
    ),
    C.TEXT_UNCLEAR: Words("確実に読み取れない文字があります。", "Some characters are not certain."),
    C.REGISTRATION_POOR: Words(
        "用紙の位置合わせが不十分です。スキャンし直すか目で確認してください。",
        "The page could not be lined up well enough. Scan it again or look at it.",
    ),
    C.FORM_UNKNOWN: Words(
        "登録されている様式のどれとも一致しません。", "The page is no known form."
    ),
    C.FORM_VERSION_UNCERTAIN: Words(
        "様式の二つの版のどちらか見分けられません。欄の位置が違うことがあります。",
        "Two versions of the form explain the page alike; fields may stand elsewhere.",
    ),
    C.PAGE_BLANK: Words("白紙のページです。", "The page is blank."),
    C.PAGE_ATTACHED: Words(
        "続くページ(裏面など)をこの書類に含めました。",
        "A page that followed (a back, for example) was taken as part of this document.",
    ),
    C.DOUBLE_FEED_SUSPECTED: Words(
        "紙が重なって送られた、または1枚抜けた疑いがあります。束を確かめてください。",
        "Sheets may have been fed together, or one was skipped. Check the stack.",
    ),
    C.COUNT_MISMATCH: Words(
        "書かれた件数・枚数と、実際に続いた数が合いません。",
        "The number of documents or pages is not the one that was stated.",
    ),
    C.CHANNEL_MISMATCH: Words(
        "仕切り紙の経路と、置かれたフォルダーの経路が違います。",
        "The separator sheet names another channel than the folder the file lay in.",
    ),
    C.DUPLICATE_SCAN: Words(
        "同じ紙がすでにスキャンされています。", "The same sheet has been scanned before."
    ),
    C.DUPLICATE_APPLICANT: Words(
        "同じ申請者の書類がほかにもあります。", "There is another document of the same applicant."
    ),
}


def message(code: C) -> Words:
    """The words for a finding code."""
    return MESSAGES[code]
