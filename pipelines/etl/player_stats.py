"""Published statistics of players as rows of ``player_map_stats``: of which map, and of whom."""

from collections.abc import Mapping

import pandas as pd

from pipelines.etl.dictionaries import Dictionary
from pipelines.spelling import team_key


def player_stats_rows(
    stats: pd.DataFrame,
    maps: pd.DataFrame,
    again: Mapping[int, int],
    results: pd.DataFrame,
    lineups: pd.DataFrame,
    players: Dictionary,
) -> pd.DataFrame:
    """One row a player and map, found by day, map, teams and the lineups that played it; two sources give two rows.

    Args:
        stats: Typed rows.
        maps: All typed map rows.
        again: For the map rows that another source tells, too: position of that map among the results, by index.
        results: The map results, in the order of the other map rows.
        lineups: Their lineups.
        players: Their players.
    """
    told, twice = maps[~maps.index.isin(list(again))], maps.loc[list(again)]
    found = dict(zip(_matchups(twice), again.values(), strict=True))
    found |= {key: position for position, key in enumerate(_matchups(told))}
    rosters = dict(zip(lineups["id"], lineups["roster"], strict=True))
    ids_by_name: dict[str, set[int]] = {}
    for number, name in zip(players.aliases["id"], players.aliases["name"], strict=True):
        ids_by_name.setdefault(name, set()).add(number)
    lines = []
    sides = list(zip(results["id"], results["lineup1_id"], results["lineup2_id"], strict=True))
    stats = stats.sort_values("source_rank", kind="stable")
    for row, matchup in zip(
        stats.assign(published_index=stats.index).to_dict("records"), _matchups(stats), strict=True
    ):
        position = found.get(matchup)
        if position is None:
            continue
        result, *fielded = sides[position]
        present = {int(p) for lineup in fielded if not pd.isna(lineup) for p in rosters[lineup].split(",")}
        known = ids_by_name.get(row["player"], set()) & present
        if len(known) == 1:
            lines.append(
                (
                    row["published_index"],
                    result,
                    known.pop(),
                    row["kills"],
                    row["deaths"],
                    row["adr"],
                    row["kast"],
                    row["rating"],
                )
            )
    columns = ["published_index", "map_result_id", "player_id", "kills", "deaths", "adr", "kast", "rating"]
    return pd.DataFrame(lines, columns=columns)


def _matchups(frame: pd.DataFrame) -> list[tuple[str, str, frozenset[str]]]:
    if frame.empty:
        return []
    teams = (frozenset(map(team_key, pair)) for pair in zip(frame["team1"], frame["team2"], strict=True))
    return list(zip(frame["date"], frame["map"], teams, strict=True))
