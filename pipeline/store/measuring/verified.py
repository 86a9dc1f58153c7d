"""Readings that a person verified without seeing them: what a site can calibrate on.

Only values keyed blind count. A value that a person confirmed on the screen is not a check of the
machine: whoever sees a plausible value agrees with it, and the machine would be measured against
itself. Two kinds of blind keying are kept apart:

* ``sampled``: accepted values drawn at random and keyed again. They are a fair sample of what the
  machine accepts, so they bound its silent errors.
* ``keyed``: values that were not accepted and keyed on the route ``key``. They show how honest the
  stated confidence is further down, and say nothing of what is accepted.

A keying that agrees with the machine settles itself; one that differs counts as the third person
decided; one that ended unread does not count.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pipeline.domain.documents import DATE_FIELDS, PIN_FIELDS, FieldName
from pipeline.domain.findings import FindingCode
from pipeline.forms.catalogue import Catalogue
from pipeline.forms.definition import FormDefinition, ReaderKind
from pipeline.readers.text.text_thresholds import class_of
from pipeline.store.database import Database

_SITE = re.compile(r" site/\S+")
_QUESTION = """
select d.form, d.form_version, f.field, f.confidence, f.length, f.model_version, t.purpose,
  coalesce(a.result, t.result) in ('agreed', 'machine_right') as is_right,
  exists (select 1 from finding n where n.document_id = f.document_id and n.field = f.field
          and n.code = ?) as corrected
from task t
join field f on f.document_id = t.document_id and f.field = t.field
join document d on d.document_id = t.document_id
left join task a on a.parent_id = t.task_id and a.kind = 'adjudicate' and a.state = 'closed'
where t.kind = 'key' and t.state = 'closed'
  and coalesce(a.result, t.result) in ('agreed', 'machine_right', 'machine_wrong')
"""

FormOf = Callable[[str, str], FormDefinition | None]


@dataclass(slots=True)
class Verified:
    """The verified readings of one kind of field by one version of the models.

    Attributes:
        kind: As the risk curves name it: ``my_number``, ``digits``, ``date``, ``text_name`` ...
        model: Lineage of the readings, without the thresholds that a site made.
        sampled: Confidence and whether it was right, accepted values keyed as a sample.
        keyed: The same of values that were not accepted and keyed blind.
    """

    kind: str
    model: str
    sampled: list[tuple[float, bool]] = field(default_factory=list)
    keyed: list[tuple[float, bool]] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """For JSON. In order of confidence: nothing tells which document a pair is of."""
        return {
            "kind": self.kind,
            "model": self.model,
            "sampled": sorted([c, r] for c, r in self.sampled),
            "keyed": sorted([c, r] for c, r in self.keyed),
        }


def form_finder(catalogue: Catalogue) -> FormOf:
    """Finds definitions by name and version; a version that is gone is None."""
    known = {(form.name.value, form.version): form for form in catalogue.forms}
    return lambda name, version: known.get((name, version))


def verified_readings(database: Database, form_of: FormOf) -> list[Verified]:
    """All verified readings, by kind of field and version of the models.

    Args:
        database: The open store.
        form_of: The definition of a form by name and version, or None where it is not known.
    """
    found: dict[tuple[str, str], Verified] = {}
    rows = database.rows(_QUESTION, [FindingCode.MY_NUMBER_CHECK_DIGIT])
    for form, version, name, confidence, length, model, purpose, right, corrected in rows:
        definition = form_of(str(form), str(version)) if form else None
        kind = kind_of(definition, FieldName(name), corrected=bool(corrected))
        if kind is None:
            continue
        lineage = _SITE.sub("", str(model))
        one = found.setdefault((kind, lineage), Verified(kind, lineage))
        stated = float(confidence)
        if kind == "digits" and length:
            # Codes are held against the geometric mean of a character.
            stated = stated ** (1 / int(length))
        pair = (round(stated, 6), bool(right))
        (one.sampled if purpose == "sample" else one.keyed).append(pair)
    return [found[key] for key in sorted(found)]


def kind_of(form: FormDefinition | None, name: FieldName, *, corrected: bool = False) -> str | None:
    """The kind of a field, as the risk curves name it; None where there is no curve for it.

    Args:
        form: The form that the document is on.
        name: The field.
        corrected: The check digit changed a digit of it.
    """
    if form is None or name in PIN_FIELDS:
        return None
    zones = form.zones_of(name)
    if not zones:
        return None
    if name in DATE_FIELDS:
        boxed = any(zone.reader == ReaderKind.BOXES for zone in zones)
        return "date" if boxed else None
    if zones[0].reader == ReaderKind.TEXT:
        return f"text_{class_of(zones[0])}"
    if zones[0].reader != ReaderKind.BOXES:
        return None
    if name == FieldName.MY_NUMBER:
        return "my_number_corrected" if corrected else "my_number"
    return "digits"
