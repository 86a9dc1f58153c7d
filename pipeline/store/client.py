"""How Dagster reaches the desk: over HTTP on this machine, with the service token."""

from __future__ import annotations

import json
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

from pipeline.domain.errors import DefectError, InputError
from pipeline.settings import Settings
from pipeline.vault import read_service_token

ADDRESS_FILE = "desk.json"
ARROW_TYPE = "application/vnd.apache.arrow.stream"
_TIMEOUT_S = 120.0


def desk_address(settings: Settings) -> str:
    """Where the desk of this installation listens.

    Raises:
        InputError: ``DESK_NOT_RUNNING`` where it never wrote its address or has stopped.
    """
    path: Path = settings.home / ADDRESS_FILE
    try:
        return str(json.loads(path.read_text())["url"])
    except (OSError, ValueError, KeyError):
        raise not_running() from None


def not_running() -> InputError:
    """The error for a desk that does not answer."""
    return InputError(
        "DESK_NOT_RUNNING",
        ja="受付デスクが動いていません。",
        en="The desk is not running.",
        remedy_ja="`make serve` で起動してください。",
        remedy_en="Start it with `make serve`.",
    )


class DeskClient:
    """A connection to the desk's service end-points."""

    def __init__(self, base_url: str, token: str) -> None:
        self._client = httpx.Client(
            base_url=base_url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=_TIMEOUT_S,
            trust_env=False,  # no proxy: the desk is on this machine
        )

    @classmethod
    def of(cls, settings: Settings) -> DeskClient:
        """The client of an installation, by the desk's address file and the service token."""
        return cls(desk_address(settings), read_service_token(settings.keys))

    def __enter__(self) -> DeskClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def health(self) -> bool:
        """Whether the desk answers and its store is open."""
        try:
            return self._client.get("/health", timeout=5.0).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    def post_batch(self, batch_id: str, content: bytes) -> dict[str, Any]:
        """Send an Arrow batch; sending it again changes nothing.

        Returns:
            ``batch_id, repeated, arrivals, documents, kept, tasks``.

        Raises:
            InputError: ``DESK_NOT_RUNNING``, or what the desk found wrong with the batch.
            DefectError: ``DESK_FAILED``.
        """
        return self._post(f"/ingest/{batch_id}", content, ARROW_TYPE)

    def publish(self) -> dict[str, Any]:
        """Ask for a new masked snapshot; returns rows by table.

        Raises:
            InputError: ``DESK_NOT_RUNNING``.
            DefectError: ``DESK_FAILED``.
        """
        return self._post("/service/publish", b"", ARROW_TYPE)

    def purge(self, *, dry_run: bool, confirmed_day: str | None) -> dict[str, Any]:
        """Destroy what is due, or count it; see ``PurgeReport``.

        Raises:
            InputError: ``DESK_NOT_RUNNING``.
            DefectError: ``DESK_FAILED``, ``CLOCK_SET_BACK``.
        """
        asked = {"dry_run": dry_run, "confirmed_day": confirmed_day}
        return self._post("/service/purge", json.dumps(asked).encode(), "application/json")

    def holds(self) -> list[dict[str, Any]]:
        """Every legal hold, the standing ones first.

        Raises:
            InputError: ``DESK_NOT_RUNNING``.
            DefectError: ``DESK_FAILED``.
        """
        found: list[dict[str, Any]] = self._send("GET", "/service/holds")["holds"]
        return found

    def hold(self, document_id: str, reason: str | None) -> bool:
        """Set a hold, or lift it where ``reason`` is None; returns whether anything changed.

        Raises:
            InputError: ``DESK_NOT_RUNNING``, ``DOCUMENT_UNKNOWN``, ``HOLD_REASON``.
            DefectError: ``DESK_FAILED``.
        """
        asked = json.dumps({"document_id": document_id, "reason": reason}).encode()
        return bool(self._post("/service/holds", asked, "application/json")["changed"])

    def verify_audit(self, exported: list[dict[str, Any]]) -> dict[str, Any]:
        """Check the audit against its seals and those given: ``rows, seals, faults``.

        Raises:
            InputError: ``DESK_NOT_RUNNING``.
            DefectError: ``DESK_FAILED``.
        """
        content = json.dumps(exported).encode()
        return self._post("/service/audit/verify", content, "application/json")

    def audit_seal(self) -> dict[str, Any]:
        """Seal the audit as it stands.

        Raises:
            InputError: ``DESK_NOT_RUNNING``.
            DefectError: ``DESK_FAILED``.
        """
        return self._post("/service/audit/seal", b"", "application/json")

    def audit_report(self, days: int) -> dict[str, Any]:
        """Access by person, unusual days, exports and deletions.

        Raises:
            InputError: ``DESK_NOT_RUNNING``.
            DefectError: ``DESK_FAILED``.
        """
        return self._send("GET", f"/service/audit/report?days={days}")

    def hand_over(self, recipient_pem: str, limit: int, again: str | None) -> dict[str, Any]:
        """Pack what is ready: ``package, documents, by_form, content`` (base64).

        Raises:
            InputError: ``DESK_NOT_RUNNING``, ``RECIPIENT_KEY``.
            DefectError: ``DESK_FAILED``.
        """
        asked = {"recipient_pem": recipient_pem, "limit": limit, "again": again}
        return self._post("/service/handover", json.dumps(asked).encode(), "application/json")

    def incident(
        self, since: str, until: str, person: str | None, batch_id: str | None
    ) -> dict[str, Any]:
        """What an incident touched: identifiers and kinds, no value.

        Raises:
            InputError: ``DESK_NOT_RUNNING``.
            DefectError: ``DESK_FAILED``.
        """
        asked = {"since": since, "until": until, "person": person, "batch_id": batch_id}
        return self._post("/service/incident", json.dumps(asked).encode(), "application/json")

    def totals(self) -> dict[str, Any]:
        """Counts over everything in the store.

        Raises:
            InputError: ``DESK_NOT_RUNNING``.
            DefectError: ``DESK_FAILED``.
        """
        return self._send("GET", "/service/totals")

    def batch(self, batch_id: str) -> dict[str, Any]:
        """One batch's figures: arrivals, loaded, duplicate, quarantined, routes, reasons.

        Raises:
            InputError: ``DESK_NOT_RUNNING``, ``BATCH_UNKNOWN``.
            DefectError: ``DESK_FAILED``.
        """
        return self._send("GET", f"/service/batches/{batch_id}")

    def add_user(self, name: str, role: str, *, by_directory: bool = False) -> dict[str, Any]:
        """Add an account; returns its name, role and one-time password, if it has one.

        Raises:
            InputError: ``DESK_NOT_RUNNING``, ``USER_EXISTS``, ``USER_NAME``.
            DefectError: ``DESK_FAILED``.
        """
        new = {"name": name, "role": role, "by_directory": by_directory}
        return self._post("/service/users", json.dumps(new).encode(), "application/json")

    def change_user(self, change: str, name: str, role: str | None = None) -> dict[str, Any]:
        """``disable``, ``enable``, ``reset`` or ``role`` of an account; a reset has a password.

        Raises:
            InputError: ``DESK_NOT_RUNNING``, ``USER_UNKNOWN``, ``ACCOUNT_LAST_ADMINISTRATOR``.
            DefectError: ``DESK_FAILED``.
        """
        content = json.dumps({"name": name, "role": role}).encode()
        return self._post(f"/service/users/{change}", content, "application/json")

    def users(self) -> list[dict[str, Any]]:
        """All accounts: name, role, state.

        Raises:
            InputError: ``DESK_NOT_RUNNING``.
            DefectError: ``DESK_FAILED``.
        """
        found: list[dict[str, Any]] = self._send("GET", "/service/users")["users"]
        return found

    def quarantined(self) -> list[dict[str, Any]]:
        """Files in quarantine that wait.

        Raises:
            InputError: ``DESK_NOT_RUNNING``.
            DefectError: ``DESK_FAILED``.
        """
        found: list[dict[str, Any]] = self._send("GET", "/service/quarantine")["files"]
        return found

    def end_quarantine(self, what: str, file: str, reason: str | None = None) -> dict[str, Any]:
        """``release`` or ``discard`` a file in quarantine.

        Raises:
            InputError: ``DESK_NOT_RUNNING``, ``NOT_FOUND``, ``QUARANTINE_GONE``.
            PolicyError: ``QUARANTINE_SENT``, ``QUARANTINE_LOADED``, ``DROP_WAITS``.
            DefectError: ``DESK_FAILED``.
        """
        content = json.dumps({"file": file, "reason": reason}).encode()
        return self._post(f"/service/quarantine/{what}", content, "application/json")

    def verified_readings(self) -> list[dict[str, Any]]:
        """Confidence and right or wrong of readings keyed blind, by kind of field; no value.

        Raises:
            InputError: ``DESK_NOT_RUNNING``.
            DefectError: ``DESK_FAILED``.
        """
        found: list[dict[str, Any]] = self._send("GET", "/service/verified-readings")["verified"]
        return found

    def _post(self, path: str, content: bytes, kind: str) -> dict[str, Any]:
        return self._send("POST", path, content=content, headers={"Content-Type": kind})

    def _send(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        try:
            answer = self._client.request(method, path, **more)
        except httpx.HTTPError:
            raise not_running() from None
        if answer.is_success:
            found: dict[str, Any] = answer.json()
            return found
        raise _error_of(answer)


def _error_of(answer: httpx.Response) -> InputError | DefectError:
    try:
        told = answer.json()
        kind = InputError if answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR else DefectError
        return kind(
            str(told["code"]),
            ja=str(told["ja"]),
            en=str(told["en"]),
            remedy_ja=str(told.get("remedy_ja", "")),
            remedy_en=str(told.get("remedy_en", "")),
        )
    except (ValueError, KeyError, TypeError):
        return DefectError(
            "DESK_FAILED",
            ja=f"受付デスクが {answer.status_code} を返しました。",
            en=f"The desk answered {answer.status_code}.",
        )
