"""Outcomes of forecasts: :class:`cs2.messages.ForecastOutcome`, with the baselines on the same matches."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from cs2.calendar import date_of
from cs2.forecasting.evaluation.baselines import elo_log_odds, series_by_maps, tiers
from cs2.forecasting.evaluation.walk_forward import walk_forward
from cs2.forecasting.matches import UNKNOWN, FloatArray, MatchHistory, MatchQuestions
from cs2.forecasting.probability import EDGE, sigmoid
from cs2.messages import ForecastOutcome
from pipelines.evaluation.forecast_matching import ScoringStatus, match_outcomes
from pipelines.evaluation.scored_forecasts import BASELINES


@dataclass(frozen=True, slots=True)
class ScoredForecasts:
    """The outcomes of stored forecasts.

    Attributes:
        outcomes: One per forecast that can be scored.
        statuses: Number of forecasts by :class:`ScoringStatus`.
    """

    outcomes: list[ForecastOutcome]
    statuses: dict[str, int]


def score_forecasts(
    forecasts: pd.DataFrame, results: pd.DataFrame, history: MatchHistory, *, now: datetime
) -> ScoredForecasts:
    """Join forecasts with results.

    Args:
        forecasts: Stored forecasts (:func:`pipelines.evaluation.stored_forecasts.read_forecasts`).
        results: Decided matches (:func:`pipelines.evaluation.results.read_results`).
        history: All played matches, for the baselines.
        now: Current time, noted on each outcome.
    """
    matched = match_outcomes(forecasts, results)
    scored = forecasts.join(matched[matched["status"] == ScoringStatus.SCORED], how="inner")
    rows = results.iloc[scored["result"]]
    baselines = _baselines(scored, results, history)
    tier = tiers(rows["rank1"].to_numpy(), rows["rank2"].to_numpy())
    winner = np.where(scored["is_swapped"].to_numpy(), 3 - rows["winner"].to_numpy(), rows["winner"].to_numpy())
    day = rows["first_day"].to_numpy(dtype=np.int64)
    outcomes = [
        ForecastOutcome(
            forecast_id=forecast_id,
            winner=1 if winner[n] == 1 else 2,
            played_on=date_of(day[n]),
            tier=str(tier[n]),
            baselines=dict(zip(BASELINES, baselines[n].tolist(), strict=True)),
            judged_at=now,
        )
        for n, forecast_id in enumerate(scored["forecast_id"])
    ]
    return ScoredForecasts(outcomes, {str(status): n for status, n in Counter(matched["status"]).items()})


def _baselines(scored: pd.DataFrame, results: pd.DataFrame, history: MatchHistory) -> FloatArray:
    """Each Elo's probability for the forecast's team 1, from results before the match's day, shape (n, 2)."""
    if scored.empty:
        return np.empty((0, len(BASELINES)))
    distinct, inverse = np.unique(scored["result"].to_numpy(), return_inverse=True)
    questions = _questions(results.iloc[distinct])
    log_odds = walk_forward(history, questions, elo_log_odds, n_columns=len(BASELINES))[inverse]
    log_odds = np.where(scored["is_swapped"].to_numpy()[:, None], -log_odds, log_odds)
    probability = sigmoid(log_odds)
    is_series = (scored["kind"] == "series").to_numpy()
    best_of = scored["unit"].to_numpy()[is_series]
    for column in range(len(BASELINES)):
        probability[is_series, column] = series_by_maps(log_odds[is_series, column], best_of)
    return np.clip(probability, EDGE, 1 - EDGE)


def _questions(results: pd.DataFrame) -> MatchQuestions:
    """Ask about the matches, with the lineups that played."""
    lineups = [[_five(roster) for roster in results[side]] for side in ("lineup1", "lineup2")]
    return MatchQuestions(
        map_id=np.where(results["kind"] == "map", results["unit"], UNKNOWN).astype(np.int64),
        team_ids=results[["team1_id", "team2_id"]].to_numpy(dtype=np.int64),
        player_ids=np.array(lineups, dtype=np.int64).transpose(1, 0, 2),
        day=results["first_day"].to_numpy(dtype=np.int64),
    )


def _five(roster: object) -> list[int]:
    return [int(player) for player in roster.split(",")] if isinstance(roster, str) else [UNKNOWN] * 5
