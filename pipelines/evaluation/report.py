"""One HTML page about the judged forecasts of some days: tables and plots, everything in the page itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

from cs2.calendar import date_of
from cs2.forecasting.evaluation import metrics
from cs2.forecasting.evaluation.stability import DRIFTED
from pipelines.evaluation.drift import Drift
from pipelines.evaluation.live_quality import FORECASTERS, grouped, scores
from pipelines.evaluation.scored_forecasts import one_a_match
from pipelines.evaluation.tables import HEADINGS, cells, live_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLES = {"week": "By week", "model": "By model version", "tier": "By tier", "map": "By map"}
MOST_SHOWN = 200
"""Automatic forecasts that are listed; the totals hold all of them."""

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#1d2733;max-width:70rem;margin:2.5rem auto;padding:0 1.5rem}
h1{font-size:1.7rem;margin-bottom:.2rem}h2{font-size:1.25rem;margin-top:2.5rem;border-bottom:2px solid #e3e8ee}
h3{font-size:1rem;margin:1.6rem 0 .4rem}p{max-width:46rem}.quiet{color:#5b6775}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.9rem}
th,td{padding:.25rem .8rem;text-align:right;border-bottom:1px solid #e3e8ee}th{color:#5b6775;font-weight:600}
th:first-child,td:first-child{text-align:left}tr.bad td{background:#fdecea}img{max-width:100%;margin:1rem 0}
.tiles{display:flex;gap:1rem;flex-wrap:wrap;margin:1.2rem 0}
.tile{background:#f4f6f9;border-radius:8px;padding:.7rem 1.1rem}
.tile b{display:block;font-size:1.4rem}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportData:
    """What a report is made of.

    Attributes:
        first: First day of play.
        last: Last day of play.
        asked: Stored forecasts of matches on these days.
        judged: Those that were judged (:func:`pipelines.evaluation.scored_forecasts.read_judged`), of these days.
        drift: Of the served model's newest questions, by their kind.
    """

    first: date
    last: date
    asked: int
    judged: pd.DataFrame
    drift: Mapping[str, Drift]


def page(material: ReportData) -> str:
    """The page, as HTML; names of teams and maps come from outside and are escaped."""
    once = one_a_match(material.judged, of_each_model=False)
    parts = [
        f"<h1>Forecasts, {material.first} to {material.last}</h1>",
        "<p class='quiet'>Matches by their day of play. A match counts once, by its last automatic forecast, else by"
        " the last one asked for. Elo: what team Elo and player Elo gave by what was known before the day.</p>",
        _tiles({"forecasts": material.asked, "judged": len(material.judged), "matches": len(once)}),
        *(_of_kind(str(kind), rows) for kind, rows in material.judged.groupby("kind")),
        "" if len(once) else "<p>No forecast of these days was judged.</p>",
        _record(material.judged[material.judged["is_automatic"]]),
        "<h2>Drift</h2>",
        *(_drift(kind, drift) for kind, drift in sorted(material.drift.items())),
    ]
    head = f"<meta charset='utf-8'><title>Forecasts, {material.first} to {material.last}</title><style>{_STYLE}</style>"
    return f"<!doctype html><html lang='en'><head>{head}</head><body>{''.join(parts)}</body></html>\n"


def _of_kind(kind: str, judged: pd.DataFrame) -> str:
    unit = "Maps" if kind == "map" else "Series"
    once = one_a_match(judged, of_each_model=False)
    groups = grouped(one_a_match(judged))
    found = [
        f"<h2>{unit}</h2>",
        _beside_baselines(once),
        _image(live_figure(once, kind), f"{unit}: calibration and log loss"),
    ]
    for grouping, title in TITLES.items():
        lines = [cells(row["value"], row["metrics"]) for row in groups if row["grouping"] == grouping]
        if lines:
            found.append(f"<h3>{title}</h3>{_table(HEADINGS, lines)}")
    return "".join(found)


def _beside_baselines(once: pd.DataFrame) -> str:
    won, day, figures = once["won"].to_numpy(), once["day"].to_numpy(), scores(once)
    ours = metrics.log_losses(once["probability"].to_numpy(), won)
    lines = []
    for name, column in FORECASTERS.items():
        losses = metrics.log_losses(once[column].to_numpy(), won)
        behind = "" if column == "probability" else metrics.by_day(losses - ours, day).signed()
        prefix = "" if column == "probability" else f"{column}_"
        numbers = [f"{figures[f'{prefix}{figure}']:.4f}" for figure in ("log_loss", "brier_score", "accuracy")]
        lines.append([name, numbers[0], behind, *numbers[1:]])
    text = f"{len(once)} judged."
    if figures["slope"] is not None:
        text += f" Recalibration: slope {figures['slope']:.3f} ± {2 * figures['slope_error']:.3f},"
        text += f" intercept {figures['intercept']:+.3f} ± {2 * figures['intercept_error']:.3f}."
    if figures["coverage"] is not None:
        text += f" In {figures['coverage']:.0%} of the bins of ten points the share won lies in the mean interval."
    headings = ("", "log loss", "minus ours, 95% by day", "Brier", "accuracy")
    return f"<p>{text}</p>{_table(headings, lines)}"


def _record(automatic: pd.DataFrame) -> str:
    rows = one_a_match(automatic, of_each_model=False)
    if rows.empty:
        return "<h2>Automatic forecasts</h2><p>None of these days was judged.</p>"
    newest = rows.sort_values(["day", "forecast_id"], ascending=False).head(MOST_SHOWN)
    lines = [
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
    text = f"{len(rows)} matches that the system forecast by itself, each once, by the last forecast before its start."
    if len(rows) > len(lines):
        text += f" The newest {len(lines)} are listed."
    headings = ("match", "day", "played", "team 1 wins", "won", "favourite won")
    return (
        f"<h2>Automatic forecasts</h2><p>{text}</p>{_beside_baselines(rows)}<h3>Matches</h3>{_table(headings, lines)}"
    )


def _drift(kind: str, drift: Drift) -> str:
    unit = kind if kind == "series" else f"{kind}s"
    if drift.problem:
        return f"<p>Of {unit} not told: {escape(drift.problem)}.</p>"
    text = f"The {drift.questions} newest different questions about {unit} to the served model, beside the"
    text += f" {drift.reference} matches on which its training was judged: population stability index, above {DRIFTED}"
    text += " the questions differ."
    ordered = sorted(drift.indices.items(), key=lambda item: -item[1])
    lines = [[name, f"{index:.3f}"] for name, index in ordered]
    bad = {n for n, (_, index) in enumerate(ordered) if index > DRIFTED}
    return f"<p>{text}</p>{_table(('', 'index'), lines, bad=bad)}"


def _tiles(numbers: Mapping[str, Any]) -> str:
    tiles = "".join(f"<div class='tile'><b>{number:,}</b>{name}</div>" for name, number in numbers.items())
    return f"<div class='tiles'>{tiles}</div>"


def _table(
    headings: Sequence[str], lines: Sequence[Sequence[str]], *, bad: frozenset[int] | set[int] = frozenset()
) -> str:
    head = "".join(f"<th>{escape(heading)}</th>" for heading in headings)
    body = "".join(
        f"<tr{' class=bad' if n in bad else ''}>{''.join(f'<td>{escape(cell)}</td>' for cell in line)}</tr>"
        for n, line in enumerate(lines)
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _image(figure: "Figure", text: str) -> str:
    from pipelines.plots import as_data_url

    return f"<img alt='{escape(text)}' src='{as_data_url(figure)}'>"
