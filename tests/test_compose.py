"""The deployed stack, checked without a container engine: what it names exists, fits together and is pinned."""

import importlib.util
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from cs2.settings import Settings
from tests.images import DOCKERFILES, ROOT, copied_from_the_tree, instructions

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
BUILT = {name: service for name, service in SERVICES.items() if "build" in service}
SERVICE_KEYS = {
    "build", "cap_drop", "command", "configs", "depends_on", "environment", "healthcheck", "image", "init", "networks",
    "ports", "restart", "secrets", "security_opt", "shm_size", "stop_grace_period", "user", "volumes",
}  # fmt: skip
PLACEHOLDER = re.compile(r"(?<!\$)\{([a-z0-9_]+)\}")
every_service = pytest.mark.parametrize("name", SERVICES)


def environment_of(name: str) -> dict[str, str]:
    environment: dict[str, str] = SERVICES[name].get("environment", {})
    return environment


def commands_of(name: str) -> list[list[str]]:
    """What the container runs: its command, or the image's, and its health check."""
    service = SERVICES[name]
    commands = [service["command"]] if "command" in service else []
    if "build" in service and not commands:
        dockerfile = ROOT / service["build"]["dockerfile"]
        commands = [yaml.safe_load(rest) for instruction, rest in instructions(dockerfile) if instruction == "CMD"]
    return commands + [service["healthcheck"]["test"] for _ in range("healthcheck" in service)]


@every_service
def test_a_service_uses_known_keys_only(name: str) -> None:
    assert set(SERVICES[name]) <= SERVICE_KEYS
    assert set(SERVICES[name].get("healthcheck", {})) <= {"test", "interval", "timeout", "retries", "start_period"}
    assert set(COMPOSE) - {key for key in COMPOSE if key.startswith("x-")} == {
        "name", "services", "networks", "volumes", "configs", "secrets",
    }  # fmt: skip


@every_service
def test_an_image_is_pinned_to_a_full_version(name: str) -> None:
    tag = SERVICES[name]["image"].partition(":")[2]
    # PostgreSQL's versions have two numbers.
    assert re.match(r"\d+\.\d+(-|$)" if name == "postgres" else r"\d+\.\d+\.\d+(-|$)", tag)


def test_every_dockerfile_is_built_and_an_image_is_built_in_one_way() -> None:
    used = {service["build"]["dockerfile"] for service in BUILT.values()}
    assert used == {str(path.relative_to(ROOT)) for path in DOCKERFILES}
    ways: dict[str, set[str]] = {}
    for service in BUILT.values():
        assert service["build"]["context"] == "."
        ways.setdefault(service["image"], set()).add(service["build"]["dockerfile"])
    assert all(len(dockerfiles) == 1 for dockerfiles in ways.values())
    ours = {service["image"] for service in SERVICES.values() if service["image"].startswith("cs2-forecast-")}
    assert ours == set(ways)


@every_service
def test_a_service_is_closed(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["image"].startswith("cs2-forecast-") or service["user"] not in {"root", "0"}
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    assert ("ports" in service) == ("outside" in service["networks"])
    assert COMPOSE["networks"]["inside"]["internal"] is True


@every_service
def test_every_variable_of_a_service_is_one_that_somebody_reads(name: str) -> None:
    dagster_home = "\n".join(path.read_text() for path in (ROOT / "dagster_home").glob("*.yaml"))
    dagster = {*re.findall(r"env: (\w+)", dagster_home), "DAGSTER_HOME", "DAGSTER_DISABLE_TELEMETRY"}
    package = importlib.util.find_spec("mlflow")
    assert package is not None
    assert package.origin is not None
    sources = [Path(package.origin).parent / path for path in ("environment_variables.py", "cli/__init__.py")]
    mlflow = {name for source in sources for name in re.findall(r'"(MLFLOW_\w+)"', source.read_text())}
    for variable in environment_of(name):
        if variable.startswith("CS2_"):
            assert variable.removeprefix("CS2_").lower() in Settings.model_fields
        elif variable.startswith("DAGSTER_"):
            assert variable in dagster
        elif variable.startswith("MLFLOW_"):
            assert variable in mlflow
        else:
            assert variable.startswith(("POSTGRES_", "MONGO_INITDB_"))


def test_what_the_parts_need_is_given() -> None:
    definitions = (ROOT / "pipelines" / "definitions.py").read_text()
    assert set(re.findall(r'EnvVar\("(\w+)"\)', definitions)) <= set(environment_of("dagster-code"))
    assert {"CS2_JWT_KEY", "CS2_DATABASE_URL", "CS2_REDIS_URL", "CS2_MLFLOW_URL"} <= set(environment_of("api"))
    assert {"CS2_REDIS_URL", "CS2_MONGO_URL"} <= set(environment_of("sink"))
    dagster_home = "\n".join(path.read_text() for path in (ROOT / "dagster_home").glob("*.yaml"))
    for name in ("dagster-code", "dagster-webserver", "dagster-daemon"):
        assert set(re.findall(r"env: (\w+)", dagster_home)) <= set(environment_of(name))
    assert environment_of("dagster-daemon")["DAGSTER_CODE_HOST"] in SERVICES


@every_service
def test_a_url_leads_to_a_service_that_is_waited_for_on_a_driver_that_is_named(name: str) -> None:
    for variable, value in environment_of(name).items():
        found = re.match(r"([\w+]+)://(?:[^@/]*@)?([\w-]+):\d+", value)
        if found is None:
            assert "://" not in value, variable
            continue
        assert found[2] in SERVICES, variable
        assert not found[1].startswith("postgres") or found[1] in {"postgresql+psycopg", "postgresql+psycopg2"}


@every_service
def test_a_service_waits_on_health_and_never_on_time(name: str) -> None:
    for other, how in SERVICES[name].get("depends_on", {}).items():
        if how["condition"] == "service_healthy":
            assert "healthcheck" in SERVICES[other]
        else:
            assert how["condition"] == "service_completed_successfully"
            assert SERVICES[other]["restart"] == "no"
    if SERVICES[name]["restart"] != "no":
        assert {"test", "start_period", "timeout"} <= set(SERVICES[name]["healthcheck"])


@every_service
def test_a_command_names_modules_and_files_that_exist(name: str) -> None:
    for command in commands_of(name):
        words = [str(word) for word in command]
        for flag in ("-m", "--module-name"):
            if flag in words:
                assert importlib.util.find_spec(words[words.index(flag) + 1]) is not None
        for word in words:
            if word.startswith("/app/"):
                assert (ROOT / word.removeprefix("/app/")).is_file(), word
    if SERVICES[name]["image"].startswith("cs2-forecast-") and "command" in SERVICES[name]:
        program = SERVICES[name]["command"][0]
        assert (Path(sys.executable).parent / program).exists()


@every_service
def test_a_part_is_copied_into_the_image_that_runs_it(name: str) -> None:
    if "build" not in SERVICES[name]:
        return
    copied = copied_from_the_tree(ROOT / SERVICES[name]["build"]["dockerfile"])
    for command in commands_of(name):
        for word in command:
            module = re.match(r"(cs2|serving|pipelines|ingest_worker)\.", str(word))
            assert module is None or module[1] in copied, word


def test_volumes_and_configs_are_declared_and_used() -> None:
    mounts = [str(mount) for service in SERVICES.values() for mount in service.get("volumes", [])]
    named = {mount.split(":")[0] for mount in mounts if not mount.startswith("$")}
    assert named == set(COMPOSE["volumes"])
    assert {config["source"] for service in SERVICES.values() for config in service.get("configs", [])} == set(
        COMPOSE["configs"]
    )


def test_every_database_that_a_url_names_is_made() -> None:
    urls = [value for name in SERVICES for value in environment_of(name).values() if "@postgres:" in value]
    made = set(re.findall(r"CREATE DATABASE (\w+)", COMPOSE["configs"]["databases"]["content"]))
    assert {url.rpartition("/")[2] for url in urls} == made | {environment_of("postgres")["POSTGRES_DB"]}


@every_service
def test_a_service_is_given_the_secrets_that_it_uses_and_no_other(name: str) -> None:
    service = SERVICES[name]
    used = {secret for value in environment_of(name).values() for secret in PLACEHOLDER.findall(value)}
    used |= set(re.findall(r"/run/secrets/(\w+)", yaml.safe_dump({**service, "healthcheck": None})))
    assert used == set(service.get("secrets", []))
    assert used <= set(COMPOSE["secrets"])
