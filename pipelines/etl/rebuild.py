"""All tables of results from what was published: pure, whole, the same for the same rows."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipelines.etl.dictionaries import Dictionary, build_dictionary
from pipelines.etl.fixtures import Announced, announce, fixture_rows
from pipelines.etl.identify import Identity
from pipelines.etl.ids import Identities, give_all
from pipelines.etl.link import LinkedRows, Roster, Rows, link, rosters_told_before, who_played
from pipelines.etl.merge_sources import Alias, MergedRows, mentions_of_teams, merge, standings_told_once
from pipelines.etl.parse import AGAINST_ITSELF, ParsedRows, parse
from pipelines.etl.player_stats import player_stats_rows
from pipelines.etl.tabulate import Tables, map_result_rows, order_in_day, series_rows, standing_rows
from pipelines.sources.base import RowKind
from pipelines.spelling import team_key


@dataclass(frozen=True, slots=True)
class TableSet:
    """The tables, and what became of every published row.

    Attributes:
        tables: Frames with the columns of the tables in ``cs2.storage``.
        outcomes: One line a published row: ``kind``, ``index``, ``outcome`` (stored, merged, rejected), ``target`` (the
            natural key it was stored or merged as, or empty), ``reasons``.
        counts: Counts for people, by what is counted.
        matchups: One line a usable map or series row as published: ``kind``, ``index``, ``forecast_day`` and
            ``learn_day`` (day numbers), ``team1_id``, ``team2_id``, ``lineup1_id``, ``lineup2_id`` in the row's order,
            ``series`` (natural key), ``best_of`` (of a series row).
    """

    tables: Tables
    outcomes: pd.DataFrame
    counts: dict[str, int]
    matchups: pd.DataFrame

    def rejected(self) -> int:
        """How many published rows could not be used."""
        return int((self.outcomes["outcome"] == "rejected").sum())

    def rejections(self) -> dict[str, int]:
        """How often each reason was given."""
        reasons = self.outcomes.loc[self.outcomes["outcome"] == "rejected", "reasons"].explode()
        return {str(reason): int(n) for reason, n in reasons.value_counts().items()}


def rebuild(
    published: Mapping[RowKind, pd.DataFrame], identities: Identities, *, known_maps: Collection[str] = ()
) -> TableSet:
    """Build every table.

    Args:
        published: Frames as a source yields them (``row_key``, text columns); the index tells rows apart.
        identities: Ids given so far; grows.
        known_maps: Maps that can be asked about, whether or not one was played on them.
    """
    parsed = {kind: parse(published.get(kind, _empty()), kind) for kind in RowKind}
    maps, series = parsed[RowKind.MAP].rows, parsed[RowKind.SERIES].rows
    merged = merge(who_played(maps, series), maps, series)
    # Who is who is decided once more without the rows that were left out: they change nothing for the others.
    rows = who_played(merged.maps, merged.series, spans=merged.spans) if merged.again else merged.told
    linked = link(rows, merged.maps, merged.series)
    announced = announce(parsed[RowKind.FIXTURE].rows, rows)
    standings = parsed[RowKind.STANDING].rows
    of_teams = list(_team_appearances(rows, merged.maps, merged.series, standings))
    also = mentions_of_teams(merged, rows, maps, series, {alias for _, alias in of_teams})
    teams = build_dictionary(identities.teams, of_teams, [*also, *announced.mentions()])
    of_players = list(_player_appearances(rows, merged.maps, merged.series))
    again = _player_appearances(merged.told, maps, series, only=merged.again)
    players = build_dictionary(identities.players, of_players, _known_under_other_names(of_players, again))
    roster_ids = _lineup_ids(linked, teams, players, identities)
    tables, repeated = _tables(parsed, merged, linked, announced, teams, roster_ids, players, identities, known_maps)
    outcomes = _outcomes(parsed, merged, linked, announced, tables, repeated)
    matchups = _matchups(linked, teams, roster_ids, merged.maps, merged.series)
    return TableSet(tables, outcomes, _counts(outcomes, merged, linked, tables), matchups)


def _matchups(
    linked: LinkedRows,
    teams: Dictionary,
    roster_ids: Mapping[tuple[Identity, Roster], int],
    maps: pd.DataFrame,
    series: pd.DataFrame,
) -> pd.DataFrame:
    """What is asked of each row. Nothing may follow from a result, as it does which maps are those of a series row."""
    n_maps = linked.n_maps
    lineups = [
        [roster_ids.get((team, roster)) if roster else None for team, roster in zip(pair, rosters, strict=True)]
        for pair, rosters in zip(linked.teams, rosters_told_before(linked), strict=True)
    ]
    return pd.DataFrame(
        {
            "kind": [RowKind.MAP] * n_maps + [RowKind.SERIES] * (len(linked.index) - n_maps),
            "index": linked.index,
            "forecast_day": linked.forecast_day,
            "learn_day": linked.learn_day,
            "team1_id": [teams.id_of[pair[0]] for pair in linked.teams],
            "team2_id": [teams.id_of[pair[1]] for pair in linked.teams],
            "lineup1_id": pd.array([pair[0] for pair in lineups], dtype="Int64"),
            "lineup2_id": pd.array([pair[1] for pair in lineups], dtype="Int64"),
            "series": linked.series,
            "best_of": _announced(linked, maps, series),
        }
    )


def _announced(linked: LinkedRows, maps: pd.DataFrame, series: pd.DataFrame) -> list[float]:
    """Best-of of each series row: its own, else what all maps of its schedule group say; unknown where they differ."""
    told: dict[int, set[float]] = defaultdict(set)
    for group, best_of in zip(linked.group[: len(maps)].tolist(), _numbers(maps["best_of"]), strict=True):
        if not np.isnan(best_of):
            told[group].add(best_of)
    of_group = [min(told[group]) if len(told[group]) == 1 else np.nan for group in linked.group[len(maps) :].tolist()]
    own = _numbers(series["best_of"])
    return [np.nan] * len(maps) + [
        other if np.isnan(best_of) else best_of for best_of, other in zip(own, of_group, strict=True)
    ]


def _numbers(column: pd.Series) -> list[float]:
    numbers: list[float] = pd.to_numeric(column).to_numpy(dtype=float, na_value=np.nan).tolist()
    return numbers


def _empty() -> pd.DataFrame:
    columns = ["date", "row_key", "map", "team1", "team2", "team", "player"]
    return pd.DataFrame({column: pd.Series(dtype=str) for column in columns})


def _team_appearances(
    rows: Rows, maps: pd.DataFrame, series: pd.DataFrame, standings: pd.DataFrame
) -> Iterator[tuple[Identity, tuple[str, int]]]:
    spelled = list(zip([*maps["team1"], *series["team1"]], [*maps["team2"], *series["team2"]], strict=True))
    seen: set[tuple[str, int]] = set()
    for row in np.argsort(rows.day, kind="stable").tolist():
        for side in (0, 1):
            alias = (spelled[row][side], rows.named[row][side][1])
            seen.add(alias)
            yield rows.teams[row][side], alias
    for name in standings["team"]:  # a team that is ranked but never seen playing
        if (name, 1) not in seen:
            yield (team_key(name), 1), (name, 1)


def _player_appearances(
    rows: Rows, maps: pd.DataFrame, series: pd.DataFrame, *, only: Collection[int] | None = None
) -> Iterator[tuple[Identity, tuple[str, int]]]:
    texts = list(
        zip(
            [*maps["team1_players"], *series["team1_players"]],
            [*maps["team2_players"], *series["team2_players"]],
            strict=True,
        )
    )
    kept = rows.people.nicknames
    for row in np.argsort(rows.day, kind="stable").tolist() if only is None else only:
        for roster, text in zip(rows.rosters[row], texts[row], strict=True):
            if roster:
                numbers = dict(roster)
                for spelling in text.split("|"):
                    name = kept.get(spelling, spelling)
                    yield (name, numbers[name]), (spelling, numbers[name])


def _known_under_other_names(
    known: Sequence[tuple[Identity, Alias]], others: Iterable[tuple[Identity, Alias]]
) -> list[tuple[Identity, Alias]]:
    """Spellings that only rows have that were left out, of players who are known from the others."""
    players, spellings = {identity for identity, _ in known}, {alias for _, alias in known}
    found = {alias: identity for identity, alias in others if identity in players and alias not in spellings}
    return [(identity, alias) for alias, identity in found.items()]


def _tables(
    parsed: Mapping[RowKind, ParsedRows],
    merged: MergedRows,
    linked: LinkedRows,
    announced: Announced,
    teams: Dictionary,
    roster_ids: Mapping[tuple[Identity, Roster], int],
    players: Dictionary,
    identities: Identities,
    known_maps: Collection[str],
) -> tuple[Tables, list[int]]:
    """The tables, and the published indices of statistics that repeat another row."""
    maps = merged.maps
    map_ids = give_all(identities.maps, sorted({*maps["map"], *known_maps}))
    event_ids = give_all(identities.events, sorted({*maps["event"], *merged.series["event"]} - {""}))
    series_ids = give_all(identities.series, dict.fromkeys(linked.series))
    result_ids = give_all(identities.map_results, maps["row_key"].tolist())
    results = map_result_rows(maps, linked, teams.id_of, map_ids, series_ids, result_ids, roster_ids)
    results["order_in_day"] = order_in_day(maps, results)
    lineups = pd.DataFrame(
        [(number, team, roster) for (team, roster), number in identities.lineups.ids.items()],
        columns=["id", "team_id", "roster"],
    )
    standings = standing_rows(standings_told_once(parsed[RowKind.STANDING].rows), identities)
    stats = player_stats_rows(
        parsed[RowKind.PLAYER_MAP].rows, parsed[RowKind.MAP].rows, merged.again_of(maps=True), results, lineups, players
    )
    repeats = stats.duplicated(["map_result_id", "player_id"])
    tables = Tables(
        maps=pd.DataFrame([(number, name) for name, number in identities.maps.ids.items()], columns=["id", "name"]),
        teams=teams.entries,
        team_aliases=teams.aliases.rename(columns={"id": "team_id"}),
        players=players.entries.rename(columns={"name": "nickname"}),
        player_aliases=players.aliases.rename(columns={"id": "player_id", "name": "nickname"}),
        events=pd.DataFrame([(n, name) for name, n in identities.events.ids.items()], columns=["id", "name"]),
        lineups=lineups,
        series=series_rows(merged.series, linked, teams.id_of, series_ids, roster_ids, maps, event_ids),
        map_results=results,
        standings=standings,
        player_map_stats=stats[~repeats],
        fixtures=fixture_rows(announced, teams.id_of),
    )
    return tables, stats.loc[repeats, "published_index"].tolist()


def _lineup_ids(
    linked: LinkedRows, teams: Dictionary, players: Dictionary, identities: Identities
) -> dict[tuple[Identity, Roster], int]:
    """Id by team and roster, for every lineup that was fielded."""
    ids: dict[tuple[Identity, Roster], int] = {}
    for row in np.argsort(linked.day, kind="stable").tolist():
        for team, roster in zip(linked.teams[row], linked.rosters[row], strict=True):
            if roster and (team, roster) not in ids:
                text = ",".join(map(str, sorted(players.id_of[player] for player in roster)))
                ids[team, roster] = identities.lineups.give((teams.id_of[team], text))
    return ids


def _outcomes(
    parsed: Mapping[RowKind, ParsedRows],
    merged: MergedRows,
    linked: LinkedRows,
    announced: Announced,
    tables: Tables,
    repeated_stats: Collection[int],
) -> pd.DataFrame:
    """Every published row once: stored, merged or rejected."""
    lines: list[tuple[str, int, str, str, list[str]]] = []
    with_maps = set(linked.series[: linked.n_maps])
    for position, index in enumerate(linked.index):
        is_map = position < linked.n_maps
        name = linked.series[position]
        is_merged = not is_map and (name in with_maps or position in linked.copy_of)
        kind = RowKind.MAP if is_map else RowKind.SERIES
        lines.append((kind, index, "merged" if is_merged else "stored", name, []))
    for kind in (RowKind.MAP, RowKind.SERIES):
        again = merged.again_of(maps=kind is RowKind.MAP)
        lines.extend((kind, index, "merged", linked.series[kept], []) for index, kept in again.items())
    standings = parsed[RowKind.STANDING].rows
    once = set(standings_told_once(standings).index)
    lines.extend((RowKind.STANDING, i, "stored" if i in once else "merged", "", []) for i in standings.index)
    stats = set(tables.player_map_stats["published_index"])
    lines.extend((RowKind.FIXTURE, index, "stored", "", []) for index in announced.rows.index)
    lines.extend((RowKind.FIXTURE, index, "merged", "", []) for index in announced.copies)
    lines.extend((RowKind.FIXTURE, index, "rejected", "", [AGAINST_ITSELF]) for index in announced.against_itself)
    lines.extend((RowKind.PLAYER_MAP, index, "merged", "", []) for index in repeated_stats)
    for index in parsed[RowKind.PLAYER_MAP].rows.index.difference(list(repeated_stats), sort=False):
        known = index in stats
        reasons = [] if known else ["its map or player is not among the map results"]
        lines.append((RowKind.PLAYER_MAP, index, "stored" if known else "rejected", "", reasons))
    for kind, part in parsed.items():
        lines.extend((kind, index, "rejected", "", reasons) for index, reasons in part.reasons.items())
    return pd.DataFrame(lines, columns=["kind", "index", "outcome", "target", "reasons"])


def _counts(outcomes: pd.DataFrame, merged: MergedRows, linked: LinkedRows, tables: Tables) -> dict[str, int]:
    sizes = outcomes.groupby(["kind", "outcome"]).size().reset_index(name="n")
    counts = {f"{row['kind']}_rows_{row['outcome']}": int(row["n"]) for row in sizes.to_dict("records")}
    with_maps = set(linked.series[: linked.n_maps])
    return counts | {
        "series_rows_joined_to_maps": sum(name in with_maps for name in linked.series[linked.n_maps :])
        - sum(linked.series[copy] in with_maps for copy in linked.copy_of),
        "series_rows_copies": len(linked.copy_of),
        "rows_of_other_sources_merged": len(merged.again),
        "rows_of_other_sources_contradicted": merged.n_disagree,
        "nicknames_respelled": len(linked.people.nicknames),
        "nicknames_of_two_players": len(linked.people.player_namesakes),
        "names_of_two_teams": len(linked.people.team_namesakes),
        "map_results_flagged": int((tables.map_results["winner_conflict"] | tables.map_results["date_suspect"]).sum()),
        **{name: len(frame) for name, frame in tables.items()},
    }
