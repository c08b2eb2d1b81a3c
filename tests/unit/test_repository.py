"""Rules for the files of the repository."""

import ast
import os
import re
import subprocess
from pathlib import Path

import pytest
import typer
from click import Context
from typer.core import TyperGroup

from cli.main import app
from tests.testkit.paths import ROOT

TEST_MODULES = sorted((ROOT / "tests").rglob("test_*.py"))


def tracked_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return [ROOT / name for name in listed.decode().split("\0") if name and (ROOT / name).is_file()]


def test_the_lock_pins_every_package_by_hash() -> None:
    for lock in ("requirements.lock", "requirements-uv.lock"):
        text = (ROOT / lock).read_text()
        assert "://" not in text
        packages = re.split(r"\n(?=\S)", text.strip())
        assert packages
        for package in packages:
            assert "==" in package
            assert "--hash=sha256:" in package


def test_a_group_stays_on_one_worker(request: pytest.FixtureRequest) -> None:
    """Some versions of pytest and xdist split groups without an error (see pyproject.toml)."""
    is_alone = "PYTEST_XDIST_WORKER" not in os.environ
    assert is_alone or request.node.nodeid.endswith(f"@{__file__.removeprefix(f'{ROOT}/')}")


def test_no_match_data_is_in_the_tree() -> None:
    data = {".csv", ".gz", ".parquet", ".npz", ".skops", ".pkl", ".joblib", ".bin", ".sqlite"}
    assert [path for path in tracked_files() if path.suffix in data] == []


def imported_modules(path: Path) -> set[str]:
    """Return the modules that a file imports; of ``from a import b`` both ``a`` and ``a.b``."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return modules


def test_no_file_imports_a_test_module() -> None:
    """Code that tests share is in tests/testkit."""
    tests = {path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".") for path in TEST_MODULES}
    python = [path for path in tracked_files() if path.suffix == ".py"]
    assert {
        str(path.relative_to(ROOT)): imports for path in python if (imports := imported_modules(path) & tests)
    } == {}


def test_benchmarks_do_not_import_tests() -> None:
    files = sorted((ROOT / "benchmarks").rglob("*.py"))
    assert files
    importing = [path for path in files if any(name.split(".")[0] == "tests" for name in imported_modules(path))]
    assert importing == []


def test_every_link_between_documents_has_a_target() -> None:
    for document in [path for path in tracked_files() if path.suffix == ".md"]:
        for target in re.findall(r"\]\(([^)#\s]+)", document.read_text()):
            if "://" not in target:
                assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_every_make_target_of_the_readme_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in set(re.findall(r"\bmake ([a-z][a-z-]+)", (ROOT / "README.md").read_text())):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_every_test_named_in_the_documents_exists() -> None:
    """A document names a test by its path, or by its file name if the table gives the folder."""
    names = {path.name for path in TEST_MODULES}
    for document in [path for path in tracked_files() if path.suffix == ".md"]:
        text = document.read_text()
        for path in re.findall(r"`(tests/[\w/]+(?:\.py)?)", text):
            assert (ROOT / path).exists(), f"{document.name}: {path}"
        for name in re.findall(r"`(test_\w+\.py)", text):
            assert name in names, f"{document.name}: {name}"


def test_every_command_of_the_documents_exists() -> None:
    """Check each ``cs2 …`` line of an indented block: the command and its options exist."""
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    n_commands = 0
    for document in [path for path in tracked_files() if path.suffix == ".md"]:
        for words in re.findall(r"^ {4}(?:\.venv/bin/)?cs2 (.+)$", document.read_text(), re.MULTILINE):
            name, *arguments = words.split("#")[0].split()
            command = group.get_command(Context(group), name)
            assert command is not None, f"{document.name}: cs2 {name}"
            if isinstance(command, TyperGroup) and arguments:  # as in cs2 history export
                command = command.get_command(Context(command), arguments[0])
                assert command is not None, f"{document.name}: cs2 {words}"
            options = {option for parameter in command.params for option in parameter.opts}
            assert {word for word in arguments if word.startswith("--")} <= options, f"{document.name}: cs2 {words}"
            n_commands += 1
    assert n_commands


def test_every_file_of_the_claims_exists() -> None:
    for name in re.findall(r"`(tests/[\w/]+\.py)", (ROOT / "docs" / "claims.md").read_text()):
        assert (ROOT / name).is_file(), name
