"""``cs2 fill``: request the past years of bo3.gg, which polls do not read."""

import time
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from cli.database import fail
from cli.exit_codes import ExitCode
from cli.stack.layout import settings_of_running_stack

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipelines.sources.bo3gg_fill import Fill, FillProgress

TWO_YEARS = timedelta(days=731)
LINE_SECONDS = 10.0
"""Pause between two lines of progress."""


def fill(
    since: Annotated[
        str | None, typer.Option(help="First day (UTC), YYYY-MM-DD. Default: two years before today.")
    ] = None,
    only_maps: Annotated[
        bool,
        typer.Option("--only-maps", help="Leave out statistics and vetoes, which take a request a map and a match."),
    ] = False,
) -> None:
    """Request the matches of past years from bo3gg: maps first, then statistics and vetoes, the newest month first.

    Ctrl-C stops it at any time; the next start continues where it ended. A second fill beside a running one is refused.
    Afterwards, cs2 ingest loads all months. Exit status 2: the day is not in the past, or the stack has another source.
    """
    from sqlalchemy.exc import OperationalError

    from cs2.settings import SourceName
    from pipelines.sources.base import SourceError
    from pipelines.sources.bo3gg_fill import LOCK, Fill
    from pipelines.sources.bo3gg_requests import Bo3ggRequests
    from pipelines.sources.http import JsonApi
    from pipelines.sources.registry import BO3GG_RATES
    from pipelines.sources.response_cache import ResponseCache

    first_day = _parse_day(since)
    settings = settings_of_running_stack()
    if SourceName.BO3GG not in settings.sources:
        fail(f"this stack reads {', '.join(settings.sources)}: start it with --source bo3gg", ExitCode.WRONG_INPUT)
    console = Console(highlight=False)
    cache = ResponseCache(settings.database_url, SourceName.BO3GG)
    try:
        with cache.lock(LOCK) as is_locked, cache.connected():
            if not is_locked:
                fail("a fill is running: wait for its end, or stop it", ExitCode.FAILURE)
            with JsonApi(settings.bo3gg_url, rates=BO3GG_RATES) as api:
                work = Fill(cache, Bo3ggRequests(cache, api), first_day)
                run_fill(work, console, with_details=not only_maps)
    except SourceError as error:
        fail(f"{error}; the next cs2 fill continues here", ExitCode.FAILURE)
    except OperationalError as error:
        fail(f"PostgreSQL does not answer: {str(error.orig).splitlines()[0]}", ExitCode.FAILURE)
    console.print("complete; load it with: cs2 ingest")


def run_fill(
    work: "Fill", console: Console, *, with_details: bool, clock: "Callable[[], float]" = time.monotonic
) -> None:
    """Run a fill and print its progress. After Ctrl-C, say how to continue, and exit.

    Raises:
        SourceError: If a request fails for good.
    """
    begun = printed = clock()
    n_requests = 0
    try:
        for progress in work.run(with_details=with_details):
            n_requests += 1
            if clock() - printed >= LINE_SECONDS or progress.n_left == 0:
                printed = clock()
                console.print(describe_progress(progress, (printed - begun) / n_requests))
    except KeyboardInterrupt:
        fail(f"stopped after {n_requests} requests; the next cs2 fill continues here", ExitCode.FAILURE)
    finally:
        work.release()


def describe_progress(progress: "FillProgress", seconds_per_request: float) -> str:
    """Describe the progress in a line, with the time left at the pace so far."""
    n_all = progress.n_done + progress.n_left
    matches = f", {progress.n_matches:,} matches" if progress.n_matches else ""
    left = timedelta(seconds=round(progress.n_left * seconds_per_request))
    return f"{progress.phase}: {progress.n_done:,} of {n_all:,} requests{matches}, about {left} left"


def _parse_day(text: str | None) -> date:
    today = datetime.now(UTC).date()
    if text is None:
        return today - TWO_YEARS
    try:
        day = date.fromisoformat(text)
    except ValueError:
        fail(f"{text!r} is not a date such as 2024-01-31", ExitCode.WRONG_INPUT)
    if day >= today:
        fail(f"{text} is not in the past", ExitCode.WRONG_INPUT)
    return day
