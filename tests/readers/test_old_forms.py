"""Old forms of characters in written names: neither forgotten nor taken by the weight alone."""

from __future__ import annotations

import pytest

from benchmarks.names_bench import in_old_forms
from pipeline.domain.geometry import BoxPx
from pipeline.readers.text.old_forms import common_form_weighed
from pipeline.readers.text.text_lines import LineCharacter


def _read(*ranked: tuple[str, float], doubtful: bool = False) -> LineCharacter:
    return LineCharacter(ranked, True, doubtful, 0.0, False, BoxPx(0, 0, 40, 40))


def test_a_form_that_the_ink_hardly_tells_is_read_as_the_common_one_and_put_in_doubt() -> None:
    found = common_form_weighed(_read(("穗", 0.6), ("穂", 0.35), ("徳", 0.05)))
    assert found.value == "穂"
    assert found.doubtful
    assert {c for c, _ in found.ranked} == {"穗", "穂", "徳"}
    assert sum(p for _, p in found.ranked) == pytest.approx(1.0)
    assert [p for _, p in found.ranked] == sorted((p for _, p in found.ranked), reverse=True)


def test_an_old_form_that_the_ink_shows_stays() -> None:
    clear = _read(("穗", 0.95), ("穂", 0.04), ("徳", 0.01))
    found = common_form_weighed(clear)
    assert found.value == "穗"
    assert not found.doubtful
    assert found.probability < clear.probability


@pytest.mark.parametrize(
    "one",
    [
        _read(("穂", 0.6), ("穗", 0.4)),  # the common form needs no help
        _read(("邊", 0.6), ("邉", 0.4)),  # both are old
        _read(("穗", 0.6), ("徳", 0.4)),  # no form of the same character
        _read(("檸", 0.6), ("檬", 0.4)),  # rare, and a form of nothing
    ],
)
def test_nothing_else_is_touched(one: LineCharacter) -> None:
    assert common_form_weighed(one) == one


def test_a_doubt_that_was_there_stays() -> None:
    assert common_form_weighed(_read(("穗", 0.95), ("穂", 0.05), doubtful=True)).doubtful


def test_the_bench_spells_names_in_old_forms() -> None:
    assert in_old_forms("松田 美穂") == "松田 美穗"
    assert in_old_forms("邊見") == "邊見"
