"""The OpenAPI 3.1 document, made from what the routes declared."""

import re
import typing
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import models_json_schema

from chengjiu_mp.core.http import Op

_REF = "#/components/schemas/{model}"
_PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "request_id", "errors"],
    "properties": {
        "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
        "detail": {"type": "string", "description": "A Chinese sentence: what happened, and what to do next."},
        "code": {"type": "string", "description": "Stable."}, "request_id": {"type": "string"},
        "errors": {"type": "array", "items": {
            "type": "object", "required": ["pointer", "code", "detail"],
            "properties": {"pointer": {"type": "string"}, "code": {"type": "string"}, "detail": {"type": "string"}},
        }},
    },
}  # fmt: skip


def document(routes: Iterable[tuple[str, str, Op]], *, title: str, version: str, server: str) -> dict[str, Any]:
    """Return the document for (path rule, method, declaration) triples.

    :raise ValueError: when two models of one name would make component names unstable
    """
    ops = list(routes)
    paths: dict[str, Any] = {}
    for rule, method, op in ops:
        path, parameters = _path(rule)
        paths.setdefault(path, {})[method.lower()] = {"tags": _tags(path), **_operation(op, parameters)}
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "servers": [{"url": server}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": {**_schemas(op for _, _, op in ops), "Problem": _PROBLEM},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _schemas(ops: Iterable[Op]) -> dict[str, Any]:
    wanted: set[tuple[Any, Any]] = set()
    for op in ops:
        wanted |= {(op.body, "validation")} if op.body else set()
        wanted |= {(op.query, "validation")} if op.query else set()
        wanted |= {(model, "serialization") for model in _models_in(op.out)}
    ordered = sorted(wanted, key=lambda pair: (pair[0].__name__, pair[1]))
    _, schema = models_json_schema(ordered, ref_template=_REF)
    defs: dict[str, Any] = schema.get("$defs", {})
    doubled = [name for name in defs if "__" in name]
    if doubled:
        raise ValueError(f"two models of one name: {doubled}")
    return defs


def _models_in(annotation: Any) -> set[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {annotation}
    return {model for part in typing.get_args(annotation) for model in _models_in(part)}


def _tags(path: str) -> list[str]:
    return [part for part in path.removeprefix("/api/v1/").split("/") if not part.startswith("{")][:1]


def _path(rule: str) -> tuple[str, list[dict[str, Any]]]:
    parameters = []
    for converter, name in re.findall(r"<(?:(\w+):)?(\w+)>", rule):
        schema = {"type": "integer", "minimum": 1} if converter in ("row", "int") else {"type": "string"}
        parameters.append({"name": name, "in": "path", "required": True, "schema": schema})
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule), parameters


def _operation(op: Op, parameters: list[dict[str, Any]]) -> dict[str, Any]:
    summary, _, rest = op.doc.partition("\n")
    found: dict[str, Any] = {
        "operationId": op.id, "summary": summary.rstrip("."),
        "description": f"{rest.strip()}\n\nWho may: {op.who.describe()}.".strip(),
        "parameters": [*parameters, *_query(op.query)], "responses": _responses(op),
        "security": [] if op.who.public else [{"bearer": []}],
    }  # fmt: skip
    if op.body:
        content: dict[str, Any] = {"schema": {"$ref": _REF.format(model=op.body.__name__)}}
        if op.example:
            content["example"] = op.example
        found["requestBody"] = {"required": not op.body_optional, "content": {"application/json": content}}
    return found


def _query(model: type[BaseModel] | None) -> list[dict[str, Any]]:
    if model is None:
        return []
    schema = model.model_json_schema(ref_template=_REF)
    required = set(schema.get("required", ()))
    return [{"name": n, "in": "query", "required": n in required, "schema": s} for n, s in schema["properties"].items()]


def _responses(op: Op) -> dict[str, Any]:
    good: dict[str, Any] = {"description": HTTPStatus(op.status).phrase}
    if op.out is not None:
        schema = TypeAdapter(op.out).json_schema(ref_template=_REF, mode="serialization")
        schema.pop("$defs", None)  # among the components already
        if isinstance(op.out, type) and issubclass(op.out, BaseModel):
            schema = {"$ref": _REF.format(model=op.out.__name__)}
        good["content"] = {"application/json": {"schema": schema}}
    found = {str(op.status): good}
    # A bad bearer token is told of everywhere, on public routes too; so is a database that had no time (``busy``).
    statuses = {r.kind.value for r in op.refusals} | {401, 429, 500, 503}
    # 409: the same request under the same key is on its way (``in_flight``).
    statuses |= {400, 409, 415, 422} if op.body else ({422, 400} if op.query else set())
    statuses |= set() if op.who.public else {403}
    for status in sorted(statuses):
        codes = sorted(r.code for r in op.refusals if r.kind.value == status)
        found[str(status)] = {
            "description": HTTPStatus(status).phrase + (f": {', '.join(codes)}" if codes else ""),
            "content": {"application/problem+json": {"schema": {"$ref": _REF.format(model="Problem")}}},
        }
    return found
