"""``cs2 models`` and ``cs2 users`` on PostgreSQL."""

import json
from pathlib import Path

import pytest
from sqlalchemy.orm import Session
from typer.testing import CliRunner

from cli.main import app
from cs2.storage.engine import make_engine
from cs2.storage.users import User
from tests.testkit.published_models import Models


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.output


@pytest.fixture(autouse=True)
def environment(postgres_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CS2_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("CS2_DATABASE_URL", postgres_url)
    monkeypatch.setenv("CS2_REDIS_URL", redis_url)


def listed() -> dict[int, str]:
    code, output = run("models", "list", "--json")
    assert code == 0, output
    return {row["version"]: row["status"] for row in json.loads(output)}


def test_a_model_is_promoted_and_rolled_back(models: Models) -> None:
    first, second = models.publish(), models.publish(seed=1)
    assert listed() == {second: "champion", first: "retired"}
    assert "champion" in run("models", "list")[1]
    code, output = run("models", "rollback")
    assert (code, f"version {first} is the champion" in output) == (0, True)
    assert listed() == {second: "retired", first: "champion"}
    assert run("models", "promote", str(second))[0] == 0
    assert listed() == {second: "champion", first: "retired"}
    code, output = run("models", "show", str(first), "--json")
    assert json.loads(output)["trained_from"] == "2024-01-01"
    assert "logistic_regression" in run("models", "show", str(first))[1]


def test_an_impossible_change_exits_with_status_2(models: Models) -> None:
    assert "no model was trained yet" in run("models", "list")[1]
    for arguments, message in (
        (("rollback",), "no earlier champion"),
        (("promote", "7"), "there is no version 7"),
        (("show", "7"), "there is no version 7"),
    ):
        code, output = run("models", *arguments)
        assert (code, message in output) == (2, True), output


def test_without_redis_the_promotion_stands(models: Models, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = models.publish(), models.publish(seed=1)
    monkeypatch.setenv("CS2_REDIS_URL", "redis://127.0.0.1:1/0")
    code, output = run("models", "rollback")
    assert (code, "Redis does not answer" in output) == (0, True)
    assert listed() == {second: "retired", first: "champion"}


def test_make_admin_creates_the_first_admin(postgres_url: str) -> None:
    assert "no account is registered yet" in run("users", "list")[1]
    engine = make_engine(postgres_url)
    with Session(engine) as session, session.begin():
        session.add(User(username="ada", password_hash="x"))
    engine.dispose()
    assert run("users", "make-admin", "Ada") == (0, "ada is an admin now\n")
    assert "admin" in run("users", "list")[1]
    assert run("users", "make-user", "ada") == (0, "ada is a user now\n")
    assert "admin" not in run("users", "list")[1]
    code, output = run("users", "make-admin", "bob")
    assert (code, "no account has the name bob" in output) == (2, True)


@pytest.mark.parametrize("command", [("models", "list"), ("models", "rollback"), ("users", "list")])
def test_an_unavailable_postgresql_is_reported(command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CS2_DATABASE_URL", "postgresql+psycopg://cs2@127.0.0.1:1/cs2")
    code, output = run(*command)
    assert (code, "PostgreSQL does not answer" in output) == (1, True)
