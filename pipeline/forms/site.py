"""The site's own definitions: drafts that people work on, and what is live.

What is live stands in one folder, read by whoever examines the next batch; drafts stand in
folders of their own below the home, where nothing reads them. Going live replaces one file by
rename; what stood there before is kept, and a folder that could not be read afterwards is put
back as it was.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from pipeline.domain.errors import InputError, PolicyError, UketsukeError
from pipeline.forms.catalogue import Catalogue
from pipeline.forms.checking import Problem, check
from pipeline.forms.definition import FormDefinition
from pipeline.forms.loading import load_definition, parse_definition
from pipeline.forms.writing import definition_yaml
from pipeline.settings import Settings

_DRAFTS = "drafts"
_EARLIER = "earlier"
DEFINITION = "definition.yaml"
_FACTS = "draft.json"
_ID = re.compile(r"[0-9a-f]{12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Draft:
    """A definition that somebody works on.

    Attributes:
        ver: Goes up by one with every change; who has an older one must load again.
        origin: Key of the form it was made from, or ``learned``.
        notes: What was doubtful when it was learned: ``ja``, ``en`` and ``box`` (mm) or None.
    """

    draft_id: str
    ver: int
    origin: str
    changed_by: str
    changed_at: dt.datetime
    notes: tuple[dict[str, Any], ...]
    form: FormDefinition


class SiteForms:
    """Drafts and live definitions of an installation."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.folder = settings.forms or settings.home / "forms"
        self._drafts = settings.home / "forms" / _DRAFTS

    def live(self) -> tuple[tuple[FormDefinition, bool], ...]:
        """All forms in use; with each, whether it is the site's own.

        Raises:
            InputError: As ``Catalogue.load``.
        """
        own = set(self._own())
        known = Catalogue.load(self._settings.site_forms).forms
        return tuple((form, form.key in own) for form in known)

    def drafts(self) -> tuple[Draft, ...]:
        """All drafts, the newest change first; one that cannot be read is left out."""
        found = []
        if self._drafts.is_dir():
            for path in self._drafts.iterdir():
                try:
                    found.append(self.draft(path.name))
                except UketsukeError:
                    continue
        return tuple(sorted(found, key=lambda d: d.changed_at, reverse=True))

    def draft(self, draft_id: str) -> Draft:
        """One draft.

        Raises:
            InputError: ``NOT_FOUND``, or as ``load_definition``.
        """
        folder = self._place(draft_id)
        facts = json.loads((folder / _FACTS).read_bytes())
        return Draft(
            draft_id,
            int(facts["ver"]),
            str(facts["origin"]),
            str(facts["by"]),
            dt.datetime.fromisoformat(facts["at"]),
            tuple(facts["notes"]),
            load_definition(folder / DEFINITION),
        )

    def draft_folder(self, draft_id: str) -> Path:
        """Where a draft's definition and blank lie: a folder that ``Catalogue.load`` can read.

        Raises:
            InputError: ``NOT_FOUND``.
        """
        return self._place(draft_id)

    def begin(
        self,
        form: FormDefinition,
        by: str,
        *,
        origin: str,
        blank_png: bytes | None = None,
        notes: Sequence[dict[str, Any]] = (),
    ) -> Draft:
        """Open a draft of a form.

        Args:
            form: What to begin with.
            by: Who does.
            origin: Key of the form it comes from, or ``learned``.
            blank_png: The picture of a learned form's blank.
            notes: As in ``Draft``.
        """
        draft_id = secrets.token_hex(6)
        folder = self._drafts / draft_id
        folder.mkdir(parents=True, mode=0o700)
        if blank_png is None and form.blank is not None:
            blank_png = form.blank.read_bytes()
        if blank_png is not None:
            _write(folder / "blank.png", blank_png)
            form = replace(form, blank=folder / "blank.png")
        self._write_draft(folder, form, by, 1, origin, notes)
        return self.draft(draft_id)

    def save(self, draft: Draft, by: str, content: dict[str, Any]) -> Draft:
        """Take a person's changes.

        Args:
            draft: As the person had it.
            by: Who changed it.
            content: ``version``, ``title`` and ``zones`` as in a definition file. What is printed
                on the sheet stays as it was.

        Raises:
            PolicyError: ``DRAFT_STALE`` where somebody changed it meanwhile.
            InputError: ``FORM_FILE_INVALID`` with the places that are wrong.
        """
        now = self.draft(draft.draft_id)
        if now.ver != draft.ver:
            raise PolicyError(
                "DRAFT_STALE",
                ja="この下書きは、ほかの人が変更しました。",
                en="Somebody else has changed this draft.",
                remedy_ja="画面を読み込み直してください。",
                remedy_en="Load the page again.",
            )
        old = now.form
        raw = {
            "form": str(old.name),
            "version": content.get("version", old.version),
            "title": content.get("title", old.title),
            "page_mm": [old.page_w_mm, old.page_h_mm],
            "zones": content.get("zones", []),
        }
        text = yaml.safe_dump(raw, allow_unicode=True, sort_keys=False)
        new = parse_definition(text, Path(DEFINITION))
        form = replace(old, version=new.version, title=new.title, zones=new.zones)
        folder = self._place(draft.draft_id)
        self._write_draft(folder, form, by, now.ver + 1, now.origin, now.notes)
        return self.draft(draft.draft_id)

    def discard(self, draft: Draft) -> None:
        """Throw a draft away."""
        shutil.rmtree(self._place(draft.draft_id))

    def problems(self, draft: Draft) -> list[Problem]:
        """What is wrong with a draft, in plain words."""
        return check(draft.form)

    def go_live(self, draft: Draft) -> str:
        """Put a draft into use from the next batch on; returns the form's key.

        Raises:
            InputError: ``FORM_HAS_PROBLEMS``; what ``Catalogue.load`` finds wrong with the folder.
        """
        problems = [p for p in self.problems(draft) if p.bars]
        if problems:
            raise InputError(
                "FORM_HAS_PROBLEMS",
                ja=f"直すところが {len(problems)} か所あるため、使い始められません。",
                en=f"It cannot go live: {len(problems)} problems are left.",
                remedy_ja="一覧のところを直してください。",
                remedy_en="Mend what is listed.",
            )
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        form = draft.form
        stem = f"{form.name}-{form.version}"
        path = self._own().get(form.key, self.folder / f"{stem}.yaml")
        picture: Path | None = None
        kept = self._keep(path)
        if form.blank is not None:
            # A name of its own, so that a reader never meets the new text with the old picture.
            picture = self.folder / f"{stem}-{draft.draft_id}.png"
            _write(picture, form.blank.read_bytes())
            form = replace(form, blank=picture)
        _write(path, definition_yaml(form).encode())
        try:
            Catalogue.load(self.folder)
        except UketsukeError:
            if kept is not None:
                _write(path, kept.read_bytes())
            else:
                path.unlink()
            raise
        self.discard(draft)
        return form.key

    def withdraw(self, key: str) -> None:
        """Take one of the site's own definitions out of use; it is kept aside.

        Raises:
            InputError: ``FORM_NOT_FOUND``.
        """
        path = self._own().get(key)
        if path is None:
            raise InputError(
                "FORM_NOT_FOUND",
                ja=f"{key} は、このサイトの定義ではありません。",
                en=f"{key} is no definition of this site.",
            )
        self._keep(path)
        path.unlink()

    def _own(self) -> dict[str, Path]:
        """The site's live definitions by key."""
        if not self.folder.is_dir():
            return {}
        paths = sorted((*self.folder.glob("*.yaml"), *self.folder.glob("*.yml")))
        return {load_definition(path).key: path for path in paths}

    def _keep(self, path: Path) -> Path | None:
        """Copy a live definition aside, before it is replaced; its picture stays beside it."""
        if not path.is_file():
            return None
        stamp = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%S")
        kept = self.folder / _EARLIER / f"{path.stem}-{stamp}-{secrets.token_hex(2)}.yaml"
        kept.parent.mkdir(exist_ok=True, mode=0o700)
        _write(kept, path.read_bytes())
        blank = load_definition(path).blank
        if blank is not None:
            shutil.copyfile(blank, kept.parent / blank.name)
        return kept

    def _place(self, draft_id: str) -> Path:
        folder = self._drafts / draft_id
        if _ID.fullmatch(draft_id) is None or not (folder / _FACTS).is_file():
            raise InputError(
                "NOT_FOUND", ja="その下書きはありません。", en="There is no such draft."
            )
        return folder

    def _write_draft(
        self,
        folder: Path,
        form: FormDefinition,
        by: str,
        ver: int,
        origin: str,
        notes: Sequence[dict[str, Any]],
    ) -> None:
        at = dt.datetime.now(dt.UTC).replace(tzinfo=None).isoformat(timespec="seconds")
        facts = {"ver": ver, "origin": origin, "by": by, "at": at, "notes": list(notes)}
        _write(folder / DEFINITION, definition_yaml(form).encode())
        _write(folder / _FACTS, json.dumps(facts, ensure_ascii=False).encode())


def zone_content(form: FormDefinition) -> list[dict[str, Any]]:
    """The zones of a form as a definition file has them, every option written out."""
    found = []
    for zone in form.zones:
        raw = asdict(zone)
        raw["field"], raw["reader"] = str(zone.field), str(zone.reader)
        raw["box"] = zone.box.as_list()
        raw["cells"] = [cell.as_list() for cell in zone.cells]
        found.append(raw)
    return found


def _write(path: Path, content: bytes) -> None:
    """Replace a file whole."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as sink:
            sink.write(content)
            sink.flush()
            os.fsync(sink.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
