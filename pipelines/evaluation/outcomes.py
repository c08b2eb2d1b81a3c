"""Join forecasts with results: :class:`cs2.messages.ForecastOutcome`, with the baselines on the same matches."""

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
from pipelines.evaluation.match_outcomes import MatchStatus, match

BASELINES = ("team_elo", "player_elo")


@dataclass(frozen=True, slots=True)
class ScoredForecasts:
    """What became of every stored forecast.

    Attributes:
        outcomes: Of those that can be judged.
        verdicts: How many forecasts by verdict.
    """

    outcomes: list[ForecastOutcome]
    verdicts: dict[str, int]


def score_forecasts(
    asked: pd.DataFrame, results: pd.DataFrame, history: MatchHistory, *, now: datetime
) -> ScoredForecasts:
    """Join forecasts with results.

    Args:
        asked: Forecasts (:func:`pipelines.evaluation.stored_forecasts.read_asked`).
        results: Decided matches (:func:`pipelines.evaluation.results.read_results`).
        history: Everything played, for the baselines.
        now: The moment of the judgement.
    """
    found = match(asked, results)
    judged = asked.join(found[found["verdict"] == MatchStatus.JUDGED], how="inner")
    rows = results.iloc[judged["result"]]
    baselines = _baselines(judged, results, history)
    tier = tiers(rows["rank1"].to_numpy(), rows["rank2"].to_numpy())
    swapped = judged["is_swapped"].to_numpy()
    winner = np.where(swapped, 3 - rows["winner"].to_numpy(), rows["winner"].to_numpy())
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
        for n, forecast_id in enumerate(judged["forecast_id"])
    ]
    return ScoredForecasts(outcomes, {str(verdict): n for verdict, n in Counter(found["verdict"]).items()})


def _baselines(judged: pd.DataFrame, results: pd.DataFrame, history: MatchHistory) -> FloatArray:
    """What each Elo gave the forecast's team 1 by what was known before the match's day, shape (n, 2)."""
    if judged.empty:
        return np.empty((0, len(BASELINES)))
    distinct, place = np.unique(judged["result"].to_numpy(), return_inverse=True)
    log_odds = walk_forward(history, _fixtures(results.iloc[distinct]), elo_log_odds, n_columns=len(BASELINES))[place]
    log_odds = np.where(judged["is_swapped"].to_numpy()[:, None], -log_odds, log_odds)
    probability = sigmoid(log_odds)
    series = (judged["kind"] == "series").to_numpy()
    for column in range(len(BASELINES)):
        probability[series, column] = series_by_maps(log_odds[series, column], judged["unit"].to_numpy()[series])
    return np.clip(probability, EDGE, 1 - EDGE)


def _fixtures(results: pd.DataFrame) -> MatchQuestions:
    """The matches as questions, with the lineups that played."""
    lineups = [[_five(row) for row in results[side]] for side in ("lineup1", "lineup2")]
    return MatchQuestions(
        map_id=np.where(results["kind"] == "map", results["unit"], UNKNOWN).astype(np.int64),
        team_ids=results[["team1_id", "team2_id"]].to_numpy(dtype=np.int64),
        player_ids=np.array(lineups, dtype=np.int64).transpose(1, 0, 2),
        day=results["first_day"].to_numpy(dtype=np.int64),
    )


def _five(roster: object) -> list[int]:
    return [int(player) for player in roster.split(",")] if isinstance(roster, str) else [UNKNOWN] * 5
