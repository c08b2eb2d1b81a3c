"""A changed JWT key invalidates all tokens; accounts and forecasts stay."""

from pydantic import SecretStr

from tests.testkit.accounts import call_as, forecast_as, new_token, register
from tests.testkit.published_models import Models
from tests.testkit.service import Running


async def test_a_new_key_ends_every_token_and_no_account(running: Running, models: Models) -> None:
    models.publish()
    async with running() as before:
        account = (await register(before)).json()
        old_token = await new_token(before)
        forecast = (await forecast_as(before, old_token)).json()
        other_key = {"jwt_key": SecretStr("r" * 40), "data_dir": before.services.settings.data_dir / "other"}
        async with running(**other_key) as after:
            refused = await forecast_as(after, old_token)
            assert refused.status_code == 401
            assert refused.json()["type"].endswith(":token-invalid")
            token = await new_token(after)
            assert (await call_as(after, token, "GET", "/auth/me")).json() == account
            assert (await forecast_as(after, token)).json()["team1_win_probability"] == forecast[
                "team1_win_probability"
            ]
            response = await call_as(after, token, "GET", f"/forecast/{forecast['forecast_id']}")
            assert response.status_code == 202, "the forecast is known and pending"
            # A replica with the old key rejects new tokens, so all replicas must change the key together.
            assert (await forecast_as(before, token)).status_code == 401
            assert (await forecast_as(before, old_token)).status_code == 200
