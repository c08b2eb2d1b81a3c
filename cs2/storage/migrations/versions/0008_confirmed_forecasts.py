"""Newest ratings for which an automatic forecast is still valid

Revision: 0008, after 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

KEY = op.f("fk_fixture_forecasts_confirmed_by_rating_snapshots")


def upgrade() -> None:
    op.add_column("fixture_forecasts", sa.Column("confirmed_by", sa.Integer(), nullable=True))
    op.create_foreign_key(KEY, "fixture_forecasts", "rating_snapshots", ["confirmed_by"], ["id"])


def downgrade() -> None:
    op.drop_constraint(KEY, "fixture_forecasts", type_="foreignkey")
    op.drop_column("fixture_forecasts", "confirmed_by")
