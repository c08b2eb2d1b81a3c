"""``cs2 forecast``: a map or a series, by names; asks the running API, or with ``--local`` the copy on disk."""

import json
import secrets
from collections.abc import Sequence
from datetime import date
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from cli.api import MAP_PATH, SERIES_PATH, Api, ApiError
from cli.exit_codes import ExitCode
from cli.stack.layout import settings_of_running_stack
from cs2.settings import Settings

ACCOUNT_FILE = "cli_account.json"


def log_in(api: Api, account: Path) -> None:
    """Log in with the command's own account, kept in the file ``account``.

    Where there is none, it cannot be read, or the API does not know it, a new one is made.

    Raises:
        ApiError: If the API does not answer.
    """
    try:
        known = json.loads(account.read_text())
        username, password = str(known["username"]), str(known["password"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        _register(api, account)
        return
    try:
        api.log_in(username, password)
    except ApiError as error:
        if error.status != HTTPStatus.UNAUTHORIZED:
            raise
        _register(api, account)


def _register(api: Api, account: Path) -> None:
    new = {"username": f"cli-{secrets.token_hex(8)}", "password": secrets.token_urlsafe(24)}
    api.register(**new)
    api.log_in(**new)
    account.parent.mkdir(parents=True, exist_ok=True)
    account.touch(mode=0o600)
    account.write_text(json.dumps(new))


def answer_locally(settings: Settings, path: str, question: dict[str, Any]) -> dict[str, Any]:
    """The API's computation, on what it served last on this machine. Nothing enters the history.

    Raises:
        ApiError: If there is no copy, or the question is wrong.
    """
    from pydantic import ValidationError

    from cs2.messages import ForecastRequest, SeriesRequest
    from serving.errors import ProblemError
    from serving.forecast.disk_cache import FOLDER, DiskCache
    from serving.forecast.predict import answer_maps, answer_series, require_model
    from serving.forecast.resolve import map_question, series_question
    from serving.forecast.serving_snapshot import RefusedError

    folder, today = settings.data_dir / FOLDER, settings.current_day()
    try:
        bundle = DiskCache(folder).load()
    except (RefusedError, OSError) as error:
        raise ApiError(str(error)) from error
    if bundle is None:
        raise ApiError(f"there is no copy of a model in {folder}; start the service once: make up")
    try:
        ratings = require_model(bundle)[1]
        if path == SERIES_PATH:
            series = SeriesRequest.model_validate(question)
            asked = series_question(bundle, ratings, series, today)
            return dict(json.loads(answer_series(bundle, asked, series.best_of).body))
        asked = map_question(bundle, ratings, ForecastRequest.model_validate(question), today)
        return dict(json.loads(answer_maps(bundle, [asked])[0].body))
    except (ProblemError, ValidationError) as error:
        status = error.status if isinstance(error, ProblemError) else HTTPStatus.UNPROCESSABLE_ENTITY
        raise ApiError(str(error), status=status) from error


def forecast(
    team1: Annotated[str, typer.Option(help="Name or alias of team 1, or id:NUMBER.")],
    team2: Annotated[str, typer.Option(help="Name or alias of team 2, or id:NUMBER.")],
    played_map: Annotated[
        list[str] | None,
        typer.Option("--map", help="The map, or those of a series in the order of play; a name or id:NUMBER."),
    ] = None,
    best_of: Annotated[int | None, typer.Option(help="A series of 1, 3 or 5; its maps may be left out.")] = None,
    player1: Annotated[list[str] | None, typer.Option(help="A player of team 1, or id:NUMBER; five times.")] = None,
    player2: Annotated[list[str] | None, typer.Option(help="A player of team 2, or id:NUMBER; five times.")] = None,
    on: Annotated[str | None, typer.Option(help="Day of play, YYYY-MM-DD; default: today.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
    local: Annotated[bool, typer.Option("--local", help="Needs no server: uses the copy on disk.")] = False,
) -> None:
    """The probability that team 1 wins a map, or with --best-of a series.

    Without players, by each team's latest five. Exit status 2: a name is not known or not unique.
    """
    settings, errors = settings_of_running_stack(), Console(stderr=True)
    try:
        path, question = asked(played_map or [], best_of, (team1, team2), (player1, player2), on)
        if local:
            answer = answer_locally(settings, path, question)
        else:
            with Api(settings.api_url) as api:
                log_in(api, settings.data_dir / ACCOUNT_FILE)
                answer = api.request("POST", path, json=question)
    except ApiError as error:
        errors.print(str(error), style="red", markup=False)
        raise typer.Exit(
            ExitCode.WRONG_INPUT if error.status == HTTPStatus.UNPROCESSABLE_ENTITY else ExitCode.FAILURE
        ) from error
    if as_json:
        typer.echo(json.dumps(answer, indent=2))
    else:
        show(answer, Console())


def asked(
    maps: Sequence[str],
    best_of: int | None,
    teams: tuple[str, str],
    lineups: tuple[list[str] | None, list[str] | None],
    on: str | None,
) -> tuple[str, dict[str, Any]]:
    """Path and body of the request.

    Raises:
        ApiError: If the command line asks for no map and no series, or the day is none.
    """
    question: dict[str, Any] = {}
    for number, (team, players) in enumerate(zip(teams, lineups, strict=True), start=1):
        question |= _by_id_or_name(f"team{number}_id", f"team{number}", [team], is_list=False)
        if players:
            question |= _by_id_or_name(f"team{number}_player_ids", f"team{number}_players", players)
    if on is not None:
        try:
            question["played_on"] = date.fromisoformat(on).isoformat()
        except ValueError as error:
            raise _wrong(f"{on} is no day; write YYYY-MM-DD") from error
    if best_of is not None:
        named = _by_id_or_name("map_ids", "maps", maps) if maps else {}
        return SERIES_PATH, {**question, **named, "best_of": best_of}
    if len(maps) != 1:
        raise _wrong("name one map with --map, or ask for a series with --best-of")
    return MAP_PATH, {**question, **_by_id_or_name("map_id", "map", maps, is_list=False)}


def _by_id_or_name(id_field: str, name_field: str, given: Sequence[str], *, is_list: bool = True) -> dict[str, Any]:
    ids = [int(name[3:]) for name in given if name.startswith("id:") and name[3:].isascii() and name[3:].isdigit()]
    if ids and len(ids) != len(given):
        raise _wrong(f"{name_field}: give all by name, or all by id:NUMBER")
    values: Sequence[int | str] = ids or given
    return {(id_field if ids else name_field): list(values) if is_list else values[0]}


def _wrong(message: str) -> ApiError:
    return ApiError(message, status=HTTPStatus.UNPROCESSABLE_ENTITY)


def show(answer: dict[str, Any], console: Console) -> None:
    """Print an answer for a person."""
    low, high = answer["interval"]
    teams = [answer["team1"], answer["team2"]]
    names = [escape(team["name"]) for team in teams]
    what = f"a best-of-{answer['best_of']}" if "best_of" in answer else escape(answer["map"]["name"])
    console.print(f"[bold]{names[0]}[/] against [bold]{names[1]}[/], {what}, {answer['played_on']}")
    console.print(f"  {names[0]} wins: [bold]{answer['team1_win_probability']:.1%}[/]  (95%: {low:.0%} to {high:.0%})")
    if "scores" in answer:
        scores = [f"{one['team1_maps']}:{one['team2_maps']} {one['probability']:.0%}" for one in answer["scores"]]
        console.print(f"  score lines: {', '.join(scores)}", highlight=False)
        for one in answer["maps"]:
            name = one["map"]["name"] if one["map"] else "any map"
            console.print(
                f"  {name}: {one['team1_win_probability']:.0%}"
                + (f" (played: {one['chance_to_be_played']:.0%})" if one["chance_to_be_played"] < 1 else ""),
                markup=False,
                highlight=False,
            )
    for team in teams:
        players = ", ".join(player["name"] for player in team["players"]) or "no lineup known"
        console.print(f"  {team['name']}: {players}", markup=False)
    for warning in answer["warnings"]:
        console.print(f"  note: {warning}", style="yellow", markup=False)
    model = answer["model"]
    console.print(
        f"  model {model['version']}, trained through {model['trained_through']}, ratings of {model['ratings_as_of']}",
        style="dim",
    )
