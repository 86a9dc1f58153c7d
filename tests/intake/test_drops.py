"""Files sent from a browser: whole or not at all, together, not mixed with a counted batch."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from pipeline.domain.documents import Channel
from pipeline.domain.errors import DefectError, InputError, PolicyError
from pipeline.intake import expectations
from pipeline.intake.batches import claim_batch
from pipeline.intake.drops import Drop, Drops
from pipeline.intake.expectations import expectations_of
from pipeline.intake.inbox import settled_files
from pipeline.settings import Settings

PDF = b"%PDF-1.7 sample"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", settle_seconds=0.0, max_file_mib=1)


def receive(drops: Drops, drop: Drop, *chunks: bytes) -> Drop:
    receiver = drops.receive(drop)
    try:
        for chunk in chunks:
            receiver.write(chunk)
        receiver.finish()
    finally:
        receiver.close()
    return drops.get(drop.drop_id)


def seen(settings: Settings) -> int:
    return len(settled_files(settings.inbox, settle_s=0, default_channel=Channel.MAIL))


def test_nothing_is_seen_before_it_is_handed_over_and_then_all_of_it(settings: Settings) -> None:
    drops = Drops(settings)
    drop = drops.begin("maren", Channel.COUNTER)
    for n in range(3):
        drop = receive(drops, drop, PDF, bytes([n]))
    assert (drop.files, seen(settings), claim_batch(settings)) == (3, 0, None)
    assert drops.hand_over(drop) == 3
    found = settled_files(settings.inbox, settle_s=0, default_channel=Channel.MAIL)
    assert {f.channel for f in found} == {Channel.COUNTER}
    assert [f.path.read_bytes()[-1] for f in found] == [0, 1, 2]
    assert drops.open() == ()
    assert claim_batch(settings) is not None


@pytest.mark.parametrize(
    ("chunks", "code"),
    [((), "FILE_EMPTY"), ((b"hello",), "FILE_TYPE_UNKNOWN"), ((b"x" * 5000,), "FILE_TYPE_UNKNOWN"),
     ((PDF, b"y" * (1 << 20), b"z"), "FILE_TOO_LARGE")],
)  # fmt: skip
def test_what_can_be_no_scan_is_refused_and_leaves_nothing(
    settings: Settings, chunks: tuple[bytes, ...], code: str
) -> None:
    drops = Drops(settings)
    drop = drops.begin("maren", Channel.MAIL)
    with pytest.raises(InputError) as refused:
        receive(drops, drop, *chunks)
    assert refused.value.code == code
    assert [p.name for p in (settings.inbox / ".drops" / drop.drop_id).iterdir()] == ["drop.json"]
    with pytest.raises(InputError) as empty:
        drops.hand_over(drop)
    assert empty.value.code == "DROP_EMPTY"


def test_a_connection_that_breaks_leaves_no_half_a_file(settings: Settings) -> None:
    drops = Drops(settings)
    drop = drops.begin("maren", Channel.MAIL)
    receiver = drops.receive(drop)
    receiver.write(PDF)
    receiver.close()
    assert drops.get(drop.drop_id).files == 0
    killed = drops.receive(drop)
    killed.write(PDF)
    Drops(settings).clear_partial()  # the desk starts again after it was killed
    assert [p.name for p in (settings.inbox / ".drops" / drop.drop_id).iterdir()] == ["drop.json"]
    killed.close()


def test_a_full_disk_is_said_in_words(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "no space")

    drops = Drops(settings)
    drop = drops.begin("maren", Channel.MAIL)
    monkeypatch.setattr("pipeline.intake.drops.os.fsync", full)
    with pytest.raises(DefectError) as refused:
        receive(drops, drop, PDF)
    assert refused.value.code == "DISK_FULL"
    assert drops.get(drop.drop_id).files == 0


def test_a_count_goes_with_its_files_into_a_batch_of_their_own(settings: Settings) -> None:
    drops = Drops(settings)
    first = receive(drops, drops.begin("maren", Channel.MAIL), PDF, b"1")
    counted = receive(drops, drops.begin("maren", Channel.MAIL, 5), PDF, b"2")
    later = receive(drops, drops.begin("maren", Channel.MAIL), PDF, b"3")
    drops.hand_over(first)
    with pytest.raises(PolicyError) as waits:
        drops.hand_over(counted)  # would be claimed with the first
    assert waits.value.code == "DROP_WAITS"
    assert claim_batch(settings) is not None
    drops.hand_over(counted)
    with pytest.raises(PolicyError):
        drops.hand_over(later)
    batch = claim_batch(settings)
    assert batch is not None
    assert [e.number for e in expectations_of(settings, batch)] == [5]
    drops.hand_over(later)
    last = claim_batch(settings)
    assert last is not None and expectations_of(settings, last) == ()


def test_a_count_that_somebody_put_there_is_not_mixed_with(settings: Settings) -> None:
    expectations.expect(settings, 9)
    drops = Drops(settings)
    drop = receive(drops, drops.begin("maren", Channel.MAIL), PDF)
    with pytest.raises(PolicyError):
        drops.hand_over(drop)
    drops.discard(drop)
    assert (drops.open(), seen(settings)) == ((), 0)


@pytest.mark.parametrize("drop_id", ["", "..", "0" * 16, "../../keys", "A" * 16])
def test_an_unknown_drop_is_not_found(settings: Settings, drop_id: str) -> None:
    with pytest.raises(InputError) as refused:
        Drops(settings).get(drop_id)
    assert refused.value.code == "NOT_FOUND"


def test_a_new_scan_of_one_paper_is_one_file(settings: Settings) -> None:
    drops = Drops(settings)
    drop = receive(drops, drops.begin("maren", Channel.MAIL, target="b:1"), PDF)
    with pytest.raises(InputError) as refused:
        drops.receive(drop)
    assert refused.value.code == "DROP_FULL"
