"""Settings from the environment."""

import pytest

from cs2.settings import RENAMED, Settings


@pytest.mark.parametrize(("old", "new"), RENAMED.items())
def test_an_old_name_is_an_error_with_the_new_name(monkeypatch: pytest.MonkeyPatch, old: str, new: str) -> None:
    monkeypatch.setenv(old, "1")
    with pytest.raises(ValueError, match=f"{old} is now called {new}"):
        Settings()
