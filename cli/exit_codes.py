"""What the command's exit status means; the README lists it."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit status of every ``cs2`` command."""

    OK = 0
    FAILURE = 1
    WRONG_INPUT = 2
    MODEL_REFUSED = 3
