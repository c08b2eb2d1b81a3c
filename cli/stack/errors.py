"""What can keep the stack from running, told to people."""


class StackError(Exception):
    """The stack cannot start or be found; the message says why and how to mend it."""
