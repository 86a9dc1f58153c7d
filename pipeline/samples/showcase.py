"""The sample scans that ship: small, diverse, each finding code at least once."""

from __future__ import annotations

from typing import Any

from pipeline.domain.documents import Channel, FormName
from pipeline.domain.findings import FindingCode
from pipeline.samples.making import BLANK, LETTER, SEPARATOR, FileRecipe, PageRecipe
from pipeline.samples.other_pages import PRINTED_BACK
from pipeline.samples.paper import Mode, PaperSpec
from pipeline.samples.people import Kind
from pipeline.samples.planning import Case

_HAND = FormName.APPLICATION_HANDWRITTEN.value
_PRINT = FormName.APPLICATION_PREPRINTED.value
# The version without a mark row: its samples were made first, and both are in use.
_REPLY = f"{FormName.REPLY_FORM.value}@2026.1"
_REPLY_WITH_MARKS = f"{FormName.REPLY_FORM.value}@2026.2"
_NOTICE = FormName.EXPIRY_NOTICE.value
_MAIL, _COUNTER = Channel.MAIL, Channel.COUNTER


def _paper(mode: Mode, turn: int, *, dpi: int = 200) -> PaperSpec:
    """A quiet scanner, so that files stay small; skew and scale differ from page to page."""
    skew = ((turn * 37) % 21 - 10) / 8.0
    return PaperSpec(
        dpi=dpi,
        mode=mode,
        skew_deg=skew,
        scale_x=1 + ((turn * 13) % 9 - 4) / 400,
        scale_y=1 + ((turn * 29) % 9 - 4) / 400,
        shift_mm=(((turn * 7) % 5 - 2) * 0.5, ((turn * 11) % 5 - 2) * 0.5),
        stretch_mm=0.1,
        surround=250,
        paper_bgr=(246, 249, 250),
        contrast=0.94,
        spread=0.15,
        blur_px=0.5,
        noise=0.0 if mode is Mode.BILEVEL else 0.5,
        dirt=turn % 4,
        threshold=0.68,
    )


class _List:
    """Collects recipes and numbers them."""

    def __init__(self) -> None:
        self.recipes: list[FileRecipe] = []
        self._seen: dict[Channel, int] = {_MAIL: 0, _COUNTER: 0}

    def number(self, channel: Channel) -> int:
        self._seen[channel] += 1
        return self._seen[channel]

    def add(
        self,
        form: str,
        name: str,
        *cases: Case,
        channel: Channel = _MAIL,
        kind: Kind = Kind.ADULT,
        mode: Mode = Mode.GREY,
        suffix: str = ".jpg",
        applicant: int | None = None,
        expected: tuple[FindingCode, ...] = (),
        paper: PaperSpec | None = None,
        mess: float = 0.25,
        quality: int = 45,
        vector: bool = False,
    ) -> None:
        turn = len(self.recipes)
        page = PageRecipe(
            form,
            kind,
            frozenset(cases),
            applicant,
            paper=paper or _paper(mode, turn),
            mess=mess,
            expected=expected,
        )
        stem = f"{self.number(channel):03d}_{name}"
        self.recipes.append(
            FileRecipe(stem + suffix, channel, (page,), vector=vector, quality=quality)
        )

    def bundle(self, name: str, suffix: str, mode: Mode, *contents: str) -> None:
        turn = len(self.recipes)
        pages = tuple(
            PageRecipe(c, Kind.ADULT, paper=_paper(mode, turn + i), mess=0.2)
            for i, c in enumerate(contents)
        )
        stem = f"{self.number(_MAIL):03d}_{name}"
        self.recipes.append(FileRecipe(stem + suffix, _MAIL, pages, quality=45))

    def bad(self, name: str, suffix: str) -> None:
        stem = f"{self.number(_MAIL):03d}_{name}"
        self.recipes.append(FileRecipe(stem + suffix, _MAIL, bad=name))


def showcase() -> tuple[FileRecipe, ...]:
    """The recipes of the samples that ship."""
    out = _List()
    black, colour = Mode.BILEVEL, Mode.COLOUR
    # Papers as they should be, by all kinds of people.
    out.add(_HAND, "adult", mode=black, suffix=".tif")
    out.add(_HAND, "elder", kind=Kind.ELDER, suffix=".pdf")
    out.add(_HAND, "old_characters", kind=Kind.OLD_CHARACTER)
    out.add(_HAND, "foreign_resident", kind=Kind.FOREIGN, suffix=".pdf")
    out.add(_HAND, "child", kind=Kind.CHILD, mode=colour)
    out.add(_HAND, "infant", kind=Kind.INFANT, mode=black, suffix=".png")
    out.add(_HAND, "era_boundary", kind=Kind.ERA_BOUNDARY, mode=black, suffix=".pdf")
    out.add(_PRINT, "preprinted", suffix=".pdf")
    out.add(_PRINT, "preprinted_foreign", kind=Kind.FOREIGN, mode=black, suffix=".tif")
    out.add(_PRINT, "vector_page", kind=Kind.INFANT, suffix=".pdf", vector=True)
    out.add(_REPLY, "reply", channel=_COUNTER, mode=black, suffix=".tif")
    out.add(_REPLY, "reply_colour", channel=_COUNTER, mode=colour)
    out.add(_REPLY, "reply_by_mail", mode=black, suffix=".pdf")
    out.add(_NOTICE, "notice", mode=black, suffix=".png")
    out.add(_NOTICE, "notice_at_counter", channel=_COUNTER, mode=black, suffix=".tif")
    out.add(_HAND, "at_counter", channel=_COUNTER, mode=black, suffix=".pdf")
    # The number.
    out.add(_HAND, "number_blank", Case.NUMBER_BLANK, mode=black, suffix=".tif")
    out.add(_HAND, "number_check_digit", Case.NUMBER_CHECK_DIGIT, mode=black, suffix=".tif")
    out.add(_HAND, "number_zeros", Case.NUMBER_ZEROS, mode=black, suffix=".png")
    out.add(_HAND, "number_overwritten", Case.NUMBER_OVERWRITTEN, mode=black, suffix=".png")
    # PINs.
    for case in (
        Case.PIN_LOOK_ALIKE,
        Case.PIN_BLANK,
        Case.PIN_SHORT,
        Case.PIN_DIGITS_ONLY,
        Case.PIN_LOWER_CASE,
    ):
        out.add(_REPLY, case.value, case, channel=_COUNTER, mode=black, suffix=".tif")
    # Names, dates, marks, texts.
    out.add(_HAND, "name_blank", Case.NAME_BLANK, mode=black, suffix=".tif")
    out.add(_HAND, "name_rare_character", Case.NAME_RARE_CHARACTER, mode=black, suffix=".tif")
    out.add(_HAND, "signature_absent", Case.SIGNATURE_ABSENT, mode=black, suffix=".pdf")
    out.add(_HAND, "signature_other", Case.SIGNATURE_OTHER, mode=black, suffix=".tif")
    out.add(_REPLY, "seal_absent", Case.SEAL_ABSENT, channel=_COUNTER, mode=colour)
    out.add(_REPLY, "stamp_over_name", Case.STAMP_OVER_TEXT, channel=_COUNTER, mode=colour)
    out.add(_HAND, "date_impossible", Case.DATE_IMPOSSIBLE, mode=black, suffix=".tif")
    out.add(_HAND, "date_absent", Case.DATE_ABSENT, mode=black, suffix=".tif")
    out.add(_HAND, "date_scrawled", Case.DATE_SCRAWLED, mode=black, suffix=".tif")
    out.add(
        _HAND,
        "representative_absent",
        Case.REPRESENTATIVE_ABSENT,
        kind=Kind.CHILD,
        mode=black,
        suffix=".tif",
    )
    out.add(_HAND, "address_invented", Case.ADDRESS_INVENTED, mode=black, suffix=".tif")
    out.add(_HAND, "address_blank", Case.ADDRESS_BLANK, mode=black, suffix=".tif")
    out.add(_HAND, "sex_both", Case.SEX_BOTH, mode=black, suffix=".tif")
    out.add(_HAND, "sex_neither", Case.SEX_NEITHER, mode=black, suffix=".tif")
    out.add(_HAND, "mark_faint", Case.MARK_FAINT)
    out.add(_HAND, "certificates_declined", Case.CERTIFICATES_DECLINED, mode=black, suffix=".tif")
    out.add(_HAND, "text_scrawled", Case.TEXT_SCRAWLED, mode=black, suffix=".tif")
    out.add(_HAND, "exception_stated", Case.EXCEPTION_STATED, Case.PHOTO_HAT)
    out.add(_HAND, "stamp_over_text", Case.STAMP_OVER_TEXT, mode=colour)
    # Print, QR and ID.
    out.add(_PRINT, "id_mismatch", Case.ID_MISMATCH, mode=black, suffix=".tif")
    out.add(_PRINT, "id_stained", Case.ID_STAINED)
    out.add(_PRINT, "qr_stained", Case.QR_STAINED, mode=black, suffix=".tif")
    out.add(_PRINT, "print_corrected", Case.PRINT_CORRECTED, mode=colour)
    # Photos.
    out.add(_HAND, "photo_absent", Case.PHOTO_ABSENT, mode=black, suffix=".tif")
    out.add(_HAND, "photo_of_infant", Case.PHOTO_OF_INFANT, kind=Kind.INFANT)
    for number, case in enumerate(
        (
            Case.PHOTO_SIZE,
            Case.PHOTO_NO_FACE,
            Case.PHOTO_TURNED,
            Case.PHOTO_BACKGROUND,
            Case.PHOTO_SHADOW,
            Case.PHOTO_SMILE,
            Case.PHOTO_EYES_CLOSED,
            Case.PHOTO_SUNGLASSES,
            Case.PHOTO_HAT,
            Case.PHOTO_BLURRED,
            Case.PHOTO_DARK,
            Case.PHOTO_FRAMING,
        )
    ):
        out.add(_PRINT, case.value, case, mode=colour if number % 3 == 0 else Mode.GREY)
    _treatments(out)
    _no_forms(out)
    _mark_rows(out)
    _mail_room(out)
    return tuple(out.recipes)


def _treatments(out: _List) -> None:
    """Pages badly scanned, upside down, and seen twice."""
    grey = Mode.GREY
    out.add(
        _HAND,
        "upside_down",
        suffix=".tif",
        paper=PaperSpec(dpi=200, mode=Mode.BILEVEL, quarter_turns=2),
    )
    out.add(_PRINT, "lying", paper=PaperSpec(dpi=200, mode=grey, quarter_turns=1, skew_deg=1.2))
    folded = PaperSpec(
        dpi=200, mode=grey, skew_deg=-3.4, contrast=0.6, folds=2, dirt=12, scale_x=0.972, noise=1.5
    )
    out.add(_HAND, "folded_pale", paper=folded, suffix=".pdf")
    short = PaperSpec(dpi=200, mode=Mode.BILEVEL, crop_mm=(0, 0, 0, 62), skew_deg=2.2)
    poor = (FindingCode.REGISTRATION_POOR,)
    out.add(_HAND, "end_missing", paper=short, suffix=".tif", expected=poor)
    fine = PaperSpec(dpi=400, mode=Mode.BILEVEL, skew_deg=0.4, blur_px=0.4)
    out.add(_HAND, "fine_bilevel", paper=fine, suffix=".tif", applicant=9001)
    again = (FindingCode.DUPLICATE_APPLICANT,)
    out.add(
        _HAND, "applicant_again", mode=Mode.BILEVEL, suffix=".tif", applicant=9001, expected=again
    )
    stem = f"{out.number(_MAIL):03d}_copy.tif"
    out.recipes.append(FileRecipe(stem, _MAIL, bad="copy"))


def _no_forms(out: _List) -> None:
    """Bundles, blank pages, letters and files that cannot be opened."""
    out.bundle("bundle", ".tif", Mode.BILEVEL, _HAND, BLANK, _NOTICE, _REPLY, LETTER)
    out.bundle("two_pages", ".pdf", Mode.GREY, _PRINT, BLANK)
    out.bundle("blank", ".png", Mode.BILEVEL, BLANK)
    out.bundle("letter", ".pdf", Mode.BILEVEL, LETTER)
    for name, suffix in (
        ("truncated", ".pdf"),
        ("encrypted", ".pdf"),
        ("archive", ".pdf"),
        ("text", ".jpg"),
        ("empty", ".pdf"),
        ("oversized", ".png"),
    ):
        out.bad(name, suffix)


def _mark_rows(out: _List) -> None:
    """Reply forms on which the writer says what is a letter and what a digit."""
    for case, mode, suffix in (
        (Case.PIN_KINDS_MARKED, Mode.BILEVEL, ".tif"),
        (Case.PIN_KIND_WRONG, Mode.COLOUR, ".jpg"),
    ):
        out.add(_REPLY_WITH_MARKS, case.value, case, channel=_COUNTER, mode=mode, suffix=suffix)


def _mail_room(out: _List) -> None:
    """Stacks with separator sheets, sheets fed together, and paper that is no form."""
    code = FindingCode
    turn = len(out.recipes)

    def page(content: str, step: int, mode: Mode, **more: Any) -> PageRecipe:
        paper = _paper(mode, turn + step)
        return PageRecipe(content, Kind.ADULT, paper=paper, mess=0.2, **more)

    black = Mode.BILEVEL
    stack = (
        page(SEPARATOR, 0, black, states=(_MAIL, 3)),
        page(_NOTICE, 1, black),
        page(PRINTED_BACK, 2, black),
        page(LETTER, 3, black, expected=(code.COUNT_MISMATCH,)),
        page(SEPARATOR, 4, black, states=(_COUNTER, None)),
        page(_NOTICE, 5, black, expected=(code.CHANNEL_MISMATCH,)),
    )
    feed = page(_NOTICE, 6, black, second_shows_mm=45.0, expected=(code.DOUBLE_FEED_SUSPECTED,))
    for name, suffix, pages in (
        ("stack", ".tif", stack),
        ("fed_together", ".tif", (feed,)),
        ("address_mount", ".tif", (page("address_mount", 7, black),)),
        ("envelope", ".jpg", (page("envelope", 8, Mode.COLOUR),)),
        ("loose_photo", ".jpg", (page("loose_photo", 9, Mode.COLOUR),)),
        ("dark", ".jpg", (page("dark", 10, Mode.GREY),)),
    ):
        stem = f"{out.number(_MAIL):03d}_{name}"
        out.recipes.append(FileRecipe(stem + suffix, _MAIL, pages, quality=45))
