"""Models' blobs, over MLflow's REST artifact proxy (docs/adr/0007-blob-over-rest.md)."""

import httpx

URI_PREFIX = "mlflow-artifacts:/"
MAX_BLOB_BYTES = 64 * 1024 * 1024
FETCH_SECONDS = 10.0


class BlobUnavailableError(Exception):
    """The blob cannot be fetched now."""


class Blobs:
    """Fetches blobs from the MLflow server at ``url``."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._client = httpx.AsyncClient(timeout=FETCH_SECONDS)

    async def fetch(self, artifact_uri: str) -> bytes:
        """The blob that ``mlflow-artifacts:/PATH`` names.

        Raises:
            BlobUnavailableError: If the server does not answer or does not have it.
        """
        if not artifact_uri.startswith(URI_PREFIX):
            raise BlobUnavailableError(f"{artifact_uri} is not on the MLflow server at {self._url}")
        path = artifact_uri.removeprefix(URI_PREFIX).lstrip("/")
        try:
            async with self._client.stream("GET", f"{self._url}/api/2.0/mlflow-artifacts/artifacts/{path}") as response:
                response.raise_for_status()
                blob = bytearray()
                async for chunk in response.aiter_bytes():
                    blob += chunk
                    if len(blob) > MAX_BLOB_BYTES:
                        raise BlobUnavailableError(f"{artifact_uri} is larger than {MAX_BLOB_BYTES} bytes")
        except httpx.HTTPError as error:
            message = f"MLflow at {self._url} does not give {artifact_uri}: {error or type(error).__name__}"
            raise BlobUnavailableError(message) from error
        return bytes(blob)

    async def close(self) -> None:
        """End the connections."""
        await self._client.aclose()
