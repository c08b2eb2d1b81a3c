"""Run supervisor as a child process: it starts, restarts and stops the programs at our request."""

import shlex
import subprocess
import sys
import xmlrpc.client
from collections.abc import Mapping, Sequence
from typing import Any

from cli.stack.errors import StackError
from cli.stack.layout import Layout, secret
from cli.stack.programs import Program

STOP_SECONDS = 15


def configuration(layout: Layout, programs: Sequence[Program]) -> str:
    """Return the configuration file of supervisor."""
    password = secret(layout.data, "supervisor")
    parts = [
        "[supervisord]",
        "nodaemon=true",
        "silent=true",
        f"logfile={_escape(layout.logs / 'supervisor.log')}",
        f"pidfile={_escape(layout.data / 'supervisor.pid')}",
        f"childlogdir={_escape(layout.logs)}",
        "minfds=1024",
        "[inet_http_server]",
        f"port=127.0.0.1:{layout.ports['supervisor']}",
        "username=cs2",
        f"password={password}",
        "[rpcinterface:supervisor]",
        "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface",
    ]
    for program in programs:
        parts += [
            f"[program:{program.name}]",
            f"command={_escape(shlex.join(program.command))}",
            "directory=/",
            "autostart=false",
            "autorestart=true",
            "startsecs=0",
            "startretries=1000",
            f"stopsignal={program.stop_signal}",
            "stopasgroup=true" if program.stop_signal == "KILL" else "stopasgroup=false",
            "killasgroup=true",
            f"stopwaitsecs={STOP_SECONDS}",
            "redirect_stderr=true",
            f"stdout_logfile={_escape(layout.logs / (program.name + '.log'))}",
            "stdout_logfile_maxbytes=10MB",
            "stdout_logfile_backups=2",
        ]
        if program.user:
            parts.append(f"user={program.user}")
        if program.environment:
            parts.append(f"environment={_environment(program.environment)}")
    return "\n".join(parts) + "\n"


def _escape(value: object) -> str:
    return str(value).replace("%", "%%")


def _environment(values: Mapping[str, str]) -> str:
    return ",".join(f'{name}="{_escape(value)}"' for name, value in values.items())


def start_supervisor(layout: Layout, environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """Start supervisor in its own session, so that Ctrl-C reaches only the command, which stops supervisor in order."""
    command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(layout.data / "supervisor.conf")]
    log = layout.logs / "supervisor.out"
    with log.open("wb") as out:
        return subprocess.Popen(
            command, cwd="/", env=dict(environment), stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            start_new_session=True,
        )  # fmt: skip


class Supervisor:
    """Client of supervisor's XML-RPC interface."""

    def __init__(self, layout: Layout) -> None:
        password = secret(layout.data, "supervisor")
        self._address = f"127.0.0.1:{layout.ports['supervisor']}"
        self._server = xmlrpc.client.ServerProxy(f"http://cs2:{password}@{self._address}/RPC2")

    def is_up(self) -> bool:
        """Return whether supervisor answers."""
        try:
            self._call("getState")
        except StackError:
            return False
        return True

    def start(self, name: str) -> None:
        """Start a program if it does not run."""
        try:
            self._call("startProcess", name, False)
        except xmlrpc.client.Fault as fault:
            if "ALREADY_STARTED" not in fault.faultString:
                raise StackError(f"{name} cannot start: {fault.faultString}") from fault

    def stop(self, name: str) -> None:
        """Stop a program and wait until it has ended."""
        try:
            self._call("stopProcess", name, True)
        except xmlrpc.client.Fault as fault:
            if "NOT_RUNNING" not in fault.faultString:
                raise StackError(f"{name} cannot be stopped: {fault.faultString}") from fault

    def processes(self) -> dict[str, dict[str, Any]]:
        """Return the state of each program."""
        return {str(info["name"]): info for info in self._call("getAllProcessInfo")}

    def shut_down(self) -> None:
        """End supervisor."""
        self._call("shutdown")

    def close(self) -> None:
        """Close the connection."""
        self._server("close")()

    def _call(self, method: str, *arguments: Any) -> Any:
        try:
            return getattr(self._server.supervisor, method)(*arguments)
        except (OSError, xmlrpc.client.ProtocolError) as error:
            raise StackError(f"supervisor at {self._address} does not answer: {error}") from error
