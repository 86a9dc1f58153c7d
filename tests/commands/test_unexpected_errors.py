"""What nobody foresaw is told by its kind and place, never by a message that may hold a value."""

import pytest

from pipeline import cli
from pipeline.commands import showing

READ = "123456789018"


def _fails_with_a_value() -> None:
    raise ValueError(f"invalid literal for int() with base 10: '{READ}'")


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "app", _fails_with_a_value)
    monkeypatch.setattr(cli, "keep_memory_private", lambda: None)


@pytest.mark.usefixtures("failing")
def test_the_message_of_an_unexpected_error_is_not_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main()
    shown = capsys.readouterr()
    assert ended.value.code == 1
    assert READ not in shown.err + shown.out
    assert "Traceback" not in shown.err
    assert "UNEXPECTED" in shown.err
    assert "ValueError" in shown.err


@pytest.mark.usefixtures("failing")
def test_its_place_in_our_code_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main()
    assert "pipeline/cli.py:" in capsys.readouterr().err


@pytest.mark.usefixtures("failing")
def test_whoever_looks_for_a_defect_can_ask_for_the_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(showing.TRACEBACK_VARIABLE, "1")
    with pytest.raises(SystemExit):
        cli.main()
    assert "Traceback" in capsys.readouterr().err
