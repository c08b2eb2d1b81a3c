"""Retracted rows, and a register of the ids of results

Revision: 0014, after 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

FILL = """
INSERT INTO result_ids (result, id, natural_key)
SELECT 'map_results', id, natural_key FROM map_results UNION ALL
SELECT 'series', id, natural_key FROM series UNION ALL
SELECT 'standings', id, published_on::text || ' ' || natural_key FROM standings
"""


def upgrade() -> None:
    op.add_column("raw_rows", sa.Column("retraction", sa.String(), nullable=True))
    op.create_table(
        "row_retractions",
        sa.Column("id", sa.Integer(), sa.Identity(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("row_key", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("retracted_by", sa.String(), nullable=False),
        sa.Column("retracted_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("restored_by", sa.String(), nullable=True),
        sa.Column("restored_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_row_retractions")),
    )
    op.create_index(
        "ix_row_retractions_active",
        "row_retractions",
        ["source", "kind", "row_key"],
        unique=True,
        postgresql_where=sa.text("restored_at IS NULL"),
    )
    op.create_table(
        "result_ids",
        sa.Column("result", sa.String(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("natural_key", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("result", "id", name=op.f("pk_result_ids")),
        sa.UniqueConstraint(
            "result",
            "natural_key",
            name=op.f("uq_result_ids_result_natural_key"),
            deferrable=True,
            initially="DEFERRED",
        ),
    )
    op.execute(FILL)


def downgrade() -> None:
    op.drop_table("result_ids")
    op.drop_table("row_retractions")
    # Without the column, the newest version of a retracted row would count as published again.
    op.execute("DELETE FROM raw_rows WHERE retraction IS NOT NULL")
    op.drop_column("raw_rows", "retraction")
