"""The vocabulary of the API's description: schemas, parameters, operations (OpenAPI 3.1)."""

from __future__ import annotations

from typing import Any, Final

Schema = dict[str, Any]

TEXT: Final[Schema] = {"type": "string"}
NULLABLE: Final[Schema] = {"type": ["string", "null"]}
WHOLE: Final[Schema] = {"type": "integer"}
YES_NO: Final[Schema] = {"type": "boolean"}
ANY: Final[Schema] = {"type": "object", "additionalProperties": True}


_OF_SEATS: Final = ("401", "403", "429")  # nobody is logged in, the account may not, too many requests


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def list_of(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def record(required: str, **properties: Schema) -> Schema:
    """`required`: names separated by spaces, `*` for all."""
    names = list(properties) if required == "*" else required.split()
    return {"type": "object", "properties": properties, "required": names}


def answer(text: str, schema: Schema | None = None) -> Schema:
    return {"description": text, **({"content": {"application/json": {"schema": schema}}} if schema else {})}


def parameter(place: str, name: str, text: str, schema: Schema = TEXT, *, required: bool = False) -> Schema:
    return {"in": place, "name": name, "description": text, "schema": schema, "required": required or place == "path"}


def operation(
    summary: str,
    answered_with: Schema | None,
    *,
    errors: str = "400 429",
    body: Schema | None = None,
    parameters: list[Schema] | None = None,
    security: str | None = None,
    status: str = "200",
    answered: str = "好",
) -> Schema:
    codes = dict.fromkeys([*errors.split(), *(_OF_SEATS if security == "seatCookie" else ())])
    operation: Schema = {
        "summary": summary,
        "responses": {
            status: answer(answered, answered_with),
            **{code: {"$ref": "#/components/responses/Error"} for code in codes},
        },
        "security": [{security: []}] if security else [],
    }
    if body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    if parameters:
        operation["parameters"] = parameters
    return operation


def websocket(summary: str, *, errors: str) -> Schema:
    """426 is the answer to whoever does not ask for a WebSocket."""
    refused = {code: {"$ref": "#/components/responses/Error"} for code in f"{errors} 426".split()}
    return {"summary": summary, "responses": {"101": {"description": "switching"}, **refused}}


ORDER_NO: Final = parameter("path", "order_no", "工单编号")
