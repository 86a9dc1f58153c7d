"""Knowing a sheet again: keyed bits of where its ink lies, compared by how many differ.

Each field's ink is projected on random directions that follow from the vault's key, and only the
sign of each is kept (Charikar 2002: the share of signs that differ is the angle between two
vectors over pi). Without the key the bits tell neither a stroke nor a place; equal sheets have
nearly equal bits, which is what a blind index of an exact value gives for equal values as well.

A sheet is the same only where *every* field that both scans show agrees, and enough of them do:
families write the same address in the same hand, but never the same name and number.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.domain.documents import FieldName
from pipeline.vault import Vault

BITS = 128
_WORDS = BITS // 64
# Set on 37 composed forms (seed 7301), two ordinary scans of each sheet, when fields that a machine
# printed still counted: of one sheet at most 0.082 of the bits differed in the mean and 0.148 in
# the worst field; of two people's forms at least 0.122 and 0.211 (1,296 pairs of one form). How
# they hold on other sheets: ``benchmarks/registration_repeats.py``.
MOST_MEAN_SHARE = 0.10
MOST_FIELD_SHARE = 0.18
FEWEST_FIELDS = 3

Marks = Mapping[FieldName, bytes]


def sheet_marks(
    vault: Vault, sketches: Mapping[FieldName, NDArray[np.float32]]
) -> tuple[tuple[FieldName, bytes], ...]:
    """The keyed bits (16 bytes) of each field's ink.

    Args:
        vault: Whose key the directions follow from.
        sketches: As ``imaging.zone_sketches`` makes them.
    """
    return tuple(
        (name, _bits(_directions(vault, name, len(sketch)), sketch))
        for name, sketch in sorted(sketches.items())
    )


def same_sheet(one: Marks, other: Marks) -> bool:
    """Whether two scans show the same sheet of paper."""
    bits = list(_differing_bits(one, other).values())
    return (
        len(bits) >= FEWEST_FIELDS
        and max(bits) <= MOST_FIELD_SHARE * BITS
        and sum(bits) <= MOST_MEAN_SHARE * BITS * len(bits)
    )


def differing(one: Marks, other: Marks) -> dict[FieldName, float]:
    """The share of bits that differ, for every field that both have."""
    return {name: bits / BITS for name, bits in _differing_bits(one, other).items()}


class Sheets:
    """Many sheets of one form, for comparing another with all of them at once."""

    def __init__(self, rows: pa.Table) -> None:
        """Take in a row for each field of each sheet, in any order.

        Args:
            rows: ``serial``: whose field it is, the number of a document; ``field``: which one;
                ``mark``: its keyed bits.
        """
        self._serials, sheet_of = np.unique(rows["serial"].to_numpy(), return_inverse=True)
        field = rows["field"].combine_chunks().dictionary_encode()
        names = field.dictionary.to_pylist()
        shape = (len(names), len(self._serials))
        # Word by word: what a comparison runs along lies side by side.
        self._words = np.zeros((_WORDS, *shape), np.uint64)
        self._has = np.zeros(shape, bool)
        column_of = field.indices.to_numpy()
        marks = rows["mark"].combine_chunks().cast(pa.binary(BITS // 8))
        # Without nulls the bytes of a column of one width lie one after the other.
        words = np.frombuffer(marks.buffers()[1], np.uint64).reshape(-1, _WORDS)
        self._words[:, column_of, sheet_of] = words[marks.offset : marks.offset + len(marks)].T
        self._has[column_of, sheet_of] = True
        # One field that differs is enough: with the field that most sheets have, nearly all fall.
        seldom_first = np.argsort(self._has.sum(axis=1), kind="stable")
        self._columns = {names[column]: int(column) for column in seldom_first[::-1]}

    def same_as(self, wanted: Marks) -> NDArray[np.int64]:
        """The numbers of those that are the same sheet, as ``same_sheet`` says."""
        every = np.arange(len(self._serials))
        left: NDArray[np.int64] | slice = slice(None)  # all of them, without a copy
        fields, total = np.zeros((2, len(every)), np.int64)
        for name, column in self._columns.items():
            if name not in wanted:
                continue
            mine = np.frombuffer(wanted[name], np.uint64)
            theirs = self._words[:, column, left]
            bits = np.bitwise_count(theirs ^ mine[:, None]).sum(axis=0, dtype=np.uint8)
            has = self._has[column, left]
            still = ~has | (bits <= MOST_FIELD_SHARE * BITS)
            left = every[left][still]
            fields = fields[still] + has[still]
            total = total[still] + np.where(has, bits, 0)[still]
        same = (fields >= FEWEST_FIELDS) & (total <= MOST_MEAN_SHARE * BITS * fields)
        numbers: NDArray[np.int64] = self._serials[left][same]
        return numbers


def _differing_bits(one: Marks, other: Marks) -> dict[FieldName, int]:
    return {
        name: int.from_bytes(
            bytes(a ^ b for a, b in zip(one[name], other[name], strict=True))
        ).bit_count()
        for name in one.keys() & other.keys()
    }


def _directions(vault: Vault, name: FieldName, length: int) -> NDArray[np.float32]:
    seed = vault.surrogate("sheet", f"{name}|{length}".encode())
    random = np.random.Generator(np.random.Philox(int(seed, 16)))
    return random.standard_normal((BITS, length), np.float32)


def _bits(directions: NDArray[np.float32], sketch: NDArray[np.float32]) -> bytes:
    # Ink is never negative: without its mean taken out, any two vectors look alike.
    return bytes(np.packbits(directions @ (sketch - sketch.mean()) > 0))
