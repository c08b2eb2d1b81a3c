"""What parsing, merging, identifying and linking decided about the published rows."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from pipelines.etl.decisions import Decision
from pipelines.etl.fixtures import AnnouncedMatches
from pipelines.etl.lineups import FilledMaps
from pipelines.etl.link import LinkedRows
from pipelines.etl.merge_sources import MergedRows
from pipelines.etl.parse import ParsedRows
from pipelines.sources.base import RowKind


@dataclass(frozen=True, slots=True)
class ResolvedRows:
    """The published rows, ready to be numbered and tabulated.

    Attributes:
        parsed: Typed rows of each kind, all sources together, and the rejected ones.
        filled: What became of lineups that were published apart from the maps; its map rows are the parsed ones.
        merged: Map and series rows without the duplicates of other sources.
        linked: The same rows with identities, schedule and series.
        fixtures: Announced matches.
        decisions: Decisions of operators about who is who, ordered by day.
    """

    parsed: Mapping[RowKind, ParsedRows]
    filled: FilledMaps
    merged: MergedRows
    linked: LinkedRows
    fixtures: AnnouncedMatches
    decisions: list[Decision]

    @property
    def maps(self) -> pd.DataFrame:
        """Typed map rows that are kept."""
        return self.merged.maps

    @property
    def series(self) -> pd.DataFrame:
        """Typed series rows that are kept."""
        return self.merged.series
