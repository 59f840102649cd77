"""Logins, second factors, one's own account, everybody's accounts, the audit log, and contact data that is revealed."""

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
)

_STAGE: Final[Schema] = {"type": "string", "enum": ["full", "code", "enrol"]}
_ENTERED: Final = record("*", id=TEXT, display_name=TEXT, role=TEXT, stage=_STAGE)
_OR_NOTHING: Final[Schema] = {"type": ["string", "null"]}
_CODE: Final = record("*", code=TEXT)
_LOGIN: Final = record(
    "id address agent since until", id=TEXT, address=TEXT, agent=TEXT, since=TEXT, until=TEXT, this=YES_NO
)
_LOGINS: Final = record("*", items=list_of(_LOGIN), factor=YES_NO)
_ACCOUNT: Final = record("*", id=TEXT, login=TEXT, display_name=TEXT, role=TEXT, unit=TEXT, enabled=YES_NO)
_CONTACT: Final = record("*", unit=TEXT, number=TEXT, changed_at=TEXT)
_SEAT_ID: Final = parameter("path", "seat_id", "账号编号")
_REDIRECT: Final[dict[str, Schema]] = {"302": {"description": "转到另一个地址"}}


def _redirecting(summary: str, *names: str) -> Schema:
    return {
        "summary": summary,
        "parameters": [parameter("query", name, name) for name in names],
        "responses": {**_REDIRECT, "404": {"$ref": "#/components/responses/Error"}},
    }


PATHS: Final[dict[str, dict[str, Schema]]] = {
    "/api/v1/seat/login/ways": {
        "get": operation(
            "可以用哪些方式登录",
            record("*", password=YES_NO, provider={"type": ["object", "null"]}),
            errors="429",
        )
    },
    "/api/v1/seat/login/code": {
        "post": operation(
            "登录的第二步：动态口令或恢复码", _ENTERED, body=_CODE, security="seatCookie", errors="400 401 403 429"
        )
    },
    "/api/v1/seat/factor/begin": {
        "post": operation(
            "开始启用动态口令",
            record("*", secret=TEXT, uri=TEXT, picture=_OR_NOTHING),
            security="seatCookie",
            errors="401 403 409",
        )
    },
    "/api/v1/seat/factor/confirm": {
        "post": operation(
            "用第一个验证码确认，得到恢复码",
            record("*", recovery_codes=list_of(TEXT), stage=_STAGE),
            body=_CODE,
            security="seatCookie",
            errors="400 401 403 409 429",
        )
    },
    "/api/v1/seat/oidc/start": {"get": _redirecting("转到统一身份认证", "to")},
    "/api/v1/seat/oidc/return": {"get": _redirecting("从统一身份认证返回", "code", "state", "error")},
    "/api/v1/seat/sessions": {
        "get": operation("我的登录，以及是否启用动态口令", _LOGINS, security="seatCookie", errors="401")
    },
    "/api/v1/seat/sessions/{session_id}": {
        "delete": operation(
            "结束一个登录；others 表示除本次以外的全部",
            record("*", ended=WHOLE),
            parameters=[parameter("path", "session_id", "登录编号")],
            security="seatCookie",
            errors="401 403 404",
        )
    },
    "/api/v1/seat/password": {
        "post": operation(
            "修改密码，其他登录随之结束",
            record("*", changed=YES_NO),
            body=record("*", password=TEXT, new_password=TEXT),
            security="seatCookie",
            errors="400 401 403 429",
        )
    },
    "/api/v1/admin/accounts": {
        "get": operation(
            "全部账号（管理员）",
            record("*", items=list_of(_ACCOUNT), roles=list_of(TEXT)),
            security="seatCookie",
            errors="401 403",
        )
    },
    "/api/v1/admin/accounts/{seat_id}": {
        "post": operation(
            "修改一个账号：角色、启用、结束登录、取消动态口令（管理员）",
            _ACCOUNT,
            body=record("", role=TEXT, unit=TEXT, enabled=YES_NO, end_sessions=YES_NO, forget_factor=YES_NO),
            parameters=[_SEAT_ID],
            security="seatCookie",
            errors="400 401 403 404 409",
        )
    },
    "/api/v1/admin/accounts/{seat_id}/sessions": {
        "get": operation(
            "一个账号的登录（管理员）", _LOGINS, parameters=[_SEAT_ID], security="seatCookie", errors="401 403"
        )
    },
    "/api/v1/admin/unit-contacts": {
        "get": operation(
            "承办单位接收工单短信的手机，号码只显示首尾（管理员）",
            record("*", items=list_of(_CONTACT)),
            security="seatCookie",
            errors="401 403",
        ),
        "post": operation(
            "设置一个承办单位接收工单短信的手机；号码为空表示不再发送（管理员）",
            record("*", contact={"anyOf": [_CONTACT, {"type": "null"}]}),
            body=record("unit", unit={**TEXT, "maxLength": 128}, number={**TEXT, "maxLength": 32}),
            security="seatCookie",
            errors="400 401 403 409",
        ),
    },
    "/api/v1/admin/audit": {
        "get": operation(
            "审计日志，新的在前，每次最多 200 条（管理员）",
            record("*", items=list_of(ANY)),
            parameters=[
                parameter("query", "actor", "操作人"),
                parameter("query", "action", "操作"),
                parameter("query", "subject", "对象"),
                parameter("query", "before", "只要序号更小的"),
            ],
            security="seatCookie",
            errors="400 401 403",
        )
    },
    "/api/v1/seat/orders/{order_no}/contact": {
        "post": operation(
            "显示联系人和电话，记入审计日志",
            record("*", contact_name=_OR_NOTHING, contact_phone=_OR_NOTHING),
            parameters=[ORDER_NO],
            security="seatCookie",
            errors="401 403 404",
        )
    },
    "/api/v1/seat/callbacks/{callback_id}/number": {
        "post": operation(
            "显示回电号码，记入审计日志",
            record("*", number=_OR_NOTHING),
            parameters=[parameter("path", "callback_id", "回电任务编号")],
            security="seatCookie",
            errors="401 403 404",
        )
    },
}
