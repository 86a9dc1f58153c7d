"""Everything that an examination needs, loaded once and kept warm."""

from __future__ import annotations

from functools import cached_property

import cv2

from pipeline.examine.fields import FieldReaders
from pipeline.forms.catalogue import Catalogue
from pipeline.imaging.registration import Registrar
from pipeline.model_store import ModelStore
from pipeline.photo.grading import PhotoGrader
from pipeline.readers.boxes.box_reader import BoxReader
from pipeline.readers.calibrating.threshold_set import ThresholdSet
from pipeline.readers.paddle_engine import PaddleRecogniser
from pipeline.readers.text.text_reader import TextReader
from pipeline.settings import Settings


class Engine:
    """The models and definitions of one worker; each part is loaded when first used."""

    def __init__(self, settings: Settings) -> None:
        """Take the settings; nothing is loaded yet."""
        # One thread per worker: the pool uses the cores, and threads of two workers would fight.
        cv2.setNumThreads(1)
        self.settings = settings
        self.models = ModelStore(settings.models)

    @cached_property
    def catalogue(self) -> Catalogue:
        """The form definitions, with the site's own."""
        return Catalogue.load(self.settings.site_forms)

    @cached_property
    def registrar(self) -> Registrar:
        """Finds the form of a page and lines it up."""
        return Registrar(self.catalogue.forms, self.settings.cache)

    @cached_property
    def recogniser(self) -> PaddleRecogniser:
        """Reads lines of text; loaded at its first line."""
        return PaddleRecogniser(self.models, self.settings.cache)

    @cached_property
    def readers(self) -> FieldReaders:
        """Reads every kind of zone."""
        recogniser = self.recogniser
        thresholds = ThresholdSet.of(self.settings)
        return FieldReaders(
            boxes=BoxReader(self.models, recogniser, thresholds.characters),
            text=TextReader(recogniser, thresholds.text),
            thresholds=thresholds.characters,
            dates=thresholds.dates,
        )

    @cached_property
    def photos(self) -> PhotoGrader:
        """Grades the photo."""
        return PhotoGrader(self.models)
