"""Model, ratings and dictionaries that are served: verified, and replaced together."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Self

import numpy as np
from pydantic import BaseModel, ConfigDict

from cs2.forecasting.model.features import FEATURE_NAMES
from cs2.forecasting.model.map_model import MapModel
from cs2.forecasting.ratings.snapshot import FEATURES_VERSION, RatingSnapshot
from cs2.model_artifacts import (
    ArtifactRejectedError,
    load_model,
    verify_digest,
    verify_features,
    verify_regression_cases,
)
from serving.dictionaries.index import Dictionaries, DictionaryRows
from serving.errors import UnavailableError


class ModelRecord(BaseModel):
    """The columns of ``ml_models`` that serving needs."""

    model_config = ConfigDict(from_attributes=True, frozen=True, protected_namespaces=())

    version: int
    artifact_uri: str
    sha256: str
    features_version: int
    feature_names: tuple[str, ...]
    regression_cases: dict[str, Any]
    trained_through: date


class RatingsRecord(BaseModel):
    """The columns of ``rating_snapshots`` that serving needs, except the bytes."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    id: int
    as_of: date
    features_version: int
    sha256: str


@dataclass(frozen=True, slots=True, eq=False)
class ServedModel:
    """A verified model.

    Attributes:
        record: Its row.
        predictor: The model.
        blob: Its bytes, for the disk cache.
    """

    record: ModelRecord
    predictor: MapModel
    blob: bytes

    @classmethod
    def from_blob(cls, record: ModelRecord, blob: bytes) -> Self:
        """Read and verify a model.

        Raises:
            ArtifactRejectedError: If a check of :func:`cs2.model_artifacts.load_model` fails.
        """
        return cls(record, load_model(record, blob), blob)

    @classmethod
    def from_coefficients(cls, record: ModelRecord, blob: bytes, coefficients: Sequence[float]) -> Self:
        """Restore the model that was read from this blob before. Needs neither skops nor scikit-learn.

        Raises:
            ArtifactRejectedError: If the digest differs, the model needs other features, or the coefficients do not
                reproduce the regression cases.
        """
        verify_digest(blob, record.sha256)
        verify_features(record)
        if len(coefficients) != len(FEATURE_NAMES):
            message = f"the cache has {len(coefficients)} coefficients for {len(FEATURE_NAMES)} features"
            raise ArtifactRejectedError(message)
        predictor = MapModel(np.array(coefficients))
        verify_regression_cases(record, predictor)
        return cls(record, predictor, blob)


@dataclass(frozen=True, slots=True, eq=False)
class ServedRatings:
    """Verified ratings.

    Attributes:
        record: Their row.
        snapshot: The ratings, without retired maps in the active pool.
        data: Their bytes, for the disk cache.
        retired: Ids of the maps that an admin took out of the active pool.
    """

    record: RatingsRecord
    snapshot: RatingSnapshot
    data: bytes
    retired: Sequence[int]

    @classmethod
    def from_bytes(cls, record: RatingsRecord, data: bytes, retired: Sequence[int]) -> Self:
        """Read and verify ratings.

        Args:
            record: Their row.
            data: Their bytes.
            retired: Ids of the maps that an admin took out of the active pool.

        Raises:
            ArtifactRejectedError: If the digest differs, the bytes are no ratings, or belong to other features.
        """
        verify_digest(data, record.sha256)
        try:
            snapshot = RatingSnapshot.from_bytes(data)
        except ValueError as error:
            raise ArtifactRejectedError(f"the ratings cannot be read: {error}") from error
        if snapshot.features_version != FEATURES_VERSION:
            raise ArtifactRejectedError(
                f"they are for features of version {snapshot.features_version}, this service has {FEATURES_VERSION}"
            )
        return cls(record, snapshot.without_maps(retired), data, retired)


@dataclass(frozen=True, slots=True, eq=False)
class ServingSnapshot:
    """Everything that an answer depends on, of one moment. A change replaces the whole snapshot."""

    model: ServedModel | None = None
    ratings: ServedRatings | None = None
    dictionaries: Dictionaries = field(default_factory=lambda: Dictionaries(DictionaryRows()))

    def require_served(self) -> tuple[ServedModel, ServedRatings]:
        """Return model and ratings.

        Raises:
            UnavailableError: If one of them is missing.
        """
        if self.model is None or self.ratings is None:
            missing = "model is" if self.model is None else "ratings are"
            raise UnavailableError("no-model", f"no {missing} served yet")
        return self.model, self.ratings
