"""For our own processes: the internal token, and what became of a call (`hotline call`)."""

from __future__ import annotations

import hmac
import os
import re
import secrets
from pathlib import Path
from typing import Final

from aiohttp import web
from sqlalchemy import bindparam, select

from base.errors import ConfigurationError
from base.settings import Settings
from gateway.core import Core, core_of
from gateway.errors import dumps, not_found, unauthorised
from gateway.shapes import turn_object
from storage.tables import Conversation, Order

_TOKEN = re.compile(r"[A-Za-z0-9_-]{32,}")
INTERNAL_TOKEN: web.AppKey[str] = web.AppKey("internal_token", str)


def token_path(settings: Settings) -> Path:
    return settings.run / "internal.token"


def ensure_token(settings: Settings) -> str:
    """The token that the phone shows; made on the first start, readable by its owner only.

    Raises:
        ConfigurationError: the file cannot be made, or holds something else.
    """
    path = token_path(settings)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            token = path.read_text("ascii").strip()
        else:
            token = secrets.token_urlsafe(32)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(token + "\n")
        path.chmod(0o600)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be used: {error}") from error
    if _TOKEN.fullmatch(token) is None:
        raise ConfigurationError(f"{path} holds no token: delete the file, the next start makes a new one")
    return token


def check_token(request: web.Request) -> None:
    """
    Raises:
        ApiError: 401 without the right `Authorization: Bearer` header.
    """
    scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(
        shown.strip().encode(), request.app[INTERNAL_TOKEN].encode()
    ):
        raise unauthorised("内部接口需要正确的令牌。")


_OF_CALL: Final = (
    select(Conversation)
    .where(Conversation.call_id == bindparam("call_id"), Conversation.channel == "phone")
    .order_by(Conversation.created_at.desc())
    .limit(1)
)


async def find_call(core: Core, call_id: str) -> Conversation | None:
    """The conversation of a call; of several (the call came back after a restart) the newest."""
    async with core.database.read() as session:
        return (await session.execute(_OF_CALL, {"call_id": call_id})).scalar_one_or_none()


async def call(request: web.Request) -> web.Response:
    """Transcript and outcome of a call, for `hotline call`."""
    check_token(request)
    core = core_of(request)
    found = await find_call(core, request.match_info["call_id"])
    if found is None:
        raise not_found("没有这通电话。", "unknown_call")
    async with core.database.read() as session:
        query = select(Order.order_no).where(Order.conversation_id == found.id).order_by(Order.created_at)
        orders = list((await session.execute(query)).scalars())
    turns = await core.conversations.transcript(found.id)
    return web.json_response(
        {
            "call_id": found.call_id,
            "conversation_id": found.id,
            "trace_id": found.trace_id,
            "status": found.status,
            "asking": found.asking,
            "outcome": found.outcome,
            "outcome_detail": found.outcome_detail,
            "disposition": found.disposition,
            "orders": orders,
            "created_at": found.created_at.isoformat(),
            "ended_at": found.ended_at.isoformat() if found.ended_at else None,
            "transcript": [turn_object(turn, for_seat=True) for turn in turns],
        },
        dumps=dumps,
    )


def add_routes(app: web.Application) -> None:
    app.router.add_get("/internal/calls/{call_id}", call)
