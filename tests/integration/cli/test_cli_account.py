"""The command registers its own account once, and again if the file is damaged or the API does not know the account."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.api import Api
from cli.forecast import ACCOUNT_FILE, log_in
from tests.testkit.live_service import Tried, tried_service


@pytest.fixture(scope="module")
def live_service(
    servers: dict[str, int], mlflow_url: str, worker_number: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Tried]:
    with tried_service(servers, mlflow_url, worker_number, tmp_path_factory.mktemp("tried")) as service:
        yield service


@pytest.mark.parametrize(
    "content",
    [
        None,
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"username": "cli"}',
        b'{"username": 1, "password": null}',
        b'{"username": "nobody", "password": "not known here"}',
    ],
)
def test_a_lost_account_is_registered_again(live_service: Tried, tmp_path: Path, content: bytes | None) -> None:
    account = tmp_path / ACCOUNT_FILE
    if content is not None:
        account.write_bytes(content)
    with Api(live_service.url) as api:
        log_in(api, account)
        name = api.request("GET", "/auth/me")["username"]
    assert json.loads(account.read_text())["username"] == name
    with Api(live_service.url) as second_api:
        log_in(second_api, account)
        assert second_api.request("GET", "/auth/me")["username"] == name, "the account is stored for the next command"
