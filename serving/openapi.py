"""What the OpenAPI document says beyond what FastAPI generates: schema names that stay, and problem responses."""

from http import HTTPStatus
from typing import Any

from serving.errors import MEDIA_TYPE, Problem

SCHEMA_NAMES = {
    "AccountDeletion": "Farewell",
    "Outcome": "Turnout",
    "PendingForecast": "OnItsWay",
    "Ref": "Named",
}
"""Name in the document by name of the class. Generated clients use schema names, so a class that is renamed keeps its
old name here."""

_REF = "#/components/schemas/"
_BODY_STATUSES = (HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
"""Every request with a body can be undecodable or too large."""


def complete_document(document: dict[str, Any]) -> dict[str, Any]:
    """Complete the document that FastAPI generated.

    Schemas get the names by which clients know them, errors the media type of problems, and operations with a body the
    errors that any body can cause.
    """
    for path in document["paths"].values():
        for operation in path.values():
            _complete_responses(operation)
    named: dict[str, Any] = _with_schema_names(document)
    schemas = named["components"]["schemas"]
    named["components"]["schemas"] = {
        public: _with_title(schemas[name], name, public)
        for public, name in sorted((SCHEMA_NAMES.get(name, name), name) for name in schemas)
    }
    return named


def _complete_responses(operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    if "requestBody" in operation:
        responses |= {str(int(status)): _problem_response(status) for status in _BODY_STATUSES}
    for response in responses.values():
        content = response.get("content", {})
        schema = content.get("application/json", {}).get("schema", {})
        if schema.get("$ref") == _REF + Problem.__name__:
            content[MEDIA_TYPE] = content.pop("application/json")


def _problem_response(status: HTTPStatus) -> dict[str, Any]:
    schema = {"$ref": _REF + Problem.__name__}
    return {"description": status.phrase, "content": {MEDIA_TYPE: {"schema": schema}}}


def _with_title(schema: dict[str, Any], name: str, public: str) -> dict[str, Any]:
    return schema | {"title": public} if schema.get("title") == name else schema


def _with_schema_names(node: Any) -> Any:
    """Copy a part of the document with every reference changed to the public name."""
    if isinstance(node, list):
        return [_with_schema_names(item) for item in node]
    if not isinstance(node, dict):
        return node
    copy = {key: _with_schema_names(value) for key, value in node.items()}
    name = str(copy.get("$ref", "")).removeprefix(_REF)
    return copy | {"$ref": _REF + SCHEMA_NAMES[name]} if name in SCHEMA_NAMES else copy
