"""The writer's own word on a PIN character: it settles what no glyph can, and overrules nothing."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.documents import FieldName
from pipeline.domain.findings import FindingCode, Severity
from pipeline.domain.geometry import BoxMm, BoxPx
from pipeline.domain.pin import SIGNATURE_ALPHABET, Kind, kind_of, look_alikes
from pipeline.forms.definition import ReaderKind, Zone
from pipeline.readers.boxed import BoxedReading, CellReading, CellState
from pipeline.readers.boxes.character_thresholds import CharacterThresholds, ViewWeights
from pipeline.readers.boxes.resolve_pin import resolve_pin
from pipeline.readers.resolved import Resolved

C = FindingCode
FIELD = FieldName.PIN_SIGNATURE
LEAST = 0.995
_EVEN = ViewWeights(1.0, 0.5, 1.0, 0.0)
THRESHOLDS = CharacterThresholds(
    version="test",
    views={"digits": _EVEN, "capitals": _EVEN},
    character={"digits": 0.99, "capitals": LEAST},
    field={"digits": 0.99},
    junk=0.5,
    lower_case=0.7,
    invalid_written_share=0.01,
    evaluation={},
)
LETTER, DIGIT = Kind.LETTER, Kind.DIGIT


def glyph(state: CellState = CellState.INK, **probabilities: float) -> CellReading:
    """A cell with these probabilities (``_0`` for 0); what they leave is spread over the rest."""
    held = {name.lstrip("_"): p for name, p in probabilities.items()}
    rest = [c for c in SIGNATURE_ALPHABET if c not in held]
    left = max(0.0, 1 - sum(held.values())) / len(rest)
    posterior = {c: held.get(c, left) for c in SIGNATURE_ALPHABET}
    best = max(posterior, key=posterior.__getitem__)
    return CellReading(posterior, state, BoxPx(0, 0, 84, 106), views=(best, best))


def clear(text: str) -> list[CellReading]:
    blank = CellReading({}, CellState.BLANK, BoxPx(0, 0, 84, 106))
    return [blank if c == " " else glyph(**{f"_{c}": 0.9999}) for c in text]


def resolved(cells: list[CellReading], kinds: list[Kind | None]) -> Resolved:
    cells = cells + clear(" " * (16 - len(cells)))
    boxes = tuple(BoxMm(10 + 9 * i, 10, 9, 10) for i in range(16))
    zone = Zone(FIELD, ReaderKind.BOXES, BoxMm(10, 10, 144, 10), boxes, SIGNATURE_ALPHABET)
    return resolve_pin(FIELD, BoxedReading(zone, tuple(cells), "test"), THRESHOLDS, kinds)


def found(answer: Resolved) -> list[tuple[FindingCode, int | None]]:
    return [(f.code, f.position) for f in answer.findings]


def at_end(cell: CellReading, kind: Kind | None) -> Resolved:
    """A clear PIN of five characters, unmarked, and a sixth under a mark."""
    return resolved([*clear("AXK7K"), cell], [None] * 5 + [kind])


@pytest.mark.parametrize(
    ("shape", "kind", "meant"),
    [
        ({"O": 0.7, "_0": 0.2995}, DIGIT, "0"),
        ({"O": 0.7, "_0": 0.2995}, LETTER, "O"),
        ({"_1": 0.9995, "I": 0.0004}, LETTER, "I"),
        ({"I": 0.6, "_1": 0.3999}, DIGIT, "1"),
    ],
)
def test_a_clear_mark_settles_what_no_glyph_can(
    shape: dict[str, float], kind: Kind, meant: str
) -> None:
    answer = at_end(glyph(**shape), kind)
    assert answer.reading.value == "AXK7K" + meant
    assert found(answer) == [(C.PIN_SETTLED_BY_MARK, 5)]
    assert answer.findings[0].severity == Severity.INFO
    assert answer.reading.accepted and not answer.reading.characters[5].flagged


def test_without_a_clear_mark_all_is_as_before() -> None:
    cell = glyph(O=0.7, _0=0.2995)
    plain, silent = resolved([*clear("AXK7K"), cell], []), at_end(cell, None)
    assert plain == silent
    assert found(plain) == [(C.PIN_AMBIGUOUS, 5)] and not plain.reading.accepted


def test_a_mark_against_a_confident_shape_is_a_flag_and_changes_nothing() -> None:
    answer = at_end(glyph(_5=0.999), LETTER)
    assert answer.reading.value == "AXK7K5"
    assert found(answer) == [(C.PIN_MARK_MISMATCH, 5)]
    flagged = answer.reading.characters[5]
    assert flagged.flagged and not answer.reading.accepted
    assert "S" in [a.value for a in flagged.alternatives]


def test_a_mark_chooses_between_shapes_that_both_may_be() -> None:
    answer = at_end(glyph(S=0.6, _5=0.3995), LETTER)
    assert answer.reading.value == "AXK7KS" and answer.reading.accepted
    # The other way round the shape speaks, if softly, against the mark: a person looks.
    assert found(at_end(glyph(S=0.6, _5=0.3995), DIGIT)) == [(C.PIN_MARK_MISMATCH, 5)]


def test_a_mark_does_not_make_a_doubtful_cell_sure() -> None:
    for state in (CellState.STRUCK, CellState.TWO, CellState.TOUCHING, CellState.CUT):
        answer = at_end(glyph(state, O=0.9999), LETTER)
        assert found(answer) == [(C.PIN_AMBIGUOUS, 5)], state
        assert not answer.reading.accepted


def test_a_mark_against_the_shape_of_a_doubtful_cell_is_told_beside_the_doubt() -> None:
    answer = at_end(glyph(CellState.TOUCHING, A=0.9999), DIGIT)
    assert sorted(found(answer)) == [(C.PIN_AMBIGUOUS, 5), (C.PIN_MARK_MISMATCH, 5)]
    assert answer.reading.value == "AXK7KA" and not answer.reading.accepted


def test_a_mark_does_not_hide_a_second_shape_of_its_own_kind() -> None:
    answer = at_end(glyph(O=0.55, _0=0.2, D=0.2495), LETTER)
    assert found(answer) == [(C.PIN_AMBIGUOUS, 5)]
    others = [a.value for a in answer.reading.characters[5].alternatives]
    assert others[0] == "D" and {"0", "Q"} <= set(others)


def test_a_marked_blank_box_is_a_character_that_was_not_seen() -> None:
    answer = resolved(clear("AXK7KB"), [None] * 6 + [DIGIT])
    assert (C.PIN_AMBIGUOUS, 6) in found(answer)
    assert not answer.reading.accepted
    assert len(answer.reading.characters) == 7


def test_a_small_letter_is_named_though_the_mark_is_clear() -> None:
    cell = dataclasses.replace(glyph(A=0.9999), lower_case=0.95)
    answer = at_end(cell, LETTER)
    assert found(answer) == [(C.PIN_LOWER_CASE, 5)]
    assert answer.reading.characters[5].flagged and not answer.reading.accepted


@given(
    st.lists(st.floats(1e-6, 1), min_size=36, max_size=36),
    st.sampled_from([LETTER, DIGIT]),
)
def test_what_goes_unflagged_is_of_the_marked_kind_and_fits_the_shape(
    weights: list[float], kind: Kind
) -> None:
    shares = np.array(weights) ** 6
    shares /= shares.sum()
    cell = dataclasses.replace(
        glyph(A=0.9), posterior=dict(zip(SIGNATURE_ALPHABET, shares.tolist(), strict=True))
    )
    cell = dataclasses.replace(cell, views=(cell.best, cell.best))
    answer = at_end(cell, kind)
    read = answer.reading.characters[5]
    if read.flagged:
        assert not answer.reading.accepted
        wanted = set(look_alikes(read.value, SIGNATURE_ALPHABET))
        assert wanted <= {a.value for a in read.alternatives}
    else:
        assert kind_of(read.value) == kind
        alike = {read.value, *(c for c in "0O1I" if look_alikes(c, read.value))}
        assert sum(cell.posterior[c] for c in alike) >= 0.5 * LEAST


def test_no_evidence_tells_which_kind_was_marked() -> None:
    for cell, kind in ((glyph(O=0.9999), DIGIT), (glyph(_5=0.9999), LETTER)):
        assert all(f.evidence == () for f in at_end(cell, kind).findings)
