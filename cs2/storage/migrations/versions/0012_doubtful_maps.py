"""Maps that were never played, or are doubtful

Revision: 0012, after 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TABLE = "map_results"


def upgrade() -> None:
    # The next rebuild of the tables finds the doubts; until then the old marks decide.
    for name in ("never_played", "doubtful", "is_rated"):
        op.add_column(TABLE, sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column(TABLE, sa.Column("doubt", sa.String(), nullable=True))
    op.execute("UPDATE map_results SET is_rated = NOT (winner_conflict OR date_suspect)")
    for name in ("never_played", "doubtful", "is_rated"):
        op.alter_column(TABLE, name, server_default=None)


def downgrade() -> None:
    for name in ("doubt", "is_rated", "doubtful", "never_played"):
        op.drop_column(TABLE, name)
