"""The local file that holds events while Redis is away."""

import fcntl
import os
from pathlib import Path

import structlog

FILE = "spool.jsonl"

log = structlog.get_logger(__name__)


class FallbackFileError(Exception):
    """The file cannot take any more."""


class FallbackFile:
    """Events, one a line, in the order in which they were answered.

    A line is in the file before its answer leaves, so that it survives the death of the process; it is not forced to
    the disk, so that a power cut may take it. A process that dies while shipping ships everything again at its next
    start: the sink ignores what it has.
    """

    def __init__(self, folder: Path, *, max_bytes: int) -> None:
        """Open the file, and mend its last line where a death cut it off: that event was never answered.

        Raises:
            SpoolError: If the file cannot be opened, or another process has it.
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
        self._size = self._mended_size()

    @property
    def waiting_bytes(self) -> int:
        """Size of what is not shipped yet."""
        return self._size - self._shipped

    def append(self, events: list[bytes]) -> None:
        """Add events, all or none.

        Raises:
            SpoolError: If the bound is reached or the disk refuses.
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
        """The oldest events that are not shipped yet, about ``max_bytes`` of them, at least one."""
        wanted = max_bytes
        while True:
            chunk = os.pread(self._file, min(wanted, self.waiting_bytes), self._shipped)
            end = chunk.rfind(b"\n") + 1
            if end or not chunk:
                return chunk[:end].splitlines()
            wanted *= 2

    def find(self, text: bytes) -> bytes | None:
        """The oldest event that is not shipped yet and holds ``text``."""
        with self.path.open("rb") as file:
            file.seek(self._shipped)
            return next((line.rstrip(b"\n") for line in file if text in line), None)

    def mark_shipped(self, events: list[bytes]) -> None:
        """Forget the oldest events; the file is emptied when all are shipped."""
        self._shipped += sum(len(event) + 1 for event in events)
        if self.waiting_bytes == 0:
            os.ftruncate(self._file, 0)
            self._size = self._shipped = 0

    def close(self) -> None:
        """Give the file free; what waits in it stays."""
        os.close(self._file)

    def _mended_size(self) -> int:
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
            log.warning("spool_mended", path=str(self.path), bytes_cut=size - end)
            os.ftruncate(self._file, end)
        return end
