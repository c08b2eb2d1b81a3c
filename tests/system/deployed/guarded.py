"""The three servers with passwords, as in the deployed stack; they refuse clients without a password."""

import secrets
import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg
import pymongo
import redis

from cli.stack import servers
from cli.stack.postgres import SUPERUSER, as_user, prepare
from cli.stack.temporary import wait_until_healthy

NAMES = ("postgres_password", "redis_password", "mongo_password", "jwt_key")


class GuardedServers:
    """PostgreSQL, Valkey and MongoDB-wire server that require their passwords."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="cs2-deployed-"))
        self.folder.chmod(0o755)  # when root runs the tests, PostgreSQL's user needs access
        self.ports = {name: servers.free_port() for name in ("postgres", "redis", "mongo")}
        self.secrets = {name: secrets.token_hex(24) for name in NAMES}
        self.secrets["redis_password"] = "p@ss/w:rd#?" + secrets.token_hex(12)
        self.secrets["pandascore_token"] = ""
        self.children: list[subprocess.Popen[bytes]] = []

    def start(self, databases: list[str]) -> None:
        (self.folder / "secrets").mkdir()
        for name, secret in self.secrets.items():
            (self.folder / "secrets" / name).write_text(secret + "\n")
        self._postgres(databases)
        command = servers.valkey_command(self.ports["redis"], self.folder)
        self._run([*command, "--requirepass", self.secrets["redis_password"]])
        self._mongo()

    def redis(self) -> redis.Redis:
        return redis.Redis(port=self.ports["redis"], password=self.secrets["redis_password"])

    def mongo(self) -> "pymongo.MongoClient[dict[str, object]]":
        password = self.secrets["mongo_password"]
        address = f"127.0.0.1:{self.ports['mongo']}"
        return pymongo.MongoClient(address, directConnection=True, username="cs2", password=password)

    def _postgres(self, databases: list[str]) -> None:
        server, port = prepare(self.folder), self.ports["postgres"]
        self._run(server.command(port, "fsync=off"), user=server.user)
        url = f"postgresql://{SUPERUSER}@127.0.0.1:{port}/postgres"
        wait_until_healthy(lambda: servers.postgres_check(url), "PostgreSQL")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"ALTER ROLE {SUPERUSER} PASSWORD '{self.secrets['postgres_password']}'")
            for name in databases:
                connection.execute(f"CREATE DATABASE {name}")
            (server.data / "pg_hba.conf").write_text("host all all 127.0.0.1/32 scram-sha-256\n")
            connection.execute("SELECT pg_reload_conf()")
        refusal = servers.postgres_check(url)
        assert refusal is not None
        assert "password" in refusal

    def _mongo(self) -> None:
        command = servers.mongo_command(self.ports["mongo"], self.folder / "mongo")
        url = f"mongodb://127.0.0.1:{self.ports['mongo']}/?directConnection=true"
        open_to_all = self._run(command)
        wait_until_healthy(lambda: servers.mongo_check(url), "the MongoDB-wire server")
        with pymongo.MongoClient(url) as client:
            client.admin.command("createUser", "cs2", pwd=self.secrets["mongo_password"], roles=["root"])
        open_to_all.terminate()
        open_to_all.wait(30)
        self._run([*command, "--auth"])
        wait_until_healthy(lambda: servers.port_check(self.ports["mongo"]), "the MongoDB-wire server")

    def _run(self, command: list[str], *, user: str | None = None) -> "subprocess.Popen[bytes]":
        with (self.folder / f"{Path(command[0]).name}.log").open("ab") as log:
            child = subprocess.Popen(command, cwd="/", stdout=log, stderr=log, **as_user(user))
        self.children.append(child)
        return child

    def stop(self) -> None:
        for child in self.children:
            child.terminate()
        for child in self.children:
            try:
                child.wait(15)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
