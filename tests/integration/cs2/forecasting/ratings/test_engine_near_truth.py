"""The rating engine on a simulated league, where the true probabilities are known."""

import numpy as np
import pytest

from cs2.forecasting.evaluation.backtest import Backtest, backtest
from cs2.forecasting.evaluation.walk_forward import questions_about
from cs2.forecasting.matches import FloatArray, IntArray
from cs2.forecasting.ratings.engine import compute_ratings
from cs2.forecasting.simulation.league import League, simulate_league
from tests.testkit.leagues import FIRST_DAY

FROM_THE_BEST = 0.022
"""Log loss that forecasts of a settled league lose to the true probabilities; a coin loses about 0.037, Elos 0.026."""


@pytest.fixture(scope="module")
def league() -> League:
    return simulate_league(1, FIRST_DAY, FIRST_DAY + 1100)


@pytest.fixture(scope="module")
def settled(league: League) -> IntArray:
    return np.flatnonzero(league.history.day >= FIRST_DAY + 800)


@pytest.fixture(scope="module")
def forecasts(league: League, settled: IntArray) -> Backtest:
    return backtest(league.history, questions_about(league.history).take(settled), league.history.best_of[settled])


def excess(truth: FloatArray, forecast: FloatArray) -> float:
    """Return the expected log loss beyond the truth's (Kullback-Leibler divergence), which no luck affects."""
    lost = truth * np.log(truth / forecast) + (1 - truth) * np.log((1 - truth) / (1 - forecast))
    return float(lost.mean())


def test_forecasts_are_near_the_truth_and_beat_every_baseline(
    league: League, settled: IntArray, forecasts: Backtest
) -> None:
    truth = league.true_probability[settled]
    ours, team_elo, player_elo, coin = (
        excess(truth, p)
        for p in (forecasts.probability, forecasts.team_elo, forecasts.player_elo, np.full(len(truth), 0.5))
    )
    assert ours < FROM_THE_BEST
    assert ours < min(team_elo, player_elo) - 0.002
    assert max(team_elo, player_elo) < coin


def test_forecasts_follow_the_truth_without_bias(league: League, settled: IntArray, forecasts: Backtest) -> None:
    """Where the forecast is 30%, the mean true probability is 30%."""
    truth = league.true_probability[settled]
    forecast = forecasts.probability
    assert abs((truth - forecast).mean()) < 0.01
    for low in (0.3, 0.4, 0.5, 0.6):
        inside = (forecast >= low) & (forecast < low + 0.1)
        assert inside.sum() > 500
        assert abs((truth - forecast)[inside].mean()) < 0.02
    assert np.corrcoef(truth, forecast)[0, 1] > 0.65


def test_better_players_are_rated_higher(league: League) -> None:
    """Ranking teams by mean true probability and by rating gives nearly the same order."""
    h = league.history
    state = compute_ratings(h).state
    late = h.day > h.day.max() - 60
    teams = np.unique(h.team_ids[late])
    skill = np.array([state.skill[state.lineup[team], 0].mean() for team in teams])
    won_rounds = np.array(
        [(h.rounds[late, 0] - h.rounds[late, 1])[h.team_ids[late, 0] == team].mean() for team in teams]
    )
    known = np.isfinite(won_rounds)
    assert np.corrcoef(skill[known], won_rounds[known])[0, 1] > 0.25
