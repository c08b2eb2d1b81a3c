"""Every automatic forecast names the last ratings considered

Revision: 0011, after 0010
"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TABLE, COLUMN = "fixture_forecasts", "still_valid_for_snapshot_id"
FILL = """
UPDATE fixture_forecasts SET still_valid_for_snapshot_id = snapshot_id
WHERE still_valid_for_snapshot_id IS NULL
"""
CLEAR = """
UPDATE fixture_forecasts SET still_valid_for_snapshot_id = NULL
WHERE still_valid_for_snapshot_id = snapshot_id
"""
CONSTRAINT = ("uq_fixture_forecasts_one_a_question", "uq_fixture_forecasts_question_model_ratings")
INDEX = ("ix_fixture_forecasts_on_their_way", "ix_fixture_forecasts_unpublished")


def upgrade() -> None:
    op.execute(FILL)
    op.alter_column(TABLE, COLUMN, nullable=False)
    op.execute(f"ALTER TABLE {TABLE} RENAME CONSTRAINT {CONSTRAINT[0]} TO {CONSTRAINT[1]}")
    op.execute(f"ALTER INDEX {INDEX[0]} RENAME TO {INDEX[1]}")


def downgrade() -> None:
    op.execute(f"ALTER INDEX {INDEX[1]} RENAME TO {INDEX[0]}")
    op.execute(f"ALTER TABLE {TABLE} RENAME CONSTRAINT {CONSTRAINT[1]} TO {CONSTRAINT[0]}")
    op.alter_column(TABLE, COLUMN, nullable=True)
    op.execute(CLEAR)
