"""Vetoes of series

Revision: 0015, after 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "vetoes",
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("step", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=True),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("map_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("action IN ('ban', 'pick', 'decider')", name=op.f("ck_vetoes_action_known")),
        sa.CheckConstraint(
            "(team_id IS NULL) = (action = 'decider')", name=op.f("ck_vetoes_only_a_decider_has_no_team")
        ),
        sa.ForeignKeyConstraint(["map_id"], ["maps.id"], name=op.f("fk_vetoes_map_id_maps")),
        sa.ForeignKeyConstraint(
            ["series_id"], ["series.id"], name=op.f("fk_vetoes_series_id_series"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_vetoes_team_id_teams")),
        sa.PrimaryKeyConstraint("series_id", "step", name=op.f("pk_vetoes")),
        sa.UniqueConstraint("series_id", "map_id", name=op.f("uq_vetoes_series_id_map_id")),
    )
    op.create_index(op.f("ix_vetoes_map_id"), "vetoes", ["map_id"])
    op.create_index(op.f("ix_vetoes_team_id"), "vetoes", ["team_id"])


def downgrade() -> None:
    op.drop_table("vetoes")
