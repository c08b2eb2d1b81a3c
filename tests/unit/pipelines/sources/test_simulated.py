"""Simulated league as a source: columns of the archive, distinct names, and rows that never change."""

from datetime import date, timedelta

import pytest

from cs2.forecasting.simulation.league import N_MAPS
from pipelines.etl.id_register import Identities
from pipelines.etl.match_history import history_from_tables
from pipelines.etl.rebuild import TableSet, rebuild
from pipelines.sources.base import RowKind
from pipelines.sources.simulated import FIRST_DAY, MAP_NAMES, SimulatedSource, league_names, simulated_league

TODAY = date(2023, 9, 30)


@pytest.fixture(scope="module")
def rebuilt() -> TableSet:
    return rebuild(SimulatedSource().published(TODAY).frames, Identities())


def test_every_map_has_a_name() -> None:
    assert len(set(MAP_NAMES)) == N_MAPS


def test_all_rows_are_stored_and_all_names_are_distinct(rebuilt: TableSet) -> None:
    assert rebuilt.rejected() == 0
    assert rebuilt.counts["nicknames_respelled"] == 0
    assert rebuilt.counts["player_homonyms"] == 0
    assert rebuilt.counts["team_homonyms"] == 0
    teams, players = league_names(SimulatedSource().seed)
    assert set(rebuilt.tables.teams["name"]) <= set(teams)
    assert set(rebuilt.tables.players["nickname"]) <= set(players)


def test_published_series_are_joined_to_their_maps(rebuilt: TableSet) -> None:
    series = rebuilt.outcomes[rebuilt.outcomes["kind"] == RowKind.SERIES]
    assert (series["outcome"] == "merged").all()
    assert len(rebuilt.tables.series) == len(series)


def test_tables_contain_the_league_as_played(rebuilt: TableSet) -> None:
    league = simulated_league(SimulatedSource().seed, TODAY)
    tables = rebuilt.tables
    history = history_from_tables(tables.map_results, tables.series, tables.lineups)
    assert len(history) == len(league)
    assert history.team1_won.sum() == league.history.team1_won.sum()
    assert (history.best_of > 0).all()
    assert (history.player_ids > 0).all()


def test_a_new_day_changes_the_digest_of_its_month_only() -> None:
    source = SimulatedSource()
    before, after = (
        source.published(date(2023, 9, 14)).month_digests(),
        source.published(date(2023, 9, 15)).month_digests(),
    )
    assert {month for month in after if before.get(month) != after[month]} == {"2023-09-01"}
    assert source.fingerprint(date(2023, 9, 14)) != source.fingerprint(date(2023, 9, 15))


def test_a_week_before_its_first_day_the_league_is_empty() -> None:
    assert SimulatedSource().published(FIRST_DAY - timedelta(days=8)).month_digests() == {}


def test_the_next_week_is_announced_as_it_will_be_played() -> None:
    source = SimulatedSource()
    announced = source.published(TODAY).frames[RowKind.FIXTURE]
    assert len(announced) == 7 * 10
    assert set(announced["month"]) == {"2023-09-01"}  # the running month: the one that is landed
    assert announced["date"].min() == "2023-10-01"
    maps = source.published(TODAY + timedelta(days=7)).frames[RowKind.MAP]
    played = maps[maps["date"] > TODAY.isoformat()].drop_duplicates("hltv_match_id")
    facts = ["date", "event", "best_of", "team1", "team2"]
    assert announced[facts].to_numpy().tolist() == played[facts].to_numpy().tolist()
    assert announced["row_key"].tolist() == played["hltv_match_id"].tolist()
    assert announced.groupby("date")["start_time"].nunique().eq(10).all()
