"""Exit status of the commands, as documented for users."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit status of every ``cs2`` command."""

    OK = 0
    FAILURE = 1
    WRONG_INPUT = 2
    MODEL_REFUSED = 3
