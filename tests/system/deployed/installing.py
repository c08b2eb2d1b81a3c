"""Build an image's packages, files, environment and command in a folder, without a container engine.

The install lines are executed as they stand, with four differences: the virtual environment is in another folder, uv
may take packages from its cache, the bytecode is that of this environment (compiling all modules takes minutes), and
neither system packages nor the user are installed.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.testkit.images import ROOT, instructions

IMAGE_PATHS = re.compile(r"^/(app|data|artifacts|archive)(?=/|$)")
VENV = "/opt/venv"
CACHES = shutil.ignore_patterns("__pycache__")


@dataclass(frozen=True, slots=True)
class Image:
    """An image that was built in a folder.

    Attributes:
        root: Folder that stands for ``/``.
        environment: Variables that the Dockerfile sets.
        entrypoint: Its ENTRYPOINT.
        command: Its CMD.
    """

    root: Path
    environment: dict[str, str]
    entrypoint: list[str]
    command: list[str]

    def here(self, text: str) -> str:
        """Replace paths of the image by paths of this machine."""
        return IMAGE_PATHS.sub(lambda match: f"{self.root}{match[0]}", text.replace(VENV, str(self.root / "venv")))


def make(dockerfile: Path, root: Path, builder: Path) -> Image:
    """Execute ``dockerfile`` below ``root``; ``builder`` stands for the base image's Python."""
    steps = instructions(dockerfile)
    second_stage = [number for number, (name, _) in enumerate(steps) if name == "FROM"][1]
    root.mkdir()
    _install(steps[:second_stage], root, builder)
    _link_bytecode(root / "venv")
    environment, entrypoint, command = {}, [], []
    for name, rest in steps[second_stage:]:
        match name:
            case "ENV":
                environment |= dict(word.split("=", 1) for word in shlex.split(rest))
            case "COPY" if "--from=" not in rest:
                words = [word for word in shlex.split(rest) if not word.startswith("--")]
                _copy(words, root / "app")
            case "RUN" if "--directory" in rest:
                words = shlex.split(rest)
                for folder in words[words.index("--owner") + 2 :]:
                    (root / folder.lstrip("/")).mkdir(parents=True, exist_ok=True)
            case "ENTRYPOINT":
                entrypoint = yaml.safe_load(rest)
            case "CMD":
                command = yaml.safe_load(rest)
    return Image(root, environment, entrypoint, command)


def make_builder(folder: Path) -> Path:
    """Create a Python with pip alone, as the base image has it."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    return folder


def _install(steps: list[tuple[str, str]], root: Path, builder: Path) -> None:
    build = root / "build"
    build.mkdir()
    environment = {**os.environ, **_as_pip(), "PATH": f"{builder / 'bin'}:{os.environ['PATH']}"}
    environment.pop("VIRTUAL_ENV", None)
    for name, rest in steps:
        if name == "COPY":
            _copy(shlex.split(rest), build)
        elif name == "RUN":
            line = rest.replace(VENV, shlex.quote(str(root / "venv")))
            for option in (" --no-cache-dir", " --no-cache", " --compile-bytecode"):
                line = line.replace(option, "")
            completed = subprocess.run(
                ["sh", "-ec", line], cwd=build, env=environment, capture_output=True, text=True, check=False
            )
            assert completed.returncode == 0, f"{line}\n{completed.stdout[-2000:]}{completed.stderr[-2000:]}"


def _link_bytecode(venv: Path) -> None:
    """Give a virtual environment the bytecode of this one. Python ignores it where a source file differs."""
    ours, theirs = Path(sysconfig.get_path("purelib")), next(venv.glob("lib/python*/site-packages"))
    for bytecode in ours.rglob("*.pyc"):
        target = theirs / bytecode.relative_to(ours)
        if target.parent.parent.is_dir() and not target.exists():
            target.parent.mkdir(exist_ok=True)
            with suppress(OSError):  # another file system: Python compiles the module
                os.link(bytecode, target)


def _as_pip() -> dict[str, str]:
    """Return settings that uv does not find itself: pip's index and the system's certificates (scripts/setup)."""
    if "UV_DEFAULT_INDEX" in os.environ or "UV_INDEX_URL" in os.environ:
        return {"UV_SYSTEM_CERTS": "true"}
    command = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
    completed = subprocess.run(command, capture_output=True, text=True, check=False)
    index = os.environ.get("PIP_INDEX_URL") or completed.stdout.strip()
    return {"UV_SYSTEM_CERTS": "true", **({"UV_DEFAULT_INDEX": index} if index else {})}


def _copy(words: list[str], folder: Path) -> None:
    *sources, target = words
    for source in sources:
        destination = folder / (source if target == "./" else target)
        destination.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, destination, ignore=CACHES, dirs_exist_ok=True)
        else:
            shutil.copy(ROOT / source, destination)
