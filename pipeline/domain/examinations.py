"""The result of examining one document."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.domain.documents import Channel, FieldName, FormName, Route
from pipeline.domain.findings import Finding
from pipeline.domain.photos import PhotoGrade
from pipeline.domain.readings import Reading


@dataclass(frozen=True, slots=True)
class RegistrationFigures:
    """How well a page lies on its form; pixels at 300 dpi.

    Attributes:
        residual_px: Root mean square distance of the matched points after the fit.
        inliers: Points that took part in the fit.
        rotation_quarters: Quarter turns (0-3, clockwise) undone before registration.
    """

    residual_px: float
    inliers: int
    rotation_quarters: int = 0


@dataclass(frozen=True, slots=True)
class PageTally:
    """What the pages of one file came to; every page is counted once.

    Attributes:
        documents: Pages that begin a document.
        separators: Separator sheets: counted, never documents.
        blank_backs: Empty pages after a document.
        attached: Printed backs and second pages that belong to the document before them.
        unreconciled: Separators whose stated count is not what followed.
    """

    pages: int = 0
    documents: int = 0
    separators: int = 0
    blank_backs: int = 0
    attached: int = 0
    unreconciled: int = 0

    @property
    def balanced(self) -> bool:
        """Whether every page has become something."""
        parts = self.documents + self.separators + self.blank_backs + self.attached
        return self.pages == parts


@dataclass(frozen=True, slots=True)
class Examination:
    """One document from page to route. ``form`` is None where no form was recognised."""

    file: str
    page: int
    channel: Channel
    form: FormName | None
    form_version: str | None
    route: Route
    registration: RegistrationFigures | None
    readings: tuple[Reading, ...]
    photo: PhotoGrade | None
    findings: tuple[Finding, ...]

    def reading(self, name: FieldName) -> Reading | None:
        """The reading of that field, or None where the form has no such field."""
        return next((r for r in self.readings if r.field == name), None)
