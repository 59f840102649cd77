"""The knowledge base: the editors' requests and the public self-query."""

from __future__ import annotations

from typing import Any, Final

from gateway.api_description.words import (
    ANY,
    NULLABLE,
    TEXT,
    WHOLE,
    YES_NO,
    Schema,
    list_of,
    operation,
    parameter,
    record,
)
from knowledge.lifecycle import EVENTS as LIFE

_ENTRY: Final = parameter("path", "entry_id", "条目编号")
_CONTENT: Final = {**ANY, "description": "条目的字段，见 knowledge/entry.py；草稿可以不完整"}
_TOPIC: Final = parameter("path", "topic_id", "卡片编号")
_CARD: Final = record(
    "title triggers answer starts_at ends_at",
    title=TEXT,
    triggers=list_of(TEXT),
    answer=TEXT,
    spoken=TEXT,
    areas=list_of(TEXT),
    starts_at=TEXT,
    ends_at=TEXT,
    in_greeting=YES_NO,
    greeting=TEXT,
    url=TEXT,
    version=WHOLE,
)
_MOVE: Final = record(
    "event",
    event={"type": "string", "enum": [event for event in LIFE if event != "edit"]},
    note=TEXT,
    publish_at={**NULLABLE, "description": "定时发布的时刻（ISO 8601，带时区）"},
    version={"type": ["integer", "null"]},
)


def _admin(summary: str, *, errors: str = "400 401 403", **more: Any) -> Schema:
    return operation(summary, ANY, security="seatCookie", errors=errors, **more)


def _filters(*names: str) -> list[Schema]:
    return [parameter("query", name, name) for name in names]


_PAGE = ("page", "page_size")
_CLUSTER = parameter("path", "cluster_id", "编号")
_IMPORT = parameter("path", "import_id", "编号")
PATHS: Final[dict[str, dict[str, Schema]]] = {
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
            body=record("content", content=_CONTENT, reason=TEXT),
            status="201",
            errors="400 401 403 409",
        ),
    },
    "/api/v1/admin/entries/check": {
        "post": _admin("检查内容，不保存", body=record("content", content=_CONTENT, id=TEXT))
    },
    "/api/v1/admin/entries/steps": {
        "post": _admin("多个条目走同一步", body=record("ids event", ids=list_of(TEXT), event=TEXT, note=TEXT))
    },
    "/api/v1/admin/entries/{entry_id}": {
        "get": _admin("一个条目", parameters=[_ENTRY], errors="401 403 404"),
        "put": _admin(
            "保存修改稿，已发布的内容不变",
            body=record("content version", content=_CONTENT, reason=TEXT, version=WHOLE),
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
            parameters=[_ENTRY, parameter("path", "number", "版本号", WHOLE), *_filters("against")],
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
            "发布或结束", body=record("event", event=TEXT), parameters=[_TOPIC], errors="400 401 403 404 409"
        )
    },
    "/api/v1/admin/topics/surges": {"get": _admin("最近一小时突增的问题")},
    "/api/v1/admin/clusters": {"get": _admin("未答好的问题，按意思归类", parameters=_filters("status", *_PAGE))},
    "/api/v1/admin/clusters/rebuild": {"post": _admin("重新归类，在后台进行", status="202")},
    "/api/v1/admin/clusters/{cluster_id}": {"get": _admin("一类问题", parameters=[_CLUSTER], errors="401 403 404")},
    "/api/v1/admin/clusters/{cluster_id}/draft": {
        "post": _admin("建立草稿", parameters=[_CLUSTER], status="201", errors="401 403 404 409")
    },
    "/api/v1/admin/clusters/{cluster_id}/dismiss": {
        "post": _admin("不需要处理", parameters=[_CLUSTER], errors="400 401 403 404")
    },
    "/api/v1/admin/hints": {"get": _admin("提示：重复、矛盾、来源和链接过期", parameters=_filters("kind", *_PAGE))},
    "/api/v1/admin/hints/refresh": {"post": _admin("重新检查全部条目，在后台进行", status="202")},
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
            body=record("", submit={"type": "boolean"}),
            parameters=[_IMPORT],
            errors="400 401 403 404 409",
        )
    },
    "/api/v1/admin/imports/{import_id}": {"delete": _admin("放弃导入", parameters=[_IMPORT], errors="401 403 404")},
    "/api/v1/knowledge/topics": {"get": operation("公开条目的分类和数量", ANY, errors="429")},
    "/api/v1/knowledge/entries": {
        "get": operation(
            "浏览或搜索公开条目", ANY, parameters=_filters("topic", "q", "page", "page_size"), errors="400 413 429"
        )
    },
    "/api/v1/knowledge/entries/{entry_id}": {
        "get": operation("一个公开条目，附来源和日期", ANY, parameters=[_ENTRY], errors="404 429")
    },
    "/api/v1/knowledge/entries/{entry_id}/helpful": {
        "post": operation(
            "评价是否有帮助",
            ANY,
            body=record("helpful", helpful={"type": "boolean"}),
            parameters=[_ENTRY],
            errors="400 403 404 429",
        )
    },
    "/api/v1/admin/expiring": {"get": _admin("即将失效的条目，按责任单位", parameters=_filters("days", "owner"))},
}
