"""Identities as known before each match, and merged teams and players

Revision: 0013, after 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

RESULTS, DICTIONARIES = ("series", "map_results"), ("teams", "players")
KNOWN = {"team1_id": "teams", "team2_id": "teams", "lineup1_id": "lineups", "lineup2_id": "lineups"}
FILL = """
UPDATE series SET forecast_team1_id = team1_id, forecast_team2_id = team2_id,
  forecast_lineup1_id = lineup1_id, forecast_lineup2_id = lineup2_id;
UPDATE map_results SET forecast_team1_id = team1_id, forecast_team2_id = team2_id,
  forecast_lineup1_id = lineup1_id, forecast_lineup2_id = lineup2_id;
"""


def upgrade() -> None:
    for table in RESULTS:
        for column, referred in KNOWN.items():
            op.add_column(table, sa.Column(f"forecast_{column}", sa.Integer(), nullable=True))
            name = f"fk_{table}_forecast_{column}_{referred}"
            op.create_foreign_key(op.f(name), table, referred, [f"forecast_{column}"], ["id"])
    op.execute(FILL)  # the next rebuild of the tables knows better
    for table in RESULTS:
        for column in ("forecast_team1_id", "forecast_team2_id"):
            op.alter_column(table, column, nullable=False)
    for table in DICTIONARIES:
        op.add_column(table, sa.Column("merged_into", sa.Integer(), nullable=True))
        op.create_foreign_key(op.f(f"fk_{table}_merged_into_{table}"), table, table, ["merged_into"], ["id"])
        op.add_column(table, sa.Column("former_key", sa.String(), nullable=True))


def downgrade() -> None:
    for table in DICTIONARIES:
        op.drop_column(table, "former_key")
        op.drop_column(table, "merged_into")
    for table in RESULTS:
        for column in KNOWN:
            op.drop_column(table, f"forecast_{column}")
