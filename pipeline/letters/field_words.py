"""What each field is called on the paper that the applicant holds."""

from __future__ import annotations

from pipeline.domain.documents import FieldName as F

FIELD_WORDS: dict[F, str] = {
    F.MY_NUMBER: "個人番号",
    F.APPLICATION_ID: "申請書ID",
    F.NAME: "氏名",
    F.ADDRESS: "住所",
    F.BIRTH_DATE: "生年月日",
    F.SEX: "性別",
    F.FORMER_NAME_OR_ALIAS: "旧氏又は通称",
    F.PHONE: "電話番号",
    F.FOREIGN_RESIDENT_CATEGORY: "外国人住民の区分",
    F.STAY_LIMIT_EXISTS: "在留期間等満了日の有無",
    F.STAY_LIMIT_DATE: "在留期間等満了日",
    F.BRAILLE_WANTED: "点字表記",
    F.NO_SIGNATURE_CERTIFICATE: "署名用電子証明書",
    F.NO_AUTHENTICATION_CERTIFICATE: "利用者証明用電子証明書",
    F.APPLICATION_DATE: "申請日",
    F.SIGNATURE: "申請者氏名（署名）",
    F.REPRESENTATIVE_KANA: "代理人のふりがな",
    F.REPRESENTATIVE_NAME: "代理人氏名",
    F.REPRESENTATIVE_RELATION: "代理人の「本人との関係」",
    F.REPRESENTATIVE_POSTAL_CODE: "代理人の郵便番号",
    F.REPRESENTATIVE_ADDRESS: "代理人住所",
    F.REPRESENTATIVE_PHONE: "代理人の電話番号",
    F.PHOTO: "顔写真",
    F.QR: "QRコード",
    F.REPLY_DATE: "回答書の日付",
    F.APPLICANT_ADDRESS: "申請者の住所",
    F.APPLICANT_NAME: "申請者の氏名",
    F.APPLICANT_SEAL: "申請者の印",
    F.PIN_SIGNATURE: "署名用電子証明書の暗証番号",
    F.PIN_AUTHENTICATION: "利用者証明用電子証明書の暗証番号",
    F.PIN_RESIDENT_RECORD: "住民基本台帳用の暗証番号",
    F.PROXY_ADDRESS: "代理人の住所",
    F.PROXY_NAME: "代理人の氏名",
    F.PROXY_RELATION: "代理人の「本人との関係」",
    F.MANDATE_DATE: "委任状の日付",
    F.HOLDER_NAME: "利用者氏名",
    F.EXPIRY_DATE: "有効期限",
    F.EXPIRING_ITEM: "有効期限が到来するもの",
}


def said(text: str, field: F | None) -> str:
    """A sentence with the field's name in it; 記入内容 where it is about no field of its own."""
    return text.replace("{field}", FIELD_WORDS[field] if field is not None else "記入内容")
