"""The whole real archive: no row is lost, and the counts match those in docs/data.md."""

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from pipelines.etl.id_register import Identities
from pipelines.etl.match_history import history_from_tables
from pipelines.etl.rebuild import TableSet, rebuild
from pipelines.sources.archive import ArchiveSource
from pipelines.sources.base import PublishedRows

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def published(shared_data: Path) -> PublishedRows:
    return ArchiveSource(shared_data / "archive").published(date(2026, 1, 31))


@pytest.fixture(scope="module")
def rebuilt(published: PublishedRows) -> TableSet:
    return rebuild(published.frames, Identities())


def test_stored_merged_and_rejected_add_up_to_what_came_in(published: PublishedRows, rebuilt: TableSet) -> None:
    came_in = {kind.value: len(frame) for kind, frame in published.frames.items()}
    assert came_in == {"map": 70_725, "series": 17_163, "standing": 8_976, "player_map": 1_870}
    assert Counter(map(str, rebuilt.outcomes["kind"])) == came_in
    assert not rebuilt.outcomes.duplicated(["kind", "index"]).any()


def test_the_only_rejected_series_are_teams_against_themselves(rebuilt: TableSet) -> None:
    assert rebuilt.rejections()["a team against itself"] == 6
    assert rebuilt.counts["map_rows_stored"] == len(rebuilt.tables.map_results) == 70_353


def test_maps_that_two_sources_publish_under_two_names_are_stored_once(rebuilt: TableSet) -> None:
    assert rebuilt.counts["map_rows_merged"] == 372


def test_flagged_maps_are_kept_and_not_rated(rebuilt: TableSet) -> None:
    tables = rebuilt.tables
    history = history_from_tables(tables.map_results, tables.series, tables.lineups)
    assert history.is_map.sum() == 70_353
    assert (~history.is_rated).sum() == rebuilt.counts["map_results_flagged"] == 537


def test_homonyms_and_spellings_are_found(rebuilt: TableSet) -> None:
    aliases = rebuilt.tables.player_aliases
    assert rebuilt.counts["player_homonyms"] == 9
    for nickname in ("Lucky", "Magic", "Dragon", "rain"):
        assert aliases.loc[aliases["nickname"] == nickname, "player_id"].nunique() >= 2, nickname
    for nickname in ("gr1ks", "Gizmy", "eraa", "tex1y"):
        assert aliases.loc[aliases["nickname"] == nickname, "player_id"].nunique() == 1, nickname


def test_most_series_have_maps_and_no_map_has_two_series(rebuilt: TableSet) -> None:
    assert rebuilt.counts["series_rows_joined_to_maps"] > 11_000
    assert rebuilt.tables.map_results["natural_key"].is_unique


def test_no_series_is_learned_before_the_last_row_of_its_pair(rebuilt: TableSet) -> None:
    series = rebuilt.tables.series
    assert (series["forecast_day"] <= series["first_day"]).all()
    assert (series["last_day"] <= series["learn_day"]).all()
