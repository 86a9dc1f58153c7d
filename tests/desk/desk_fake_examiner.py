"""An examiner for a worker that reads nothing: quick to start, and it says what it was given."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pipeline.domain.documents import Channel, FieldName, FormName, Route
from pipeline.domain.errors import InputError
from pipeline.domain.examinations import Examination, RegistrationFigures
from pipeline.domain.findings import Finding, FindingCode, Severity
from pipeline.domain.readings import Reading
from pipeline.examine.pool_worker import Examiner
from pipeline.forms.loading import load_definition
from pipeline.forms.site import DEFINITION
from pipeline.settings import Settings

KEY = "expiry_notice@2026.1"
NUMBER, PIN = "123456789018", "SAMPLE10"


def fake_examiner(settings: Settings) -> Examiner:
    """Runs in the worker."""
    assert settings.forms is not None
    assert load_definition(settings.forms / DEFINITION).key == KEY

    def examine(source: Path | bytes, channel: Channel, name: str) -> Iterator[object]:
        if source == b"locked":
            raise InputError("FILE_ENCRYPTED", ja="鍵", en="locked")
        yield Examination(
            file=name,
            page=1,
            channel=channel,
            form=FormName.REPLY_FORM,
            form_version="2026.1",
            route=Route.CONFIRM,
            registration=RegistrationFigures(0.8, 412),
            readings=(
                Reading(FieldName.MY_NUMBER, NUMBER, 0.99, accepted=True),
                Reading(FieldName.PIN_SIGNATURE, PIN, 0.9, accepted=False),
            ),
            photo=None,
            findings=(Finding(FindingCode.PIN_AMBIGUOUS, Severity.REVIEW),),
        )

    return examine  # type: ignore[return-value]
