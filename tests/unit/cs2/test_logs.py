"""Logs: a full disk does not end a task, and secrets are masked."""

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest
import structlog

from cs2.logs import configure_logs

LOGS_MUCH = """
import resource, structlog
from cs2.logs import configure_logs

configure_logs()
resource.setrlimit(resource.RLIMIT_FSIZE, (1, 1))
for _ in range(1000):
    structlog.get_logger().warning("full", text="x" * 100)
open("{done}", "x").close()
"""


def test_a_full_disk_ends_no_task_that_logs(tmp_path: Path) -> None:
    """The task that publishes events logs a full fallback file: an error in the log would block all requests."""

    done = tmp_path / "done"
    with (tmp_path / "log").open("wb") as log:
        script = LOGS_MUCH.format(done=done)
        subprocess.run([sys.executable, "-c", script], stdout=log, check=False, timeout=60)
    assert done.exists()


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("postgresql+psycopg://cs2:hunter2@db:5432/cs2 is away", "postgresql+psycopg://cs2:***@db:5432/cs2 is away"),
        ("redis://:hunter2@redis:6379/0", "redis://:***@redis:6379/0"),
        ("mongodb://cs2:hunt/er2@mongo:27017/?a=b", "mongodb://cs2:***@mongo:27017/?a=b"),
        ("authorization: Bearer hunter2.x-y", "authorization: Bearer ***"),
        ("token eyJhbGciOi.eyJzdWIi.hunter2 is late", "token *** is late"),
    ],
)
def test_passwords_in_urls_and_tokens_are_masked(capsys: pytest.CaptureFixture[str], text: str, left: str) -> None:
    configure_logs()
    try:
        raise ValueError(text)
    except ValueError as error:
        structlog.get_logger().error("failed", reason=text, nested={"url": [text]}, exc_info=error)
    logging.getLogger("some.library").warning("it says %s", text)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert "hunt" not in str(lines)
    assert lines[0]["reason"] == lines[0]["nested"]["url"][0] == left
    assert lines[1]["event"] == f"it says {left}"
