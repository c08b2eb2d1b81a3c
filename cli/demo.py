"""``cs2 demo``: run the whole system once with real servers: load results, train, forecast, and read the history."""

import secrets
import shutil
import time
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import track

from cli.demo_report import DemoError, check_history, show_automatic, show_beside_outcomes, show_explanation
from cli.exit_codes import ExitCode
from cli.stack_options import Data, DataDir, Source, parse_ports, source_settings, stop_event

if TYPE_CHECKING:
    from cli.stack.layout import Layout
    from pipelines.sources.base import MatchSource

DAYS = 14
READY_SECONDS = 120


def demo(
    source: Source = None,
    data: Data = None,
    data_dir: DataDir = None,
    port: Annotated[list[str] | None, typer.Option("--port", help="Port of a service, such as api=8000.")] = None,
) -> None:
    """Run the whole system once from an empty folder: servers, data, model, forecasts over REST, history; then stop.

    The service gets the data until 14 days before its end, and forecasts the maps of those 14 days.
    """
    from cli.api import ApiError
    from cli.runs import DagsterError
    from cli.stack.errors import StackError
    from pipelines.sources.base import SourceError

    console = Console(highlight=False)
    try:
        _run(console, source_settings(source, data, None), data_dir, parse_ports(port))
    except SourceError as error:
        Console(stderr=True).print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(ExitCode.WRONG_INPUT) from error
    except (ApiError, DagsterError, DemoError, StackError) as error:
        Console(stderr=True).print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(ExitCode.FAILURE) from error


def _run(console: Console, overrides: dict[str, str], data_dir: Path | None, ports: dict[str, int]) -> None:
    from cli.demo_matches import last_day
    from cli.stack.layout import data_folder
    from cli.stack.leftovers import owned_processes
    from cli.stack.running import running_stack

    began = time.monotonic()
    source, overrides = _source(console, overrides, data_folder(data_dir))
    last = last_day(source, date.today())
    cut = last - timedelta(days=DAYS)
    folder = data_folder(data_dir) / "demo"
    if owned_processes(folder):
        raise DemoError(f"a demo runs in {folder} already, or a crash left it running: cs2 down --data-dir {folder}")
    shutil.rmtree(folder, ignore_errors=True)  # the demo starts without data
    stop = stop_event()
    settings = {**overrides, "CS2_CLOCK_DATE": cut.isoformat()}
    with running_stack(folder, ports=ports, overrides=settings, progress=console.print, cancelled=stop.is_set) as stack:
        console.print(f"\nThe data ends on {last}; the service gets the data through {cut}.")
        _ingest_and_train(console, stack.layout)
        _forecast_and_compare(console, stack.layout, source, cut, last)
        console.print(f"\nAPI docs  {stack.layout.http('api')}/docs")
        console.print(f"Dagster   {stack.layout.http('dagster')}")
        console.print(f"MLflow    {stack.layout.http('mlflow')}")
        console.print("They stop now; start them with `make up`.\n")
    console.print(f"done in {time.monotonic() - began:.0f} s")


def _source(console: Console, overrides: dict[str, str], data: Path) -> "tuple[MatchSource, dict[str, str]]":
    """Return the source of the settings, and the settings with which the stack reads the same data."""
    from cs2.settings import Settings, SourceName
    from pipelines.sources.registry import make_source, valve_repository

    fields = {name.removeprefix("CS2_").lower(): value for name, value in overrides.items()}
    settings = Settings(**fields, data_dir=data)  # type: ignore[arg-type]
    if len(settings.sources) > 1:
        raise DemoError("the demo reads one source; `cs2 up` reads several")
    [name] = settings.sources
    match name:
        case SourceName.PANDASCORE | SourceName.BO3GG:
            raise DemoError(f"the demo does not query external APIs; use cs2 up --source {name}")
        case SourceName.SIMULATED:
            console.print("Data: a SIMULATED league: invented teams whose true strengths are known. For real matches:")
            console.print("      make demo SOURCE=valve, or make demo DATA=folder, with a folder of CSV files.\n")
        case SourceName.VALVE:
            repository = valve_repository(settings)
            repository.prepare()
            console.print(f"Data: Valve's standings, {settings.valve_checkout or settings.valve_url}")
            console.print(f"      (commit {repository.head_commit()[:12]}). They contain series results without maps:")
            console.print("      a forecast is the probability to win the series, the same on every map.\n")
            overrides = {
                **overrides,
                "CS2_VALVE_CHECKOUT": str(repository.folder.absolute()),
            }  # no new data during the demo
        case _:
            console.print(f"Data: {' '.join(overrides.values())}\n")
    return make_source(name, settings), overrides


def _ingest_and_train(console: Console, layout: "Layout") -> None:
    """Follow the runs that the sensors start; start those that a sensor has not started yet."""
    from cli.ingest import JOB as INGEST
    from cli.ingest import report_ingest
    from cli.runs import DagsterRuns, follow_to_the_end
    from cli.train import JOB as TRAIN
    from cli.train import report_training
    from pipelines.defs.etl.jobs import range_tags
    from pipelines.defs.fixtures.jobs import JOB as AUTOMATIC
    from pipelines.sources.months import FIRST_MONTH

    today = date.fromisoformat(layout.overrides["CS2_CLOCK_DATE"]).replace(day=1).isoformat()
    with DagsterRuns(layout.http("dagster")) as runs:
        run = runs.active_run(INGEST) or runs.launch(INGEST, tags=range_tags(FIRST_MONTH, today))
        console.print(f"\nIngest: {runs.run_url(run)}")
        if report_ingest(follow_to_the_end(runs, run, console), console) is not ExitCode.OK:
            raise DemoError(f"the ingest failed; see {runs.run_url(run)}")
        run = runs.active_run(TRAIN) or runs.launch(TRAIN)
        console.print(f"\nTraining: {runs.run_url(run)}")
        if report_training(follow_to_the_end(runs, run, console), console) is not ExitCode.OK:
            raise DemoError(f"the training produced no champion; see {runs.run_url(run)}")
        if runs.active_run(AUTOMATIC) is None:  # runs while the demo sends its requests
            runs.launch(AUTOMATIC)


def _forecast_and_compare(console: Console, layout: "Layout", source: "MatchSource", cut: date, last: date) -> None:
    from cli.api import Api
    from cli.demo_matches import select_matches
    from cs2.storage.engine import make_engine

    engine = make_engine(layout.database("cs2"))
    try:
        matches = select_matches(source, engine, cut=cut, last=last)
    finally:
        engine.dispose()
    with Api(layout.http("api")) as api:
        _wait_for_model(api)
        username, password = f"demo-{secrets.token_hex(4)}", secrets.token_urlsafe(16)
        api.register(username, password)
        api.log_in(username, password)
        console.print(f"\nRegistered and logged in as {username}.")
        console.print(
            f"POST /forecast/get_team1_win_probability for the {len(matches.known)} {matches.unit} after {cut}"
            f" ({matches.unknown} more have a team, map or player without earlier results):"
        )
        began = time.monotonic()
        answers = [api.forecast(**match.request) for match in track(matches.known, "forecasting", console=console)]
        seconds = time.monotonic() - began
        show_beside_outcomes(console, matches, answers)
        console.print(f"{len(answers)} forecasts in {seconds:.1f} s, one request each.")
        check_history(console, layout, [answer["forecast_id"] for answer in answers])
        show_explanation(console, api, matches.known[-1], answers[-1])
        show_automatic(console, api, cut)


def _wait_for_model(api: Any) -> None:
    from cli.api import ApiError

    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            api.request("GET", "/health/ready")
        except ApiError as error:
            if time.monotonic() > deadline:
                raise DemoError(f"the API serves no model after {READY_SECONDS} s: {error}") from error
            time.sleep(0.2)
        else:
            return
