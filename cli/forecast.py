"""``cs2 forecast``: forecast a map or a series, by the running API or, with ``--local``, from the copy on disk."""

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
    """Log in with the command's own account, which is stored in the file ``account``.

    Without the file, or if it cannot be read or the API does not know the account, register a new one.

    Raises:
        ApiError: If the API does not answer.
    """
    try:
        stored = json.loads(account.read_text())
        username, password = str(stored["username"]), str(stored["password"])
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
    credentials = {"username": f"cli-{secrets.token_hex(8)}", "password": secrets.token_urlsafe(24)}
    api.register(**credentials)
    api.log_in(**credentials)
    account.parent.mkdir(parents=True, exist_ok=True)
    account.touch(mode=0o600)
    account.write_text(json.dumps(credentials))


def answer_locally(settings: Settings, path: str, question: dict[str, Any]) -> dict[str, Any]:
    """Compute a forecast as the API does, from its copy of model and ratings on disk. The history does not store it.

    Raises:
        ApiError: If there is no copy, or the question is wrong.
    """
    from pydantic import ValidationError

    from cs2.messages import ForecastRequest, SeriesRequest
    from cs2.model_artifacts import ArtifactRejectedError
    from serving.errors import ProblemError
    from serving.forecast.disk_cache import FOLDER, DiskCache
    from serving.forecast.predict import predict_maps, predict_series
    from serving.forecast.resolve import resolve

    folder, today = settings.data_dir / FOLDER, settings.current_day()
    try:
        snapshot = DiskCache(folder).load()
    except (ArtifactRejectedError, OSError) as error:
        raise ApiError(str(error)) from error
    if snapshot is None:
        raise ApiError(f"there is no copy of a model in {folder}; start the service once: make up")
    try:
        if path == SERIES_PATH:
            series = predict_series(resolve(SeriesRequest.model_validate(question), snapshot, today))
            return dict(json.loads(series.body))
        resolved = resolve(ForecastRequest.model_validate(question), snapshot, today)
        return dict(json.loads(predict_maps([resolved])[0].body))
    except (ProblemError, ValidationError) as error:
        status = error.status if isinstance(error, ProblemError) else HTTPStatus.UNPROCESSABLE_ENTITY
        raise ApiError(str(error), status=status) from error


def forecast(
    team1: Annotated[str, typer.Option(help="Name or alias of team 1, or id:NUMBER.")],
    team2: Annotated[str, typer.Option(help="Name or alias of team 2, or id:NUMBER.")],
    played_map: Annotated[
        list[str] | None,
        typer.Option("--map", help="Name or id:NUMBER of the map; for a series, of its maps in the order of play."),
    ] = None,
    best_of: Annotated[int | None, typer.Option(help="Forecast a series of 1, 3 or 5; --map is optional then.")] = None,
    player1: Annotated[
        list[str] | None, typer.Option(help="Name or id:NUMBER of a player of team 1; give it five times.")
    ] = None,
    player2: Annotated[
        list[str] | None, typer.Option(help="Name or id:NUMBER of a player of team 2; give it five times.")
    ] = None,
    on: Annotated[str | None, typer.Option(help="Date of the match, YYYY-MM-DD; default: today.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
    local: Annotated[bool, typer.Option("--local", help="Use the copy on disk; needs no server.")] = False,
) -> None:
    """Forecast the probability that team 1 wins a map, or with --best-of a series.

    Without players, the latest five of each team are used. Exit status 2: a name is unknown or not unique.
    """
    settings, errors = settings_of_running_stack(), Console(stderr=True)
    try:
        path, request = build_request(played_map or [], best_of, (team1, team2), (player1, player2), on)
        if local:
            answer = answer_locally(settings, path, request)
        else:
            with Api(settings.api_url) as api:
                log_in(api, settings.data_dir / ACCOUNT_FILE)
                answer = api.request("POST", path, json=request)
    except ApiError as error:
        errors.print(str(error), style="red", markup=False)
        raise typer.Exit(
            ExitCode.WRONG_INPUT if error.status == HTTPStatus.UNPROCESSABLE_ENTITY else ExitCode.FAILURE
        ) from error
    if as_json:
        typer.echo(json.dumps(answer, indent=2))
    else:
        show(answer, Console())


def build_request(
    maps: Sequence[str],
    best_of: int | None,
    teams: tuple[str, str],
    lineups: tuple[list[str] | None, list[str] | None],
    on: str | None,
) -> tuple[str, dict[str, Any]]:
    """Return path and body of the request.

    Raises:
        ApiError: If the command line has neither one map nor a series, or the date is not valid.
    """
    request: dict[str, Any] = {}
    for number, (team, players) in enumerate(zip(teams, lineups, strict=True), start=1):
        request |= _by_id_or_name(f"team{number}_id", f"team{number}", [team], is_list=False)
        if players:
            request |= _by_id_or_name(f"team{number}_player_ids", f"team{number}_players", players)
    if on is not None:
        try:
            request["played_on"] = date.fromisoformat(on).isoformat()
        except ValueError as error:
            raise _wrong_input(f"{on} is not a date; write YYYY-MM-DD") from error
    if best_of is not None:
        series_maps = _by_id_or_name("map_ids", "maps", maps) if maps else {}
        return SERIES_PATH, {**request, **series_maps, "best_of": best_of}
    if len(maps) != 1:
        raise _wrong_input("give one map with --map, or a series with --best-of")
    return MAP_PATH, {**request, **_by_id_or_name("map_id", "map", maps, is_list=False)}


def _by_id_or_name(id_field: str, name_field: str, names: Sequence[str], *, is_list: bool = True) -> dict[str, Any]:
    ids = [int(name[3:]) for name in names if name.startswith("id:") and name[3:].isascii() and name[3:].isdigit()]
    if ids and len(ids) != len(names):
        raise _wrong_input(f"{name_field}: give all by name, or all by id:NUMBER")
    values: Sequence[int | str] = ids or names
    return {(id_field if ids else name_field): list(values) if is_list else values[0]}


def _wrong_input(message: str) -> ApiError:
    return ApiError(message, status=HTTPStatus.UNPROCESSABLE_ENTITY)


def show(answer: dict[str, Any], console: Console) -> None:
    """Print an answer as text."""
    low, high = answer["interval"]
    teams = [answer["team1"], answer["team2"]]
    names = [escape(team["name"]) for team in teams]
    match = f"a best-of-{answer['best_of']}" if "best_of" in answer else escape(answer["map"]["name"])
    console.print(f"[bold]{names[0]}[/] against [bold]{names[1]}[/], {match}, {answer['played_on']}")
    console.print(f"  {names[0]} wins: [bold]{answer['team1_win_probability']:.1%}[/]  (95%: {low:.0%} to {high:.0%})")
    if "scores" in answer:
        _show_series(answer, console)
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


def _show_series(answer: dict[str, Any], console: Console) -> None:
    scores = [f"{score['team1_maps']}:{score['team2_maps']} {score['probability']:.0%}" for score in answer["scores"]]
    console.print(f"  score lines: {', '.join(scores)}", highlight=False)
    for series_map in answer["maps"]:
        name = series_map["map"]["name"] if series_map["map"] else "any map"
        chance = series_map["chance_to_be_played"]
        played = f" (played: {chance:.0%})" if chance < 1 else ""
        console.print(f"  {name}: {series_map['team1_win_probability']:.0%}{played}", markup=False, highlight=False)
