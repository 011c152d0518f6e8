"""The published contract (OpenAPI 3.1), made from the operation table, so that it cannot say anything the router does not do."""

import re
from collections.abc import Iterable

from wetread.web.operations import Access, Operation
from wetread.web.schema import Schema

__all__ = ["to_openapi"]

_PROBLEM: Schema = {
    "type": "object",
    "properties": {
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
    },
    "required": ["title", "status", "code", "detail"],
}


def to_openapi(operations: Iterable[Operation], version: str) -> dict[str, object]:
    """A complete OpenAPI 3.1 document."""
    paths: dict[str, dict[str, object]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    schemes = {
        "session": {"type": "apiKey", "in": "cookie", "name": "wetread"},
        "token": {"type": "http", "scheme": "bearer"},
    }
    info = {
        "title": "wetread",
        "version": version,
        "description": "Assistive research tool. Not a cleared device. AI may be wrong.",
    }
    components = {"securitySchemes": schemes, "schemas": {"Problem": _PROBLEM}}
    return {"openapi": "3.1.0", "info": info, "paths": paths, "components": components}


def _operation(operation: Operation) -> dict[str, object]:
    described: dict[str, object] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "security": _security(operation.access),
        "parameters": _parameters(operation),
        "responses": _responses(operation),
    }
    if operation.body is not None:
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": operation.body}}}
    if operation.takes:
        described["requestBody"] = {"required": True, "content": {each: {} for each in operation.takes}}
    if operation.act is not None:
        described["x-wetread-act"] = operation.act.value
    return described


def _security(access: Access) -> list[dict[str, list[str]]]:
    by_access: dict[Access, list[dict[str, list[str]]]] = {
        Access.PUBLIC: [],
        Access.PERSON: [{"session": []}],
        Access.ACCOUNT: [{"session": []}, {"token": []}],
    }
    return by_access[access]


def _parameters(operation: Operation) -> list[dict[str, object]]:
    string = {"type": "string"}
    in_path = re.findall(r"{(\w+)}", operation.path)
    found: list[dict[str, object]] = [{"name": n, "in": "path", "required": True, "schema": string} for n in in_path]
    found += [{"name": q.name, "in": "query", "description": q.description, "schema": string} for q in operation.query]
    if operation.if_match:
        found.append({"name": "If-Match", "in": "header", "required": True, "schema": string})
    if operation.changes:
        found.append({"name": "wetread-request", "in": "header", "required": False, "schema": {"const": "1"}})
    return found


def _responses(operation: Operation) -> dict[str, object]:
    problem = {"content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    refusals = {"default": {"description": "refused or failed (RFC 9457)", **problem}}
    media_type = operation.media_type.partition(";")[0]
    content: dict[str, object] = {} if operation.status == 204 else {"content": {media_type: {}}}
    return {str(operation.status): {"description": operation.answers, **content}, **refusals}
