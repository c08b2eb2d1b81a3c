"""Materialization hooks: who serves is told at once. A hook that raises leaves its run green, so that the message is
a hint only; serving also asks PostgreSQL on a timer."""

import dagster as dg

from cs2.messages import AnnouncementKind
from cs2.storage.model_registry import get_served_versions
from pipelines.resources import Announcer, Database

IS_NEW = "is_new"
"""Output metadata of an asset that may find nothing new; False keeps its hook silent."""


def _announce(context: dg.HookContext, kind: AnnouncementKind) -> None:
    metadata = context.op_output_metadata.get("result") or {}
    is_new = metadata.get(IS_NEW)
    if isinstance(is_new, dg.BoolMetadataValue) and not is_new.value:
        context.log.info("nothing new to announce")
        return
    database: Database = context.resources.database
    announcer: Announcer = context.resources.announcer
    with database.transaction() as session:
        now = get_served_versions(session)
    message = announcer.announce(kind, now)
    context.log.info(f"announced {message.model_dump_json()}")


@dg.success_hook(required_resource_keys={"database", "announcer"})
def announce_model(context: dg.HookContext) -> None:
    """Tell Redis ``ml_models`` which model is served now."""
    _announce(context, AnnouncementKind.MODEL)


@dg.success_hook(required_resource_keys={"database", "announcer"})
def announce_ratings(context: dg.HookContext) -> None:
    """Tell Redis ``ml_models`` that there are newer ratings."""
    _announce(context, AnnouncementKind.RATINGS)
