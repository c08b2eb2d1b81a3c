"""Maps of the real archive that were never played, and invented ones of the same kind in rows of other sources."""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from pipelines.etl.id_register import Identities
from pipelines.etl.rebuild import rebuild
from pipelines.sources.archive import ArchiveSource
from pipelines.sources.base import RowKind

pytestmark = pytest.mark.real_data

N_INVENTED = 200
MATCH = ["date", "map", "team1", "team2"]


def invented(maps: pd.DataFrame) -> pd.DataFrame:
    """A third map without rounds for best-of-3 series that ended 2:0 on two numbered maps with rounds."""
    usable = maps[(maps["best_of"] == "3") & (maps["hltv_match_id"] != "") & (maps["score1"] != "")]
    sweeps = usable.groupby("hltv_match_id").filter(
        lambda rows: sorted(rows["map_number"]) == ["1", "2"] and rows["winner"].nunique() == 1
    )
    complete = maps.groupby("hltv_match_id")["map"].size()
    sweeps = sweeps[sweeps["hltv_match_id"].map(complete) == 2]
    first = sweeps[sweeps["map_number"] == "1"].sample(N_INVENTED, random_state=7)
    loser = first["winner"].map({"1": "2", "2": "1"})
    changes = {"map": "Cache", "map_number": "3", "score1": "", "score2": "", "hltv_map_id": "", "winner": loser}
    return first.assign(**changes, row_key="invented:" + first["hltv_match_id"])


@pytest.fixture(scope="module")
def results(shared_data: Path) -> pd.DataFrame:
    """The map results with the published columns of their rows. The column ``sources`` is blank."""
    frames = dict(ArchiveSource(shared_data / "archive").published(date(2026, 1, 31)).frames)
    maps = frames[RowKind.MAP].assign(sources="")
    frames[RowKind.MAP] = pd.concat([maps, invented(maps)], ignore_index=True)
    stored = rebuild(frames, Identities()).tables.map_results
    published = frames[RowKind.MAP].set_index("row_key")[[*MATCH, "score1", "best_of"]]
    return stored.join(published, on="natural_key")


def test_the_maps_that_were_never_played_are_found_without_reading_the_source(
    results: pd.DataFrame, shared_data: Path
) -> None:
    found = results[results["never_played"] & ~results["natural_key"].str.startswith("invented:")]
    assert len(found) == 273
    window = found[found["date"] >= "2025-07-01"]
    reference = pd.read_csv(shared_data / "reference" / "reference.csv.gz", dtype=str, keep_default_na=False)
    excluded = {tuple(row) for row in reference.loc[reference["excluded"] == "1", MATCH].to_numpy()}
    assert len(window) == 249
    assert {tuple(row) for row in window[MATCH].to_numpy()} <= excluded


def test_the_same_kind_in_rows_of_other_sources_is_found(results: pd.DataFrame) -> None:
    assert results[results["natural_key"].str.startswith("invented:")]["never_played"].tolist() == [True] * N_INVENTED


def test_a_map_with_rounds_is_at_most_doubtful_and_few_are(results: pd.DataFrame) -> None:
    assert (results.loc[results["never_played"], "score1"] == "").all()
    assert results["doubtful"].sum() == 6
    assert not results.loc[results["best_of"].isin(["", "1"]), ["never_played", "doubtful"]].any(axis=None)


def test_marked_maps_are_not_rated(results: pd.DataFrame) -> None:
    marked = results["never_played"] | results["doubtful"]
    assert not results.loc[marked, "is_rated"].any()
    assert results.loc[marked, "doubt"].notna().all()
    assert results.loc[~marked, "doubt"].isna().all()
