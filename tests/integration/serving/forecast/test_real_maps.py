"""On 1,000 real maps, single calls, batches, ids and names all return the trained estimator's probability."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cs2.calendar import date_of, day_number
from cs2.forecasting.evaluation.walk_forward import questions_about
from cs2.forecasting.matches import UNKNOWN
from cs2.forecasting.model.features import features
from cs2.settings import Settings
from pipelines.etl.tabulate import Tables
from serving.dictionaries.index import folded
from tests.testkit.archive_service import serve_archive
from tests.testkit.archives import real_archive, write
from tests.testkit.service import run_service
from tests.testkit.toy_league import League

pytestmark = [pytest.mark.real_data, pytest.mark.timeout(300)]

CUT, LAST = date(2025, 1, 31), date(2025, 3, 8)
MAPS = 1000
PATH = "/forecast/get_team1_win_probability"


@dataclass(frozen=True, slots=True)
class SampleRequests:
    """Requests by id and by name, and the probabilities of the trained estimator."""

    by_id: list[dict[str, Any]]
    by_name: list[dict[str, Any]]
    expected: list[float]


@pytest.fixture
def sample_requests(shared_data: Path, tmp_path: Path, postgres_url: str, mlflow_url: str) -> SampleRequests:
    """Train on the results through the cut, publish the model, and return requests for later maps."""
    folder = write(tmp_path / "archive", real_archive(shared_data))
    served = serve_archive(folder, CUT, LAST, postgres_url, mlflow_url)
    tables, history = served.tables, served.history
    cut = day_number(CUT)
    known = (history.player_ids != UNKNOWN).all(axis=(1, 2)) & history.is_map & (history.day > cut)
    rows = np.flatnonzero(known)[:MAPS]
    fixtures = questions_about(history).take(rows)
    expected = served.estimator.predict_proba(features(served.snapshot.state, fixtures))[:, 1]
    by_id = [
        {
            "map_id": int(fixtures.map_id[row]),
            "team1_id": int(fixtures.team_ids[row, 0]),
            "team2_id": int(fixtures.team_ids[row, 1]),
            "team1_player_ids": fixtures.player_ids[row, 0].tolist(),
            "team2_player_ids": fixtures.player_ids[row, 1].tolist(),
            "played_on": str(date_of(fixtures.day[row])),
        }
        for row in range(len(rows))
    ]
    return SampleRequests(by_id, [_by_name(question, tables) for question in by_id], expected.tolist())


def _by_name(question: dict[str, Any], tables: Tables) -> dict[str, Any]:
    """Return the request with names wherever a name is unique."""
    named = dict(question)
    maps, teams = _names(tables.maps, "name"), _names(tables.teams, "name")
    players = _names(tables.players, "nickname")
    for field, names in (("map", maps), ("team1", teams), ("team2", teams)):
        if named[f"{field}_id"] in names:
            named[field] = names[named.pop(f"{field}_id")]
    for field in ("team1_player", "team2_player"):
        if all(player in players for player in named[f"{field}_ids"]):
            named[f"{field}s"] = [players[player] for player in named.pop(f"{field}_ids")]
    return named


def _names(frame: pd.DataFrame, column: str) -> dict[int, str]:
    bearers = Counter(frame[column].map(folded))
    return {number: name for number, name in zip(frame["id"], frame[column], strict=True) if bearers[folded(name)] == 1}


async def test_every_request_gets_the_trained_estimators_probability(
    sample_requests: SampleRequests, settings: Settings
) -> None:
    changed = settings.model_copy(update={"clock_date": CUT})
    empty_league = League(0, [], [], 0)
    async with run_service(changed, empty_league) as service:
        alone = [(await service.call("POST", PATH, json=question)).json() for question in sample_requests.by_id]
        named = [(await service.call("POST", PATH, json=question)).json() for question in sample_requests.by_name]
        batch = (await service.call("POST", "/forecast/batch", json={"forecasts": sample_requests.by_id})).json()[
            "results"
        ]
    assert len(alone) == MAPS
    assert sum("team1" in question and "team1_players" in question for question in sample_requests.by_name) > MAPS / 2
    probability = [answer["team1_win_probability"] for answer in alone]
    assert np.abs(np.array(probability) - np.array(sample_requests.expected)).max() < 1e-9
    assert [answer["team1_win_probability"] for answer in named] == probability
    assert [result["forecast"]["team1_win_probability"] for result in batch] == probability
    for one, other, item in zip(alone, named, batch, strict=True):
        assert one["interval"] == other["interval"] == item["forecast"]["interval"]
        assert one["warnings"] == other["warnings"] == item["forecast"]["warnings"]
