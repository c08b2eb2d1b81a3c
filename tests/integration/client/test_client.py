"""The generated client is up to date and covers a user's whole workflow."""

import filecmp
import subprocess
from http import HTTPStatus
from pathlib import Path
from uuid import uuid4

from cs2_client import AuthenticatedClient, Client
from cs2_client.api.auth import log_in, me, register
from cs2_client.api.dictionaries import list_teams
from cs2_client.api.forecast import forecast_batch, forecast_series, get_team1_win_probability
from cs2_client.api.history import get_forecast
from cs2_client.models import (
    Account,
    BatchAnswer,
    BatchRequest,
    BodyLogIn,
    EntryPage,
    ForecastAnswer,
    ForecastRequest,
    OnItsWay,
    Problem,
    Registration,
    SeriesAnswer,
    SeriesRequest,
    Token,
)
from tests.testkit.paths import ROOT
from tests.testkit.published_models import Models
from tests.testkit.service import Running

PASSWORD = "correct horse battery"


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.suffix in {".py", ".typed"})


def test_the_client_is_generated_from_the_current_api(tmp_path: Path) -> None:
    fresh = tmp_path / "cs2_client"
    subprocess.run([ROOT / "scripts" / "generate-client", fresh], check=True, capture_output=True)
    assert files(ROOT / "cs2_client") == files(fresh), "run scripts/generate-client"
    _, different, missing = filecmp.cmpfiles(ROOT / "cs2_client", fresh, files(fresh), shallow=False)
    assert (different, missing) == ([], []), "run scripts/generate-client"


async def test_a_user_registers_forecasts_and_reads_the_history(running: Running, models: Models) -> None:
    models.publish()
    async with running() as service:
        transport = service.client._transport
        anonymous = Client("http://test", httpx_args={"transport": transport})
        name = f"u{uuid4().hex[:12]}"
        account = await register.asyncio(client=anonymous, body=Registration(username=name, password=PASSWORD))
        assert isinstance(account, Account)
        token = await log_in.asyncio(client=anonymous, body=BodyLogIn(username=name, password=PASSWORD))
        assert isinstance(token, Token)
        client = AuthenticatedClient("http://test", token.access_token, httpx_args={"transport": transport})
        assert await me.asyncio(client=client) == account
        teams = await list_teams.asyncio(client=client, search="vita")
        assert isinstance(teams, EntryPage)
        request = ForecastRequest(map_="Nuke", team1_id=teams.items[0].id, team2="FURIA")
        answer = await get_team1_win_probability.asyncio(client=client, body=request)
        assert isinstance(answer, ForecastAnswer)
        assert (answer.team1.name, answer.map_.name) == ("Vitality", "Nuke")
        batch = await forecast_batch.asyncio(client=client, body=BatchRequest(forecasts=[request, request]))
        assert isinstance(batch, BatchAnswer)
        assert [item.forecast.team1_win_probability for item in batch.results] == [answer.team1_win_probability] * 2
        series = await forecast_series.asyncio(
            client=client, body=SeriesRequest(team1="Vitality", team2="FURIA", best_of=5)
        )
        assert isinstance(series, SeriesAnswer)
        assert len(series.scores) == 6
        waiting = await get_forecast.asyncio(answer.forecast_id, client=client)
        assert isinstance(waiting, OnItsWay)
        wrong = await get_team1_win_probability.asyncio_detailed(
            client=client, body=ForecastRequest(map_="Nuke", team1="Vitallity", team2="FURIA")
        )
        assert wrong.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert isinstance(wrong.parsed, Problem)
        assert "did you mean Vitality" in wrong.parsed.detail
