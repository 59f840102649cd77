"""The shift leader: the wall, reports, review sheets; and the desk's macros and hints."""

from __future__ import annotations

from typing import Any, Final

from gateway.api_description.words import (
    ANY,
    TEXT,
    WHOLE,
    YES_NO,
    Schema,
    list_of,
    operation,
    parameter,
    record,
    websocket,
)

_SPAN: Final = [
    parameter("query", "by", "时段：hour、day、week 或 month"),
    parameter("query", "first_day", "开始日期，如 2026-01-05"),
    parameter("query", "last_day", "结束日期（含）"),
]

_REVIEWS: Final = "/api/v1/leader/reviews"
_SHEET: Final = parameter("path", "sheet_id", "质检单编号")
_PAGES: Final = [
    parameter("query", "page", "页，从 1 起", WHOLE),
    parameter("query", "page_size", "每页几条，1 到 200", WHOLE),
]
_PAGE: Final = record("*", items=list_of(ANY), total=WHOLE, page=WHOLE, page_size=WHOLE)


def _get(summary: str, schema: Schema | None, *more: Schema, errors: str = "400 401 403", **other: Any) -> Schema:
    return operation(summary, schema, parameters=[*_SPAN, *more], security="seatCookie", errors=errors, **other)


PATHS: Final[dict[str, dict[str, Schema]]] = {
    "/ws/leader": {"get": websocket("班长大屏（WebSocket）", errors="401 403 429 503")},
    "/api/v1/leader/reports": {
        "get": _get(
            "报表：来访量、服务水平、放弃率、智能办结率、三率、高发类别和街道、与平时相比（statistics.read）",
            record("*", by=TEXT, slots=list_of(ANY), totals=ANY, categories=list_of(ANY), streets=list_of(ANY)),
        )
    },
    "/api/v1/leader/reports/file": {
        "get": _get(
            "同一份报表的文件（statistics.read）",
            None,
            parameter("query", "format", "csv 或 xlsx"),
            parameter("query", "table", "CSV 的哪一张表：slots、categories 或 streets"),
            answered="CSV（UTF-8，带 BOM）或 xlsx",
        )
    },
    "/api/v1/leader/seats": {
        "get": _get("各坐席的接起、时长、评价和质检（quality.review）", record("*", items=list_of(ANY)))
    },
    f"{_REVIEWS}": {
        "get": operation(
            "质检单，新的在前（quality.review）",
            _PAGE,
            parameters=[parameter("query", "status", "open、agreed、appealed 或 settled"), *_PAGES],
            security="seatCookie",
            errors="400 401 403",
        ),
        "post": operation(
            "给一个会话打分，每个会话一次（quality.review）",
            ANY,
            body=record("conversation_id points", conversation_id=TEXT, points=ANY, vetoes=list_of(TEXT), comment=TEXT),
            security="seatCookie",
            status="201",
            errors="400 401 403 409",
        ),
    },
    f"{_REVIEWS}/drawn": {
        "get": operation(
            "一周内为每位坐席抽到的会话，以及评分标准（quality.review）",
            record("*", week=TEXT, criteria=ANY, items=list_of(ANY)),
            parameters=[parameter("query", "day", "这一周中的任何一天，缺省为今天")],
            security="seatCookie",
            errors="400 401 403",
        )
    },
    f"{_REVIEWS}/conversations/{{conversation_id}}": {
        "get": operation(
            "会话全文，坐席的话附带提醒（quality.review），每次查看都有日志",
            record("*", conversation_id=TEXT, channel=TEXT, transcript=list_of(ANY)),
            parameters=[parameter("path", "conversation_id", "会话编号")],
            security="seatCookie",
            errors="401 403 404",
        )
    },
    f"{_REVIEWS}/{{sheet_id}}/settle": {
        "post": operation(
            "复核申诉，可以改分（quality.review）",
            ANY,
            body=record("answer", answer=TEXT, points=ANY, vetoes=list_of(TEXT)),
            parameters=[_SHEET],
            security="seatCookie",
            errors="400 401 403 404 409",
        )
    },
    "/api/v1/seat/reviews": {
        "get": operation("自己的质检单", _PAGE, security="seatCookie", errors="401 403"),
    },
    "/api/v1/seat/reviews/{sheet_id}": {
        "post": operation(
            "对自己的质检单：同意，或写明理由申诉",
            ANY,
            body=record("step", step=TEXT, reason=TEXT),
            parameters=[_SHEET],
            security="seatCookie",
            errors="400 401 403 404 409",
        )
    },
    "/api/v1/seat/macros": {
        "get": operation(
            "自己的和公用的宏，以及可用的占位",
            record("*", items=list_of(ANY), placeholders=list_of(TEXT), fields=list_of(TEXT)),
            security="seatCookie",
            errors="401 403",
        ),
        "post": operation(
            "加一个宏；公用的要有 replies.share",
            ANY,
            body=record(
                "name", name=TEXT, key=TEXT, reply=TEXT, tags=list_of(TEXT), fields=ANY, code=TEXT, shared=YES_NO
            ),
            security="seatCookie",
            status="201",
            errors="400 401 403 409",
        ),
    },
    "/api/v1/seat/macros/{macro_id}": {
        "delete": operation(
            "删除一个宏",
            record("*", removed=YES_NO),
            parameters=[parameter("path", "macro_id", "宏编号")],
            security="seatCookie",
            errors="401 403 404",
        )
    },
    "/api/v1/seat/hints": {
        "post": operation(
            "对还没有发出的话的提醒：承诺结果、个人信息；不留存",
            record("*", items=list_of(ANY)),
            body=record("*", text=TEXT),
            security="seatCookie",
            errors="400 401 403",
        )
    },
}
