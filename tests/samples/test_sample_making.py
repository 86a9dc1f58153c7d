"""Folders of samples: readable, repeatable, complete."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from pipeline.commands.samples import samples_app
from pipeline.domain.documents import Channel, FormName, Route
from pipeline.domain.errors import InputError
from pipeline.domain.findings import FindingCode
from pipeline.imaging.decoding import decode
from pipeline.samples.bad_files import BAD_FILES
from pipeline.samples.files import write_scans
from pipeline.samples.making import (
    BLANK,
    LETTER,
    SEPARATOR,
    FileRecipe,
    PageRecipe,
    Workshop,
    make,
    random_recipes,
)
from pipeline.samples.other_pages import OTHER_PAGES
from pipeline.samples.paper import Mode, PaperSpec, Preset, Scan
from pipeline.samples.people import Kind
from pipeline.samples.planning import Case
from pipeline.samples.showcase import showcase

REPOSITORY = Path(__file__).resolve().parents[2]
SHIPPED = REPOSITORY / "sample_scans"
# The versions that ship differ in so much that any page that can be lined up tells them apart; only
# a site's own near-twin raises this (tests/imaging/test_form_versions.py). Whether the edge of a
# print can be seen is nothing that a sample plans (tests/examine, tests/photo).
NOT_IN_ONE_SCAN = {
    FindingCode.FORM_VERSION_UNCERTAIN.value,
    FindingCode.PHOTO_SIZE_UNSEEN.value,
}
# JPEG at quality 90 moves a level of a smooth picture by little.
JPEG_TOLERANCE_LEVELS = 6.0


def _scan(*, bilevel: bool = False, colour: bool = False) -> Scan:
    ys, xs = np.mgrid[0:220, 0:160]
    grey = ((ys + xs) % 200 + 28).astype(np.uint8)
    if bilevel:
        grey = np.where(grey > 120, 255, 0).astype(np.uint8)
    pixels = np.dstack([grey, grey, grey])
    if colour:
        pixels[60:120, 40:90] = (40, 60, 220)
    return Scan(pixels, 200, bilevel, np.eye(3))


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".pdf"])
@pytest.mark.parametrize("kind", ["bilevel", "grey", "colour"])
def test_a_scan_comes_back_from_its_file(tmp_path: Path, suffix: str, kind: str) -> None:
    given = _scan(bilevel=kind == "bilevel", colour=kind == "colour")
    path = tmp_path / f"page{suffix}"
    write_scans(path, [given], quality=90)
    (page,) = decode(path, max_pages=5, max_megapixels=20)
    assert page.pixels.shape == given.pixels.shape
    off = np.abs(page.pixels.astype(int) - given.pixels).mean()
    exact = suffix == ".png" or (kind == "bilevel" and suffix != ".jpg")
    assert off == 0 if exact else off < JPEG_TOLERANCE_LEVELS


@pytest.mark.parametrize(("suffix", "bilevel"), [(".tif", True), (".tif", False), (".pdf", True)])
def test_pages_keep_their_order(tmp_path: Path, suffix: str, bilevel: bool) -> None:
    pages = []
    for number in range(3):
        one = _scan(bilevel=bilevel)
        one.pixels[:, : 30 * (number + 1)] = 255
        pages.append(one)
    path = tmp_path / f"bundle{suffix}"
    write_scans(path, pages)
    back = list(decode(path, max_pages=5, max_megapixels=20))
    whites = [int((p.pixels > 250).sum()) for p in back]
    assert len(back) == 3 and whites == sorted(whites)


@pytest.mark.parametrize("name", sorted(BAD_FILES))
def test_a_bad_file_is_refused_for_the_reason_given(tmp_path: Path, name: str) -> None:
    suffix, fault, content = BAD_FILES[name]
    path = tmp_path / f"bad{suffix}"
    path.write_bytes(content())
    with pytest.raises(InputError) as caught:
        list(decode(path, max_pages=50, max_megapixels=120))
    assert caught.value.code == fault


def _few() -> tuple[FileRecipe, ...]:
    small = PaperSpec(dpi=200, mode=Mode.BILEVEL)
    hand = PageRecipe(FormName.APPLICATION_HANDWRITTEN.value, paper=small)
    return (
        FileRecipe("a.tif", Channel.MAIL, (hand, PageRecipe(BLANK, paper=small))),
        FileRecipe("b.tif", Channel.MAIL, bad="copy"),
        FileRecipe("c.png", Channel.COUNTER, (PageRecipe(LETTER, paper=small),)),
        FileRecipe("d.pdf", Channel.MAIL, bad="encrypted"),
        FileRecipe("e.pdf", Channel.COUNTER, (hand,), vector=True),
    )


def test_the_same_seed_gives_the_same_folder_and_the_truth_names_every_file(
    tmp_path: Path,
) -> None:
    contents = []
    for name in ("first", "again"):
        make(tmp_path / name, _few(), Workshop(5))
        files = sorted(p for p in (tmp_path / name).rglob("*") if p.is_file())
        contents.append({p.relative_to(tmp_path / name).as_posix(): p.read_bytes() for p in files})
    # A PDF of vectors carries an identifier of its own making; its page is compared below.
    vectors = [c.pop("counter/e.pdf") for c in contents]
    assert contents[0] == contents[1]
    pages = [next(iter(decode(v, max_pages=2, max_megapixels=60))).pixels for v in vectors]
    assert np.array_equal(pages[0], pages[1])
    truth = json.loads(contents[0].pop("truth.json"))
    assert {f["file"] for f in truth["files"]} == {*contents[0], "counter/e.pdf"}
    assert truth["seed"] == 5


def test_the_truth_tells_backs_copies_and_strangers_apart(tmp_path: Path) -> None:
    truth = json.loads(make(tmp_path, _few(), Workshop(5)).read_text())
    files = {f["file"]: f for f in truth["files"]}
    (front,) = files["mail/a.tif"]["documents"]
    assert files["mail/a.tif"]["pages"] == 2
    assert FindingCode.PAGE_BLANK.value in front["expected_findings"]
    (copy,) = files["mail/b.tif"]["documents"]
    assert FindingCode.DUPLICATE_SCAN.value in copy["expected_findings"]
    assert FindingCode.DUPLICATE_SCAN.value not in front["expected_findings"]
    assert (tmp_path / "mail/a.tif").read_bytes() == (tmp_path / "mail/b.tif").read_bytes()
    (letter,) = files["counter/c.png"]["documents"]
    assert letter["form"] is None and letter["expected_route"] == Route.QUARANTINE.value


def test_black_and_white_shows_no_fault_of_a_photo() -> None:
    def expected(mode: Mode) -> set[str]:
        recipe = PageRecipe(
            FormName.APPLICATION_HANDWRITTEN.value,
            Kind.ADULT,
            frozenset({Case.PHOTO_SUNGLASSES}),
            paper=PaperSpec(dpi=200, mode=mode),
        )
        return set(Workshop(seed=4).page(recipe, Channel.MAIL, 0)[1].expected_findings)

    assert {"PHOTO_NOT_ASSESSABLE"} <= expected(Mode.BILEVEL)
    assert "PHOTO_SUNGLASSES" not in expected(Mode.BILEVEL)
    assert "PHOTO_SUNGLASSES" in expected(Mode.COLOUR)


def test_another_seed_gives_other_people() -> None:
    small = PaperSpec(dpi=200, mode=Mode.BILEVEL)
    recipe = PageRecipe(FormName.REPLY_FORM.value, paper=small)
    one, other = (Workshop(s).page(recipe, Channel.COUNTER, 0)[1] for s in (1, 2))
    assert one.fields["pin_signature"] != other.fields["pin_signature"]


def test_the_mixed_bag_does_not_depend_on_its_size() -> None:
    few = list(random_recipes(10, 3, Preset.TYPICAL))
    many = list(random_recipes(30, 3, Preset.TYPICAL))
    assert many[:10] == few
    assert len({r.name for r in many}) == 30


def test_the_shipped_list_has_every_form_and_treatment() -> None:
    recipes = showcase()
    assert len({(r.channel, r.name) for r in recipes}) == len(recipes)
    contents = {p.content.partition("@")[0] for r in recipes for p in r.pages}
    assert contents == {*(f.value for f in FormName), LETTER, BLANK, SEPARATOR, *OTHER_PAGES}
    assert {r.name.rsplit(".", 1)[1] for r in recipes} == {"jpg", "png", "tif", "pdf"}
    assert {r.bad for r in recipes} >= set(BAD_FILES)


def test_the_shipped_samples_and_their_truth_belong_together() -> None:
    truth = json.loads((SHIPPED / "truth.json").read_text())
    named = {f["file"] for f in truth["files"]}
    there = {
        p.relative_to(SHIPPED).as_posix()
        for channel in Channel
        for p in (SHIPPED / channel.value).iterdir()
    }
    assert named == there
    assert sum((SHIPPED / f).stat().st_size for f in named) < 10 * 2**20
    expected = {c for f in truth["files"] for d in f["documents"] for c in d["expected_findings"]}
    assert expected == {c.value for c in FindingCode} - NOT_IN_ONE_SCAN


def test_the_command_makes_files_and_prints_json(tmp_path: Path) -> None:
    arguments = ["make", "--out", str(tmp_path / "out"), "--count", "2", "--seed", "9"]
    result = CliRunner().invoke(samples_app, [*arguments, "--preset", "mild"])
    assert result.exit_code == 0, result.output
    assert (tmp_path / "out" / "truth.json").is_file()
    assert json.loads(result.stdout)["files"] == 2


def test_an_unknown_preset_is_an_input_error(tmp_path: Path) -> None:
    arguments = ["make", "--out", str(tmp_path), "--count", "1", "--preset", "rough"]
    result = CliRunner().invoke(samples_app, arguments)
    assert isinstance(result.exception, InputError)
    assert result.exception.code == "PRESET_UNKNOWN"
