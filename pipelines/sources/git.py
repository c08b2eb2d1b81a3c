"""Git repositories as sources: a shallow clone of our own, or a checkout that is only read.

Files are read from a commit, never from a working tree, so a pull during a read changes nothing.
"""

import fcntl
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

from cs2.calendar import is_pause_over
from pipelines.sources.base import SourceError

NETWORK_SECONDS = 600.0
_BRANCH = "pulled"


def _git(folder: Path, *arguments: str, stdout: IO[bytes] | int = subprocess.PIPE) -> bytes:
    """Run ``git`` and return its output.

    Raises:
        SourceError: If git fails, times out or is not installed; with the last line that it printed.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment = {**inherited, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    command = ["git", "-C", str(folder), "-c", "gc.auto=0", *arguments]  # gc would continue in the background
    try:
        completed = subprocess.run(  # noqa: S603 - no shell, our own arguments
            command, env=environment, stdout=stdout, stderr=subprocess.PIPE, timeout=NETWORK_SECONDS, check=True
        )
    except FileNotFoundError as error:
        raise SourceError("the command git is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise SourceError(f"git {arguments[0]} timed out after {NETWORK_SECONDS:.0f} s") from error
    except subprocess.CalledProcessError as error:
        lines = error.stderr.decode(errors="replace").strip().splitlines() or [f"exit status {error.returncode}"]
        raise SourceError(f"git {arguments[0]}: {lines[-1]}") from error
    return completed.stdout or b""


class Checkout:
    """A repository that is updated outside of this program. Only its commits are read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def prepare(self) -> None:
        """Do nothing: the repository exists."""

    def pull(self) -> None:
        """Do nothing: the repository is updated elsewhere."""

    def head_commit(self) -> str:
        """Return the newest commit in the folder.

        Raises:
            SourceError: If the folder is not a repository, or has no commit.
        """
        if not self.folder.is_dir():
            raise SourceError(f"{self.folder}: this folder does not exist")
        return _git(self.folder, "rev-parse", "--verify", "HEAD").decode().strip()

    def list_folders(self, commit: str, folder: str) -> list[tuple[str, str]]:
        """Return path and content id of every folder below ``folder`` in ``commit``, by path.

        Equal ids mean equal content, in whatever commit.
        """
        listing = os.fsdecode(_git(self.folder, "ls-tree", "-d", "-r", "-z", commit, folder))
        entries = (entry.partition("\t") for entry in listing.split("\0") if entry)
        return sorted((path, facts.split()[-1]) for facts, _, path in entries)

    def read_files(self, commit: str, *folders: str) -> Iterator[tuple[str, str]]:
        """Return path and text of the Markdown files below some folders of ``commit``, by path.

        Raises:
            SourceError: If the commit has no such folder, or a file is not UTF-8.
        """
        with tempfile.TemporaryFile() as packed:
            _git(self.folder, "archive", "--format=tar", commit, *folders, stdout=packed.fileno())
            packed.seek(0)
            with tarfile.open(fileobj=packed) as archive:
                for member in archive:
                    content = archive.extractfile(member) if member.name.endswith(".md") else None
                    if content is None:
                        continue
                    try:
                        yield member.name, content.read().decode("utf-8-sig")
                    except UnicodeDecodeError as error:
                        raise SourceError(f"{member.name}: not UTF-8 ({error.reason})") from error


class Clone(Checkout):
    """A bare clone, one commit deep.

    Args:
        url: Address to clone.
        folder: Folder of the clone.
        pause_seconds: Pause between pulls, failed ones included.
    """

    def __init__(self, url: str, folder: Path, *, pause_seconds: float) -> None:
        super().__init__(folder)
        self.url = url
        self.pause_seconds = pause_seconds
        self._last_attempt = folder.with_name(f"{folder.name}.last-attempt")  # contains the problem, or nothing

    def prepare(self) -> None:
        """Clone the repository if there is no clone yet.

        Raises:
            SourceError: If cloning failed, now or within the pause.
        """
        if not (self.folder / "refs" / "heads" / _BRANCH).exists():
            self.pull()

    def pull(self) -> None:
        """Fetch the newest commit, where a pull is due.

        Raises:
            SourceError: If the last attempt failed, now or earlier. The commit pulled before stays readable.
        """
        with self._lock():
            if not self._is_due():
                problem = self._last_attempt.read_text()
            else:
                problem = self._fetch()
                self._last_attempt.write_text(problem)
        if problem:
            raise SourceError(problem)

    def _is_due(self) -> bool:
        if not self._last_attempt.exists():
            return True
        last_attempt = datetime.fromtimestamp(self._last_attempt.stat().st_mtime, UTC)
        return is_pause_over(last_attempt, timedelta(seconds=self.pause_seconds), now=datetime.now(UTC))

    def _fetch(self) -> str:
        """Fetch the newest commit. Return the problem, or an empty text."""
        for stale in self.folder.rglob("*.lock"):  # left by a killed git; ``_lock`` excludes a running one
            stale.unlink()
        url = Path(self.url).absolute().as_uri() if Path(self.url).is_dir() else self.url
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            _git(self.folder, "init", "--quiet", "--bare", f"--initial-branch={_BRANCH}")
            _git(self.folder, "fetch", "--quiet", "--depth=1", "--no-tags", url, f"+HEAD:refs/heads/{_BRANCH}")
        except SourceError as error:
            return f"{self.url} cannot be pulled: {error}"
        return ""

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """Exclude other processes: the sensor and a run may pull at the same time."""
        self._last_attempt.parent.mkdir(parents=True, exist_ok=True)
        with self.folder.with_name(f"{self.folder.name}.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
