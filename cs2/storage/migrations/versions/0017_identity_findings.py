"""Teams that bore a name before, and findings about who is who

Revision: 0017, after 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

RESULTS, PREDECESSORS = ("series", "map_results"), ("predecessor1_id", "predecessor2_id")


def upgrade() -> None:
    for table in RESULTS:
        for column in PREDECESSORS:
            op.add_column(table, sa.Column(column, sa.Integer(), nullable=True))
            op.create_foreign_key(op.f(f"fk_{table}_{column}_teams"), table, "teams", [column], ["id"])
    op.create_table(
        "identity_findings",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("other_name", sa.String(), nullable=False),
        sa.Column("first_id", sa.Integer(), nullable=True),
        sa.Column("second_id", sa.Integer(), nullable=True),
        sa.Column("is_one", sa.Boolean(), nullable=False),
        sa.Column("is_doubtful", sa.Boolean(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("evidence", sa.Float(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.CheckConstraint("about IN ('team', 'player')", name=op.f("ck_identity_findings_about_team_or_player")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_findings")),
    )


def downgrade() -> None:
    op.drop_table("identity_findings")
    for table in RESULTS:
        for column in PREDECESSORS:
            op.drop_column(table, column)
