"""Rows of bo3.gg's matches: series, maps, players, announced matches. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pipelines.sources.base import RowKind, SourceError
from pipelines.sources.bo3gg_responses import (
    Bo3ggClan,
    Bo3ggGame,
    Bo3ggMatch,
    Bo3ggPlayerStats,
    Bo3ggVetoStep,
    parse_start,
)
from pipelines.sources.incremental import parse_response
from pipelines.spelling import team_key

VETO_STEPS = {1: "pick", 2: "ban", 3: "decider"}
"""Meaning of ``choice_type``."""


@dataclass(frozen=True, slots=True)
class MatchResponses:
    """What is stored about one match.

    Attributes:
        match: The match, with its games where the list has them.
        games: Its games as requested by themselves: they name the teams behind the clans. Empty if not requested.
        veto: Steps of the veto. Empty if unknown.
    """

    match: dict[str, Any]
    games: list[Any] = field(default_factory=list)
    veto: list[Any] = field(default_factory=list)

    @property
    def played_games(self) -> list[Any]:
        """Games of the list, which is read again for days; else those requested by themselves."""
        return self.match.get("games") or self.games


def match_rows(
    responses: MatchResponses, player_stats: Mapping[int, list[Any]], today: date
) -> Iterator[tuple[RowKind, dict[str, str]]]:
    """Rows of one match.

    Args:
        responses: What is stored about it.
        player_stats: Statistics by game.
        today: Results after this day, and announcements before it, are left out.

    Raises:
        SourceError: If a field changed its name or type.
    """
    origin = f"bo3gg match {responses.match.get('id')}"
    match = parse_response(Bo3ggMatch, responses.match, origin)
    if match.team1 is None or match.team2 is None:
        return
    row = _match_row(responses.match, match, today)
    if match.forfeit:
        return
    team_ids = [match.team1.id, match.team2.id]
    if match.status == "upcoming" and row["date"] >= today.isoformat():
        yield RowKind.FIXTURE, row
    elif match.status == "finished" and match.winner_team_id in team_ids and row["date"] <= today.isoformat():
        yield from _map_rows(row, match, responses, player_stats)
        winner = str(team_ids.index(match.winner_team_id) + 1)
        veto = _veto_text(match, responses.veto, origin)
        yield RowKind.SERIES, {**row, "winner": winner, "team1_players": "", "team2_players": "", "veto": veto}


def clan_teams(match: Bo3ggMatch, games: list[Any]) -> dict[str, int]:
    """Return the number (1 or 2) of the team behind each clan, as far as the host knows it."""
    numbers = {team.id: number for number, team in ((1, match.team1), (2, match.team2)) if team is not None}
    origin = f"bo3gg game of match {match.id}"
    known: dict[str, int] = {}
    for response in games:
        game = parse_response(Bo3ggGame, response, origin)
        for clan in (game.winner_team_clan, game.loser_team_clan):
            if isinstance(clan, Bo3ggClan) and clan.team_id in numbers:
                known[team_key(clan.clan_name or "")] = numbers[clan.team_id]
    return known


def winning_team(match: Bo3ggMatch, game: Bo3ggGame, known_clans: Mapping[str, int]) -> int:
    """Return the number of the team that won a map: 1, 2, or 0 if unknown.

    The names of the clans decide; where they fit neither team, the host's ids; then ``maps_score``.
    """
    teams = [team_key(team.name) for team in (match.team1, match.team2) if team is not None]
    won, lost = team_key(game.winner_clan_name or ""), team_key(game.loser_clan_name or "")
    by_name = {team: number for number, team in enumerate(teams, start=1)} if len(set(teams)) == 2 else {}
    for numbers in (by_name, known_clans):
        # One known clan is enough: the other clan is then the other team.
        votes = {numbers.get(won), _other(numbers.get(lost))} - {None}
        if len(votes) == 1:
            return int(votes.pop() or 0)
    scores = match.maps_score or []
    place = (game.number or 0) - 1
    first_won = scores[place] if 0 <= place < len(scores) else None
    return (1 if first_won else 2) if isinstance(first_won, bool) else 0


def _other(number: int | None) -> int | None:
    return None if number is None else 3 - number


def _match_row(response: dict[str, Any], match: Bo3ggMatch, today: date) -> dict[str, str]:
    start = parse_start(response)
    if start is None:
        raise SourceError(f"bo3gg match {match.id}: field start_date is not a time: {match.start_date!r}")
    assert match.team1 is not None
    assert match.team2 is not None
    event_type = match.tournament.event_type if match.tournament else None
    return {
        "row_key": str(match.id),
        "month": min(start.date(), today).replace(day=1).isoformat(),  # the partitions end with the running month
        "date": start.date().isoformat(),
        "start_time": start.isoformat(),
        "event": match.tournament.name if match.tournament else "",
        "tier": match.tier or "",
        "lan": {"lan": "1", "online": "0"}.get(event_type or "", ""),
        "best_of": str(match.bo_type or ""),
        "team1": match.team1.name,
        "team2": match.team2.name,
        "team1_source_id": str(match.team1.id),
        "team2_source_id": str(match.team2.id),
    }


def _map_rows(
    match_row: dict[str, str], match: Bo3ggMatch, responses: MatchResponses, player_stats: Mapping[int, list[Any]]
) -> Iterator[tuple[RowKind, dict[str, str]]]:
    known_clans = clan_teams(match, [*responses.games, *responses.played_games])
    for response in responses.played_games:
        game = parse_response(Bo3ggGame, response, f"bo3gg game of match {match.id}")
        if game.status != "finished":
            continue
        origin = f"bo3gg players of game {game.id}"
        lines = player_stats.get(game.id, [])
        stats = [parse_response(Bo3ggPlayerStats, line, origin) for line in lines]
        row = _map_row(match_row, match, game, stats, winning_team(match, game, known_clans))
        yield RowKind.MAP, row
        for line in stats:
            if line.nickname:
                yield RowKind.PLAYER_MAP, _player_row(row, line)


def _map_row(
    match_row: dict[str, str], match: Bo3ggMatch, game: Bo3ggGame, stats: list[Bo3ggPlayerStats], winner: int
) -> dict[str, str]:
    """Row of a map. Without a known winner, rounds and lineups belong to no team and stay empty."""
    rounds = {winner: game.winner_clan_score, 3 - winner: game.loser_clan_score}
    clans = {team_key(game.winner_clan_name or ""): winner, team_key(game.loser_clan_name or ""): 3 - winner}
    numbers = {team.id: number for number, team in ((1, match.team1), (2, match.team2)) if team is not None}
    lineups: dict[int, list[Bo3ggPlayerStats]] = {1: [], 2: []}
    for line in stats:
        by_id = numbers.get(line.team_clan.team_id) if line.team_clan and line.team_clan.team_id else None
        number = clans.get(team_key(line.clan_name or "")) or by_id
        if winner and number in lineups and line.nickname:
            lineups[number].append(line)
    row = {
        **match_row,
        "row_key": f"{match_row['row_key']}/{game.id}",
        "hltv_match_id": f"bo3gg/{match_row['row_key']}",  # maps that share it are one series
        "map": (game.map_name or "").removeprefix("de_").capitalize(),
        "map_number": str(game.number or ""),
        "winner": str(winner or ""),
    }
    for number, lineup in lineups.items():
        lineup.sort(key=lambda line: line.nickname)
        row[f"score{number}"] = _text(rounds.get(number))
        row[f"team{number}_players"] = "|".join(line.nickname for line in lineup)
        row[f"team{number}_player_ids"] = "|".join(_text(player_id(line)) for line in lineup)
    return row


def player_id(stats: Bo3ggPlayerStats) -> int | None:
    """Return the number of a player on the site. None if the host does not know who played."""
    profile = stats.steam_profile
    return profile.player.id if profile and profile.player else None


def _player_row(map_row: dict[str, str], stats: Bo3ggPlayerStats) -> dict[str, str]:
    values = {"kills": stats.kills, "deaths": stats.death, "adr": stats.adr}
    profile = stats.steam_profile
    return {
        **{name: map_row[name] for name in ("date", "month", "team1", "team2", "map")},
        **{name: _text(value) for name, value in values.items()},
        "kast": "" if stats.kast is None else f"{100 * stats.kast:.1f}",
        "player": stats.nickname,
        "player_id": _text(player_id(stats)),
        "player_slug": (profile.player.slug or "") if profile and profile.player else "",
        "steam_profile_id": _text(profile.id if profile else None),
        "row_key": f"{map_row['row_key']}/{stats.id}",
    }


def _veto_text(match: Bo3ggMatch, veto: list[Any], origin: str) -> str:
    """Return the steps of a veto in order, such as ``ban Alpha Nuke|pick Beta Mirage|decider Ancient``."""
    names = {team.id: team.name for team in (match.team1, match.team2) if team is not None}
    steps = sorted((parse_response(Bo3ggVetoStep, step, f"{origin}, veto") for step in veto), key=lambda s: s.order)
    texts = []
    for step in steps:
        map_name = ((step.maps.map_name if step.maps else None) or "").removeprefix("de_").capitalize()
        parts = (VETO_STEPS.get(step.choice_type, ""), names.get(step.team_id or 0, ""), map_name)
        texts.append(" ".join(part for part in parts if part))
    return "|".join(texts)


def _text(value: float | None) -> str:
    return "" if value is None else str(value)
