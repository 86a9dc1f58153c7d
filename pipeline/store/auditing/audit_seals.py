"""Seals on the audit: how far it went, day by day, kept outside the database.

The chain shows whether a row was changed or taken out of its middle. It cannot show that its end
was cut off. A seal says "row N has mark M"; it stands in a file of its own, carries a keyed mark
that covers the seal before it, and can be exported: whoever keeps an exported seal can prove
later that nothing up to that day has gone, even against somebody who owns this machine.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import time
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from pipeline.domain.errors import InputError
from pipeline.store.auditing.audit import Audit
from pipeline.store.clock import in_japan, utc_now
from pipeline.vault import Vault
from pipeline.vault.private_files import make_folder, write_private

_BEGINNING = "0" * 32
_RENEW_S = 60.0


@dataclass(frozen=True, slots=True)
class AuditSeal:
    """How far the audit had come on a day (Japan).

    Attributes:
        seq: Number of the newest row then.
        mark: Its mark.
        previous: The seal of the day before that has one.
        seal: Keyed mark over all of this.
    """

    day: str
    sealed_at: str
    seq: int
    mark: str
    previous: str
    seal: str


class SealFault(StrEnum):
    """What can be wrong with a seal, or with the audit under it."""

    SEAL_ALTERED = "seal_altered"
    SEAL_REMOVED = "seal_removed"  # a later seal names one that is not there
    TAIL_CUT = "tail_cut"  # the audit ends before the row that a seal names
    ROW_REPLACED = "row_replaced"  # the row is there with another mark
    CHAIN_BROKEN = "chain_broken"


@dataclass(frozen=True, slots=True)
class AuditVerification:
    """What a verification found; sound where there is no fault."""

    rows: int
    seals: int
    faults: tuple[tuple[SealFault, str], ...]


class AuditSeals:
    """Makes and checks the seals of one audit."""

    def __init__(self, folder: Path, audit: Audit, vault: Vault) -> None:
        self._folder = folder
        self._audit = audit
        self._marker = vault.marker("audit-seal")
        self._renewed_at = -math.inf

    def keep_up(self) -> None:
        """Renew today's seal if that was not done in the last minute: after every transaction."""
        if time.monotonic() - self._renewed_at > _RENEW_S:
            self.renew()

    def renew(self) -> AuditSeal:
        """Seal today as far as the audit has come; the file of a day is replaced as it grows."""
        self._renewed_at = time.monotonic()
        now = utc_now()
        day = in_japan(now).date().isoformat()
        seq, mark = self._audit.head()
        kept = self._kept()
        today = next((s for s in kept if s.day == day), None)
        if today is not None and today.seq >= seq:
            # Nothing new; or rows were cut off, and the seal that shows it must stay.
            return today
        before = [s for s in kept if s.day < day]
        previous = before[-1].seal if before else _BEGINNING
        facts = AuditSeal(day, f"{now.isoformat(timespec='seconds')}Z", seq, mark, previous, "")
        made = AuditSeal(**{**asdict(facts), "seal": self._seal_of(facts)})
        make_folder(self._folder)
        write_private(self._folder / f"{day}.json", json.dumps(asdict(made)).encode())
        return made

    def newest(self) -> AuditSeal | None:
        """The newest seal, or None before the first."""
        kept = self._kept()
        return kept[-1] if kept else None

    def verify(self, exported: tuple[AuditSeal, ...] = ()) -> AuditVerification:
        """Check the chain, every seal on disk, and seals that were exported earlier."""
        faults: list[tuple[SealFault, str]] = []
        broken = self._audit.first_broken()
        if broken is not None:
            faults.append((SealFault.CHAIN_BROKEN, f"row {broken}"))
        kept = self._kept()
        previous = _BEGINNING
        for seal in kept:
            if seal.previous != previous:
                faults.append((SealFault.SEAL_REMOVED, f"before {seal.day}"))
            faults += self._faults_of(seal)
            previous = seal.seal
        for seal in exported:
            faults += self._faults_of(seal)
        return AuditVerification(self._audit.head()[0], len(kept) + len(exported), tuple(faults))

    def _faults_of(self, seal: AuditSeal) -> list[tuple[SealFault, str]]:
        if seal.seal != self._seal_of(seal):
            return [(SealFault.SEAL_ALTERED, seal.day)]
        if seal.seq == 0:
            return []
        mark = self._audit.mark_of(seal.seq)
        if mark is None:
            return [(SealFault.TAIL_CUT, f"{seal.day}, row {seal.seq}")]
        return [] if mark == seal.mark else [(SealFault.ROW_REPLACED, f"row {seal.seq}")]

    def _seal_of(self, seal: AuditSeal) -> str:
        facts = (seal.day, seal.sealed_at, str(seal.seq), seal.mark, seal.previous)
        return self._marker("\x1f".join(facts).encode())

    def _kept(self) -> list[AuditSeal]:
        if not self._folder.is_dir():
            return []
        return [read_seal(path) for path in sorted(self._folder.glob("????-??-??.json"))]


def read_seal(path: Path) -> AuditSeal:
    """A seal as it was written or exported.

    Raises:
        InputError: ``SEAL_FILE`` where the file is not there or is no seal.
    """
    try:
        facts = json.loads(path.read_bytes())
        seal = AuditSeal(**facts)
        dt.date.fromisoformat(seal.day)
        if not isinstance(seal.seq, int) or not all(
            isinstance(v, str) for n, v in facts.items() if n != "seq"
        ):
            raise TypeError
    except (OSError, ValueError, TypeError):
        raise InputError(
            "SEAL_FILE",
            ja=f"「{path.name}」は監査記録の封印として読めません。",
            en=f"'{path.name}' cannot be read as a seal of the audit.",
            remedy_ja="`uketsuke audit seal --out` で書き出したファイルを指定してください。",
            remedy_en="Name a file that `uketsuke audit seal --out` wrote.",
        ) from None
    return seal
