"""``python -m cli``: run ``cs2`` without the installed script."""

from cli.main import app

app()
