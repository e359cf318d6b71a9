"""Schemas of the requests and replies, for /openapi.json."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter


def describe(metadata: type, reply: dict[str, Any], what: str) -> dict[str, Any]:
    """Describe a request of two parts, `metadata` and `audio`, and its reply."""
    return {
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "required": ["metadata", "audio"],
                        "properties": {
                            "metadata": schema_of(metadata),
                            "audio": {"type": "string", "format": "binary"},
                        },
                    },
                    "encoding": {
                        "metadata": {"contentType": "application/json"},
                        "audio": {"contentType": "audio/l16, audio/ogg"},
                    },
                }
            },
        },
        "responses": {
            "200": {"description": what, "content": {"application/json": {"schema": reply}}},
            "4XX": _error("The request is at fault: error.code and error.message"),
            "503": _error("Too many requests are waiting; retry after Retry-After seconds"),
        },
    }


def schema_of(kind: type) -> dict[str, Any]:
    """Return the JSON schema of a dataclass, without references."""
    schema = TypeAdapter(kind).json_schema(ref_template="#/x/{model}")
    definitions = schema.pop("$defs", {})
    return dict(_inline(schema, definitions))


def _inline(node: Any, definitions: dict[str, Any]) -> Any:
    """Replace references by their definitions, so that the schema stands alone."""
    if isinstance(node, dict):
        if "$ref" in node:
            return _inline(definitions[node["$ref"].rpartition("/")[2]], definitions)
        return {key: _inline(value, definitions) for key, value in node.items() if key != "default"}
    return [_inline(item, definitions) for item in node] if isinstance(node, list) else node


def _error(description: str) -> dict[str, Any]:
    return {
        "description": description,
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
