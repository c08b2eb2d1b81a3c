"""Linked rows as the rows of the tables in ``cs2.storage``."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields

import pandas as pd

from pipelines.etl.identify import Identity
from pipelines.etl.ids import Identities
from pipelines.etl.link import LinkedRows, Roster
from pipelines.etl.parse import BEST_OF
from pipelines.sources.base import parse_times


@dataclass(frozen=True, slots=True)
class Tables:
    """One frame a table, columns as in the database; ``player_map_stats`` has ``published_index`` too."""

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

    def items(self) -> Iterator[tuple[str, pd.DataFrame]]:
        """Name and frame of each table."""
        for table in fields(self):
            yield table.name, getattr(self, table.name)


def map_result_rows(
    maps: pd.DataFrame,
    linked: LinkedRows,
    team_ids: Mapping[Identity, int],
    map_ids: Mapping[str, int],
    series_ids: Mapping[str, int],
    result_ids: Mapping[str, int],
    lineup_ids: Mapping[tuple[Identity, Roster], int],
) -> pd.DataFrame:
    """One row a played map; a lineup that the row does not tell is taken from the series row joined to it."""
    rosters = _rosters_with_those_of_series(linked)
    sides = list(zip(linked.teams[: linked.n_maps], rosters, strict=True))
    lineups = [
        [lineup_ids.get((team, roster)) if roster else None for team, roster in zip(teams, pair, strict=True)]
        for teams, pair in sides
    ]
    return pd.DataFrame(
        {
            "id": [result_ids[key] for key in maps["row_key"]],
            "natural_key": maps["row_key"].to_numpy(),
            "series_id": [series_ids[name] for name in linked.series[: linked.n_maps]],
            "map_id": [map_ids[name] for name in maps["map"]],
            "played_on": maps["day"].dt.date.to_numpy(),
            "start_time": start_times(maps).to_numpy(),
            "map_number": maps["map_number"].array,
            "team1_id": [team_ids[first] for (first, _), _ in sides],
            "team2_id": [team_ids[second] for (_, second), _ in sides],
            "lineup1_id": pd.array([pair[0] for pair in lineups], dtype="Int64"),
            "lineup2_id": pd.array([pair[1] for pair in lineups], dtype="Int64"),
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


def _rosters_with_those_of_series(linked: LinkedRows) -> list[tuple[Roster | None, Roster | None]]:
    told: dict[str, dict[Identity, Roster]] = {}
    for row in range(len(linked.series)):
        for team, roster in zip(linked.teams[row], linked.rosters[row], strict=True):
            if roster:
                told.setdefault(linked.series[row], {}).setdefault(team, roster)
    filled: list[tuple[Roster | None, Roster | None]] = []
    for row in range(linked.n_maps):
        known = told.get(linked.series[row], {})
        first, second = (
            roster or known.get(team) for team, roster in zip(linked.teams[row], linked.rosters[row], strict=True)
        )
        filled.append((None, None) if first and second and set(first) & set(second) else (first, second))
    return filled


def start_times(maps: pd.DataFrame) -> pd.Series:
    """Start in UTC where it is told and falls on the published day; other days are typing errors."""
    times = parse_times(maps["start_time"])
    same_day = times.dt.tz_localize(None).dt.normalize() == maps["day"]
    return times.where(same_day).astype(object).where(same_day, None)


def order_in_day(maps: pd.DataFrame, results: pd.DataFrame) -> pd.Series:
    """Position within the day: by start time, series, number of the map, the published identifier; never by result."""
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


def series_rows(
    series: pd.DataFrame,
    linked: LinkedRows,
    team_ids: Mapping[Identity, int],
    series_ids: Mapping[str, int],
    lineup_ids: Mapping[tuple[Identity, Roster], int],
    maps: pd.DataFrame,
    event_ids: Mapping[str, int],
) -> pd.DataFrame:
    """One row a series: known from its maps, from published series rows, or from both."""
    best_of, lans, events = ([*maps[fact], *series[fact]] for fact in ("best_of", "lan", "event"))
    ranks, points = _pairs(maps, series, "rank"), _pairs(maps, series, "points")
    winners = [*maps["winner"].tolist(), *series["winner"].tolist()]
    members: dict[str, list[int]] = {}
    for row, name in enumerate(linked.series):
        members.setdefault(name, []).append(row)
    lines = []
    for name, rows in members.items():
        lead = rows[0]
        teams = linked.teams[lead]
        of_maps = [row for row in rows if row < linked.n_maps]
        told = next((row for row in rows if all(linked.rosters[row])), lead)
        flipped = _exchanged(linked, told, lead)
        rosters = linked.rosters[told][::-1] if flipped else linked.rosters[told]
        pair = linked.teams[told][::-1] if flipped else linked.teams[told]
        announced = next((best_of[row] for row in rows if not pd.isna(best_of[row])), None)
        days = linked.day[of_maps or [lead]]
        lines.append(
            (
                series_ids[name],
                name,
                next((event_ids[events[row]] for row in rows if events[row]), None),
                days.min(),
                days.max(),
                linked.forecast_day[rows].min(),
                linked.learn_day[rows].max(),
                announced if announced in BEST_OF else None,
                team_ids[teams[0]],
                team_ids[teams[1]],
                lineup_ids.get((pair[0], rosters[0])) if rosters[0] else None,
                lineup_ids.get((pair[1], rosters[1])) if rosters[1] else None,
                _winner(rows, of_maps, linked, winners),
                next((lans[row] == "1" for row in rows if lans[row] in ("0", "1")), None),
                *ranks[lead],
                *points[lead],
            )
        )
    columns = ["id", "natural_key", "event_id", "first_day", "last_day", "forecast_day", "learn_day", "best_of"]
    columns += [
        "team1_id",
        "team2_id",
        "lineup1_id",
        "lineup2_id",
        "winner",
        "is_lan",
        "rank1",
        "rank2",
        "points1",
        "points2",
    ]
    frame = pd.DataFrame(lines, columns=columns)
    for column in ("first_day", "last_day", "forecast_day", "learn_day"):
        frame[column] = pd.to_datetime(frame[column], unit="D").dt.date
    for column in ("event_id", "best_of", "lineup1_id", "lineup2_id", "winner", "rank1", "rank2"):
        frame[column] = frame[column].astype("Int64")
    return frame


def _pairs(maps: pd.DataFrame, series: pd.DataFrame, fact: str) -> list[tuple[float | None, float | None]]:
    first = [*maps[f"team1_{fact}"], *series[f"team1_{fact}"]]
    second = [*maps[f"team2_{fact}"], *series[f"team2_{fact}"]]
    return list(zip(first, second, strict=True))


def _winner(rows: list[int], of_maps: list[int], linked: LinkedRows, winners: list[int]) -> int | None:
    """1 or 2 in the order of the first row's teams: as a series row says it, else who won more of the maps."""
    told = [row for row in rows if row not in of_maps] or of_maps
    balance = sum(1 if (winners[row] == 1) != _exchanged(linked, row, rows[0]) else -1 for row in told)
    return None if balance == 0 else (1 if balance > 0 else 2)


def _exchanged(linked: LinkedRows, row: int, lead: int) -> bool:
    """Whether a row of the same series has the second team of the lead first; lineups tell where no name agrees."""
    (one, two), (first, second) = linked.teams[row], linked.teams[lead]
    if {one, two} & {first, second}:
        return one == second or two == first
    ours = set(linked.rosters[row][0] or ())
    shared = [len(ours & set(roster or ())) for roster in linked.rosters[lead]]
    return shared[1] > shared[0]


def standing_rows(standings: pd.DataFrame, identities: Identities) -> pd.DataFrame:
    """One row a roster and standings. Teams by name; rosters where all five are known players."""
    lines = []
    for row in standings.to_dict("records"):
        team_id = identities.teams.ids[row["team"], 1]
        names = [(name, 1) for name in row["roster"].split("|")]
        known = [identities.players.ids[name] for name in names if name in identities.players.ids]
        lineup = None
        if len(names) == len(known) == 5:
            lineup = identities.lineups.ids.get((team_id, ",".join(map(str, sorted(known)))))
        published_on = row["day"].date()
        number = identities.standings.give((published_on.isoformat(), row["row_key"]))
        lines.append(
            (
                number,
                row["row_key"],
                published_on,
                team_id,
                lineup,
                row["rank"],
                row["points"],
                row["starting_points"],
                row["region"] or None,
            )
        )
    columns = [
        "id",
        "natural_key",
        "published_on",
        "team_id",
        "lineup_id",
        "rank",
        "points",
        "starting_points",
        "region",
    ]
    frame = pd.DataFrame(lines, columns=columns)
    frame["lineup_id"] = frame["lineup_id"].astype("Int64")
    return frame
