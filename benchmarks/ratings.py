"""``make bench-ratings``: maps per second of the rating engine, beside openskill on the same maps.

Each size runs in its own process, so that its peak memory is measured alone. Compare ratios of one run only.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from openskill.models import PlackettLuce
from rich.console import Console
from rich.table import Table

from cs2.forecasting.evaluation.walk_forward import iterate_days, questions_about
from cs2.forecasting.matches import MatchHistory
from cs2.forecasting.model.features import features
from cs2.forecasting.ratings.engine import RatingEngine, in_learning_order
from cs2.forecasting.simulation.league import LeagueParameters, simulate_league
from pipelines.etl.id_register import Identities
from pipelines.etl.match_history import history_from_tables
from pipelines.etl.rebuild import rebuild
from pipelines.sources.archive import ArchiveSource

SIZES = (1_000_000, 3_000_000)
OPENSKILL_MAPS = 20_000
"""Maps that openskill is timed on; its cost per map is constant."""

LEAGUE = LeagueParameters(n_teams=500, n_reserves=500, series_per_day=400)
MAPS_A_DAY = 790


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--path", type=Path, help="an archive of real matches")
    parser.add_argument("--maps", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.maps:
        print(json.dumps(measure(simulated(arguments.maps))))
        return
    table = Table("history", "rows", "learn", "forecast a day, then learn it", "openskill", "ratio", "memory", box=None)
    if arguments.path:
        _add(table, "real archive", measure(real(arguments.path)))
    for n in SIZES:
        command = [sys.executable, "-m", "benchmarks.ratings", "--maps", str(n)]
        answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        _add(table, f"simulated, {n:,} maps", json.loads(answer))
    Console(width=120).print(table)


def _add(table: Table, name: str, measured: dict[str, float]) -> None:
    speeds = [f"{measured[key]:,.0f} a s" for key in ("learn", "walk", "openskill")]
    ratio = measured["walk"] / measured["openskill"]
    table.add_row(name, f"{measured['rows']:,.0f}", *speeds, f"{ratio:.0f}", f"{measured['peak_mb']:,.0f} MB")


def simulated(n_maps: int) -> MatchHistory:
    """Simulate a league of about ``n_maps`` maps."""
    return simulate_league(1, 10_000, 10_000 + n_maps // MAPS_A_DAY, LEAGUE).history


def real(path: Path) -> MatchHistory:
    """Read the history of an archive."""
    tables = rebuild(ArchiveSource(path).published(date.max).frames, Identities()).tables
    return history_from_tables(tables.map_results, tables.series, tables.lineups)


def measure(history: MatchHistory) -> dict[str, float]:
    """Measure rows per second: learning at once, forecasting and learning day by day, and openskill."""
    ordered = in_learning_order(history)
    del history  # saves a copy, which counts at three million maps
    RatingEngine(ordered).learn(0, 1)  # compiles, or loads the compiled code
    engine = RatingEngine(ordered)
    began = time.perf_counter()
    engine.learn(0, len(ordered))
    learn = time.perf_counter() - began
    questions = questions_about(ordered)
    began = time.perf_counter()
    for state, index in iterate_days(ordered, questions.day):
        features(state, questions.take(index))
    walk = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    known = ordered.take((ordered.player_ids[:, :, 0] > 0).all(axis=1))
    openskill_rows = known.take(slice(-OPENSKILL_MAPS, None))
    return {
        "rows": float(len(ordered)),
        "learn": len(ordered) / learn,
        "walk": len(ordered) / walk,
        "openskill": len(openskill_rows) / _openskill_seconds(openskill_rows),
        "peak_mb": peak,
    }


def _openskill_seconds(history: MatchHistory) -> float:
    """Forecast and learn each map, five against five."""
    model: Any = PlackettLuce()
    ratings: dict[int, Any] = {int(player): model.rating() for player in np.unique(history.player_ids)}
    began = time.perf_counter()
    for fives, first_won in zip(history.player_ids.tolist(), history.team1_won.tolist(), strict=True):
        teams = [[ratings[player] for player in five] for five in fives]
        model.predict_win(teams)
        after = model.rate(teams, ranks=[1, 2] if first_won else [2, 1])
        for five, rated in zip(fives, after, strict=True):
            ratings.update(zip(five, rated, strict=True))
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
