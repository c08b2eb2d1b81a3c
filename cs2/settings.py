"""Settings of every part, from the environment (prefix ``CS2_``); the embedded stack sets them for its children."""

import os
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from cs2.calendar import current_moment


class SourceName(StrEnum):
    """Sources of match data that can be turned on."""

    ARCHIVE = "archive"
    SIMULATED = "simulated"
    VALVE = "valve"
    KAGGLE = "kaggle"
    PANDASCORE = "pandascore"
    BO3GG = "bo3gg"


RENAMED = {
    "CS2_SOURCE": "CS2_SOURCES",
    "CS2_TODAY": "CS2_CLOCK_DATE",
    "CS2_ATTEMPTS_PER_ACCOUNT": "CS2_LOGIN_ATTEMPTS_PER_MINUTE",
    "CS2_ATTEMPTS_PER_ADDRESS": "CS2_LOGIN_ATTEMPTS_PER_ADDRESS_PER_MINUTE",
    "CS2_RECONCILE_SECONDS": "CS2_MODEL_REFRESH_SECONDS",
    "CS2_SPOOL_MAX_MB": "CS2_FALLBACK_FILE_MAX_MB",
}
"""Environment variables of earlier versions, and what they are called now."""


class Settings(BaseSettings):
    """Where the servers are and what this installation does. Every URL names its driver."""

    model_config = SettingsConfigDict(env_prefix="CS2_", extra="ignore", env_ignore_empty=True)

    database_url: str = "postgresql+psycopg://cs2@127.0.0.1:5432/cs2"
    redis_url: str = "redis://127.0.0.1:6379/0"
    mongo_url: str = "mongodb://127.0.0.1:27017/?directConnection=true"
    mongo_database: str = "cs2"
    mlflow_url: str = "http://127.0.0.1:5000"
    dagster_url: str = "http://127.0.0.1:3000"
    api_url: str = "http://127.0.0.1:8000"

    data_dir: Path = Path(".cs2")
    """Everything this installation writes: the servers' data, the watched folder, copies of models, the spool."""

    sources: Annotated[tuple[SourceName, ...], NoDecode] = (SourceName.SIMULATED,)
    """Names with commas between them. Where two tell of one match, the one named first is believed."""

    archive_dir: Path | None = None
    """The watched folder of CSV files; default: ``archive`` in the data folder."""

    kaggle_dir: Path | None = None
    """The folder with the wide CSV file; default: ``kaggle`` in the data folder."""

    valve_url: str = "https://github.com/ValveSoftware/counter-strike_regional_standings.git"
    """Valve's public standings: cloned into ``sources/valve`` of the data folder, and pulled."""

    valve_checkout: Path | None = None
    """A clone of them that somebody else keeps fresh: read instead, never pulled."""

    valve_pull_minutes: float = Field(default=60.0, gt=0)

    pandascore_url: str = "https://api.pandascore.co"
    pandascore_token: SecretStr | None = None
    """From the environment only: it is written nowhere."""

    bo3gg_url: str = "https://api.bo3.gg/api/v1"

    poll_minutes: float = Field(default=15.0, gt=0)
    """Pause between looks at an HTTP interface."""

    clock_date: date | None = None
    """Sets the clock's day, for archives that end in the past; default: the day in UTC."""

    jwt_key: SecretStr | None = Field(default=None, min_length=32)
    token_minutes: int = Field(default=60, gt=0)

    login_attempts_per_minute: int = Field(default=10, gt=0)
    """Log-ins and confirmations by password, of one account in a minute; more are answered with 429."""

    login_attempts_per_address_per_minute: int = Field(default=100, gt=0)
    """The same, and registrations, from one address in a minute."""

    model_refresh_seconds: float = Field(default=3.0, gt=0)
    """How often serving compares its model and ratings with PostgreSQL, in case an announcement was lost."""

    fallback_file_max_mb: int = Field(default=64, gt=0)
    """Bound of the local file that holds events while Redis is away; beyond it forecasts are refused with 503."""

    sink_metrics_host: str = "127.0.0.1"
    sink_metrics_port: int | None = Field(default=None, ge=1, le=65535)
    """Where the sink tells Prometheus its counts; default: nowhere."""

    retrain_after_maps: int = Field(default=150, gt=0)
    """So many new rated maps ask for a new model."""

    retrain_cooldown_minutes: int = Field(default=10, ge=0)

    @model_validator(mode="before")
    @classmethod
    def _reject_renamed(cls, values: Any) -> Any:
        found = [f"{old} is now called {new}" for old, new in RENAMED.items() if os.environ.get(old)]
        if found:
            raise ValueError("; ".join(found))
        return values

    @field_validator("sources", mode="before")
    @classmethod
    def _names(cls, value: Any) -> Any:
        return tuple(dict.fromkeys(value.replace(" ", "").split(","))) if isinstance(value, str) else value

    @field_validator("sources")
    @classmethod
    def _made_up_teams_stand_alone(cls, value: tuple[SourceName, ...]) -> tuple[SourceName, ...]:
        if SourceName.SIMULATED in value and len(value) > 1:
            raise ValueError("the simulated league is made up: it cannot be read beside another source")
        return value

    def watched_folder(self) -> Path:
        """The folder whose CSV files the archive source reads."""
        return self.archive_dir or self.data_dir / "archive"

    def source_folder(self, source: SourceName) -> Path:
        """Where a source keeps what it fetched."""
        return self.data_dir / "sources" / source.value

    def current_day(self) -> date:
        """Today, by the settable clock."""
        return self.now().date()

    def now(self) -> datetime:
        """The moment, in UTC. A day that was set is at its end: the results of that day are known."""
        return current_moment(self.clock_date)


@cache
def get_settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
