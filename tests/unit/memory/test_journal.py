from __future__ import annotations

import asyncio
import logging
import os
import random
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.memory.journal import SUFFIX, Frames, Journal, frames, orphans


def all_frames(path: Path, most: int = 1 << 20) -> tuple[list[bytes], int]:
    """Every record of a file and how many bytes were none, read in pieces of `most` bytes."""
    records: list[bytes] = []
    damaged = place = 0
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        while place < size:
            found = frames(file.fileno(), place, size, most)
            assert found.end > place, "reading goes on"
            records += found.records
            damaged += found.damaged
            place = found.end
    return records, damaged


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path)


def test_what_is_appended_is_read_again_in_order(journal: Journal) -> None:
    for number in range(100):
        journal.append(b"%d" % number)
    assert journal.read(0, 1 << 20) == Frames([b"%d" % number for number in range(100)], journal.size, 0)
    assert all_frames(journal.path, most=64) == ([b"%d" % number for number in range(100)], 0)


def test_a_record_larger_than_a_piece_is_read_whole(journal: Journal) -> None:
    journal.append(b"a" * 5000)
    journal.append(b"b")
    assert journal.read(0, 100).records == [b"a" * 5000]
    assert all_frames(journal.path, most=100) == ([b"a" * 5000, b"b"], 0)


@given(cut=st.integers(min_value=1, max_value=60))
def test_a_torn_end_costs_only_the_torn_record(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    journal = Journal(tmp_path_factory.mktemp("torn"))
    for number in range(5):
        journal.append(b"record %d" % number * 5)
    os.truncate(journal.path, journal.size - cut)
    records, _ = all_frames(journal.path, most=32)
    whole = (journal.size - cut) // (journal.size // 5)
    assert records == [b"record %d" % number * 5 for number in range(whole)]


@given(place=st.integers(min_value=0, max_value=249), byte=st.integers(min_value=0, max_value=255))
def test_a_damaged_byte_costs_one_record(tmp_path_factory: pytest.TempPathFactory, place: int, byte: int) -> None:
    journal = Journal(tmp_path_factory.mktemp("damaged"))
    written = [bytes([number]) * 40 for number in range(5)]
    for each in written:
        journal.append(each)
    data = bytearray(journal.path.read_bytes())
    changed = data[place] != byte
    data[place] = byte
    journal.path.write_bytes(data)
    records, damaged = all_frames(journal.path)
    assert [each for each in written if each not in records] == ([written[place // 50]] if changed else [])
    assert bool(damaged) == changed


def test_any_bytes_are_passed_over(tmp_path: Path) -> None:
    rubbish = random.Random(1)
    for number in range(200):
        path = tmp_path / "rubbish"
        path.write_bytes(rubbish.randbytes(number) + b"\xca\x1c" * (number % 7))
        assert all_frames(path, most=16)[0] == []


def test_a_living_journal_is_nobody_elses(journal: Journal, tmp_path: Path) -> None:
    journal.append(b"mine")
    assert list(orphans(tmp_path)) == []
    journal.close()
    ((path, descriptor),) = orphans(tmp_path)
    assert path == journal.path
    assert list(orphans(tmp_path)) == [], "the finder holds it now"
    os.close(descriptor)


SCANNING = """
import os, sys
from pathlib import Path
from cds.memory.journal import orphans

print("scanning", flush=True)
while True:
    for path, descriptor in orphans(Path(sys.argv[1])):
        path.unlink(missing_ok=True)
        os.close(descriptor)
"""


@pytest.mark.slow
def test_a_journal_that_is_being_opened_is_not_taken_for_one_left_behind(tmp_path: Path) -> None:
    scanning = subprocess.Popen([sys.executable, "-c", SCANNING, str(tmp_path)], stdout=subprocess.PIPE)
    try:
        assert scanning.stdout is not None
        scanning.stdout.readline()
        for _ in range(300):
            journal = Journal(tmp_path)
            journal.append(b"mine")
            assert journal.path.exists()
            journal.renew()
            assert journal.path.exists()
            journal.close()
        assert scanning.poll() is None
    finally:
        scanning.kill()
        scanning.communicate()


def test_a_new_file_begins_empty_and_the_old_one_is_gone(journal: Journal, tmp_path: Path) -> None:
    journal.append(b"old")
    journal.renew()
    journal.append(b"new")
    assert journal.read(0, 100).records == [b"new"]
    assert list(tmp_path.glob(f"*{SUFFIX}")) == [journal.path]


def test_where_no_new_file_can_be_had_the_old_one_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    journal = Journal(folder)
    journal.append(b"before")
    folder.rename(tmp_path / "elsewhere")
    with pytest.raises(FileNotFoundError):
        journal.renew()
    journal.append(b"after")
    assert journal.read(0, 100).records == [b"before", b"after"]


def test_an_empty_journal_leaves_no_file(journal: Journal, tmp_path: Path) -> None:
    journal.close()
    assert list(tmp_path.iterdir()) == []


def test_only_the_owner_reads_it(journal: Journal) -> None:
    assert journal.path.stat().st_mode & 0o777 == 0o600


def test_it_can_be_flushed_while_it_is_renewed(journal: Journal) -> None:
    async def both() -> None:
        for _ in range(50):
            journal.append(b"x" * 1000)
            flushing = asyncio.create_task(journal.flush())
            await asyncio.sleep(0)
            journal.renew()
            await flushing

    asyncio.run(both())


DISK_FULL = """
import resource, signal, sys
from pathlib import Path
from cds.memory.journal import Journal

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
journal = Journal(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
for number in range(100):
    journal.append(b"record %02d" % number * 5)
print(journal.waiting, journal.size)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
journal.append(b"record 99" * 5)
print(journal.waiting, journal.lost, flush=True)
journal.close()
"""


def test_a_full_disk_loses_nothing_that_finds_room_later(tmp_path: Path) -> None:
    """The limit is real: the system refuses to write, in the middle of a record."""
    done = subprocess.run([sys.executable, "-c", DISK_FULL, str(tmp_path)], capture_output=True, text=True, check=True)
    first, second = done.stdout.splitlines()
    waiting, size = map(int, first.split())
    assert waiting > 50
    assert size < 1000
    assert second == "0 0"
    assert done.stderr.count("the journal cannot be written") == 1, "once per trouble, not once per record"
    (path,) = tmp_path.glob(f"*{SUFFIX}")
    expected = [b"record %02d" % number * 5 for number in range(100)]
    assert all_frames(path) == ([*expected, b"record 99" * 5], 0)


def test_what_finds_no_room_at_all_is_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    journal = Journal(tmp_path)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        with caplog.at_level(logging.CRITICAL):
            for number in range(10_005):
                journal.append(b"%d" % number)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert (journal.lost, journal.waiting) == (5, 10_000)
    journal.retry()
    assert journal.read(0, 1 << 20).records == [b"%d" % number for number in range(5, 10_005)]


KILLED = """
import sys
from pathlib import Path
from cds.memory.journal import Journal

journal = Journal(Path(sys.argv[1]))
number = 0
while True:
    journal.append(b"%d" % number)
    print(number, flush=True)
    number += 1
"""


@pytest.mark.slow
def test_a_killed_process_loses_nothing(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    for _ in range(500):
        process.stdout.readline()
    process.kill()
    said = process.communicate()[0].splitlines()
    ((path, descriptor),) = orphans(tmp_path)
    os.close(descriptor)
    records, damaged = all_frames(path)
    assert damaged == 0
    assert records[: 500 + len(said)] == [b"%d" % number for number in range(500 + len(said))]
