"""The sentences for each finding that a document can be returned for: what is wrong, what to do.

Plain Japanese for somebody who has never heard of this office's codes. Rules named in them come
from the official leaflet (有効期限のご案内, 2020) and the photo checklist printed in it; who needs
a representative from the notes on the form.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.domain.findings import FindingCode as C
from pipeline.letters.enclosures import Enclosure


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph of a letter; ``{field}`` stands for the field's name as the form prints it.

    Attributes:
        wrong: What is wrong, a sentence.
        todo: What to do about it.
        send: What to send back or bring, where the document is an application.
        bring: The same where it is a reply form, which only a proxy at the counter hands in.
    """

    wrong: str
    todo: str
    send: tuple[Enclosure, ...] = (Enclosure.APPLICATION_RETURNED,)
    bring: tuple[Enclosure, ...] = (Enclosure.REPLY_FORM_RETURNED,)


_PHOTO = (Enclosure.APPLICATION_RETURNED, Enclosure.PHOTO)
_REWRITE = (Enclosure.APPLICATION_NEW,)
_REWRITE_REPLY = (Enclosure.REPLY_FORM_NEW,)
_STANDARD = "最近６か月以内に、正面を向き、帽子をかぶらず、無地の背景で撮影した"
_EXCEPTION = (
    "病気や障がい、宗教上の理由などでやむを得ない場合は、その理由を交付申請書の表面の"
    "氏名欄に書いてください。"
)


def _photo(wrong: str, how: str) -> Paragraph:
    return Paragraph(wrong, f"{how}新しい写真をお送りください。", _PHOTO)


PARAGRAPHS: dict[C, Paragraph] = {
    C.MY_NUMBER_MISSING: Paragraph(
        "個人番号（マイナンバー）が記入されていません。",
        "お持ちのマイナンバーカードなどを見ながら、12けたすべてを個人番号欄に記入してください。",
    ),
    C.MY_NUMBER_CHECK_DIGIT: Paragraph(
        "個人番号（マイナンバー）に書き誤りがあるようです。",
        "番号が違うと別の方のカードが作られるおそれがあります。お持ちのマイナンバーカードなどと"
        "見比べて、新しい用紙に書き直してください。",
        _REWRITE,
    ),
    C.MY_NUMBER_AMBIGUOUS: Paragraph(
        "個人番号（マイナンバー）に、はっきり読み取れない数字があります。",
        "１ます１字で、新しい用紙にはっきり書き直してください。",
        _REWRITE,
    ),
    C.MY_NUMBER_PLACEHOLDER: Paragraph(
        "個人番号（マイナンバー）欄の数字は、番号として受け付けられません。",
        "お持ちのマイナンバーカードなどを見ながら、ご自身の12けたの番号を新しい用紙に"
        "書いてください。",
        _REWRITE,
    ),
    C.PIN_AMBIGUOUS: Paragraph(
        "{field}に、見分けのつかない文字があります。",
        "数字の「0」と英字の「O」、数字の「1」と英字の「I」などがはっきり分かるように、"
        "新しい用紙に書き直してください。",
        _REWRITE,
        _REWRITE_REPLY,
    ),
    C.PIN_RULE: Paragraph(
        "{field}の文字の数や種類が、決まりと合いません。",
        "署名用電子証明書の暗証番号は英大文字と数字を組み合わせた６文字以上16文字以下、"
        "ほかの暗証番号は数字４けたです。設定済みの暗証番号を新しい用紙に書き直してください。"
        "お忘れの場合は、市区町村の窓口で再設定できます。",
        _REWRITE,
        _REWRITE_REPLY,
    ),
    C.PIN_MISSING: Paragraph(
        "{field}が記入されていません。",
        "設定済みの暗証番号を記入してください。お忘れの場合は、市区町村の窓口で再設定できます。",
    ),
    C.PIN_LOWER_CASE: Paragraph(
        "{field}に小文字と思われる文字があります。",
        "英字は大文字だけです。新しい用紙に大文字で書き直してください。",
        _REWRITE,
        _REWRITE_REPLY,
    ),
    C.PIN_MARK_MISMATCH: Paragraph(
        "{field}に付けられた「英・数」の印と、文字の形が合いません。",
        "英字か数字かがはっきり分かるように、新しい用紙に書き直してください。",
        _REWRITE,
        _REWRITE_REPLY,
    ),
    C.REPLY_FORM_BY_MAIL: Paragraph(
        "「照会書兼回答書」は、郵送では受け付けられません。暗証番号が書かれた書類のため、"
        "中の暗証番号は読まずに、そのままお返しします。",
        "記入した照会書兼回答書を封筒に入れて封をし、代理人の方に渡してください。代理人の方が、"
        "申請者のお住まいの市区町村の窓口へお持ちください。ご本人が窓口へ行かれる場合、"
        "照会書兼回答書は必要ありません。",
        (),
        (
            Enclosure.REPLY_FORM_RETURNED,
            Enclosure.MANDATE,
            Enclosure.PROXY_IDENTITY,
            Enclosure.CARD,
        ),
    ),
    C.NOTICE_IS_NOT_APPLICATION: Paragraph(
        "お送りいただいた「有効期限通知書」は、交付申請書ではありません。このままでは"
        "申請したことになりませんので、お返しします。",
        "郵送で申請する場合は、交付申請書に必要事項を記入し、顔写真を貼ってお送りください。"
        "スマートフォン、パソコン、証明用写真機でも申請できます。電子証明書だけの更新は、"
        "市区町村の窓口でお手続きください。",
        (Enclosure.APPLICATION_NEW, Enclosure.PHOTO),
        (),
    ),
    C.APPLICATION_ID_MISMATCH: Paragraph(
        "印刷された申請書IDと、QRコードの申請書IDが合いません。",
        "この用紙は使えません。市区町村の窓口で新しい交付申請書を受け取り、書き直してください。",
        _REWRITE,
    ),
    C.PHOTO_MISSING: _photo("顔写真が貼られていません。", f"{_STANDARD}、写真欄に貼るための"),
    C.PHOTO_SIZE: _photo("顔写真の大きさが規格と違います。", "縦4.5cm×横3.5cmで、ふちのない"),
    C.PHOTO_FACE: _photo(
        "顔写真で、お一人の顔をはっきり確認できません。",
        "ご本人だけが写り、顔全体が見える",
    ),
    C.PHOTO_POSE: _photo(
        "顔写真の顔が、横を向いているか、傾いています。", "顔を傾けず、正面を向いて撮影した"
    ),
    C.PHOTO_BACKGROUND: _photo(
        "顔写真の背景が無地ではありません。", "柄や家具などが写らない、無地の背景で撮影した"
    ),
    C.PHOTO_SHADOW: _photo(
        "顔写真の背景に影があります。", "壁から少し離れるなどして、影が写らないように撮影した"
    ),
    C.PHOTO_EXPRESSION: Paragraph(
        "顔写真の表情が、ふだんの顔と大きく違います。",
        f"口を閉じ、ふだんの表情で撮影した新しい写真をお送りください。{_EXCEPTION}",
        _PHOTO,
    ),
    C.PHOTO_EYES: Paragraph(
        "顔写真で、目がはっきり見えません。",
        "目を開け、前髪、眼鏡のふち、レンズの反射が目にかからず、目が赤く光らないように撮影した"
        f"新しい写真をお送りください。{_EXCEPTION}",
        _PHOTO,
    ),
    C.PHOTO_SUNGLASSES: Paragraph(
        "サングラスなどのため、ご本人と確認できません。",
        f"サングラスを外して撮影した新しい写真をお送りください。{_EXCEPTION}",
        _PHOTO,
    ),
    C.PHOTO_HEAD_COVERING: Paragraph(
        "帽子などで頭が覆われています。",
        f"帽子などを取って撮影した新しい写真をお送りください。{_EXCEPTION}",
        _PHOTO,
    ),
    C.PHOTO_SHARPNESS: _photo(
        "顔写真がぼけているか、ぶれています。", "ピントが合い、はっきり写った"
    ),
    C.PHOTO_EXPOSURE: _photo(
        "顔写真が暗すぎるか、明るすぎます。", "顔の明るさが自然で、はっきり写った"
    ),
    C.PHOTO_FRAMING: _photo(
        "顔写真の顔の大きさや位置が、規格と違います。",
        "頭の上に少し余白があり、顔が中央に大きく写った",
    ),
    C.SIGNATURE_MISSING: Paragraph(
        "{field}がありません。", "ご本人が{field}の欄に氏名を書いてください。"
    ),
    C.SEAL_MISSING: Paragraph("{field}がありません。", "印の欄に押印してください。"),
    C.DATE_IMPOSSIBLE: Paragraph(
        "{field}が、暦にない日付か、あり得ない日付になっています。",
        "正しい日付を記入してください。",
    ),
    C.DATE_MISSING: Paragraph("{field}が記入されていません。", "日付を記入してください。"),
    C.DATE_UNCLEAR: Paragraph(
        "{field}に、はっきり読み取れない数字があります。", "正しい日付をはっきり書いてください。"
    ),
    C.REPRESENTATIVE_MISSING: Paragraph(
        "申請する方が15歳未満の場合などに必要な、代理人（親権者など）の記入がありません。",
        "代理人記載欄に、代理人の方の氏名、ご本人との関係、住所、電話番号を記入してください。",
    ),
    C.ADDRESS_UNKNOWN: Paragraph(
        "{field}を確認できません。", "住民票のとおりに、省略せずに書いてください。"
    ),
    C.ADDRESS_MISSING: Paragraph(
        "{field}が記入されていません。", "住民票のとおりに、省略せずに書いてください。"
    ),
    C.NAME_MISSING: Paragraph("{field}が記入されていません。", "住民票のとおりに書いてください。"),
    C.NAME_UNREADABLE: Paragraph(
        "{field}に、はっきり読み取れない文字があります。",
        "住民票のとおりに、新しい用紙にはっきり書き直してください。",
        _REWRITE,
        _REWRITE_REPLY,
    ),
    C.NAME_SIGNATURE_MISMATCH: Paragraph(
        "氏名欄の氏名と、申請者氏名（署名）が違っているようです。",
        "カードを申請するご本人の氏名で、新しい用紙に書き直してください。",
        _REWRITE,
        _REWRITE_REPLY,
    ),
    C.SEX_UNCLEAR: Paragraph(
        "性別の記入を確認できません。", "男・女のどちらか一方に印を付けてください。"
    ),
    C.MARK_UNCLEAR: Paragraph(
        "{field}の印の付け方がはっきりしません。",
        "どちらを選ぶのかがはっきり分かるように印を付けてください。",
    ),
    C.PRINTED_DATA_CORRECTED: Paragraph(
        "印刷された内容が手書きで直されています。",
        "住所や氏名が変わった方は、前の内容が印刷された交付申請書を使えません。新しい用紙に、"
        "住民票のとおりに書いてください。",
        _REWRITE,
    ),
    C.TEXT_UNCLEAR: Paragraph(
        "{field}に、はっきり読み取れない文字があります。", "はっきり書き直してください。"
    ),
    C.FORM_UNKNOWN: Paragraph(
        "お送りいただいた用紙は、交付申請書として受け付けられません。",
        "市区町村の窓口などで受け取れる交付申請書の用紙に記入して、お送りください。",
        _REWRITE,
        _REWRITE_REPLY,
    ),
}

# Matters of the office, or what only tells a reviewer something: never a reason given to anybody.
NO_REASON: frozenset[C] = frozenset(
    {
        C.PIN_SETTLED_BY_MARK,
        C.APPLICATION_ID_UNREADABLE,
        C.QR_UNREADABLE,
        C.PHOTO_NOT_WANTED,
        C.PHOTO_NOT_ASSESSABLE,
        C.PHOTO_SIZE_UNSEEN,
        C.PHOTO_EXCEPTION_STATED,
        C.CERTIFICATE_DECLINED,
        C.REGISTRATION_POOR,
        C.FORM_VERSION_UNCERTAIN,
        C.PAGE_BLANK,
        C.PAGE_ATTACHED,
        C.DOUBLE_FEED_SUSPECTED,
        C.COUNT_MISMATCH,
        C.CHANNEL_MISMATCH,
        C.DUPLICATE_SCAN,
        C.DUPLICATE_APPLICANT,
    }
)
