"""Run a command with the secrets of files in its environment: the entry point of the images.

``{name}`` in a variable becomes the content of ``/run/secrets/name``, quoted where the variable is a URL; ``{name?}``
may be empty. So neither the compose file nor the image, nor what ``docker inspect`` shows, holds a secret.
"""

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

FOLDER = Path("/run/secrets")
PREFIXES = ("CS2_", "DAGSTER_", "MLFLOW_")
PLACEHOLDER = re.compile(r"\{([a-z0-9_]+)(\??)\}")


class SecretError(Exception):
    """A secret that a variable names cannot be used."""


def with_secrets(environment: Mapping[str, str], folder: Path) -> dict[str, str]:
    """The environment with its placeholders filled in.

    Args:
        environment: Variables; those of ``PREFIXES`` may hold placeholders.
        folder: Where the secrets are, one file each.

    Raises:
        SecretError: If a secret is missing, unreadable or empty.
    """
    filled = dict(environment)
    for variable, template in environment.items():
        if variable.startswith(PREFIXES):
            for name, mark in PLACEHOLDER.findall(template):
                secret = _read(folder / name, variable, may_be_empty=bool(mark))
                value = quote(secret, safe="") if "://" in template else secret
                filled[variable] = filled[variable].replace(f"{{{name}{mark}}}", value)
    return filled


def _read(path: Path, variable: str, *, may_be_empty: bool) -> str:
    try:
        content = path.read_text().strip()
    except OSError as error:
        raise SecretError(f"{variable} needs the secret {path}: {error.strerror}") from error
    if not content and not may_be_empty:
        raise SecretError(f"{variable} needs the secret {path}: the file is empty")
    return content


def main(command: list[str]) -> None:
    """Replace this process by ``command``."""
    try:
        environment = with_secrets(os.environ, Path(os.environ.get("SECRETS_DIR", FOLDER)))
    except SecretError as error:
        sys.exit(str(error))
    os.execvpe(command[0], command, environment)  # noqa: S606 - the command is the image's own


if __name__ == "__main__":
    main(sys.argv[1:])
