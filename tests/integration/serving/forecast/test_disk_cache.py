"""The service starts from the disk cache and verifies it first."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cs2.model_artifacts import ArtifactRejectedError
from serving.forecast.disk_cache import DiskCache
from tests.testkit.published_models import Models
from tests.testkit.service import Running


async def test_a_damaged_cache_is_replaced(running: Running, models: Models, tmp_path: Path) -> None:
    models.publish()
    async with running():
        pass
    for path in (tmp_path / "serving").iterdir():
        path.write_bytes(b"damaged")
    async with running() as service:
        assert (await service.forecast()).status_code == 200


async def test_a_start_from_the_cache_needs_no_scikit_learn(running: Running, models: Models, tmp_path: Path) -> None:
    """Importing scikit-learn takes longer than the rest of the start."""
    models.publish()
    async with running() as service:
        answer = (await service.forecast()).json()
    script = (
        "import sys; from pathlib import Path; from serving.forecast.disk_cache import DiskCache; import serving.app\n"
        f"snapshot = DiskCache(Path({str(tmp_path)!r}) / 'serving').load()\n"
        "assert snapshot.model.record.version == int(sys.argv[1])\n"
        "assert not {'sklearn', 'scipy', 'skops'} & set(sys.modules), 'too much was imported'"
    )
    subprocess.run([sys.executable, "-c", script, str(answer["model"]["version"])], check=True)


async def test_coefficients_must_reproduce_the_regression_cases(
    running: Running, models: Models, tmp_path: Path
) -> None:
    models.publish()
    async with running():
        pass
    manifest = tmp_path / "serving" / "served.json"
    stored = json.loads(manifest.read_text())
    for spoiled in ([c + 0.01 for c in stored["coefficients"]], stored["coefficients"][:-1]):
        manifest.write_text(json.dumps({**stored, "coefficients": spoiled}))
        with pytest.raises(ArtifactRejectedError, match=r"regression cases|coefficients"):
            DiskCache(tmp_path / "serving").load()
    manifest.write_text(json.dumps({**stored, "coefficients": None}))  # the format of an older release
    snapshot = DiskCache(tmp_path / "serving").load()
    assert snapshot is not None
    assert snapshot.model is not None
    assert snapshot.model.predictor.coefficients.tolist() == stored["coefficients"]
