"""Find and end the processes of a stack, by their environment variable and never by name alone."""

import contextlib
from pathlib import Path

import psutil

from cli.stack.layout import STACK_MARK

END_SECONDS = 15


def owned_processes(data: Path) -> list[psutil.Process]:
    """Return the running processes of the stack in ``data``.

    They have its environment variable, or descend from such a process: PostgreSQL overwrites its environment.
    """
    processes = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.status() == psutil.STATUS_ZOMBIE or process.pid == psutil.Process().pid:
                continue
            if process.environ().get(STACK_MARK) == str(data):
                processes.append(process)
    pids = {process.pid for process in processes}
    for process in list(processes):
        with contextlib.suppress(psutil.Error):
            processes += [child for child in process.children(recursive=True) if child.pid not in pids]
            pids |= {child.pid for child in processes}
    return processes


def end_leftovers(data: Path) -> int:
    """End the processes that a crash left running; SIGTERM first, so that PostgreSQL stops cleanly.

    Returns:
        The number of processes.
    """
    processes = owned_processes(data)
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    _, alive = psutil.wait_procs(processes, timeout=END_SECONDS)
    for process in alive:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, timeout=END_SECONDS)
    return len(processes)
