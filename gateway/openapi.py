"""`/api/v1/openapi.json`: the public API and the desk's, written by hand; a test holds it against the routes."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from gateway.core import core_of
from gateway.errors import dumps
from knowledge.lifecycle import EVENTS as LIFE
from workorders.order import RULES, STATUSES

Schema = dict[str, Any]

_TEXT: Final[Schema] = {"type": "string"}
_NULLABLE: Final[Schema] = {"type": ["string", "null"]}
_WHOLE: Final[Schema] = {"type": "integer"}
_YES_NO: Final[Schema] = {"type": "boolean"}
_ANY: Final[Schema] = {"type": "object", "additionalProperties": True}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _object(required: str, **properties: Schema) -> Schema:
    """`required`: names separated by spaces, `*` for all."""
    names = list(properties) if required == "*" else required.split()
    return {"type": "object", "properties": properties, "required": names}


def _answer(text: str, schema: Schema | None = None) -> Schema:
    return {"description": text, **({"content": {"application/json": {"schema": schema}}} if schema else {})}


def _parameter(place: str, name: str, text: str, schema: Schema = _TEXT, *, required: bool = False) -> Schema:
    return {"in": place, "name": name, "description": text, "schema": schema, "required": required or place == "path"}


def _operation(
    summary: str,
    answer: Schema | None,
    *,
    errors: str = "400 429",
    body: Schema | None = None,
    parameters: list[Schema] | None = None,
    security: str | None = None,
    status: str = "200",
    answered: str = "好",
) -> Schema:
    operation: Schema = {
        "summary": summary,
        "responses": {
            status: _answer(answered, answer),
            **{code: {"$ref": "#/components/responses/Error"} for code in errors.split()},
        },
        "security": [{security: []}] if security else [],
    }
    if body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    if parameters:
        operation["parameters"] = parameters
    return operation


SCHEMAS: Final[dict[str, Schema]] = {
    "Error": _object("error", error=_object("*", code=_TEXT, message=_TEXT)),
    "Citation": _object("*", title=_TEXT, source=_TEXT, clause=_TEXT, effective_from=_TEXT, url=_TEXT),
    "Reply": _object("*", text=_TEXT, citations=_list(_ref("Citation"))),
    "ChatRequest": _object(
        "text",
        conversation_id={**_NULLABLE, "description": "null 表示开始新的对话", "maxLength": 64},
        text={**_TEXT, "minLength": 1},
        channel={"type": "string", "enum": ["api", "web", "wechat"], "default": "api"},
        client_message_id={**_NULLABLE, "maxLength": 64, "description": "同一编号重复发送只处理一次"},
    ),
    "ChatResponse": _object(
        "*",
        conversation_id=_TEXT,
        replies=_list(_ref("Reply")),
        asking=_NULLABLE,
        outcome=_NULLABLE,
        orders=_list(_TEXT),
    ),
    "KnowledgeItem": _object(
        "id question answer score citation",
        id=_TEXT,
        question=_TEXT,
        answer=_TEXT,
        score={"type": "number"},
        citation={"oneOf": [_ref("Citation"), {"type": "null"}]},
        sample=_YES_NO,
    ),
    "SearchResult": _object("*", items=_list(_ref("KnowledgeItem")), answerable=_YES_NO),
    "PublicOrder": _object(
        "order_no status status_text events",
        order_no=_TEXT,
        status={"type": "string", "enum": list(STATUSES)},
        status_text=_TEXT,
        request_type=_TEXT,
        title=_TEXT,
        confidential=_YES_NO,
        category=_NULLABLE,
        district=_NULLABLE,
        unit=_TEXT,
        deadline_at=_NULLABLE,
        filed_at=_NULLABLE,
        updated_at=_NULLABLE,
        events=_list(_object("*", event=_TEXT, text=_TEXT, note=_TEXT, at=_TEXT)),
    ),
    "OrderStep": _object(
        "event",
        event={"type": "string", "enum": list(RULES)},
        note=_TEXT,
        data=_ANY,
        version={"type": ["integer", "null"]},
    ),
    "Seat": _object("*", id=_TEXT, display_name=_TEXT, role=_TEXT),
    "Account": _object("*", id=_TEXT, display_name=_TEXT, role=_TEXT, permissions={"type": "array", "items": _TEXT}),
    "Callback": _object("id status", id=_TEXT, conversation_id=_TEXT, number=_NULLABLE, reason=_TEXT, status=_TEXT),
}

_NUMBER: Final = _parameter("path", "order_no", "工单编号")
_SIGNED: Final = [
    _parameter("header", "X-Hotline-Unit", "承办单位名称（URL 编码）", required=True),
    _parameter("header", "X-Hotline-Timestamp", "秒，自 1970 年起", required=True),
    _parameter("header", "X-Hotline-Event-Id", "唯一编号，重复发送只处理一次", required=True),
]
_FIELDS: Final = _object("request_type detail", request_type=_TEXT, title=_TEXT, detail=_TEXT)

PATHS: Final[dict[str, dict[str, Schema]]] = {
    "/api/v1/chat": {
        "post": _operation(
            "说一句话，得到回复", _ref("ChatResponse"), body=_ref("ChatRequest"), errors="400 404 413 429 503"
        )
    },
    "/api/v1/knowledge/search": {
        "get": _operation(
            "自助查询知识库",
            _ref("SearchResult"),
            parameters=[
                _parameter("query", "q", "问题", required=True),
                _parameter("query", "limit", "最多几条，1 到 20", _WHOLE),
            ],
            errors="400 429 503",
        )
    },
    "/api/v1/points/kinds": {
        "get": _operation(
            "服务点的类型和数量", _object("*", items=_list(_object("*", kind=_TEXT, count=_WHOLE))), errors="429 503"
        )
    },
    "/api/v1/points/nearest": {
        "get": _operation(
            "最近的服务点：按地点（区、街道、标志性地点）或经纬度；给出的经纬度都是 WGS-84",
            _object("*", verdict=_TEXT, kind=_TEXT, place=_TEXT, total=_WHOLE, choices=_list(_TEXT), items=_list(_ANY)),
            parameters=[
                _parameter("query", "kind", "类型", required=True),
                _parameter("query", "place", "在哪里：区、街道或者标志性地点"),
                _parameter("query", "longitude", "经度", {"type": "number"}),
                _parameter("query", "latitude", "纬度", {"type": "number"}),
                _parameter("query", "datum", "所给经纬度的坐标系：wgs84（默认）、gcj02、bd09"),
                _parameter("query", "limit", "最多几个，1 到 20", _WHOLE),
            ],
            errors="400 429 503",
        )
    },
    "/api/v1/orders/breaches": {
        "get": _operation(
            "超期工单记录（有统计权限的账号）",
            _object(
                "*",
                items=_list(_ANY),
                units=_list(_object("*", unit=_TEXT, breaches=_WHOLE, open=_WHOLE)),
                total=_WHOLE,
                page=_WHOLE,
                page_size=_WHOLE,
            ),
            parameters=[
                _parameter("query", "days", "最近多少天，默认 30", {"type": "number"}),
                _parameter("query", "unit", "承办单位"),
                _parameter("query", "open", "1 表示只看仍未答复的"),
                _parameter("query", "page", "页，从 1 起", _WHOLE),
                _parameter("query", "page_size", "每页几条，1 到 200", _WHOLE),
            ],
            security="seatCookie",
            errors="400 401 403",
        )
    },
    "/api/v1/orders/{order_no}": {
        "get": _operation(
            "凭查询码查看办理进度；坐席登录后可查看全部内容",
            _ref("PublicOrder"),
            parameters=[
                _NUMBER,
                _parameter("query", "tracking_code", "登记时告知的查询码"),
                _parameter("header", "X-Tracking-Code", "同上，可代替 tracking_code"),
            ],
            errors="404 429",
        )
    },
    "/api/v1/orders/{order_no}/events": {
        "post": _operation(
            "承办单位系统报告进展（签名）",
            _object("*", order_no=_TEXT, status=_TEXT, version=_WHOLE),
            body=_ref("OrderStep"),
            parameters=[_NUMBER, *_SIGNED],
            security="unitSignature",
            errors="400 401 404 409",
        )
    },
    "/api/v1/openapi.json": {"get": _operation("本说明", _ANY, errors="429")},
    "/api/v1/seat/login": {
        "post": _operation(
            "坐席登录", _ref("Seat"), body=_object("*", login=_TEXT, password=_TEXT), errors="400 401 403 429"
        )
    },
    "/api/v1/seat/logout": {"post": _operation("坐席退出", _object("*", logged_out=_YES_NO), errors="403")},
    "/api/v1/seat/me": {"get": _operation("当前账号和权限", _ref("Account"), security="seatCookie", errors="401")},
    "/api/v1/seat/orders": {
        "get": _operation(
            "工单列表",
            _object("*", items=_list(_ANY)),
            parameters=[_parameter("query", "status", "工单状态"), _parameter("query", "q", "编号、标题或地点")],
            security="seatCookie",
            errors="400 401",
        ),
        "post": _operation(
            "为会话登记工单",
            _object("*", order_no=_TEXT, tracking_code=_TEXT, unit=_TEXT, deadline_hours=_WHOLE, existing=_YES_NO),
            body=_object("*", conversation_id=_TEXT, fields=_FIELDS, client_message_id=_TEXT),
            security="seatCookie",
            status="201",
            errors="400 401 403 404",
        ),
    },
    "/api/v1/seat/orders/{order_no}": {
        "get": _operation("一个工单的全部内容", _ANY, parameters=[_NUMBER], security="seatCookie", errors="401 404")
    },
    "/api/v1/seat/orders/{order_no}/events": {
        "post": _operation(
            "推进工单",
            _ANY,
            body=_ref("OrderStep"),
            parameters=[_NUMBER],
            security="seatCookie",
            errors="400 401 403 404 409",
        )
    },
    "/api/v1/seat/orders/{order_no}/category": {
        "post": _operation(
            "调整工单的事项类别",
            _ANY,
            body=_object("code", code=_TEXT, note=_TEXT, version={"type": ["integer", "null"]}),
            parameters=[_NUMBER],
            security="seatCookie",
            errors="400 401 403 404 409 503",
        )
    },
    "/api/v1/seat/catalogue": {
        "get": _operation(
            "事项目录：名称或编码中有这个词的类别，再加上最像的几个及其理由",
            _object("*", version=_TEXT, items=_list(_ANY)),
            parameters=[_parameter("query", "q", "词、编码或来电内容", required=True)],
            security="seatCookie",
            errors="401 403 503",
        )
    },
    "/api/v1/seat/callbacks": {
        "get": _operation(
            "待回电任务", _object("*", items=_list(_ref("Callback"))), security="seatCookie", errors="401"
        )
    },
    "/api/v1/seat/callbacks/{callback_id}": {
        "post": _operation(
            "领取、完成或退回一个回电任务",
            _ref("Callback"),
            body=_object("status", status=_TEXT, note=_TEXT),
            parameters=[_parameter("path", "callback_id", "任务编号")],
            security="seatCookie",
            errors="400 401 403 404 409",
        )
    },
    "/api/v1/seat/callbacks/{callback_id}/dial": {
        "post": _operation(
            "拨打：给出坐席电话要打开的地址（白天，且已领取任务）",
            _object("*", id=_TEXT, number=_TEXT, uri=_TEXT),
            parameters=[_parameter("path", "callback_id", "任务编号")],
            security="seatCookie",
            errors="401 403 404 409",
        )
    },
    "/api/v1/seat/conversations/{conversation_id}/recording": {
        "get": {
            "summary": "通话录音（WAV，左声道为来电人）；支持 Range；班长，或者负责这个会话、这次回电的坐席",
            "parameters": [
                _parameter("path", "conversation_id", "会话编号"),
                _parameter("query", "part", "这个会话的第几段录音，从1起", _WHOLE),
            ],
            "responses": {
                "200": {"description": "audio/wav"},
                "206": {"description": "audio/wav，一部分"},
                **{code: {"$ref": "#/components/responses/Error"} for code in ("400", "401", "403", "404", "410")},
            },
            "security": [{"seatCookie": []}],
        }
    },
    "/healthz": {"get": _operation("进程是否存活", _object("*", status=_TEXT), errors="500")},
    "/readyz": {"get": _operation("各部分是否就绪", _object("*", ready=_YES_NO, parts=_ANY), errors="503")},
    "/metrics": {"get": {"summary": "Prometheus 指标", "responses": {"200": {"description": "text/plain"}}}},
    "/ws/chat": {"get": {"summary": "市民网页（WebSocket）", "responses": {"101": {"description": "switching"}}}},
    "/ws/seat": {"get": {"summary": "坐席工作台（WebSocket）", "responses": {"101": {"description": "switching"}}}},
}

_RATE: Final = {"type": ["number", "null"]}
_SIGNED_OR_COOKIE: Final[list[dict[str, list[str]]]] = [{"seatCookie": []}, {"unitSignature": []}]
_ACT: Final = _object(
    "event",
    event={"type": "string", "enum": ["accept", "object", "answer", "extend", "note"]},
    note=_TEXT,
    data={**_ANY, "description": "object：suggested_unit；extend：deadline_hours（延长的小时数）"},
    version={"type": ["integer", "null"]},
    event_id={**_TEXT, "maxLength": 64, "description": "同一编号重复发送只处理一次；签名请求用请求头"},
)


def _unit(summary: str, *, errors: str = "400 401 403 404", **more: Any) -> Schema:
    return {**_operation(summary, _ANY, errors=errors, **more), "security": _SIGNED_OR_COOKIE}


_FILE_NAME: Final = _parameter("header", "X-File-Name", "文件名（URL 编码）")
_FILE_ID: Final = _parameter("path", "attachment_id", "附件编号")


def _upload(summary: str, security: str | None, *parameters: Schema) -> Schema:
    body = {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
    errors = "400 401 403 404 409 413 429"
    made = _operation(
        summary, _ANY, parameters=[_NUMBER, _FILE_NAME, *parameters], security=security, status="201", errors=errors
    )
    return {**made, "requestBody": body}


def _download(summary: str) -> Schema:
    made = _operation(summary, None, parameters=[_NUMBER, _FILE_ID], errors="401 403 404")
    return {**made, "security": _SIGNED_OR_COOKIE}


PATHS.update(
    {
        "/api/v1/orders/{order_no}/attachments": {
            "post": _upload(
                "市民凭查询码补充图片、录音等（请求体就是文件）",
                None,
                _parameter("header", "X-Tracking-Code", "登记时告知的查询码", required=True),
            )
        },
        "/api/v1/seat/orders/{order_no}/attachments": {"post": _upload("坐席上传附件", "seatCookie")},
        "/api/v1/seat/orders/{order_no}/attachments/{attachment_id}": {"get": _download("下载附件（坐席）")},
        "/api/v1/unit/orders/{order_no}/attachments": {"post": _upload("承办单位上传附件", "seatCookie")},
        "/api/v1/unit/orders/{order_no}/attachments/{attachment_id}": {"get": _download("下载附件（承办单位）")},
        "/api/v1/unit/me": {"get": _operation("当前账号、承办单位和权限", _ANY, security="seatCookie", errors="401")},
        "/api/v1/unit/orders": {
            "get": _unit(
                "承办单位的工单：本单位承办的，或者抄送的（copied=1），按期限排列",
                parameters=[
                    _parameter("query", "status", "工单状态"),
                    _parameter("query", "copied", "1 表示抄送给本单位的"),
                    _parameter("query", "page", "页，从 1 起", _WHOLE),
                    _parameter("query", "page_size", "每页几条，1 到 200", _WHOLE),
                ],
                errors="400 401 403",
            )
        },
        "/api/v1/unit/orders/{order_no}": {"get": _unit("一个工单，供承办单位查看", parameters=[_NUMBER])},
        "/api/v1/unit/orders/{order_no}/events": {
            "post": _unit(
                "签收、提出派单异议、答复、申请延期、备注",
                body=_ACT,
                parameters=[_NUMBER],
                errors="400 401 403 404 409",
            )
        },
        "/api/v1/objections": {
            "get": _operation(
                "派单异议（分派岗）",
                _object("*", items=_list(_ANY)),
                parameters=[_parameter("query", "status", "open（默认）、upheld、rejected、void")],
                security="seatCookie",
                errors="400 401 403",
            )
        },
        "/api/v1/objections/{objection_id}": {
            "post": _operation(
                "采纳（改派其他单位）或者不采纳一条派单异议，须写明理由",
                _object("*", order_no=_TEXT, status=_TEXT, unit=_TEXT),
                body=_object(
                    "decision reason",
                    decision={"type": "string", "enum": ["uphold", "overrule"]},
                    reason=_TEXT,
                    unit=_TEXT,
                    mode=_TEXT,
                    copies=_list(_TEXT),
                ),
                parameters=[_parameter("path", "objection_id", "异议编号")],
                security="seatCookie",
                errors="400 401 403 404 409",
            )
        },
        "/api/v1/visits": {
            "get": _operation(
                "电话回访任务，和不满意的原因",
                _object("*", items=_list(_ANY), reasons=_ANY),
                security="seatCookie",
                errors="401 403",
            )
        },
        "/api/v1/visits/rates": {
            "get": _operation(
                "各承办单位一个月的响应率、解决率、满意率（0 到 1）",
                _object(
                    "*",
                    month=_TEXT,
                    items=_list(
                        _object(
                            "*",
                            unit=_TEXT,
                            visits=_WHOLE,
                            response_rate=_RATE,
                            solution_rate=_RATE,
                            satisfaction_rate=_RATE,
                        )
                    ),
                ),
                parameters=[
                    _parameter("query", "month", "月份，如 2026-11，默认本月"),
                    _parameter("query", "unit", "承办单位"),
                ],
                security="seatCookie",
                errors="400 401 403",
            )
        },
        "/api/v1/visits/{visit_id}": {
            "post": _operation(
                "领取、未接通、记录回访结果",
                _ANY,
                body=_object(
                    "step",
                    step={"type": "string", "enum": ["take", "missed", "answers"]},
                    responded=_YES_NO,
                    solved=_YES_NO,
                    satisfied=_YES_NO,
                    reason=_TEXT,
                    reason_detail=_TEXT,
                    note=_TEXT,
                ),
                parameters=[_parameter("path", "visit_id", "回访编号")],
                security="seatCookie",
                errors="400 401 403 404 409",
            )
        },
        "/api/v1/units": {
            "get": _operation(
                "承办单位名称",
                _object("*", items=_list(_TEXT), total=_WHOLE),
                parameters=[_parameter("query", "q", "名称中的字")],
                security="seatCookie",
                errors="401 403",
            )
        },
    }
)

_ENTRY: Final = _parameter("path", "entry_id", "条目编号")
_CONTENT: Final = {**_ANY, "description": "条目的字段，见 knowledge/entry.py；草稿可以不完整"}
_TOPIC: Final = _parameter("path", "topic_id", "卡片编号")
_CARD: Final = _object(
    "title triggers answer starts_at ends_at",
    title=_TEXT,
    triggers=_list(_TEXT),
    answer=_TEXT,
    spoken=_TEXT,
    areas=_list(_TEXT),
    starts_at=_TEXT,
    ends_at=_TEXT,
    in_greeting=_YES_NO,
    greeting=_TEXT,
    url=_TEXT,
    version=_WHOLE,
)
_MOVE: Final = _object(
    "event",
    event={"type": "string", "enum": [event for event in LIFE if event != "edit"]},
    note=_TEXT,
    publish_at={**_NULLABLE, "description": "定时发布的时刻（ISO 8601，带时区）"},
    version={"type": ["integer", "null"]},
)


def _admin(summary: str, *, errors: str = "400 401 403", **more: Any) -> Schema:
    return _operation(summary, _ANY, security="seatCookie", errors=errors, **more)


def _filters(*names: str) -> list[Schema]:
    return [_parameter("query", name, name) for name in names]


_PAGE = ("page", "page_size")
_CLUSTER = _parameter("path", "cluster_id", "编号")
_IMPORT = _parameter("path", "import_id", "编号")
PATHS.update(
    {
        "/api/v1/admin/entries": {
            "get": _admin(
                "条目列表：检索、筛选、分页",
                parameters=_filters(
                    *("q", "stage", "topic", "owner", "scope", "audience", "sensitivity"),
                    *("sample", "sort", "page", "page_size"),
                ),
            ),
            "post": _admin(
                "新建草稿",
                body=_object("content", content=_CONTENT, reason=_TEXT),
                status="201",
                errors="400 401 403 409",
            ),
        },
        "/api/v1/admin/entries/check": {
            "post": _admin("检查内容，不保存", body=_object("content", content=_CONTENT, id=_TEXT))
        },
        "/api/v1/admin/entries/steps": {
            "post": _admin("多个条目走同一步", body=_object("ids event", ids=_list(_TEXT), event=_TEXT, note=_TEXT))
        },
        "/api/v1/admin/entries/{entry_id}": {
            "get": _admin("一个条目", parameters=[_ENTRY], errors="401 403 404"),
            "put": _admin(
                "保存修改稿，已发布的内容不变",
                body=_object("content version", content=_CONTENT, reason=_TEXT, version=_WHOLE),
                parameters=[_ENTRY],
                errors="400 401 403 404 409",
            ),
        },
        "/api/v1/admin/entries/{entry_id}/steps": {
            "get": _admin("一个条目的经过", parameters=[_ENTRY]),
            "post": _admin("提交、审核、发布、撤回等", body=_MOVE, parameters=[_ENTRY], errors="400 401 403 404 409"),
        },
        "/api/v1/admin/entries/{entry_id}/versions": {"get": _admin("版本", parameters=[_ENTRY], errors="401 403 404")},
        "/api/v1/admin/entries/{entry_id}/versions/{number}": {
            "get": _admin(
                "一个版本，与另一个版本的差异",
                parameters=[_ENTRY, _parameter("path", "number", "版本号", _WHOLE), *_filters("against")],
                errors="400 401 403 404",
            )
        },
        "/api/v1/admin/topics": {
            "get": _admin("热点卡片", parameters=_filters("all")),
            "post": _admin("新建热点卡片", body=_CARD, status="201"),
        },
        "/api/v1/admin/topics/{topic_id}": {
            "put": _admin("修改热点卡片", body=_CARD, parameters=[_TOPIC], errors="400 401 403 404 409")
        },
        "/api/v1/admin/topics/{topic_id}/steps": {
            "post": _admin(
                "发布或结束", body=_object("event", event=_TEXT), parameters=[_TOPIC], errors="400 401 403 404 409"
            )
        },
        "/api/v1/admin/topics/surges": {"get": _admin("最近一小时突增的问题")},
        "/api/v1/admin/clusters": {"get": _admin("未答好的问题，按意思归类", parameters=_filters("status", *_PAGE))},
        "/api/v1/admin/clusters/rebuild": {"post": _admin("重新归类")},
        "/api/v1/admin/clusters/{cluster_id}": {"get": _admin("一类问题", parameters=[_CLUSTER], errors="401 403 404")},
        "/api/v1/admin/clusters/{cluster_id}/draft": {
            "post": _admin("建立草稿", parameters=[_CLUSTER], status="201", errors="401 403 404 409")
        },
        "/api/v1/admin/clusters/{cluster_id}/dismiss": {
            "post": _admin("不需要处理", parameters=[_CLUSTER], errors="400 401 403 404")
        },
        "/api/v1/admin/hints": {"get": _admin("提示：重复、矛盾、来源和链接过期", parameters=_filters("kind", *_PAGE))},
        "/api/v1/admin/hints/refresh": {"post": _admin("重新检查全部条目")},
        "/api/v1/admin/search": {
            "get": _admin("机器人会找到什么", parameters=_filters("q", "spoken", "district", "limit"))
        },
        "/api/v1/admin/statistics": {"get": _admin("使用情况", parameters=_filters("days"))},
        "/api/v1/admin/statistics/entries": {
            "get": _admin("各条目的使用情况", parameters=_filters("days", "sort", *_PAGE))
        },
        "/api/v1/admin/entries/{entry_id}/statistics": {
            "get": _admin("一个条目的使用情况", parameters=[_ENTRY, *_filters("days")])
        },
        "/api/v1/admin/imports": {
            "post": {
                **_admin("上传表格，先看不存", parameters=_filters("name"), status="201", errors="400 401 403 413"),
                "requestBody": {
                    "required": True,
                    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
                },
            }
        },
        "/api/v1/admin/imports/{import_id}/apply": {
            "post": _admin(
                "导入为草稿，或者直接提交审核",
                body=_object("", submit={"type": "boolean"}),
                parameters=[_IMPORT],
                errors="400 401 403 404 409",
            )
        },
        "/api/v1/admin/imports/{import_id}": {"delete": _admin("放弃导入", parameters=[_IMPORT], errors="401 403 404")},
        "/api/v1/knowledge/topics": {"get": _operation("公开条目的分类和数量", _ANY, errors="429")},
        "/api/v1/knowledge/entries": {
            "get": _operation(
                "浏览或搜索公开条目", _ANY, parameters=_filters("topic", "q", "page", "page_size"), errors="400 413 429"
            )
        },
        "/api/v1/knowledge/entries/{entry_id}": {
            "get": _operation("一个公开条目，附来源和日期", _ANY, parameters=[_ENTRY], errors="404 429")
        },
        "/api/v1/knowledge/entries/{entry_id}/helpful": {
            "post": _operation(
                "评价是否有帮助",
                _ANY,
                body=_object("helpful", helpful={"type": "boolean"}),
                parameters=[_ENTRY],
                errors="400 403 404 429",
            )
        },
        "/api/v1/admin/expiring": {"get": _admin("即将失效的条目，按责任单位", parameters=_filters("days", "owner"))},
    }
)


def document(title: str, url: str) -> dict[str, Any]:
    """The whole description, OpenAPI 3.1."""
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1"},
        "servers": [{"url": url}],
        "paths": PATHS,
        "components": {
            "schemas": SCHEMAS,
            "responses": {"Error": _answer("错误，附中文说明", _ref("Error"))},
            "securitySchemes": {
                "seatCookie": {"type": "apiKey", "in": "cookie", "name": "hotline_seat"},
                "unitSignature": {"type": "apiKey", "in": "header", "name": "X-Hotline-Signature"},
            },
        },
    }


async def openapi(request: web.Request) -> web.Response:
    settings = core_of(request).settings
    return web.json_response(document(settings.service.hotline_name, settings.web.public_url), dumps=dumps)


def add_routes(app: web.Application) -> None:
    app.router.add_get("/api/v1/openapi.json", openapi)
