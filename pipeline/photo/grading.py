"""One photo from pixels to its grade."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from pipeline.domain.geometry import MM_PER_INCH, PX_PER_MM
from pipeline.domain.photos import PhotoCheck, PhotoCheckName, PhotoGrade, Verdict
from pipeline.forms.definition import Zone
from pipeline.imaging.pages import Pixels, RegisteredPage
from pipeline.model_store import ModelStore
from pipeline.photo import printed_pattern, thresholds
from pipeline.photo.checks import (
    background,
    exposure,
    expression,
    eyes,
    face,
    framing,
    head_covering,
    pose,
    shadow,
    sharpness,
    size,
    sunglasses,
    verdicts,
)
from pipeline.photo.faces import Detection, Face, FaceFinder
from pipeline.photo.ink_lines import InkReader
from pipeline.photo.prints.finding import FoundPrint, PrintFinder
from pipeline.photo.probe import HeadProbe, landmarks_of, landmarks_of_glimpse
from pipeline.photo.silhouettes import Silhouettes
from pipeline.photo.subject import (
    PrintSize,
    Subject,
    lightness,
    scaled,
    scaled_face,
    working_scale,
)

Assess = Callable[[Subject, thresholds.Limits], PhotoCheck]
CHECKS: tuple[tuple[PhotoCheckName, Assess], ...] = (
    (PhotoCheckName.SIZE, size.assess),
    (PhotoCheckName.FACE, face.assess),
    (PhotoCheckName.POSE, pose.assess),
    (PhotoCheckName.BACKGROUND, background.assess),
    (PhotoCheckName.SHADOW, shadow.assess),
    (PhotoCheckName.EXPRESSION, expression.assess),
    (PhotoCheckName.EYES, eyes.assess),
    (PhotoCheckName.SUNGLASSES, sunglasses.assess),
    (PhotoCheckName.HEAD_COVERING, head_covering.assess),
    (PhotoCheckName.SHARPNESS, sharpness.assess),
    (PhotoCheckName.EXPOSURE, exposure.assess),
    (PhotoCheckName.FRAMING, framing.assess),
)
LOOSE_SIDE_MAX_PX = 900
LOOSE_SIDE_MIN_PX = 48
PAPER_WHITE = (255, 255, 255)
# A file's resolution says something about a print only where the print would be of photo size;
# cameras and editors write 72 or 96 into anything.
PLAUSIBLE_PRINT_MM = (20.0, 70.0)
UPSIDE_DOWN_TURNS = (2, 1, 3)
MAX_FACES_MESHED = 4
# The network for ink was trained on real faces; the variant of clean data goes by rule instead.
MODELS_ON_REAL_FACES = ("photo_head",)


@dataclass(frozen=True, slots=True)
class GradedPhoto:
    """A grade with what it was made from, for overlays and measurements; personal."""

    grade: PhotoGrade
    subject: Subject | None
    found: FoundPrint | None = None


class PhotoGrader:
    """Grades photos; keeps its models warm."""

    def __init__(
        self, store: ModelStore, cache_dir: Path | None = None, head_model: str = "photo_head"
    ) -> None:
        """Load the models and the thresholds.

        Args:
            store: Where the models are.
            cache_dir: Where drawn blank forms are kept between processes, if anywhere.
            head_model: ``photo_head``, or ``photo_head_clean`` trained on drawn faces only.

        Raises:
            DefectError: If a model or the thresholds are missing or altered.
        """
        self.limits = thresholds.load(store.models_dir, head_model=head_model)
        self._faces = FaceFinder(store)
        self._silhouettes = Silhouettes(store)
        self._probe = HeadProbe(store, head_model)
        self._ink = InkReader(store) if head_model in MODELS_ON_REAL_FACES else None
        self._prints = PrintFinder(cache_dir)
        self._version = f"photo-{self.limits.version} {store.version(head_model)}"

    def grade_on_page(self, page: RegisteredPage, zone: Zone) -> PhotoGrade:
        """Grade the print pasted on a registered page; ``present=False`` where there is none."""
        return self.examine_on_page(page, zone).grade

    def grade_loose(self, pixels: Pixels, dpi: float | None) -> PhotoGrade:
        """Grade a photo file.

        Args:
            pixels: H x W x 3, BGR.
            dpi: Pixels in an inch of the print, None where unknown; size is then not assessable.
        """
        return self.examine_loose(pixels, dpi).grade

    def examine_on_page(self, page: RegisteredPage, zone: Zone) -> GradedPhoto:
        """As ``grade_on_page``, with what the grade was made from."""
        found = self._prints.find(page, zone, self.limits.limits["print"])
        if found is None:
            grade = PhotoGrade(
                Verdict.FAIL, (), present=False, box_px=None, model_version=self._version
            )
            return GradedPhoto(grade, None)
        subject, turns = self._prepare(found.picture, page.paper_bgr, PX_PER_MM, found.size)
        checks = self._checked(subject, turns)
        if page.bilevel:
            checks = _without_tones(checks)
        verdict = _with_size(_overall(checks), checks)
        grade = PhotoGrade(verdict, checks, found.box_px, True, self._version)
        return GradedPhoto(grade, subject, found)

    def examine_loose(self, pixels: Pixels, dpi: float | None) -> GradedPhoto:
        """As ``grade_loose``, with what the grade was made from."""
        pixels = _three_channels(pixels)
        height, width = pixels.shape[:2]
        measured = None
        per_mm = None
        if dpi is not None and dpi > 0:
            sides = (width / dpi * MM_PER_INCH, height / dpi * MM_PER_INCH)
            if all(PLAUSIBLE_PRINT_MM[0] <= s <= PLAUSIBLE_PRINT_MM[1] for s in sides):
                measured = PrintSize(sides[0], sides[1], 0.0, sure=True)
                per_mm = dpi / MM_PER_INCH
        factor = min(1.0, LOOSE_SIDE_MAX_PX / max(height, width))
        if factor < 1:
            pixels = scaled(pixels, factor)
            per_mm = per_mm * factor if per_mm else None
        subject, turns = self._prepare(pixels, PAPER_WHITE, per_mm, measured)
        checks = self._checked(subject, turns)
        return GradedPhoto(PhotoGrade(_overall(checks), checks, None, True, self._version), subject)

    def _prepare(
        self,
        picture: Pixels,
        paper_bgr: tuple[int, int, int],
        px_per_mm: float | None,
        print_size: PrintSize | None,
    ) -> tuple[Subject, int]:
        faces, glimpse = self._faces_in(picture)
        turns = 0
        if not self._surely(faces):
            # A face upside down is often taken for a poor one upright: its chin is a forehead.
            best = max((f.score for f in faces), default=0.0)
            for quarter in UPSIDE_DOWN_TURNS:
                turned = np.ascontiguousarray(np.rot90(picture, quarter))
                found = self._sure_faces_in(turned)
                if found and found[0].score > best:
                    picture, turns, faces, glimpse = turned, quarter, found, None
                    break
        largest = faces[0] if faces else None
        scores = self._scores(picture, largest, glimpse)
        if largest is not None:
            scores["pattern"] = printed_pattern.peak(picture, largest)
        factor = working_scale(picture, largest)
        working = scaled(picture, factor)
        if largest is not None and self._ink is not None:
            scores["ink"] = self._ink.probability(working, scaled_face(largest, factor))
        subject = Subject(
            working,
            lightness(working, paper_bgr),
            self._silhouettes.person(working),
            tuple(scaled_face(f, factor) for f in faces),
            px_per_mm * factor if px_per_mm else None,
            print_size,
            scores,
            largest.eye_to_chin_px if largest else 0.0,
            scaled_face(glimpse, factor) if glimpse else None,
        )
        return subject, turns

    def _faces_in(self, picture: Pixels) -> tuple[list[Face], Face | None]:
        """Faces that the mesh confirms; where there is none, the likeliest that it does not."""
        if min(picture.shape[:2]) < LOOSE_SIDE_MIN_PX:
            return [], None
        limits = self.limits.of(PhotoCheckName.FACE)
        seen = self._faces.detect(picture, self.limits.of(PhotoCheckName.POSE)["glimpse_score"])
        meshed = self._meshed(picture, [d for d in seen if d.score >= limits["detector_score"]])
        faces = [f for f in meshed if f.mesh_score >= limits["mesh_fail"]]
        if faces or not seen:
            return faces, None
        return [], self._faces.landmarks(picture, max(seen, key=lambda d: d.score))

    def _sure_faces_in(self, turned: Pixels) -> list[Face]:
        """Faces of a turned picture: walls and ears look like a face more often than one thinks."""
        if min(turned.shape[:2]) < LOOSE_SIDE_MIN_PX:
            return []
        found = self._faces.detect(turned, self.limits.of(PhotoCheckName.POSE)["turned_score"])
        return self._surely(self._meshed(turned, found))

    def _meshed(self, picture: Pixels, found: list[Detection]) -> list[Face]:
        """The faces of the largest detections, the largest first."""
        largest = sorted(found, key=lambda d: -d.box[2] * d.box[3])[:MAX_FACES_MESHED]
        return [self._faces.landmarks(picture, d) for d in largest]

    def _surely(self, faces: list[Face]) -> list[Face]:
        """Faces of which neither the detector nor the mesh has a doubt."""
        limits = self.limits.of(PhotoCheckName.POSE)
        sure = (limits["turned_score"], limits["turned_mesh"])
        return [f for f in faces if f.score >= sure[0] and f.mesh_score >= sure[1]]

    def _scores(self, picture: Pixels, face: Face | None, glimpse: Face | None) -> dict[str, float]:
        if face is not None:
            return self._probe.scores(picture, landmarks_of(face))
        if glimpse is not None:
            return self._probe.scores(picture, landmarks_of_glimpse(glimpse))
        return {}

    def _checked(self, subject: Subject, turns: int) -> tuple[PhotoCheck, ...]:
        checks = [assess(subject, self.limits.of(name)) for name, assess in CHECKS]
        if turns:
            checks = [_pasted_turned(c, turns) for c in checks]
        return tuple(checks)


def _pasted_turned(check: PhotoCheck, turns: int) -> PhotoCheck:
    """A face that is found only when the picture is turned: pasted upside down or on its side."""
    if check.check != PhotoCheckName.POSE:
        return check
    roll = {1: 90.0, 2: 180.0, 3: -90.0}[turns]
    extra = tuple((n, roll if n == "roll_deg" else v) for n, v in check.extra)
    return PhotoCheck(check.check, Verdict.FAIL, roll, "deg", check.threshold, extra)


def _without_tones(checks: tuple[PhotoCheck, ...]) -> tuple[PhotoCheck, ...]:
    """A scan of black and white only has no tones: everything but the size is a person's work."""
    return tuple(
        check
        if check.check == PhotoCheckName.SIZE
        else verdicts.not_assessable(check.check, check.unit)
        for check in checks
    )


def _overall(checks: tuple[PhotoCheck, ...]) -> Verdict:
    """Fail or review where any check says so; a check that cannot be made does not stop a photo.

    Where nothing but the size can be assessed, the grade is no grade and says so.
    """
    if all(c.verdict == Verdict.NOT_ASSESSABLE for c in checks if c.check != PhotoCheckName.SIZE):
        return Verdict.NOT_ASSESSABLE
    said = {c.verdict for c in checks}
    if Verdict.FAIL in said:
        return Verdict.FAIL
    return Verdict.REVIEW if Verdict.REVIEW in said else Verdict.PASS


def _with_size(verdict: Verdict, checks: tuple[PhotoCheck, ...]) -> Verdict:
    """A print on paper has a size: where no edge shows it, somebody measures before it passes."""
    unmeasured = any(
        c.check == PhotoCheckName.SIZE and c.verdict == Verdict.NOT_ASSESSABLE for c in checks
    )
    return Verdict.REVIEW if unmeasured and verdict == Verdict.PASS else verdict


def _three_channels(pixels: Pixels) -> Pixels:
    if pixels.ndim == 2:
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR), np.uint8)
    return np.ascontiguousarray(pixels[..., :3])
