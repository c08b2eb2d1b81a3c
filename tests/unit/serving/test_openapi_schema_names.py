"""Schema names in the OpenAPI document: a class that is renamed keeps the name that clients know."""

from collections.abc import Iterator
from typing import Any

import cs2_client.models
from serving.app import create_app
from serving.openapi import SCHEMA_NAMES

DOCUMENT = create_app().openapi()
SCHEMAS = DOCUMENT["components"]["schemas"]


def test_renamed_classes_keep_their_schema_names() -> None:
    assert set(SCHEMA_NAMES.values()) <= set(SCHEMAS)
    assert not set(SCHEMA_NAMES) & set(SCHEMAS)
    assert {SCHEMAS[name]["title"] for name in SCHEMA_NAMES.values()} == set(SCHEMA_NAMES.values())


def test_the_client_has_a_class_of_every_schema_name() -> None:
    objects = {name.removeprefix("Body_") for name, schema in SCHEMAS.items() if schema["type"] == "object"}
    assert objects - {"log_in"} <= set(cs2_client.models.__all__)


def test_every_reference_leads_to_a_schema() -> None:
    assert {reference.removeprefix("#/components/schemas/") for reference in references(DOCUMENT)} <= set(SCHEMAS)


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from [node["$ref"]] if "$ref" in node else []
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            yield from references(item)
