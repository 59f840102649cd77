"""Open311 GeoReport v2, as `https://wiki.open311.org/GeoReport_v2` has it; answers in JSON or, with `.xml`, in XML."""

from __future__ import annotations

from typing import Any, Final

from gateway.api_description.words import NULLABLE, TEXT, WHOLE, YES_NO, Schema, list_of, parameter, record, ref

_DEGREES: Final[Schema] = {"type": ["number", "null"]}

SCHEMAS: Final[dict[str, Schema]] = {
    "Open311Errors": list_of(record("*", code=WHOLE, description=TEXT)),
    "Open311Service": record(
        "*",
        service_code=TEXT,
        service_name=TEXT,
        description=TEXT,
        metadata=YES_NO,
        type=TEXT,
        keywords=TEXT,
        group=TEXT,
    ),
    "Open311Definition": record(
        "*",
        service_code=TEXT,
        attributes=list_of(
            {
                "type": "object",
                "properties": {
                    "variable": YES_NO,
                    "code": TEXT,
                    "datatype": TEXT,
                    "required": YES_NO,
                    "datatype_description": NULLABLE,
                    "order": WHOLE,
                    "description": TEXT,
                    "values": list_of(record("*", key=TEXT, name=TEXT)),
                },
            }
        ),
    ),
    "Open311Request": record(
        "*",
        service_request_id=TEXT,
        status={"type": "string", "enum": ["open", "closed"]},
        status_notes=TEXT,
        service_name=TEXT,
        service_code=TEXT,
        description=TEXT,
        agency_responsible=TEXT,
        service_notice=NULLABLE,
        requested_datetime=NULLABLE,
        updated_datetime=NULLABLE,
        expected_datetime=NULLABLE,
        address=TEXT,
        address_id=NULLABLE,
        zipcode=NULLABLE,
        lat=_DEGREES,
        long=_DEGREES,
        media_url=NULLABLE,
    ),
    "Open311Filed": record("*", service_request_id=TEXT, token=TEXT, service_notice=TEXT, account_id=NULLABLE),
    "Open311Token": record("*", service_request_id=TEXT, token=TEXT),
    "Open311Discovery": record(
        "*",
        changeset=TEXT,
        contact=TEXT,
        key_service=TEXT,
        endpoints=list_of(record("*", specification=TEXT, url=TEXT, changeset=TEXT, type=TEXT, formats=list_of(TEXT))),
    ),
}

_FORMAT: Final = parameter("path", "format", "json 或 xml", {"type": "string", "enum": ["json", "xml"]})
_JURISDICTION: Final = parameter("query", "jurisdiction_id", "可不填：只有一个城市")
_PLACE: Final[Schema] = {"type": "string", "description": "WGS84 的度数；lat 和 long 要么都填，要么都不填"}


def _content(schema: Schema) -> dict[str, Any]:
    return {"application/json": {"schema": schema}, "text/xml": {"schema": TEXT}}


def _operation(
    summary: str,
    schema: Schema,
    *,
    errors: str,
    parameters: list[Schema],
    status: str = "200",
    body: Schema | None = None,
) -> Schema:
    refused = {"description": "错误", "content": _content(ref("Open311Errors"))}
    throttled = {"$ref": "#/components/responses/Error"}
    responses = {status: {"description": "好", "content": _content(schema)}, "429": throttled}
    operation: Schema = {
        "summary": summary,
        "parameters": [_FORMAT, *parameters],
        "responses": {**responses, **dict.fromkeys(errors.split(), refused)},
        "security": [],
    }
    if body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/x-www-form-urlencoded": {"schema": body}},
        }
    return operation


_FORM: Final = record(
    "api_key service_code",
    api_key=TEXT,
    service_code=TEXT,
    jurisdiction_id=TEXT,
    lat=_PLACE,
    long=_PLACE,
    address_string=TEXT,
    address_id=TEXT,
    description=TEXT,
    first_name=TEXT,
    last_name=TEXT,
    phone=TEXT,
    email=TEXT,
    device_id=TEXT,
    account_id=TEXT,
    media_url=TEXT,
)

PATHS: Final[dict[str, dict[str, Schema]]] = {
    "/open311/discovery.{format}": {
        "get": _operation("Open311 服务发现", ref("Open311Discovery"), errors="404 503", parameters=[])
    },
    "/open311/v2/services.{format}": {
        "get": _operation(
            "可以受理的事项", list_of(ref("Open311Service")), errors="404 503", parameters=[_JURISDICTION]
        )
    },
    "/open311/v2/services/{service_code}.{format}": {
        "get": _operation(
            "一个事项还可以填写什么",
            ref("Open311Definition"),
            errors="404 503",
            parameters=[parameter("path", "service_code", "事项编码"), _JURISDICTION],
        )
    },
    "/open311/v2/requests.{format}": {
        "get": _operation(
            "公开的工单：只有办理情况，没有个人信息",
            list_of(ref("Open311Request")),
            errors="400 404 503",
            parameters=[
                parameter("query", "service_request_id", "工单编号，逗号分隔；其他条件不再起作用"),
                parameter("query", "service_code", "事项编码，逗号分隔"),
                parameter("query", "start_date", "ISO 8601；最多 90 天"),
                parameter("query", "end_date", "ISO 8601"),
                parameter("query", "status", "open、closed，逗号分隔"),
                _JURISDICTION,
            ],
        ),
        "post": _operation(
            "提交一件诉求",
            list_of(ref("Open311Filed")),
            errors="400 403 404 413 503",
            parameters=[],
            status="201",
            body=_FORM,
        ),
    },
    "/open311/v2/requests/{service_request_id}.{format}": {
        "get": _operation(
            "一件公开的工单",
            list_of(ref("Open311Request")),
            errors="404 503",
            parameters=[parameter("path", "service_request_id", "工单编号"), _JURISDICTION],
        )
    },
    "/open311/v2/tokens/{token}.{format}": {
        "get": _operation(
            "由提交时的 token 查工单编号",
            list_of(ref("Open311Token")),
            errors="404 503",
            parameters=[parameter("path", "token", "提交时得到"), _JURISDICTION],
        )
    },
}
