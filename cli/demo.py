"""``cs2 demo``: the whole way, once, with real servers: results in, forecasts out, and each found in the history."""

import secrets
import shutil
import time
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import track

from cli.demo_report import DemoError, read_back, show_automatic, show_beside_outcomes, show_one_closely
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
    port: Annotated[list[str] | None, typer.Option("--port", help="A port by name, such as api=8000.")] = None,
) -> None:
    """Run the main job from nothing: servers, data, model, forecasts over REST, history; then stop.

    The service knows everything up to 14 days before the end of the data, and is asked about the maps of those days.
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
        raise DemoError(f"a demo runs in {folder} already, or a crash left it: cs2 down --data-dir {folder}")
    shutil.rmtree(folder, ignore_errors=True)  # the demo starts from nothing
    asked = stop_event()
    told = {**overrides, "CS2_CLOCK_DATE": cut.isoformat()}
    with running_stack(folder, ports=ports, overrides=told, progress=console.print, cancelled=asked.is_set) as stack:
        console.print(f"\nThe data ends on {last}; the service knows everything through {cut}.")
        _ingest_and_train(console, stack.layout)
        _forecast_and_judge(console, stack.layout, source, cut, last)
        console.print(f"\nAPI docs  {stack.layout.http('api')}/docs")
        console.print(f"Dagster   {stack.layout.http('dagster')}")
        console.print(f"MLflow    {stack.layout.http('mlflow')}")
        console.print("They end now; `make up` keeps them.\n")
    console.print(f"done in {time.monotonic() - began:.0f} s")


def _source(console: Console, overrides: dict[str, str], data: Path) -> "tuple[MatchSource, dict[str, str]]":
    """The source of the settings, and the settings with which the stack reads the same."""
    from cs2.settings import Settings, SourceName
    from pipelines.sources.registry import make_source, valve_repository

    fields = {name.removeprefix("CS2_").lower(): value for name, value in overrides.items()}
    settings = Settings(**fields, data_dir=data)  # type: ignore[arg-type]
    if len(settings.sources) > 1:
        raise DemoError("the demo shows one source; `cs2 up` reads several")
    [name] = settings.sources
    match name:
        case SourceName.PANDASCORE | SourceName.BO3GG:
            raise DemoError(f"the demo asks nobody's interface, and forgets: cs2 up --source {name} fetches, and keeps")
        case SourceName.SIMULATED:
            console.print("Data: a SIMULATED league: made-up teams whose true strengths are known. For real matches:")
            console.print("      make demo SOURCE=valve, or make demo DATA=folder, with a folder of CSV files.\n")
        case SourceName.VALVE:
            repository = valve_repository(settings)
            console.print(f"Data: Valve's standings, {settings.valve_checkout or settings.valve_url}")
            console.print(f"      (commit {repository.head_commit()[:12]}). They tell who won a series, and no maps:")
            console.print("      a forecast is the chance to win the series, the same on every map.\n")
            overrides = {**overrides, "CS2_VALVE_CHECKOUT": str(repository.folder.absolute())}  # nothing new meanwhile
        case _:
            console.print(f"Data: {' '.join(overrides.values())}\n")
    return make_source(name, settings), overrides


def _ingest_and_train(console: Console, layout: "Layout") -> None:
    """Follow the runs that the sensors start; start them where a sensor has not yet."""
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
        run = runs.under_way(INGEST) or runs.launch(INGEST, tags=range_tags(FIRST_MONTH, today))
        console.print(f"\nIngest: {runs.run_url(run)}")
        if report_ingest(follow_to_the_end(runs, run, console), console) is not ExitCode.OK:
            raise DemoError(f"the ingest failed; see {runs.run_url(run)}")
        run = runs.under_way(TRAIN) or runs.launch(TRAIN)
        console.print(f"\nTraining: {runs.run_url(run)}")
        if report_training(follow_to_the_end(runs, run, console), console) is not ExitCode.OK:
            raise DemoError(f"the training gave no champion; see {runs.run_url(run)}")
        if runs.under_way(AUTOMATIC) is None:  # meanwhile the demo asks
            runs.launch(AUTOMATIC)


def _forecast_and_judge(console: Console, layout: "Layout", source: "MatchSource", cut: date, last: date) -> None:
    from cli.api import Api
    from cli.demo_matches import questions
    from cs2.storage.engine import make_engine

    engine = make_engine(layout.database("cs2"))
    try:
        wanted = questions(source, engine, cut=cut, last=last)
    finally:
        engine.dispose()
    with Api(layout.http("api")) as api:
        _wait_for_the_model(api)
        username, password = f"demo-{secrets.token_hex(4)}", secrets.token_urlsafe(16)
        api.register(username, password)
        api.log_in(username, password)
        console.print(f"\nRegistered and logged in as {username}.")
        console.print(
            f"Asking POST /forecast/get_team1_win_probability about the {len(wanted.asked)} {wanted.unit} after {cut}"
            f" ({wanted.unknown} more have a team, map or player that nobody had seen by then):"
        )
        began = time.monotonic()
        answers = [api.forecast(**question.request) for question in track(wanted.asked, "asking", console=console)]
        seconds = time.monotonic() - began
        show_beside_outcomes(console, wanted, answers)
        console.print(f"{len(answers)} forecasts in {seconds:.1f} s, one request each.")
        read_back(console, layout, [answer["forecast_id"] for answer in answers])
        show_one_closely(console, api, wanted.asked[-1], answers[-1])
        show_automatic(console, api, cut)


def _wait_for_the_model(api: Any) -> None:
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
