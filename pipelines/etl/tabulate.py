"""Tabulate: resolved rows and their ids as the rows of the tables in ``cs2.storage``."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd

from pipelines.etl.assign_ids import RowIds, roster_text
from pipelines.etl.fixtures import fixture_rows
from pipelines.etl.id_register import Identities
from pipelines.etl.identify import Identity, Roster
from pipelines.etl.link import LinkedRows
from pipelines.etl.match_rows import Rosters, without_shared_players
from pipelines.etl.merge_sources import unique_standings
from pipelines.etl.parse import BEST_OF
from pipelines.etl.player_stats import player_stats_rows
from pipelines.etl.resolved_rows import ResolvedRows
from pipelines.sources.base import RowKind, parse_times


@dataclass(frozen=True, slots=True)
class Tables:
    """One frame a table, with the columns of the database.

    Attributes:
        player_map_stats: Also has ``published_index``.
        merged_stats: No table: published indices of statistics that repeat a stored row.
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
    fixtures: pd.DataFrame
    merged_stats: list[int]

    def items(self) -> Iterator[tuple[str, pd.DataFrame]]:
        """Yield name and frame of each table."""
        for field in fields(self):
            if field.name != "merged_stats":
                yield field.name, getattr(self, field.name)


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
    return Tables(
        maps=_names(identities.maps.ids),
        teams=ids.teams.entries,
        team_aliases=ids.teams.aliases.rename(columns={"id": "team_id"}),
        players=ids.players.entries.rename(columns={"name": "nickname"}),
        player_aliases=ids.players.aliases.rename(columns={"id": "player_id", "name": "nickname"}),
        events=_names(identities.events.ids),
        lineups=lineups,
        series=series_rows(resolved.maps, resolved.series, resolved.linked, ids),
        map_results=results,
        standings=standing_rows(unique_standings(resolved.parsed[RowKind.STANDING].rows), ids),
        player_map_stats=stats[~repeats],
        fixtures=fixture_rows(resolved.fixtures, ids.teams.id_of),
        merged_stats=stats.loc[repeats, "published_index"].tolist(),
    )


def _names(ids: Mapping[str, int]) -> pd.DataFrame:
    return pd.DataFrame([(number, name) for name, number in ids.items()], columns=["id", "name"])


def map_result_rows(maps: pd.DataFrame, linked: LinkedRows, ids: RowIds) -> pd.DataFrame:
    """One row a played map; an unknown lineup is taken from the series row that has the map."""
    rows = linked.matches.rows[: linked.matches.n_maps]
    sides = [list(zip(row.teams, pair, strict=True)) for row, pair in zip(rows, rosters_of_maps(linked), strict=True)]
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
            "lineup1_id": pd.array([ids.lineup(*first) for first, _ in sides], dtype="Int64"),
            "lineup2_id": pd.array([ids.lineup(*second) for _, second in sides], dtype="Int64"),
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


def rosters_of_maps(linked: LinkedRows) -> list[Rosters]:
    """Rosters of each map row; an unknown one is the first that a row of the same series has for the team."""
    known: dict[tuple[str, Identity], Roster] = {}
    for name, row in zip(linked.series, linked.matches.rows, strict=True):
        for team, roster in row.sides():
            if roster:
                known.setdefault((name, team), roster)
    rosters = []
    for name, row in zip(linked.series[: linked.matches.n_maps], linked.matches.rows, strict=False):
        first, second = (roster or known.get((name, team)) for team, roster in row.sides())
        rosters.append(without_shared_players((first, second)))
    return rosters


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


def series_rows(maps: pd.DataFrame, series: pd.DataFrame, linked: LinkedRows, ids: RowIds) -> pd.DataFrame:
    """One row a series, known from its maps, from published series rows, or from both.

    Teams, ranks and points are those of its first row, and so is the order of the sides.
    """
    rows = _rows_of_series(maps, series, linked, ids)
    by_series = rows.groupby("series", sort=False)
    days = rows[rows["is_dating"]].groupby("series", sort=False)["day"].agg(["min", "max"])
    frame = by_series[["event_id", "best_of", "is_lan"]].first()
    frame = frame.join(
        by_series[["team1_id", "team2_id", "rank1", "rank2", "points1", "points2"]].nth(0).set_axis(frame.index)
    )
    frame = frame.assign(
        id=[ids.series[name] for name in frame.index],
        first_day=days["min"],
        last_day=days["max"],
        forecast_day=by_series["forecast_day"].min(),
        learn_day=by_series["learn_day"].max(),
        best_of=frame["best_of"].where(frame["best_of"].isin(BEST_OF)),
        winner=_winners(rows),
    ).join(_lineups_of_series(rows))
    for column in ("first_day", "last_day", "forecast_day", "learn_day"):
        frame[column] = pd.to_datetime(frame[column], unit="D").dt.date
    for column in ("event_id", "best_of", "lineup1_id", "lineup2_id", "winner", "rank1", "rank2"):
        frame[column] = frame[column].astype("Int64")
    return frame.rename_axis("natural_key").reset_index()[list(SERIES_COLUMNS)]


SERIES_COLUMNS = (
    *("id", "natural_key", "event_id", "first_day", "last_day", "forecast_day", "learn_day", "best_of"),
    *("team1_id", "team2_id", "lineup1_id", "lineup2_id", "winner", "is_lan", "rank1", "rank2", "points1", "points2"),
)


def _rows_of_series(maps: pd.DataFrame, series: pd.DataFrame, linked: LinkedRows, ids: RowIds) -> pd.DataFrame:
    """Map rows, then series rows, with what :func:`series_rows` aggregates; sides in the order of the first row."""
    matches = linked.matches
    facts = [
        "event",
        "lan",
        "best_of",
        "winner",
        *(f"team{side}_{fact}" for side in (1, 2) for fact in ("rank", "points")),
    ]
    rows = pd.concat([maps[facts], series[facts]], ignore_index=True)
    rows["series"] = linked.series
    rows["is_map"] = np.arange(len(rows)) < matches.n_maps
    rows["was_played"] = [
        position not in linked.doubts or not linked.doubts[position].never_played for position in range(len(rows))
    ]
    is_first = ~rows["series"].duplicated()
    lead = np.flatnonzero(is_first)[rows.groupby("series", sort=False).ngroup()]
    flipped = np.array(
        [row.is_flipped(matches.rows[place]) for row, place in zip(matches.rows, lead, strict=True)], dtype=bool
    )
    lineups = pd.DataFrame(
        [[ids.lineup(team, roster) for team, roster in row.sides()] for row in matches.rows],
        columns=["first", "second"],
        dtype="Int64",
    )
    return rows.rename(
        columns={f"team{side}_{fact}": f"{fact}{side}" for side in (1, 2) for fact in ("rank", "points")}
    ).assign(
        is_dating=rows["is_map"] | is_first,  # the first row is a map if there is one
        is_first=is_first,
        day=[row.day for row in matches.rows],
        forecast_day=matches.forecast_day,
        learn_day=matches.learn_day,
        event_id=rows["event"].map(ids.events).astype("Int64"),
        is_lan=rows["lan"].map({"1": True, "0": False}),
        team1_id=[ids.teams.id_of[row.teams[0]] for row in matches.rows],
        team2_id=[ids.teams.id_of[row.teams[1]] for row in matches.rows],
        lineup1_id=lineups["first"].mask(flipped, lineups["second"]),
        lineup2_id=lineups["second"].mask(flipped, lineups["first"]),
        first_won=(rows["winner"] == 1).to_numpy(dtype=bool) != flipped,
    )


def _lineups_of_series(rows: pd.DataFrame) -> pd.DataFrame:
    """Both lineups of the first row that has both, else those of the first row."""
    columns = ["lineup1_id", "lineup2_id"]
    is_complete = rows[columns].notna().all(axis=1)
    candidates = rows.assign(is_complete=is_complete)[is_complete | rows["is_first"]]
    chosen = candidates.sort_values("is_complete", ascending=False, kind="stable").drop_duplicates("series")
    return chosen.set_index("series")[columns]


def _winners(rows: pd.DataFrame) -> pd.Series:
    """1 or 2 as published series rows say, else as the maps say by majority; missing if undecided."""
    is_series = ~rows["is_map"]
    votes = rows[rows["was_played"] & (is_series | ~is_series.groupby(rows["series"]).transform("any"))]
    balance = votes["first_won"].map({True: 1, False: -1}).groupby(votes["series"]).sum()
    return balance.map(lambda difference: 1 if difference > 0 else 2).where(balance != 0)


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
