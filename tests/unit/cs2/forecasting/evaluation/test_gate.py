"""The gate: a candidate that is worse than the champion, than Elo or than its own claims is never served."""

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cs2.forecasting.evaluation import metrics
from cs2.forecasting.evaluation.gate import MIN_MAPS, REGRESSION_MOVE, WORSE_THAN_CHAMPION, EvaluationSet, run_gate
from cs2.forecasting.matches import FloatArray
from cs2.forecasting.probability import sigmoid

N = 3000


def evaluation_set(
    seed: int = 0, *, slope: float = 1.0, shift: float = 0.0, noise: float = 0.2, n: int = N
) -> EvaluationSet:
    """Build a candidate with ``noise`` around the truth, a champion with noise 0.2 and an Elo with noise 0.9."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(0, 0.8, n)
    mistakes = rng.normal(0, 1, (3, n))
    candidate = shift + slope * shrunk(truth, noise, mistakes[0])
    return EvaluationSet(
        X=candidate[:, None],
        team1_won=rng.random(n) < sigmoid(truth),
        day=np.sort(rng.integers(0, 60, n)),
        candidate=sigmoid(candidate),
        swapped=sigmoid(-candidate),
        elo=sigmoid(shrunk(truth, 0.9, mistakes[1])),
        champion=sigmoid(shrunk(truth, 0.2, mistakes[2])),
    )


def shrunk(truth: FloatArray, noise: float, mistakes: FloatArray) -> FloatArray:
    """Return noisy log-odds, shrunk so that they stay calibrated."""
    value: FloatArray = (truth + noise * mistakes) * 0.64 / (0.64 + noise**2)
    return value


def test_a_good_candidate_passes_every_claim() -> None:
    result = run_gate(evaluation_set(), regression_move=0.01)
    assert result.passed
    assert result.failed == []
    assert [claim.name for claim in result.claims] == [
        "enough_maps",
        "beats_elo",
        "calibrated",
        "symmetric",
        "not_worse_than_champion",
        "regression_cases_stay",
    ]
    assert all(claim.detail for claim in result.claims)
    assert result.metrics["log_loss"] < result.metrics["elo_log_loss"]
    assert result.metrics["n_maps"] == result.metrics["n_maps_beside_champion"] == N


def test_the_first_candidate_needs_no_champion() -> None:
    result = run_gate(replace(evaluation_set(), champion=None))
    assert result.passed
    assert "minus_champion" not in result.metrics


@pytest.mark.parametrize("seed", range(20))
def test_a_worse_challenger_is_never_promoted(seed: int) -> None:
    """The candidate is calibrated, symmetric and better than Elo, but less informed than the champion."""
    result = run_gate(evaluation_set(seed, noise=0.45), regression_move=0.01)
    assert not result.passed
    assert result.failed == ["not_worse_than_champion"]
    assert result.metrics["minus_champion"] > WORSE_THAN_CHAMPION
    assert result.reasons[0].startswith("not_worse_than_champion")


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), noise=st.floats(0.1, 0.6), slope=st.floats(0.5, 2.0), shift=st.floats(-0.4, 0.4))
def test_a_model_that_passes_keeps_its_claims(seed: int, noise: float, slope: float, shift: float) -> None:
    case = evaluation_set(seed, noise=noise, slope=slope, shift=shift, n=1000)
    assert case.champion is not None
    loss, won = metrics.log_loss, case.team1_won
    if run_gate(case).passed:
        assert loss(case.candidate, won) <= loss(case.champion, won) + WORSE_THAN_CHAMPION
        assert loss(case.candidate, won) < loss(case.elo, won)
    else:
        assert run_gate(case).failed


def test_an_equal_challenger_passes() -> None:
    case = evaluation_set()
    assert run_gate(replace(case, champion=case.candidate), regression_move=0.0).passed


def test_a_candidate_that_elo_beats_is_refused() -> None:
    case = evaluation_set(noise=1.6)
    assert "beats_elo" in run_gate(replace(case, champion=None)).failed
    good = evaluation_set()
    assert run_gate(replace(good, champion=None, elo=good.candidate)).failed == ["beats_elo"]


@pytest.mark.parametrize("n", [0, 1, MIN_MAPS - 1])
def test_too_few_maps_are_not_evaluated(n: int) -> None:
    result = run_gate(evaluation_set(n=n))
    assert not result.passed
    assert result.failed == ["enough_maps"]
    assert result.metrics == {"n_maps": n}


def test_the_minimum_number_of_maps_is_evaluated() -> None:
    assert "enough_maps" not in run_gate(evaluation_set(n=MIN_MAPS)).failed


def test_the_champion_is_compared_on_maps_it_has_not_seen() -> None:
    """The champion is useless on unseen maps and nearly perfect on the others: only unseen maps count."""
    case = evaluation_set()
    assert case.champion is not None
    unseen = np.arange(N) >= N - 500
    champion = np.where(unseen, 0.5, case.team1_won * 0.98 + 0.01)
    beside = np.where(unseen, case.candidate, np.nan)
    result = run_gate(replace(case, champion=champion, beside_champion=beside))
    assert result.passed
    assert result.metrics["n_maps_beside_champion"] == 500
    assert result.metrics["minus_champion"] < 0
    rejected = run_gate(
        replace(case, champion=np.where(unseen, case.team1_won * 0.98 + 0.01, 0.5), beside_champion=beside)
    )
    assert rejected.failed == ["not_worse_than_champion"]


def test_too_few_new_maps_skip_the_comparison_with_the_champion() -> None:
    case = evaluation_set()
    beside = np.where(np.arange(N) >= N - MIN_MAPS + 1, case.candidate, np.nan)
    result = run_gate(replace(case, beside_champion=beside))
    assert result.passed
    assert "minus_champion" not in result.metrics


@pytest.mark.parametrize(("slope", "shift"), [(2.0, 0.0), (0.5, 0.0), (1.0, 0.4), (1.0, -0.4)])
def test_a_miscalibrated_candidate_is_refused(slope: float, shift: float) -> None:
    result = run_gate(replace(evaluation_set(slope=slope, shift=shift), champion=None))
    assert "calibrated" in result.failed


def test_an_asymmetric_candidate_is_refused() -> None:
    case = evaluation_set()
    assert run_gate(replace(case, swapped=case.swapped + 1e-9)).failed == ["symmetric"]
    one = case.swapped.copy()
    one[7] += 1e-6
    assert run_gate(replace(case, swapped=one)).failed == ["symmetric"]


def test_a_candidate_that_moves_regression_cases_far_is_refused() -> None:
    assert run_gate(evaluation_set(), regression_move=REGRESSION_MOVE).passed
    assert run_gate(evaluation_set(), regression_move=REGRESSION_MOVE + 0.01).failed == ["regression_cases_stay"]


def test_a_forecast_that_is_no_probability_is_an_error() -> None:
    case = evaluation_set()
    broken = case.candidate.copy()
    broken[0] = np.nan
    with pytest.raises(ValueError, match="leaves"):
        run_gate(replace(case, candidate=broken))


def test_a_better_player_must_not_harm_his_side() -> None:
    assert run_gate(evaluation_set(), player_gain=0.0).passed
    assert run_gate(evaluation_set(), player_gain=-1e-6).failed == ["stronger_players_help"]


def test_an_evaluation_set_survives_its_file(tmp_path: Path) -> None:
    saved = replace(evaluation_set(n=50), champion=None, X_matches=np.ones((7, 1)))
    saved.save(tmp_path / "evaluation.npz")
    loaded = EvaluationSet.load(tmp_path / "evaluation.npz")
    for field in fields(EvaluationSet):
        np.testing.assert_array_equal(getattr(loaded, field.name), getattr(saved, field.name))
    assert loaded.champion is loaded.beside_champion is None


def test_other_arrays_are_no_evaluation_set(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", allow_pickle=False, day=np.arange(3), probability=np.ones(3))
    with pytest.raises(ValueError, match=r"not an evaluation set: its entries are \['day', 'probability'\]"):
        EvaluationSet.load(tmp_path / "other.npz")
