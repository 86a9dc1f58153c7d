"""Settings of an installation, from ``UKETSUKE_*`` environment variables and defaults."""

from __future__ import annotations

import os
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from pipeline.domain.documents import Channel
from pipeline.domain.errors import InputError
from pipeline.domain.retention import RetentionRule
from pipeline.domain.roles import Role

REPOSITORY = Path(__file__).resolve().parent.parent


class ReplyFormByMail(StrEnum):
    """What to do with a reply form that came by mail."""

    REFUSE = "refuse"
    READ = "read"


class Settings(BaseSettings):
    """Every choice an office can make. The home folder holds all that the system writes."""

    model_config = SettingsConfigDict(env_prefix="UKETSUKE_", frozen=True)

    home: Path = Field(default=REPOSITORY / "var", description="all that the system writes")
    models: Path = Field(default=REPOSITORY / "models", description="manifest and weights")
    forms: Path | None = Field(default=None, description="the site's own form definitions")
    default_channel: Channel = Channel.MAIL
    reply_form_by_mail: ReplyFormByMail = ReplyFormByMail.REFUSE
    workers: int = Field(default=0, ge=0, description="examination workers; 0 = one per core")
    settle_seconds: float = Field(default=5.0, ge=0, description="age a file needs to be claimed")
    batch_limit: int = Field(default=500, ge=1, le=2000)
    max_file_mib: int = Field(default=200, ge=1)
    max_pages: int = Field(default=400, ge=1)
    max_megapixels: int = Field(default=120, ge=1, description="per page, before decoding")
    longest_page_mm: float = Field(default=312.0, ge=297, description="longer: a double feed?")
    silent_errors_per_million: int = Field(default=370, ge=1)
    train_on_my_numbers: bool = Field(
        default=False, description="uketsuke train may learn from cells of My Numbers"
    )
    desk_host: str = "127.0.0.1"
    desk_port: int = 8765
    directory_url: str | None = Field(default=None, description="ldaps://server, or ldap:// (TLS)")
    directory_ca: Path | None = Field(default=None, description="authority of its certificate, PEM")
    directory_bind_dn: str | None = Field(default=None, description="who looks people up")
    directory_bind_password_file: Path | None = None
    directory_people: str | None = Field(default=None, description="where people stand in the tree")
    directory_person_filter: str = "(sAMAccountName={name})"
    directory_group_filter: str = "(member={dn})"
    directory_roles: dict[Role, str] = Field(default={}, description="role: its group in the tree")
    directory_timeout_seconds: int = Field(default=5, ge=1, le=30)
    dagster_port: int = 8766
    office_name: str | None = Field(default=None, max_length=40, description="sender of letters")
    office_address: str | None = Field(default=None, max_length=60)
    office_phone: str | None = Field(default=None, max_length=20)
    blind_sample_rate: float = Field(default=0.02, ge=0, le=1)
    sla_hours: float = Field(default=72.0, gt=0, description="promise: receipt to decision")
    lease_minutes: int = Field(default=10, ge=1)
    idle_minutes: int = Field(default=30, ge=1)
    retention_pin: str = Field(default="14 days after received", description="PINs, at the latest")
    retention_image: str = Field(default="3 months after decided", description="scans, crops")
    retention_text: str = Field(default="3 months after decided", description="characters as read")
    retention_number: str = Field(default="1 fiscal_years after decided")
    retention_person: str = Field(default="1 fiscal_years after decided")

    purge_daily: bool = Field(default=False, description="serve purges every night")

    @field_validator(
        "retention_pin",
        "retention_image",
        "retention_text",
        "retention_number",
        "retention_person",
    )
    @classmethod
    def _is_a_rule(cls, text: str) -> str:
        RetentionRule.parse(text)
        return text

    @property
    def inbox(self) -> Path:
        """Where scans are dropped: ``mail/``, ``counter/`` or directly."""
        return self.home / "inbox"

    @property
    def work(self) -> Path:
        """Claimed batches, a folder each."""
        return self.home / "work"

    @property
    def batches(self) -> Path:
        """What became of every batch, a small file each: counts and codes, nothing personal."""
        return self.home / "batches"

    @property
    def logs(self) -> Path:
        """What the processes print; no value that was read."""
        return self.home / "logs"

    @property
    def quarantine(self) -> Path:
        """Sealed files that could not be opened or recognised."""
        return self.home / "quarantine"

    @property
    def originals(self) -> Path:
        """Sealed originals, addressed by a keyed identifier of their content."""
        return self.home / "originals"

    @property
    def crops(self) -> Path:
        """Sealed crops of zones for review."""
        return self.home / "crops"

    @property
    def keys(self) -> Path:
        """Master key, keyring and service token; apart from the data, mode 0700."""
        return self.home / "keys"

    @property
    def database(self) -> Path:
        """The encrypted DuckDB file; only the desk opens it."""
        return self.home / "store" / "uketsuke.duckdb"

    @property
    def audit_seals(self) -> Path:
        """Daily seals on the audit, apart from the database: copy them to another machine."""
        return self.home / "audit"

    @property
    def published(self) -> Path:
        """Masked snapshots for analysts."""
        return self.home / "published"

    @property
    def dagster_home(self) -> Path:
        """Dagster's own storage: identifiers only."""
        return self.home / "dagster"

    @property
    def site_forms(self) -> Path | None:
        """The folder of the site's own form definitions in use: as set, else the home's own."""
        if self.forms is not None:
            return self.forms
        own = self.home / "forms"
        return own if own.is_dir() else None

    @property
    def cache(self) -> Path:
        """Things that can be made again: blank forms drawn, models unpacked. Nothing personal."""
        return self.home / "cache"

    @property
    def worker_count(self) -> int:
        """Examination workers to start."""
        return self.workers or max(1, os.cpu_count() or 1)


@lru_cache(maxsize=1)
def current() -> Settings:
    """The settings of this process.

    Raises:
        InputError: ``SETTING_WRONG``, naming the variable.
    """
    try:
        return Settings()
    except ValidationError as error:
        fields = {str(e["loc"][0]) for e in error.errors() if e["loc"]}
        raise _wrong(fields) from None
    except SettingsError as error:  # what should be JSON and is not
        raise _wrong({f for f in Settings.model_fields if f'"{f}"' in str(error)}) from None


def _wrong(fields: set[str]) -> InputError:
    names = ", ".join(sorted(f"UKETSUKE_{field.upper()}" for field in fields))
    return InputError(
        "SETTING_WRONG",
        ja=f"設定の値が正しくありません: {names}",
        en=f"A setting has a value that cannot be used: {names}",
        remedy_ja="docs/cli.md の「設定」にある形に直してください。",
        remedy_en="Put it right; docs/cli.md says what each may be.",
    )
