"""Dockerfiles of the deployed stack: pinned, installed by the lock, complete. No container engine is needed."""

import ast
import importlib.metadata
import re
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest
import yaml

from tests.testkit.images import DOCKERFILES, ROOT, copied_from_the_tree, installed_by, instructions

OURS_OR_STANDARD = sys.stdlib_module_names | {"cs2", "pipelines", "serving", "ingest_worker", "cli"}
every_dockerfile = pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.parent.name)


packages_distributions = cache(importlib.metadata.packages_distributions)  # it reads every installed file list


def canonical(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


def installed_with(distributions: set[str]) -> set[str]:
    """Return the distributions and their requirements, without extras."""
    installed: set[str] = set()
    waiting = {canonical(distribution) for distribution in distributions}
    while waiting:
        installed.add(distribution := waiting.pop())
        try:
            requirements = importlib.metadata.requires(distribution) or []
        except importlib.metadata.PackageNotFoundError:  # a requirement of another platform or Python
            continue
        names = {canonical(re.split(r"[\[>=<;!~ (]", line)[0]) for line in requirements if "extra ==" not in line}
        waiting |= names - installed
    return installed


def imports_of(folder: Path) -> set[str]:
    """Return the top-level modules that a folder's code imports, also inside functions."""
    modules = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                modules |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                modules.add(node.module.split(".")[0])
    return modules


@every_dockerfile
def test_a_base_image_is_pinned_and_a_build_names_no_index(dockerfile: Path) -> None:
    bases = [arguments for instruction, arguments in instructions(dockerfile) if instruction == "FROM"]
    assert all(re.match(r"python:3\.11\.\d+-slim-", base) for base in bases)
    assert "://" not in dockerfile.read_text()


@every_dockerfile
def test_an_image_installs_by_the_lock(dockerfile: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    locked = {line.split("==")[0] for line in (ROOT / "requirements.lock").read_text().splitlines() if "==" in line}
    extras, packages = installed_by(dockerfile)
    assert set(extras) <= set(project["optional-dependencies"])
    assert set(packages) <= locked
    assert extras or packages


@every_dockerfile
def test_an_image_copies_files_of_the_build_context(dockerfile: Path) -> None:
    sent = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for source in copied_from_the_tree(dockerfile):
        assert (ROOT / source).exists(), source
        assert source in sent, f"{source} is left out by .dockerignore"
    assert all((ROOT / path).exists() for path in sent)


@every_dockerfile
def test_an_image_does_not_run_as_root_and_reads_its_secrets(dockerfile: Path) -> None:
    last_arguments = dict(instructions(dockerfile))
    assert last_arguments["USER"] == "cs2"
    assert yaml.safe_load(last_arguments["ENTRYPOINT"]) == ["python", "/app/scripts/with_secrets.py"]


@every_dockerfile
def test_an_image_installs_what_its_part_imports(dockerfile: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras, wanted = installed_by(dockerfile)
    wanted += [package for extra in extras for package in project["optional-dependencies"][extra]]
    wanted += project["dependencies"] if extras else []
    installed = installed_with({re.split(r"[\[>=<;]", requirement)[0] for requirement in wanted})
    distributions = packages_distributions()
    # Only the pipelines use every module of cs2.
    parts = {"pipelines": {"cs2", "pipelines", "cli"}}.get(dockerfile.parent.name, {dockerfile.parent.name})
    for folder in parts & set(copied_from_the_tree(dockerfile)):
        for module in imports_of(ROOT / folder):
            owners = {canonical(owner) for owner in distributions.get(module, [])}
            assert owners & installed or module in OURS_OR_STANDARD, f"{folder} imports {module}"
