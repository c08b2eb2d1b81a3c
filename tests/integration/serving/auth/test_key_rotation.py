"""Another JWT key, as after a rotation: every token ends at once, accounts and forecasts stay."""

from pydantic import SecretStr

from tests.integration.serving.auth.test_account_deletion import ask, call, new_token
from tests.integration.serving.auth.test_accounts import register
from tests.testkit.service import Models, Running


async def test_a_new_key_ends_every_token_and_no_account(running: Running, models: Models) -> None:
    models.publish()
    async with running() as before:
        account = (await register(before)).json()
        old_token = await new_token(before)
        forecast = (await ask(before, old_token)).json()
        other_key = {"jwt_key": SecretStr("r" * 40), "data_dir": before.services.settings.data_dir / "other"}
        async with running(**other_key) as after:
            refused = await ask(after, old_token)
            assert refused.status_code == 401
            assert refused.json()["type"].endswith(":token-invalid")
            token = await new_token(after)
            assert (await call(after, token, "GET", "/auth/me")).json() == account
            assert (await ask(after, token)).json()["team1_win_probability"] == forecast["team1_win_probability"]
            found = await call(after, token, "GET", f"/forecast/{forecast['forecast_id']}")
            assert found.status_code == 202, "known, and on its way to the history"
            # A replica that still has the old key does not know the new tokens: turn them all at once.
            assert (await ask(before, token)).status_code == 401
            assert (await ask(before, old_token)).status_code == 200
