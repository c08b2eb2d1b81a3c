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
"""Environment variables of earlier versions, with their present names."""


class Settings(BaseSettings):
    """Servers, sources and limits of this installation. Every PostgreSQL URL names its driver."""

    model_config = SettingsConfigDict(env_prefix="CS2_", extra="ignore", env_ignore_empty=True)

    database_url: str = "postgresql+psycopg://cs2@127.0.0.1:5432/cs2"
    redis_url: str = "redis://127.0.0.1:6379/0"
    mongo_url: str = "mongodb://127.0.0.1:27017/?directConnection=true"
    mongo_database: str = "cs2"
    mlflow_url: str = "http://127.0.0.1:5000"
    dagster_url: str = "http://127.0.0.1:3000"
    api_url: str = "http://127.0.0.1:8000"

    data_dir: Path = Path(".cs2")
    """Everything that this installation writes: data of the servers, watched folder, model copies, fallback file."""

    sources: Annotated[tuple[SourceName, ...], NoDecode] = (SourceName.SIMULATED,)
    """Names, separated by commas. When two sources report the same match, the one named first wins."""

    archive_dir: Path | None = None
    """Watched folder of CSV files; default: ``archive`` in the data folder."""

    kaggle_dir: Path | None = None
    """Folder with the wide CSV file; default: ``kaggle`` in the data folder."""

    valve_url: str = "https://github.com/ValveSoftware/counter-strike_regional_standings.git"
    """Repository of Valve's public standings, cloned into ``sources/valve`` of the data folder."""

    valve_checkout: Path | None = None
    """Clone to read instead; another program has to update it, because it is never pulled."""

    valve_pull_minutes: float = Field(default=60.0, gt=0)
    """Pause between two pulls of Valve's repository."""

    pandascore_url: str = "https://api.pandascore.co"
    pandascore_token: SecretStr | None = None
    """Read from the environment only, and never stored."""

    bo3gg_url: str = "https://api.bo3.gg/api/v1"

    poll_minutes: float = Field(default=15.0, gt=0)
    """Pause between two polls of an HTTP API."""

    clock_date: date | None = None
    """Date of the clock, for archives that end in the past; default: today in UTC."""

    jwt_key: SecretStr | None = Field(default=None, min_length=32)
    token_minutes: int = Field(default=60, gt=0)

    login_attempts_per_minute: int = Field(default=10, gt=0)
    """Log-ins and password confirmations of one account per minute; more are answered with 429."""

    login_attempts_per_address_per_minute: int = Field(default=100, gt=0)
    """Log-ins, password confirmations and registrations from one address per minute."""

    model_refresh_seconds: float = Field(default=3.0, gt=0)
    """Pause between two comparisons of the served model and ratings with PostgreSQL, for lost announcements."""

    fallback_file_max_mb: int = Field(default=64, gt=0)
    """Largest size of the local file that holds events while Redis is unavailable; then forecasts answer 503."""

    drain_seconds: float = Field(default=1.0, ge=0)
    """Time between "not ready" and refused connections when serving stops: longer than the balancer's health checks."""

    sink_metrics_host: str = "127.0.0.1"
    sink_metrics_port: int | None = Field(default=None, ge=1, le=65535)
    """Port on which Prometheus reads the metrics of the sink; default: none."""

    retrain_after_maps: int = Field(default=150, gt=0)
    """Retrain after this many new rated maps."""

    retrain_cooldown_minutes: int = Field(default=10, ge=0)
    """Shortest pause between two trainings."""

    @model_validator(mode="before")
    @classmethod
    def _reject_renamed(cls, values: Any) -> Any:
        changes = [f"{old} is now called {new}" for old, new in RENAMED.items() if os.environ.get(old)]
        if changes:
            raise ValueError("; ".join(changes))
        return values

    @field_validator("sources", mode="before")
    @classmethod
    def _split_names(cls, value: Any) -> Any:
        return tuple(dict.fromkeys(value.replace(" ", "").split(","))) if isinstance(value, str) else value

    @field_validator("sources")
    @classmethod
    def _reject_simulated_beside_others(cls, value: tuple[SourceName, ...]) -> tuple[SourceName, ...]:
        if SourceName.SIMULATED in value and len(value) > 1:
            raise ValueError("the simulated league has invented teams: it cannot be combined with another source")
        return value

    def watched_folder(self) -> Path:
        """Folder whose CSV files the archive source reads."""
        return self.archive_dir or self.data_dir / "archive"

    def source_folder(self, source: SourceName) -> Path:
        """Folder for the files that a source has fetched."""
        return self.data_dir / "sources" / source.value

    def current_day(self) -> date:
        """Today, by the settable clock."""
        return self.now().date()

    def now(self) -> datetime:
        """The current moment in UTC. With ``clock_date`` it is the end of that day: its results are known."""
        return current_moment(self.clock_date)


@cache
def get_settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
