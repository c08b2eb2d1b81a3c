"""Models in MLflow's artifact store: fetch a blob over REST and verify it (docs/adr/0007-blob-over-rest.md)."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Protocol

from cs2.forecasting.model.features import STORED_FEATURE_NAMES
from cs2.forecasting.model.map_model import MapModel
from cs2.forecasting.model.regression_cases import regression_error
from cs2.forecasting.ratings.snapshot import FEATURES_VERSION

URI_PREFIX = "mlflow-artifacts:/"
MAX_BLOB_BYTES = 64 * 1024 * 1024

TRUSTED_TYPES: Sequence[str] = ()
"""Reviewed: the served pipeline (scaler, logistic regression) needs no type beyond those that skops itself trusts."""

REGRESSION_TOLERANCE = 1e-9


class ArtifactUnavailableError(Exception):
    """MLflow does not answer, or does not have the artifact."""


class ArtifactRejectedError(Exception):
    """The bytes are not a model that this code may use; the message says why."""


class ModelDescription(Protocol):
    """What a row of ``ml_models`` says about its blob."""

    @property
    def sha256(self) -> str:
        """Digest of the blob, in hexadecimal."""

    @property
    def features_version(self) -> int:
        """Version of the features that the model needs."""

    @property
    def feature_names(self) -> Sequence[str]:
        """Columns of the features in order, as ``ml_models`` spells them (``STORED_FEATURE_NAMES``)."""

    @property
    def regression_cases(self) -> Mapping[str, Any]:
        """Feature rows with the probabilities that the model returns for them."""


def fetch_artifact(mlflow_url: str, artifact_uri: str, *, timeout_seconds: float) -> bytes:
    """Download an artifact through MLflow's artifact proxy.

    Args:
        mlflow_url: The tracking server.
        artifact_uri: ``mlflow-artifacts:/PATH``.
        timeout_seconds: Longest wait for a connection, and for each part of the answer.

    Raises:
        ArtifactUnavailableError: If the server does not answer, has no such artifact, or sends more than 64 MiB.
    """
    import httpx  # noqa: PLC0415 - the parts without models do not have it

    base = mlflow_url.rstrip("/")
    if not artifact_uri.startswith(URI_PREFIX):
        raise ArtifactUnavailableError(f"{artifact_uri} is not on the MLflow server at {base}")
    url = f"{base}/api/2.0/mlflow-artifacts/artifacts/{artifact_uri.removeprefix(URI_PREFIX).lstrip('/')}"
    blob = bytearray()
    try:
        with httpx.stream("GET", url, timeout=timeout_seconds) as response:
            response.raise_for_status()
            for chunk in response.iter_bytes():
                blob += chunk
                if len(blob) > MAX_BLOB_BYTES:
                    raise ArtifactUnavailableError(f"{artifact_uri} is larger than {MAX_BLOB_BYTES} bytes")
    except httpx.HTTPError as error:
        reason = str(error) or type(error).__name__
        raise ArtifactUnavailableError(f"MLflow at {base} does not return {artifact_uri}: {reason}") from error
    return bytes(blob)


def load_model(description: ModelDescription, blob: bytes) -> MapModel:
    """Read a model from its blob and verify it.

    Raises:
        ArtifactRejectedError: If the digest differs, the model needs other features, a type is not trusted, the
            estimator is of another kind, or a regression case gives another probability.
    """
    import skops.io  # noqa: PLC0415 - brings scikit-learn: seconds that a start from the disk cache saves

    verify_digest(blob, description.sha256)
    verify_features(description)
    try:
        model = MapModel.from_estimator(skops.io.loads(blob, trusted=list(TRUSTED_TYPES)))
    except Exception as error:  # skops raises whatever a damaged archive leads to
        raise ArtifactRejectedError(f"the blob cannot be read: {type(error).__name__}: {error}") from error
    verify_regression_cases(description, model)
    return model


def verify_digest(data: bytes, expected: str) -> None:
    """Compare the SHA-256 of some bytes with the recorded one.

    Raises:
        ArtifactRejectedError: If they differ.
    """
    digest = sha256(data).hexdigest()
    if digest != expected:
        raise ArtifactRejectedError(f"its bytes have the SHA-256 {digest[:12]}…, the row says {expected[:12]}…")


def verify_features(description: ModelDescription) -> None:
    """Compare the features that a model needs with those that this code computes.

    Raises:
        ArtifactRejectedError: If they differ.
    """
    if description.features_version != FEATURES_VERSION or tuple(description.feature_names) != STORED_FEATURE_NAMES:
        raise ArtifactRejectedError(
            f"it needs features of version {description.features_version}, this code computes {FEATURES_VERSION}"
        )


def verify_regression_cases(description: ModelDescription, model: MapModel) -> None:
    """Compare the model's probabilities with the recorded ones.

    Raises:
        ArtifactRejectedError: If the record cannot be read, or a probability differs by more than 1e-9.
    """
    try:
        error = regression_error(model, description.regression_cases)
    except (KeyError, TypeError, ValueError) as problem:
        message = f"its regression cases cannot be read: {type(problem).__name__}: {problem}"
        raise ArtifactRejectedError(message) from problem
    if not error <= REGRESSION_TOLERANCE:
        raise ArtifactRejectedError(f"its regression cases are off by {error:.2g}")
