"""The dispatch desk, and what is corrected in a filed order."""

from __future__ import annotations

from typing import Any, Final

from gateway.api_description.words import ANY, ORDER_NO, TEXT, WHOLE, YES_NO, Schema, list_of, operation, record

_VERSION: Final = {"type": ["integer", "null"], "description": "读取时的版本；已被他人更新时拒绝"}
_PROPOSED: Final[dict[str, Any]] = {
    "unit": TEXT,
    "mode": TEXT,
    "copies": list_of(TEXT),
    "urgency": TEXT,
    "urgency_text": TEXT,
    "within": {**TEXT, "description": "办理期限，如“2小时内”"},
    "reason": TEXT,
    "new_unit": {**YES_NO, "description": "与现在的承办单位、派单方式或抄送单位不同"},
    "new_deadline": {**YES_NO, "description": "与现在的办理期限不同"},
}
_CORRECTED: Final = record(
    "",
    request_type=TEXT,
    title=TEXT,
    detail=TEXT,
    district=TEXT,
    street=TEXT,
    address=TEXT,
    event_time=TEXT,
    subject=TEXT,
    appeal=TEXT,
    contact_name=TEXT,
    contact_phone=TEXT,
    confidential=YES_NO,
    urgency={"type": "string", "enum": ["sudden", "utility", "ordinary", "complex"]},
)

PATHS: Final[dict[str, dict[str, Schema]]] = {
    "/api/v1/seat/orders/{order_no}/correction": {
        "post": operation(
            "更正工单内容（只写要更正的项，空字符串表示清空）；单位和期限不变，规则的建议见 proposal",
            record("*", order_no=TEXT, version=WHOLE, status=TEXT, proposal=record("*", **_PROPOSED)),
            body=record("", fields=_CORRECTED, note=TEXT, renew_deadline=YES_NO, version=_VERSION),
            parameters=[ORDER_NO],
            security="seatCookie",
            errors="400 401 403 404 409 503",
        )
    },
    "/api/v1/dispatch": {
        "get": operation(
            "待分派的工单：地点不明、尚无承办单位的，期限近的在前；不含市民姓名和电话",
            record("*", items=list_of(ANY), total=WHOLE),
            security="seatCookie",
            errors="401 403",
        )
    },
    "/api/v1/dispatch/waiting": {
        "get": operation(
            "待分派工单的件数和最近变动的时间，供页面判断是否要重新读取列表",
            record("*", total=WHOLE, changed_at={"type": ["string", "null"]}),
            security="seatCookie",
            errors="401 403",
        )
    },
    "/api/v1/dispatch/{order_no}": {
        "get": operation(
            "打开一件待分派的工单：未隐去数字的详细地址（每次打开都会记入审计日志）",
            record("*", order_no=TEXT, address=TEXT, version=WHOLE),
            parameters=[ORDER_NO],
            security="seatCookie",
            errors="401 403 404 409",
        ),
        "post": operation(
            "核实地点并派单；没有写 copies 时，抄送单位按规则确定",
            record("*", order_no=TEXT, status=TEXT, unit=TEXT, copies=list_of(TEXT), version=WHOLE),
            body=record(
                "unit",
                unit=TEXT,
                district=TEXT,
                street=TEXT,
                address={"type": ["string", "null"]},
                copies={"type": ["array", "null"], "items": TEXT, "maxItems": 10},
                note=TEXT,
                version=_VERSION,
            ),
            parameters=[ORDER_NO],
            security="seatCookie",
            errors="400 401 403 404 409",
        ),
    },
    "/api/v1/dispatch/{order_no}/proposal": {
        "post": operation(
            "这个地点（或者选定的单位）按规则怎样派；没有写地点时，附上工单文字中可能的地点",
            record("*", **_PROPOSED, places=list_of(record("*", district=TEXT, street=TEXT))),
            body=record("", district=TEXT, street=TEXT, unit=TEXT),
            parameters=[ORDER_NO],
            security="seatCookie",
            errors="400 401 403 404 409 503",
        )
    },
    "/api/v1/dispatch/{order_no}/contact": {
        "post": operation(
            "联系人和电话（每次查看都会记入审计日志）",
            ANY,
            parameters=[ORDER_NO],
            security="seatCookie",
            errors="401 403 404 409",
        )
    },
}
