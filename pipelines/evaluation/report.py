"""The report of ``cs2 report``: one HTML page about the forecasts of some days, with all plots inside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import jinja2
import pandas as pd

from cs2.calendar import date_of
from cs2.forecasting.evaluation import metrics
from cs2.forecasting.evaluation.stability import DRIFTED
from pipelines.evaluation.drift import Drift
from pipelines.evaluation.live_quality import compute_scores, score_groups, score_prefix
from pipelines.evaluation.scored_forecasts import FORECASTERS, latest_per_match
from pipelines.evaluation.tables import HEADINGS, quality_figure, table_row

TEMPLATE = "report.html.jinja"

GROUP_TITLES = {"week": "By week", "model": "By model version", "tier": "By tier", "map": "By map"}
MAX_LISTED = 200
"""How many automatic forecasts are listed; the totals count all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportData:
    """Contents of a report.

    Attributes:
        first: First day of play.
        last: Last day of play.
        n_forecasts: Number of stored forecasts of matches on these days.
        scored: The scored ones among them (:func:`pipelines.evaluation.scored_forecasts.read_scored_forecasts`).
        drift: Drift of the served model's newest questions, by kind.
    """

    first: date
    last: date
    n_forecasts: int
    scored: pd.DataFrame
    drift: Mapping[str, Drift]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of texts; ``marked`` holds the positions of rows to highlight."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""
    marked: frozenset[int] = frozenset()


def render_report(data: ReportData) -> str:
    """Render the page as HTML. The template escapes every value: names of teams and maps are untrusted."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("pipelines.evaluation", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    matches = latest_per_match(data.scored)
    return environment.get_template(TEMPLATE).render(
        first=data.first,
        last=data.last,
        tiles={"forecasts": data.n_forecasts, "scored": len(data.scored), "matches": len(matches)},
        sections=[_section(str(kind), rows) for kind, rows in data.scored.groupby("kind")],
        automatic=_automatic(data.scored[data.scored["is_automatic"]]),
        drifts=[_drift(kind, drift) for kind, drift in sorted(data.drift.items())],
        drifted=DRIFTED,
    )


def _section(kind: str, scored: pd.DataFrame) -> dict[str, Any]:
    """Totals, plot and groups of the maps or of the series."""
    from pipelines.plots import as_data_url

    matches = latest_per_match(scored)
    groups = score_groups(latest_per_match(scored, per_model=True))
    tables = [
        Table(title=title, headings=HEADINGS, rows=[table_row(group["value"], group["metrics"]) for group in chosen])
        for grouping, title in GROUP_TITLES.items()
        if (chosen := [group for group in groups if group["grouping"] == grouping])
    ]
    return {
        "title": "Maps" if kind == "map" else "Series",
        "comparison": _comparison(matches),
        "plot": as_data_url(quality_figure(matches, kind)),
        "groups": tables,
    }


def _comparison(matches: pd.DataFrame) -> dict[str, Any]:
    """Scores of the forecasts and of both baselines on the same matches."""
    won, day, scores = matches["won"].to_numpy(), matches["day"].to_numpy(), compute_scores(matches)
    losses = metrics.log_losses(matches["probability"].to_numpy(), won)
    rows = []
    for name, column in FORECASTERS.items():
        prefix = score_prefix(column)
        log_loss, *others = (f"{scores[f'{prefix}{score}']:.4f}" for score in ("log_loss", "brier_score", "accuracy"))
        difference = metrics.by_day(metrics.log_losses(matches[column].to_numpy(), won) - losses, day).signed()
        rows.append([name, log_loss, difference if prefix else "", *others])
    headings = ("", "log loss", "minus ours, 95% by day", "Brier", "accuracy")
    return {"scores": scores, "table": Table(headings=headings, rows=rows)}


def _automatic(scored: pd.DataFrame) -> dict[str, Any] | None:
    """Totals and the newest matches of the automatic forecasts; None if there are none."""
    matches = latest_per_match(scored)
    if matches.empty:
        return None
    newest = matches.sort_values(["day", "forecast_id"], ascending=False).head(MAX_LISTED)
    rows = [
        [
            row["title"],
            str(date_of(row["day"])),
            row["map"] or f"best of {row['match'][-1]}",
            f"{row['probability']:.1%}",
            "team 1" if row["won"] else "team 2",
            "yes" if (row["probability"] > 0.5) == row["won"] else "no",
        ]
        for row in newest.to_dict("records")
    ]
    headings = ("match", "day", "played", "team 1 wins", "won", "favourite won")
    table = Table(title="Matches", headings=headings, rows=rows)
    return {"n": len(matches), "comparison": _comparison(matches), "table": table}


def _drift(kind: str, drift: Drift) -> dict[str, Any]:
    ordered = sorted(drift.indices.items(), key=lambda item: -item[1])
    table = Table(
        headings=("", "index"),
        rows=[[name, f"{index:.3f}"] for name, index in ordered],
        marked=frozenset(n for n, (_, index) in enumerate(ordered) if index > DRIFTED),
    )
    return {"unit": kind if kind == "series" else f"{kind}s", "drift": drift, "table": table}
