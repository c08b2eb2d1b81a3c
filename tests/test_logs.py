"""Logging never harms what logs."""

import subprocess
import sys
from pathlib import Path

LOGS_MUCH = """
import resource, structlog
from cs2.logs import configure_logs

configure_logs()
resource.setrlimit(resource.RLIMIT_FSIZE, (1, 1))
for _ in range(1000):
    structlog.get_logger().warning("full", text="x" * 100)
open("{done}", "x").close()
"""


def test_a_disk_that_is_full_of_logs_ends_no_task(tmp_path: Path) -> None:
    """The history's task logs that the local file takes no more; an error there left every request waiting."""

    done = tmp_path / "done"
    with (tmp_path / "log").open("wb") as log:
        script = LOGS_MUCH.format(done=done)
        subprocess.run([sys.executable, "-c", script], stdout=log, check=False, timeout=60)
    assert done.exists()
