"""Number: assign surrogate ids to everything that rows name, and decide which name an entry shows."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from pipelines.etl.dictionaries import Alias, Dictionary, build_dictionary
from pipelines.etl.id_register import Identities, IdRegister, assign_all
from pipelines.etl.identify import Roster
from pipelines.etl.link import LinkedRows
from pipelines.etl.match_rows import IdentifiedRows
from pipelines.etl.merge_sources import unique_standings
from pipelines.etl.resolved_rows import ResolvedRows
from pipelines.etl.team_links import Identity
from pipelines.sources.base import RowKind
from pipelines.spelling import team_key

Appearance = tuple[Identity, Alias]


@dataclass(frozen=True, slots=True)
class RowIds:
    """Ids of one rebuild.

    Attributes:
        identities: Every id of the installation, those of earlier rebuilds included.
        teams: Teams and their spellings.
        players: Players and their spellings.
        lineups: By team and roster, for every lineup that played.
        maps: By name.
        events: By name.
        series: By natural key.
        map_results: By natural key.
        standings: Ids of the standings that are kept, in their order.
    """

    identities: Identities
    teams: Dictionary
    players: Dictionary
    lineups: Mapping[tuple[Identity, Roster], int]
    maps: Mapping[str, int]
    events: Mapping[str, int]
    series: Mapping[str, int]
    map_results: Mapping[str, int]
    standings: list[int]

    def lineup(self, team: Identity, roster: Roster | None) -> int | None:
        """Return the id of a lineup; None if the roster is unknown or never played for the team."""
        return self.lineups.get((team, roster)) if roster else None

    def predecessors(self, matches: IdentifiedRows, n_rows: int) -> dict[str, "pd.api.extensions.ExtensionArray"]:
        """Return two columns for the first rows: the teams that bore the names of both sides before, or missing."""
        pairs = [matches.predecessors(position) for position in range(n_rows)]
        ids = [[self.teams.id_of[team] if team else pd.NA for team in pair] for pair in pairs]
        return {f"predecessor{side + 1}_id": pd.array([pair[side] for pair in ids], dtype="Int64") for side in (0, 1)}


def number(resolved: ResolvedRows, identities: Identities, known_maps: Collection[str]) -> RowIds:
    """Assign an id to every team, player, lineup, map, event, series, map result and standing.

    Args:
        resolved: The rows.
        identities: Ids assigned so far; grows.
        known_maps: Maps that get an id whether or not a row names them.

    Returns:
        The ids that the tables refer to.
    """
    linked, maps, series = resolved.linked, resolved.maps, resolved.series
    teams = _number_teams(resolved, identities)
    players = _number_players(resolved, identities)
    standings = unique_standings(resolved.parsed[RowKind.STANDING].rows)
    days = (day.isoformat() for day in standings["day"].dt.date)
    return RowIds(
        identities=identities,
        teams=teams,
        players=players,
        lineups=_number_lineups(linked.matches, teams, players, identities),
        maps=assign_all(identities.maps, sorted({*maps["map"], *known_maps})),
        events=assign_all(identities.events, sorted({*maps["event"], *series["event"]} - {""})),
        series=_number_series(resolved, identities.series),
        map_results=assign_all(identities.map_results, maps["row_key"].tolist()),
        standings=[identities.standings.assign(key) for key in zip(days, standings["row_key"], strict=True)],
    )


def _number_teams(resolved: ResolvedRows, identities: Identities) -> Dictionary:
    standings = resolved.parsed[RowKind.STANDING].rows
    appearances = list(_team_appearances(resolved.linked, resolved.maps, resolved.series, standings))
    spellings = _team_spellings_of_duplicates(resolved, {alias for _, alias in appearances})
    known = {team for team, _ in appearances}
    former = {
        then: now
        for row in resolved.linked.matches.rows
        for then, now in zip(row.forecast_teams, row.teams, strict=True)
        if then not in known
    }
    return build_dictionary(
        identities.teams,
        appearances,
        [*spellings, *resolved.fixtures.mentions()],
        former=former,
        name_of=lambda alias: (team_key(alias[0]), alias[1]),
    )


def _number_players(resolved: ResolvedRows, identities: Identities) -> Dictionary:
    matches, before = resolved.linked.matches, resolved.merged.before
    appearances = list(_player_appearances(matches, resolved.maps, resolved.series, matches.by_day()))
    of_duplicates = _player_appearances(
        before, resolved.parsed[RowKind.MAP].rows, resolved.parsed[RowKind.SERIES].rows, resolved.merged.kept_as
    )
    known = {player for player, _ in appearances}
    former = {
        player: now[player[0]]
        for row in matches.rows
        for roster, rosters in zip(row.forecast_rosters, row.rosters, strict=True)
        if roster and rosters
        for now in ({name: (name, homonym_no) for name, homonym_no in rosters},)
        for player in roster
        if player not in known and player[0] in now
    } | {player: survivor for player, survivor in matches.people.player_links.items() if survivor in known}
    return build_dictionary(
        identities.players,
        appearances,
        _new_spellings(appearances, of_duplicates),
        former=former,
    )


def _number_lineups(
    matches: IdentifiedRows, teams: Dictionary, players: Dictionary, identities: Identities
) -> dict[tuple[Identity, Roster], int]:
    ids: dict[tuple[Identity, Roster], int] = {}
    for position in matches.by_day():
        row = matches.rows[position]
        for team, roster in (*row.sides(), *row.forecast_sides()):
            if roster and (team, roster) not in ids:
                text = roster_text(players.id_of[player] for player in roster)
                ids[team, roster] = identities.lineups.assign((teams.id_of[team], text))
    return ids


def _number_series(resolved: ResolvedRows, register: IdRegister[str]) -> Mapping[str, int]:
    """Number the series. One whose name is new takes over the id that it had when another of its rows named it."""
    linked = resolved.linked
    names = dict.fromkeys(linked.series)
    earlier_names: dict[str, list[str]] = defaultdict(list)
    row_keys = [*("maps:" + resolved.maps["row_key"]), *("series:" + resolved.series["row_key"])]
    for name, row_key in zip(linked.series, row_keys, strict=True):
        if name not in register.ids and row_key in register.ids and row_key not in names:
            earlier_names[name].append(row_key)
    for name, former in earlier_names.items():
        register.move(min(former, key=lambda each: register.ids[each]), name)
    return assign_all(register, names)


def roster_text(player_ids: Iterable[int]) -> str:
    """Return the player ids of a lineup as column ``roster`` stores them."""
    return ",".join(map(str, sorted(player_ids)))


def _team_appearances(
    linked: LinkedRows, maps: pd.DataFrame, series: pd.DataFrame, standings: pd.DataFrame
) -> Iterator[Appearance]:
    """Yield team and spelling of each side, ordered by day, and teams that only standings name."""
    names = _pairs(maps, series, "team{}")
    seen: set[Alias] = set()
    for position in linked.matches.by_day():
        row = linked.matches.rows[position]
        for team, named_team, name in zip(row.teams, row.named_teams, names[position], strict=True):
            alias = (name, named_team[1])
            seen.add(alias)
            yield team, alias
    for name in standings["team"]:
        if (name, 1) not in seen:
            yield (team_key(name), 1), (name, 1)


def _team_spellings_of_duplicates(resolved: ResolvedRows, known: set[Alias]) -> Iterator[Appearance]:
    """Yield spellings that only removed duplicates have: they are further names of the teams of the kept rows."""
    merged = resolved.merged
    names = _pairs(resolved.parsed[RowKind.MAP].rows, resolved.parsed[RowKind.SERIES].rows, "team{}")
    for position, kept in merged.kept_as.items():
        teams = resolved.linked.matches.rows[kept].teams
        teams = teams[::-1] if position in merged.flipped else teams
        named_teams = merged.before.rows[position].named_teams
        for team, named_team, name in zip(teams, named_teams, names[position], strict=True):
            alias = (name, named_team[1])
            if alias not in known:
                known.add(alias)
                yield team, alias


def _player_appearances(
    matches: IdentifiedRows, maps: pd.DataFrame, series: pd.DataFrame, positions: Iterable[int]
) -> Iterator[Appearance]:
    """Yield player and spelling for both lineups of some rows."""
    texts = _pairs(maps, series, "team{}_players")
    people = matches.people
    for position in positions:
        for roster, text in zip(matches.rows[position].rosters, texts[position], strict=True):
            if roster:
                bearers = dict(zip(roster, roster, strict=True))
                bearers |= {linked: player for linked, player in people.player_links.items() if player in bearers}
                by_name = {name: (name, homonym_no) for name, homonym_no in bearers}
                for spelling in text.split("|"):
                    bearer = by_name[spelling]
                    yield bearers[bearer], (spelling, bearer[1])


def _new_spellings(known: Sequence[Appearance], others: Iterable[Appearance]) -> list[Appearance]:
    """Spellings that only the other appearances have, of players who are known."""
    players, spellings = {identity for identity, _ in known}, {alias for _, alias in known}
    new = {alias: identity for identity, alias in others if identity in players and alias not in spellings}
    return [(identity, alias) for alias, identity in new.items()]


def _pairs(maps: pd.DataFrame, series: pd.DataFrame, column: str) -> list[tuple[str, str]]:
    """Values of both sides of each row: maps, then series."""
    first, second = ([*maps[column.format(side)], *series[column.format(side)]] for side in (1, 2))
    return list(zip(first, second, strict=True))
