"""The sources that this installation reads."""

from pyrate_limiter import Duration, Rate

from cs2.settings import Settings, SourceName
from pipelines.sources.archive import ArchiveSource
from pipelines.sources.base import MatchSource, SourceError
from pipelines.sources.bo3gg import Bo3ggSource
from pipelines.sources.git import Checkout, Clone
from pipelines.sources.http import JsonApi
from pipelines.sources.kaggle import KaggleSource
from pipelines.sources.pandascore import PandaScoreSource
from pipelines.sources.response_cache import ResponseCache
from pipelines.sources.valve import ValveSource

PANDASCORE_RATES = (Rate(2, Duration.SECOND), Rate(900, Duration.HOUR))
"""Its free plan allows 1,000 an hour."""

BO3GG_RATES = (Rate(1, 3 * Duration.SECOND),)
"""It states no limit: asked less often than a reader of its pages would."""


def make_source(name: SourceName, settings: Settings) -> MatchSource:
    """One source, as the settings say.

    Raises:
        SourceError: If it needs a secret that the environment does not have.
    """
    match name:
        case SourceName.ARCHIVE:
            return ArchiveSource(settings.watched_folder())
        case SourceName.VALVE:
            return ValveSource(valve_repository(settings))
        case SourceName.KAGGLE:
            return KaggleSource(settings.kaggle_dir or settings.data_dir / "kaggle")
        case SourceName.PANDASCORE:
            return _pandascore(settings)
        case SourceName.BO3GG:
            return Bo3ggSource(
                ResponseCache(settings.database_url, name),
                lambda: JsonApi(settings.bo3gg_url, rates=BO3GG_RATES),
                every_seconds=60 * settings.poll_minutes,
            )
        case SourceName.SIMULATED:
            from pipelines.sources.simulated import SimulatedSource  # a league costs seconds to simulate

            return SimulatedSource()


def _pandascore(settings: Settings) -> MatchSource:
    token = settings.pandascore_token
    if token is None:
        raise SourceError("the pandascore source needs a token: set CS2_PANDASCORE_TOKEN in the environment")

    def connect() -> JsonApi:
        return JsonApi(settings.pandascore_url, rates=PANDASCORE_RATES, token=token.get_secret_value())

    payloads = ResponseCache(settings.database_url, SourceName.PANDASCORE)
    return PandaScoreSource(payloads, connect, every_seconds=60 * settings.poll_minutes)


def valve_repository(settings: Settings) -> Checkout:
    """The checkout of the settings, else a clone of our own."""
    if settings.valve_checkout is not None:
        return Checkout(settings.valve_checkout)
    folder = settings.source_folder(SourceName.VALVE)
    return Clone(settings.valve_url, folder, every_seconds=60 * settings.valve_pull_minutes)
