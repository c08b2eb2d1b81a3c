"""Settings that a stack stores in its data folder, and secrets, which it does not store."""

import json
from pathlib import Path

import pytest

from cli.stack.layout import load, settings_of_running_stack
from cli.stack.running import SECRETS, _secrets, _user_settings
from cs2.settings import Settings


def test_a_token_is_passed_on_and_not_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CS2_PANDASCORE_TOKEN", "a-secret-of-the-tests")
    monkeypatch.setenv("CS2_POLL_MINUTES", "5")
    assert _user_settings()["CS2_POLL_MINUTES"] == "5"
    assert "a-secret-of-the-tests" not in _user_settings().values()
    assert _secrets() == {"CS2_PANDASCORE_TOKEN": "a-secret-of-the-tests"}


def test_every_secret_setting_is_in_the_list_of_secrets() -> None:
    secret = {
        f"CS2_{name.upper()}" for name, field in Settings.model_fields.items() if "Secret" in str(field.annotation)
    }
    assert secret - {"CS2_JWT_KEY"} == SECRETS  # the stack makes its own key


def test_settings_of_an_earlier_version_get_their_new_names(tmp_path: Path) -> None:
    overrides = {"CS2_SOURCE": "valve,archive", "CS2_TODAY": "2026-01-31", "CS2_SPOOL_MAX_MB": "8"}
    (tmp_path / "stack.json").write_text(json.dumps({"ports": {"api": 8123}, "overrides": overrides}))
    layout = load(tmp_path)
    assert layout is not None
    assert layout.overrides == {
        "CS2_SOURCES": "valve,archive",
        "CS2_CLOCK_DATE": "2026-01-31",
        "CS2_FALLBACK_FILE_MAX_MB": "8",
    }
    settings = settings_of_running_stack(tmp_path)
    assert [name.value for name in settings.sources] == ["valve", "archive"]
    assert str(settings.clock_date) == "2026-01-31"
    assert settings.api_url == "http://127.0.0.1:8123"
