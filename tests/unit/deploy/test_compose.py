"""The compose file, checked without a container engine: all that it names exists, fits together and is pinned."""

import importlib.util
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import uvicorn.config
import yaml

from cs2.settings import Settings
from tests.testkit.images import DOCKERFILES, ROOT, copied_from_the_tree, instructions

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
BUILT = {name: service for name, service in SERVICES.items() if "build" in service}
SERVICE_KEYS = {
    "build", "cap_drop", "command", "configs", "depends_on", "environment", "healthcheck", "image", "init", "logging",
    "mem_limit", "networks", "ports", "profiles", "restart", "secrets", "security_opt", "shm_size", "stop_grace_period",
    "user", "volumes",
}  # fmt: skip
PLACEHOLDER = re.compile(r"(?<!\$)\{([a-z0-9_]+)\??\}")
SOURCES_URLS = {"valve_url", "pandascore_url", "bo3gg_url"}
"""Addresses outside the deployment, whose defaults are right."""
every_service = pytest.mark.parametrize("name", SERVICES)


def environment_of(name: str) -> dict[str, str]:
    environment: dict[str, str] = SERVICES[name].get("environment", {})
    return environment


def commands_of(name: str) -> list[list[str]]:
    """Return the commands of a container: its own, or that of its image, and its health check."""
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
    assert re.match(r"\d+\.\d+(-|$)" if name == "postgres" else r"v?\d+\.\d+\.\d+(-|$)", tag)


def test_every_dockerfile_is_built_and_every_image_once() -> None:
    used = {service["build"]["dockerfile"] for service in BUILT.values()}
    assert used == {str(path.relative_to(ROOT)) for path in DOCKERFILES}
    dockerfiles_by_image: dict[str, set[str]] = {}
    for service in BUILT.values():
        assert service["build"]["context"] == "."
        dockerfiles_by_image.setdefault(service["image"], set()).add(service["build"]["dockerfile"])
    assert all(len(dockerfiles) == 1 for dockerfiles in dockerfiles_by_image.values())
    ours = {service["image"] for service in SERVICES.values() if service["image"].startswith("cs2-forecast-")}
    assert ours == set(dockerfiles_by_image)


@every_service
def test_a_service_is_closed(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["image"].startswith("cs2-forecast-") or service["user"] not in {"root", "0"}
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    assert "back" in service["networks"]
    # The code server fetches from the sources.
    assert ("ports" in service or name == "dagster-code") == ("front" in service["networks"])
    assert COMPOSE["networks"]["back"]["internal"] is True


def megabytes(size: str) -> int:
    match = re.fullmatch(r"(\d+)(mb?|gb?)", size)
    assert match is not None, size
    return int(match[1]) * (1024 if match[2].startswith("g") else 1)


@every_service
def test_memory_and_logs_of_a_service_are_limited(name: str) -> None:
    assert 128 <= megabytes(SERVICES[name]["mem_limit"]) <= 4096
    assert SERVICES[name]["logging"] == {"driver": "local"}


def test_redis_refuses_writes_before_its_memory_limit() -> None:
    command = SERVICES["redis"]["command"][-1]
    limit = re.search(r"--maxmemory (\w+)", command)
    assert limit is not None
    # A rewrite of the append-only file takes memory too.
    assert megabytes(limit[1]) <= 0.8 * megabytes(SERVICES["redis"]["mem_limit"])
    assert "--maxmemory-policy noeviction" in command
    assert "--appendonly yes" in command


@every_service
def test_every_variable_of_a_service_is_read(name: str) -> None:
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
        elif variable == "FORWARDED_ALLOW_IPS":
            assert variable in Path(uvicorn.config.__file__).read_text()
        else:
            assert variable.startswith(("POSTGRES_", "MONGO_INITDB_"))


def test_every_required_setting_is_set() -> None:
    definitions = (ROOT / "pipelines" / "definitions.py").read_text()
    assert set(re.findall(r'EnvVar\("(\w+)"\)', definitions)) <= set(environment_of("dagster-code"))
    for folder, name in {"pipelines": "dagster-code", "serving": "api", "ingest_worker": "sink"}.items():
        code = "\n".join(path.read_text() for path in (ROOT / folder).rglob("*.py"))
        read = set(re.findall(r"settings(?:\(\))?\.(\w+)", code)) & set(Settings.model_fields)
        # Addresses of servers, secrets and data folders have no default that holds across containers.
        needed = {field for field in read if field.endswith(("_url", "_key", "_token", "data_dir"))} - SOURCES_URLS
        assert {f"CS2_{field.upper()}" for field in needed} <= set(environment_of(name)), name
    dagster_home = "\n".join(path.read_text() for path in (ROOT / "dagster_home").glob("*.yaml"))
    for name in ("dagster-code", "dagster-webserver", "dagster-daemon"):
        assert set(re.findall(r"env: (\w+)", dagster_home)) <= set(environment_of(name))
    assert environment_of("dagster-daemon")["DAGSTER_CODE_HOST"] in SERVICES


def test_mlflow_allows_the_hosts_that_call_it() -> None:
    allowed = set(environment_of("mlflow")["MLFLOW_SERVER_ALLOWED_HOSTS"].split(","))
    called = {
        value.split("//")[1] for name in SERVICES for key, value in environment_of(name).items() if "MLFLOW_URL" in key
    }
    (port,) = SERVICES["mlflow"]["ports"]
    assert allowed == called | {port.rpartition(":")[0], f"localhost:{port.split(':')[1]}"}


@every_service
def test_a_url_names_a_service_and_its_driver(name: str) -> None:
    for variable, value in environment_of(name).items():
        url = re.match(r"([\w+]+)://(?:[^@/]*@)?([\w-]+):\d+", value)
        if url is None:
            assert "://" not in value, variable
            continue
        assert url[2] in SERVICES, variable
        assert not url[1].startswith("postgres") or url[1] in {"postgresql+psycopg", "postgresql+psycopg2"}


@every_service
def test_a_service_waits_for_health_checks(name: str) -> None:
    for other, how in SERVICES[name].get("depends_on", {}).items():
        if how["condition"] == "service_healthy":
            assert "healthcheck" in SERVICES[other]
        else:
            assert how["condition"] == "service_completed_successfully"
            assert SERVICES[other]["restart"] == "no"
    if SERVICES[name]["restart"] != "no":
        assert {"test", "start_period", "timeout"} <= set(SERVICES[name]["healthcheck"])


@every_service
def test_services_with_tables_wait_for_the_migration(name: str) -> None:
    waiting, waited_for = [name], set()
    while waiting:
        new = set(SERVICES[waiting.pop()].get("depends_on", {})) - waited_for
        waited_for |= new
        waiting += new
    assert name not in waited_for
    if environment_of(name).get("CS2_DATABASE_URL") and name != "migrate":
        assert "migrate" in waited_for
    assert not any("profiles" in SERVICES[other] for other in waited_for)


@pytest.mark.parametrize(("copy", "first"), [("api-2", "api"), ("sink-2", "sink")])
def test_a_replica_differs_only_in_folder_and_port(copy: str, first: str) -> None:
    assert SERVICES[copy]["profiles"] == ["replicas"]
    own = {"volumes", "ports", "profiles"}
    assert {k: v for k, v in SERVICES[copy].items() if k not in own} == {
        k: v for k, v in SERVICES[first].items() if k not in own
    }
    mounts = [str(mount) for name in (copy, first) for mount in SERVICES[name].get("volumes", [])]
    assert len({mount.split(":")[0] for mount in mounts}) == len(mounts), (
        "an API rejects a data folder that another API uses"
    )
    assert {mount.partition(":")[2] for mount in mounts} == ({"/data"} if mounts else set())


def test_no_two_services_publish_one_port() -> None:
    published = [str(port).rpartition(":")[0] for service in SERVICES.values() for port in service.get("ports", [])]
    assert len(set(published)) == len(published)


@every_service
def test_a_named_volume_belongs_to_the_image_user(name: str) -> None:
    service = SERVICES[name]
    if not service["image"].startswith("cs2-forecast-"):
        return
    (dockerfile,) = {s["build"]["dockerfile"] for s in BUILT.values() if s["image"] == service["image"]}
    runs = [rest.split() for instruction, rest in instructions(ROOT / dockerfile) if instruction == "RUN"]
    owned = {word for run in runs if "--owner" in run for word in run[run.index("--owner") + 2 :]}
    for mount in service.get("volumes", []):
        source, target = mount.split(":")[:2]
        assert source not in COMPOSE["volumes"] or target in owned, f"{target} would belong to root"


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
    ours = {mount.split(":")[0] for mount in mounts if mount.startswith("./")}
    assert all((ROOT / path).exists() for path in ours)
    named = {mount.split(":")[0] for mount in mounts if not mount.startswith("$")} - ours
    assert named == set(COMPOSE["volumes"])
    assert {config["source"] for service in SERVICES.values() for config in service.get("configs", [])} == set(
        COMPOSE["configs"]
    )


def test_every_database_of_a_url_is_created() -> None:
    urls = [value for name in SERVICES for value in environment_of(name).values() if "@postgres:" in value]
    made = set(re.findall(r"CREATE DATABASE (\w+)", COMPOSE["configs"]["databases"]["content"]))
    assert {url.rpartition("/")[2] for url in urls} == made | {environment_of("postgres")["POSTGRES_DB"]}


@every_service
def test_a_service_has_only_the_secrets_it_uses(name: str) -> None:
    service = SERVICES[name]
    used = {secret for value in environment_of(name).values() for secret in PLACEHOLDER.findall(value)}
    used |= set(re.findall(r"/run/secrets/(\w+)", yaml.safe_dump({**service, "healthcheck": None})))
    assert used == set(service.get("secrets", []))
    assert used <= set(COMPOSE["secrets"])
