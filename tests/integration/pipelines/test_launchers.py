"""Dagster's own classes accept the run launchers' configuration for several machines."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from dagster._config import process_config, resolve_to_config_type
from dagster._core.instance import DagsterInstance, InstanceRef
from dagster_celery.launcher import CeleryRunLauncher
from dagster_docker import DockerRunLauncher
from dagster_k8s import K8sRunLauncher

from tests.testkit.paths import ROOT

HOME = ROOT / "dagster_home"
LAUNCHERS = {"celery": CeleryRunLauncher, "docker": DockerRunLauncher, "k8s": K8sRunLauncher}


@pytest.fixture(autouse=True)
def _broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELERY_BROKER_URL", "redis://127.0.0.1:6379/1")
    monkeypatch.setenv("CELERY_RESULT_BACKEND", "redis://127.0.0.1:6379/2")


def instance_with(launcher: str, folder: Path, monkeypatch: pytest.MonkeyPatch, postgres_url: str) -> InstanceRef:
    """Return a reference to an instance of ``dagster.yaml`` with the launcher appended (docs/scale.md)."""
    text = (HOME / "dagster.yaml").read_text() + (HOME / f"launchers/{launcher}.yaml").read_text()
    (folder / "dagster.yaml").write_text(text)
    monkeypatch.setenv("DAGSTER_POSTGRES_URL", postgres_url.replace("+psycopg", "+psycopg2"))
    return InstanceRef.from_dir(str(folder))


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_dagsters_own_class_accepts_the_configuration(launcher: str) -> None:
    settings = yaml.safe_load((HOME / f"launchers/{launcher}.yaml").read_text())["run_launcher"]
    launcher_class: Any = LAUNCHERS[launcher]
    assert (settings["class"], launcher_class.__module__.startswith(settings["module"])) == (
        launcher_class.__name__,
        True,
    )
    result = process_config(resolve_to_config_type(launcher_class.config_type()), settings["config"])
    assert result.success, [error.message for error in result.errors or ()]


@pytest.mark.parametrize("launcher", ["celery", "docker"])
def test_an_instance_can_be_made_with_the_launcher(
    launcher: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_postgres_url: str
) -> None:
    """The Kubernetes launcher reads the cluster's account, so it is created only in a cluster."""
    reference = instance_with(launcher, tmp_path, monkeypatch, empty_postgres_url)
    with DagsterInstance.from_ref(reference) as instance:
        assert isinstance(instance.run_launcher, LAUNCHERS[launcher])
        assert instance.run_launcher.supports_check_run_worker_health
        assert instance.run_retries_enabled


def test_a_hanging_run_is_stopped_after_an_hour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_postgres_url: str
) -> None:
    (tmp_path / "dagster.yaml").write_text((HOME / "dagster.yaml").read_text())
    monkeypatch.setenv("DAGSTER_POSTGRES_URL", empty_postgres_url.replace("+psycopg", "+psycopg2"))
    with DagsterInstance.from_ref(InstanceRef.from_dir(str(tmp_path))) as instance:
        assert instance.run_monitoring_enabled
        assert instance.run_monitoring_max_runtime_seconds == 3600
        assert instance.run_retries_enabled


def test_a_misspelled_option_is_rejected() -> None:
    settings = yaml.safe_load((HOME / "launchers" / "k8s.yaml").read_text())["run_launcher"]["config"]
    settings["job_imgae"] = settings.pop("job_image")
    result = process_config(resolve_to_config_type(K8sRunLauncher.config_type()), settings)
    assert not result.success
