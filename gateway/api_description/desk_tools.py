"""What helps a seat beside the conversation: notes, replies, history, similar orders, knowledge, places, wrap-up."""

from __future__ import annotations

from typing import Final

from gateway.api_description.words import (
    ANY,
    TEXT,
    YES_NO,
    Schema,
    list_of,
    operation,
    parameter,
    record,
)

_ABOUT: Final = "/api/v1/seat/conversations/{conversation_id}"
_CONVERSATION: Final = parameter("path", "conversation_id", "会话编号")
_ITEMS: Final = record("*", items=list_of(ANY))


PATHS: Final[dict[str, dict[str, Schema]]] = {
    f"{_ABOUT}/notes": {
        "get": operation(
            "内部备注，市民看不到", _ITEMS, parameters=[_CONVERSATION], security="seatCookie", errors="401 403 404"
        ),
        "post": operation(
            "加一条内部备注；被提到的同事马上收到提醒，并可以查看这个会话",
            ANY,
            body=record("text", text=TEXT, mentions=list_of(TEXT)),
            parameters=[_CONVERSATION],
            security="seatCookie",
            status="201",
            errors="400 401 403 404",
        ),
    },
    f"{_ABOUT}/history": {
        "get": operation(
            "同一位市民以前的联系和工单；接手的坐席和班长，每次查看都有日志",
            record("*", contacts=list_of(ANY), orders=list_of(ANY)),
            parameters=[_CONVERSATION],
            security="seatCookie",
            errors="401 403 404",
        )
    },
    f"{_ABOUT}/similar": {
        "post": operation(
            "可能说的是同一件事的工单",
            _ITEMS,
            body=record("", phone=TEXT, district=TEXT, street=TEXT, detail=TEXT),
            parameters=[_CONVERSATION],
            security="seatCookie",
            errors="400 401 403 404",
        )
    },
    f"{_ABOUT}/suggestions": {
        "get": operation(
            "知识库对市民最后几句话（或对 q）的回答",
            record("*", items=list_of(ANY), answerable=YES_NO),
            parameters=[_CONVERSATION, parameter("query", "q", "换一个问法")],
            security="seatCookie",
            errors="401 403 404",
        )
    },
    f"{_ABOUT}/wrap-up": {
        "post": operation(
            "小结：这个会话办的是什么",
            record("*", code=TEXT),
            body=record("*", code=TEXT),
            parameters=[_CONVERSATION],
            security="seatCookie",
            errors="400 401 403 404",
        )
    },
    "/api/v1/seat/replies": {
        "get": operation("自己的和公用的常用语", _ITEMS, security="seatCookie", errors="401 403"),
        "post": operation(
            "加一条常用语；公用的由班长维护",
            ANY,
            body=record("title text", title=TEXT, text=TEXT, shared=YES_NO),
            security="seatCookie",
            status="201",
            errors="400 401 403",
        ),
    },
    "/api/v1/seat/replies/{reply_id}": {
        "delete": operation(
            "删除一条常用语",
            record("*", removed=YES_NO),
            parameters=[parameter("path", "reply_id", "常用语编号")],
            security="seatCookie",
            errors="401 403 404",
        )
    },
    "/api/v1/seat/places": {
        "get": operation(
            "没有 q：各区和所属街道；有 q：这些字说的是哪里",
            ANY,
            parameters=[parameter("query", "q", "地点的说法")],
            security="seatCookie",
            errors="401 403",
        )
    },
    "/api/v1/seat/colleagues": {
        "get": operation("可以在备注里提到的同事，以及在不在岗", _ITEMS, security="seatCookie", errors="401 403")
    },
}
