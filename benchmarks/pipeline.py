"""``make bench-pipeline DATA=folder``: processor time, memory and disk of each step from an archive to a trained model.

Processor seconds, so that other work on the machine does not count; docs/scale.md has the table.
"""

import argparse
import resource
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Engine, text

from cli.stack.temporary import TemporaryServers
from cs2.forecasting.ratings.engine import compute_ratings
from cs2.settings import SourceName
from cs2.storage import migrate
from cs2.storage.engine import make_engine
from pipelines.etl.id_register import Identities
from pipelines.etl.landing import land
from pipelines.etl.rebuild import rebuild
from pipelines.etl.repository import load_history, load_identities, load_newest_rows, store
from pipelines.sources.archive import ArchiveSource
from pipelines.training.train import train

ARCHIVE = [SourceName.ARCHIVE]
PARTS = ("2025-06-01", "2024-06-01")
"""First days of parts of the archive, which show how the cost of a rebuild grows."""

Result = TypeVar("Result")


def lap(name: str, work: Callable[[], Result]) -> Result:
    """Run a step; print its processor time and the peak memory so far."""
    began = time.process_time()
    result = work()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{name:28} {time.process_time() - began:6.1f} s   peak so far {peak:5.0f} MB", flush=True)
    return result


def pipeline(engine: Engine, folder: Path) -> None:
    """Run each step from the files to a model."""
    published = lap("read", lambda: ArchiveSource(folder).published(date.max))
    for since in PARTS:
        part = {kind: rows[rows["date"] >= since].reset_index(drop=True) for kind, rows in published.frames.items()}
        rows = sum(map(len, part.values()))
        lap(f"rebuild {rows} rows", lambda part=part: rebuild(part, Identities()))
    with engine.begin() as connection:
        landed = lap("land", lambda: land(connection, SourceName.ARCHIVE, published))
    with engine.begin() as connection:
        newest = lap("read what was landed", lambda: load_newest_rows(connection, ARCHIVE))
        rebuilt = lap(f"rebuild {landed.seen} rows", lambda: rebuild(newest, load_identities(connection)))
        lap("store", lambda: store(connection, rebuilt))
    with engine.connect() as connection:
        history = lap("read the history", lambda: load_history(connection))
        size = connection.execute(text("SELECT pg_database_size(current_database()) / 1000000")).scalar_one()
        print(f"{'PostgreSQL':28} {size:6} MB")
    through = int(history.learn_day.max())
    snapshot = lap("rate", lambda: compute_ratings(history, through=through))
    print(f"{'ratings':28} {len(snapshot.to_bytes()) / 1e6:6.1f} MB")
    lap("train", lambda: train(history, today=through + 1))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--path", type=Path, required=True, help="folder of CSV files")
    folder = parser.parse_args().path
    servers = TemporaryServers()
    try:
        servers.start()
        url = servers.postgres_url("postgres")
        migrate.upgrade(url)
        engine = make_engine(url)
        pipeline(engine, folder)
        engine.dispose()
    finally:
        servers.stop()


if __name__ == "__main__":
    main()
