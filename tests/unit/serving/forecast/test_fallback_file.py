"""The fallback file stores events while Redis is down."""

import os
from pathlib import Path

import pytest

from serving.forecast.fallback_file import FallbackFile, FallbackFileError

EVENTS = [f'{{"event_id": "{number}"}}'.encode() for number in range(5)]


def test_events_are_read_in_order_and_shipped_once(tmp_path: Path) -> None:
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


def test_the_next_start_keeps_events_and_removes_a_partial_line(tmp_path: Path) -> None:
    fallback_file = FallbackFile(tmp_path, max_bytes=10_000)
    fallback_file.append(EVENTS)
    fallback_file.close()
    with fallback_file.path.open("ab") as file:
        file.write(b'{"event_id": "cut o')
    reopened = FallbackFile(tmp_path, max_bytes=10_000)
    assert reopened.read(10_000) == EVENTS
    reopened.append(EVENTS[:1])
    assert reopened.read(10_000) == [*EVENTS, EVENTS[0]]
    reopened.close()


def test_a_full_file_stores_all_of_a_group_or_nothing(tmp_path: Path) -> None:
    fallback_file = FallbackFile(tmp_path, max_bytes=2 * len(EVENTS[0]) + 2)
    with pytest.raises(FallbackFileError, match="bound"):
        fallback_file.append(EVENTS[:3])
    assert fallback_file.waiting_bytes == 0
    fallback_file.append(EVENTS[:2])
    assert fallback_file.read(10_000) == EVENTS[:2]
    fallback_file.close()


def test_a_full_disk_leaves_no_partial_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_two_processes_cannot_share_a_file(tmp_path: Path) -> None:
    fallback_file = FallbackFile(tmp_path, max_bytes=10_000)
    with pytest.raises(FallbackFileError, match="another running API"):
        FallbackFile(tmp_path, max_bytes=10_000)
    fallback_file.close()
    FallbackFile(tmp_path, max_bytes=10_000).close()
