"""The compiled code on disk is reused until a formula changes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import cs2

LEARN = """
from cs2.forecasting.ratings.compiled import learn_rows
from cs2.forecasting.ratings.engine import compute_ratings
from cs2.forecasting.simulation.league import LeagueParameters, simulate_league

history = simulate_league(1, 0, 30, LeagueParameters(n_teams=4, n_reserves=0, series_per_day=2)).history
state = compute_ratings(history).state
print(len(learn_rows.stats.cache_hits), abs(state.elo).sum())
"""


def learn(folder: Path) -> tuple[bool, float]:
    """Compute ratings in another process; return whether it used stored code, and a checksum."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "NUMBA_CACHE_DIR": str(folder / "cache")}
    command = [sys.executable, "-c", LEARN]
    output = subprocess.run(command, env=environment, cwd=folder, check=True, capture_output=True, text=True).stdout
    hits, checksum = output.split()
    return hits != "0", float(checksum)


def test_a_changed_formula_is_compiled_again(tmp_path: Path) -> None:
    source = Path(cs2.__file__).parent
    shutil.copytree(source, tmp_path / "cs2", ignore=shutil.ignore_patterns("__pycache__"))
    was_stored, checksum = learn(tmp_path)
    assert not was_stored
    assert learn(tmp_path) == (True, checksum)
    formulas = tmp_path / "cs2" / "forecasting" / "ratings" / "update.py"
    text = formulas.read_text()
    changed = text.replace("return 1.0 + p.newcomer_elo_factor", "return 2.0 + p.newcomer_elo_factor")
    assert changed != text
    formulas.write_text(changed)
    was_stored, other = learn(tmp_path)
    assert not was_stored
    assert abs(other - checksum) > 0.1
