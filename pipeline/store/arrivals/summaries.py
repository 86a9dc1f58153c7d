"""What became of a batch, in counts and codes: for the table that a mailroom operator reads."""

from __future__ import annotations

import json
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pipeline.domain.documents import Route
from pipeline.domain.examinations import PageTally
from pipeline.domain.findings import FindingCode, Severity
from pipeline.store.arrivals.records import Arrival, Outcome

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
        files_by_channel: Files that came in, by channel.
        items_by_channel: What a person counts as documents, by channel: every document that is
            not an empty sheet, and every file that was not opened (quarantined, duplicate) as one.
        separators: Separator sheets among the pages.
        blank_backs: Empty pages that belong to the document before them.
        attached: Printed backs and further pages that belong to the document before them.
        unreconciled: Separators whose stated count is not what followed.
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
    files_by_channel: dict[str, int] = field(default_factory=dict)
    items_by_channel: dict[str, int] = field(default_factory=dict)
    separators: int = 0
    blank_backs: int = 0
    attached: int = 0
    unreconciled: int = 0

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
    batch_id: str,
    files_in: int,
    arrivals: Sequence[Arrival],
    seconds: float,
    tallies: Mapping[str, PageTally] | None = None,
) -> BatchSummary:
    """Count a batch; ``tallies`` says by scan what its pages came to."""
    told = [t for a in arrivals if (t := (tallies or {}).get(a.scan_id)) is not None]
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
        files_by_channel=dict(Counter(a.channel.value for a in arrivals)),
        items_by_channel=dict(
            sum((Counter({a.channel.value: _items(a)}) for a in arrivals), Counter[str]())
        ),
        separators=sum(t.separators for t in told),
        blank_backs=sum(t.blank_backs for t in told),
        attached=sum(t.attached for t in told),
        unreconciled=sum(t.unreconciled for t in told),
    )


def _items(arrival: Arrival) -> int:
    """What a person would have counted: see ``BatchSummary.items_by_channel``."""
    if arrival.outcome != Outcome.LOADED:
        return 1
    empty = FindingCode.PAGE_BLANK
    return sum(
        d.form is not None or all(f.code != empty for f in d.findings) for d in arrival.documents
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
