from __future__ import annotations

import dataclasses

import pytest

from pipeline.domain.documents import FieldName
from pipeline.domain.findings import FindingCode, Severity
from pipeline.domain.geometry import BoxMm, BoxPx
from pipeline.domain.my_number import PLACEHOLDER, check_digit
from pipeline.domain.pin import SIGNATURE_ALPHABET
from pipeline.forms.definition import ReaderKind, Zone
from pipeline.readers.boxed import BoxedReading, CellReading, CellState
from pipeline.readers.boxes.character_thresholds import CharacterThresholds, ViewWeights
from pipeline.readers.boxes.resolve_digits import resolve_digits
from pipeline.readers.boxes.resolve_my_number import resolve_my_number
from pipeline.readers.boxes.resolve_pin import resolve_pin

DIGITS = "0123456789"
NUMBER = "123456789018"
C = FindingCode

EVEN = ViewWeights(1.0, 0.5, 1.0, 0.0)
THRESHOLDS = CharacterThresholds(
    version="test",
    views={"digits": EVEN, "capitals": EVEN},
    character={"digits": 0.99, "capitals": 0.995},
    field={"my_number": 0.9995, "my_number_corrected": 0.9999, "digits": 0.999},
    junk=0.5,
    lower_case=0.7,
    invalid_written_share=0.01,
    evaluation={},
)


def cell(
    value: str,
    alphabet: str = DIGITS,
    p: float = 0.9999,
    other: str = "",
    state: CellState = CellState.INK,
    lower_case: float = 0.0,
) -> CellReading:
    if value == " ":
        return CellReading({}, CellState.BLANK, BoxPx(0, 0, 100, 110))
    rest = [c for c in alphabet if c not in (value, other)]
    posterior = {value: p}
    if other:
        posterior[other] = (1 - p) * 0.999
        posterior |= {c: (1 - p) * 0.001 / len(rest) for c in rest}
    else:
        posterior |= {c: (1 - p) / len(rest) for c in rest}
    return CellReading(
        posterior, state, BoxPx(0, 0, 100, 110), BoxPx(20, 20, 50, 70), 0.0, lower_case, (value,)
    )


def boxed(cells: list[CellReading], field: FieldName, alphabet: str = DIGITS) -> BoxedReading:
    boxes = tuple(BoxMm(10 + 9 * i, 10, 9, 10) for i in range(len(cells)))
    zone = Zone(field, ReaderKind.BOXES, BoxMm(10, 10, 9 * len(cells), 10), boxes, alphabet)
    return BoxedReading(zone, tuple(cells), "test")


def number(text: str, **changes: CellReading) -> BoxedReading:
    cells = [cell(c) for c in text]
    for position, changed in changes.items():
        cells[int(position[1:])] = changed
    return boxed(cells, FieldName.MY_NUMBER)


def codes(resolved: object) -> list[FindingCode]:
    return [f.code for f in resolved.findings]  # type: ignore[attr-defined]


# --- My Number


def test_a_clear_valid_number_is_accepted_without_a_finding() -> None:
    resolved = resolve_my_number(number(NUMBER), THRESHOLDS)
    assert resolved.reading.value == NUMBER
    assert resolved.reading.accepted
    assert resolved.findings == ()
    assert not any(c.flagged for c in resolved.reading.characters)
    assert all(len(c.alternatives) == 5 for c in resolved.reading.characters)


def test_a_blank_number_is_missing() -> None:
    resolved = resolve_my_number(number(" " * 12), THRESHOLDS)
    assert codes(resolved) == [C.MY_NUMBER_MISSING]
    assert resolved.reading.value == ""
    assert not resolved.reading.accepted


def lost(state: CellState) -> CellReading:
    """A cell without ink of its own, where some may have been."""
    return CellReading({}, state, BoxPx(0, 0, 100, 110))


@pytest.mark.parametrize("state", [CellState.ON_LINE, CellState.CUT])
def test_an_empty_row_is_no_proof_where_a_stroke_may_have_been_lost(state: CellState) -> None:
    blank = cell(" ")
    missing = resolve_my_number(
        boxed([lost(state), *[blank] * 11], FieldName.MY_NUMBER), THRESHOLDS
    )
    assert C.MY_NUMBER_MISSING not in codes(missing)
    assert all(f.severity == Severity.REVIEW for f in missing.findings)
    field = FieldName.REPRESENTATIVE_POSTAL_CODE
    row = boxed([*[blank] * 6, lost(state)], field)
    row = dataclasses.replace(row, zone=dataclasses.replace(row.zone, optional=True))
    code = resolve_digits(field, row, THRESHOLDS)
    assert not code.reading.accepted and code.findings


@pytest.mark.parametrize("state", [CellState.ON_LINE, CellState.CUT])
def test_a_pin_does_not_end_before_a_box_whose_stroke_may_have_been_lost(state: CellState) -> None:
    written = [cell(c, SIGNATURE_ALPHABET) for c in "AXK7KT"]
    row = [*written, lost(state), *[cell(" ")] * 9]
    field = FieldName.PIN_SIGNATURE
    resolved = resolve_pin(field, boxed(row, field, SIGNATURE_ALPHABET), THRESHOLDS)
    assert not resolved.reading.accepted
    assert (C.PIN_AMBIGUOUS, 6) in [(f.code, f.position) for f in resolved.findings]


def test_twelve_zeros_are_refused() -> None:
    resolved = resolve_my_number(number(PLACEHOLDER), THRESHOLDS)
    assert codes(resolved) == [C.MY_NUMBER_PLACEHOLDER]
    assert not resolved.reading.accepted


def test_zeros_that_are_in_doubt_are_not_what_an_office_prints() -> None:
    for doubt in (cell("0", state=CellState.STRUCK), cell("0", p=0.6, other="6")):
        resolved = resolve_my_number(number(PLACEHOLDER, _3=doubt), THRESHOLDS)
        assert resolved.reading.value is None
        assert not resolved.reading.accepted
        assert (C.MY_NUMBER_AMBIGUOUS, 3) in [(f.code, f.position) for f in resolved.findings]
        assert all(f.severity == Severity.REVIEW for f in resolved.findings)


def test_a_clear_number_that_fails_its_check_digit_stays_as_written() -> None:
    wrong = NUMBER[:-1] + "9"
    resolved = resolve_my_number(number(wrong), THRESHOLDS)
    assert C.MY_NUMBER_CHECK_DIGIT in codes(resolved)
    assert resolved.reading.value == wrong
    assert not resolved.reading.accepted
    assert any(c.flagged for c in resolved.reading.characters)


def test_one_corrected_digit_is_named_and_keeps_what_was_read_first() -> None:
    resolved = resolve_my_number(number(NUMBER, _3=cell("7", p=0.55, other="4")), THRESHOLDS)
    assert resolved.reading.value == NUMBER
    assert C.MY_NUMBER_CHECK_DIGIT in codes(resolved)
    flagged = resolved.reading.characters[3]
    assert flagged.flagged
    assert flagged.value == "4"
    assert flagged.alternatives[0].value == "7"


def test_a_check_digit_of_zero_asks_for_surer_digits() -> None:
    # Remainders 0 and 1 share the check digit 0: there one wrong digit may pass the check.
    stricter = dataclasses.replace(
        THRESHOLDS, field={**THRESHOLDS.field, "my_number": 0.9, "my_number_zero": 0.9999}
    )
    for last, accepted in (("0", False), ("8", True)):
        body = next(
            text
            for text in (f"12345678{n:03d}" for n in range(1000))
            if str(check_digit(text)) == last
        )
        weak = number(body + last, c2=cell("3", p=0.999, other="8"))
        assert resolve_my_number(weak, stricter).reading.accepted is accepted


def test_two_corrected_digits_are_never_accepted() -> None:
    # Two boxes in which the wrong digit leads; the check digit can only be met by changing both.
    text = NUMBER
    one = cell("7", p=0.5001, other=text[3])
    two = cell("1", p=0.5001, other=text[6])
    lax = dataclasses.replace(
        THRESHOLDS, field={"my_number": 0.0, "my_number_corrected": 0.0, "digits": 0.0}
    )
    resolved = resolve_my_number(number(text, _3=one, _6=two), lax)
    plain = text[:3] + "7" + text[4:6] + "1" + text[7:]
    assert check_digit(plain[:-1]) != int(plain[-1])
    assert C.MY_NUMBER_CHECK_DIGIT in codes(resolved)
    if resolved.reading.accepted:
        changed = sum(a != b for a, b in zip(resolved.reading.value or "", plain, strict=True))
        assert changed <= 1


@pytest.mark.parametrize("state", [s for s in CellState if s not in ("ink", "blank")])
def test_a_doubtful_cell_is_flagged_and_blocks_acceptance(state: CellState) -> None:
    resolved = resolve_my_number(number(NUMBER, _5=cell(NUMBER[5], state=state)), THRESHOLDS)
    assert not resolved.reading.accepted
    assert [f.position for f in resolved.findings] == [5]
    assert resolved.reading.characters[5].flagged


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        (" " + NUMBER[:-1], "late_start"),
        (NUMBER[:5] + " " + NUMBER[6:], "gap"),
        (NUMBER[:-1] + " ", "short"),
    ],
)
def test_an_empty_box_is_noticed_and_nothing_is_guessed(text: str, shape: str) -> None:
    resolved = resolve_my_number(number(text), THRESHOLDS)
    assert resolved.reading.value is None
    assert not resolved.reading.accepted
    assert [f.position for f in resolved.findings] == [text.index(" ")]
    assert resolved.findings[0].evidence == (("boxes", shape),)


def test_evidence_carries_no_digit_of_the_number() -> None:
    resolved = resolve_my_number(number(NUMBER, _3=cell("7", p=0.55, other="4")), THRESHOLDS)
    for finding in resolved.findings:
        assert all(not isinstance(v, str) or not v.isdigit() for _, v in finding.evidence)


# --- PIN


def pin(
    text: str, field: FieldName = FieldName.PIN_SIGNATURE, **changes: CellReading
) -> BoxedReading:
    signature = field == FieldName.PIN_SIGNATURE
    alphabet = SIGNATURE_ALPHABET if signature else DIGITS
    cells = [cell(c, alphabet) for c in text.ljust(16 if signature else 4)]
    for position, changed in changes.items():
        cells[int(position[1:])] = changed
    return boxed(cells, field, alphabet)


def test_a_clear_pin_is_accepted_and_its_trailing_blanks_are_normal() -> None:
    resolved = resolve_pin(FieldName.PIN_SIGNATURE, pin("AXK7K4"), THRESHOLDS)
    assert resolved.reading.value == "AXK7K4"
    assert resolved.findings == ()
    assert resolved.reading.accepted
    assert len(resolved.reading.characters) == 6


@pytest.mark.parametrize("character", "0O1I")
def test_zero_and_o_and_one_and_i_are_always_flagged_where_both_are_legal(character: str) -> None:
    resolved = resolve_pin(FieldName.PIN_SIGNATURE, pin("AXK7K" + character), THRESHOLDS)
    assert [(f.code, f.position) for f in resolved.findings] == [(C.PIN_AMBIGUOUS, 5)]
    assert resolved.reading.characters[5].flagged
    assert not resolved.reading.accepted


@pytest.mark.parametrize("character", "01")
def test_digits_alone_need_no_such_flag(character: str) -> None:
    resolved = resolve_pin(
        FieldName.PIN_AUTHENTICATION,
        pin("437" + character, FieldName.PIN_AUTHENTICATION),
        THRESHOLDS,
    )
    assert resolved.findings == ()
    assert resolved.reading.accepted


def test_a_character_below_the_threshold_is_flagged() -> None:
    resolved = resolve_pin(
        FieldName.PIN_SIGNATURE,
        pin("AXK7K4", _1=cell("X", SIGNATURE_ALPHABET, p=0.99, other="K")),
        THRESHOLDS,
    )
    assert [f.position for f in resolved.findings] == [1]
    assert resolved.reading.characters[1].alternatives[0].value == "K"


def test_views_that_disagree_are_flagged_however_sure() -> None:
    odd = dataclasses.replace(cell("X", SIGNATURE_ALPHABET), views=("X", "K"))
    resolved = resolve_pin(FieldName.PIN_SIGNATURE, pin("AXK7K4", _1=odd), THRESHOLDS)
    assert [f.position for f in resolved.findings] == [1]


def test_a_pin_that_is_unsure_only_as_a_whole_names_its_weakest_character() -> None:
    cells = {f"_{i}": cell(c, SIGNATURE_ALPHABET, p=0.9985) for i, c in enumerate("AXK7K4")}
    cells["_3"] = cell("7", SIGNATURE_ALPHABET, p=0.997)
    resolved = resolve_pin(FieldName.PIN_SIGNATURE, pin("AXK7K4", **cells), THRESHOLDS)
    assert [(f.code, f.position) for f in resolved.findings] == [(C.PIN_AMBIGUOUS, 3)]
    assert not resolved.reading.accepted


def test_a_lower_case_letter_is_its_own_finding() -> None:
    odd = cell("A", SIGNATURE_ALPHABET, lower_case=0.95)
    resolved = resolve_pin(FieldName.PIN_SIGNATURE, pin("AXK7K4", _0=odd), THRESHOLDS)
    assert C.PIN_LOWER_CASE in codes(resolved)
    assert resolved.reading.characters[0].flagged
    assert not resolved.reading.accepted


@pytest.mark.parametrize("text", ["AX7K4", "AXKRTE", "437465"])
def test_a_pin_against_the_rule_is_found(text: str) -> None:
    resolved = resolve_pin(FieldName.PIN_SIGNATURE, pin(text), THRESHOLDS)
    assert C.PIN_RULE in codes(resolved)
    assert not resolved.reading.accepted


def test_a_clear_short_pin_is_a_ground_for_return() -> None:
    resolved = resolve_pin(FieldName.PIN_SIGNATURE, pin("AX7"), THRESHOLDS)
    rule = [f for f in resolved.findings if f.code == C.PIN_RULE]
    assert rule[0].severity == Severity.RETURN


@pytest.mark.parametrize("text", [" AXK7K4", "AXK 7K4"])
def test_a_blank_box_before_or_between_characters_is_flagged(text: str) -> None:
    resolved = resolve_pin(FieldName.PIN_SIGNATURE, pin(text), THRESHOLDS)
    assert (C.PIN_AMBIGUOUS, text.index(" ")) in [(f.code, f.position) for f in resolved.findings]
    assert not resolved.reading.accepted


def test_a_missing_digit_of_a_four_digit_pin_is_flagged() -> None:
    field = FieldName.PIN_RESIDENT_RECORD
    resolved = resolve_pin(field, pin("437 ", field), THRESHOLDS)
    assert resolved.reading.characters[3].flagged
    assert C.PIN_RULE in codes(resolved)


def test_a_blank_pin_is_missing() -> None:
    resolved = resolve_pin(FieldName.PIN_SIGNATURE, pin(""), THRESHOLDS)
    assert codes(resolved) == [C.PIN_MISSING]


def test_no_evidence_of_a_pin_carries_a_character_of_it() -> None:
    resolved = resolve_pin(FieldName.PIN_SIGNATURE, pin("AX0 K4"), THRESHOLDS)
    for finding in resolved.findings:
        for _, value in finding.evidence:
            assert not isinstance(value, str) or value in {s.value for s in CellState}


# --- other digits


def test_a_clear_postal_code_is_accepted() -> None:
    field = FieldName.REPRESENTATIVE_POSTAL_CODE
    resolved = resolve_digits(field, boxed([cell(c) for c in "1000001"], field), THRESHOLDS)
    assert resolved.reading.value == "1000001"
    assert resolved.reading.accepted


def test_a_gap_in_a_postal_code_is_flagged() -> None:
    field = FieldName.REPRESENTATIVE_POSTAL_CODE
    resolved = resolve_digits(field, boxed([cell(c) for c in "100 001"], field), THRESHOLDS)
    assert resolved.reading.value is None
    assert [f.position for f in resolved.findings] == [3]


def test_an_optional_blank_zone_is_no_finding() -> None:
    field = FieldName.PHONE
    reading = boxed([cell(" ")] * 11, field)
    free = dataclasses.replace(reading, zone=dataclasses.replace(reading.zone, optional=True))
    resolved = resolve_digits(field, free, THRESHOLDS)
    assert resolved.findings == ()
    assert resolved.reading.value == ""


def test_a_weak_digit_keeps_the_application_id_from_being_accepted() -> None:
    field = FieldName.APPLICATION_ID
    cells = [cell(c) for c in "12345678901234567890123"]
    cells[7] = cell("8", p=0.9, other="3")
    resolved = resolve_digits(field, boxed(cells, field), THRESHOLDS)
    assert not resolved.reading.accepted
    assert [(f.code, f.position) for f in resolved.findings] == [(C.APPLICATION_ID_UNREADABLE, 7)]


def test_a_cell_cut_out_with_doubt_is_accepted_only_where_the_check_digit_makes_up_for_it() -> None:
    lenient = dataclasses.replace(THRESHOLDS, doubt={CellState.TOUCHING.value: 0.15})
    touching = number(NUMBER, _5=cell(NUMBER[5], state=CellState.TOUCHING))
    assert not resolve_my_number(touching, THRESHOLDS).reading.accepted
    resolved = resolve_my_number(touching, lenient)
    assert resolved.reading.accepted
    assert not any(c.flagged for c in resolved.reading.characters)
    assert resolved.findings == ()
    # Three such cells together are too many; what bars a number goes on barring it.
    many = {f"_{i}": cell(NUMBER[i], state=CellState.TOUCHING) for i in (2, 5, 8)}
    assert not resolve_my_number(number(NUMBER, **many), lenient).reading.accepted
    for state in (CellState.TWO, CellState.STRUCK, CellState.OVERWRITTEN, CellState.CUT):
        barred = number(NUMBER, _5=cell(NUMBER[5], state=state))
        assert not resolve_my_number(barred, lenient).reading.accepted


def test_a_cell_cut_out_with_doubt_costs_less_where_its_digit_is_sure_all_the_same() -> None:
    touching = CellState.TOUCHING.value
    told_apart = dataclasses.replace(
        THRESHOLDS, doubt={touching: 0.4}, doubt_sure={touching: 0.01}, doubt_sure_from=0.98
    )
    confidence = {}
    for name, p in (("sure", 0.999), ("unsure", 0.97)):
        two = {f"_{i}": cell(NUMBER[i], p=p, state=CellState.TOUCHING) for i in (2, 5)}
        resolved = resolve_my_number(number(NUMBER, **two), told_apart).reading
        confidence[name] = resolved.confidence
        assert resolved.accepted == (name == "sure")
    assert 1 - confidence["unsure"] > 5 * (1 - confidence["sure"])
    # Of a state that nothing was measured of, no digit is sure enough.
    cut = number(NUMBER, _5=cell(NUMBER[5], p=0.9999, state=CellState.CUT))
    assert not resolve_my_number(cut, told_apart).reading.accepted


def test_under_a_check_digit_of_0_a_doubt_counts_for_more() -> None:
    # Remainders 0 and 1 share the check digit 0, so some single wrong digits pass it.
    lenient = dataclasses.replace(THRESHOLDS, doubt={CellState.TOUCHING.value: 0.15})
    under_zero = "123456780100"
    assert check_digit(under_zero[:-1]) == 0
    doubts = []
    for text in (NUMBER, under_zero):
        worst = min(
            resolve_my_number(
                number(text, **{f"_{i}": cell(text[i], state=CellState.TOUCHING)}), lenient
            ).reading.confidence
            for i in range(11)
        )
        doubts.append(1 - worst)
    assert doubts[1] > 5 * doubts[0]
