"""What leaves the office: only what was accepted, once, readable by the recipient alone."""

from __future__ import annotations

import datetime as dt
import io
import json
import zipfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from examination_fixtures import (
    ADDRESS,
    NAME,
    NUMBER,
    accepted_application,
    arrival,
    flagged_number,
)
from store_actions import ANNA, decide, load, next_task

from pipeline.domain.documents import FieldName
from pipeline.domain.errors import DefectError, InputError
from pipeline.settings import Settings
from pipeline.store.arrivals import crops
from pipeline.store.auditing.audit import SYSTEM
from pipeline.store.auditing.incidents import Reach
from pipeline.store.duckdb_store import DuckDBStore
from pipeline.store.reviewing.decisions import Action
from pipeline.vault import Vault
from pipeline.vault.packages import manifest_of, unpack

RECIPIENT = X25519PrivateKey.generate()


def package_of(store: DuckDBStore, home: Path) -> bytes:
    made = store.handovers(Settings(home=home)).make(SYSTEM, RECIPIENT.public_key())
    assert made is not None
    return made.content


@pytest.fixture
def documents(store: DuckDBStore, vault: Vault, tmp_path: Path) -> list[str]:
    arrivals = [
        arrival(vault, "sure", accepted_application()),
        arrival(vault, "open", flagged_number()),
    ]
    load(store, "b", *arrivals)
    found = [a.documents[0].document_id for a in arrivals]
    crops.write(tmp_path / "crops", vault, found[0], FieldName.PHOTO, b"\xff\xd8\xffpicture")
    return found


def test_the_recipient_gets_what_was_accepted_and_nothing_else(
    store: DuckDBStore, documents: list[str], tmp_path: Path
) -> None:
    package = package_of(store, tmp_path)
    opened = unpack(package, RECIPIENT, store.vault.signing_key().public_key())
    (document,) = json.loads(opened.payload)["documents"]
    assert document["document_id"] == documents[0]
    assert document["fields"]["my_number"] == NUMBER
    assert document["fields"]["birth_date"] == "1990-05-10"
    assert list(document["pictures"]) == ["photo"]
    assert opened.manifest["documents"] == 1 and opened.manifest["pictures"] == 1
    # Once each: there is nothing more to hand over until another document is accepted.
    handovers = store.handovers(Settings(home=tmp_path))
    assert handovers.make(SYSTEM, RECIPIENT.public_key()) is None
    decide(store, ANNA, next_task(store, ANNA), Action.VALUE, "200000000018")
    while (task := store.queue.claim_next(ANNA, 10)) is not None:
        decide(store, ANNA, task, Action.ACCEPT if task.field is None else Action.VALUE, NAME)
    again = unpack(package_of(store, tmp_path), RECIPIENT)
    (second,) = json.loads(again.payload)["documents"]
    assert second["fields"]["my_number"] == "200000000018"


def test_nothing_personal_can_be_read_from_the_file(
    store: DuckDBStore, documents: list[str], tmp_path: Path
) -> None:
    package = package_of(store, tmp_path)
    for secret in (NUMBER, NAME, ADDRESS, "1990-05-10"):
        assert secret.encode() not in package
    assert NUMBER not in json.dumps(manifest_of(package))


def test_somebody_else_cannot_open_it(
    store: DuckDBStore, documents: list[str], tmp_path: Path
) -> None:
    with pytest.raises(InputError) as error:
        unpack(package_of(store, tmp_path), X25519PrivateKey.generate())
    assert error.value.code == "RECIPIENT_KEY"


@pytest.mark.parametrize("member", ["manifest.json", "payload", "signature"])
def test_an_altered_member_is_noticed(
    store: DuckDBStore, documents: list[str], tmp_path: Path, member: str
) -> None:
    original = zipfile.ZipFile(io.BytesIO(package_of(store, tmp_path)))
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as altered:
        for name in original.namelist():
            content = bytearray(original.read(name))
            if name == member:
                place = content.index(b'"documents": 1') + 13 if member == "manifest.json" else 20
                content[place] ^= 3
            altered.writestr(name, bytes(content))
    with pytest.raises(DefectError) as error:
        manifest_of(target.getvalue())
    assert error.value.code == "PACKAGE_ALTERED"


def test_a_package_of_another_installation_is_named(
    store: DuckDBStore, documents: list[str], tmp_path: Path
) -> None:
    other = Vault.create(tmp_path / "other").signing_key().public_key()
    with pytest.raises(DefectError) as error:
        manifest_of(package_of(store, tmp_path), other)
    assert error.value.code == "PACKAGE_SIGNER"


@pytest.mark.parametrize("content", [b"", b"PK", b"no package at all"])
def test_what_is_no_package_is_refused(content: bytes) -> None:
    with pytest.raises(InputError) as error:
        unpack(content, RECIPIENT)
    assert error.value.code == "PACKAGE_UNREADABLE"


def test_a_lost_package_is_made_again_with_the_same_documents(
    store: DuckDBStore, documents: list[str], tmp_path: Path
) -> None:
    first = manifest_of(package_of(store, tmp_path))
    handovers = store.handovers(Settings(home=tmp_path))
    made = handovers.make(SYSTEM, RECIPIENT.public_key(), again=first["package"])
    assert made is not None and manifest_of(made.content)["documents"] == 1
    assert handovers.make(SYSTEM, RECIPIENT.public_key(), again="0" * 16) is None


def test_an_incident_names_documents_and_kinds_and_no_value(
    store: DuckDBStore, documents: list[str]
) -> None:
    always = (dt.datetime(2000, 1, 1), dt.datetime(2100, 1, 1))
    found = store.affected(SYSTEM, Reach(*always))
    assert found["documents_affected"] == 2
    assert found["documents_by_kind"] == {"number": 2, "person": 2}
    text = json.dumps(found, ensure_ascii=False)
    assert not any(secret in text for secret in (NUMBER, NAME, ADDRESS, NUMBER[-4:]))
    store.audit.note(ANNA, "value.view", f"document:{documents[1]}", field="my_number")
    seen = store.affected(SYSTEM, Reach(*always, person="anna"))
    assert [d["document_id"] for d in seen["documents"]] == [documents[1]]
    assert store.affected(SYSTEM, Reach(*always, batch_id="none"))["documents"] == []
    asked = [r for r in store.audit.rows() if r.action == "export.incident"]
    assert len(asked) == 3
