"""What FastAPI cannot know of the OpenAPI document. Pure."""

from __future__ import annotations

import copy
from typing import Any

from buoy.access import OPEN_PATHS
from buoy.api import Problem
from buoy.problems import PROBLEM_JSON

Document = dict[str, Any]


def complete(document: Document) -> Document:
    """Adds HEAD and OPTIONS to every path, and the form of every error."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = Problem.model_json_schema(by_alias=True)
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    for path, operations in document["paths"].items():
        get = operations["get"]
        _declare_errors(get["responses"], path)
        operations["head"] = _head(get)
        operations["options"] = _twin(get, "options")
    return document


def _declare_errors(responses: Document, path: str) -> None:
    for response in responses.values():
        response["description"] = response["description"].replace("Successful Response", "What is known")
    if "422" in responses:
        responses["422"] = _error("A query parameter is wrong")
    if path not in OPEN_PATHS:
        responses["403"] = _error("The client's address is not in KEEPALIVED_BUOY_ALLOW")


def _error(description: str) -> Document:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": description, "content": {PROBLEM_JSON: {"schema": schema}}}


def _twin(get: Document, method: str) -> Document:
    twin = copy.deepcopy(get)
    twin["operationId"] = f"{get['operationId'].removesuffix('_get')}_{method}"
    return twin


def _head(get: Document) -> Document:
    head = _twin(get, "head")
    for response in head["responses"].values():
        response.pop("content", None)
    return head
