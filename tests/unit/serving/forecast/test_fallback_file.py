"""The local file that holds events while Redis is away."""

import os
from pathlib import Path

import pytest

from serving.forecast.fallback_file import FallbackFile, FallbackFileError

EVENTS = [f'{{"event_id": "{number}"}}'.encode() for number in range(5)]


def test_what_is_appended_is_read_in_order_and_shipped_once(tmp_path: Path) -> None:
    fallback_file = FallbackFile(tmp_path, max_bytes=10_000)
    fallback_file.append(EVENTS[:3])
    fallback_file.append(EVENTS[3:])
    first = fallback_file.read(1)
    assert first == EVENTS[:1]
    fallback_file.mark_shipped(first)
    assert fallback_file.read(10_000) == EVENTS[1:]
    fallback_file.mark_shipped(EVENTS[1:])
    assert fallback_file.waiting_bytes == fallback_file.path.stat().st_size == 0
    fallback_file.close()


def test_the_next_start_finds_what_waited_and_cuts_off_a_half_written_line(tmp_path: Path) -> None:
    fallback_file = FallbackFile(tmp_path, max_bytes=10_000)
    fallback_file.append(EVENTS)
    fallback_file.close()
    with fallback_file.path.open("ab") as file:
        file.write(b'{"event_id": "cut o')
    again = FallbackFile(tmp_path, max_bytes=10_000)
    assert again.read(10_000) == EVENTS
    again.append(EVENTS[:1])
    assert again.read(10_000) == [*EVENTS, EVENTS[0]]
    again.close()


def test_at_its_bound_it_takes_all_of_a_group_or_nothing(tmp_path: Path) -> None:
    fallback_file = FallbackFile(tmp_path, max_bytes=2 * len(EVENTS[0]) + 2)
    with pytest.raises(FallbackFileError, match="bound"):
        fallback_file.append(EVENTS[:3])
    assert fallback_file.waiting_bytes == 0
    fallback_file.append(EVENTS[:2])
    assert fallback_file.read(10_000) == EVENTS[:2]
    fallback_file.close()


def test_a_full_disk_leaves_no_half_of_a_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fallback_file = FallbackFile(tmp_path, max_bytes=10_000)
    fallback_file.append(EVENTS[:1])
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[: len(EVENTS[1]) // 2]))
    with pytest.raises(FallbackFileError, match="cannot be written"):
        fallback_file.append(EVENTS[1:])
    monkeypatch.undo()
    fallback_file.append(EVENTS[1:2])
    assert fallback_file.read(10_000) == EVENTS[:2]
    fallback_file.close()


def test_two_processes_never_share_one_file(tmp_path: Path) -> None:
    fallback_file = FallbackFile(tmp_path, max_bytes=10_000)
    with pytest.raises(FallbackFileError, match="another running API"):
        FallbackFile(tmp_path, max_bytes=10_000)
    fallback_file.close()
    FallbackFile(tmp_path, max_bytes=10_000).close()
