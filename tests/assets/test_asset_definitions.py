"""What Dagster loads: the keys first, because other people's runs and alerts name them."""

import dagster as dg
import pytest

from assets.definitions import defs
from assets.quiet import StepFailedError, counts, is_harmless, without_values
from assets.resources import NothingIsStored
from pipeline.domain.errors import InputError


def _repository() -> dg.RepositoryDefinition:
    return defs.get_repository_def()


def test_asset_keys() -> None:
    keys = {k.to_user_string() for k in _repository().asset_graph.materializable_asset_keys}
    assert keys == {
        "claimed_batch",
        "pages",
        "examined_documents",
        "loaded_documents",
        "published_statistics",
    }


def test_the_assets_follow_each_other() -> None:
    graph = _repository().asset_graph
    parents = {
        key.to_user_string(): [p.to_user_string() for p in graph.get(key).parent_keys]
        for key in graph.materializable_asset_keys
    }
    assert parents == {
        "claimed_batch": [],
        "pages": ["claimed_batch"],
        "examined_documents": ["pages"],
        "loaded_documents": ["examined_documents"],
        "published_statistics": ["loaded_documents"],
    }


def test_checks_jobs_sensor_and_schedule() -> None:
    checks = {
        (k.asset_key.to_user_string(), k.name) for k in _repository().asset_graph.asset_check_keys
    }
    assert checks == {
        ("loaded_documents", "counts_reconcile"),
        ("loaded_documents", "every_scan_accounted_for"),
        ("loaded_documents", "nothing_personal_in_metadata"),
        ("examined_documents", "pages_are_well_registered"),
        ("examined_documents", "flags_are_as_usual"),
    }
    jobs = {j.name for j in _repository().get_all_jobs() if not j.name.startswith("__")}
    assert jobs == {"process_batch", "publish", "purge"}
    (sensor,) = _repository().sensor_defs
    assert (sensor.name, sensor.default_status) == ("inbox", dg.DefaultSensorStatus.RUNNING)
    schedules = {s.name: s for s in _repository().schedule_defs}
    assert {(s.cron_schedule, s.execution_timezone) for s in schedules.values()} == {
        ("0 5 * * *", "Asia/Tokyo"),
        ("30 4 * * *", "Asia/Tokyo"),
    }
    # What is destroyed is gone, so an office has to ask for it.
    assert schedules["every_night"].default_status == dg.DefaultScheduleStatus.STOPPED


def test_the_nightly_job_asks_the_desk_to_purge_and_logs_counts_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    class Desk:
        def __enter__(self) -> "Desk":
            return self

        def __exit__(self, *reason: object) -> None:
            return None

        def purge(self, **how: object) -> dict[str, object]:
            asked.append(how)
            return {"run": "r1", "classes": [{"data_class": "pin", "documents": 2}], "keys": []}

    monkeypatch.setattr("assets.automation.DeskClient.of", lambda settings: Desk())
    assert defs.resolve_job_def("purge").execute_in_process().success
    assert asked == [{"dry_run": False, "confirmed_day": None}]


def test_the_snapshot_job_needs_no_batch() -> None:
    job = defs.resolve_job_def("publish")
    assert "batch" not in job.get_required_resource_defs()


@pytest.mark.parametrize("value", [3, 0.5, True, "b-20261123-a1b2c3", "confirm", "FORM_UNKNOWN"])
def test_numbers_and_identifiers_are_harmless(value: object) -> None:
    assert is_harmless(value)


@pytest.mark.parametrize("value", ["見本太郎", "123456789018", "a b", "", None, ["x"], "x" * 80])
def test_anything_else_is_kept_out(value: object) -> None:
    assert not is_harmless(value)
    with pytest.raises(ValueError, match="names and numbers only") as caught:
        counts({"what": value})  # type: ignore[dict-item]
    assert str(value) not in str(caught.value) or not value


def test_an_error_of_ours_keeps_its_words_and_nothing_is_chained() -> None:
    @without_values
    def step() -> None:
        raise InputError("DESK_NOT_RUNNING", ja="動いていません", en="not running")

    with pytest.raises(StepFailedError, match="DESK_NOT_RUNNING") as caught:
        step()
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_no_value_is_ever_stored_by_an_io_manager() -> None:
    with pytest.raises(TypeError):
        NothingIsStored().handle_output(dg.build_output_context(), "value")
    with pytest.raises(TypeError):
        NothingIsStored().load_input(dg.build_input_context())
