"""Names of tests: xdist's workers must collect the same ones, whatever their clock and hash seed are."""

import os
import subprocess
import sys
from difflib import unified_diff
from pathlib import Path

import pytest

from tests.testkit.paths import ROOT
from tests.testkit.servers import ENVIRONMENT

SHIFT_SECONDS = 40 * 24 * 3600


@pytest.fixture
def other_clock(tmp_path: Path) -> Path:
    """A library that, preloaded, shifts the time of day for Python and for every library that it loads."""
    library = tmp_path / "shifted_clock.so"
    source = ROOT / "tests" / "testkit" / "shifted_clock.c"
    command = ["cc", "-shared", "-fPIC", f"-DSHIFT_SECONDS={SHIFT_SECONDS}", "-o", library, source, "-ldl"]
    subprocess.run(command, check=True)
    return library


def start_collection(hash_seed: str, **environment: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", ENVIRONMENT))}
    return subprocess.Popen(
        [*command, str(ROOT / "tests")],
        cwd=ROOT,
        env={**variables, "PYTHONHASHSEED": hash_seed, **environment},
        stdout=subprocess.PIPE,
        text=True,
    )


def collected(collection: "subprocess.Popen[str]") -> list[str]:
    output, _ = collection.communicate()
    assert collection.returncode == 0, output[-2000:]
    return [line for line in output.splitlines() if "::" in line]


@pytest.mark.skipif(sys.platform != "linux", reason="LD_PRELOAD is Linux's")
def test_names_of_tests_depend_on_no_clock_and_no_hash_seed(other_clock: Path) -> None:
    with start_collection("1") as now, start_collection("2", LD_PRELOAD=str(other_clock)) as later:
        names, names_later = collected(now), collected(later)
    assert len(names) > 1000
    assert list(unified_diff(names, names_later, lineterm="", n=0)) == []
