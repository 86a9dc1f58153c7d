"""A batch through Dagster: done, told in counts, and nothing personal in Dagster's storage.

The examination and the desk are stood in for here; their own tests hold them. Intake, vault,
staging, assets, checks and Dagster's instance are the real ones.
"""

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import dagster as dg
import numpy as np
import pytest

from assets import automation
from assets.checks import deviation_sigmas
from assets.definitions import defs
from assets.resources import Office
from pipeline import settings as of_the_office
from pipeline.domain.documents import Channel, FieldName, FormName, Route
from pipeline.domain.errors import InputError
from pipeline.domain.examinations import Examination, RegistrationFigures
from pipeline.domain.findings import Finding, FindingCode, Severity
from pipeline.domain.readings import Character, Reading
from pipeline.examine.pool import FileResult, FileToExamine
from pipeline.intake.batches import claim_batch
from pipeline.settings import REPOSITORY, Settings
from pipeline.store.arrivals import arrow_schema, summaries
from pipeline.store.arrivals.records import Arrival, Outcome
from pipeline.vault import Vault, create_service_token

NUMBER = "123456789018"
NAME = "見本太郎左衛門"
PIN = "QXZ7413K"
FILE_NAME = "山本花子の申請書"
SECRETS = (NUMBER, NAME, PIN, FILE_NAME)


@dataclass
class _Document:
    """What the pool hands back: an examination, crops, times."""

    examination: Examination
    crops: dict[FieldName, bytes] = field(default_factory=dict)
    stage_ms: dict[str, float] = field(default_factory=dict)
    page_picture: bytes | None = None
    sketches: dict[FieldName, np.ndarray] = field(default_factory=dict)


def _document(name: str, channel: Channel) -> _Document:
    readings = (
        Reading(FieldName.MY_NUMBER, NUMBER, 0.99, True, (Character("1", 0.99),)),
        Reading(FieldName.NAME, NAME, 0.9, False),
        Reading(FieldName.PIN_SIGNATURE, PIN, 0.5, False),
    )
    finding = Finding(FindingCode.MY_NUMBER_AMBIGUOUS, Severity.REVIEW, FieldName.MY_NUMBER, 3)
    return _Document(
        Examination(
            file=name,
            page=1,
            channel=channel,
            form=FormName.APPLICATION_HANDWRITTEN,
            form_version=None,
            route=Route.CONFIRM,
            registration=RegistrationFigures(0.7, 300),
            readings=readings,
            photo=None,
            findings=(finding,),
        )
    )


class StandInPool:
    """Gives every file one document."""

    def __enter__(self) -> "StandInPool":
        return self

    def __exit__(self, *_: object) -> None:
        return

    def examine(
        self, files: Iterable[FileToExamine], on_start: Callable[[str], None]
    ) -> Iterator[FileResult]:
        for file in files:
            on_start(file.scan_id)
            yield FileResult(
                file.scan_id, file.channel, (_document(file.scan_id, file.channel),), None, 0.1
            )


class RefusingPool(StandInPool):
    def examine(
        self, files: Iterable[FileToExamine], on_start: Callable[[str], None]
    ) -> Iterator[FileResult]:
        for file in files:
            on_start(file.scan_id)
            error = InputError("FILE_STOPS_EXAMINATION", ja="止", en="stops")
            yield FileResult(file.scan_id, file.channel, (), error, 0.1)


class BreakingPool(StandInPool):
    def examine(
        self, files: Iterable[FileToExamine], on_start: Callable[[str], None]
    ) -> Iterator[FileResult]:
        raise ValueError(f"could not parse {NUMBER} of {NAME}")


@dataclass
class StandInDesk:
    """Keeps what it was sent, as the ledger would."""

    batches: dict[str, list[Arrival]] = field(default_factory=dict)
    forgets: int = 0

    def __enter__(self) -> "StandInDesk":
        return self

    def __exit__(self, *_: object) -> None:
        return

    def post_batch(self, batch_id: str, content: bytes) -> dict[str, object]:
        for secret in SECRETS:
            assert secret.encode() not in content
        named, arrivals = arrow_schema.decode(content)
        assert named == batch_id
        self.batches[batch_id] = arrivals
        return {"repeated": False}

    def batch(self, batch_id: str) -> dict[str, int]:
        kept = self.batches[batch_id][self.forgets :]
        count = [a.outcome for a in kept].count
        return {
            "arrivals": len(kept),
            "loaded": count(Outcome.LOADED),
            "duplicate": count(Outcome.DUPLICATE),
            "quarantined_files": count(Outcome.QUARANTINED),
        }

    def publish(self) -> dict[str, int]:
        return {"documents": sum(len(a) for a in self.batches.values())}


@dataclass
class Installation:
    settings: Settings
    desk: StandInDesk
    instance: dg.DagsterInstance

    def drop(self, *contents: bytes) -> None:
        folder = self.settings.inbox / "counter"
        folder.mkdir(parents=True, exist_ok=True)
        for number, content in enumerate(contents):
            (folder / f"{FILE_NAME}{number}.png").write_bytes(content)

    def run(self) -> tuple[str, dg.ExecuteInProcessResult]:
        batch_id = claim_batch(self.settings)
        assert batch_id is not None
        return batch_id, self.again(batch_id)

    def again(self, batch_id: str) -> dg.ExecuteInProcessResult:
        return defs.resolve_job_def("process_batch").execute_in_process(
            run_config=automation.run_config(batch_id),
            instance=self.instance,
            raise_on_error=False,
        )


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    monkeypatch.setenv("UKETSUKE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("UKETSUKE_SETTLE_SECONDS", "0")
    of_the_office.current.cache_clear()
    settings = of_the_office.current()
    settings.dagster_home.mkdir(parents=True)
    shutil.copy(REPOSITORY / "dagster.yaml", settings.dagster_home)
    monkeypatch.setenv("DAGSTER_HOME", str(settings.dagster_home))
    Vault.create(settings.keys)
    create_service_token(settings.keys)
    desk = StandInDesk()
    monkeypatch.setattr(Office, "desk", lambda self: desk)
    monkeypatch.setattr(Office, "pool", lambda self: StandInPool())
    with dg.DagsterInstance.get() as instance:
        yield Installation(settings, desk, instance)
    of_the_office.current.cache_clear()


def _png(seed: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 255, (40, 30), np.uint8)
    done, content = cv2.imencode(".png", pixels)
    assert done
    return content.tobytes()


def _dagster_bytes(home: Path) -> Iterator[tuple[Path, bytes]]:
    for path in home.rglob("*"):
        if not path.is_file():
            continue
        if path.suffix == ".db":
            with sqlite3.connect(path) as connection:
                connection.execute("pragma wal_checkpoint(full)")
                yield path, "\n".join(connection.iterdump()).encode()
        yield path, path.read_bytes()


def _holds(content: bytes, secret: str) -> bool:
    spellings = (secret, json.dumps(secret)[1:-1], json.dumps(json.dumps(secret))[2:-2])
    return any(s.encode() in content for s in spellings)


def test_a_batch_runs_and_tells_only_counts(
    office: Installation, capfd: pytest.CaptureFixture[str]
) -> None:
    office.drop(_png(1), _png(2), _png(1), b"%PDF-1.7 broken")
    batch_id, result = office.run()
    assert result.success
    summary = summaries.read(office.settings.batches, batch_id)
    assert summary is not None
    assert (summary.files_in, summary.loaded, summary.duplicates, summary.quarantined) == (
        4,
        2,
        1,
        1,
    )
    assert summary.balanced
    assert summary.route(Route.CONFIRM) == 2
    printed = "".join(capfd.readouterr())
    assert "STEP_SUCCESS" in printed, "the log was not captured"
    checked = 0
    for path, content in _dagster_bytes(office.settings.dagster_home):
        checked += 1
        assert not [s for s in SECRETS if _holds(content, s)], path.name
    assert checked > 2
    assert not [s for s in SECRETS if s in printed]
    for folder in (office.settings.work, office.settings.batches):
        for path in folder.rglob("*"):
            assert FILE_NAME not in path.name
            if path.is_file():
                assert not [s for s in SECRETS if _holds(path.read_bytes(), s)], path.name


def test_a_second_run_of_a_batch_changes_nothing(office: Installation) -> None:
    office.drop(_png(1))
    batch_id, first = office.run()
    before = summaries.read(office.settings.batches, batch_id)
    sent = office.desk.batches.pop(batch_id)
    office.desk.batches[batch_id] = sent
    assert first.success
    assert office.again(batch_id).success
    assert summaries.read(office.settings.batches, batch_id) == before
    assert office.desk.batches[batch_id] is sent, "the batch was sent again"


def test_a_file_that_cannot_be_examined_is_quarantined_and_counted(
    office: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Office, "pool", lambda self: RefusingPool())
    office.drop(_png(1), _png(2))
    batch_id, result = office.run()
    assert result.success
    summary = summaries.read(office.settings.batches, batch_id)
    assert summary is not None
    assert summary.reasons == {"FILE_STOPS_EXAMINATION": 2}
    assert summary.balanced


def test_a_lost_scan_fails_the_run(office: Installation) -> None:
    office.desk.forgets = 1
    office.drop(_png(1), _png(2))
    _, result = office.run()
    evaluations = {e.check_name: e.passed for e in result.get_asset_check_evaluations()}
    assert evaluations["every_scan_accounted_for"] is False
    assert not result.success


def test_an_unexpected_error_leaves_no_value_behind(
    office: Installation, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Office, "pool", lambda self: BreakingPool())
    office.drop(_png(1))
    _, result = office.run()
    assert not result.success
    printed = "".join(capfd.readouterr())
    assert "ValueError at" in printed
    assert not [s for s in SECRETS if s in printed]
    for path, content in _dagster_bytes(office.settings.dagster_home):
        assert not [s for s in SECRETS if _holds(content, s)], path.name


def test_the_checks_all_look_and_pass_on_a_good_batch(office: Installation) -> None:
    office.drop(_png(1))
    _, result = office.run()
    evaluations = {e.check_name: e for e in result.get_asset_check_evaluations()}
    assert all(e.passed for e in evaluations.values())
    entries = evaluations["nothing_personal_in_metadata"].metadata["entries"].value
    assert isinstance(entries, int)
    assert entries > 20


def _request(tick: Callable[[dg.SensorEvaluationContext], object]) -> list[object]:
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(instance=instance)
        return list(tick(context))  # type: ignore[call-overload]


def test_the_sensor_asks_for_one_run_a_batch(office: Installation) -> None:
    assert isinstance(_request(automation.inbox)[0], dg.SkipReason)
    office.drop(_png(1), _png(2))
    (first,) = _request(automation.inbox)
    (second,) = _request(automation.inbox)
    assert isinstance(first, dg.RunRequest)
    assert isinstance(second, dg.RunRequest)
    assert first.run_key == second.run_key
    assert office.again(str(first.run_key)).success
    assert isinstance(_request(automation.inbox)[0], dg.SkipReason)


def test_the_flag_check_sees_an_unusual_share() -> None:
    usual = [{"documents": 100, "flagged_documents": 20} for _ in range(10)]
    assert abs(deviation_sigmas(usual[0], usual, "flagged_documents")) < 1
    alarming = {"documents": 100, "flagged_documents": 70}
    assert deviation_sigmas(alarming, usual, "flagged_documents") > 4
    assert deviation_sigmas(alarming, usual[:1], "flagged_documents") == 0, "too little to compare"
