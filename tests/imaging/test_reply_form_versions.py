"""Two versions of the reply form lie side by side and are never taken for each other."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.domain.documents import Channel
from pipeline.forms.catalogue import Catalogue
from pipeline.forms.drawing import blank_raster
from pipeline.imaging.pages import PageImage, RegisteredPage
from pipeline.imaging.registration import Registrar
from pipeline.samples.making import PageRecipe, Workshop
from pipeline.samples.paper import Preset

VERSIONS = ("2026.1", "2026.2")


@pytest.fixture(scope="module")
def registrar(tmp_path_factory: pytest.TempPathFactory) -> Registrar:
    return Registrar(Catalogue.load().forms, tmp_path_factory.mktemp("versions"))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("preset", [Preset.TYPICAL, Preset.HARD])
def test_a_scan_is_registered_to_its_own_version(
    registrar: Registrar, version: str, preset: Preset
) -> None:
    recipe = PageRecipe(f"reply_form@{version}", preset=preset)
    scanned, truth = Workshop(811).page(recipe, Channel.COUNTER, 1)
    page = PageImage(scanned.pixels, 1, float(scanned.dpi), scanned.bilevel)
    found = registrar.register(page)
    assert isinstance(found, RegisteredPage)
    assert (found.form.name, found.form.version) == (truth.form, version)
    # The other version does not explain the page nearly as well.
    assert found.runner_up is None


@pytest.mark.parametrize("version", VERSIONS)
def test_the_upper_half_alone_is_taken_for_no_version(registrar: Registrar, version: str) -> None:
    # Down to the PIN boxes both are printed alike: what is left must go to a person.
    blank = blank_raster(Catalogue.load().get(f"reply_form@{version}"))
    upper = np.ascontiguousarray(blank[: round(blank.shape[0] * 0.42)])
    assert not isinstance(registrar.register(PageImage(upper, 1, 300.0)), RegisteredPage)
