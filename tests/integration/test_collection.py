"""Test names depend on no clock and no hash seed, because all xdist workers must collect the same tests."""

import os
import subprocess
import sys
from difflib import unified_diff
from pathlib import Path

import pytest

from tests.testkit.paths import ROOT
from tests.testkit.servers import ENVIRONMENT

SHIFT_SECONDS = 40 * 24 * 3600

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.skipif(sys.platform != "linux", reason="LD_PRELOAD is a variable of Linux"),
]


@pytest.fixture
def shifted_clock(tmp_path: Path) -> Path:
    """Build a library that, preloaded, shifts the time of day for Python and the libraries that it loads."""
    library = tmp_path / "shifted_clock.so"
    source = ROOT / "tests" / "testkit" / "shifted_clock.c"
    command = ["cc", "-shared", "-fPIC", f"-DSHIFT_SECONDS={SHIFT_SECONDS}", "-o", library, source, "-ldl"]
    subprocess.run(command, check=True)
    return library


def start_collection(output: Path, hash_seed: str, **environment: str) -> "subprocess.Popen[bytes]":
    """Collect all tests in another process that writes their names into a file."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", str(ROOT / "tests")]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", ENVIRONMENT))}
    variables = {**inherited, "PYTHONHASHSEED": hash_seed, **environment}
    with output.open("wb") as file:
        return subprocess.Popen(command, cwd=ROOT, env=variables, stdout=file)


def names(output: Path) -> list[str]:
    return [line for line in output.read_text().splitlines() if "::" in line]


def test_names_of_tests_depend_on_no_clock_and_no_hash_seed(tmp_path: Path, shifted_clock: Path) -> None:
    now, later = tmp_path / "now", tmp_path / "later"
    collections = [start_collection(now, "1"), start_collection(later, "2", LD_PRELOAD=str(shifted_clock))]
    assert [collection.wait() for collection in collections] == [0, 0], now.read_text()[-2000:]
    assert len(names(now)) > 1000
    assert list(unified_diff(names(now), names(later), lineterm="", n=0)) == []
