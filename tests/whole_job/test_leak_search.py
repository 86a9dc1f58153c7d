"""The search itself: what it must find, and what it must not take for a leak."""

from __future__ import annotations

import base64
import json
import random
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from leak_search import Searcher, ways

NUMBER, NAME = "123456789018", "見本 花子"


@pytest.mark.parametrize(
    "written",
    [
        NUMBER.encode(),
        b"1234 5678 9018",
        b"1 2 3 4 5 6 7 8 9 0 1 8",
        "１２３４５６７８９０１８".encode(),
        base64.b64encode(b'{"v":"' + NUMBER.encode() + b'"}'),
        NUMBER.encode().hex().encode(),
        NUMBER.encode("utf-16"),
        NAME.encode(),
        "見本花子".encode(),
        quote(NAME).encode(),
        json.dumps({"name": NAME}).encode(),
        NAME.encode("cp932"),
    ],
)
def test_a_planted_secret_is_found(tmp_path: Path, written: bytes) -> None:
    (tmp_path / "log.txt").write_bytes(b"before " + written + b" after")
    assert Searcher([NUMBER, NAME]).in_files(tmp_path)


def test_a_secret_in_a_name_is_found(tmp_path: Path) -> None:
    (tmp_path / f"{NUMBER}.txt").write_bytes(b"")
    assert Searcher([NUMBER]).in_files(tmp_path)


@given(before=st.binary(max_size=9), after=st.binary(max_size=9))
def test_base64_is_found_wherever_the_secret_begins(before: bytes, after: bytes) -> None:
    searcher = Searcher([NUMBER])
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        assert searcher.in_bytes("", encode(before + NUMBER.encode() + after))


def test_chance_finds_nothing() -> None:
    noise = random.Random(1).randbytes(2_000_000)
    assert Searcher([NUMBER, NAME]).in_bytes("", noise) == []
    assert all(len(text) >= 6 for text in ways(NUMBER).values())
