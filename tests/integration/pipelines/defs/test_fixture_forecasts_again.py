"""When a match to come is forecast again: by another model, or when the ratings say something else."""

from typing import Any

import dagster as dg
import pytest

from cs2.messages import SeriesEvent
from cs2.storage.model_registry import roll_back
from cs2.storage.tables import FixtureForecast
from pipelines.defs.fixtures.sensors import fixtures_sensor
from pipelines.fixtures.selection import SAME
from pipelines.resources import Database
from tests.integration.pipelines.defs.test_fixture_forecasts import better_ratings, run
from tests.testkit.asset_environment import AssetEnvironment
from tests.testkit.service import League, Models

pytestmark = pytest.mark.usefixtures("today")


def numbers(event: SeriesEvent) -> tuple[float, ...]:
    return event.response.team1_win_probability, *event.response.interval


def test_newer_ratings_that_say_the_same_make_no_second_forecast_and_no_second_run(
    stage: AssetEnvironment, models: Models, announce: Any, events: Any, database: Database, league: League
) -> None:
    models.publish()
    announce(1, "2026-01-06T18:00")
    run(stage)
    newer = better_ratings(database, league, skill=1.001)
    context = dg.build_sensor_context(instance=stage.instance)
    assert isinstance(fixtures_sensor(context, database=database), dg.RunRequest)
    told = run(stage) or {}
    assert (told["forecasts"], told["unchanged"], len(events())) == (0, 1, 1)
    assert isinstance(fixtures_sensor(context, database=database), dg.SkipReason)
    with database.transaction() as session:
        [row] = session.query(FixtureForecast)
    assert (row.snapshot_id, row.still_valid_for_snapshot_id) == (newer - 1, newer)
    better_ratings(database, league, skill=2.0)
    assert (run(stage) or {})["forecasts"] == 1


def test_small_changes_add_up_so_that_the_last_forecast_is_never_far_from_what_the_ratings_say(
    stage: AssetEnvironment, models: Models, announce: Any, events: Any, database: Database, league: League
) -> None:
    models.publish()
    announce(1, "2026-01-07T18:00")
    run(stage)
    steps = range(1, 11)
    for step in steps:
        better_ratings(database, league, skill=1 + 0.01 * step)
        announce(100 + step, "2026-01-07T20:00")  # the same question, asked for the first time
        run(stage)
        made = {event.fixture_id: event for event in events()}  # the last one of each
        for counted, now in zip(numbers(made[1]), numbers(made[100 + step]), strict=True):
            assert abs(counted - now) <= SAME
    assert 1 < sum(event.fixture_id == 1 for event in events()) < len(steps) + 1


def test_another_model_forecasts_again_though_it_says_the_same(
    stage: AssetEnvironment, models: Models, announce: Any, events: Any, database: Database, league: League
) -> None:
    announce(1, "2026-01-06T18:00")
    first = models.publish()
    run(stage)
    second = models.publish()
    run(stage)
    with database.transaction() as session:
        roll_back(session)
    better_ratings(database, league, skill=1.001)
    run(stage)
    assert [event.model_version for event in events()] == [first, second, first]
    assert abs(numbers(events()[1])[0] - numbers(events()[2])[0]) < SAME
