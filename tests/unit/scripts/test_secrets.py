"""Secrets of the deployed stack: ``make-secrets`` creates them once, the images' entry point reads them."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.testkit.paths import ROOT

COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())


def test_secrets_are_created_once_in_a_private_folder(tmp_path: Path) -> None:
    folder = tmp_path / "my secrets"
    subprocess.run([ROOT / "scripts" / "make-secrets", folder], check=True)
    content = {path.name: path.read_text() for path in folder.iterdir()}
    assert set(content) == set(COMPOSE["secrets"])
    assert content.pop("pandascore_token") == "", "for the user to fill in"
    (folder / "pandascore_token").write_text("mine")
    assert all(len(secret) >= 32 for secret in content.values())
    assert len(set(content.values())) == len(content)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    subprocess.run([ROOT / "scripts" / "make-secrets", folder], check=True)
    assert {path.name: path.read_text() for path in folder.iterdir()} == {**content, "pandascore_token": "mine"}
    files = {secret["file"] for secret in COMPOSE["secrets"].values()}
    assert files == {f"./secrets/{path.name}" for path in folder.iterdir()}


SHOW = """import os
print(*(os.environ[name] for name in ("CS2_JWT_KEY", "CS2_REDIS_URL", "OTHER", "CS2_PANDASCORE_TOKEN")), sep="\\n")"""


def run_with_secrets(folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        "SECRETS_DIR": str(folder),
        "CS2_JWT_KEY": "{jwt_key}",
        "CS2_REDIS_URL": "redis://:{redis_password}@redis:6379/0",
        "OTHER": "{jwt_key}",
        "CS2_PANDASCORE_TOKEN": "{token?}",
    }
    script = ROOT / "scripts" / "with_secrets.py"
    return subprocess.run(
        [sys.executable, script, sys.executable, "-c", SHOW],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_secrets_of_files_replace_placeholders_in_our_variables(tmp_path: Path) -> None:
    (tmp_path / "jwt_key").write_text("a/b{redis_password}\n")
    (tmp_path / "redis_password").write_text("p@ss/word")
    (tmp_path / "token").write_text("\n")
    shown = run_with_secrets(tmp_path).stdout.splitlines()
    assert shown == ["a/b{redis_password}", "redis://:p%40ss%2Fword@redis:6379/0", "{jwt_key}", ""]


@pytest.mark.parametrize("content", [None, " \n"])
def test_a_missing_or_empty_secret_is_named_with_its_variable(tmp_path: Path, content: str | None) -> None:
    (tmp_path / "jwt_key").write_text("key")
    if content is not None:
        (tmp_path / "redis_password").write_text(content)
    refused = run_with_secrets(tmp_path)
    assert refused.returncode == 1
    assert "CS2_REDIS_URL" in refused.stderr
    assert "redis_password" in refused.stderr
    assert "Traceback" not in refused.stderr
