"""State of polling a source: one row with named columns instead of one row per name and value

Revision: 0010, after 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# A source whose last poll neither failed nor ran out of time had only a time of its next poll.
TO_COLUMNS = """
INSERT INTO source_state (source, cursor, next_poll_at, problem, is_readable, next_release_at)
SELECT source, max(value) FILTER (WHERE name IN ('modified_at', 'start_date')),
       to_timestamp(max(value) FILTER (WHERE name = 'not_before')::float8),
       nullif(max(value) FILTER (WHERE name = 'problem'), ''),
       coalesce(bool_or(name = 'not_before') AND NOT bool_or(name = 'problem' AND value <> ''), false),
       to_timestamp(max(value) FILTER (WHERE name = 'shown')::float8)
FROM source_notes GROUP BY source
"""

TO_NOTES = """
INSERT INTO source_notes (source, name, value)
SELECT source, name, value FROM source_state CROSS JOIN LATERAL (VALUES
    (CASE source WHEN 'bo3gg' THEN 'start_date' ELSE 'modified_at' END, cursor),
    ('not_before', extract(epoch FROM next_poll_at)::text),
    ('problem', CASE WHEN next_poll_at IS NOT NULL THEN coalesce(problem, '') END),
    ('shown', extract(epoch FROM next_release_at)::text)
) AS notes (name, value) WHERE value IS NOT NULL
"""

RENAME_KIND = sa.text("UPDATE source_responses SET kind = :new WHERE kind = :old")


def upgrade() -> None:
    op.rename_table("source_state", "source_notes")
    op.execute("ALTER TABLE source_notes RENAME CONSTRAINT pk_source_state TO pk_source_notes")
    op.create_table(
        "source_state",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("cursor", sa.String(), nullable=True),
        sa.Column("next_poll_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("is_readable", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("next_release_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_source_state")),
    )
    op.execute(TO_COLUMNS)
    op.drop_table("source_notes")
    op.execute(RENAME_KIND.bindparams(old="unread", new="unexpected"))


def downgrade() -> None:
    op.execute(RENAME_KIND.bindparams(old="unexpected", new="unread"))
    op.create_table(
        "source_notes",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("source", "name", name=op.f("pk_source_notes")),
    )
    op.execute(TO_NOTES)
    op.drop_table("source_state")
    op.rename_table("source_notes", "source_state")
    op.execute("ALTER TABLE source_state RENAME CONSTRAINT pk_source_notes TO pk_source_state")
