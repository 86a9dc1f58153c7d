"""What each photo check looked at, drawn on demand from the sealed crop and kept nowhere.

The desk itself loads no model: a worker, as for any examination, gets the crop's bytes over its
pipe, lays them on the blank of the form where they were cut out, grades the photo again and sends
the overlays back. They stay in the memory of the desk for as long as the session has them open.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, cast

from pipeline.desk.context import Desk
from pipeline.domain.documents import Channel, FieldName
from pipeline.domain.errors import PolicyError
from pipeline.domain.photos import PhotoCheckName
from pipeline.examine.pool import ExaminationPool, FileToExamine
from pipeline.settings import Settings
from pipeline.store.arrivals import crops
from pipeline.store.reviewing.documents import StoredDocument
from pipeline.store.staff.people import Session

if TYPE_CHECKING:  # the desk never examines: its workers load the models
    from pipeline.examine.document import ExaminedDocument
    from pipeline.examine.pool_worker import Examiner
    from pipeline.imaging.pages import Pixels
    from pipeline.photo.grading import GradedPhoto, PhotoGrader

EXAMINER = "pipeline.desk.photo_evidence:overlay_examiner"
SHOWN = "photo-evidence"
MOST_OPEN = 8
"""Sessions whose overlays are held, about 1 MB each; the oldest go first."""

DARK_BELOW, LIGHT_ABOVE, BILEVEL_SHARE = 40, 215, 0.97
"""A crop of a black-and-white scan: hardly a tone between, but for what JPEG adds at edges."""

_JPEG_QUALITY = 88
_RING_PX = 12
Pictures = dict[PhotoCheckName, bytes]
_one_at_a_time = threading.Lock()


class OpenPictures:
    """The overlays that each session has open: those of one document at most."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._held: dict[str, tuple[str, Pictures]] = {}

    def put(self, session: Session, document_id: str, pictures: Pictures) -> None:
        """Keep them in the place of those that were open."""
        with self._guard:
            self._held.pop(session.token_mark, None)
            self._held[session.token_mark] = (document_id, pictures)
            while len(self._held) > MOST_OPEN:
                del self._held[next(iter(self._held))]

    def take(self, session: Session, document_id: str, check: PhotoCheckName) -> bytes | None:
        """One of them, or None where they are not (or no longer) open."""
        with self._guard:
            document, pictures = self._held.get(session.token_mark, ("", {}))
        return pictures.get(check) if document == document_id else None


def draw(desk: Desk, document: StoredDocument) -> Pictures:
    """An overlay a check, JPEG; empty where no photo is found on the crop.

    Raises:
        InputError: ``CROP_UNKNOWN`` without a crop of the photo.
        DefectError: Where the worker fails.
        PolicyError: ``EVIDENCE_BUSY`` while another one is drawn: the cores belong to the batches.
    """
    image = crops.read(desk.settings.crops, desk.store.vault, document.document_id, FieldName.PHOTO)
    place = f"{document.form or ''} {document.form_version or ''}"
    if not _one_at_a_time.acquire(blocking=False):
        raise PolicyError(
            "EVIDENCE_BUSY",
            ja="ほかの写真の根拠を描いています。終わってからもう一度押してください。",
            en="The evidence of another photo is being drawn. Press again when it has finished.",
        )
    try:
        with ExaminationPool(desk.settings, 1, examiner=EXAMINER) as pool:
            (result,) = pool.examine([FileToExamine(place, image, Channel.MAIL)])
    finally:
        _one_at_a_time.release()
    if result.error is not None:
        raise result.error
    return cast("Pictures", result.documents[0]) if result.documents else {}


def overlay_examiner(settings: Settings) -> Examiner:
    """In the worker: a grader that answers with the overlays of one crop."""
    import cv2
    import numpy as np

    from pipeline.model_store import ModelStore
    from pipeline.photo.grading import PhotoGrader
    from pipeline.photo.overlays import overlays

    grader = PhotoGrader(ModelStore(settings.models), settings.cache / "forms")

    def examine(source: Path | bytes, channel: Channel, name: str) -> Iterator[ExaminedDocument]:
        pixels = cv2.imdecode(np.frombuffer(cast(bytes, source), np.uint8), cv2.IMREAD_COLOR)
        if pixels is None:
            return
        graded = graded_crop(grader, settings, np.asarray(pixels, np.uint8), name)
        quality = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
        yield cast(
            "ExaminedDocument",
            {
                check: cv2.imencode(".jpg", picture, quality)[1].tobytes()
                for check, picture in overlays(graded).items()
            },
        )

    return examine


def graded_crop(
    grader: PhotoGrader,
    settings: Settings,
    crop: Pixels,
    place: str,
) -> GradedPhoto:
    """The grade of a stored crop, in its place on the blank of its form.

    Args:
        grader: The checks.
        settings: Where the site's forms and drawn blanks are.
        crop: As ``pipeline.examine.crops`` cuts the photo.
        place: Name and version of the form; a crop of an unknown one is graded as a loose photo.
    """
    import numpy as np

    from pipeline.domain.errors import InputError
    from pipeline.domain.examinations import RegistrationFigures
    from pipeline.examine.crops import CROP_MARGIN_MM, field_box
    from pipeline.forms.catalogue import Catalogue
    from pipeline.forms.drawing import blank_raster
    from pipeline.imaging.pages import RegisteredPage

    name, version = place.split(" ")
    try:
        form = Catalogue.load(settings.site_forms).get(name, version)
    except InputError:
        return grader.examine_loose(crop, None)
    box = field_box(form, FieldName.PHOTO)
    if box is None:
        return grader.examine_loose(crop, None)
    corner = box.inset(-CROP_MARGIN_MM).to_px()
    x, y = max(0, corner.x), max(0, corner.y)
    blank = blank_raster(form, cache_dir=settings.cache / "forms")
    height, width = crop.shape[:2]
    if y + height > blank.shape[0] or x + width > blank.shape[1]:
        return grader.examine_loose(crop, None)
    # The blank takes the tone of the paper round the photo, or the crop's own edge would look
    # like the edge of a print.
    edges = (crop[:_RING_PX], crop[-_RING_PX:], crop[:, :_RING_PX], crop[:, -_RING_PX:])
    ring = np.concatenate([edge.reshape(-1, 3) for edge in edges])
    paper = np.median(ring, axis=0)
    page = np.asarray(blank * (paper / 255.0), np.uint8)
    page[y : y + height, x : x + width] = crop
    tone = (int(paper[0]), int(paper[1]), int(paper[2]))
    bilevel = bool(np.mean((crop < DARK_BELOW) | (crop > LIGHT_ABOVE)) > BILEVEL_SHARE)
    laid = RegisteredPage(
        form, page, np.eye(3), RegistrationFigures(0.0, 0), 1, 300.0, bilevel, paper_bgr=tone
    )
    graded = grader.examine_on_page(laid, form.zones_of(FieldName.PHOTO)[0])
    return graded if graded.subject is not None else grader.examine_loose(crop, None)
