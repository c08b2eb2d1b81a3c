"""Schemas of the tables: a rebuild validates its frames before it stores them, and asset checks the stored tables."""

import pandas as pd
import pandera.pandas as pa

TEXT_KEY = pa.Column(str, unique=True, coerce=True)  # an empty frame has no type to check
WINNER = pa.Check.isin([1, 2], error="winner is neither 1 nor 2")


def _two_teams(frame: pd.DataFrame) -> pd.Series:
    return frame["team1_id"] != frame["team2_id"]


TABLE_SCHEMAS = {
    "map_results": pa.DataFrameSchema(
        {
            "id": pa.Column(unique=True),
            "natural_key": TEXT_KEY,
            "winner": pa.Column(checks=WINNER),
            "rounds1": pa.Column(checks=pa.Check.in_range(0, 60), nullable=True),
            "rounds2": pa.Column(checks=pa.Check.in_range(0, 60), nullable=True),
        },
        checks=pa.Check(_two_teams, error="a team against itself"),
    ),
    "series": pa.DataFrameSchema(
        {
            "id": pa.Column(unique=True),
            "natural_key": TEXT_KEY,
            "winner": pa.Column(checks=WINNER, nullable=True),
            "best_of": pa.Column(checks=pa.Check.isin([1, 2, 3, 5]), nullable=True),
        },
        checks=[
            pa.Check(_two_teams, error="a team against itself"),
            pa.Check(lambda frame: frame["forecast_day"] <= frame["learn_day"], error="learn_day before forecast_day"),
        ],
    ),
    "fixtures": pa.DataFrameSchema(
        {
            "id": pa.Column(unique=True),
            "natural_key": TEXT_KEY,
            "best_of": pa.Column(checks=pa.Check.isin([1, 2, 3, 5]), nullable=True),
        },
        checks=pa.Check(_two_teams, error="a team against itself"),
    ),
    "lineups": pa.DataFrameSchema(
        {
            "roster": pa.Column(
                str, pa.Check(lambda roster: roster.str.count(",") == 4, error="not five players"), coerce=True
            )
        }
    ),
}
