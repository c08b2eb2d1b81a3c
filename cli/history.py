"""``cs2 history``: export the stored forecasts for analysis, and show one forecast with its explanation."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

from cli.api import Api, ApiError
from cli.exit_codes import ExitCode
from cli.forecast import ACCOUNT_FILE, log_in, show
from cli.stack.layout import settings_of_running_stack

app = typer.Typer(no_args_is_help=True, help="Export and show stored forecasts.")

CHUNK = 20_000
SERVER_MS = 5_000


class Format(StrEnum):
    """Formats of an export, by the ending of the file."""

    PARQUET = ".parquet"
    CSV = ".csv"


@app.callback()
def history() -> None:
    """Export and show stored forecasts."""


@app.command()
def export(
    out: Annotated[Path, typer.Option(help="FILE.parquet or FILE.csv; an existing file is replaced.")],
    first: Annotated[
        str | None, typer.Option("--from", help="Only forecasts of this day (UTC) or later, YYYY-MM-DD.")
    ] = None,
    last: Annotated[str | None, typer.Option("--to", help="Only forecasts of this day (UTC) or earlier.")] = None,
) -> None:
    """Write the stored forecasts from MongoDB into a file, one row each, in the order of the answers.

    Columns that apply only to maps are empty for series, and the other way round. Users are given by id.
    """
    errors, console = Console(stderr=True), Console()
    try:
        kind = Format(out.suffix)
        query = _between(first, last)
    except ValueError as error:
        errors.print(f"{error}; give --out FILE.parquet or FILE.csv, and days as YYYY-MM-DD", style="red", markup=False)
        raise typer.Exit(ExitCode.WRONG_INPUT) from error
    import pymongo
    from pymongo.errors import PyMongoError

    from cs2.messages import FORECASTS_COLLECTION

    settings = settings_of_running_stack()
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(
        settings.mongo_url, serverSelectionTimeoutMS=SERVER_MS, tz_aware=True
    )
    try:
        forecasts = client[settings.mongo_database][FORECASTS_COLLECTION]
        total = forecasts.count_documents(query)
        with Progress(console=errors) as progress:
            task = progress.add_task("exporting", total=total)
            rows = (_row(document) for document in forecasts.find(query).sort("_id", 1))
            written = _write(out, kind, rows, lambda count: progress.advance(task, count))
    except (PyMongoError, OSError) as error:
        errors.print(f"the export failed: {error}", style="red", markup=False)
        raise typer.Exit(ExitCode.FAILURE) from error
    finally:
        client.close()
    console.print(f"{written} forecasts written to {out}", markup=False, highlight=False)


@app.command("show")
def show_one(
    forecast_id: Annotated[str, typer.Argument(help="The forecast_id of a forecast that this command has requested.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Show a forecast that this command has requested, with the contribution of each feature."""
    settings, console = settings_of_running_stack(), Console()
    try:
        with Api(settings.api_url) as api:
            log_in(api, settings.data_dir / ACCOUNT_FILE)
            forecast = api.request("GET", f"/forecast/{forecast_id}")
    except ApiError as error:
        Console(stderr=True).print(str(error), style="red", markup=False)
        raise typer.Exit(ExitCode.FAILURE) from error
    if as_json:
        typer.echo(json.dumps(forecast, indent=2))
    elif "answer" not in forecast:
        console.print("the forecast is not stored yet; retry in a second")
    else:
        show(forecast["answer"], console)
        show_reasons(forecast["explanation"], console)


def show_reasons(explanation: dict[str, Any] | None, console: Console) -> None:
    """Print the contribution of each feature."""
    if explanation is None:
        return
    about, chance = explanation["about"], explanation["probability"]
    console.print(
        f"  why {chance:.1%} on {about} (log-odds, they sum to {explanation['log_odds']:+.3f}):", markup=False
    )
    for reason in explanation["reasons"]:
        console.print(f"    {reason['log_odds']:+.3f}  {reason['text']}", markup=False, highlight=False)


def _between(first: str | None, last: str | None) -> dict[str, Any]:
    period = {}
    if first is not None:
        period["$gte"] = datetime.combine(date.fromisoformat(first), time(), UTC)
    if last is not None:
        period["$lt"] = datetime.combine(date.fromisoformat(last) + timedelta(days=1), time(), UTC)
    return {"occurred_at": period} if period else {}


def _row(document: dict[str, Any]) -> dict[str, Any]:
    answer = document["response"]
    low, high = answer["interval"]
    played_map = answer.get("map") or {}
    return {
        "forecast_id": document["_id"],
        "kind": document.get("kind", "map"),
        "occurred_at": document["occurred_at"],
        "played_on": answer["played_on"],
        "user_id": document["user_id"],
        "batch_id": document.get("batch_id"),
        "map_id": played_map.get("id"),
        "map": played_map.get("name"),
        "best_of": answer.get("best_of"),
        "team1_id": answer["team1"]["id"],
        "team1": answer["team1"]["name"],
        "team2_id": answer["team2"]["id"],
        "team2": answer["team2"]["name"],
        "team1_win_probability": answer["team1_win_probability"],
        "interval_low": low,
        "interval_high": high,
        "warnings": "; ".join(answer["warnings"]),
        "model_version": document["model_version"],
        "snapshot_id": document["snapshot_id"],
        "trained_through": answer["model"]["trained_through"],
        "ratings_as_of": answer["model"]["ratings_as_of"],
        "contributions": json.dumps(document.get("contributions", {})),
    }


def _write(out: Path, kind: Format, rows: Iterator[dict[str, Any]], done: Any) -> int:
    """Write in chunks, so that any number of rows fits in memory. The file appears when it is complete."""
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    schema = _schema(pa)
    unfinished, written = out.with_name(f".{out.name}.part"), 0
    writer: Any = pyarrow.parquet.ParquetWriter if kind is Format.PARQUET else pyarrow.csv.CSVWriter
    try:
        with writer(str(unfinished), schema) as file:
            while chunk := list(islice(rows, CHUNK)):
                file.write_table(pa.Table.from_pylist(chunk, schema=schema))
                written += len(chunk)
                done(len(chunk))
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)
    return written


_INTEGERS = ("user_id", "map_id", "best_of", "team1_id", "team2_id", "model_version", "snapshot_id")
_FLOATS = ("team1_win_probability", "interval_low", "interval_high")
COLUMNS = (
    *("forecast_id", "kind", "occurred_at", "played_on", "user_id", "batch_id", "map_id", "map", "best_of"),
    *("team1_id", "team1", "team2_id", "team2", *_FLOATS, "warnings", "model_version", "snapshot_id"),
    *("trained_through", "ratings_as_of", "contributions"),
)


def _schema(pa: Any) -> Any:
    types = {**dict.fromkeys(_INTEGERS, pa.int64()), **dict.fromkeys(_FLOATS, pa.float64())}
    types["occurred_at"] = pa.timestamp("us", tz="UTC")
    return pa.schema([(name, types.get(name, pa.string())) for name in COLUMNS])
