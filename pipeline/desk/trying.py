"""A draft tried on a filled scan: examined by a worker as any scan is, and stored nowhere."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, cast

from pipeline.domain.documents import Channel
from pipeline.domain.errors import PolicyError
from pipeline.domain.examinations import Examination
from pipeline.examine.pool import ExaminationPool, FileToExamine
from pipeline.forms.catalogue import Catalogue
from pipeline.forms.definition import FormDefinition
from pipeline.forms.loading import load_definition
from pipeline.forms.site import DEFINITION
from pipeline.settings import Settings

if TYPE_CHECKING:  # the desk never examines: its workers load the readers
    from pipeline.examine.document import ExaminedDocument
    from pipeline.examine.pool_worker import Examiner

EXAMINER = "pipeline.desk.trying:examiner_with_draft"
MOST_MIB = 40
"""A scan or a few are enough to try a form; the whole file is held in memory."""

_one_at_a_time = threading.Lock()


def try_draft(
    settings: Settings, folder: Path, content: bytes, channel: Channel
) -> tuple[Examination, ...]:
    """Examine a scan with a draft among the forms.

    Args:
        settings: Of the installation.
        folder: Of the draft; its definition takes the place of a live one of its name and version.
        content: A file as it would come to the inbox.
        channel: How it would have come in.

    Raises:
        InputError: Where the file cannot be opened.
        DefectError: Where the examination fails.
        PolicyError: ``TRY_BUSY`` while another try runs: the cores belong to the batches.
    """
    if not _one_at_a_time.acquire(blocking=False):
        raise PolicyError(
            "TRY_BUSY",
            ja="ほかの試し読みが動いています。終わってからもう一度試してください。",
            en="Another try is running. Try again when it has finished.",
        )
    try:
        with_draft = settings.model_copy(update={"forms": folder})
        with ExaminationPool(with_draft, 1, examiner=EXAMINER) as pool:
            (result,) = pool.examine([FileToExamine("try", content, channel)])
    finally:
        _one_at_a_time.release()
    if result.error is not None:
        raise result.error
    return cast("tuple[Examination, ...]", result.documents)


def examiner_with_draft(settings: Settings) -> Examiner:
    """In the worker: the real examiner, which knows the live forms and the draft."""
    from pipeline.examine.document import examine_file
    from pipeline.examine.engine import Engine

    engine = Engine(settings)
    live = settings.home / "forms"
    forms: dict[str, FormDefinition] = {
        form.key: form for form in Catalogue.load(live if live.is_dir() else None).forms
    }
    if settings.forms is not None:
        draft = load_definition(settings.forms / DEFINITION)
        forms[draft.key] = draft
    engine.catalogue = Catalogue(tuple(forms.values()))

    def examine(source: Path | bytes, channel: Channel, name: str) -> Iterator[ExaminedDocument]:
        # Without the pictures, and as a type of the domain: the desk then needs no reader to
        # unpack it.
        for document in examine_file(engine, source, channel, name=name):
            yield cast("ExaminedDocument", document.examination)

    return examine
