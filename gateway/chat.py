"""The chat API: `POST /api/v1/chat`. One message in, the replies out; the contract is in `docs/internals.md`."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import BaseModel, Field

from conversations.errors import UnknownConversation
from conversations.first_messages import key_of
from conversations.messages import Channel, CitizenTurn, TurnKind, TurnResult
from gateway.address import client_address
from gateway.body import check_text, clean_text, read_model
from gateway.core import CORE, Core, core_of
from gateway.errors import bad_request, dumps, too_many
from gateway.middleware import trace_id_of
from gateway.shapes import chat_object

MessageId = Annotated[str, Field(min_length=1, max_length=64)]
_REMEMBERED_FIRST_MESSAGES = 10_000


class ChatRequest(BaseModel):
    """`conversation_id` null begins a conversation. `client_message_id` makes a message safe to send again."""

    conversation_id: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    text: str
    channel: Literal["api", "web", "wechat"] = "api"
    client_message_id: MessageId | None = None


@dataclass(slots=True)
class _First:
    """`once` is held while the conversation begins, so that the same message sent twice at once begins one."""

    once: asyncio.Lock = field(default_factory=asyncio.Lock)
    conversation_id: str | None = None


class FirstMessages:
    """A first message sent twice (its answer was lost on the way) must not begin two conversations.

    The database knows for a day which conversation a client's message id began; this process, bounded, also where it
    has led since.
    """

    def __init__(self) -> None:
        self._begun: OrderedDict[tuple[str, str], _First] = OrderedDict()

    async def begin(self, core: Core, address: str, turn: CitizenTurn) -> TurnResult:
        if turn.client_message_id is None:
            return await core.conversations.citizen_turn(None, turn)
        first = self._begun.setdefault((address, turn.client_message_id), _First())
        while len(self._begun) > _REMEMBERED_FIRST_MESSAGES:
            self._begun.popitem(last=False)
        key = key_of(address, turn.client_message_id)
        async with first.once:
            result = await core.conversations.citizen_turn(first.conversation_id, turn, once=key)
            first.conversation_id = result.conversation_id
            return result


FIRST_MESSAGES: web.AppKey[FirstMessages] = web.AppKey("first_messages", FirstMessages)


async def say(
    core: Core, conversation_id: str | None, turn: CitizenTurn, *, address: str, first: FirstMessages
) -> TurnResult:
    """Throttle, take one turn, and measure it: shared by the API and the socket.

    Raises:
        UnknownConversation: no such conversation.
        ApiError: 429 when there are too many messages, 503 while starting.
    """
    conversations = core.conversations
    limiter, key = (
        (core.limits.contacts, address) if conversation_id is None else (core.limits.messages, conversation_id)
    )
    if (wait := await limiter.take(key)) > 0:
        raise too_many(wait)
    started = time.monotonic()
    try:
        if conversation_id is None:
            result = await first.begin(core, address, turn)
        else:
            result = await conversations.citizen_turn(conversation_id, turn)
    except UnknownConversation:
        raise
    except Exception:
        core.metrics.turn_failures.labels(turn.channel).inc()
        raise
    core.metrics.belongs(result.conversation_id, turn.channel)
    core.metrics.reply_seconds.labels(turn.channel).observe(time.monotonic() - started)
    return result


def make_turn(
    core: Core,
    text: str,
    channel: Channel,
    client_message_id: str | None,
    trace_id: str,
    *,
    kind: TurnKind = "text",
    confidence: float | None = None,
    meta: dict[str, Any] | None = None,
) -> CitizenTurn:
    """
    Raises:
        ApiError: the text is empty or too long, or the message id is not printable.
    """
    if client_message_id is not None and clean_text(client_message_id) != client_message_id:
        raise bad_request("字段 client_message_id 缺失或不正确。", "invalid_field")
    return CitizenTurn(
        text=check_text(text, core.settings.web.message_limit_characters),
        channel=channel,
        kind=kind,
        client_message_id=client_message_id,
        confidence=confidence,
        meta={
            **(meta or {}),
            "trace_id": trace_id,
            **({"client_message_id": client_message_id} if client_message_id else {}),
        },
    )


async def chat(request: web.Request) -> web.Response:
    core = core_of(request)
    asked = await read_model(request, ChatRequest)
    trace_id = trace_id_of(request)
    turn = make_turn(core, asked.text, asked.channel, asked.client_message_id, trace_id)
    result = await say(
        core,
        asked.conversation_id,
        turn,
        address=client_address(request, core.settings.web),
        first=request.app[FIRST_MESSAGES],
    )
    return web.json_response(chat_object(result), dumps=dumps)


def add_routes(app: web.Application) -> None:
    assert CORE in app
    app[FIRST_MESSAGES] = FirstMessages()
    app.router.add_post("/api/v1/chat", chat)
