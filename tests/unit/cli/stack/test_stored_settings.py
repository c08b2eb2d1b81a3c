"""Which settings of the user's environment a stack remembers in its data folder."""

import pytest

from cli.stack.running import SECRETS, _secrets, _told
from cs2.settings import Settings


def test_a_token_is_handed_on_and_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CS2_PANDASCORE_TOKEN", "a-secret-of-the-tests")
    monkeypatch.setenv("CS2_POLL_MINUTES", "5")
    assert _told()["CS2_POLL_MINUTES"] == "5"
    assert "a-secret-of-the-tests" not in _told().values()
    assert _secrets() == {"CS2_PANDASCORE_TOKEN": "a-secret-of-the-tests"}


def test_every_secret_setting_is_known_as_one() -> None:
    secret = {
        f"CS2_{name.upper()}" for name, field in Settings.model_fields.items() if "Secret" in str(field.annotation)
    }
    assert secret - {"CS2_JWT_KEY"} == SECRETS  # the stack makes its own key
