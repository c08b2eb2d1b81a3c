"""Published statistics of players as rows of ``player_map_stats``."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import pandas as pd

from pipelines.etl.dictionaries import Dictionary
from pipelines.spelling import team_key

MatchKey = tuple[str, str, frozenset[str]]
"""Day, map and the keys of both teams."""

STATISTICS = ["kills", "deaths", "adr", "kast", "rating"]


def player_stats_rows(
    stats: pd.DataFrame,
    maps: pd.DataFrame,
    duplicates: Mapping[int, int],
    results: pd.DataFrame,
    lineups: pd.DataFrame,
    players: Dictionary,
) -> pd.DataFrame:
    """One row a player and map; rows of two sources about one player and map both remain.

    A row belongs to the map of its day, map and teams, and to the player of its nickname in the lineups of that map.

    Args:
        stats: Typed rows.
        maps: All typed map rows.
        duplicates: Position of the kept map row among the results, by index of its duplicate from another source.
        results: The map results, in the order of the kept map rows.
        lineups: Their lineups.
        players: Their players.
    """
    stats = stats.sort_values("source_rank", kind="stable")
    positions = dict(zip(_match_keys(maps.loc[list(duplicates)]), duplicates.values(), strict=True))
    kept = maps[~maps.index.isin(list(duplicates))]
    positions |= {key: position for position, key in enumerate(_match_keys(kept))}
    result_ids, lineup_pairs = results["id"].tolist(), results[["lineup1_id", "lineup2_id"]]
    rosters = dict(zip(lineups["id"], lineups["roster"], strict=True))
    ids_by_name: dict[str, set[int]] = defaultdict(set)
    for number, name in zip(players.aliases["id"], players.aliases["name"], strict=True):
        ids_by_name[name].add(number)
    owners = []
    for index, name, key in zip(stats.index, stats["player"], _match_keys(stats), strict=True):
        position = positions.get(key)
        if position is not None:
            played = _players(lineup_pairs.iloc[position], rosters)
            candidates = ids_by_name.get(name, set()) & played
            if len(candidates) == 1:
                owners.append((index, result_ids[position], candidates.pop()))
    rows = pd.DataFrame(owners, columns=["published_index", "map_result_id", "player_id"])
    return rows.join(stats[STATISTICS], on="published_index")


def _players(lineup_ids: Iterable[int], rosters: Mapping[int, str]) -> set[int]:
    return {int(player) for lineup in lineup_ids if not pd.isna(lineup) for player in rosters[lineup].split(",")}


def _match_keys(frame: pd.DataFrame) -> list[MatchKey]:
    if frame.empty:
        return []
    teams = (frozenset(map(team_key, pair)) for pair in zip(frame["team1"], frame["team2"], strict=True))
    return list(zip(frame["date"], frame["map"], teams, strict=True))
