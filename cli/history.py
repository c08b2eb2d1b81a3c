"""``cs2 history``: the stored forecasts as a file for analysis, and one forecast with its reasons."""

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

app = typer.Typer(no_args_is_help=True, help="The stored forecasts.")

CHUNK = 20_000
SERVER_MS = 5_000


class Format(StrEnum):
    """Files that can be written, by their endings."""

    PARQUET = ".parquet"
    CSV = ".csv"


@app.callback()
def history() -> None:
    """The stored forecasts."""


@app.command()
def export(
    out: Annotated[Path, typer.Option(help="FILE.parquet or FILE.csv; an existing one is replaced.")],
    first: Annotated[
        str | None, typer.Option("--from", help="Answered on this day (UTC) or later, YYYY-MM-DD.")
    ] = None,
    last: Annotated[str | None, typer.Option("--to", help="Answered on this day (UTC) or earlier.")] = None,
) -> None:
    """Write every stored forecast, one row each, in the order of their answers; reads MongoDB itself.

    Columns that only a map or only a series has are empty for the other. Users are told by their ids.
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
            shown = progress.add_task("exporting", total=total)
            rows = (_row(document) for document in forecasts.find(query).sort("_id", 1))
            written = _write(out, kind, rows, lambda count: progress.advance(shown, count))
    except (PyMongoError, OSError) as error:
        errors.print(f"the export failed: {error}", style="red", markup=False)
        raise typer.Exit(ExitCode.FAILURE) from error
    finally:
        client.close()
    console.print(f"{written} forecasts written to {out}", markup=False, highlight=False)


@app.command("show")
def show_one(
    forecast_id: Annotated[str, typer.Argument(help="The forecast_id of an answer to this command.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Print a forecast that this command asked for, and what each feature added to it."""
    settings, console = settings_of_running_stack(), Console()
    try:
        with Api(settings.api_url) as api:
            log_in(api, settings.data_dir / ACCOUNT_FILE)
            found = api.request("GET", f"/forecast/{forecast_id}")
    except ApiError as error:
        Console(stderr=True).print(str(error), style="red", markup=False)
        raise typer.Exit(ExitCode.FAILURE) from error
    if as_json:
        typer.echo(json.dumps(found, indent=2))
    elif "answer" not in found:
        console.print("it was answered and is not stored yet; ask again in a second")
    else:
        show(found["answer"], console)
        show_reasons(found["explanation"], console)


def show_reasons(explanation: dict[str, Any] | None, console: Console) -> None:
    """Print what each feature added."""
    if explanation is None:
        return
    about, chance = explanation["about"], explanation["probability"]
    console.print(
        f"  why {chance:.1%} on {about} (log-odds, they sum to {explanation['log_odds']:+.3f}):", markup=False
    )
    for reason in explanation["reasons"]:
        console.print(f"    {reason['log_odds']:+.3f}  {reason['text']}", markup=False, highlight=False)


def _between(first: str | None, last: str | None) -> dict[str, Any]:
    moments = {}
    if first is not None:
        moments["$gte"] = datetime.combine(date.fromisoformat(first), time(), UTC)
    if last is not None:
        moments["$lt"] = datetime.combine(date.fromisoformat(last) + timedelta(days=1), time(), UTC)
    return {"occurred_at": moments} if moments else {}


def _row(document: dict[str, Any]) -> dict[str, Any]:
    answer = document["response"]
    low, high = answer["interval"]
    played = answer.get("map") or {}
    return {
        "forecast_id": document["_id"],
        "kind": document.get("kind", "map"),
        "occurred_at": document["occurred_at"],
        "played_on": answer["played_on"],
        "user_id": document["user_id"],
        "batch_id": document.get("batch_id"),
        "map_id": played.get("id"),
        "map": played.get("name"),
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
    """Write in chunks, so that a history of any length fits; the file appears when it is whole."""
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
