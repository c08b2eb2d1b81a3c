"""A new model, or ratings that change the numbers, cause a new forecast of a fixture."""

from typing import Any

import dagster as dg
import pytest

from cs2.messages import SeriesEvent
from cs2.storage.model_registry import roll_back
from cs2.storage.tables import FixtureForecast
from pipelines.defs.fixtures.sensors import fixtures_sensor
from pipelines.fixtures.selection import TOLERANCE
from pipelines.resources import Database
from tests.testkit.asset_environment import AssetEnvironment
from tests.testkit.fixture_forecasts import better_ratings, run
from tests.testkit.published_models import Models
from tests.testkit.toy_league import League

pytestmark = pytest.mark.usefixtures("today")


def numbers(event: SeriesEvent) -> tuple[float, ...]:
    return event.response.team1_win_probability, *event.response.interval


def test_ratings_that_change_nothing_make_no_second_forecast(
    environment: AssetEnvironment, models: Models, announce: Any, events: Any, database: Database, league: League
) -> None:
    models.publish()
    announce(1, "2026-01-06T18:00")
    run(environment)
    newer = better_ratings(database, league, skill=1.001)
    context = dg.build_sensor_context(instance=environment.instance)
    assert isinstance(fixtures_sensor(context, database=database), dg.RunRequest)
    metadata = run(environment) or {}
    assert (metadata["forecasts"], metadata["unchanged"], len(events())) == (0, 1, 1)
    assert isinstance(fixtures_sensor(context, database=database), dg.SkipReason)
    with database.transaction() as session:
        [row] = session.query(FixtureForecast)
    assert (row.snapshot_id, row.still_valid_for_snapshot_id) == (newer - 1, newer)
    better_ratings(database, league, skill=2.0)
    assert (run(environment) or {})["forecasts"] == 1


def test_small_changes_add_up(
    environment: AssetEnvironment, models: Models, announce: Any, events: Any, database: Database, league: League
) -> None:
    models.publish()
    announce(1, "2026-01-07T18:00")
    run(environment)
    steps = range(1, 11)
    for step in steps:
        better_ratings(database, league, skill=1 + 0.01 * step)
        announce(100 + step, "2026-01-07T20:00")  # the same question, never forecast before
        run(environment)
        newest = {event.fixture_id: event for event in events()}
        for counted, now in zip(numbers(newest[1]), numbers(newest[100 + step]), strict=True):
            assert abs(counted - now) <= TOLERANCE
    assert 1 < sum(event.fixture_id == 1 for event in events()) < len(steps) + 1


def test_another_model_forecasts_again_with_equal_numbers(
    environment: AssetEnvironment, models: Models, announce: Any, events: Any, database: Database, league: League
) -> None:
    announce(1, "2026-01-06T18:00")
    first = models.publish()
    run(environment)
    second = models.publish()
    run(environment)
    with database.transaction() as session:
        roll_back(session)
    better_ratings(database, league, skill=1.001)
    run(environment)
    assert [event.model_version for event in events()] == [first, second, first]
    assert abs(numbers(events()[1])[0] - numbers(events()[2])[0]) < TOLERANCE
