"""Stored responses know the day that they are about, so that one month can be read without the others

Revision: 0018, after 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

TABLE, INDEX = "source_responses", "ix_source_responses_source_kind_day"
DAYS_OF_MATCHES = r"""
UPDATE source_responses SET day = left(payload->>'start_date', 10)::date
WHERE source = 'bo3gg' AND kind = 'match' AND payload->>'start_date' ~ '^20\d\d-[01]\d-[0-3]\d'
"""
DAYS_OF_GAMES = """
UPDATE source_responses games SET day = matches.day FROM source_responses matches
WHERE games.source = 'bo3gg' AND games.kind = 'games'
    AND matches.source = 'bo3gg' AND matches.kind = 'match' AND matches.key = games.key
"""
DAYS_OF_PLAYERS = """
UPDATE source_responses players SET day = games.day FROM (
    SELECT (game->>'id')::bigint AS id, day FROM source_responses, json_array_elements(payload) AS game
    WHERE source = 'bo3gg' AND kind = 'games' AND json_typeof(payload) = 'array'
) AS games
WHERE players.source = 'bo3gg' AND players.kind = 'players' AND players.key = games.id
"""


def upgrade() -> None:
    op.add_column(TABLE, sa.Column("day", sa.Date(), nullable=True))
    op.create_index(op.f(INDEX), TABLE, ["source", "kind", "day"])
    for statement in (DAYS_OF_MATCHES, DAYS_OF_GAMES, DAYS_OF_PLAYERS):
        op.execute(sa.text(statement))


def downgrade() -> None:
    op.drop_index(op.f(INDEX), TABLE)
    op.drop_column(TABLE, "day")
