"""Every key that a page knows, for the overlay that "?" opens; the words are in the catalogues."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KeyRow:
    """Keys that do the same, and the message that says what."""

    keys: tuple[str, ...]
    message: str


REVIEW = (
    KeyRow(("Enter",), "help.enter"),
    KeyRow(("1–9",), "keys.choose"),
    KeyRow(("←", "→"), "keys.move"),
    KeyRow(("E",), "keys.edit"),
    KeyRow(("Esc",), "help.leave"),
    KeyRow(("B", "F2"), "review.blank"),
    KeyRow(("I", "F8"), "review.illegible"),
    KeyRow(("W", "F9"), "review.wrong_form"),
    KeyRow(("V",), "help.reveal"),
    KeyRow(("+", "−"), "keys.zoom"),
    KeyRow(("U", "Backspace", "F4"), "keys.undo"),
    KeyRow(("Q",), "keys.release"),
)
CARPET = (
    KeyRow(("←", "→", "↑", "↓"), "carpet.move"),
    KeyRow(("Space",), "carpet.pick"),
    KeyRow(("Enter",), "carpet.go"),
    KeyRow(("U", "Backspace"), "keys.undo"),
    KeyRow(("Q",), "keys.release"),
)
DOCUMENT = (
    KeyRow(("←", "→", "↑", "↓"), "document.key_move"),
    KeyRow(("Enter", "Space"), "document.key_show"),
    KeyRow(("+", "−"), "keys.zoom"),
    KeyRow(("0",), "document.fit"),
    KeyRow(("R",), "document.turn"),
)
EVERYWHERE = (
    KeyRow(("Tab",), "help.tab"),
    KeyRow(("Shift + Tab",), "help.back"),
    KeyRow(("?", "F1"), "help.open"),
    KeyRow(("Esc",), "help.close"),
)
_PAGES = (
    ("/review", "menu.queue", REVIEW),
    ("/carpet", "carpet.title", CARPET),
    ("/documents/", "document.title", DOCUMENT),
)
_BOTH = tuple((title, rows) for _, title, rows in _PAGES[:2])


def keys_of(here: str) -> tuple[tuple[str, tuple[KeyRow, ...]], ...]:
    """The keys of the page at an address, by the message of their heading.

    The queue, which leads to both, tells those of review and carpet.
    """
    own = tuple((title, rows) for start, title, rows in _PAGES if here.startswith(start))
    if here in ("/queue", "/undo"):
        own = _BOTH
    return (*own, ("help.everywhere", EVERYWHERE))
