"""Disk cache of the serving snapshot: the service starts from it when PostgreSQL or MLflow is down."""

import os
from hashlib import sha256
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from cs2.model_artifacts import ArtifactRejectedError
from serving.dictionaries.index import Dictionaries, DictionaryRows
from serving.forecast.serving_snapshot import (
    ModelRecord,
    RatingsRecord,
    ServedModel,
    ServedRatings,
    ServingSnapshot,
)

FOLDER = "serving"
_MANIFEST = "served.json"


class Manifest(BaseModel):
    """The last snapshot. Its blobs are files named by their SHA-256."""

    model_config = ConfigDict(frozen=True, protected_namespaces=())

    model: ModelRecord | None
    ratings: RatingsRecord | None
    dictionaries_sha256: str
    coefficients: tuple[float, ...] | None = None
    """Coefficients of the model: with them a start needs neither skops nor scikit-learn."""


class DiskCache:
    """Blobs in ``folder`` and a manifest that names them. The manifest is replaced last and atomically."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, digest: str) -> bytes | None:
        """Return the blob with this SHA-256; None if it is missing or damaged."""
        try:
            blob = (self.folder / digest).read_bytes()
        except FileNotFoundError:
            return None
        return blob if sha256(blob).hexdigest() == digest else None

    def save(self, snapshot: ServingSnapshot) -> None:
        """Store ``snapshot`` and delete the blobs of older ones.

        Raises:
            OSError: If the folder cannot be written. The older snapshot stays.
        """
        model, ratings = snapshot.model, snapshot.ratings
        blobs = [snapshot.dictionaries.rows.model_dump_json().encode()]
        blobs += [model.blob] if model else []
        blobs += [ratings.data] if ratings else []
        digests = [self._put(blob) for blob in blobs]
        manifest = Manifest(
            model=model.record if model else None,
            ratings=ratings.record if ratings else None,
            dictionaries_sha256=digests[0],
            coefficients=tuple(model.predictor.coefficients.tolist()) if model else None,
        )
        self._write(self.folder / _MANIFEST, manifest.model_dump_json(indent=1).encode())
        for path in self.folder.iterdir():
            if path.name not in {_MANIFEST, *digests}:
                path.unlink(missing_ok=True)

    def load(self) -> ServingSnapshot | None:
        """Return the last snapshot, verified like a new one; None if there is none.

        Raises:
            ArtifactRejectedError: If a file is damaged or missing, or does not fit this version of the service.
        """
        try:
            manifest = Manifest.model_validate_json((self.folder / _MANIFEST).read_bytes())
            rows = DictionaryRows.model_validate_json(self._require(manifest.dictionaries_sha256))
        except FileNotFoundError:
            return None
        except ValidationError as error:
            raise ArtifactRejectedError(f"the cache in {self.folder} cannot be read: {error}") from error
        ratings = manifest.ratings
        return ServingSnapshot(
            model=self._model(manifest),
            ratings=ServedRatings.from_bytes(ratings, self._require(ratings.sha256), rows.retired) if ratings else None,
            dictionaries=Dictionaries(rows),
        )

    def _model(self, manifest: Manifest) -> ServedModel | None:
        if manifest.model is None:
            return None
        blob = self._require(manifest.model.sha256)
        if manifest.coefficients is None:
            return ServedModel.from_blob(manifest.model, blob)
        return ServedModel.from_coefficients(manifest.model, blob, manifest.coefficients)

    def _require(self, digest: str) -> bytes:
        blob = self.get(digest)
        if blob is None:
            raise ArtifactRejectedError(f"the cached file {digest[:12]}… is missing or damaged in {self.folder}")
        return blob

    def _put(self, blob: bytes) -> str:
        digest = sha256(blob).hexdigest()
        if self.get(digest) is None:
            self._write(self.folder / digest, blob)
        return digest

    def _write(self, path: Path, data: bytes) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
