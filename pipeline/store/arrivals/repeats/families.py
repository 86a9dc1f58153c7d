"""Which forms are of one family: only like is compared with like."""

from __future__ import annotations

from pipeline.domain.documents import FormName

FAMILIES = {
    FormName.APPLICATION_HANDWRITTEN: "application",
    FormName.APPLICATION_PREPRINTED: "application",
    FormName.REPLY_FORM: "reply",
    FormName.EXPIRY_NOTICE: "notice",
}
