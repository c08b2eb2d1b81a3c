"""What was served last, kept on disk: good enough to start from, never trusted blindly."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from serving.forecast.disk_cache import DiskCache
from serving.forecast.serving_snapshot import RefusedError
from tests.testkit.published_models import Models
from tests.testkit.service import Running


async def test_a_damaged_copy_is_fetched_again(running: Running, models: Models, tmp_path: Path) -> None:
    models.publish()
    async with running():
        pass
    for path in (tmp_path / "serving").iterdir():
        path.write_bytes(b"damaged")
    async with running() as service:
        assert (await service.forecast()).status_code == 200


async def test_a_start_from_a_copy_needs_neither_skops_nor_scikit_learn(
    running: Running, models: Models, tmp_path: Path
) -> None:
    """Their import takes longer than everything else that a start does."""
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


async def test_coefficients_that_do_not_answer_the_golden_forecasts_are_no_copy(
    running: Running, models: Models, tmp_path: Path
) -> None:
    models.publish()
    async with running():
        pass
    manifest = tmp_path / "serving" / "served.json"
    told = json.loads(manifest.read_text())
    for spoiled in ([c + 0.01 for c in told["coefficients"]], told["coefficients"][:-1]):
        manifest.write_text(json.dumps({**told, "coefficients": spoiled}))
        with pytest.raises(RefusedError, match=r"golden|coefficients"):
            DiskCache(tmp_path / "serving").load()
    manifest.write_text(json.dumps({**told, "coefficients": None}))  # as an older release wrote it
    snapshot = DiskCache(tmp_path / "serving").load()
    assert snapshot is not None
    assert snapshot.model is not None
    assert snapshot.model.predictor.coefficients.tolist() == told["coefficients"]
