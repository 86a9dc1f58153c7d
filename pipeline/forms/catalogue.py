"""All forms that this installation knows: ours, and the site's own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from pipeline.domain.documents import FormName
from pipeline.domain.errors import InputError
from pipeline.forms.definition import FormDefinition
from pipeline.forms.loading import load_definition

DEFINITIONS = Path(__file__).resolve().parent / "definitions"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The known forms, several versions of each perhaps; by name, newest version last."""

    forms: tuple[FormDefinition, ...]

    @classmethod
    def load(cls, extra: Path | None = None) -> Catalogue:
        """Read the definitions that ship, and those of a site's own folder.

        A definition of the site with the name and version of one of ours takes its place.

        Raises:
            InputError: ``FORM_FOLDER_MISSING``, ``FORM_TWICE`` or what ``load_definition`` raises.
        """
        known = _read(DEFINITIONS)
        if extra is not None:
            if not extra.is_dir():
                raise InputError(
                    "FORM_FOLDER_MISSING",
                    ja=f"様式定義のフォルダー {extra} がありません。",
                    en=f"There is no folder of form definitions at {extra}.",
                    remedy_ja="--forms または UKETSUKE_FORMS の場所を確かめてください。",
                    remedy_en="Check the place given with --forms or UKETSUKE_FORMS.",
                )
            known.update(_read(extra))
        return cls(tuple(sorted(known.values(), key=_order)))

    def get(self, name: FormName | str, version: str | None = None) -> FormDefinition:
        """A form by name; the newest version unless one is named.

        ``name`` may also be a key such as ``reply_form@2026.1``.

        Raises:
            InputError: ``FORM_NOT_FOUND``.
        """
        wanted, _, stated = str(name).partition("@")
        version = version or stated or None
        found = [
            f for f in self.forms if f.name == wanted and (version is None or f.version == version)
        ]
        if not found:
            keys = ", ".join(f.key for f in self.forms)
            raise InputError(
                "FORM_NOT_FOUND",
                ja=f"様式「{wanted}{f'@{version}' if version else ''}」はありません。",
                en=f"There is no form “{wanted}{f'@{version}' if version else ''}”.",
                remedy_ja=f"次のどれかを指定してください: {keys}",
                remedy_en=f"Name one of: {keys}",
            )
        return found[-1]


def _read(folder: Path) -> dict[str, FormDefinition]:
    forms: dict[str, FormDefinition] = {}
    for path in sorted((*folder.glob("*.yaml"), *folder.glob("*.yml"))):
        form = load_definition(path)
        if form.key in forms:
            raise InputError(
                "FORM_TWICE",
                ja=f"様式 {form.key} の定義が同じフォルダーに二つあります（{path.name}）。",
                en=f"The form {form.key} is defined twice in one folder ({path.name}).",
                remedy_ja="どちらかの version を変えるか、一方を消してください。",
                remedy_en="Change the version of one of them or remove it.",
            )
        forms[form.key] = form
    return forms


def _order(form: FormDefinition) -> tuple[int, tuple[tuple[int, int, str], ...]]:
    """By name as the list of forms has them, then by version with numbers as numbers."""
    parts = tuple(
        (1, int(p), "") if p.isdigit() else (0, 0, p) for p in re.split(r"[._-]", form.version)
    )
    return list(FormName).index(form.name), parts
