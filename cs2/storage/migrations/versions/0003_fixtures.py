"""Announced matches

Revision: 0003, after 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "fixtures",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("natural_key", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("start_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event", sa.String(), nullable=True),
        sa.Column("best_of", sa.SmallInteger(), nullable=True),
        sa.Column("team1_id", sa.Integer(), nullable=False),
        sa.Column("team2_id", sa.Integer(), nullable=False),
        sa.Column("team1_name", sa.String(), nullable=False),
        sa.Column("team2_name", sa.String(), nullable=False),
        sa.CheckConstraint("team1_id <> team2_id", name=op.f("ck_fixtures_two_teams")),
        sa.CheckConstraint("best_of IN (1, 2, 3, 5)", name=op.f("ck_fixtures_best_of_known")),
        sa.ForeignKeyConstraint(["team1_id"], ["teams.id"], name=op.f("fk_fixtures_team1_id_teams")),
        sa.ForeignKeyConstraint(["team2_id"], ["teams.id"], name=op.f("fk_fixtures_team2_id_teams")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fixtures")),
        sa.UniqueConstraint("natural_key", name=op.f("uq_fixtures_natural_key")),
    )
    for columns in (["start_time", "id"], ["team1_id"], ["team2_id"]):
        op.create_index(op.f(f"ix_fixtures_{'_'.join(columns)}"), "fixtures", columns)


def downgrade() -> None:
    op.drop_table("fixtures")
