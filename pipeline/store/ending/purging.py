"""The end of data: values, pictures and keys destroyed when their clock has run out.

Files go first, then rows and the record of it in one transaction, then the keys that nothing
needs any more. A kill in between leaves documents due, and the next run ends them. What stays is
the figures: documents, findings, decisions and times, without a value.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

import duckdb

from pipeline.domain.documents import PIN_FIELDS, FieldName, FormName
from pipeline.domain.errors import DefectError, PolicyError
from pipeline.domain.retention import RetentionRule, Start
from pipeline.settings import Settings
from pipeline.store.arrivals import open_tasks
from pipeline.store.auditing.audit import Actor, Audit
from pipeline.store.clock import JAPAN, utc_now
from pipeline.store.database import Database
from pipeline.store.ending.personal_files import PersonalFiles
from pipeline.vault import DataClass, Vault, class_of, period_of

DESTROYED = "destroyed"  # result of a task, outcome of a document, that ended before its decision
# A purge this long after the last recorded act asks whether the clock is right.
_QUIET_DAYS = 45
_UNLINKING_THREADS = 4
_TOLERANCE = dt.timedelta(minutes=5)
_SEALED_COLUMNS = (
    ("field", "value_sealed"),
    ("field", "characters_sealed"),
    ("field", "final_sealed"),
    ("decision", "value_sealed"),
    ("note", "text_sealed"),
)
_FIELDS = {c: tuple(f for f in FieldName if class_of(f) == c) for c in DataClass}


@dataclass(frozen=True, slots=True)
class ClassEnd:
    """What of one data class is due, or was destroyed.

    Attributes:
        held: Documents that are due and kept by a legal hold.
        undecided: Documents whose clock has not begun because nobody has decided them.
        stored_values: Sealed values and characters in rows.
        files: Sealed originals, crops and quarantined files; 0 in a dry run.
    """

    data_class: DataClass
    rule: str
    documents: int
    held: int
    undecided: int
    stored_values: int
    files: int


@dataclass(frozen=True, slots=True)
class PurgeReport:
    """A run of the purge; ``run_id`` is None for a dry run."""

    run_id: str | None
    today: dt.date
    classes: tuple[ClassEnd, ...]
    keys: tuple[tuple[DataClass, str], ...]

    def as_dict(self) -> dict[str, Any]:
        """The report as plain data: counts, rules, days."""
        return {
            "run": self.run_id,
            "today": self.today.isoformat(),
            "classes": [{**asdict(end), "data_class": str(end.data_class)} for end in self.classes],
            "keys": [{"data_class": str(c), "period": period} for c, period in self.keys],
        }


class Purging:
    """Destroys what is due."""

    def __init__(
        self,
        database: Database,
        audit: Audit,
        vault: Vault,
        files: PersonalFiles,
        rules: Mapping[DataClass, RetentionRule | None],
    ) -> None:
        """Take the rule of every class; None keeps a class."""
        self._database = database
        self._audit = audit
        self._vault = vault
        self._files = files
        self._rules = rules

    def run(
        self, actor: Actor, *, dry_run: bool = False, confirmed_day: dt.date | None = None
    ) -> PurgeReport:
        """Destroy what is due today, or with ``dry_run`` count it.

        Args:
            actor: Who asks for it.
            dry_run: Count only.
            confirmed_day: Today, said by a person, where the clock may be wrong.

        Raises:
            DefectError: ``CLOCK_SET_BACK``.
            PolicyError: ``CLOCK_NOT_CONFIRMED``.
        """
        today = self._vault.now().date()
        self._require_clock(today, confirmed_day)
        if dry_run:
            ends = tuple(self._count(c, r, today) for c, r in self._rules.items())
            return PurgeReport(None, today, ends, ())
        run_id = secrets.token_hex(8)
        done = tuple(self._end(run_id, actor, c, r, today) for c, r in self._rules.items())
        keys = self._end_keys(run_id, actor)
        return PurgeReport(run_id, today, done, keys)

    def _require_clock(self, today: dt.date, confirmed: dt.date | None) -> None:
        row = self._database.row("select max(happened_at) from audit")
        last: dt.datetime | None = row[0] if row else None
        now = self._vault.now().astimezone(dt.UTC).replace(tzinfo=None)
        if last is not None and now < last - _TOLERANCE:
            raise DefectError(
                "CLOCK_SET_BACK",
                ja="時計が、最後の記録より前に戻っています。何も廃棄しませんでした。",
                en="The clock is behind the last record. Nothing was destroyed.",
                remedy_ja="この機械の日付と時刻を正してから、やり直してください。",
                remedy_en="Put this machine's date and time right and try again.",
            )
        doubtful = last is not None and now - last > dt.timedelta(days=_QUIET_DAYS)
        if confirmed not in (None, today) or (doubtful and confirmed is None):
            raise PolicyError(
                "CLOCK_NOT_CONFIRMED",
                ja=f"この機械の日付は {today} です。正しいか確かめられません。",
                en=f"This machine's date is {today}. It could not be confirmed.",
                remedy_ja="正しければ --date に今日の日付を付けて実行してください。",
                remedy_en="If it is right, say today's date with --date.",
            )

    def _count(self, data_class: DataClass, rule: RetentionRule | None, today: dt.date) -> ClassEnd:
        if rule is None:
            return ClassEnd(data_class, "keep", 0, 0, 0, 0, 0)
        sql, parameters = _due(data_class, rule, today)
        row = self._database.row(
            f"select count(*) filter (not held), count(*) filter (held) from ({sql})", parameters
        )
        due, held = (int(row[0]), int(row[1])) if row else (0, 0)
        values = self._database.row(
            f"select {_counted(data_class)} from field where document_id in "
            f"(select document_id from ({sql}) where not held)",
            parameters,
        )
        notes = self._database.row(
            "select count(text_sealed) from note where document_id in "
            f"(select document_id from ({sql}) where not held)",
            parameters,
        )
        written = int(notes[0]) if notes and data_class == DataClass.TEXT else 0
        return ClassEnd(
            data_class,
            str(rule),
            due,
            held,
            self._undecided(data_class, rule),
            (int(values[0] or 0) if values else 0) + written,
            0,
        )

    def _undecided(self, data_class: DataClass, rule: RetentionRule) -> int:
        if rule.start == Start.RECEIVED:
            return 0
        row = self._database.row(
            f"select count(*) from document where decided_at is null and {_holds(data_class)}"
        )
        return int(row[0]) if row else 0

    def _end(
        self,
        run_id: str,
        actor: Actor,
        data_class: DataClass,
        rule: RetentionRule | None,
        today: dt.date,
    ) -> ClassEnd:
        counted = self._count(data_class, rule, today)
        if rule is None:
            return counted
        sql, parameters = _due(data_class, rule, today)
        due = self._database.rows(
            f"select document_id, scan_id from ({sql}) where not held", parameters
        )
        files = self._remove_files(data_class, rule, today, [(d, s) for d, s in due])
        if not due and not files:
            return counted
        with self._database.writing() as cursor:
            cursor.execute(
                f"insert into ended select document_id, ?, ? from ({sql}) where not held",
                [data_class, run_id, *parameters],
            )
            _empty_rows(cursor, run_id, data_class)
            _close_tasks(cursor, run_id, data_class)
            cursor.execute(
                "insert into destruction select ?, ?, ?, ?, ?, count(*), ?, ?, "
                "min(d.received_at), max(d.received_at) from ended e "
                "join document d using (document_id) where e.run_id = ? and e.data_class = ?",
                [
                    run_id, utc_now(), actor.user_id, data_class, str(rule),
                    counted.stored_values, files, run_id, data_class,
                ],
            )  # fmt: skip
            self._audit.append(
                cursor, actor, "purge", f"run:{run_id}", detail=f"{data_class}:{len(due)}"
            )
        return ClassEnd(
            data_class,
            str(rule),
            len(due),
            counted.held,
            counted.undecided,
            counted.stored_values,
            files,
        )

    def _remove_files(
        self,
        data_class: DataClass,
        rule: RetentionRule,
        today: dt.date,
        due: list[tuple[str, str]],
    ) -> int:
        if data_class not in (DataClass.IMAGE, DataClass.PIN):
            return 0
        pins = data_class == DataClass.PIN
        # Unlinking waits for the disk, so some threads wait side by side.
        with ThreadPoolExecutor(_UNLINKING_THREADS) as threads:
            removed = sum(
                threads.map(
                    lambda document: self._files.remove_crops(document, pins=pins, others=not pins),
                    [document for document, _ in due],
                )
            )
        # An original goes when no document of its scan may still be looked at; one that shows
        # PINs goes with them.
        scans = {scan for _, scan in due}
        if not pins and scans:
            kept = self._database.rows(
                "select distinct scan_id from document d where not exists (select 1 from ended e "
                "where e.document_id = d.document_id and e.data_class = 'image') "
                "and not list_contains(?::varchar[], d.document_id) "
                "and list_contains(?::varchar[], d.scan_id)",
                [[document for document, _ in due], list(scans)],
            )
            scans -= {row[0] for row in kept}
        removed += sum(self._files.remove_original(scan) for scan in sorted(scans))
        if not pins:
            before = _utc_midnight(rule.cutoff(today)).isoformat(timespec="seconds")
            removed += sum(
                self._files.remove_quarantined(scan)
                for scan in self._files.expired_quarantine(before)
            )
        return removed

    def _end_keys(self, run_id: str, actor: Actor) -> tuple[tuple[DataClass, str], ...]:
        """Destroy the keys of ended periods that no row, file or unfinished batch needs."""
        now = self._vault.now()
        pending = min(
            (f"{name[2:6]}-{name[6:8]}-{name[8:10]}" for name in self._unfinished()), default="9"
        )
        candidates = {
            number: key
            for number, key in self._vault.data_keys().items()
            if key.month < period_of(key.data_class, now)
            and key.month < pending[: len(key.month)]
            and self._rules.get(key.data_class) is not None
        }
        if not candidates:
            return ()
        used = self._files.keys_in_use() | self._keys_in_rows()
        doomed = sorted(set(candidates) - used)
        gone = self._vault.destroy_keys(doomed)
        with self._database.writing() as cursor:
            for number, key in zip(doomed, gone, strict=True):
                cursor.execute(
                    "insert into destroyed_key values (?, ?, ?, ?)",
                    [run_id, number, key.data_class, key.month],
                )
                self._audit.append(
                    cursor, actor, "key.destroy", f"key:{number}",
                    detail=f"{key.data_class}:{key.month}",
                )  # fmt: skip
        return tuple((key.data_class, key.month) for key in gone)

    def _unfinished(self) -> list[str]:
        """Batch folders whose load is not noted: their names say the day they were claimed."""
        work = self._files.work
        if not work.is_dir():
            return []
        loaded = {row[0] for row in self._database.rows("select batch_id from batch")}
        return [p.name for p in work.glob("b-????????-*") if p.name not in loaded]

    def _keys_in_rows(self) -> set[int]:
        used: set[int] = set()
        for table, column in _SEALED_COLUMNS:
            rows = self._database.rows(
                f"select distinct {column}[2:5] from {table} where {column} is not null"
            )
            used |= {int.from_bytes(bytes(row[0]), "big") for row in rows}
        return used


def _utc_midnight(day: dt.date) -> dt.datetime:
    """The beginning of a day in Japan, as the store keeps times."""
    local = dt.datetime.combine(day, dt.time(), JAPAN)
    return local.astimezone(dt.UTC).replace(tzinfo=None)


def _holds(data_class: DataClass) -> str:
    """Which documents hold the class at all (SQL)."""
    return f"form = '{FormName.REPLY_FORM}'" if data_class == DataClass.PIN else "true"


def _due(data_class: DataClass, rule: RetentionRule, today: dt.date) -> tuple[str, list[object]]:
    """SQL of the documents whose clock of a class has run out: document_id, scan_id, held."""
    began = "received_at" if rule.start == Start.RECEIVED else "decided_at"
    # Nobody here needs a PIN that was handed over, whatever the clock says.
    early = "or handed_over_at is not null" if data_class == DataClass.PIN else ""
    sql = f"""
        select d.document_id, d.scan_id, exists (
            select 1 from legal_hold h
            where h.document_id = d.document_id and h.lifted_at is null) as held
        from document d
        where (d.{began} < ? {early}) and {_holds(data_class)}
          and not exists (
            select 1 from ended e where e.document_id = d.document_id and e.data_class = ?)
    """
    return sql, [_utc_midnight(rule.cutoff(today)), data_class.value]


def _names(fields: tuple[FieldName, ...]) -> str:
    return ", ".join(f"'{f}'" for f in fields) or "''"


def _counted(data_class: DataClass) -> str:
    if data_class == DataClass.IMAGE:
        return "0"
    if data_class == DataClass.TEXT:
        return f"count(characters_sealed) filter (field not in ({_names(tuple(PIN_FIELDS))}))"
    wanted = f"field in ({_names(_FIELDS[data_class])})"
    counted = f"count(value_sealed) filter ({wanted}) + count(final_sealed) filter ({wanted})"
    if data_class == DataClass.PIN:
        counted += f" + count(characters_sealed) filter ({wanted})"
    return counted


def _empty_rows(cursor: duckdb.DuckDBPyConnection, run_id: str, data_class: DataClass) -> None:
    """Take everything of a class out of the rows of the documents that a run ends."""
    ended = "(select document_id from ended where run_id = ? and data_class = ?)"
    which: list[object] = [run_id, data_class.value]
    pins = _names(tuple(PIN_FIELDS))
    if data_class == DataClass.IMAGE:
        cursor.execute(
            f"update field set has_crop = false where field not in ({pins}) "
            f"and document_id in {ended}",
            which,
        )
        return
    if data_class == DataClass.TEXT:
        cursor.execute(
            f"update field set characters_sealed = null where field not in ({pins}) "
            f"and document_id in {ended}",
            which,
        )
        # Without its characters a task is none for a carpet.
        cursor.execute(
            f"update open_task set for_carpet = false where document_id in {ended}", which
        )
        # None can follow: `Notes.add` refuses a note where the class has ended.
        cursor.execute(f"update note set text_sealed = null where document_id in {ended}", which)
        return
    names = _names(_FIELDS[data_class])
    more = ", characters_sealed = null, has_crop = false" if data_class == DataClass.PIN else ""
    cursor.execute(
        f"update field set value_sealed = null, final_sealed = null, masked = null{more} "
        f"where field in ({names}) and document_id in {ended}",
        which,
    )
    cursor.execute(
        f"update decision set value_sealed = null where field in ({names}) "
        f"and document_id in {ended}",
        which,
    )
    cursor.execute(
        f"delete from blind_mark where field in ({names}) and document_id in {ended}", which
    )
    cursor.execute(
        f"delete from sheet_mark where field in ({names}) and document_id in {ended}", which
    )


def _close_tasks(cursor: duckdb.DuckDBPyConnection, run_id: str, data_class: DataClass) -> None:
    """Close the open work on what is no longer there; a document without work is over."""
    ended = "(select document_id from ended where run_id = ? and data_class = ?)"
    which: list[object] = [run_id, data_class.value]
    names = _names(_FIELDS[data_class])
    about = "true" if data_class == DataClass.IMAGE else f"field in ({names})"
    open_tasks.close(cursor, f"{about} and document_id in {ended}", which, DESTROYED, utc_now())
    cursor.execute(
        f"update document set outcome = '{DESTROYED}', decided_at = ?, ver = ver + 1 "
        f"where decided_at is null and document_id in {ended} and not exists ("
        "select 1 from open_task t where t.document_id = document.document_id)",
        [utc_now(), *which],
    )


def rules_of(settings: Settings) -> dict[DataClass, RetentionRule | None]:
    """The clock of every class, as the settings say."""
    return {
        DataClass.PIN: RetentionRule.parse(settings.retention_pin),
        DataClass.IMAGE: RetentionRule.parse(settings.retention_image),
        DataClass.TEXT: RetentionRule.parse(settings.retention_text),
        DataClass.NUMBER: RetentionRule.parse(settings.retention_number),
        DataClass.PERSON: RetentionRule.parse(settings.retention_person),
    }
