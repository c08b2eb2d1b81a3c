"""A public git repository as a source: cloned without its past, pulled now and then, read by commit.

Files are read from the commit, never from a working tree: a pull in the middle of a read changes nothing.
"""

import fcntl
import os
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from pipelines.sources.base import SourceError

NETWORK_SECONDS = 600.0
_BRANCH = "pulled"


def _git(folder: Path, *words: str, stdout: IO[bytes] | int = subprocess.PIPE) -> bytes:
    """What ``git`` prints.

    Raises:
        SourceError: If it fails, hangs or is not installed; with its own last line.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment = {**kept, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    command = ["git", "-C", str(folder), "-c", "gc.auto=0", *words]  # nothing that runs on behind our back
    try:
        done = subprocess.run(  # noqa: S603 - no shell, words of our own making
            command, env=environment, stdout=stdout, stderr=subprocess.PIPE, timeout=NETWORK_SECONDS, check=True
        )
    except FileNotFoundError as error:
        raise SourceError("the command git is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise SourceError(f"git {words[0]} has not ended after {NETWORK_SECONDS:.0f} s") from error
    except subprocess.CalledProcessError as error:
        lines = error.stderr.decode(errors="replace").strip().splitlines() or [f"exit status {error.returncode}"]
        raise SourceError(f"git {words[0]}: {lines[-1]}") from error
    return done.stdout or b""


class Checkout:
    """A repository that somebody else keeps fresh; what is committed in it is read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def pull(self) -> None:
        """Nothing: it is not ours to change."""

    def head_commit(self) -> str:
        """The commit that is read.

        Raises:
            SourceError: If the folder is no repository, or has no commit.
        """
        if not self.folder.is_dir():
            raise SourceError(f"{self.folder}: there is no such folder")
        return _git(self.folder, "rev-parse", "--verify", "HEAD").decode().strip()

    def files(self, commit: str, folder: str) -> Iterator[tuple[str, str]]:
        """Path and text of the Markdown files below ``folder``, as they are in ``commit``.

        Raises:
            SourceError: If the commit has no such folder, or a file is not UTF-8.
        """
        with tempfile.TemporaryFile() as packed:
            _git(self.folder, "archive", "--format=tar", commit, folder, stdout=packed.fileno())
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
    """A clone of our own, one commit deep.

    Args:
        url: Where it is cloned from.
        folder: Where it is kept: a bare repository.
        every_seconds: It is pulled no more often, failed attempts included.
    """

    def __init__(self, url: str, folder: Path, *, every_seconds: float) -> None:
        super().__init__(folder)
        self.url = url
        self.every_seconds = every_seconds
        self._attempt = folder.with_name(f"{folder.name}.last-attempt")  # holds what went wrong, or nothing

    def pull(self) -> None:
        """Fetch the newest commit, if the last attempt is long enough ago.

        Raises:
            SourceError: If the last attempt failed, now or earlier. What was pulled before can still be read.
        """
        with self._alone():
            if not self._is_due():
                problem = self._attempt.read_text()
            else:
                problem = self._fetch()
                self._attempt.write_text(problem)
        if problem:
            raise SourceError(problem)

    def head_commit(self) -> str:
        """The commit that was pulled last; the first call clones.

        Raises:
            SourceError: If nothing was ever pulled and it cannot be.
        """
        if not (self.folder / "refs" / "heads" / _BRANCH).exists():
            self.pull()
        return super().head_commit()

    def _is_due(self) -> bool:
        # A clock that was set back must not stop the pulls.
        return not self._attempt.exists() or abs(time.time() - self._attempt.stat().st_mtime) >= self.every_seconds

    def _fetch(self) -> str:
        """What went wrong, or nothing."""
        for left in self.folder.rglob("*.lock"):  # of a git that was killed: nobody else works here
            left.unlink()
        url = Path(self.url).absolute().as_uri() if Path(self.url).is_dir() else self.url
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            _git(self.folder, "init", "--quiet", "--bare", f"--initial-branch={_BRANCH}")
            _git(self.folder, "fetch", "--quiet", "--depth=1", "--no-tags", url, f"+HEAD:refs/heads/{_BRANCH}")
        except SourceError as error:
            return f"{self.url} cannot be pulled: {error}"
        return ""

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One process at a time: the sensor's and a run's may both want to pull."""
        self._attempt.parent.mkdir(parents=True, exist_ok=True)
        with self.folder.with_name(f"{self.folder.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
