"""Variants are sound forms with the same fields in other places."""

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.forms.catalogue import Catalogue
from pipeline.forms.checking import check
from pipeline.forms.definition import ReaderKind
from pipeline.forms.variants import variant

FORMS = Catalogue.load().forms
form_and_seed = st.tuples(st.sampled_from(FORMS), st.integers(0, 2**32))


@settings(max_examples=120, deadline=None)
@given(form_and_seed)
def test_every_variant_passes_the_check(case) -> None:
    form, seed = case
    assert check(variant(form, seed)) == []


def test_the_narrowest_columns_leave_marks_large_enough() -> None:
    form = Catalogue.load().get("reply_form@2026.2")
    assert [p for seed in range(150) for p in check(variant(form, seed))] == []


@settings(max_examples=60, deadline=None)
@given(form_and_seed)
def test_same_fields_readers_and_cells_in_the_same_order(case) -> None:
    form, seed = case
    other = variant(form, seed)
    assert [(z.field, z.part, z.reader, z.alphabet, len(z.cells)) for z in form.zones] == [
        (z.field, z.part, z.reader, z.alphabet, len(z.cells)) for z in other.zones
    ]
    assert [t.text for t in form.labels] == [t.text for t in other.labels]
    for old, new in zip(form.zones, other.zones, strict=True):
        if old.reader in (ReaderKind.PHOTO, ReaderKind.QR):
            assert (old.box.w, old.box.h) == (new.box.w, new.box.h)


@settings(max_examples=30, deadline=None)
@given(form_and_seed)
def test_a_seed_is_a_layout_and_it_differs(case) -> None:
    form, seed = case
    assert variant(form, seed) == variant(form, seed)
    assert variant(form, seed).key != variant(form, seed + 1).key
    shifts = [
        abs(a.box.x - b.box.x) + abs(a.box.y - b.box.y)
        for a, b in zip(form.zones, variant(form, seed).zones, strict=True)
    ]
    assert max(shifts) > 0.3
