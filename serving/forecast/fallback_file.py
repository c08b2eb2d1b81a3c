"""Local file that stores events while Redis is down."""

import fcntl
import os
from pathlib import Path

import structlog

FILE = "spool.jsonl"
"""The name since the first release: an upgrade ships the events that the old version left in it."""

log = structlog.get_logger(__name__)


class FallbackFileError(Exception):
    """The file cannot be opened or written, or has reached its maximum size."""


class FallbackFile:
    """Events, one a line, in the order of their forecasts.

    A line is written before its answer is sent, so it survives a crash of the process. It is not flushed to the disk,
    so a power cut may lose it. A process that crashes while it ships sends everything again at its next start: the
    sink ignores duplicates.
    """

    def __init__(self, folder: Path, *, max_bytes: int) -> None:
        """Open the file. Remove a last line that a crash cut off: its forecast was never answered.

        Raises:
            FallbackFileError: If the file cannot be opened, or another process uses it.
        """
        self.path = folder / FILE
        self._max_bytes = max_bytes
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as error:
            raise FallbackFileError(f"{self.path} cannot be opened: {error}") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._file)
            message = f"{self.path} belongs to another running API; give each its own CS2_DATA_DIR"
            raise FallbackFileError(message) from error
        self._shipped = 0
        self._size = self._repair()

    @property
    def waiting_bytes(self) -> int:
        """Size of the events that are not shipped yet."""
        return self._size - self._shipped

    def append(self, events: list[bytes]) -> None:
        """Add events, all or none.

        Raises:
            FallbackFileError: If the file would exceed its maximum size, or the write fails.
        """
        lines = b"".join(event + b"\n" for event in events)
        if self._size + len(lines) > self._max_bytes:
            raise FallbackFileError(f"{self.path} has reached its bound of {self._max_bytes} bytes")
        try:
            written = os.write(self._file, lines)
            if written != len(lines):
                raise OSError(f"only {written} of {len(lines)} bytes were written")
        except OSError as error:
            os.ftruncate(self._file, self._size)
            raise FallbackFileError(f"{self.path} cannot be written: {error}") from error
        self._size += len(lines)

    def read(self, max_bytes: int) -> list[bytes]:
        """Return the oldest events that are not shipped yet: about ``max_bytes`` of them, at least one."""
        size = max_bytes
        while True:
            chunk = os.pread(self._file, min(size, self.waiting_bytes), self._shipped)
            end = chunk.rfind(b"\n") + 1
            if end or not chunk:
                return chunk[:end].splitlines()
            size *= 2

    def find(self, text: bytes) -> bytes | None:
        """Return the oldest event that is not shipped yet and contains ``text``."""
        with self.path.open("rb") as file:
            file.seek(self._shipped)
            return next((line.rstrip(b"\n") for line in file if text in line), None)

    def mark_shipped(self, events: list[bytes]) -> None:
        """Skip the oldest events from now on. Empty the file once all are shipped."""
        self._shipped += sum(len(event) + 1 for event in events)
        if self.waiting_bytes == 0:
            os.ftruncate(self._file, 0)
            self._size = self._shipped = 0

    def close(self) -> None:
        """Close the file and its lock. Its events stay."""
        os.close(self._file)

    def _repair(self) -> int:
        """Remove an incomplete last line; return the size of the file."""
        size = os.fstat(self._file).st_size
        step, end = 64 * 1024, size
        while end > 0:
            start = max(0, end - step)
            newline = os.pread(self._file, end - start, start).rfind(b"\n")
            if newline >= 0:
                end = start + newline + 1
                break
            end = start
        if end < size:
            log.warning("fallback_file_repaired", path=str(self.path), bytes_removed=size - end)
            os.ftruncate(self._file, end)
        return end
