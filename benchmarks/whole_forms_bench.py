"""The whole examination on composed forms with real ink: what is accepted, and what slips through.

A *silent error* is a field that the machine would take without a person although it is wrong.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.composed_forms import composed_forms
from benchmarks.intervals import Rate, expected_calibration_error
from pipeline.domain.documents import FieldName
from pipeline.domain.readings import Reading
from pipeline.examine.document import examine_page
from pipeline.examine.engine import Engine
from pipeline.samples.truth import DocumentTruth
from pipeline.settings import Settings

DEFAULT_FORMS = 300
FULL_FORMS = 2000
SEED = 20_261_123
# Presence is judged by finding codes, not by a value.
WITHOUT_VALUE = frozenset(
    {FieldName.PHOTO, FieldName.SIGNATURE, FieldName.APPLICANT_SEAL, FieldName.QR}
)


@dataclass(slots=True)
class _Tally:
    right: int = 0
    accepted: int = 0
    silent: int = 0
    n: int = 0
    confidence: list[float] = field(default_factory=list)
    correct: list[bool] = field(default_factory=list)

    def add(self, reading: Reading, right: bool) -> None:
        self.n += 1
        self.right += right
        self.accepted += reading.accepted
        self.silent += reading.accepted and not right
        self.confidence.append(reading.confidence)
        self.correct.append(right)

    def as_dict(self) -> dict[str, Any]:
        ece = expected_calibration_error(np.array(self.confidence), np.array(self.correct))
        return {
            "right": Rate(self.right, self.n).as_dict(),
            "accepted": Rate(self.accepted, self.n).as_dict(),
            "silent_errors": Rate(self.silent, self.accepted).as_dict(),
            "calibration_error": round(ece, 4),
        }


def run(full: bool, count: int | None = None) -> dict[str, Any]:
    """Examine composed forms and compare with the truth.

    Args:
        full: The larger number of forms.
        count: Another number of forms.
    """
    engine = Engine(Settings())
    fields: dict[str, _Tally] = defaultdict(_Tally)
    routes: Counter[str] = Counter()
    expected_found: Counter[bool] = Counter()
    missing: list[dict[str, Any]] = []
    form_right = n = 0
    residuals: list[float] = []
    stages: dict[str, list[float]] = defaultdict(list)
    started = time.perf_counter()
    spent = 0.0
    for page, truth in composed_forms(count or (FULL_FORMS if full else DEFAULT_FORMS), SEED):
        begin = time.perf_counter()
        document = examine_page(engine, page, truth.channel, name="composed")
        spent += time.perf_counter() - begin
        examination = document.examination
        n += 1
        form_right += examination.form == truth.form and bool(examination.readings)
        routes[examination.route.value] += 1
        if examination.registration is not None:
            residuals.append(examination.registration.residual_px)
        for stage, ms in document.stage_ms.items():
            stages[stage].append(ms)
        codes = {f.code.value for f in examination.findings}
        for code in truth.expected_findings:
            expected_found[code in codes] += 1
        missing.extend(
            _named(n, code, truth) for code in truth.expected_findings if code not in codes
        )
        for reading in examination.readings:
            _compare(reading, truth, fields)
    return {
        "forms": n,
        "seed": SEED,
        "form_right": Rate(form_right, n).as_dict(),
        "residual_px_median": float(np.median(residuals)) if residuals else None,
        "expected_findings_given": Rate(expected_found[True], expected_found.total()).as_dict(),
        "expected_findings_missing": missing,
        "routes": dict(routes),
        "fields": {name: tally.as_dict() for name, tally in sorted(fields.items())},
        "stage_ms_median": {s: round(float(np.median(v)), 1) for s, v in stages.items()},
        "pages_per_s_one_process": round(n / spent, 3) if spent else None,
        "seconds": round(time.perf_counter() - started, 1),
    }


def _named(number: int, code: str, truth: DocumentTruth) -> dict[str, Any]:
    """A finding that was not given: where to look for its cause, and nothing that was written."""
    return {
        "page": number,
        "form": None if truth.form is None else truth.form.value,
        "code": code,
        "cases": list(truth.conditions.get("cases", ())),
    }


def _compare(reading: Reading, truth: DocumentTruth, fields: dict[str, _Tally]) -> None:
    wanted = truth.fields.get(reading.field.value)
    if wanted is None or reading.field in WITHOUT_VALUE or reading.value is None:
        return
    fields[reading.field.value].add(reading, _same(reading.value, wanted))


def _same(read: str, wanted: str) -> bool:
    # Spaces between family and given name are no part of a value; glyph variants are kept apart.
    return "".join(read.split()) == "".join(wanted.split())


def lines(result: dict[str, Any]) -> list[str]:
    """The result as lines for a person."""
    out = [
        f"forms {result['forms']}, form right {_rate(result['form_right'])}, "
        f"median residual {result['residual_px_median']:.2f} px, "
        f"expected findings given {_rate(result['expected_findings_given'])}",
        *(
            f"not given: {m['code']} on page {m['page']} ({m['form']}, {', '.join(m['cases'])})"
            for m in result.get("expected_findings_missing", ())
        ),
        f"{'field':32}{'right':>30}{'accepted':>12}{'silent':>10}{'ECE':>8}",
    ]
    for name, figures in result["fields"].items():
        silent = figures["silent_errors"]
        out.append(
            f"{name:32}{_rate(figures['right']):>30}"
            f"{100 * (figures['accepted']['value'] or 0):>10.1f} %"
            f"{silent['k']:>5}/{silent['n']:<4}{figures['calibration_error']:>8.3f}"
        )
    return out


def _rate(rate: dict[str, Any]) -> str:
    return str(Rate(rate["k"], rate["n"]))


if __name__ == "__main__":
    import sys

    for line in lines(run(full=False, count=int(sys.argv[1]) if len(sys.argv) > 1 else None)):
        print(line)
