"""What became of a batch, in counts and codes: for the table that a mailroom operator reads."""

from __future__ import annotations

import json
import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pipeline.domain.documents import Route
from pipeline.domain.findings import Severity
from pipeline.store.records import Arrival, Outcome

MOST_EXAMPLES = 8
_WEIGHT = {Severity.REFUSE: 0, Severity.RETURN: 1, Severity.REVIEW: 2, Severity.INFO: 3}


@dataclass(frozen=True, slots=True)
class FindingExample:
    """A finding to show: codes and places, no value. ``document`` is the document's identifier."""

    document: str
    page: int
    form: str | None
    route: str
    code: str
    severity: str
    field: str | None
    position: int | None


@dataclass(frozen=True, slots=True)
class BatchSummary:
    """What became of one batch.

    Attributes:
        files_in: Files claimed for the batch, counted at the claim.
        loaded: Files whose documents were loaded.
        routes: Documents by route.
        reasons: Quarantined files by the code of the reason.
        findings: Findings by code.
        seconds: From the start of the examination to its end.
    """

    batch_id: str
    files_in: int
    loaded: int
    duplicates: int
    quarantined: int
    documents: int
    pages: int
    seconds: float
    routes: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    findings: dict[str, int] = field(default_factory=dict)
    examples: tuple[FindingExample, ...] = ()

    @property
    def files_out(self) -> int:
        """Files that left, one way or another."""
        return self.loaded + self.duplicates + self.quarantined

    @property
    def balanced(self) -> bool:
        """Whether every file that came in left."""
        return self.files_in == self.files_out

    def route(self, route: Route) -> int:
        """How many documents went that way."""
        return self.routes.get(route.value, 0)


def summarise(
    batch_id: str, files_in: int, arrivals: Sequence[Arrival], seconds: float
) -> BatchSummary:
    """Count a batch."""
    documents = [d for a in arrivals for d in a.documents]
    outcomes = Counter(a.outcome for a in arrivals)
    return BatchSummary(
        batch_id=batch_id,
        files_in=files_in,
        loaded=outcomes[Outcome.LOADED],
        duplicates=outcomes[Outcome.DUPLICATE],
        quarantined=outcomes[Outcome.QUARANTINED],
        documents=len(documents),
        pages=sum(a.pages for a in arrivals),
        seconds=round(seconds, 1),
        routes=dict(Counter(d.route.value for d in documents)),
        reasons=dict(Counter(a.reason for a in arrivals if a.reason)),
        findings=dict(Counter(f.code.value for d in documents for f in d.findings).most_common()),
        examples=_examples(arrivals),
    )


def _examples(arrivals: Sequence[Arrival]) -> tuple[FindingExample, ...]:
    """One finding of each code, the gravest first, each from another document where it can be."""
    found = sorted(
        ((_WEIGHT[f.severity], f, d) for a in arrivals for d in a.documents for f in d.findings),
        key=lambda one: one[0],
    )
    examples: list[FindingExample] = []
    codes: set[str] = set()
    documents: set[str] = set()
    for fresh_only in (True, False):
        for _, finding, document in found:
            if len(examples) == MOST_EXAMPLES:
                break
            seen = document.document_id in documents
            if finding.code.value in codes or (fresh_only and seen):
                continue
            codes.add(finding.code.value)
            documents.add(document.document_id)
            examples.append(
                FindingExample(
                    document=document.document_id,
                    page=document.page,
                    form=document.form.value if document.form else None,
                    route=document.route.value,
                    code=finding.code.value,
                    severity=finding.severity.value,
                    field=finding.field.value if finding.field else None,
                    position=finding.position,
                )
            )
    return tuple(examples)


def write(folder: Path, summary: BatchSummary) -> None:
    """Keep a batch's summary; writing again replaces it whole."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = folder / f".{summary.batch_id}.{secrets.token_hex(4)}"
    temporary.write_text(json.dumps(asdict(summary), indent=1))
    temporary.replace(folder / f"{summary.batch_id}.json")


def read(folder: Path, batch_id: str) -> BatchSummary | None:
    """A batch's summary, or None while there is none."""
    try:
        content = json.loads((folder / f"{batch_id}.json").read_text())
    except FileNotFoundError:
        return None
    examples = tuple(FindingExample(**one) for one in content.pop("examples"))
    return BatchSummary(**content, examples=examples)
