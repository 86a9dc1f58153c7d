"""``python -m pipeline.desk.learn_blank FOLDER``: learn a blank from standard input.

A process of its own, so that a strange file can end it and not the desk, and its memory goes with
it. What it proposes is written into the folder; an error is one JSON line on standard output.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipeline.domain.documents import FormName
from pipeline.domain.errors import DefectError, InputError, UketsukeError
from pipeline.forms.catalogue import Catalogue
from pipeline.forms.definition import FormDefinition
from pipeline.forms.loading import load_definition
from pipeline.settings import Settings

LIMIT_S = 600
"""About half a minute on a free core; the cores may be busy with batches."""

_NAMES = ("definition.yaml", "blank.png", "notes.json")


@dataclass(frozen=True, slots=True)
class Learned:
    """What was proposed: a form, the picture of its blank, and what is doubtful."""

    form: FormDefinition
    blank_png: bytes
    notes: tuple[dict[str, Any], ...]


def learn_blank(
    settings: Settings, content: bytes, name: FormName | None, version: str | None
) -> Learned:
    """Learn a form in a process of its own.

    Raises:
        InputError: As ``learning.learn``; ``LEARN_FAILED``.
        DefectError: Where something of ours is missing.
    """
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=settings.home, prefix=".learning-") as folder:
        command = [sys.executable, "-m", "pipeline.desk.learn_blank", folder]
        command += ["--models", str(settings.models), "--cache", str(settings.cache)]
        command += ["--name", name] if name else []
        command += ["--version", version] if version else []
        command += ["--forms", str(settings.site_forms)] if settings.site_forms else []
        try:
            done = subprocess.run(
                command,
                input=content,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # whatever a library prints there
                timeout=LIMIT_S,
                env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise _failed() from None
        if done.returncode != 0:
            raise _told(done.stdout)
        definition, blank, notes = (Path(folder) / one for one in _NAMES)
        return Learned(
            load_definition(definition), blank.read_bytes(), tuple(json.loads(notes.read_bytes()))
        )


def _told(line: bytes) -> UketsukeError:
    try:
        told = json.loads(line)
        kind = DefectError if told.pop("defect") else InputError
        return kind(told.pop("code"), **told)
    except (ValueError, KeyError, TypeError):
        return _failed()


def _failed() -> InputError:
    return InputError(
        "LEARN_FAILED",
        ja="この用紙から様式を作れませんでした。",
        en="No form could be learned from this sheet.",
        remedy_ja="白紙の様式の PDF か、300 dpi のカラースキャンで試してください。",
        remedy_en="Try the PDF of the blank, or a colour scan of it at 300 dpi.",
    )


def main() -> int:
    """Learn what comes on standard input."""
    import cv2

    from pipeline.forms.writing import definition_yaml
    from pipeline.learning.learning import learn
    from pipeline.model_store import ModelStore
    from pipeline.readers.paddle_engine import PaddleRecogniser

    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--forms", type=Path)
    parser.add_argument("--name", type=FormName)
    parser.add_argument("--version")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    try:
        proposal = learn(
            sys.stdin.buffer.read(),
            name=given.name,
            version=given.version,
            recogniser=PaddleRecogniser(ModelStore(given.models), given.cache),
            known=Catalogue.load(given.forms).forms,
        )
    except UketsukeError as error:
        told = {
            "defect": isinstance(error, DefectError),
            "code": error.code,
            "ja": error.ja,
            "en": error.en,
            "remedy_ja": error.remedy_ja,
            "remedy_en": error.remedy_en,
        }
        print(json.dumps(told))
        return error.exit_code
    definition, blank, notes = (given.folder / one for one in _NAMES)
    blank.write_bytes(cv2.imencode(".png", proposal.blank)[1].tobytes())
    form = replace(proposal.definition, blank=blank)
    definition.write_text(definition_yaml(form), encoding="utf-8")
    doubts = [
        {"ja": d.ja, "en": d.en, "box": d.box.as_list() if d.box else None} for d in proposal.doubts
    ]
    notes.write_text(json.dumps(doubts), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
