"""Tabulate: resolved rows and their ids as the rows of the tables in ``cs2.storage``."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

import pandas as pd

from pipelines.etl.assign_ids import RowIds, roster_text
from pipelines.etl.fixtures import fixture_rows
from pipelines.etl.id_register import Identities
from pipelines.etl.identify import Roster
from pipelines.etl.identity_findings import find_all
from pipelines.etl.link import LinkedRows
from pipelines.etl.match_rows import Rosters, without_shared_players
from pipelines.etl.merge_sources import unique_standings
from pipelines.etl.player_stats import player_stats_rows
from pipelines.etl.resolved_rows import ResolvedRows
from pipelines.etl.series_rows import series_rows
from pipelines.etl.team_links import Identity
from pipelines.etl.vetoes import veto_rows
from pipelines.sources.base import RowKind, parse_times


@dataclass(frozen=True, slots=True)
class Tables:
    """One frame a table, with the columns of the database.

    Attributes:
        player_map_stats: Also has ``published_index``.
        vetoes: Also has ``published_index``.
        merged_stats: No table: published indices of statistics that repeat a stored row.
        merged_steps: No table: published indices of steps of vetoes that repeat a stored row.
        rejected_steps: No table: why other steps cannot be used, by published index.
    """

    maps: pd.DataFrame
    teams: pd.DataFrame
    team_aliases: pd.DataFrame
    players: pd.DataFrame
    player_aliases: pd.DataFrame
    events: pd.DataFrame
    lineups: pd.DataFrame
    series: pd.DataFrame
    map_results: pd.DataFrame
    standings: pd.DataFrame
    player_map_stats: pd.DataFrame
    vetoes: pd.DataFrame
    fixtures: pd.DataFrame
    identity_findings: pd.DataFrame
    merged_stats: list[int]
    merged_steps: list[int]
    rejected_steps: dict[int, str]

    def items(self) -> Iterator[tuple[str, pd.DataFrame]]:
        """Yield name and frame of each table."""
        for field in fields(self):
            frame = getattr(self, field.name)
            if isinstance(frame, pd.DataFrame):
                yield field.name, frame


def tabulate(resolved: ResolvedRows, ids: RowIds) -> Tables:
    """Return every table.

    Args:
        resolved: The rows.
        ids: The ids of everything they name.
    """
    identities = ids.identities
    results = map_result_rows(resolved.maps, resolved.linked, ids)
    lineups = pd.DataFrame(
        [(number, team, roster) for (team, roster), number in identities.lineups.ids.items()],
        columns=["id", "team_id", "roster"],
    )
    stats = player_stats_rows(
        resolved.parsed[RowKind.PLAYER_MAP].rows,
        resolved.parsed[RowKind.MAP].rows,
        resolved.merged.duplicates(maps=True),
        results,
        lineups,
        ids.players,
    )
    repeats = stats.duplicated(["map_result_id", "player_id"])
    series = series_rows(resolved.maps, resolved.series, resolved.linked, ids)
    vetoes = veto_rows(resolved, ids, series)
    return Tables(
        maps=_names(identities.maps.ids),
        teams=ids.teams.entries,
        team_aliases=ids.teams.aliases.rename(columns={"id": "team_id"}),
        players=ids.players.entries.rename(columns={"name": "nickname"}),
        player_aliases=ids.players.aliases.rename(columns={"id": "player_id", "name": "nickname"}),
        events=_names(identities.events.ids),
        lineups=lineups,
        series=series,
        map_results=results,
        standings=standing_rows(unique_standings(resolved.parsed[RowKind.STANDING].rows), ids),
        player_map_stats=stats[~repeats],
        vetoes=vetoes.rows,
        fixtures=fixture_rows(resolved.fixtures, ids.teams.id_of),
        identity_findings=find_all(
            resolved.linked.matches.people, resolved.linked.matches.rows, resolved.decisions, ids.teams, ids.players
        ),
        merged_stats=stats.loc[repeats, "published_index"].tolist(),
        merged_steps=vetoes.merged,
        rejected_steps=vetoes.rejected,
    )


def _names(ids: Mapping[str, int]) -> pd.DataFrame:
    return pd.DataFrame([(number, name) for name, number in ids.items()], columns=["id", "name"])


def map_result_rows(maps: pd.DataFrame, linked: LinkedRows, ids: RowIds) -> pd.DataFrame:
    """One row a played map; an unknown lineup is taken from the series row that has the map."""
    rows = linked.matches.rows[: linked.matches.n_maps]
    of_all = linked.matches.rows
    lineups = rosters_of_maps(linked, [row.teams for row in of_all], [row.rosters for row in of_all])
    known = rosters_of_maps(linked, [row.forecast_teams for row in of_all], [row.forecast_rosters for row in of_all])
    results = pd.DataFrame(
        {
            "id": [ids.map_results[key] for key in maps["row_key"]],
            "natural_key": maps["row_key"].to_numpy(),
            "series_id": [ids.series[name] for name in linked.series[: len(rows)]],
            "map_id": [ids.maps[name] for name in maps["map"]],
            "played_on": maps["day"].dt.date.to_numpy(),
            "start_time": start_times(maps).to_numpy(),
            "map_number": maps["map_number"].array,
            "team1_id": [ids.teams.id_of[row.teams[0]] for row in rows],
            "team2_id": [ids.teams.id_of[row.teams[1]] for row in rows],
            **lineup_columns("lineup{}_id", [row.teams for row in rows], lineups, ids),
            "forecast_team1_id": [ids.teams.id_of[row.forecast_teams[0]] for row in rows],
            "forecast_team2_id": [ids.teams.id_of[row.forecast_teams[1]] for row in rows],
            **ids.predecessors(linked.matches, len(rows)),
            **lineup_columns("forecast_lineup{}_id", [row.forecast_teams for row in rows], known, ids),
            "rounds1": maps["score1"].array,
            "rounds2": maps["score2"].array,
            "score_exact": maps["score_exact"].to_numpy(),
            "winner": maps["winner"].array,
            "rank1": maps["team1_rank"].array,
            "rank2": maps["team2_rank"].array,
            "points1": maps["team1_points"].to_numpy(),
            "points2": maps["team2_points"].to_numpy(),
            "winner_conflict": maps["winner_conflict"].to_numpy(),
            "date_suspect": maps["date_suspect"].to_numpy(),
        }
    )
    doubts = [linked.doubts.get(position) for position in range(len(rows))]
    results["never_played"] = [doubt is not None and doubt.never_played for doubt in doubts]
    results["doubtful"] = [doubt is not None and not doubt.never_played for doubt in doubts]
    results["doubt"] = pd.Series([doubt.reason if doubt else None for doubt in doubts], dtype=object)
    marks = ["winner_conflict", "date_suspect", "never_played", "doubtful"]
    results["is_rated"] = ~results[marks].astype(bool).any(axis=1)
    return results.assign(order_in_day=order_in_day(maps, results))


def lineup_columns(
    name: str, teams: Sequence[tuple[Identity, Identity]], rosters: Sequence[Rosters], ids: RowIds
) -> dict[str, pd.api.extensions.ExtensionArray]:
    """Ids of both lineups of each row; missing where the roster is unknown."""
    return {
        name.format(side + 1): pd.array(
            [ids.lineup(pair[side], both[side]) for pair, both in zip(teams, rosters, strict=True)], dtype="Int64"
        )
        for side in (0, 1)
    }


def rosters_of_maps(
    linked: LinkedRows, teams: Sequence[tuple[Identity, Identity]], rosters: Sequence[Rosters]
) -> list[Rosters]:
    """Rosters of each map row; an unknown one is the first that a row of the same series has for the team.

    Args:
        linked: Map rows, then series rows.
        teams: Both teams of each row.
        rosters: Both rosters of each row.
    """
    known: dict[tuple[str, Identity], Roster] = {}
    for name, pair, both in zip(linked.series, teams, rosters, strict=True):
        for team, roster in zip(pair, both, strict=True):
            if roster:
                known.setdefault((name, team), roster)
    completed = []
    for name, pair, both in zip(linked.series[: linked.matches.n_maps], teams, rosters, strict=False):
        first, second = (roster or known.get((name, team)) for team, roster in zip(pair, both, strict=True))
        completed.append(without_shared_players((first, second)))
    return completed


def start_times(maps: pd.DataFrame) -> pd.Series:
    """Start in UTC; missing where it is unknown or not on the published day, which is a typing error."""
    times = parse_times(maps["start_time"])
    same_day = times.dt.tz_localize(None).dt.normalize() == maps["day"]
    return times.where(same_day).astype(object).where(same_day, None)


def order_in_day(maps: pd.DataFrame, results: pd.DataFrame) -> pd.Series:
    """Position within the day: by start time, series, map number and published id; independent of results."""
    hints = pd.DataFrame(
        {
            "day": maps["day"].to_numpy(),
            "start": pd.to_datetime(results["start_time"], utc=True).to_numpy(),
            "series": results["series_id"].to_numpy(),
            "number": maps["map_number"].array,
            "published": pd.to_numeric(maps["hltv_map_id"], errors="coerce").to_numpy(),
            "key": maps["row_key"].to_numpy(),
        }
    )
    hints["start"] = hints["start"].fillna(hints.groupby(["day", "series"])["start"].transform("min"))
    first = hints.groupby(["day", "series"])["published"].transform("min")
    hints = hints.assign(first=first).sort_values(["day", "start", "first", "series", "number", "published", "key"])
    return (hints.groupby("day").cumcount()).sort_index()


def standing_rows(standings: pd.DataFrame, ids: RowIds) -> pd.DataFrame:
    """One row a roster and publication; the lineup is known if all five are known players who played together."""
    identities = ids.identities
    team_ids = [identities.teams.ids[name, 1] for name in standings["team"]]
    lineup_ids = [_lineup_of(identities, *pair) for pair in zip(team_ids, standings["roster"], strict=True)]
    return pd.DataFrame(
        {
            "id": ids.standings,
            "natural_key": standings["row_key"].to_numpy(),
            "published_on": standings["day"].dt.date.to_numpy(),
            "team_id": team_ids,
            "lineup_id": pd.array(lineup_ids, dtype="Int64"),
            "rank": standings["rank"].to_numpy(),
            "points": standings["points"].to_numpy(),
            "starting_points": standings["starting_points"].to_numpy(),
            "region": standings["region"].where(standings["region"] != "", None).to_numpy(),
        }
    )


def _lineup_of(identities: Identities, team_id: int, roster: str) -> int | None:
    players = [identities.players.ids.get((name, 1)) for name in roster.split("|")]
    if len(players) != 5:
        return None
    known = [player for player in players if player is not None]
    return identities.lineups.ids.get((team_id, roster_text(known))) if len(known) == 5 else None
