"""The phone's line to the core: one websocket for all calls, which comes back by itself.

Everything that matters is in the outbox until the core has answered it, so a core that was restarted hears again of
every live call, every unanswered turn (idempotent by `turn_id`) and every call that has ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import aiohttp
import orjson

from base.ids import new_id
from base.logs import get_logger
from base.masking import Masked
from telephony.core_messages import (
    CallingOrder,
    CallMessage,
    CancelCall,
    EndedMessage,
    ErrorMessage,
    ForgetMessage,
    LegControl,
    LegOrder,
    Noted,
    NoticesMessage,
    Opened,
    PlaceCall,
    PrerenderMessage,
    ReplyMessage,
    SayMessage,
    SpeechOrder,
    parse,
)
from telephony.core_ports import Caller, CallHandler, SpeechOrders
from telephony.outbox import Message, Outbox

log = get_logger("telephony.core_link")

ALIVE_SECONDS: Final = 5.0
ENDED_AGAIN_SECONDS: Final = 10.0
_FIRST_BACK_OFF_SECONDS: Final = 0.2
_LONGEST_BACK_OFF_SECONDS: Final = 3.0
_QUEUE_LIMIT: Final = 10_000


class CoreLink:
    """A `Core` over the websocket."""

    def __init__(
        self,
        url: str,
        token_file: Path,
        journal: Path,
        *,
        metrics: Callable[[], Message] = dict,
        speech_orders: SpeechOrders | None = None,
        verify_tls: bool = True,
    ) -> None:
        """
        Args:
            url: `http(s)://host:port/internal/phone` of the core.
            token_file: holds the bearer token; read again for every connection, for the core makes a new one.
            journal: where ends of calls wait for a core that is away.
            metrics: the fields of the `metrics` message; empty: nothing is sent.
            speech_orders: told what to prepare and what to forget; None: such messages are passed over.
            verify_tls: False for a core on this machine, whose certificate names the public host.
        """
        self._url = url
        self._token_file = token_file
        self._outbox = Outbox(journal)
        self._metrics = metrics
        self._speech_orders = speech_orders
        self.caller: Caller | None = None  # told whom to call; None: such messages are passed over
        self._verify_tls = verify_tls
        self._announce_again: set[str] = set()  # calls that the core says it does not know
        self._handlers: dict[str, CallHandler] = {}
        self._queue: asyncio.Queue[Message] = asyncio.Queue(_QUEUE_LIMIT)
        self._connected = False
        self._journal_changed = asyncio.Event()

    @property
    def connected(self) -> bool:
        return self._connected

    # --- what calls say ---------------------------------------------------------------------------------------------

    def call_started(
        self, handler: CallHandler, call_id: str, caller: Masked, leg: str, trace_id: str, *, placed: str = ""
    ) -> None:
        self._handlers[call_id] = handler
        message: Message = {
            "type": "call_started",
            "call_id": call_id,
            "caller": caller.reveal() or None,
            "leg": leg,
            "trace_id": trace_id,
            "conversation_id": None,
            **({"placed": placed} if placed else {}),
        }
        self._outbox.started(message)
        self._send(message)

    def turn(
        self,
        call_id: str,
        turn_id: str,
        kind: str,
        text: str,
        *,
        confidence: float | None,
        unplayed: str,
        meta: dict[str, Any],
        traceparent: str = "",
    ) -> None:
        message: Message = {
            "type": "turn",
            "call_id": call_id,
            "turn_id": turn_id,
            "kind": kind,
            "text": text,
            "confidence": confidence,
            "unplayed": unplayed,
            "meta": meta,
            **({"traceparent": traceparent} if traceparent else {}),
        }
        self._outbox.turn(message)
        self._send(message)

    def call_ended(self, call_id: str, reason: str, recording: str | None, *, callback_number: str = "") -> None:
        """`callback_number`: a call-back to it was promised."""
        self._handlers.pop(call_id, None)
        message: Message = {
            "type": "call_ended",
            "call_id": call_id,
            "reason": reason,
            "recording": recording,
            "callback_number": callback_number or None,
        }
        self._end(message)

    def call_turned_away(self, call_id: str, caller: Masked) -> None:
        """A call was refused for want of room: kept and told again, like every end of a call."""
        message: Message = {
            "type": "call_ended",
            "call_id": call_id,
            "reason": "overload",
            "recording": None,
            "callback_number": None,
            "caller": caller.reveal(),
        }
        self._end(message)

    def call_rings(self, call_id: str, sip_call_id: str) -> None:
        """A call that we place is on its way. Nothing is lost where the core does not hear of it."""
        self._send({"type": "call_rings", "call_id": call_id, "sip_call_id": sip_call_id})

    def call_not_reached(self, call_id: str, result: str, *, sip_status: int | None, sip_call_id: str) -> None:
        """A call that we placed came to nothing: kept and told again, like every end of a call."""
        message: Message = {
            "type": "call_ended",
            "call_id": call_id,
            "reason": result,
            "recording": None,
            "callback_number": None,
            "sip_status": sip_status,
            "sip_call_id": sip_call_id,
        }
        self._end(message)

    def _end(self, message: Message) -> None:
        """Keep the end of a call and tell it until the core has stored it; only the first end of a call counts."""
        if self._outbox.ended(message):
            self._journal_changed.set()
            self._send(message)

    def leg(self, call_id: str, leg_id: str, state: str, **fields: Any) -> None:
        self._send({"type": "leg", "call_id": call_id, "leg_id": leg_id, "state": state, **fields})

    def heard(self, call_id: str, side: str, text: str, **fields: Any) -> None:
        message: Message = {
            "type": "heard",
            "call_id": call_id,
            "heard_id": new_id("h"),
            "side": side,
            "text": text,
            **fields,
        }
        self._outbox.heard(message)
        self._send(message)

    def _send(self, message: Message) -> None:
        """Hand a message to the writer; without a connection it is dropped: the outbox has what must not be lost."""
        if not self._connected:
            return
        try:
            self._queue.put_nowait(message)
        except asyncio.QueueFull:
            log.error("the core does not take messages; the link is opened anew", waiting=self._queue.qsize())
            self._connected = False

    # --- the connection ---------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Keep the connection until cancelled."""
        waiting = await asyncio.to_thread(self._outbox.load)
        if waiting:
            log.info("ends of earlier calls are still to be told to the core", calls=waiting)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_journal())
            tasks.create_task(self._reconnect_for_ever())

    async def _reconnect_for_ever(self) -> None:
        back_off = _FIRST_BACK_OFF_SECONDS
        told = False
        async with aiohttp.ClientSession() as session:
            while True:
                try:
                    token = (await asyncio.to_thread(self._token_file.read_text, encoding="utf-8")).strip()
                    async with session.ws_connect(
                        self._url,
                        headers={"Authorization": f"Bearer {token}"},
                        heartbeat=ALIVE_SECONDS,
                        ssl=self._verify_tls,
                        max_msg_size=1 << 20,
                        timeout=aiohttp.ClientWSTimeout(ws_close=1.0),
                    ) as socket:
                        log.info("connected to the core")
                        back_off, told = _FIRST_BACK_OFF_SECONDS, False
                        await self._talk(socket)
                        log.warning("the core has closed the link")
                except (aiohttp.ClientError, OSError, TimeoutError) as error:
                    if not told:
                        log.warning("the core cannot be reached; trying again", problem=str(error))
                        told = True
                finally:
                    self._connected = False
                await asyncio.sleep(back_off * random.uniform(0.7, 1.3))
                back_off = min(_LONGEST_BACK_OFF_SECONDS, back_off * 1.6)

    async def _talk(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        while not self._queue.empty():
            self._queue.get_nowait()
        waiting = self._outbox.after_reconnect()
        self._connected = True  # from here on new messages queue up behind those that waited
        for message in waiting:
            await _send_json(socket, message)
        writer = asyncio.create_task(self._write(socket))
        pulse = asyncio.create_task(self._pulse())
        try:
            async for received in socket:
                if received.type is aiohttp.WSMsgType.TEXT:
                    self._receive(received.data)
                if not self._connected or writer.done():
                    return
        finally:
            self._connected = False
            for task in (writer, pulse):
                task.cancel()
            await asyncio.gather(writer, pulse, return_exceptions=True)

    async def _write(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                await _send_json(socket, await self._queue.get())
        await socket.close()

    async def _pulse(self) -> None:
        """The heartbeat and the counters every five seconds; unconfirmed ends every second time."""
        beat = 0
        while True:
            self._send({"type": "alive", "call_id": "", "calls": self._outbox.live_calls()})
            if fields := self._metrics():
                self._send({"type": "metrics", "call_id": "", **fields})
            for call_id in self._announce_again:
                for message in self._outbox.of_call(call_id):
                    self._send(message)
            self._announce_again.clear()
            if beat and beat % round(ENDED_AGAIN_SECONDS / ALIVE_SECONDS) == 0:
                for message in self._outbox.unconfirmed_ends():
                    self._send(message)
                self._journal_changed.set()
            beat += 1
            await asyncio.sleep(ALIVE_SECONDS)

    def _receive(self, text: str) -> None:
        try:
            message = parse(orjson.loads(text))
        except ValueError as error:  # orjson.JSONDecodeError is one
            log.warning("a message from the core is not understood", problem=str(error))
            return
        match message:
            case None:
                return
            case PrerenderMessage() | ForgetMessage() | NoticesMessage():
                self._order_speech(message)
            case PlaceCall() | CancelCall():
                self._order_call(message)
            case EndedMessage():
                if self._outbox.confirmed(message.call_id):
                    self._journal_changed.set()
            case Noted():
                self._outbox.noted(message.heard_id)
            case _:
                self._to_call(message)

    def _to_call(self, message: CallMessage) -> None:
        """The outbox is told even where the call is over."""
        handler = self._handlers.get(message.call_id)
        match message:
            case Opened():
                self._outbox.opened(message.call_id, message.conversation_id)
                if handler:
                    handler.on_opened(message)
            case ReplyMessage():
                if self._outbox.answered(message.turn_id) and handler:
                    handler.on_reply(message)
            case _ if handler is None:
                return
            case SayMessage():
                handler.on_say(message)
            case LegOrder():
                handler.on_leg_order(message)
            case LegControl():
                handler.on_leg_control(message)
            case ErrorMessage():
                self._turn_failed(message, handler)

    def _turn_failed(self, message: ErrorMessage, handler: CallHandler) -> None:
        of_no_turn = message.turn_id is None
        if message.code == "unknown_call" or (of_no_turn and not self._outbox.is_open(message.call_id)):
            self._announce_again.add(message.call_id)  # with its turns, at the next beat
            return
        if message.turn_id:
            self._outbox.answered(message.turn_id)
        handler.on_turn_failed(message)

    def _order_speech(self, message: SpeechOrder) -> None:
        if self._speech_orders is None:
            return
        if isinstance(message, PrerenderMessage):
            self._speech_orders.want(message.revision, message.texts)
        elif isinstance(message, NoticesMessage):
            self._speech_orders.notice(message.texts)
        else:
            self._speech_orders.drop(message.texts)

    def _order_call(self, message: CallingOrder) -> None:
        if self.caller is None:
            log.warning("a call was ordered of a phone that places none", call_id=message.call_id)
        elif isinstance(message, PlaceCall):
            self.caller.place(message)
        else:
            self.caller.cancel(message.call_id)

    async def _keep_journal(self) -> None:
        while True:
            await self._journal_changed.wait()
            self._journal_changed.clear()
            try:
                await asyncio.to_thread(self._outbox.save, self._outbox.journal_text())
            except OSError as error:
                log.error("the journal of ended calls cannot be written", problem=str(error))
                await asyncio.sleep(1.0)
                self._journal_changed.set()


async def _send_json(socket: aiohttp.ClientWebSocketResponse, message: Message) -> None:
    await socket.send_str(orjson.dumps(message).decode())
