"""Processes of a stack, found by their mark: never by name alone."""

import contextlib
from pathlib import Path

import psutil

from cli.stack.layout import STACK_MARK

END_SECONDS = 15


def owned_processes(data: Path) -> list[psutil.Process]:
    """Living processes of the stack in ``data``: they carry its mark, or are its PostgreSQL (which hides its marks)."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.status() == psutil.STATUS_ZOMBIE or process.pid == psutil.Process().pid:
                continue
            if process.environ().get(STACK_MARK) == str(data):
                found.append(process)
    known = {process.pid for process in found}
    for process in list(found):
        with contextlib.suppress(psutil.Error):
            found += [child for child in process.children(recursive=True) if child.pid not in known]
            known |= {child.pid for child in found}
    return found


def end_leftovers(data: Path) -> int:
    """End what a crash left behind; PostgreSQL gets the signal that stops it cleanly. How many there were."""
    left = owned_processes(data)
    for process in left:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    _, alive = psutil.wait_procs(left, timeout=END_SECONDS)
    for process in alive:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, timeout=END_SECONDS)
    return len(left)
