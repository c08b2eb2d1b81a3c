"""Every table, in one import: what Alembic compares and tests create."""

from cs2.storage.base import Base
from cs2.storage.dictionaries import Map, Player, PlayerAlias, Team, TeamAlias
from cs2.storage.fixtures import Fixture, FixtureForecast
from cs2.storage.live_quality import LiveQuality
from cs2.storage.model_registry import MlModel, ModelStatus, RatingSnapshot
from cs2.storage.raw_rows import RawRow, RejectedRow, SourceAnswer, SourceNote
from cs2.storage.results import Event, Lineup, LineupPlayer, MapResult, PlayerMapStats, Series, Standing
from cs2.storage.users import TokenRevocation, User

__all__ = [
    "Base",
    "Event",
    "Fixture",
    "FixtureForecast",
    "Lineup",
    "LineupPlayer",
    "LiveQuality",
    "Map",
    "MapResult",
    "MlModel",
    "ModelStatus",
    "Player",
    "PlayerAlias",
    "PlayerMapStats",
    "RatingSnapshot",
    "RawRow",
    "RejectedRow",
    "Series",
    "SourceAnswer",
    "SourceNote",
    "Standing",
    "Team",
    "TeamAlias",
    "TokenRevocation",
    "User",
]
