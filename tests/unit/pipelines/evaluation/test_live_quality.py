"""Scores, alarms and drift on simulated forecasts whose true probabilities are known."""

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cs2.forecasting.evaluation.stability import DRIFTED, stability_index
from cs2.forecasting.model.features import FEATURE_NAMES
from cs2.forecasting.model.map_model import MapModel
from cs2.forecasting.probability import sigmoid
from pipelines.evaluation.drift import drift_indices
from pipelines.evaluation.live_quality import (
    build_quality_rows,
    compute_coverage,
    compute_scores,
    find_alarm_reasons,
    score_groups,
)
from pipelines.evaluation.scored_forecasts import latest_per_match


def scored(n: int = 1000, *, seed: int = 0, sharpness: float = 1.0, **columns: Any) -> pd.DataFrame:
    """Build forecasts with known log-odds: the true ones times ``sharpness``, and an Elo of 0.3 times them."""
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


def test_scores_follow_their_formulas() -> None:
    rows = scored()
    scores = compute_scores(rows)
    p, y = rows["probability"], rows["won"]
    assert scores["n"] == 1000
    assert scores["log_loss"] == pytest.approx(-np.where(y, np.log(p), np.log(1 - p)).mean())
    assert scores["brier_score"] == pytest.approx(((p - y) ** 2).mean())
    assert scores["team_elo_brier_score"] == pytest.approx(((rows["team_elo"] - y) ** 2).mean())
    assert scores["slope"] == pytest.approx(1, abs=3 * scores["slope_error"])
    assert compute_scores(scored(30))["slope"] is None, "too few matches"


def test_a_match_counts_once_in_each_grouping() -> None:
    rows = scored(600)
    of_other_model = rows.assign(model_version=2, forecast_id=rows["forecast_id"] + "b")
    counts: Counter[str] = Counter()
    for group in score_groups(latest_per_match(pd.concat([rows, of_other_model]), per_model=True)):
        counts[group["grouping"]] += group["metrics"]["n"]
    assert counts == {"all": 600, "week": 600, "model": 1200, "tier": 600, "map": 600}


def test_requests_cannot_replace_the_automatic_forecast() -> None:
    automatic = scored(1).assign(is_automatic=True)
    users = [scored(1).assign(forecast_id=f"{number}", probability=0.01) for number in range(5)]
    latest = latest_per_match(pd.concat([automatic, *users]))
    assert latest["forecast_id"].tolist() == ["000000"]
    assert latest_per_match(pd.concat(users))["forecast_id"].tolist() == ["4"], "without one, the last request counts"


def test_coverage_falls_if_intervals_miss_the_outcomes() -> None:
    assert compute_coverage(scored()) == 1.0
    wrong = scored(sharpness=-1.0)
    assert (compute_coverage(wrong) or 0) < 0.5
    narrow = scored(5000).assign(low=lambda rows: rows["probability"] - 1e-4, high=lambda rows: rows["probability"])
    assert (compute_coverage(narrow) or 0) < 0.5
    assert compute_coverage(scored(50)) is None, "no bin has twenty matches"


def lead_of_truth() -> float:
    """Return the expected log loss of the true probabilities minus that of the Elo."""
    truth = np.random.default_rng(9).normal(size=100_000)
    p, elo = sigmoid(truth), sigmoid(0.3 * truth)
    return float((p * np.log(elo / p) + (1 - p) * np.log((1 - elo) / (1 - p))).mean())


LEAD = lead_of_truth()


@pytest.mark.parametrize(
    ("sharpness", "lead", "expected"),
    [
        (1.0, None, []),
        (1.0, LEAD, []),
        (0.3, None, []),  # as good as Elo, and its training promised nothing more
        (0.3, LEAD, ["promised"]),
        (-1.0, None, ["worse than team Elo"]),  # trained on exchanged results
        (4.0, None, ["worse than team Elo"]),  # overconfident
        (-1.0, LEAD, ["worse than team Elo", "promised"]),
    ],
)
def test_a_model_worse_than_elo_or_than_promised_raises_an_alarm(
    sharpness: float, lead: float | None, expected: list[str]
) -> None:
    reasons = find_alarm_reasons(scored(sharpness=sharpness), kind="map", expected_lead=lead)
    assert len(reasons) == len(expected)
    assert all(part in reason for part, reason in zip(expected, reasons, strict=True))


def test_fewer_than_200_matches_raise_no_alarm() -> None:
    assert find_alarm_reasons(scored(199, sharpness=-1.0), kind="map", expected_lead=None) == []
    assert find_alarm_reasons(scored(200, sharpness=-1.0), kind="map", expected_lead=None) != []


def test_only_the_row_of_the_bad_model_has_a_reason() -> None:
    bad = scored(sharpness=-1.0, seed=1).assign(model_version=2)
    rows = build_quality_rows(
        pd.concat([scored(), bad.assign(match=[("b", n) for n in range(1000)])]), {1: LEAD, 2: LEAD}
    )
    assert [(row["grouping"], row["value"]) for row in rows if row["alarm_reason"]] == [("model", "2")]


def test_good_models_hardly_ever_raise_an_alarm() -> None:
    alarms = [bool(find_alarm_reasons(scored(300, seed=seed), kind="map", expected_lead=LEAD)) for seed in range(100)]
    assert np.mean(alarms) <= 0.05


def test_the_stability_index_follows_its_formula() -> None:
    reference = np.arange(1000.0)
    assert stability_index(reference, reference) == pytest.approx(0)
    recent = np.r_[np.full(300, 1.0), np.arange(1000.0)]  # 300 more in the first tenth
    shares = [(np.r_[[c + 0.5 for c in counts]] / (sum(counts) + 5)) for counts in ([100] * 10, [400] + [100] * 9)]
    assert stability_index(reference, recent) == pytest.approx(
        ((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum(), rel=0.02
    )
    with pytest.raises(ValueError, match="two samples"):
        stability_index(reference, reference[:0])


def test_drift_is_measured_and_ignores_the_order_of_teams() -> None:
    random = np.random.default_rng(0)
    k = len(FEATURE_NAMES)
    model, X = MapModel(np.linspace(0.5, 1.0, k)), random.normal(size=(4000, k))

    def recent(features: np.ndarray) -> pd.DataFrame:
        frame = pd.DataFrame(model.contributions(features), columns=list(FEATURE_NAMES))
        return frame.assign(probability=model.probability(features))

    questions = random.normal(size=(400, k))
    assert max(drift_indices(model, X, recent(questions)).values()) < 0.1
    assert max(drift_indices(model, X, recent(np.abs(questions))).values()) > DRIFTED, (
        "ten features for one team move the output"
    )
    exchanged = recent(np.where(random.random((400, 1)) < 0.5, questions, -questions))
    assert max(drift_indices(model, X, exchanged).values()) < 0.1
    shifted = questions * np.where(np.array(FEATURE_NAMES) == "elo", 3.0, 1.0)
    indices = drift_indices(model, X, recent(shifted))
    assert indices["elo"] > DRIFTED
    assert max(index for name, index in indices.items() if name not in {"elo", "probability"}) < 0.1
