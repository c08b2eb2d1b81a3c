"""Names of features: those of the code, and those that stored rows refer to."""

import numpy as np
import pytest

from cs2.forecasting.model.features import FEATURE_NAMES, FEATURES, STORED_FEATURE_NAMES
from cs2.forecasting.ratings.snapshot import FEATURES_VERSION
from cs2.model_artifacts import ArtifactRejectedError, verify_features
from cs2.rendering import contributions_by_feature
from serving.forecast.serving_snapshot import ModelRecord
from serving.history.explanation import explain

STORED = (
    "rating_of_experienced",
    "name_rating",
    "elo",
    "map_strength",
    "form",
    "best_three",
    "best_three_of_experienced",
    "team_experience",
    "map_habit",
    "lineup_known",
)
"""As rows of ``ml_models`` and documents of the history have held them since features of version 4."""


def test_stored_names_never_change() -> None:
    assert FEATURES_VERSION == 5
    assert STORED_FEATURE_NAMES == STORED
    assert set(FEATURE_NAMES) & set(STORED) == {"elo", "map_strength", "form", "team_experience"}
    assert len(set(FEATURE_NAMES)) == len(FEATURES) == len(STORED)


def test_a_model_stored_under_the_old_names_is_accepted() -> None:
    stored = ModelRecord.model_validate(
        {
            "version": 1,
            "artifact_uri": "mlflow-artifacts:/1",
            "sha256": "0" * 64,
            "features_version": FEATURES_VERSION,
            "feature_names": STORED,
            "regression_cases": {},
            "trained_through": "2026-01-31",
        }
    )
    verify_features(stored)
    for names in (FEATURE_NAMES, STORED[:-1]):
        with pytest.raises(ArtifactRejectedError, match="needs features"):
            verify_features(stored.model_copy(update={"feature_names": names}))


def test_contributions_keep_the_stored_names() -> None:
    by_name = contributions_by_feature(np.arange(float(len(STORED))))
    assert by_name == {name: float(place) for place, name in enumerate(STORED)}


def test_every_stored_contribution_is_explained_in_words() -> None:
    explanation = explain(dict.fromkeys(STORED, 0.1), "Vitality", "Spirit", about="the map")
    meanings = {feature.stored_name: feature.meaning for feature in FEATURES}
    assert {reason.feature: reason.meaning for reason in explanation.reasons} == meanings
