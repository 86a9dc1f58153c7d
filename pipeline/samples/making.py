"""Making folders of sample scans with their truth, the same from the same seed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.domain.documents import Channel, FieldName, FormName, Route
from pipeline.domain.findings import FindingCode
from pipeline.forms.catalogue import Catalogue
from pipeline.forms.drawing import blank_raster, draw_pdf
from pipeline.samples import bad_files, other_pages
from pipeline.samples.composing import PhotoSource, compose, draw_style
from pipeline.samples.files import vector_pdf, write_scans
from pipeline.samples.ink import InkSource
from pipeline.samples.other_pages import OTHER_PAGES, PRINTED_BACK
from pipeline.samples.paper import Mode, PaperSpec, Preset, Scan, scan
from pipeline.samples.people import Kind, make_applicant
from pipeline.samples.photos import synthetic_photo
from pipeline.samples.planning import CASES_OF, PHOTO_FINDINGS, Case
from pipeline.samples.truth import DocumentTruth

LETTER, BLANK, SEPARATOR = "letter", "blank", "separator"
"""Pages that are no form."""


@dataclass(frozen=True, slots=True)
class PageRecipe:
    """One page to make.

    Attributes:
        content: A form's name (``name@version`` where not the newest), or ``letter``, ``blank``,
            ``separator`` or one of ``OTHER_PAGES``.
        applicant: Number of the applicant; the same number gives the same person.
        paper: Treatment; drawn from ``preset`` where None.
        mess: How hurried the writer is, 0 to 1; drawn where None.
        expected: Findings beside those that follow from the cases.
        states: Channel and count on a separator sheet.
        second_shows_mm: How far a second sheet shows below this one, fed together with it.
    """

    content: str
    kind: Kind | None = None
    cases: frozenset[Case] = frozenset()
    applicant: int | None = None
    preset: Preset = Preset.TYPICAL
    mode: Mode | None = None
    paper: PaperSpec | None = None
    mess: float | None = None
    expected: tuple[FindingCode, ...] = ()
    states: tuple[Channel | None, int | None] = (None, None)
    second_shows_mm: float = 0.0


@dataclass(frozen=True, slots=True)
class FileRecipe:
    """One file to make.

    Attributes:
        name: Without folder, with suffix.
        pages: Its pages; empty for a bad file.
        bad: A name in ``BAD_FILES``, or ``copy`` for the file made just before, or empty.
        vector: A PDF page of vectors, not a scan.
        quality: Of JPEG compression.
    """

    name: str
    channel: Channel
    pages: tuple[PageRecipe, ...] = ()
    bad: str = ""
    vector: bool = False
    quality: int = 80


@dataclass(slots=True)
class Workshop:
    """What the making of samples draws on.

    Attributes:
        seed: Everything follows from it.
        boxed: Source of boxed characters, where not our own strokes.
        photos: Makes the photos.
    """

    seed: int
    catalogue: Catalogue = field(default_factory=Catalogue.load)
    boxed: InkSource | None = None
    photos: PhotoSource = synthetic_photo

    def page(self, recipe: PageRecipe, channel: Channel, number: int) -> tuple[Scan, DocumentTruth]:
        """One page as its scan, with the truth.

        Args:
            recipe: What to make.
            channel: How it comes in.
            number: Of the page among all pages of this seed; decides all that is random.
        """
        rng = np.random.default_rng([self.seed, number])
        paper = recipe.paper or PaperSpec.drawn(recipe.preset, rng, recipe.mode)
        if recipe.content == BLANK:
            truth = _no_form(channel, BLANK, FindingCode.PAGE_BLANK)
            return scan(bad_files.blank_page(), paper, rng), truth
        if recipe.content == LETTER:
            truth = _no_form(channel, LETTER, FindingCode.FORM_UNKNOWN, *recipe.expected)
            return scan(bad_files.letter_page(rng), paper, rng), truth
        if recipe.content == SEPARATOR:
            sheet = other_pages.separator_page(*recipe.states, rng)
            return scan(sheet, paper, rng), _no_form(channel, SEPARATOR)
        if recipe.content in OTHER_PAGES:
            kind, draw = OTHER_PAGES[recipe.content]
            truth = _no_form(channel, recipe.content, FindingCode.FORM_UNKNOWN, *recipe.expected)
            truth = replace(truth, conditions={**truth.conditions, "kind": kind})
            return scan(draw(rng), paper, rng), truth
        composed = self._composed(recipe, channel, number, rng)
        pixels = composed.pixels
        if recipe.second_shows_mm:
            blank = blank_raster(self.catalogue.get(recipe.content))
            pixels = other_pages.fed_together(pixels, blank, recipe.second_shows_mm)
        scanned = scan(pixels, paper, rng)
        truth = composed.truth
        expected = _expected(scanned, truth, recipe)
        conditions = {
            **truth.conditions,
            "preset": None if recipe.paper else recipe.preset.value,
            "paper": paper_figures(paper),
            "to_scan": [[round(float(v), 6) for v in row] for row in scanned.to_scan],
        }
        return scanned, replace(truth, expected_findings=expected, conditions=conditions)

    def _composed(
        self, recipe: PageRecipe, channel: Channel, number: int, rng: np.random.Generator
    ) -> Any:
        person = number if recipe.applicant is None else recipe.applicant
        applicant = make_applicant(np.random.default_rng([self.seed, 7, person]), recipe.kind)
        style = draw_style(rng, self.boxed, recipe.mess)
        return compose(
            self.catalogue.get(recipe.content),
            applicant,
            style,
            rng,
            channel=channel,
            cases=recipe.cases,
            photos=self.photos,
        )

    def vector(
        self, recipe: PageRecipe, channel: Channel, number: int
    ) -> tuple[bytes, DocumentTruth]:
        """One page as a PDF of vectors, with the truth."""
        rng = np.random.default_rng([self.seed, number])
        composed = self._composed(recipe, channel, number, rng)
        form = self.catalogue.get(recipe.content)
        return vector_pdf(draw_pdf(form), blank_raster(form), composed.pixels), composed.truth


def paper_figures(paper: PaperSpec) -> dict[str, Any]:
    """The treatment's figures for the truth."""
    return {
        "dpi": paper.dpi,
        "mode": paper.mode.value,
        "skew_deg": round(paper.skew_deg, 3),
        "quarter_turns": paper.quarter_turns,
        "scale": [round(paper.scale_x, 4), round(paper.scale_y, 4)],
        "folds": paper.folds,
        "contrast": round(paper.contrast, 3),
        "noise": round(paper.noise, 2),
    }


def _expected(scanned: Scan, truth: DocumentTruth, recipe: PageRecipe) -> tuple[str, ...]:
    """What an examination must say of this scan: black and white shows no fault of a photo."""
    expected = [*truth.expected_findings, *(c.value for c in recipe.expected)]
    if scanned.bilevel:
        faults = {code.value for code in PHOTO_FINDINGS.values()}
        expected = [code for code in expected if code not in faults]
        unseen = FindingCode.PHOTO_NOT_WANTED.value in truth.expected_findings
        lost = FindingCode.REGISTRATION_POOR in recipe.expected
        if truth.fields.get(FieldName.PHOTO.value) and not unseen and not lost:
            expected.append(FindingCode.PHOTO_NOT_ASSESSABLE.value)
    return tuple(dict.fromkeys(expected))


def _no_form(channel: Channel, what: str, *codes: FindingCode) -> DocumentTruth:
    return DocumentTruth(
        form=None,
        version=None,
        channel=channel,
        fields={},
        characters={},
        expected_findings=tuple(code.value for code in codes),
        expected_route=Route.QUARANTINE.value,
        conditions={"page": what},
    )


def make(
    out: Path,
    recipes: Sequence[FileRecipe],
    workshop: Workshop,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Path:
    """Makes files in ``mail/`` and ``counter/`` with ``truth.json`` beside the folders.

    Args:
        out: Folder; made where it is missing. Files of the same names are replaced.
        recipes: What to make.
        workshop: What it is made with.
        progress: Called with the number of files done and the number of all.

    Returns:
        The path of ``truth.json``.
    """
    for channel in Channel:
        (out / channel.value).mkdir(parents=True, exist_ok=True)
    entries: list[dict[str, Any]] = []
    number = 0
    before: dict[str, Any] = {}
    for index, recipe in enumerate(recipes):
        path = out / recipe.channel.value / recipe.name
        documents: list[dict[str, Any]] = []
        if recipe.bad == "copy":
            path.write_bytes((out / before["file"]).read_bytes())
            documents = json.loads(json.dumps(before["documents"]))
            for document in documents:
                document["expected_findings"].append(FindingCode.DUPLICATE_SCAN.value)
                document["conditions"]["copy_of"] = before["file"]
        elif recipe.bad:
            _, fault, content = bad_files.BAD_FILES[recipe.bad]
            path.write_bytes(content())
            documents = [_unreadable(recipe.channel, recipe.bad, fault)]
        elif recipe.vector:
            data, truth = workshop.vector(recipe.pages[0], recipe.channel, number)
            path.write_bytes(data)
            documents = [truth.as_json(1)]
        else:
            scans = []
            for page, made in enumerate(recipe.pages, start=1):
                scanned, truth = workshop.page(made, recipe.channel, number + page - 1)
                scans.append(scanned)
                documents.append(truth.as_json(page))
            write_scans(path, scans, recipe.quality)
            documents = _backs_joined(documents)
        number += len(recipe.pages)
        before = {
            "file": f"{recipe.channel.value}/{recipe.name}",
            "channel": recipe.channel.value,
            "pages": len(recipe.pages),
            "documents": documents,
        }
        entries.append(before)
        progress(index + 1, len(recipes))
    truth_path = out / "truth.json"
    whole = {"seed": workshop.seed, "files": entries}
    truth_path.write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return truth_path


def _unreadable(channel: Channel, bad: str, fault: str) -> dict[str, Any]:
    truth = DocumentTruth(
        form=None,
        version=None,
        channel=channel,
        fields={},
        characters={},
        expected_findings=(),
        expected_route=Route.QUARANTINE.value,
        conditions={"bad_file": bad, "fault": fault},
    )
    return truth.as_json(1)


def _backs_joined(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Pages that are no documents of their own: backs, a finding on theirs, and separators."""
    kept: list[dict[str, Any]] = []
    last: dict[str, Any] | None = None
    for document in documents:
        what = document["conditions"].get("page")
        if what == SEPARATOR:
            last = None
        elif what == BLANK and last is not None and last["conditions"].get("page") != BLANK:
            last["expected_findings"].append(FindingCode.PAGE_BLANK.value)
        elif what == PRINTED_BACK and last is not None and last["form"]:
            last["expected_findings"].append(FindingCode.PAGE_ATTACHED.value)
        else:
            kept.append(document)
            last = document
    return kept


_FORM_SHARES = {
    FormName.APPLICATION_HANDWRITTEN: 0.45,
    FormName.APPLICATION_PREPRINTED: 0.25,
    FormName.REPLY_FORM: 0.20,
    FormName.EXPIRY_NOTICE: 0.10,
}
_SUFFIXES = (".pdf", ".jpg", ".tif", ".png", ".pdf")


def random_recipes(count: int, seed: int, preset: Preset) -> Iterator[FileRecipe]:
    """A mixed post bag: forms by share, a case on about half, a bad file or a bundle now and then.

    Args:
        count: Number of files.
        seed: Decides all that is random.
        preset: How harshly pages are treated.
    """
    for number in range(count):
        rng = np.random.default_rng([seed, 11, number])
        channel = Channel.COUNTER if rng.random() < 0.35 else Channel.MAIL
        stem = f"{number + 1:05d}"
        if rng.random() < 0.03:
            bad = str(rng.choice([b for b in bad_files.BAD_FILES if b != "oversized"]))
            yield FileRecipe(f"{stem}_{bad}{bad_files.BAD_FILES[bad][0]}", channel, bad=bad)
            continue
        pages = 1 if rng.random() < 0.93 else int(rng.integers(2, 6))
        made = tuple(_random_page(rng, preset) for _ in range(pages))
        suffix = str(rng.choice([".pdf", ".tif"] if pages > 1 else list(_SUFFIXES)))
        yield FileRecipe(f"{stem}{suffix}", channel, made)


def _random_page(rng: np.random.Generator, preset: Preset) -> PageRecipe:
    forms = list(_FORM_SHARES)
    if rng.random() < 0.02:
        return PageRecipe(str(rng.choice([LETTER, BLANK])), preset=preset)
    form = forms[int(rng.choice(len(forms), p=list(_FORM_SHARES.values())))]
    options = CASES_OF[form]
    cases: frozenset[Case] = frozenset()
    if options and rng.random() < 0.5:
        cases = frozenset({options[int(rng.integers(len(options)))]})
    return PageRecipe(form.value, None, cases, preset=preset)
