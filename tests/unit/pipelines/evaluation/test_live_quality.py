"""Scores of judged forecasts, the verdict on a model, and drift: on forecasts whose truth is known."""

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cs2.forecasting.evaluation.stability import DRIFTED, stability_index
from cs2.forecasting.model.features import FEATURE_NAMES, STORED_FEATURE_NAMES
from cs2.forecasting.model.map_model import MapModel
from cs2.forecasting.probability import sigmoid
from pipelines.evaluation.drift import drift_of
from pipelines.evaluation.live_quality import check_quality, coverage, grouped, quality_rows, scores
from pipelines.evaluation.scored_forecasts import one_a_match


def judged(n: int = 1000, *, seed: int = 0, sharpness: float = 1.0, **columns: Any) -> pd.DataFrame:
    """Forecasts of matches whose log-odds are known: the true ones times ``sharpness``, beside a blunt Elo."""
    random = np.random.default_rng(seed)
    truth = random.normal(size=n)
    day = np.arange(n) // 10 + 20_000
    frame = pd.DataFrame(
        {
            "forecast_id": [f"{number:06}" for number in range(n)],
            "kind": "map",
            "model_version": 1,
            "is_automatic": False,
            "map": np.where(np.arange(n) % 3 == 0, "Nuke", "Mirage"),
            "match": [("map", number) for number in range(n)],
            "day": day,
            "week": (day // 7).astype(str),
            "tier": "others",
            "probability": sigmoid(sharpness * truth),
            "low": sigmoid(sharpness * truth - 1),
            "high": sigmoid(sharpness * truth + 1),
            "team_elo": sigmoid(0.3 * truth),
            "player_elo": sigmoid(0.3 * truth),
            "won": random.random(n) < sigmoid(truth),
        }
    )
    return frame.assign(**columns)


def test_figures_are_those_of_the_formulas() -> None:
    rows = judged()
    found = scores(rows)
    p, y = rows["probability"], rows["won"]
    assert found["n"] == 1000
    assert found["log_loss"] == pytest.approx(-np.where(y, np.log(p), np.log(1 - p)).mean())
    assert found["brier_score"] == pytest.approx(((p - y) ** 2).mean())
    assert found["team_elo_brier_score"] == pytest.approx(((rows["team_elo"] - y) ** 2).mean())
    assert found["slope"] == pytest.approx(1, abs=3 * found["slope_error"])
    assert scores(judged(30))["slope"] is None, "too few to tell"


def test_groups_hold_every_match_once_in_each_grouping() -> None:
    rows = judged(600)
    again = rows.assign(model_version=2, forecast_id=rows["forecast_id"] + "b")
    counts: Counter[str] = Counter()
    for group in grouped(one_a_match(pd.concat([rows, again]))):
        counts[group["grouping"]] += group["metrics"]["n"]
    assert counts == {"all": 600, "week": 600, "model": 1200, "tier": 600, "map": 600}


def test_whoever_asks_often_counts_once_and_pushes_no_automatic_forecast_aside() -> None:
    automatic = judged(1).assign(is_automatic=True)
    users = [judged(1).assign(forecast_id=f"{number}", probability=0.01) for number in range(5)]
    found = one_a_match(pd.concat([automatic, *users]))
    assert found["forecast_id"].tolist() == ["000000"]
    assert one_a_match(pd.concat(users))["forecast_id"].tolist() == ["4"], "else the last"


def test_coverage_falls_where_intervals_miss_what_happened() -> None:
    assert coverage(judged()) == 1.0
    wrong = judged(sharpness=-1.0)
    assert (coverage(wrong) or 0) < 0.5
    narrow = judged(5000).assign(low=lambda rows: rows["probability"] - 1e-4, high=lambda rows: rows["probability"])
    assert (coverage(narrow) or 0) < 0.5
    assert coverage(judged(50)) is None, "no bin of twenty"


def lead_of_truth() -> float:
    """Expected log loss of the true chances minus that of the Elo."""
    truth = np.random.default_rng(9).normal(size=100_000)
    p, elo = sigmoid(truth), sigmoid(0.3 * truth)
    return float((p * np.log(elo / p) + (1 - p) * np.log((1 - elo) / (1 - p))).mean())


LEAD = lead_of_truth()


@pytest.mark.parametrize(
    ("sharpness", "lead", "alarm_reason"),
    [
        (1.0, None, []),
        (1.0, LEAD, []),
        (0.3, None, []),  # as good as Elo, and nothing more was promised
        (0.3, LEAD, ["promised"]),
        (-1.0, None, ["worse than team Elo"]),  # trained on exchanged results
        (4.0, None, ["worse than team Elo"]),  # far too sure
        (-1.0, LEAD, ["worse than team Elo", "promised"]),
    ],
)
def test_a_model_falls_when_it_is_worse_than_elo_or_than_promised(
    sharpness: float, lead: float | None, alarm_reason: list[str]
) -> None:
    found = check_quality(judged(sharpness=sharpness), kind="map", expected_lead=lead)
    assert len(found.alarm_reason) == len(alarm_reason)
    assert all(reason in text for reason, text in zip(alarm_reason, found.alarm_reason, strict=True))


def test_few_matches_neither_accuse_nor_acquit() -> None:
    assert check_quality(judged(199, sharpness=-1.0), kind="map", expected_lead=None).alarm_reason == []
    assert check_quality(judged(200, sharpness=-1.0), kind="map", expected_lead=None).alarm_reason != []


def test_only_the_row_of_the_fallen_model_says_why() -> None:
    bad = judged(sharpness=-1.0, seed=1).assign(model_version=2)
    rows = quality_rows(pd.concat([judged(), bad.assign(match=[("b", n) for n in range(1000)])]), {1: LEAD, 2: LEAD})
    assert [(row["grouping"], row["value"]) for row in rows if row["alarm_reason"]] == [("model", "2")]


def test_good_models_hardly_ever_fall() -> None:
    alarms = [
        bool(check_quality(judged(300, seed=seed), kind="map", expected_lead=LEAD).alarm_reason) for seed in range(100)
    ]
    assert np.mean(alarms) <= 0.05


def test_the_stability_index_is_that_of_the_formula() -> None:
    reference = np.arange(1000.0)
    assert stability_index(reference, reference) == pytest.approx(0)
    recent = np.r_[np.full(300, 1.0), np.arange(1000.0)]  # 300 more in the first tenth
    shares = [(np.r_[[c + 0.5 for c in counts]] / (sum(counts) + 5)) for counts in ([100] * 10, [400] + [100] * 9)]
    assert stability_index(reference, recent) == pytest.approx(
        ((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum(), rel=0.02
    )
    with pytest.raises(ValueError, match="two samples"):
        stability_index(reference, reference[:0])


def test_drift_is_seen_where_it_is_and_sides_are_no_drift() -> None:
    random = np.random.default_rng(0)
    k = len(FEATURE_NAMES)
    model, X = MapModel(np.linspace(0.5, 1.0, k)), random.normal(size=(4000, k))

    def recent(features: np.ndarray) -> pd.DataFrame:
        frame = pd.DataFrame(model.contributions(features), columns=list(STORED_FEATURE_NAMES))
        return frame.assign(probability=model.probability(features))

    asked = random.normal(size=(400, k))
    assert max(drift_of(model, X, recent(asked)).values()) < 0.1
    assert max(drift_of(model, X, recent(np.abs(asked))).values()) > DRIFTED, "all ten for one side moves the output"
    exchanged = recent(np.where(random.random((400, 1)) < 0.5, asked, -asked))
    assert max(drift_of(model, X, exchanged).values()) < 0.1
    shifted = asked * np.where(np.array(FEATURE_NAMES) == "elo", 3.0, 1.0)
    found = drift_of(model, X, recent(shifted))
    assert found["elo"] > DRIFTED
    assert max(index for name, index in found.items() if name not in {"elo", "probability"}) < 0.1
