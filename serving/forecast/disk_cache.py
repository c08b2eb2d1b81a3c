"""Copies of what is served, in the data folder: the service starts from them when PostgreSQL or MLflow are down."""

import os
from hashlib import sha256
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from serving.dictionaries.index import Dictionaries, DictionaryRows
from serving.forecast.serving_snapshot import (
    ModelRecord,
    RatingsRecord,
    RefusedError,
    ServedModel,
    ServedRatings,
    ServingSnapshot,
)

FOLDER = "serving"
_MANIFEST = "served.json"


class Manifest(BaseModel):
    """What was served last. Blobs are files named by their SHA-256."""

    model_config = ConfigDict(frozen=True, protected_namespaces=())

    model: ModelRecord | None
    ratings: RatingsRecord | None
    dictionaries_sha256: str
    coefficients: tuple[float, ...] | None = None
    """Of the model, as they were read from its blob: a start needs neither skops nor scikit-learn."""


class DiskCache:
    """Files in ``folder``: blobs by content, and a manifest that is replaced last, in one step."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, digest: str) -> bytes | None:
        """The blob with this SHA-256, if an undamaged copy is kept."""
        try:
            blob = (self.folder / digest).read_bytes()
        except FileNotFoundError:
            return None
        return blob if sha256(blob).hexdigest() == digest else None

    def save(self, snapshot: ServingSnapshot) -> None:
        """Make ``snapshot`` the one to start from, and drop the blobs of older ones.

        Raises:
            OSError: If the folder cannot be written; what was saved before stays.
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
        """What was served last, verified like anything new; None where nothing was.

        Raises:
            RefusedError: If a copy is damaged, missing, or does not fit this version of the service.
        """
        try:
            manifest = Manifest.model_validate_json((self.folder / _MANIFEST).read_bytes())
            rows = DictionaryRows.model_validate_json(self._needed(manifest.dictionaries_sha256))
        except FileNotFoundError:
            return None
        except ValidationError as error:
            raise RefusedError(f"the copy in {self.folder} cannot be read: {error}") from error
        ratings = manifest.ratings
        return ServingSnapshot(
            model=self._model(manifest),
            ratings=ServedRatings.verified(ratings, self._needed(ratings.sha256), rows.retired) if ratings else None,
            dictionaries=Dictionaries(rows),
        )

    def _model(self, manifest: Manifest) -> ServedModel | None:
        if manifest.model is None:
            return None
        blob = self._needed(manifest.model.sha256)
        if manifest.coefficients is None:
            return ServedModel.verified(manifest.model, blob)
        return ServedModel.from_copy(manifest.model, blob, manifest.coefficients)

    def _needed(self, digest: str) -> bytes:
        blob = self.get(digest)
        if blob is None:
            raise RefusedError(f"the copy {digest[:12]}… is missing or damaged in {self.folder}")
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
