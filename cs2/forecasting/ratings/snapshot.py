"""All ratings at the end of one day: held in memory by the service, stored as a blob in PostgreSQL."""

import io
import json
import zlib
from collections.abc import Collection
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from cs2.forecasting.matches import UNKNOWN
from cs2.forecasting.ratings.state import RatingState

FEATURES_VERSION = 5
"""Raise it when the meaning of a feature or rating changes: models and snapshots of other versions are rejected."""

_MAGIC = b"cs2ratings1\n"

_STORED_NAMES = {"form": "team", "org": "name", "map_frequency": "habit"}
"""Names of arrays in stored blobs where they differ from those of the state; stored blobs never change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RatingSnapshot:
    """Ratings as of the end of a day.

    Attributes:
        as_of: Day number of the last day that the ratings have learned.
        features_version: Version of the features that can read the ratings.
        state: The ratings.
    """

    as_of: int
    features_version: int
    state: RatingState

    def latest_lineup(self, team_id: int) -> list[int] | None:
        """Return the ids of the team's latest five, or None if none is known."""
        if not 0 < team_id < len(self.state.lineup) or self.state.lineup[team_id, 0] == UNKNOWN:
            return None
        latest: list[int] = self.state.lineup[team_id].tolist()
        return latest

    def without_maps(self, maps: Collection[int]) -> "RatingSnapshot":
        """Return the same ratings with these maps outside the active pool, as if they had not been played recently."""
        known = [number for number in maps if number < self.state.pool.shape[1]]
        if not known:
            return self
        pool = self.state.pool.copy()
        pool[:, known] = 0
        return replace(self, state=replace(self.state, pool=pool))

    def to_bytes(self) -> bytes:
        """Encode as a compact blob; equal ratings give equal bytes."""
        arrays: list[tuple[str, str, list[int]]] = []
        body = io.BytesIO()
        for field in fields(self.state):
            array = getattr(self.state, field.name)
            small = array.astype(np.int32) if array.dtype.kind == "i" else array
            arrays.append((_STORED_NAMES.get(field.name, field.name), small.dtype.str, list(small.shape)))
            body.write(np.ascontiguousarray(small).tobytes())
        header = {"as_of": self.as_of, "features_version": self.features_version, "arrays": arrays}
        return _MAGIC + zlib.compress(json.dumps(header).encode() + b"\n" + body.getvalue(), level=6)

    @classmethod
    def from_bytes(cls, data: bytes) -> "RatingSnapshot":
        """Decode a blob of :meth:`to_bytes`.

        Raises:
            ValueError: If the bytes are no snapshot, damaged, or from code with other arrays.
        """
        if not data.startswith(_MAGIC):
            raise ValueError("these bytes are not a rating snapshot")
        try:
            content = zlib.decompress(data[len(_MAGIC) :])
            line = content.index(b"\n")
            header = json.loads(content[:line])
            arrays: dict[str, Any] = {}
            names = {stored: name for name, stored in _STORED_NAMES.items()}
            position = line + 1
            for name, dtype, shape in header["arrays"]:
                count = int(np.prod(shape))
                array = np.frombuffer(content, dtype=np.dtype(dtype), count=count, offset=position).reshape(shape)
                position += array.nbytes
                arrays[names.get(name, name)] = array.astype(np.int64) if array.dtype.kind == "i" else array
            if arrays.keys() != {field.name for field in fields(RatingState)}:
                raise ValueError(f"ratings of other code, for features of version {header['features_version']}")
            state = RatingState(**arrays)
            return cls(as_of=header["as_of"], features_version=header["features_version"], state=state)
        except (zlib.error, KeyError, TypeError, json.JSONDecodeError) as error:
            raise ValueError(f"damaged rating snapshot: {error}") from error
