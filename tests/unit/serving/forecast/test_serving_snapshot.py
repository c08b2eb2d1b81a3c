"""What is checked before it is served, where no whole service is needed to see it."""

from hashlib import sha256

import pytest

from cs2.forecasting.ratings.snapshot import FEATURES_VERSION
from serving.forecast.serving_snapshot import RatingsRecord, RefusedError, ServedRatings
from tests.testkit.toy_league import AS_OF, League, ratings_of


def test_right_ratings_are_refused_where_the_row_tells_of_others(league: League) -> None:
    """They could be read, and belong to other results."""
    data, others = ratings_of(league), ratings_of(league, skill=2.0)
    record = RatingsRecord(id=1, as_of=AS_OF, features_version=FEATURES_VERSION, sha256=sha256(data).hexdigest())
    assert ServedRatings.verified(record, data, ()).data == data
    with pytest.raises(RefusedError, match="SHA-256"):
        ServedRatings.verified(record, others, ())
