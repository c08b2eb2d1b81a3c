"""``cs2 forecast``: one map, by names; asks the running API, or with ``--local`` the copy on disk."""

import json
import secrets
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, Protocol

import typer
from rich.console import Console
from rich.markup import escape

from cli.api import Api, ApiError
from cli.exit_codes import ExitCode
from cli.stack.layout import settings_of_running_stack
from cs2.settings import Settings

ACCOUNT_FILE = "cli_account.json"


class WrongNameError(Exception):
    """A name that is not known, or is that of several."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked, in the words of the command line.

    Attributes:
        map_name: Name of the map.
        teams: Names of both teams.
        lineups: Names of their players; None means the latest five.
        on: Day of play, None for today.
    """

    map_name: str
    teams: tuple[str, str]
    lineups: tuple[list[str] | None, list[str] | None]
    on: str | None


class Forecaster(Protocol):
    """Knows names and answers forecasts."""

    def named(self, kind: str, name: str) -> tuple[list[dict[str, Any]], list[str]]:
        """Entries of a kind (``map``, ``team``, ``player``) with this name; where there is none, similar names."""
        ...

    def forecast(self, question: dict[str, Any]) -> dict[str, Any]:
        """The answer to a question with ids."""
        ...


def log_in(api: Api, account: Path) -> None:
    """Log in with the command's own account, kept in the file ``account``; it is made where the API does not know it.

    Raises:
        ApiError: If the API does not answer.
    """
    try:
        known = json.loads(account.read_text())
        api.log_in(known["username"], known["password"])
    except FileNotFoundError:
        pass
    except ApiError as error:
        if error.status != HTTPStatus.UNAUTHORIZED:
            raise
    else:
        return
    new = {"username": f"cli-{secrets.token_hex(8)}", "password": secrets.token_urlsafe(24)}
    api.register(**new)
    api.log_in(**new)
    account.parent.mkdir(parents=True, exist_ok=True)
    account.touch(mode=0o600)
    account.write_text(json.dumps(new))


class RemoteForecaster:
    """The running API."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def named(self, kind: str, name: str) -> tuple[list[dict[str, Any]], list[str]]:
        """Entries with this name; where there is none, similar names."""
        page = self._api.request("GET", f"/{kind}s", params={"name": name})
        return page["items"], page["suggestions"]

    def forecast(self, question: dict[str, Any]) -> dict[str, Any]:
        """The API's answer, which is in the history."""
        return self._api.forecast(**question)


class LocalForecaster:
    """Model, ratings and dictionaries that the API served last on this machine. Nothing enters the history."""

    def __init__(self, settings: Settings) -> None:
        from serving.forecast.bundle import RefusedError
        from serving.forecast.copies import FOLDER, Copies

        folder = settings.data_dir / FOLDER
        try:
            bundle = Copies(folder).load()
        except (RefusedError, OSError) as error:
            raise ApiError(str(error)) from error
        if bundle is None:
            raise ApiError(f"there is no copy of a model in {folder}; start the service once: make up")
        self._bundle = bundle
        self._today = settings.current_day()

    def named(self, kind: str, name: str) -> tuple[list[dict[str, Any]], list[str]]:
        """Entries with this name; where there is none, similar names."""
        names = self._bundle.dictionaries
        dictionary = {"map": names.maps, "team": names.teams, "player": names.players}[kind]
        found = dictionary.named(name)
        return [entry.model_dump() for entry in found], [] if found else dictionary.suggestions(name)

    def forecast(self, question: dict[str, Any]) -> dict[str, Any]:
        """The same computation as the API's."""
        from pydantic import ValidationError
        from uuid_utils import uuid7

        from cs2.contracts import ForecastRequest
        from serving.errors import ProblemError
        from serving.forecast.service import answer

        try:
            request = ForecastRequest.model_validate(question)
            found = answer(self._bundle, request, forecast_id=str(uuid7()), today=self._today)
        except (ProblemError, ValidationError) as error:
            status = error.status if isinstance(error, ProblemError) else HTTPStatus.UNPROCESSABLE_ENTITY
            raise ApiError(str(error), status=status) from error
        return found.model_dump(mode="json")


def forecast(
    map_name: Annotated[str, typer.Option("--map", help="Name of the map.")],
    team1: Annotated[str, typer.Option(help="Name or alias of team 1, or id:NUMBER.")],
    team2: Annotated[str, typer.Option(help="Name or alias of team 2, or id:NUMBER.")],
    player1: Annotated[list[str] | None, typer.Option(help="A player of team 1, or id:NUMBER; five times.")] = None,
    player2: Annotated[list[str] | None, typer.Option(help="A player of team 2, or id:NUMBER; five times.")] = None,
    on: Annotated[str | None, typer.Option(help="Day of play, YYYY-MM-DD; default: today.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
    local: Annotated[bool, typer.Option("--local", help="Needs no server: uses the copy on disk.")] = False,
) -> None:
    """The probability that team 1 wins a map; without players, by each team's latest five.

    Exit status 2: a name is not known or not unique.
    """
    settings, errors = settings_of_running_stack(), Console(stderr=True)
    wanted = Wanted(map_name, (team1, team2), (player1, player2), on)
    try:
        if local:
            answer = ask(LocalForecaster(settings), wanted)
        else:
            with Api(settings.api_url) as api:
                log_in(api, settings.data_dir / ACCOUNT_FILE)
                answer = ask(RemoteForecaster(api), wanted)
    except WrongNameError as error:
        errors.print(str(error), style="red", markup=False)
        raise typer.Exit(ExitCode.WRONG_INPUT) from error
    except ApiError as error:
        errors.print(str(error), style="red", markup=False)
        raise typer.Exit(
            ExitCode.WRONG_INPUT if error.status == HTTPStatus.UNPROCESSABLE_ENTITY else ExitCode.FAILURE
        ) from error
    if as_json:
        typer.echo(json.dumps(answer, indent=2))
    else:
        show(answer, Console())


def ask(forecaster: Forecaster, wanted: Wanted) -> dict[str, Any]:
    """Resolve the names and forecast.

    Raises:
        WrongNameError: If a name is unknown or not unique, or the day is none.
        ApiError: If there is no answer.
    """
    question: dict[str, Any] = {"map_id": resolve(forecaster, "map", wanted.map_name)}
    for number, team in enumerate(wanted.teams, start=1):
        question[f"team{number}_id"] = resolve(forecaster, "team", team)
    for number, players in enumerate(wanted.lineups, start=1):
        if players:
            question[f"team{number}_player_ids"] = [resolve(forecaster, "player", name) for name in players]
    if wanted.on is not None:
        try:
            question["played_on"] = date.fromisoformat(wanted.on).isoformat()
        except ValueError as error:
            raise WrongNameError(f"{wanted.on} is no day; write YYYY-MM-DD") from error
    return forecaster.forecast(question)


def resolve(forecaster: Forecaster, kind: str, name: str) -> int:
    """The id behind a name.

    Raises:
        WrongNameError: With the names that may have been meant.
    """
    if name.startswith("id:") and name[3:].isascii() and name[3:].isdigit():
        return int(name[3:])
    entries, suggestions = forecaster.named(kind, name)
    if len(entries) == 1:
        return int(entries[0]["id"])
    if entries:
        choices = ", ".join(f"{entry['name']} (id:{entry['id']})" for entry in entries)
        raise WrongNameError(f"{name} is the name of several {kind}s: {choices}; give one of these ids")
    hint = f"; did you mean {', '.join(suggestions)}?" if suggestions else ""
    raise WrongNameError(f"no {kind} is called {name}{hint}")


def show(answer: dict[str, Any], console: Console) -> None:
    """Print an answer for a person."""
    low, high = answer["interval"]
    teams = [answer["team1"], answer["team2"]]
    names = [escape(team["name"]) for team in teams]
    console.print(
        f"[bold]{names[0]}[/] against [bold]{names[1]}[/] on {escape(answer['map']['name'])}, {answer['played_on']}"
    )
    console.print(f"  {names[0]} wins: [bold]{answer['team1_win_probability']:.1%}[/]  (95%: {low:.0%} to {high:.0%})")
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
