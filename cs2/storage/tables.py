"""Import every table, so that ``Base.metadata`` is complete for Alembic and the tests."""

from cs2.storage.base import Base
from cs2.storage.dictionaries import Map, Player, PlayerAlias, Team, TeamAlias
from cs2.storage.fixtures import Fixture, FixtureForecast
from cs2.storage.live_quality import LiveQuality
from cs2.storage.model_registry import ModelRow, ModelStatus, SnapshotRow
from cs2.storage.raw_rows import RawRow, RejectedRow, ResultId, RowRetraction, SourceResponse, SourceState
from cs2.storage.results import (
    IdentityFinding,
    Lineup,
    LineupPlayer,
    MapResult,
    PlayerMapStats,
    Series,
    Standing,
    Tournament,
    VetoStep,
)
from cs2.storage.users import TokenRevocation, User

__all__ = [
    "Base",
    "Fixture",
    "FixtureForecast",
    "IdentityFinding",
    "Lineup",
    "LineupPlayer",
    "LiveQuality",
    "Map",
    "MapResult",
    "ModelRow",
    "ModelStatus",
    "Player",
    "PlayerAlias",
    "PlayerMapStats",
    "RawRow",
    "RejectedRow",
    "ResultId",
    "RowRetraction",
    "Series",
    "SnapshotRow",
    "SourceResponse",
    "SourceState",
    "Standing",
    "Team",
    "TeamAlias",
    "TokenRevocation",
    "Tournament",
    "User",
    "VetoStep",
]
