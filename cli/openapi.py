"""``cs2 openapi``: print the OpenAPI document."""

import json

import typer


def openapi() -> None:
    """Print the OpenAPI document of the API as JSON. Needs no running server."""
    from serving.app import create_app

    typer.echo(json.dumps(create_app().openapi(), indent=2))
