"""The gate: what is worse than the champion, the Elo or its own promise is never served."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cs2.forecasting.evaluation import metrics
from cs2.forecasting.evaluation.gate import MIN_MAPS, REGRESSION_MOVE, WORSE_THAN_CHAMPION, EvaluationSet, run_gate
from cs2.forecasting.matches import FloatArray
from cs2.forecasting.probability import sigmoid

N = 3000


def judged(seed: int = 0, *, slope: float = 1.0, shift: float = 0.0, noise: float = 0.2, n: int = N) -> EvaluationSet:
    """A candidate at some distance from the truth, beside a champion at 0.2 and an Elo at 0.9 of noise."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(0, 0.8, n)
    mistakes = rng.normal(0, 1, (3, n))
    candidate = shift + slope * shrunk(truth, noise, mistakes[0])
    return EvaluationSet(
        team1_won=rng.random(n) < sigmoid(truth),
        day=np.sort(rng.integers(0, 60, n)),
        candidate=sigmoid(candidate),
        swapped=sigmoid(-candidate),
        elo=sigmoid(shrunk(truth, 0.9, mistakes[1])),
        champion=sigmoid(shrunk(truth, 0.2, mistakes[2])),
    )


def shrunk(truth: FloatArray, noise: float, mistakes: FloatArray) -> FloatArray:
    """Log-odds that are seen with noise, shrunk so that they stay calibrated."""
    value: FloatArray = (truth + noise * mistakes) * 0.64 / (0.64 + noise**2)
    return value


def test_a_good_candidate_passes_and_says_why() -> None:
    verdict = run_gate(judged(), regression_move=0.01)
    assert verdict.passed
    assert verdict.failed == []
    told = [reason.split(":")[0] for reason in verdict.reasons]
    assert set(told) == {
        "beats_elo",
        "calibrated",
        "symmetric",
        "not_worse_than_champion",
        "golden_forecasts_stay",
    }
    assert verdict.metrics["log_loss"] < verdict.metrics["elo_log_loss"]
    assert verdict.metrics["n_maps"] == verdict.metrics["n_maps_beside_champion"] == N


def test_the_first_candidate_needs_no_champion() -> None:
    verdict = run_gate(replace(judged(), champion=None))
    assert verdict.passed
    assert "minus_champion" not in verdict.metrics


@pytest.mark.parametrize("seed", range(20))
def test_a_worse_challenger_is_never_promoted(seed: int) -> None:
    """Calibrated, symmetric and better than Elo, but it knows less than the champion."""
    verdict = run_gate(judged(seed, noise=0.45), regression_move=0.01)
    assert not verdict.passed
    assert verdict.failed == ["not_worse_than_champion"]
    assert verdict.metrics["minus_champion"] > WORSE_THAN_CHAMPION
    assert verdict.reasons[0].startswith("not_worse_than_champion")


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), noise=st.floats(0.1, 0.6), slope=st.floats(0.5, 2.0), shift=st.floats(-0.4, 0.4))
def test_whatever_passes_is_as_good_as_is_said(seed: int, noise: float, slope: float, shift: float) -> None:
    case = judged(seed, noise=noise, slope=slope, shift=shift, n=1000)
    assert case.champion is not None
    loss, won = metrics.log_loss, case.team1_won
    if run_gate(case).passed:
        assert loss(case.candidate, won) <= loss(case.champion, won) + WORSE_THAN_CHAMPION
        assert loss(case.candidate, won) < loss(case.elo, won)
    else:
        assert run_gate(case).failed


def test_an_equal_challenger_passes() -> None:
    case = judged()
    assert run_gate(replace(case, champion=case.candidate), regression_move=0.0).passed


def test_a_candidate_that_elo_beats_is_refused() -> None:
    case = judged(noise=1.6)
    assert "beats_elo" in run_gate(replace(case, champion=None)).failed
    good = judged()
    assert run_gate(replace(good, champion=None, elo=good.candidate)).failed == ["beats_elo"]


@pytest.mark.parametrize("n", [0, 1, MIN_MAPS - 1])
def test_too_few_maps_are_not_judged(n: int) -> None:
    verdict = run_gate(judged(n=n))
    assert not verdict.passed
    assert verdict.failed == ["enough_maps"]
    assert verdict.metrics == {"n_maps": n}


def test_as_many_maps_as_are_needed_are_judged() -> None:
    assert "enough_maps" not in run_gate(judged(n=MIN_MAPS)).failed


def test_the_champion_is_compared_on_maps_it_has_not_seen() -> None:
    """It is hopeless on those it was not trained on, perfect on the rest: only the former count."""
    case = judged()
    assert case.champion is not None
    unseen = np.arange(N) >= N - 500
    champion = np.where(unseen, 0.5, case.team1_won * 0.98 + 0.01)
    beside = np.where(unseen, case.candidate, np.nan)
    verdict = run_gate(replace(case, champion=champion, beside_champion=beside))
    assert verdict.passed
    assert verdict.metrics["n_maps_beside_champion"] == 500
    assert verdict.metrics["minus_champion"] < 0
    refused = run_gate(
        replace(case, champion=np.where(unseen, case.team1_won * 0.98 + 0.01, 0.5), beside_champion=beside)
    )
    assert refused.failed == ["not_worse_than_champion"]


def test_too_few_maps_since_the_champion_was_trained_say_nothing_about_it() -> None:
    case = judged()
    beside = np.where(np.arange(N) >= N - MIN_MAPS + 1, case.candidate, np.nan)
    verdict = run_gate(replace(case, beside_champion=beside))
    assert verdict.passed
    assert "minus_champion" not in verdict.metrics


@pytest.mark.parametrize(("slope", "shift"), [(2.0, 0.0), (0.5, 0.0), (1.0, 0.4), (1.0, -0.4)])
def test_a_miscalibrated_candidate_is_refused(slope: float, shift: float) -> None:
    verdict = run_gate(replace(judged(slope=slope, shift=shift), champion=None))
    assert "calibrated" in verdict.failed


def test_an_asymmetric_candidate_is_refused() -> None:
    case = judged()
    assert run_gate(replace(case, swapped=case.swapped + 1e-9)).failed == ["symmetric"]
    one = case.swapped.copy()
    one[7] += 1e-6
    assert run_gate(replace(case, swapped=one)).failed == ["symmetric"]


def test_another_model_than_a_newer_one_is_refused() -> None:
    assert run_gate(judged(), regression_move=REGRESSION_MOVE).passed
    assert run_gate(judged(), regression_move=REGRESSION_MOVE + 0.01).failed == ["golden_forecasts_stay"]


def test_what_is_no_forecast_is_an_error() -> None:
    case = judged()
    broken = case.candidate.copy()
    broken[0] = np.nan
    with pytest.raises(ValueError, match="leaves"):
        run_gate(replace(case, candidate=broken))


def test_a_better_player_must_not_harm_his_side() -> None:
    assert run_gate(judged(), player_gain=0.0).passed
    assert run_gate(judged(), player_gain=-1e-6).failed == ["stronger_players_help"]
