"""``uketsuke photo``: any picture gets a verdict with a reason, a fixed line, and its evidence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.domain.photos import PhotoCheckName
from pipeline.imaging.pages import Pixels
from pipeline.samples.portraits import PortraitSpec, draw_portrait

FIXED = {"check", "verdict", "value", "unit", "threshold"}


def _portrait(seed: int = 3, side: int = 413) -> Pixels:
    rng = np.random.default_rng(seed)
    return draw_portrait(PortraitSpec(), rng, side, round(side * 45 / 35))


def _drawing() -> Pixels:
    sheet: Pixels = np.full((531, 413, 3), 255, np.uint8)
    cv2.circle(sheet, (206, 250), 150, (0, 0, 0), 4)
    for x in (150, 262):
        cv2.circle(sheet, (x, 210), 15, (0, 0, 0), -1)
    cv2.ellipse(sheet, (206, 290), (70, 40), 0, 0, 180, (0, 0, 0), 4)
    return sheet


def _landscape() -> Pixels:
    view: Pixels = np.full((531, 413, 3), (230, 200, 160), np.uint8)
    view[300:] = (40, 120, 60)
    cv2.fillPoly(view, [np.array([[0, 300], [120, 150], [230, 300]])], (90, 90, 100))
    return view


def _screen() -> Pixels:
    picture = _portrait()
    columns = np.arange(picture.shape[1])[None, :, None]
    grid = 0.85 + 0.15 * np.cos(2 * np.pi * (columns / 3 + np.arange(3) / 3))
    return np.asarray(picture * grid, np.uint8)


BAD: dict[str, tuple[Callable[[], Pixels], PhotoCheckName]] = {
    "drawing": (_drawing, PhotoCheckName.BACKGROUND),
    "landscape": (_landscape, PhotoCheckName.FACE),
    "animal": (lambda: np.ascontiguousarray(data.chelsea()[..., ::-1]), PhotoCheckName.FACE),
    "group": (
        lambda: np.hstack([_portrait(s, 300) for s in (1, 2, 3)]),
        PhotoCheckName.FACE,
    ),
    "screen": (_screen, PhotoCheckName.FACE),
    "black": (lambda: np.zeros((531, 413, 3), np.uint8), PhotoCheckName.EXPOSURE),
    "tiny": (lambda: cv2.resize(_portrait(), (20, 20)), PhotoCheckName.FACE),
}


def _written(folder: Path, name: str, picture: Pixels) -> Path:
    path = folder / f"{name}.png"
    path.write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    return path


@pytest.fixture(scope="module")
def bad_files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("bad")
    return [_written(folder, name, draw()) for name, (draw, _) in BAD.items()]


def test_any_picture_gets_a_verdict_with_a_reason(bad_files: list[Path]) -> None:
    done = CliRunner().invoke(app, ["photo", "--json", *map(str, bad_files)])
    assert done.exit_code == 0, done.output
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["file"] for one in lines] == [f.name for f in bad_files]
    for one in lines:
        verdicts = {c["check"]: c["verdict"] for c in one["checks"]}
        reason = BAD[Path(one["file"]).stem][1]
        assert one["verdict"] in ("fail", "review"), one["file"]
        assert verdicts[reason.value] in ("fail", "review"), one["file"]
        assert set(verdicts) == {name.value for name in PhotoCheckName}
        assert all(c.keys() >= FIXED for c in one["checks"])


def test_every_check_writes_its_evidence_beside(tmp_path: Path) -> None:
    photo = _written(tmp_path, "good", _portrait())
    shown = tmp_path / "shown"
    done = CliRunner().invoke(app, ["photo", "--json", "--overlay", str(shown), str(photo)])
    assert done.exit_code == 0, done.output
    assert {f.name for f in shown.iterdir()} == {f"good-{c.value}.png" for c in PhotoCheckName}


def test_photos_of_the_same_name_keep_their_own_evidence(tmp_path: Path) -> None:
    photos = []
    for folder, seed in (("first", 3), ("second", 4)):
        (tmp_path / folder).mkdir()
        photos.append(str(_written(tmp_path / folder, "photo", _portrait(seed))))
    shown = tmp_path / "shown"
    done = CliRunner().invoke(app, ["photo", "--json", "--overlay", str(shown), *photos])
    assert done.exit_code == 0, done.output
    assert {f.name for f in shown.iterdir()} == {
        f"{prefix}-{c.value}.png" for prefix in ("photo", "photo-2") for c in PhotoCheckName
    }


def test_a_file_that_cannot_be_read_is_named_and_hides_no_other(tmp_path: Path) -> None:
    empty = tmp_path / "empty.jpg"
    empty.touch()
    good = _written(tmp_path, "good", _portrait())
    done = CliRunner().invoke(app, ["photo", str(empty), str(good)])
    assert done.exit_code == 2
    assert "empty.jpg: FILE_EMPTY" in done.stderr
    assert "good.png  →" in done.stdout


def test_the_card_says_in_japanese_what_is_wrong_and_what_the_letter_asks_for(
    tmp_path: Path,
) -> None:
    rng = np.random.default_rng(5)
    spoilt = draw_portrait(PortraitSpec.with_sunglasses(rng), rng, 413, 531)
    done = CliRunner().invoke(app, ["photo", str(_written(tmp_path, "dark", spoilt))])
    assert done.exit_code == 0, done.output
    assert "不適 (fail)" in done.stdout
    assert "サングラスを外して撮影した新しい写真" in done.stdout
    assert "background" in done.stdout
