"""Texts of others on a terminal."""


def printable(text: str) -> str:
    """Return a text that cannot move the cursor or change the colours of a terminal."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)
