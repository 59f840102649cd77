"""The shift leader: the wall, reports, review sheets; and the desk's macros and hints."""

from __future__ import annotations

from typing import Any, Final

from gateway.api_description.words import ANY, TEXT, Schema, list_of, operation, parameter, record

_SPAN: Final = [
    parameter("query", "by", "时段：hour、day、week 或 month"),
    parameter("query", "first_day", "开始日期，如 2026-01-05"),
    parameter("query", "last_day", "结束日期（含）"),
]


def _get(summary: str, schema: Schema | None, *more: Schema, errors: str = "400 401 403", **other: Any) -> Schema:
    return operation(summary, schema, parameters=[*_SPAN, *more], security="seatCookie", errors=errors, **other)


PATHS: Final[dict[str, dict[str, Schema]]] = {
    "/ws/leader": {"get": {"summary": "班长大屏（WebSocket）", "responses": {"101": {"description": "switching"}}}},
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
}
