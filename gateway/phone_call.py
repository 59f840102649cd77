"""One call on the phone link: its messages are worked on in their order, and each gets an answer, never silence."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import asdict
from typing import Any, Final, Protocol

import structlog
from opentelemetry.trace import SpanKind

from base import tracing
from base.logs import get_logger
from base.settings import Settings
from conversations.errors import UnknownConversation
from conversations.following import Following
from conversations.messages import CitizenTurn, Outcome, Silence, StoredTurn, Transfer, TurnResult
from conversations.placed import Placed
from gateway.body import clean_text, parse_model
from gateway.core import Core, settle
from gateway.errors import ApiError
from gateway.internal import find_call
from gateway.phone_messages import CallEnded, CallStarted, Heard, LegNews, PhoneTurn
from gateway.ports import Subscription
from gateway.seat_audio import SeatAudio
from gateway.shapes import say_objects
from gateway.sockets import Socket

log = get_logger("gateway.phone")

SORRY: Final = "抱歉，我这边刚才出了点问题，没有处理好您的话。请您再说一遍，或者按0转人工。"
_CALL_QUEUE: Final = 100


class Link(Protocol):
    """What a call needs of the link that it came over."""

    core: Core
    socket: Socket
    seat_audio: SeatAudio

    def forget(self, call: PhoneCall) -> None: ...


def transfer_object(transfer: Transfer | None, settings: Settings) -> dict[str, str | None] | None:
    """Where the phone sends the call; `sip_uri` null: no line is configured, the call stays with us."""
    if transfer is None:
        return None
    telephony = settings.telephony
    if transfer.target == "seat":
        return {
            "target": "seat",
            "sip_uri": telephony.person_sip_uri or None,
            "method": telephony.person_transfer,
        }
    return {
        "target": transfer.target,
        "sip_uri": telephony.emergency_sip_uris.get(transfer.target),
        "method": telephony.emergency_transfer,
    }


def silence_object(silence: Silence) -> dict[str, Any] | None:
    """Null where nothing special is to happen in a silence."""
    if silence.reminders is None:
        return None
    return {"reminders": list(silence.reminders), "hold_seconds": silence.hold_seconds}


class PhoneCall:
    """One call on the link."""

    def __init__(self, link: Link, call_id: str) -> None:
        self.link = link
        self.call_id = call_id
        self.conversation_id: str | None = None
        self.trace_id: str | None = None
        self.queue: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue(_CALL_QUEUE)
        self.subscription: Subscription | None = None
        self.pusher: asyncio.Task[None] | None = None
        self.over = False

    async def work(self) -> None:
        """The messages of this call, one after another, until it ended or the link is gone."""
        try:
            while (message := await self.queue.get()) is not None:
                with structlog.contextvars.bound_contextvars(call_id=self.call_id, trace_id=self.trace_id):
                    if not await self._handle(message):
                        return
        except ConnectionResetError:
            log.info("the phone went away while it was answered", call_id=self.call_id)
        finally:
            await self._stop_pushing()
            self.link.seat_audio.detach(self)
            await self._take_last_words()
            self.link.forget(self)

    async def _take_last_words(self) -> None:
        """What was recognised while the end was being stored. What cannot be stored is not noted, and comes again."""
        while not self.queue.empty():
            message = self.queue.get_nowait()
            if message is not None and message["type"] == "heard":
                try:
                    await self.heard(parse_model(Heard, message))
                except (ApiError, ConnectionResetError) as error:
                    log.warning("last words of a call were not taken", reason=type(error).__name__)

    async def _stop_pushing(self) -> None:
        self.over = True
        if self.subscription is not None:
            self.subscription.close()  # which ends the pusher
        await settle(self.pusher)

    async def _handle(self, message: dict[str, Any]) -> bool:
        """False when the call is over."""
        turn_id = message.get("turn_id") if isinstance(message.get("turn_id"), str) else None
        try:
            if message["type"] == "call_started":
                await self._started(parse_model(CallStarted, message))
            elif message["type"] == "turn":
                await self._turn(parse_model(PhoneTurn, message))
            elif message["type"] == "heard":
                await self.heard(parse_model(Heard, message))
            elif message["type"] == "leg":
                await self.link.seat_audio.news(self, parse_model(LegNews, message))
            else:
                await self._ended(parse_model(CallEnded, message))
                return False
        except ConnectionResetError:
            raise
        except ApiError as error:
            await self._error(error.message, error.code, turn_id)
        except Exception as error:  # the caller hears an apology; the call goes on
            log.error("a call's message failed", kind=message["type"], exc_info=error)
            self.link.core.metrics.turn_failures.labels("phone").inc()
            await self._apologise(message["type"], turn_id)
        return True

    async def _started(self, started: CallStarted) -> None:
        core = self.link.core
        self.trace_id = started.trace_id
        known = started.conversation_id
        if known is None and (row := await find_call(core, self.call_id)) is not None and row.status != "ended":
            known = row.id  # we were restarted after the row was stored and before the phone heard of it
        placed = await core.outgoing.answered(self.call_id, started.placed) if started.placed else None
        try:
            result = await self._open(started, known, placed)
        except UnknownConversation:
            if known is None:
                raise
            result = await self._open(started, None, placed)
        self.conversation_id = result.conversation_id
        self.link.seat_audio.attach(self)
        if placed is not None:
            await core.outgoing.opened(self.call_id, self.conversation_id)
        core.metrics.calls.labels("reattached" if known else "placed" if placed else "started").inc()
        core.metrics.belongs(self.conversation_id, "phone")
        if self.pusher is None:
            self.subscription = core.conversations.subscribe(self.conversation_id)
            pushing = self._push(self.conversation_id, result.seq, self.subscription, new=not (known or placed))
            self.pusher = core.spawn(pushing, "call pusher")
        await self.link.socket.send(
            {
                "type": "opened",
                "call_id": self.call_id,
                "conversation_id": self.conversation_id,
                "say": say_objects(result.replies),
                "manner": asdict(result.manner),
                "silence": silence_object(result.silence),
            }
        )

    async def _open(self, started: CallStarted, conversation_id: str | None, placed: Placed | None) -> TurnResult:
        return await self.link.core.conversations.open(
            "phone",
            conversation_id=conversation_id,
            caller_number=started.caller or None,
            call_id=self.call_id,
            trace_id=started.trace_id,
            placed=placed,
        )

    async def _turn(self, turn: PhoneTurn) -> None:
        core = self.link.core
        if self.conversation_id is None:
            raise ApiError(404, "unknown_call", "这通电话还没有开始。")
        began = time.monotonic()
        said = CitizenTurn(
            text=clean_text(turn.text)[: core.settings.web.message_limit_characters],
            channel="phone",
            kind=turn.kind,
            client_message_id=turn.turn_id,
            confidence=turn.confidence,
            unplayed=clean_text(turn.unplayed),
            meta=turn.meta,
        )
        trace = tracing.under_header(turn.traceparent) or tracing.under_trace(self.trace_id)
        with tracing.span("core turn", kind=SpanKind.SERVER, under=trace, channel="phone", kind_of_turn=turn.kind):
            result = await core.conversations.citizen_turn(self.conversation_id, said)
        core.metrics.reply_seconds.labels("phone").observe(time.monotonic() - began)
        await self.link.socket.send(
            {
                "type": "reply",
                "call_id": self.call_id,
                "turn_id": turn.turn_id,
                "conversation_id": result.conversation_id,
                "say": say_objects(result.replies),
                "asking": result.asking,
                "patience": result.patience,
                "outcome": result.outcome,
                "transfer": transfer_object(result.transfer, core.settings),
                "hang_up": result.hang_up,
                "manner": asdict(result.manner),
                "silence": silence_object(result.silence),
            }
        )
        if result.rating:
            core.metrics.ratings.labels(result.rating).inc()

    async def send(self, message: dict[str, Any]) -> None:
        """To the phone. Raises ConnectionResetError where it has gone."""
        await self.link.socket.send(message)

    async def heard(self, heard: Heard) -> None:
        """Words of a call among people; also of one that is over: the last ones are recognised after its end."""
        core = self.link.core
        conversation_id = self.conversation_id
        if conversation_id is None and (row := await find_call(core, self.call_id)) is not None:
            conversation_id = row.id
        text = clean_text(heard.text)[: core.settings.web.message_limit_characters]
        if conversation_id is not None and text:
            meta = {"recogniser_confidence": heard.confidence, "seconds_spoken": heard.seconds}
            with suppress(UnknownConversation):
                await core.conversations.heard(conversation_id, heard.side, text, heard_id=heard.heard_id, meta=meta)
        await self.send({"type": "noted", "call_id": self.call_id, "heard_id": heard.heard_id})

    async def _ended(self, ended: CallEnded) -> None:
        core = self.link.core
        conversation_id = self.conversation_id
        if conversation_id is None and (row := await find_call(core, self.call_id)) is not None:
            conversation_id = row.id
        outcome: Outcome | None = None
        if conversation_id is None and await core.outgoing.ended(self.call_id, ended, None):
            await self.link.socket.send({"type": "ended", "call_id": self.call_id})
            return  # we called and reached nobody
        if conversation_id is None:
            conversation_id = await core.conversations.missed_call(
                self.call_id,
                caller_number=ended.caller,
                callback_number=ended.callback_number,
                reason="overload" if ended.reason == "overload" else "missed",
            )
        else:
            with suppress(UnknownConversation):  # of a database that is gone: there is nothing to end
                outcome = await core.conversations.hang_up(
                    conversation_id, reason=ended.reason, callback_number=ended.callback_number
                )
            await core.outgoing.ended(self.call_id, ended, outcome)
        if ended.recording is not None and await find_call(core, self.call_id) is not None:
            await core.recordings.note(conversation_id, ended.recording)
        core.metrics.calls.labels(ended.reason).inc()
        await self.link.socket.send({"type": "ended", "call_id": self.call_id})

    async def _push(self, conversation_id: str, seq: int, subscription: Subscription, *, new: bool) -> None:
        """Say what seats and the desk say, until the call is over.

        Args:
            seq: the last turn that the phone was given.
            subscription: begun as soon as the conversation was known here.
            new: nothing can have happened in it before that.
        """
        with_seat, conversations = False, self.link.core.conversations
        while not self.over:
            for turn in [] if new else await conversations.transcript(conversation_id, after_seq=seq):
                await self._push_turn(turn)
                seq = turn.seq
            new = False
            following = Following(conversations, subscription, conversation_id, seq=seq)
            async for event in following:
                seq = following.seq
                if event.kind == "dropped":
                    break
                if event.turn is not None:
                    await self._push_turn(event.turn)
                if event.kind == "status":
                    if event.status == "ended" and with_seat:
                        await self._seat_ended(conversation_id)
                    elif event.status != "ended":
                        await self._say([], hang_up=False, line=await self._line(event.status))
                    if with_seat and event.status != "with_seat":
                        await self.link.seat_audio.released(conversation_id)
                    with_seat = event.status == "with_seat"
            else:
                return
            subscription = self.subscription = conversations.subscribe(conversation_id)

    async def _seat_ended(self, conversation_id: str) -> None:
        """The seat is done: the call ends, or the caller has still been asked how satisfied they are."""
        snapshot = await self.link.core.conversations.snapshot(conversation_id)
        rates = snapshot.get("asking") == "satisfaction"
        await self._say([], hang_up=not rates, line="bot" if rates else None, silence=Silence(()) if rates else None)

    async def _line(self, status: str | None) -> str:
        """Who has the caller, in the phone's words. In danger the bot goes on listening; nobody waits with music."""
        if status == "waiting":
            snapshot = await self.link.core.conversations.snapshot(str(self.conversation_id))
            return "bot" if snapshot.get("outcome") == "emergency" else "waiting_for_seat"
        return "with_seat" if status == "with_seat" else "bot"

    async def _push_turn(self, turn: StoredTurn) -> None:
        if turn.role in ("seat", "system") and turn.kind == "text":
            spoken = turn.meta.get("spoken")
            await self._say([{"text": turn.text, "spoken": spoken or turn.text, "origin": turn.role}], hang_up=False)

    async def _say(
        self, say: list[dict[str, str]], *, hang_up: bool, line: str | None = None, silence: Silence | None = None
    ) -> None:
        await self.link.socket.send(
            {
                "type": "say",
                "call_id": self.call_id,
                "conversation_id": self.conversation_id,
                "say": say,
                "hang_up": hang_up,
                "line": line,
                **({"silence": silence_object(silence)} if silence is not None else {}),
            }
        )

    async def _apologise(self, kind: str, turn_id: str | None) -> None:
        if kind == "turn" and turn_id is not None:
            say = [{"text": SORRY, "spoken": SORRY, "origin": "system"}]
            await self.link.socket.send(
                {
                    "type": "reply",
                    "call_id": self.call_id,
                    "turn_id": turn_id,
                    "conversation_id": self.conversation_id,
                    "say": say,
                    "asking": None,
                    "patience": "normal",
                    "outcome": None,
                    "transfer": None,
                    "hang_up": False,
                }
            )
        elif kind == "call_started":
            await self._error("暂时无法开始这通电话。", "internal", None)
        # A failed `call_ended` is not confirmed: the phone tells of it again.

    async def _error(self, message: str, code: str, turn_id: str | None) -> None:
        await self.link.socket.send(
            {"type": "error", "call_id": self.call_id, "turn_id": turn_id, "code": code, "message": message}
        )
