"""Read Dockerfiles: instructions, installed packages, copied files."""

import shlex
from pathlib import Path

from tests.testkit.paths import ROOT

DOCKERFILES = sorted(ROOT.glob("*/Dockerfile"))


def instructions(dockerfile: Path) -> list[tuple[str, str]]:
    """Return pairs of instruction and arguments; continued lines are joined."""
    joined = dockerfile.read_text().replace("\\\n", " ")
    lines = [line for line in joined.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in lines]


def installed_by(dockerfile: Path) -> tuple[list[str], list[str]]:
    """Return the extras of the project and the single packages that an image installs."""
    installs = [rest for instruction, rest in instructions(dockerfile) if instruction == "RUN" and "uv pip" in rest]
    assert len(installs) == 1
    words = shlex.split(installs[0])
    words = words[words.index("--constraint") + 1 :]
    assert words.pop(0) == "requirements.lock"
    extras, packages = [], []
    while words:
        word = words.pop(0)
        if word == "--requirement":
            assert words.pop(0) == "pyproject.toml"
        elif word == "--extra":
            extras.append(words.pop(0))
        else:
            packages.append(word)
    return extras, packages


def copied_from_the_tree(dockerfile: Path) -> list[str]:
    copies = [arguments for instruction, arguments in instructions(dockerfile) if instruction == "COPY"]
    words = [[word for word in shlex.split(copy) if word.startswith("--from") or word[:2] != "--"] for copy in copies]
    return [source for copy in words if not copy[0].startswith("--from") for source in copy[:-1]]
