"""Loss of forecasts if results arrive late: ``python -m benchmarks.delays --path FOLDER --from DATE --to DATE``.

A leak would show as a step: a result that is known a day too early gains far more than a late one loses.
"""

import argparse
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from cs2.calendar import day_number
from cs2.forecasting.evaluation import metrics
from cs2.forecasting.evaluation.backtest import backtest
from cs2.forecasting.evaluation.walk_forward import questions_about
from pipelines.etl.id_register import Identities
from pipelines.etl.match_history import history_from_tables
from pipelines.etl.rebuild import rebuild
from pipelines.sources.archive import ArchiveSource

DELAYS = (0, 1, 2, 3, 7, 14, 45)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--path", type=Path, required=True, help="an archive of real matches")
    parser.add_argument("--from", dest="first", type=date.fromisoformat, required=True)
    parser.add_argument("--to", dest="last", type=date.fromisoformat, required=True)
    arguments = parser.parse_args()
    tables = rebuild(ArchiveSource(arguments.path).published(arguments.last).frames, Identities()).tables
    history = history_from_tables(tables.map_results, tables.series, tables.lineups)
    first, last = (day_number(day) for day in (arguments.first, arguments.last))
    rows = np.flatnonzero(history.is_map & history.is_rated & (history.day >= first) & (history.day <= last))
    questions, won, day = questions_about(history).take(rows), history.team1_won[rows], history.day[rows]
    table = Table("results are late by", "log loss of maps", "more than without, 95% by day", box=None)
    on_time = None
    for delay in DELAYS:
        late = replace(history, learn_day=history.learn_day + delay)
        losses = metrics.log_losses(backtest(late, questions, history.best_of[rows]).probability, won)
        on_time = losses if on_time is None else on_time
        more = metrics.by_day(losses - on_time, day)
        table.add_row(f"{delay} days", f"{losses.mean():.4f}", more.signed() if delay else "")
    console = Console(width=120)
    console.print(f"{len(rows)} maps, {arguments.first} .. {arguments.last}")
    console.print(table)


if __name__ == "__main__":
    main()
