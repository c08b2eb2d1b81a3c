"""Git repositories as sources: depth, pauses between pulls, and reading while the host is unavailable."""

import os
import time
from pathlib import Path

import pytest

from pipelines.sources.base import SourceError
from pipelines.sources.git import Checkout, Clone
from tests.testkit.repositories import commit, git

HOUR = 3600.0


def files(repository: Checkout) -> dict[str, str]:
    repository.prepare()
    return dict(repository.read_files(repository.head_commit(), "live"))


@pytest.fixture
def host(tmp_path: Path) -> Path:
    folder = tmp_path / "host"
    commit(folder, {"live/a.md": "old", "README.md": "not below live", "live/b.txt": "no Markdown"})
    commit(folder, {"live/a.md": "one"})
    return folder


@pytest.fixture
def clone(host: Path, tmp_path: Path) -> Clone:
    return Clone(str(host), tmp_path / "data" / "clone", pause_seconds=HOUR)


def let_pass(clone: Clone, seconds: float) -> None:
    """Move the last attempt into the past."""
    path = clone.folder.with_name(clone.folder.name + ".last-attempt")
    os.utime(path, (time.time() - seconds,) * 2)


def test_a_clone_is_one_commit_deep(clone: Clone) -> None:
    assert files(clone) == {"live/a.md": "one"}
    assert git(clone.folder, "rev-list", "--count", "HEAD") == "1"


def test_a_pull_waits_for_the_pause(clone: Clone, host: Path) -> None:
    clone.pull()
    before = clone.head_commit()
    after = commit(host, {"live/a.md": "two"})
    clone.pull()
    assert clone.head_commit() == before
    let_pass(clone, HOUR + 1)
    clone.pull()
    assert clone.head_commit() == after
    assert files(clone) == {"live/a.md": "two"}


def test_a_clock_that_jumped_forward_and_back_delays_no_pull(clone: Clone, host: Path) -> None:
    clone.pull()
    after = commit(host, {"live/a.md": "two"})
    let_pass(clone, -365 * 24 * HOUR)  # the last attempt is a year ahead
    clone.pull()
    assert clone.head_commit() == after


def test_a_rewritten_history_is_followed(clone: Clone, host: Path) -> None:
    clone.prepare()
    git(host, "checkout", "--quiet", "--orphan", "new")
    after = commit(host, {"live/a.md": "rewritten"})
    let_pass(clone, HOUR + 1)
    clone.pull()
    assert clone.head_commit() == after


def test_an_unavailable_host_is_named_and_its_clone_readable(clone: Clone, host: Path) -> None:
    clone.prepare()
    before = clone.head_commit()
    host.rename(host.with_name("unavailable"))
    let_pass(clone, HOUR + 1)
    for _ in range(2):  # reported by every poll, retried once an hour
        with pytest.raises(SourceError, match=f"{host} cannot be pulled: git fetch: "):
            clone.pull()
    assert clone.head_commit() == before
    assert files(clone) == {"live/a.md": "one"}
    host.with_name("unavailable").rename(host)
    with pytest.raises(SourceError):
        clone.pull()
    let_pass(clone, HOUR + 1)
    clone.pull()


def test_a_stale_lock_of_a_killed_git_is_removed(clone: Clone, host: Path) -> None:
    clone.prepare()
    after = commit(host, {"live/a.md": "two"})
    (clone.folder / "shallow.lock").touch()
    let_pass(clone, HOUR + 1)
    clone.pull()
    assert clone.head_commit() == after


def test_a_failed_first_clone_is_retried(clone: Clone, host: Path) -> None:
    host.rename(host.with_name("unavailable"))
    with pytest.raises(SourceError, match="cannot be pulled"):
        clone.prepare()
    with pytest.raises(SourceError, match="fatal: "):
        clone.head_commit()
    host.with_name("unavailable").rename(host)
    let_pass(clone, HOUR + 1)
    assert files(clone) == {"live/a.md": "one"}


def test_a_checkout_is_read_by_commit_and_not_changed(host: Path) -> None:
    checkout = Checkout(host)
    before = checkout.head_commit()
    (host / "live" / "a.md").write_text("half writ")
    checkout.pull()
    assert checkout.head_commit() == before
    assert files(checkout) == {"live/a.md": "one"}


def test_folders_without_a_repository_are_named(tmp_path: Path, host: Path) -> None:
    with pytest.raises(SourceError, match="this folder does not exist"):
        Checkout(tmp_path / "nowhere").head_commit()
    with pytest.raises(SourceError, match="git rev-parse: fatal: "):
        Checkout(tmp_path).head_commit()
    with pytest.raises(SourceError, match=r"git archive: .*'elsewhere' did not match"):
        list(Checkout(host).read_files("HEAD", "elsewhere"))
