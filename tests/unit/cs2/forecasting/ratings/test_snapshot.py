"""Stored snapshots: blobs of earlier code are read, and the same ratings give the same bytes."""

from base64 import b64decode

import numpy as np

from cs2.forecasting.ratings.engine import compute_ratings
from cs2.forecasting.ratings.snapshot import RatingSnapshot
from tests.testkit.leagues import messy_league

STORED = b64decode(
    """
    Y3MycmF0aW5nczEKeJyrVkosjs9PU7JSMLQ0NrXUUVBKS00sKS1KLY4vSy0qzszPA0qZAIUTi4oSK4uBnOhopeLszJwcJaCg
    TZoFkIo2NdRRMIqNBbKUCnISK1OL4nMTC4rBCjJNIApQZFMSK3FLlqQm5uKWBRqMZrEF3G6QTjQFhhgK0CSRtaI6yxBqcV5i
    bioeTWg+BVsIkc5ITMosQXcLRConMy+1tABNmylELjUnH0UTivdRJeFhk5+fg2SYpQHcIpAMmr8sDWJjY2u5GFCAgEOW/rcD
    dxeqHFhqkDE/2IePYj66+ZTy4664bSx/Lwo3n1I+td03yqeMbxr8SOAel8yBa28/TGQ4xUsxn6FAY6LWFEXq8YGACQvGBohV
    R22AzV5s+MDeD//nezMwoGOQODomVh21MTZ7seH/QMAI9BM6/o8FMAPF0TE2ddQGnEB70DEXFgwDk07Xe+yvrbUf7Pz3wvfY
    Lp9I2m/duuJEOBn6sxYqVLHHJO6/liK1IWPU/lH7SdQ/yh/lDyQfmv7tKUz/9hTmv1H7R6j9o/xR/ih/lD/KH+WP8kf5o/xR
    /ih/lD9QfM2nLxd693vZz9lZz+SBRf6W1W/jvY+97P9U3S2xHbV/1H7a2L+fgP37R+0ftR+f/TfPfQ9+vHT1oOfH2PP4hDNv
    27+n653wpTjS9Wvayh2+Eb5lf1TM9PrcrIH3D5n+t6fQ//ZD1f+j/FE+Mr9XYt/CN/Lz7Z9XWnv/DcaU/5HxasfDpvn2Ri9X
    W+3zoZn9+wnYv5+Q/XmLGfewCpXYT7PnlHqxu2//WsOYyjzOElzy9rjkKeULNa/z2LOjzJ5jzcqpR9jg/P0wPmydAjKNax0D
    KnBzWHpnT2Ssu8QBcYW94o0Vmg445B1wyVPKr448u+6Y4n/7rTKFsedOaMD4+2F8dBfjA4wE+LTWPxgAIxpNqjx1wQd7yuSH
    uv2jAALQw5nUcMetH9s6J1DaBq0vA62rYgFiVhzquIHiPEDMC8R8QMyPQx21gSbQHi0g1gZiHSDWBWI9INYHYgMgNgRiIyTf
    ShcuqpTbfGo/Gp/oMISpRzfH42uYcP7H6/sJ0cTaA1VvT4gm1rzBDoj1L7XDeRQg1leis0fBKBgFo2AUjIJRMApGwcgBxO7n
    oce+oeGMAY4rxVs=
    """
)
"""Ratings after the first four rows of the league, encoded before arrays of the state got their present names."""


def test_a_blob_of_earlier_code_is_read() -> None:
    snapshot = RatingSnapshot.from_bytes(STORED)
    expected = compute_ratings(messy_league().take(slice(0, 4)))
    assert (snapshot.as_of, snapshot.features_version) == (expected.as_of, 4)
    assert snapshot.state.org[:, 0].any()
    assert snapshot.state.map_frequency.any()
    for name in ("skill", "form", "org", "map_frequency", "elo", "player_elo", "lineup", "team_day"):
        np.testing.assert_allclose(getattr(snapshot.state, name), getattr(expected.state, name), rtol=0, atol=1e-12)


def test_a_blob_keeps_its_bytes() -> None:
    """Names, types and order of the stored arrays never change."""
    assert RatingSnapshot.from_bytes(STORED).to_bytes() == STORED
