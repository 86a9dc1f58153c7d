"""The figures in the README are those of the bench's last run, to the letter."""

import json
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY))

from benchmarks.readme_table import BEGIN, END, README, RESULTS, table  # noqa: E402


def test_the_readme_shows_the_last_bench() -> None:
    shown = README.read_text(encoding="utf-8").split(BEGIN, 1)[1].split(END, 1)[0].strip()
    assert shown == table(json.loads(RESULTS.read_text(encoding="utf-8"))).strip()
