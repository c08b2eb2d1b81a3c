"""Plain names for columns and tables

Revision: 0009, after 0008
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TABLES = (("source_answers", "source_responses"), ("source_notes", "source_state"))
COLUMNS = (
    ("ml_models", "golden", "regression_cases"),
    ("live_quality", "figures", "metrics"),
    ("live_quality", "fell", "alarm_reason"),
    ("fixture_forecasts", "confirmed_by", "still_valid_for_snapshot_id"),
    ("team_aliases", "namesake", "homonym_no"),
    ("player_aliases", "namesake", "homonym_no"),
)
CONSTRAINTS = (
    ("source_responses", "pk_source_answers", "pk_source_responses"),
    ("source_state", "pk_source_notes", "pk_source_state"),
    ("team_aliases", "uq_team_aliases_name_namesake", "uq_team_aliases_name_homonym_no"),
    ("team_aliases", "ck_team_aliases_namesake_positive", "ck_team_aliases_homonym_no_positive"),
    ("player_aliases", "uq_player_aliases_nickname_namesake", "uq_player_aliases_nickname_homonym_no"),
    ("player_aliases", "ck_player_aliases_namesake_positive", "ck_player_aliases_homonym_no_positive"),
    (
        "fixture_forecasts",
        "fk_fixture_forecasts_confirmed_by_rating_snapshots",
        "fk_fixture_forecasts_still_valid_for_rating_snapshots",
    ),
)


def upgrade() -> None:
    for old, new in TABLES:
        op.rename_table(old, new)
    for table, old, new in COLUMNS:
        op.alter_column(table, old, new_column_name=new)
    for table, old, new in CONSTRAINTS:
        op.execute(f"ALTER TABLE {table} RENAME CONSTRAINT {old} TO {new}")


def downgrade() -> None:
    for table, old, new in CONSTRAINTS:
        op.execute(f"ALTER TABLE {table} RENAME CONSTRAINT {new} TO {old}")
    for table, old, new in COLUMNS:
        op.alter_column(table, new, new_column_name=old)
    for old, new in TABLES:
        op.rename_table(new, old)
