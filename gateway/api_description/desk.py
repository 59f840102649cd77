"""The seat desk: orders, call-backs, recordings, missed deadlines."""

from __future__ import annotations

from typing import Final

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
    ref,
    websocket,
)

_FIELDS: Final = record("request_type detail", request_type=TEXT, title=TEXT, detail=TEXT)


PATHS: Final[dict[str, dict[str, Schema]]] = {
    "/api/v1/orders/breaches": {
        "get": operation(
            "超期工单记录（有统计权限的账号，或者分派岗）",
            record(
                "*",
                items=list_of(ANY),
                units=list_of(record("*", unit=TEXT, breaches=WHOLE, open=WHOLE)),
                total=WHOLE,
                page=WHOLE,
                page_size=WHOLE,
            ),
            parameters=[
                parameter("query", "days", "最近多少天，默认 30", {"type": "number"}),
                parameter("query", "unit", "承办单位"),
                parameter("query", "open", "1 表示只看仍未答复的"),
                parameter("query", "page", "页，从 1 起", WHOLE),
                parameter("query", "page_size", "每页几条，1 到 200", WHOLE),
            ],
            security="seatCookie",
            errors="400 401 403",
        )
    },
    "/api/v1/orders/reminders": {
        "get": operation(
            "期限将至的工单，以及承办单位是怎样得知的（told；有统计权限的账号，或者分派岗）",
            record("*", items=list_of(ANY), total=WHOLE, page=WHOLE, page_size=WHOLE),
            parameters=[
                parameter("query", "unit", "承办单位"),
                parameter("query", "page", "页，从 1 起", WHOLE),
                parameter("query", "page_size", "每页几条，1 到 200", WHOLE),
            ],
            security="seatCookie",
            errors="400 401 403",
        )
    },
    "/api/v1/seat/login": {
        "post": operation(
            "坐席登录", ref("Seat"), body=record("*", login=TEXT, password=TEXT), errors="400 401 403 429"
        )
    },
    "/api/v1/seat/logout": {"post": operation("坐席退出", record("*", logged_out=YES_NO), errors="403")},
    "/api/v1/seat/me": {"get": operation("当前账号和权限", ref("Account"), security="seatCookie", errors="401")},
    "/api/v1/seat/orders": {
        "get": operation(
            "工单列表",
            record("*", items=list_of(ANY)),
            parameters=[parameter("query", "status", "工单状态"), parameter("query", "q", "编号、标题或地点")],
            security="seatCookie",
            errors="400 401",
        ),
        "post": operation(
            "为会话登记工单",
            record("*", order_no=TEXT, tracking_code=TEXT, unit=TEXT, deadline_hours=WHOLE, existing=YES_NO),
            body=record("*", conversation_id=TEXT, fields=_FIELDS, client_message_id=TEXT),
            security="seatCookie",
            status="201",
            errors="400 401 403 404",
        ),
    },
    "/api/v1/seat/orders/{order_no}": {
        "get": operation("一个工单的全部内容", ANY, parameters=[ORDER_NO], security="seatCookie", errors="401 404")
    },
    "/api/v1/seat/orders/{order_no}/events": {
        "post": operation(
            "推进工单",
            ANY,
            body=ref("OrderStep"),
            parameters=[ORDER_NO],
            security="seatCookie",
            errors="400 401 403 404 409",
        )
    },
    "/api/v1/seat/orders/{order_no}/category": {
        "post": operation(
            "调整工单的事项类别",
            ANY,
            body=record("code", code=TEXT, note=TEXT, version={"type": ["integer", "null"]}),
            parameters=[ORDER_NO],
            security="seatCookie",
            errors="400 401 403 404 409 503",
        )
    },
    "/api/v1/seat/catalogue": {
        "get": operation(
            "事项目录：名称或编码中有这个词的类别，再加上最像的几个及其理由",
            record("*", version=TEXT, items=list_of(ANY)),
            parameters=[parameter("query", "q", "词、编码或来电内容", required=True)],
            security="seatCookie",
            errors="401 403 503",
        ),
        "post": operation(
            "市民的原话最像的三个类别，各有把握和理由",
            record("*", version=TEXT, items=list_of(ANY)),
            body=record("*", text=TEXT),
            security="seatCookie",
            errors="400 401 403 503",
        ),
    },
    "/api/v1/seat/callbacks": {
        "get": operation(
            "回电任务，各有经过（history）；班长另知最近一周放弃了几个（given_up，其他人为 null）",
            record("*", items=list_of(ref("Callback")), given_up={"type": ["integer", "null"]}),
            parameters=[parameter("query", "which", "open（默认，待回电）、done（已结束）或 given_up（放弃的）")],
            security="seatCookie",
            errors="400 401",
        )
    },
    "/api/v1/seat/callbacks/{callback_id}": {
        "post": operation(
            "领取、完成或退回一个回电任务，note 加在备注后面；"
            "班长可以收回别人的（open），也可以重新打开放弃的或者已回电的（open）",
            ref("Callback"),
            body=record("status", status=TEXT, note=TEXT),
            parameters=[parameter("path", "callback_id", "任务编号")],
            security="seatCookie",
            errors="400 401 403 404 409",
        )
    },
    "/api/v1/seat/calling": {
        "get": operation(
            "能不能由系统外呼，几点到几点可以打",
            record("*", trunk=YES_NO, first_hour=WHOLE, last_hour=WHOLE, calls_at_once=WHOLE),
            security="seatCookie",
            errors="401",
        )
    },
    "/api/v1/seat/callbacks/{callback_id}/call": {
        "post": operation(
            "由系统拨打已领取的回电任务，接通后把坐席接进来；进展从工作台的连接推送",
            ANY,
            parameters=[parameter("path", "callback_id", "任务编号")],
            security="seatCookie",
            status="202",
            errors="401 403 404 409 503",
        )
    },
    "/api/v1/seat/calls/{call_id}/cancel": {
        "post": operation(
            "不再等待自己发起、还在振铃的外呼",
            record("*", cancelled=YES_NO),
            parameters=[parameter("path", "call_id", "外呼编号")],
            security="seatCookie",
            errors="401 403 409",
        )
    },
    "/api/v1/seat/callbacks/{callback_id}/dial": {
        "post": operation(
            "拨打：给出坐席电话要打开的地址（白天，且已领取任务）",
            record("*", id=TEXT, number=TEXT, uri=TEXT),
            parameters=[parameter("path", "callback_id", "任务编号")],
            security="seatCookie",
            errors="401 403 404 409",
        )
    },
    "/api/v1/seat/conversations/{conversation_id}/media/{media_id}": {
        "get": {
            "summary": "市民在微信里发来的图片、语音、视频；能看这个会话的坐席",
            "parameters": [
                parameter("path", "conversation_id", "会话编号"),
                parameter("path", "media_id", "文件编号，见对话记录的 meta.media_id"),
            ],
            "responses": {
                "200": {"description": "文件"},
                **{code: {"$ref": "#/components/responses/Error"} for code in ("401", "403", "404")},
            },
            "security": [{"seatCookie": []}],
        }
    },
    "/api/v1/seat/conversations/{conversation_id}/recordings": {
        "get": operation(
            "这个会话有几段录音、各是什么状态（完整、没有录完整、已删除、已损坏）；能听录音的账号",
            record("*", items=list_of(record("*", part=WHOLE, at=TEXT, state=TEXT, url=TEXT))),
            parameters=[parameter("path", "conversation_id", "会话编号")],
            security="seatCookie",
            errors="401 403 404",
        )
    },
    "/api/v1/seat/conversations/{conversation_id}/recording": {
        "get": {
            "summary": "通话录音（WAV，左声道为来电人）；支持 Range；班长，或者负责这个会话、这次回电的坐席",
            "parameters": [
                parameter("path", "conversation_id", "会话编号"),
                parameter("query", "part", "这个会话的第几段录音，从1起", WHOLE),
            ],
            "responses": {
                "200": {"description": "audio/wav"},
                "206": {"description": "audio/wav，一部分"},
                **{code: {"$ref": "#/components/responses/Error"} for code in ("400", "401", "403", "404", "410")},
            },
            "security": [{"seatCookie": []}],
        }
    },
    "/ws/seat": {"get": websocket("坐席工作台（WebSocket）", errors="401 403 429 503")},
}
