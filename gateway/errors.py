"""Every failure becomes one JSON object, `{"error": {"code", "message"}}`, with a status and a Chinese sentence."""

from __future__ import annotations

from typing import Any

import orjson
from aiohttp import web

from base.errors import HotlineError
from conversations.errors import Conflict, NotYours, UnknownConversation
from seats.callbacks import CallbackError, UnknownCallback
from seats.macros import MacroError
from seats.notes import ReplyError
from seats.outgoing_calls import OutgoingCallError
from seats.review_sheet import SheetError
from seats.reviews import UnknownSheet
from workorders.attachments import AttachmentError, TooLarge, UnknownAttachment
from workorders.order import OrderStateError
from workorders.service import OrderConflict, OrderNotFound
from workorders.visits import UnknownVisit, VisitError


class ApiError(HotlineError):
    """Raised by a handler; the middleware turns it into the answer."""

    def __init__(self, status: int, code: str, message: str, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}


def dumps(value: Any) -> str:
    return orjson.dumps(value).decode()


def error_object(code: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}


def error_response(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response(error_object(code, message), status=status, headers=headers, dumps=dumps)


def bad_request(message: str, code: str = "bad_request") -> ApiError:
    return ApiError(400, code, message)


def not_found(message: str = "没有找到您要的内容。", code: str = "not_found") -> ApiError:
    return ApiError(404, code, message)


def unauthorised(message: str = "请先登录。") -> ApiError:
    return ApiError(401, "unauthorised", message)


def forbidden(message: str = "没有权限进行这项操作。", code: str = "forbidden") -> ApiError:
    return ApiError(403, code, message)


def too_many(retry_after_seconds: float, message: str = "操作太频繁了，请稍后再试。") -> ApiError:
    seconds = max(1, round(retry_after_seconds))
    return ApiError(429, "too_many_requests", message, headers={"Retry-After": str(seconds)})


def starting() -> ApiError:
    return ApiError(503, "starting", "系统正在启动，请稍后再试。", headers={"Retry-After": "3"})


HTTP_ERRORS: dict[int, tuple[str, str]] = {
    400: ("bad_request", "请求的格式不正确。"),
    403: ("forbidden", "没有权限进行这项操作。"),
    404: ("not_found", "没有找到您要的内容。"),
    405: ("method_not_allowed", "这个地址不支持这种请求方式。"),
    413: ("too_large", "内容太长了，请精简后再发送。"),
    426: ("upgrade_required", "这个地址需要用 WebSocket 连接。"),
}


_KNOWN: tuple[tuple[type[HotlineError], int, str], ...] = (
    (UnknownConversation, 404, "unknown_conversation"),
    (NotYours, 409, "not_yours"),
    (Conflict, 409, "conflict"),
    (UnknownCallback, 404, "unknown_callback"),
    (CallbackError, 409, "conflict"),
    (ReplyError, 409, "too_many"),
    (MacroError, 409, "not_possible"),
    (UnknownSheet, 404, "unknown_sheet"),
    (SheetError, 409, "not_possible"),
    (OutgoingCallError, 409, "no_line"),
    (UnknownAttachment, 404, "unknown_attachment"),
    (TooLarge, 413, "too_large"),
    (AttachmentError, 409, "not_taken"),
    (UnknownVisit, 404, "unknown_visit"),
    (VisitError, 409, "not_possible"),
    (OrderNotFound, 404, "unknown_order"),
    (OrderConflict, 409, "conflict"),
    (OrderStateError, 409, "not_possible"),
)


def as_api_error(error: Exception) -> ApiError | None:
    """The answer to a failure that a room raises on purpose; None for everything that we did not foresee.

    The messages of these errors are written for a person and hold nothing of what was said.
    """
    if isinstance(error, ApiError):
        return error
    for kind, status, code in _KNOWN:
        if isinstance(error, kind):
            return ApiError(status, code, str(error))
    return None
