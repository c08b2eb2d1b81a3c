"""Local git repositories that stand for remote ones. Git itself is real."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

AUTHOR = {f"GIT_{who}_{what}": "test@localhost" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


def git(folder: Path, *arguments: str) -> str:
    completed = subprocess.run(
        ["git", "-C", str(folder), *arguments], env={**os.environ, **AUTHOR}, capture_output=True, text=True, check=True
    )
    return completed.stdout.strip()


def commit(folder: Path, files: Mapping[str, str] | None = None) -> str:
    """Write files into a repository, which is created if missing, and commit everything in it."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet")
    for name, text in (files or {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "more")
    return git(folder, "rev-parse", "HEAD")
