"""`/ws/chat`: the citizen's page. Nothing is lost when the line drops: the page says what it has seen, and gets the
rest; a message that was not answered is sent again under the same id and happens once."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, Field

from base import alternatives
from conversations.following import Following
from conversations.messages import CitizenTurn, ConversationEvent, Patience
from gateway.address import client_address
from gateway.body import parse_model
from gateway.chat import FIRST_MESSAGES, MessageId, make_turn, say
from gateway.chat_enclosures import CHAT_ENCLOSURES, Enclosed, PictureMessage, PlaceMessage
from gateway.chat_speech import CHAT_SPEECH
from gateway.chat_voice import CHAT_VOICES, Utterance, VoiceMark
from gateway.core import Core, core_of, settle
from gateway.errors import ApiError, bad_request, too_many
from gateway.middleware import trace_id_of
from gateway.ports import Subscription
from gateway.shapes import chat_object, reply_object, turn_object
from gateway.sockets import Socket, open_socket


class Hello(BaseModel):
    conversation_id: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    after_seq: int = Field(0, ge=0)


class Message(BaseModel):
    """`corrects`: the spoken message that was misheard, and of which these are the right words."""

    text: str
    client_message_id: MessageId
    corrects: MessageId | None = None


class _Citizen:
    """One page's connection, and which conversation it shows."""

    def __init__(self, core: Core, socket: Socket, request: web.Request) -> None:
        self.core = core
        self.socket = socket
        self.address = client_address(request, core.settings.web)
        self.trace_id = trace_id_of(request)
        self.first = request.app[FIRST_MESSAGES]
        self.voices = request.app[CHAT_VOICES]
        self.reads_aloud = request.app[CHAT_SPEECH].offered
        self.enclosures = request.app[CHAT_ENCLOSURES]
        self.speaking: Utterance | None = None
        self.patience: Patience = "normal"  # of the last question
        self.conversation_id: str | None = None
        self.subscription: Subscription | None = None
        self.pusher: asyncio.Task[None] | None = None

    async def hello(self, hello: Hello) -> None:
        conversations = self.core.conversations
        conversation_id = hello.conversation_id
        if conversation_id is None:
            if (wait := await self.core.limits.contacts.take(self.address)) > 0:
                raise too_many(wait)
            conversation_id = (await conversations.open("web", trace_id=self.trace_id)).conversation_id
        await self.unsubscribe()
        subscription = conversations.subscribe(conversation_id)  # before the transcript is read: nothing falls between
        try:
            turns = await conversations.transcript(conversation_id, after_seq=hello.after_seq)
            snapshot = await conversations.snapshot(conversation_id)
        except BaseException:
            subscription.close()
            raise
        self.conversation_id, self.subscription = conversation_id, subscription
        seq = max([hello.after_seq, *(turn.seq for turn in turns)])
        following = Following(conversations, subscription, conversation_id, seq=seq, status=snapshot.get("status"))
        await self.socket.send(
            {
                "type": "welcome",
                "conversation_id": conversation_id,
                "transcript": [turn_object(turn) for turn in turns],
                "status": snapshot.get("status"),
                "asking": snapshot.get("asking"),
                "outcome": snapshot.get("outcome"),
                "reads_aloud": self.reads_aloud,
                "message_limit": self.core.settings.web.message_limit_characters,
                "voice": {"offered": self.voices.offered, "seconds": self.core.settings.web.voice_seconds},
            }
        )
        self.pusher = self.core.spawn(self.push(following), "chat pusher")

    def known(self) -> str:
        """The conversation of this page.

        Raises:
            ApiError: the page has not said hello.
        """
        if self.conversation_id is None:
            raise bad_request("请先发送 hello。", "hello_first")
        return self.conversation_id

    async def message(self, message: Message) -> None:
        meta = {"corrects": message.corrects} if message.corrects else {}
        await self.take(make_turn(self.core, message.text, "web", message.client_message_id, self.trace_id, meta=meta))

    async def take(self, turn: CitizenTurn) -> None:
        result = await say(self.core, self.known(), turn, address=self.address, first=self.first)
        self.patience = result.patience
        await self.socket.send(
            {
                **chat_object(result),
                "replies": [{**reply_object(reply), "seq": reply.seq} for reply in result.replies],
                "type": "reply",
                "in_reply_to": turn.client_message_id,
                "seq": result.seq,
                "status": result.status,
            }
        )

    # -- pictures and places ---------------------------------------------------------------------------------------

    async def picture(self, message: PictureMessage) -> None:
        await self.throttle()
        await self.answer(message.client_message_id, await self.enclosures.picture(self.known(), message))

    async def place(self, message: PlaceMessage) -> None:
        if await self.enclosures.answers_question(self.known(), message.text.strip()):
            await self.take(
                make_turn(self.core, message.text, "web", message.client_message_id, self.trace_id, meta=message.meta)
            )
            return
        await self.throttle()
        await self.answer(message.client_message_id, await self.enclosures.place(self.known(), message))

    async def throttle(self) -> None:
        """
        Raises:
            ApiError: 429, too many messages in this conversation.
        """
        if (wait := await self.core.limits.messages.take(self.known())) > 0:
            raise too_many(wait)

    async def answer(self, message_id: str, enclosed: Enclosed) -> None:
        """In the shape of a reply, so that a page deals with it like with any other."""
        snapshot = enclosed.snapshot
        await self.socket.send(
            {
                "type": "reply",
                "in_reply_to": message_id,
                "conversation_id": self.known(),
                "replies": [{"text": turn.text, "citations": [], "seq": turn.seq} for turn in enclosed.turns],
                "asking": snapshot["asking"],
                "outcome": snapshot["outcome"],
                "orders": snapshot["orders"],
                "seq": enclosed.turns[-1].seq if enclosed.turns else 0,
                "status": snapshot["status"],
            }
        )

    # -- spoken messages -------------------------------------------------------------------------------------------

    def begin_voice(self, mark: VoiceMark) -> None:
        """A new one takes the place of one that was never ended."""
        self.cancel_voice()
        self.speaking = self.voices.begin(self.known(), mark.client_message_id)

    def hear(self, frame: bytes) -> None:
        """Frames that were under way when their message was refused or cancelled belong to none.

        Raises:
            ApiError: as `known`.
        """
        self.known()
        if self.speaking is not None:
            self.speaking.add(frame, self.core.clock.monotonic())

    def cancel_voice(self) -> None:
        if self.speaking is not None:
            self.speaking.close()
            self.speaking = None

    async def end_voice(self, mark: VoiceMark) -> None:
        """Tell the page what was understood, then take it as a spoken turn."""
        spoken = self.speaking
        if spoken is None or spoken.message_id != mark.client_message_id:
            return  # refused before: the page was told why
        self.speaking = None
        try:
            heard = await self.voices.words(spoken, conversation_id=self.known(), patience=self.patience)
        finally:
            spoken.close()
        turn = make_turn(
            self.core,
            heard.text,
            "web",
            spoken.message_id,
            self.trace_id,
            kind="speech",
            confidence=heard.confidence,
            meta={
                "engine": heard.engine,
                "audio_seconds": round(heard.audio_seconds, 2),
                "alternatives": alternatives.told(heard.alternatives),
            },
        )
        await self.socket.send({"type": "heard", "client_message_id": spoken.message_id, "text": turn.text})
        await self.take(turn)

    async def push(self, following: Following) -> None:
        """What a seat types, and when one takes over; replies of the bot go back with the message they answer."""
        with suppress(ConnectionResetError):
            async for event in following:
                if event.kind == "dropped":  # this reader fell behind: the page reconnects and gets what it missed
                    await self.socket.response.close()
                    return
                message = self.pushed(event)
                if message is not None:
                    await self.socket.send(message)

    def pushed(self, event: ConversationEvent) -> dict[str, object] | None:
        if event.kind == "turn" and event.turn is not None:
            if event.turn.role not in ("seat", "system"):
                return None
            return {"type": "turn", "turn": turn_object(event.turn)}
        if event.kind in ("status", "outcome"):
            return {"type": "status", "status": event.status, "outcome": event.outcome}
        return None

    async def unsubscribe(self) -> None:
        if self.subscription is not None:
            self.subscription.close()  # which ends the pusher
            self.subscription = None
        await settle(self.pusher)
        self.pusher = None


async def chat_socket(request: web.Request) -> web.StreamResponse:
    core = core_of(request)
    _ = core.conversations  # 503 before the upgrade while the core is starting
    async with open_socket(request, "chat") as socket:
        citizen = _Citizen(core, socket, request)
        try:
            async for raw in socket.received():
                if isinstance(raw, bytes):
                    await _hear(citizen, raw)
                else:
                    await _handle(citizen, raw)
        finally:
            citizen.cancel_voice()
            await citizen.unsubscribe()
    return socket.response


async def _hear(citizen: _Citizen, frame: bytes) -> None:
    try:
        citizen.hear(frame)
    except ApiError as error:  # answered once: the message is over with it
        about = citizen.speaking.message_id if citizen.speaking else None
        citizen.cancel_voice()
        await citizen.socket.refuse(error, client_message_id=about)


async def _handle(citizen: _Citizen, raw: dict[str, object]) -> None:
    about = {"client_message_id": raw["client_message_id"]} if isinstance(raw.get("client_message_id"), str) else {}
    try:
        if raw["type"] == "hello":
            await citizen.hello(parse_model(Hello, raw))
        elif raw["type"] == "message":
            await citizen.message(parse_model(Message, raw))
        elif raw["type"] == "picture":
            await citizen.picture(parse_model(PictureMessage, raw))
        elif raw["type"] == "place":
            await citizen.place(parse_model(PlaceMessage, raw))
        elif raw["type"] == "voice_begin":
            citizen.begin_voice(parse_model(VoiceMark, raw))
        elif raw["type"] == "voice_end":
            await citizen.end_voice(parse_model(VoiceMark, raw))
        elif raw["type"] == "voice_cancel":
            citizen.cancel_voice()
        elif raw["type"] == "ping":
            await citizen.socket.send({"type": "pong"})
        else:
            raise bad_request("不认识的消息类型。", "unknown_type")
    except Exception as error:  # noqa: BLE001  (answered to this one citizen; the socket stays open)
        await citizen.socket.fail(error, **about)


def add_routes(app: web.Application) -> None:
    app.router.add_get("/ws/chat", chat_socket)
