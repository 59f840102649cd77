"""What everybody may ask: chat, knowledge, points, one order, the state of the service; and the schemas."""

from __future__ import annotations

from typing import Final

from gateway.api_description.words import (
    ANY,
    NULLABLE,
    ORDER_NO,
    TEXT,
    WHOLE,
    YES_NO,
    Schema,
    list_of,
    operation,
    parameter,
    record,
    ref,
    websocket,
)
from workorders.order import RULES, STATUSES

SCHEMAS: Final[dict[str, Schema]] = {
    "Error": record("error", error=record("*", code=TEXT, message=TEXT)),
    "Citation": record("*", title=TEXT, source=TEXT, clause=TEXT, effective_from=TEXT, url=TEXT),
    "Reply": record("*", text=TEXT, citations=list_of(ref("Citation"))),
    "ChatRequest": record(
        "text",
        conversation_id={**NULLABLE, "description": "null 表示开始新的对话", "maxLength": 64},
        text={**TEXT, "minLength": 1},
        channel={"type": "string", "enum": ["api", "web", "wechat"], "default": "api"},
        client_message_id={**NULLABLE, "maxLength": 64, "description": "同一编号重复发送只处理一次"},
    ),
    "ChatResponse": record(
        "*",
        conversation_id=TEXT,
        replies=list_of(ref("Reply")),
        asking=NULLABLE,
        outcome=NULLABLE,
        orders=list_of(TEXT),
    ),
    "KnowledgeItem": record(
        "id question answer score citation",
        id=TEXT,
        question=TEXT,
        answer=TEXT,
        score={"type": "number"},
        citation={"oneOf": [ref("Citation"), {"type": "null"}]},
        sample=YES_NO,
    ),
    "SearchResult": record("*", items=list_of(ref("KnowledgeItem")), answerable=YES_NO),
    "PublicOrder": record(
        "order_no status status_text events",
        order_no=TEXT,
        status={"type": "string", "enum": list(STATUSES)},
        status_text=TEXT,
        request_type=TEXT,
        title=TEXT,
        confidential=YES_NO,
        category=NULLABLE,
        district=NULLABLE,
        unit=TEXT,
        deadline_at=NULLABLE,
        filed_at=NULLABLE,
        updated_at=NULLABLE,
        events=list_of(record("*", event=TEXT, text=TEXT, note=TEXT, at=TEXT)),
    ),
    "OrderStep": record(
        "event",
        event={"type": "string", "enum": list(RULES)},
        note=TEXT,
        data=ANY,
        version={"type": ["integer", "null"]},
    ),
    "Seat": record("*", id=TEXT, display_name=TEXT, role=TEXT),
    "Account": record(
        "*",
        id=TEXT,
        display_name=TEXT,
        role=TEXT,
        permissions={"type": "array", "items": TEXT},
        channels={"type": "object", "additionalProperties": TEXT},
    ),
    "Callback": record(
        "id status", id=TEXT, conversation_id=TEXT, number=NULLABLE, reason=TEXT, reason_text=TEXT, status=TEXT
    ),
}

_CONVERSATION: Final = parameter("path", "conversation_id", "会话编号")
_SIGNED: Final = [
    parameter("header", "X-Hotline-Unit", "承办单位名称（URL 编码）", required=True),
    parameter("header", "X-Hotline-Timestamp", "秒，自 1970 年起", required=True),
    parameter("header", "X-Hotline-Event-Id", "唯一编号，重复发送只处理一次", required=True),
]

PATHS: Final[dict[str, dict[str, Schema]]] = {
    "/api/v1/chat": {
        "post": operation(
            "说一句话，得到回复", ref("ChatResponse"), body=ref("ChatRequest"), errors="400 404 413 429 503"
        )
    },
    "/api/v1/chat/{conversation_id}/pictures": {
        "post": {
            **operation(
                "给一个会话发一张图片：请求体就是文件，再通过 /ws/chat 的 picture 消息告知",
                record("*", id=TEXT, name=TEXT, media_type=TEXT, size_bytes=WHOLE),
                parameters=[
                    _CONVERSATION,
                    parameter("header", "X-File-Name", "文件名（URL 编码）"),
                ],
                status="201",
                errors="403 404 409 413 429 503",
            ),
            "requestBody": {
                "required": True,
                "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
            },
        }
    },
    "/api/v1/chat/{conversation_id}/speech/{seq}": {
        "get": operation(
            "朗读会话中我们说过的一句话（WAV）；X-Speech-Parts 是一共几段",
            None,
            parameters=[
                _CONVERSATION,
                parameter("path", "seq", "这句话在会话中的序号"),
                parameter("query", "part", "第几段，从 0 开始", WHOLE),
            ],
            errors="400 404 429 503",
            answered="audio/wav",
        )
    },
    "/api/v1/places": {
        "get": operation("全市的区和街道（乡镇）", record("*", districts=ANY), errors="429"),
    },
    "/api/v1/places/around": {
        "get": operation(
            "这个经纬度大概在哪个区、哪个街道（按附近的服务点推测，请市民核对；推测不出时为空）",
            record("*", district=TEXT, street=TEXT),
            parameters=[
                parameter("query", "longitude", "经度", {"type": "number"}, required=True),
                parameter("query", "latitude", "纬度", {"type": "number"}, required=True),
                parameter("query", "datum", "坐标系：wgs84（默认）、gcj02、bd09"),
            ],
            errors="400 429",
        )
    },
    "/api/v1/knowledge/search": {
        "get": operation(
            "自助查询知识库",
            ref("SearchResult"),
            parameters=[
                parameter("query", "q", "问题", required=True),
                parameter("query", "limit", "最多几条，1 到 20", WHOLE),
            ],
            errors="400 429 503",
        )
    },
    "/api/v1/points/kinds": {
        "get": operation(
            "服务点的类型和数量", record("*", items=list_of(record("*", kind=TEXT, count=WHOLE))), errors="429 503"
        )
    },
    "/api/v1/points/nearest": {
        "get": operation(
            "最近的服务点：按地点（区、街道、标志性地点）或经纬度；给出的经纬度都是 WGS-84",
            record("*", verdict=TEXT, kind=TEXT, place=TEXT, total=WHOLE, choices=list_of(TEXT), items=list_of(ANY)),
            parameters=[
                parameter("query", "kind", "类型", required=True),
                parameter("query", "place", "在哪里：区、街道或者标志性地点"),
                parameter("query", "longitude", "经度", {"type": "number"}),
                parameter("query", "latitude", "纬度", {"type": "number"}),
                parameter("query", "datum", "所给经纬度的坐标系：wgs84（默认）、gcj02、bd09"),
                parameter("query", "limit", "最多几个，1 到 20", WHOLE),
            ],
            errors="400 429 503",
        )
    },
    "/api/v1/orders/{order_no}": {
        "get": operation(
            "凭查询码查看办理进度；坐席登录后可查看全部内容",
            ref("PublicOrder"),
            parameters=[
                ORDER_NO,
                parameter("query", "tracking_code", "登记时告知的查询码"),
                parameter("header", "X-Tracking-Code", "同上，可代替 tracking_code"),
            ],
            errors="404 429",
        )
    },
    "/api/v1/orders/{order_no}/events": {
        "post": operation(
            "承办单位系统报告进展（签名）",
            record("*", order_no=TEXT, status=TEXT, version=WHOLE),
            body=ref("OrderStep"),
            parameters=[ORDER_NO, *_SIGNED],
            security="unitSignature",
            errors="400 401 404 409",
        )
    },
    "/api/v1/orders/{order_no}/supplements": {
        "post": operation(
            "凭查询码补充情况，在任何渠道登记的工单都可以",
            ref("PublicOrder"),
            body=record(
                "text",
                text={"type": "string", "minLength": 1, "maxLength": 2000},
                supplement_id={"type": "string", "maxLength": 64, "description": "同一编号重复发送只记一次"},
            ),
            parameters=[ORDER_NO, parameter("header", "X-Tracking-Code", "登记时告知的查询码", required=True)],
            status="201",
            errors="400 404 409 413 429",
        )
    },
    "/api/v1/openapi.json": {"get": operation("本说明", ANY, errors="429")},
    "/healthz": {"get": operation("进程是否存活", record("*", status=TEXT), errors="500")},
    "/readyz": {"get": operation("各部分是否就绪", record("*", ready=YES_NO, parts=ANY), errors="503")},
    "/metrics": {"get": {"summary": "Prometheus 指标", "responses": {"200": {"description": "text/plain"}}}},
    "/ws/chat": {"get": websocket("市民网页（WebSocket）", errors="403 429 503")},
}
