"""The report page escapes its texts and marks drift."""

from datetime import date

import pandas as pd
import pytest

from cs2.forecasting.evaluation.stability import DRIFTED
from pipelines.evaluation.drift import Drift
from pipelines.evaluation.report import ReportData, render_report
from pipelines.evaluation.scored_forecasts import COLUMNS

NOTHING = pd.DataFrame(columns=list(COLUMNS)).astype(COLUMNS)


@pytest.fixture
def page() -> str:
    drifts = {
        "map": Drift(indices={"elo": DRIFTED + 0.1, "form": DRIFTED - 0.1}, questions=300, reference=4000),
        "series": Drift(indices={}, problem="<b>no answer</b>"),
    }
    first, last = date(2026, 1, 1), date(2026, 1, 7)
    return render_report(ReportData(first=first, last=last, n_forecasts=1234, scored=NOTHING, drift=drifts))


def test_a_reason_is_escaped(page: str) -> None:
    assert "&lt;b&gt;no answer&lt;/b&gt;" in page
    assert "<b>no answer" not in page


def test_only_drifted_features_are_marked(page: str) -> None:
    marked = [line for line in page.splitlines() if 'class="bad"' in line]
    assert marked == ['<tr class="bad"><td>elo</td><td>0.350</td></tr>']


def test_an_empty_page_states_what_is_missing(page: str) -> None:
    assert "No forecast of these days is scored." in page
    assert "No automatic forecast of these days is scored." in page
    assert "<b>1,234</b>forecasts" in page
