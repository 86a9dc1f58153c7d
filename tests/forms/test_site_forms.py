"""Drafts and live definitions: nothing half, nothing lost, nothing that stops the readers."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.domain.documents import FormName
from pipeline.domain.errors import InputError, PolicyError
from pipeline.domain.geometry import REGISTERED_DPI
from pipeline.forms.catalogue import Catalogue
from pipeline.forms.definition import FormDefinition
from pipeline.forms.drawing import page_size_px
from pipeline.forms.loading import load_definition
from pipeline.forms.site import Draft, SiteForms, zone_content
from pipeline.settings import Settings

KEY = "expiry_notice@2026.1"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


def shipped() -> FormDefinition:
    return Catalogue.load().get(KEY)


def begin(site: SiteForms) -> Draft:
    return site.begin(shipped(), "sora", origin=KEY)


def moved(draft: Draft, by_mm: float) -> dict[str, object]:
    zones = zone_content(draft.form)
    zones[0]["box"][0] = round(zones[0]["box"][0] + by_mm, 3)
    return {"version": "2027.1", "title": "見本", "zones": zones}


def test_a_draft_is_the_form_it_was_made_from_and_nobody_reads_it(settings: Settings) -> None:
    site = SiteForms(settings)
    draft = begin(site)
    assert draft.form == shipped()
    assert site.draft(draft.draft_id) == draft
    assert [d.draft_id for d in site.drafts()] == [draft.draft_id]
    assert Catalogue.load(settings.site_forms).forms == Catalogue.load().forms


@pytest.mark.parametrize("key", [f.key for f in Catalogue.load().forms])
def test_saving_what_was_sent_to_the_page_changes_nothing(settings: Settings, key: str) -> None:
    site = SiteForms(settings)
    form = Catalogue.load().get(key)
    draft = site.begin(form, "sora", origin=key)
    saved = site.save(draft, "sora", {"zones": zone_content(draft.form)})
    assert saved.form == form
    assert saved.ver == draft.ver + 1


def test_a_moved_zone_goes_live_with_the_next_batch(settings: Settings) -> None:
    site = SiteForms(settings)
    draft = site.save(begin(site), "sora", moved(begin(site), 0.5))
    assert site.go_live(draft) == "expiry_notice@2027.1"
    live = Catalogue.load(settings.site_forms).get(FormName.EXPIRY_NOTICE)
    assert (live.version, live.title) == ("2027.1", "見本")
    assert live.zones[0].box.x == pytest.approx(shipped().zones[0].box.x + 0.5)
    assert Catalogue.load(settings.site_forms).get(KEY) == shipped()  # side by side
    assert [own for form, own in site.live() if form.key == "expiry_notice@2027.1"] == [True]


def test_what_stood_there_before_is_kept_whatever_its_file_was_called(settings: Settings) -> None:
    site = SiteForms(settings)
    first = site.save(begin(site), "sora", moved(begin(site), 0.5))
    site.go_live(first)
    old = settings.home / "forms" / "expiry_notice-2027.1.yaml"
    renamed = old.rename(old.with_name("ours.yaml"))
    before = renamed.read_bytes()
    second = site.save(begin(site), "sora", moved(begin(site), 1.5))
    site.go_live(second)
    assert [p.name for p in old.parent.glob("*.yaml")] == ["ours.yaml"]
    (kept,) = (old.parent / "earlier").glob("*.yaml")
    assert kept.read_bytes() == before
    site.withdraw("expiry_notice@2027.1")
    assert len(list((old.parent / "earlier").glob("*.yaml"))) == 2
    with pytest.raises(InputError) as refused:
        site.withdraw(KEY)  # what ships stays
    assert refused.value.code == "FORM_NOT_FOUND"


def test_a_definition_with_problems_does_not_go_live(settings: Settings) -> None:
    site = SiteForms(settings)
    draft = site.save(begin(site), "sora", moved(begin(site), 500.0))
    codes = {p.code for p in site.problems(draft)}
    assert "ZONE_OUTSIDE_PAGE" in codes
    with pytest.raises(InputError) as refused:
        site.go_live(draft)
    assert refused.value.code == "FORM_HAS_PROBLEMS"
    assert list((settings.home / "forms").glob("*.yaml")) == []


def test_a_form_whose_lines_do_not_drop_out_goes_live_all_the_same(settings: Settings) -> None:
    site = SiteForms(settings)
    colours = {**shipped().colours, "line": "#444444"}
    dark = dataclasses.replace(shipped(), version="2027.2", colours=colours)
    draft = site.begin(dark, "sora", origin="learned")
    assert [p.code for p in site.problems(draft)] == ["LINE_NOT_DROPOUT"]
    assert site.go_live(draft) == dark.key
    assert dark.key in {form.key for form in Catalogue.load(site.folder).forms}


def test_a_folder_that_could_not_be_read_afterwards_is_put_back(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = SiteForms(settings)
    site.go_live(site.save(begin(site), "sora", moved(begin(site), 0.5)))
    path = settings.home / "forms" / "expiry_notice-2027.1.yaml"
    before = path.read_bytes()
    second = site.save(begin(site), "sora", moved(begin(site), 1.5))

    def refuse(folder: Path) -> Catalogue:
        raise InputError("FORM_TWICE", ja="二つ", en="twice")

    monkeypatch.setattr("pipeline.forms.site.Catalogue.load", refuse)
    with pytest.raises(InputError):
        site.go_live(second)
    assert path.read_bytes() == before
    assert site.draft(second.draft_id) == second


def test_two_people_do_not_overwrite_each_other(settings: Settings) -> None:
    site = SiteForms(settings)
    draft = begin(site)
    site.save(draft, "sora", moved(draft, 1))
    with pytest.raises(PolicyError) as refused:
        site.save(draft, "umi", moved(draft, 2))
    assert refused.value.code == "DRAFT_STALE"


@pytest.mark.parametrize(
    "wrong",
    [{"zones": [{"field": "my_number"}]}, {"version": "../../x"}, {"version": ""},
     {"zones": "!!python/object/apply:os.system ['true']"}, {"zones": None},
     {"zones": [{"field": "phone", "reader": "text", "box": [0, 0, 1, float("nan")]}]}],
)  # fmt: skip
def test_what_is_no_definition_is_refused_and_changes_nothing(
    settings: Settings, wrong: dict[str, object]
) -> None:
    site = SiteForms(settings)
    draft = begin(site)
    with pytest.raises(InputError) as refused:
        site.save(draft, "sora", {"zones": zone_content(draft.form), **wrong})
    assert refused.value.code == "FORM_FILE_INVALID"
    assert site.draft(draft.draft_id) == draft


@pytest.mark.parametrize("draft_id", ["", "..", "0" * 12, "../../keys", "drafts"])
def test_an_unknown_draft_is_not_found(settings: Settings, draft_id: str) -> None:
    with pytest.raises(InputError) as refused:
        SiteForms(settings).draft(draft_id)
    assert refused.value.code == "NOT_FOUND"


def test_a_learned_form_keeps_the_picture_of_its_blank(settings: Settings) -> None:
    site = SiteForms(settings)
    width, height = page_size_px(shipped(), REGISTERED_DPI)
    picture = np.full((height, width, 3), 255, np.uint8)
    cv2.rectangle(picture, (200, 200), (800, 900), (0, 0, 0), 3)
    png = cv2.imencode(".png", picture)[1].tobytes()
    learned = dataclasses.replace(shipped(), version="learned")
    draft = site.begin(learned, "sora", origin="learned", blank_png=png,
                       notes=[{"ja": "確認", "en": "check", "box": [1, 2, 3, 4]}])  # fmt: skip
    assert draft.notes[0]["box"] == [1, 2, 3, 4]
    site.go_live(draft)
    live = Catalogue.load(settings.site_forms).get("expiry_notice@learned")
    assert live.blank is not None and live.blank.read_bytes() == png
    again = site.begin(live, "sora", origin=live.key)
    assert again.form.blank is not None and again.form.blank.read_bytes() == png
    site.go_live(again)
    site.withdraw(live.key)
    (*_, kept) = sorted((settings.home / "forms" / "earlier").glob("*.yaml"))
    assert load_definition(kept).blank is not None


def test_the_folder_of_the_settings_comes_first(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    settings = Settings(home=tmp_path / "home", forms=own)
    site = SiteForms(settings)
    site.go_live(site.save(begin(site), "sora", moved(begin(site), 0.5)))
    assert [p.suffix for p in own.iterdir()] == [".yaml"]
    assert settings.site_forms == own
    assert Settings(home=tmp_path / "elsewhere").site_forms is None
