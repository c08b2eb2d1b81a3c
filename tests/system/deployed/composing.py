"""Start our services as ``docker compose up`` does: processes in order, each with its own health check."""

import os
import re
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from cli.stack.servers import free_port
from tests.system.deployed.installing import Image
from tests.testkit.images import ROOT
from tests.testkit.waiting import HANG_SECONDS

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {
    name: service
    for name, service in SERVICES.items()
    if service["image"].startswith("cs2-forecast-") and "profiles" not in service
}
ADDRESS = re.compile(r"(?<=[@/])([a-z-]+):(\d+)(?=/|$)")
INTERPOLATED = re.compile(r"\$\{(\w+):-([^}]*)\}")


def image_of(name: str) -> str:
    """Return the folder of the Dockerfile whose image a service runs."""
    ways = {other["image"]: other["build"]["dockerfile"] for other in OURS.values() if "build" in other}
    return str(ways[SERVICES[name]["image"]]).partition("/")[0]


@dataclass
class Composed:
    """Our services as processes.

    Attributes:
        images: By folder of the Dockerfile.
        ports: Port on this machine by the port in the container, by service.
        seconds: Time from the start until the first passed health check, by service.
    """

    images: dict[str, Image]
    servers: dict[str, int]
    secrets: Path
    variables: dict[str, str]
    logs: Path
    ports: dict[str, dict[str, int]] = field(default_factory=dict)
    children: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        inside = {"mlflow": "5000", "dagster-code": "4000", "dagster-webserver": "3000", "api": "8000"}
        self.ports = {name: {port: free_port()} for name, port in inside.items()}

    def url(self, name: str) -> str:
        (port,) = self.ports[name].values()
        return f"http://127.0.0.1:{port}"

    def environment(self, name: str) -> dict[str, str]:
        """Return the variables of the image and the service alone; addresses lead to this machine."""
        image = self.images[image_of(name)]
        home = image.root / "home"
        home.mkdir(exist_ok=True)
        resolved = {key: value.replace("$PATH", "/usr/bin:/bin") for key, value in image.environment.items()}
        for key, value in SERVICES[name].get("environment", {}).items():
            text = INTERPOLATED.sub(lambda m: self.variables.get(m[1], m[2]), value)
            resolved[key] = ADDRESS.sub(self._address, text)
        if "DAGSTER_CODE_HOST" in resolved:
            resolved["DAGSTER_CODE_HOST"] = "127.0.0.1"
            resolved["DAGSTER_CODE_PORT"] = str(self.ports["dagster-code"]["4000"])
        hosts = resolved.get("MLFLOW_SERVER_ALLOWED_HOSTS")
        if hosts:  # clients on this machine use another port
            resolved["MLFLOW_SERVER_ALLOWED_HOSTS"] = f"{hosts},{self.url('mlflow').removeprefix('http://')}"
        resolved.pop("PYTHONDONTWRITEBYTECODE", None)  # modules without linked bytecode (installing.py)
        resolved = {key: image.here(value) for key, value in resolved.items()}
        return {**resolved, "HOME": str(home), "SECRETS_DIR": str(self.secrets)}

    def _address(self, match: re.Match[str]) -> str:
        host, port = match[1], match[2]
        if host in self.servers:
            return f"127.0.0.1:{self.servers[host]}"
        return f"127.0.0.1:{self.ports[host][port]}" if host in self.ports else match[0]

    def _words(self, name: str, command: list[str]) -> list[str]:
        image, own = self.images[image_of(name)], self.ports.get(name, {})
        words = [image.here(str(word)) for word in command]
        for inside, port in own.items():
            words = [re.sub(rf"(?<![\d.]){inside}(?=/|$)", str(port), word) for word in words]
        return ["127.0.0.1" if word == "0.0.0.0" else word for word in words]

    def start(self, name: str) -> None:
        image, service = self.images[image_of(name)], OURS[name]
        command = self._words(name, [*image.entrypoint, *service.get("command", image.command)])
        with (self.logs / f"{name}.log").open("wb") as log:
            self.children[name] = subprocess.Popen(
                command, cwd=image.root / "app", env=self.environment(name), stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip

    def run(self, name: str, words: list[str]) -> tuple[int, str]:
        """Run a command as ``docker compose run`` does; return its status and output."""
        image = self.images[image_of(name)]
        completed = subprocess.run(
            self._words(name, [*image.entrypoint, *words]), cwd=image.root / "app", env=self.environment(name),
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        return completed.returncode, completed.stdout + completed.stderr

    def is_well(self, name: str) -> bool:
        """Run the service's health check; a one-shot service is healthy when it has ended with status 0."""
        child = self.children[name]
        if "healthcheck" not in OURS[name]:
            assert child.poll() in (None, 0), self.tail(name)
            return child.poll() == 0
        assert child.poll() is None, f"{name} has ended: {self.tail(name)}"
        kind, *test = OURS[name]["healthcheck"]["test"]
        assert kind == "CMD"
        check = subprocess.run(
            self._words(name, test), cwd=self.images[image_of(name)].root / "app", env=self.environment(name),
            capture_output=True, timeout=120, check=False,
        )  # fmt: skip
        return check.returncode == 0

    def up(self) -> None:
        """Start each service when its dependencies are healthy, and wait until all are."""
        began: dict[str, float] = {}
        deadline = time.monotonic() + HANG_SECONDS
        while len(self.seconds) < len(OURS):
            for name, service in OURS.items():
                waited_for = set(service.get("depends_on", {})) & set(OURS)
                if name not in began and waited_for <= set(self.seconds):
                    began[name] = time.monotonic()
                    self.start(name)
                elif name in began and name not in self.seconds and self.is_well(name):
                    self.seconds[name] = time.monotonic() - began[name]
            waiting = set(OURS) - set(self.seconds)
            assert time.monotonic() < deadline, {name: self.tail(name) for name in waiting & set(began)}
            time.sleep(0.2)

    def tail(self, name: str) -> str:
        return (self.logs / f"{name}.log").read_text(errors="replace")[-2000:]

    def down(self) -> None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            for name, child in self.children.items():
                try:  # Dagster's code server does not end at SIGTERM
                    os.killpg(child.pid, signal.SIGKILL if name == "dagster-code" else number)
                except ProcessLookupError:
                    continue
            time_left = time.monotonic() + (10 if number is signal.SIGTERM else 30)
            while any(child.poll() is None for child in self.children.values()) and time.monotonic() < time_left:
                time.sleep(0.1)
