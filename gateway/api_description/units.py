"""Responsible units, objections, return visits, attachments."""

from __future__ import annotations

from typing import Any, Final

from gateway.api_description.words import (
    ANY,
    ORDER_NO,
    TEXT,
    WHOLE,
    YES_NO,
    Schema,
    list_of,
    operation,
    parameter,
    record,
)

_RATE: Final = {"type": ["number", "null"]}
_SIGNED_OR_COOKIE: Final[list[dict[str, list[str]]]] = [{"seatCookie": []}, {"unitSignature": []}]
_ACT: Final = record(
    "event",
    event={"type": "string", "enum": ["accept", "object", "answer", "extend", "note"]},
    note=TEXT,
    data={**ANY, "description": "object：suggested_unit；extend：deadline_hours（延长的小时数）"},
    version={"type": ["integer", "null"]},
    event_id={**TEXT, "maxLength": 64, "description": "同一编号重复发送只处理一次；签名请求用请求头"},
)

_SAID: Final = {
    "responded": YES_NO,
    "solved": YES_NO,
    "satisfied": YES_NO,
    "reason": TEXT,
    "reason_detail": TEXT,
    "note": TEXT,
}
_REPEAT: Final = {**ANY, "description": "order_no、title、place、unit、filed_at、status、status_text；why：相似之处"}


def _unit(summary: str, *, errors: str = "400 401 403 404", **more: Any) -> Schema:
    return {**operation(summary, ANY, errors=errors, **more), "security": _SIGNED_OR_COOKIE}


_FILE_NAME: Final = parameter("header", "X-File-Name", "文件名（URL 编码）")
_FILE_ID: Final = parameter("path", "attachment_id", "附件编号")


def _upload(summary: str, security: str | None, *parameters: Schema) -> Schema:
    body = {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
    errors = "400 401 403 404 409 413 429"
    made = operation(
        summary, ANY, parameters=[ORDER_NO, _FILE_NAME, *parameters], security=security, status="201", errors=errors
    )
    return {**made, "requestBody": body}


def _download(summary: str) -> Schema:
    made = operation(summary, None, parameters=[ORDER_NO, _FILE_ID], errors="401 403 404")
    return {**made, "security": _SIGNED_OR_COOKIE}


PATHS: Final[dict[str, dict[str, Schema]]] = {
    "/api/v1/orders/{order_no}/attachments": {
        "post": _upload(
            "市民凭查询码补充图片、录音等（请求体就是文件）",
            None,
            parameter("header", "X-Tracking-Code", "登记时告知的查询码", required=True),
        )
    },
    "/api/v1/seat/orders/{order_no}/attachments": {"post": _upload("坐席上传附件", "seatCookie")},
    "/api/v1/seat/orders/{order_no}/attachments/{attachment_id}": {"get": _download("下载附件（坐席）")},
    "/api/v1/unit/orders/{order_no}/attachments": {"post": _upload("承办单位上传附件", "seatCookie")},
    "/api/v1/unit/orders/{order_no}/attachments/{attachment_id}": {"get": _download("下载附件（承办单位）")},
    "/api/v1/unit/me": {"get": operation("当前账号、承办单位和权限", ANY, security="seatCookie", errors="401")},
    "/api/v1/unit/waiting": {
        "get": {
            **operation(
                "还没有签收的工单：几件，其中紧急的是哪些（包括双派给本单位协同处置的）",
                record("*", waiting=WHOLE, urgent=list_of(TEXT)),
                errors="401 403",
            ),
            "security": _SIGNED_OR_COOKIE,
        }
    },
    "/api/v1/unit/orders": {
        "get": _unit(
            "承办单位的工单：本单位承办的，或者抄送的（copied=1），按期限排列",
            parameters=[
                parameter("query", "status", "工单状态"),
                parameter("query", "copied", "1 表示抄送给本单位的"),
                parameter("query", "page", "页，从 1 起", WHOLE),
                parameter("query", "page_size", "每页几条，1 到 200", WHOLE),
            ],
            errors="400 401 403",
        )
    },
    "/api/v1/unit/orders/{order_no}": {"get": _unit("一个工单，供承办单位查看", parameters=[ORDER_NO])},
    "/api/v1/unit/orders/{order_no}/events": {
        "post": _unit(
            "签收、提出派单异议、答复、申请延期、备注",
            body=_ACT,
            parameters=[ORDER_NO],
            errors="400 401 403 404 409",
        )
    },
    "/api/v1/objections": {
        "get": operation(
            "派单异议（分派岗）",
            record("*", items=list_of(ANY)),
            parameters=[parameter("query", "status", "open（默认）、upheld、rejected、void")],
            security="seatCookie",
            errors="400 401 403",
        )
    },
    "/api/v1/objections/{objection_id}": {
        "post": operation(
            "采纳（改派其他单位）或者不采纳一条派单异议，须写明理由",
            record("*", order_no=TEXT, status=TEXT, unit=TEXT),
            body=record(
                "decision reason",
                decision={"type": "string", "enum": ["uphold", "overrule"]},
                reason=TEXT,
                unit=TEXT,
                mode=TEXT,
                copies={"type": ["array", "null"], "items": TEXT, "description": "不写则按规则确定"},
            ),
            parameters=[parameter("path", "objection_id", "异议编号")],
            security="seatCookie",
            errors="400 401 403 404 409",
        )
    },
    "/api/v1/repeats": {
        "get": operation(
            "可能是同一件事的工单（同一地点、同一事项，分派岗），和已并案的工单；不含市民姓名和电话",
            record(
                "*",
                items=list_of(record("*", main=_REPEAT, repeats=list_of(_REPEAT))),
                merged=list_of(_REPEAT),
                complete=YES_NO,
            ),
            parameters=[parameter("query", "days", "最近多少天登记的，1 到 30，默认 7", WHOLE)],
            security="seatCookie",
            errors="400 401 403",
        )
    },
    "/api/v1/repeats/{order_no}": {
        "post": operation(
            "merge：把 orders 并入路径中的工单；apart：注明 orders 不是同一件事；undo：路径中的工单恢复单独办理",
            ANY,
            body=record(
                "step reason",
                step={"type": "string", "enum": ["merge", "undo", "apart"]},
                orders={**list_of(TEXT), "maxItems": 50},
                reason={**TEXT, "maxLength": 1_000},
            ),
            parameters=[ORDER_NO],
            security="seatCookie",
            errors="400 401 403 404 409",
        )
    },
    "/api/v1/visits": {
        "get": operation(
            "电话回访任务，和不满意的原因；lead：可以收回别人领取的",
            record("*", items=list_of(ANY), reasons=ANY, lead=YES_NO),
            security="seatCookie",
            errors="401 403",
        )
    },
    "/api/v1/seat/orders/{order_no}/visit": {
        "post": operation(
            "登记市民在通话中说的办理结果，即回访结果（已答复、等待回访的工单）",
            record("*", order_no=TEXT, status=TEXT),
            body=record("", **_SAID),
            parameters=[ORDER_NO],
            security="seatCookie",
            errors="400 401 403 404 409",
        )
    },
    "/api/v1/visits/rates": {
        "get": operation(
            "各承办单位一个月的响应率、解决率、满意率（0 到 1）",
            record(
                "*",
                month=TEXT,
                items=list_of(
                    record(
                        "*",
                        unit=TEXT,
                        visits=WHOLE,
                        response_rate=_RATE,
                        solution_rate=_RATE,
                        satisfaction_rate=_RATE,
                    )
                ),
            ),
            parameters=[
                parameter("query", "month", "月份，如 2026-11，默认本月"),
                parameter("query", "unit", "承办单位"),
            ],
            security="seatCookie",
            errors="400 401 403",
        )
    },
    "/api/v1/visits/{visit_id}": {
        "post": operation(
            "领取、未接通、记录回访结果、退回（班长也可以收回别人领取的）",
            ANY,
            body=record("step", step={"type": "string", "enum": ["take", "missed", "answers", "give_back"]}, **_SAID),
            parameters=[parameter("path", "visit_id", "回访编号")],
            security="seatCookie",
            errors="400 401 403 404 409",
        )
    },
    "/api/v1/units": {
        "get": operation(
            "承办单位名称",
            record("*", items=list_of(TEXT), total=WHOLE),
            parameters=[parameter("query", "q", "名称中的字")],
            security="seatCookie",
            errors="401 403",
        )
    },
}
