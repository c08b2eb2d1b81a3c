"""Identities of the real archive against the table of the truth (benchmarks/identity_truth.yaml)."""

from datetime import date
from pathlib import Path

import pytest

from benchmarks.identities import TRUTH, ResolvedIdentities, Score, read_truth
from pipelines.etl.rebuild import resolve
from pipelines.etl.resolved_rows import ResolvedRows
from pipelines.sources.archive import ArchiveSource

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def resolved(shared_data: Path) -> ResolvedRows:
    return resolve(ArchiveSource(shared_data / "archive").published(date(2026, 1, 31)).frames)


def test_the_table_has_two_hundred_cases_half_of_them_drawn_at_random() -> None:
    cases = [case for _, case in read_truth(TRUTH)]
    assert len(cases) >= 200
    assert sum(case.is_drawn for case in cases) >= 100


def test_precision_and_recall_of_the_identities(resolved: ResolvedRows) -> None:
    identities, score = ResolvedIdentities(resolved), Score()
    for _, case in read_truth(TRUTH):
        for first, second, is_one in case.pairs():
            score.add(is_one, identities.find(first) == identities.find(second))
    assert score.precision >= 0.99
    assert score.recall >= 0.95


def test_the_last_day_of_the_archive_is_known_as_it_is_now(resolved: ResolvedRows) -> None:
    """Nothing later can have corrected it, and its results link names from the next day on."""
    last_day = max(row.day for row in resolved.merged.before.rows)
    rows = [row for row in resolved.merged.before.rows if row.day == last_day]
    assert rows
    people = resolved.merged.before.people
    linked_by_results = {name for link in people.team_links if link.day > last_day for name in link.names}
    assert all(row.forecast_rosters == row.rosters for row in rows)
    assert all(row.forecast_teams == row.teams for row in rows if linked_by_results.isdisjoint(row.named_teams))
