"""Errors of the stack, with messages for users."""


class StackError(Exception):
    """The stack cannot start or does not answer; the message says why and what to do."""
