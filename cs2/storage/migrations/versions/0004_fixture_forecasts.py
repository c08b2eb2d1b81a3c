"""Automatic forecasts of announced matches

Revision: 0004, after 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLE = "fixture_forecasts"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("fixture_id", sa.Integer(), nullable=False),
        sa.Column("team1_id", sa.Integer(), nullable=False),
        sa.Column("team2_id", sa.Integer(), nullable=False),
        sa.Column("best_of", sa.SmallInteger(), nullable=False),
        sa.Column("played_on", sa.Date(), nullable=False),
        sa.Column("start_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("model_version", sa.Integer(), nullable=False),
        sa.Column("snapshot_id", sa.Integer(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("team1_win_probability", sa.Float(), nullable=False),
        sa.Column("low", sa.Float(), nullable=False),
        sa.Column("high", sa.Float(), nullable=False),
        sa.Column("event", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["model_version"], ["ml_models.version"], name=op.f("fk_fixture_forecasts_model_version_ml_models")
        ),
        sa.ForeignKeyConstraint(
            ["snapshot_id"], ["rating_snapshots.id"], name=op.f("fk_fixture_forecasts_snapshot_id_rating_snapshots")
        ),
        sa.ForeignKeyConstraint(["team1_id"], ["teams.id"], name=op.f("fk_fixture_forecasts_team1_id_teams")),
        sa.ForeignKeyConstraint(["team2_id"], ["teams.id"], name=op.f("fk_fixture_forecasts_team2_id_teams")),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_fixture_forecasts")),
        sa.UniqueConstraint(
            *("fixture_id", "model_version", "snapshot_id", "team1_id", "team2_id", "best_of", "played_on"),
            name="uq_fixture_forecasts_one_a_question",
        ),
    )
    op.create_index(
        "ix_fixture_forecasts_on_their_way", TABLE, ["event_id"], postgresql_where=sa.text("event IS NOT NULL")
    )


def downgrade() -> None:
    op.drop_table(TABLE)
