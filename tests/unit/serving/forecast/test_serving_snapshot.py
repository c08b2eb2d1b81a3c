"""Checks of ratings before they are served."""

from hashlib import sha256

import pytest

from cs2.forecasting.ratings.snapshot import FEATURES_VERSION
from cs2.model_artifacts import ArtifactRejectedError
from serving.forecast.serving_snapshot import RatingsRecord, ServedRatings
from tests.testkit.toy_league import AS_OF, League, ratings_of

LEAGUE = League(nuke=1, teams=[1, 2], lineups=[[1, 2, 3, 4, 5], [6, 7, 8, 9, 10]], lonely=3)


def test_ratings_with_another_digest_are_rejected() -> None:
    """The ratings are valid, but not those of the row."""
    data, others = ratings_of(LEAGUE), ratings_of(LEAGUE, skill=2.0)
    record = RatingsRecord(id=1, as_of=AS_OF, features_version=FEATURES_VERSION, sha256=sha256(data).hexdigest())
    assert ServedRatings.from_bytes(record, data, ()).data == data
    with pytest.raises(ArtifactRejectedError, match="SHA-256"):
        ServedRatings.from_bytes(record, others, ())
