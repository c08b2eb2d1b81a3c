"""Hooks that announce new models and ratings after their run.

A hook that raises does not fail its run, so an announcement is only a hint. The API also polls PostgreSQL.
"""

import dagster as dg

from cs2.messages import AnnouncementKind
from cs2.storage.model_registry import get_served_versions
from pipelines.resources import Announcer, Database

IS_NEW = "is_new"
"""Metadata of an asset that may produce nothing new; False means that the hook announces nothing."""


def _announce(context: dg.HookContext, kind: AnnouncementKind) -> None:
    metadata = context.op_output_metadata.get("result") or {}
    is_new = metadata.get(IS_NEW)
    if isinstance(is_new, dg.BoolMetadataValue) and not is_new.value:
        context.log.info("nothing new to announce")
        return
    database: Database = context.resources.database
    announcer: Announcer = context.resources.announcer
    with database.transaction() as session:
        served = get_served_versions(session)
    message = announcer.announce(kind, served)
    context.log.info(f"announced {message.model_dump_json()}")


@dg.success_hook(required_resource_keys={"database", "announcer"})
def announce_model(context: dg.HookContext) -> None:
    """Announce the served model on the Redis channel ``ml_models``."""
    _announce(context, AnnouncementKind.MODEL)


@dg.success_hook(required_resource_keys={"database", "announcer"})
def announce_ratings(context: dg.HookContext) -> None:
    """Announce the newest ratings on the Redis channel ``ml_models``."""
    _announce(context, AnnouncementKind.RATINGS)
