"""What a forecast is made from: model, ratings and dictionaries, verified, held together by one reference."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import Any, Self

import numpy as np
from pydantic import BaseModel, ConfigDict

from cs2.forecasting.model.features import FEATURE_NAMES, STORED_FEATURE_NAMES
from cs2.forecasting.model.map_model import MapModel
from cs2.forecasting.model.regression_cases import regression_error
from cs2.forecasting.ratings.snapshot import FEATURES_VERSION, RatingSnapshot
from serving.dictionaries.index import Dictionaries, DictionaryRows

TRUSTED_TYPES: Sequence[str] = ()
"""Reviewed: the served pipeline (scaler, logistic regression) needs no type beyond those that skops itself trusts."""

REGRESSION_TOLERANCE = 1e-9


class RefusedError(Exception):
    """A model or ratings may not be served; the message says why."""


class ModelRecord(BaseModel):
    """What serving needs of a row of ``ml_models``."""

    model_config = ConfigDict(from_attributes=True, frozen=True, protected_namespaces=())

    version: int
    artifact_uri: str
    sha256: str
    features_version: int
    feature_names: tuple[str, ...]
    regression_cases: dict[str, Any]
    trained_through: date


class RatingsRecord(BaseModel):
    """What serving needs of a row of ``rating_snapshots``, without the bytes."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    id: int
    as_of: date
    features_version: int
    sha256: str


@dataclass(frozen=True, slots=True, eq=False)
class ServedModel:
    """A model that passed every check.

    Attributes:
        record: Its row.
        predictor: The model.
        blob: What it was read from, for the copy on disk.
    """

    record: ModelRecord
    predictor: MapModel
    blob: bytes

    @classmethod
    def verified(cls, record: ModelRecord, blob: bytes) -> Self:
        """Read a model.

        Raises:
            RefusedError: If the bytes are not those of the row, hold a type that is not trusted, are no model of
                ours, or do not answer the golden forecasts; or if the model is for other features.
        """
        import skops.io  # noqa: PLC0415 - brings scikit-learn, seconds of import that a start from a copy does not need

        _check_digest(blob, record.sha256)
        _check_features(record)
        try:
            estimator = skops.io.loads(blob, trusted=list(TRUSTED_TYPES))
            predictor = MapModel.from_estimator(estimator)
        except Exception as error:  # skops raises whatever a damaged archive leads to
            raise RefusedError(f"the blob cannot be read: {type(error).__name__}: {error}") from error
        _check_regression_cases(record, predictor)
        return cls(record, predictor, blob)

    @classmethod
    def from_copy(cls, record: ModelRecord, blob: bytes, coefficients: Sequence[float]) -> Self:
        """The model that was read from this blob before, by its coefficients.

        Raises:
            RefusedError: If the bytes are not those of the row, the model is for other features, or the coefficients do
                not answer the golden forecasts.
        """
        _check_digest(blob, record.sha256)
        _check_features(record)
        if len(coefficients) != len(FEATURE_NAMES):
            raise RefusedError(f"the copy has {len(coefficients)} coefficients for {len(FEATURE_NAMES)} features")
        predictor = MapModel(np.array(coefficients))
        _check_regression_cases(record, predictor)
        return cls(record, predictor, blob)


@dataclass(frozen=True, slots=True, eq=False)
class ServedRatings:
    """Ratings that passed every check.

    Attributes:
        record: Their row.
        snapshot: The ratings, without the maps that an admin retired.
        data: What they were read from, for the copy on disk.
        retired: Ids of those maps.
    """

    record: RatingsRecord
    snapshot: RatingSnapshot
    data: bytes
    retired: Sequence[int]

    @classmethod
    def verified(cls, record: RatingsRecord, data: bytes, retired: Sequence[int]) -> Self:
        """Read ratings.

        Args:
            record: Their row.
            data: Their bytes.
            retired: Ids of maps that an admin took out of the active pool.

        Raises:
            RefusedError: If the bytes are not those of the row, are no ratings, or belong to other features.
        """
        _check_digest(data, record.sha256)
        try:
            snapshot = RatingSnapshot.from_bytes(data)
        except ValueError as error:
            raise RefusedError(f"the ratings cannot be read: {error}") from error
        if snapshot.features_version != FEATURES_VERSION:
            raise RefusedError(
                f"they are for features of version {snapshot.features_version}, this service has {FEATURES_VERSION}"
            )
        return cls(record, snapshot.without_maps(retired), data, retired)


@dataclass(frozen=True, slots=True, eq=False)
class ServingSnapshot:
    """Everything of one moment that an answer depends on. Never changed, only replaced."""

    model: ServedModel | None = None
    ratings: ServedRatings | None = None
    dictionaries: Dictionaries = field(default_factory=lambda: Dictionaries(DictionaryRows()))


def _check_digest(data: bytes, expected: str) -> None:
    found = sha256(data).hexdigest()
    if found != expected:
        raise RefusedError(f"its bytes have the SHA-256 {found[:12]}…, the row says {expected[:12]}…")


def _check_features(record: ModelRecord) -> None:
    if record.features_version != FEATURES_VERSION or record.feature_names != STORED_FEATURE_NAMES:
        raise RefusedError(
            f"it needs features of version {record.features_version}, this service has {FEATURES_VERSION}"
        )


def _check_regression_cases(record: ModelRecord, predictor: MapModel) -> None:
    try:
        off = regression_error(predictor, record.regression_cases)
    except (KeyError, TypeError, ValueError) as error:
        raise RefusedError(f"its golden forecasts cannot be read: {type(error).__name__}: {error}") from error
    if not off <= REGRESSION_TOLERANCE:
        raise RefusedError(f"its golden forecasts are off by {off:.2g}")
