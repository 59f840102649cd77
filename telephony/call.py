"""One call, from ring to outcome: told to the core, answered, made to wait where others came before, greeted, recorded,
ended. What is said in it belongs to `talk`; who waits, to `waiting_caller`.

Everything happens on one event loop; methods that are called by the ticker, the leg or the core return at once, what
takes time runs in tasks that this call owns and ends. Whatever happens, the core hears of the end exactly once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Coroutine
from typing import Any, Final

from base.ids import new_trace_id
from base.logs import get_logger
from base.tracing import trace_id_of_call
from telephony.call_services import CallServices
from telephony.core_messages import (
    ErrorMessage,
    LegControl,
    LegOrder,
    Opened,
    PlaceCall,
    ReplyMessage,
    SayMessage,
)
from telephony.errors import LegClosed
from telephony.greeting import GREETING_SECONDS, greet
from telephony.legs.leg import Leg
from telephony.pressed_keys import PressedKeys
from telephony.prompts import Prompt
from telephony.recording import Recording
from telephony.talk import Talk
from telephony.waiting_caller import WaitingCaller

_WAITING_BEATS: Final = 4
_KNOWN_SECONDS: Final = 0.5  # so long a caller may hear it ring before the core knows of the call


class Call:
    """One caller. Create, then await `run`; the ticker calls `pump`, `on_voice` and `tick` meanwhile."""

    def __init__(self, leg: Leg, call_id: str, services: CallServices, *, placed: PlaceCall | None = None) -> None:
        """`placed`: the order of a call that we placed; they have answered already."""
        self.call_id = call_id
        self._placed = placed
        sip_call_id = leg.caller.leg_call_id
        self.trace_id = trace_id_of_call(sip_call_id) if sip_call_id else new_trace_id()
        self.answered = False
        self._leg = leg
        self._services = services
        self._log = get_logger("telephony.call").bind(call_id=call_id, trace_id=self.trace_id)
        self._began = services.clock.monotonic()
        self._keys = PressedKeys(inband=services.inband_keys)
        self._unsearched: list[bytes] = []  # of the caller's audio, for tones
        self._opened: asyncio.Future[Opened] = asyncio.get_running_loop().create_future()
        self._over: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._tasks: set[asyncio.Task[None]] = set()
        self._talk = Talk(
            leg,
            services,
            call_id=call_id,
            trace_id=self.trace_id,
            end=self._end,
            over=self._over.done,
            own=self._own,
        )
        self._recording: Recording | None = None
        self._waiting = self._waiting_caller()
        self._beats = 0  # while waiting
        self._rang_seconds = 0.0

    def _waiting_caller(self) -> WaitingCaller | None:
        """None for a call that is served at once."""
        services = self._services
        if services.desk is None or services.desk.turn_of(self.call_id) is None:
            return None
        return WaitingCaller(
            self.call_id,
            services.desk,
            self._talk.speaker,
            services.speech,
            services.prompts,
            services.listener,
            caller_number=self._leg.caller.number.reveal(),
            fixed=services.notices.fixed if services.notices is not None else (),
            topics=services.notices.topics if services.notices is not None else (),
            own=self._own,
            promise=self._talk.promise_call_back,
            unconfirmed=self._talk.call_back_noted,
        )

    # --- life -------------------------------------------------------------------------------------------------------

    async def run(self) -> str:
        """Answer and serve the call to its end; returns the reason that the core was told."""
        services = self._services
        services.metrics.calls_active.inc()
        reason = "error"
        try:
            self._leg.on_closed(self._end)
            caller, kind = self._leg.caller, self._leg.kind
            placed = (caller.leg_call_id or self.call_id) if self._placed is not None else ""
            services.core.call_started(self, self.call_id, caller.number, kind, self.trace_id, placed=placed)
            self._leg.on_key(self.on_key)
            await self._known()
            await self._leg.answer()
            rang, self._began = self._began, services.clock.monotonic()
            self._rang_seconds = self._began - rang
            self.answered = True
            self._log.info("call_answered", caller=self._leg.caller.number, leg=self._leg.kind)
            self._own(self._welcome())
            reason = await self._over
        except LegClosed:
            reason = "caller_hung_up"
        finally:
            self.answered = False
            self._end(reason)
            await self._finish(reason)
        return reason

    async def _known(self) -> None:
        """The core has stored the contact before anybody is answered: it cannot be lost with this machine. One that is
        slow or away is not waited for."""
        if self._placed is None and self._services.core.connected:
            either: tuple[asyncio.Future[Any], ...] = (self._opened, self._over)
            await asyncio.wait(either, timeout=_KNOWN_SECONDS, return_when=asyncio.FIRST_COMPLETED)

    async def _welcome(self) -> None:
        """Greet, after the wait for those who came before."""
        if self._waiting is not None and self._waiting.called_up:
            self._waiting = None  # while it still rang: this caller has not waited
        if (waiting := self._waiting) is None:
            self._log.info("call_served", waited_seconds=0.0)
            self._start_recording()
            if self._placed is not None:
                self._talk.announce(self._placed)
            else:
                await self._greet()
            return
        await waiting.until_called_up()
        self._log.info("call_served", waited_seconds=round(self._now - self._began, 1))
        self._waiting = None
        self._began = self._now
        self._start_recording()
        self._talk.count_silence_from_now()
        if waiting.wants_person:
            self._talk.give("dtmf", "0")
            if self._recording is not None:
                self._talk.speaker.prompt(Prompt.RECORDED)
            return
        self._talk.speaker.prompt(Prompt.YOUR_TURN)
        await self._greet(noticed=waiting.noticed)

    def _start_recording(self) -> None:
        if self._services.recorder is not None:
            self._recording = self._services.recorder.begin(self.call_id, self._services.clock.now())

    async def _greet(self, *, noticed: Collection[str] = ()) -> None:
        recorded = self._recording is not None
        patience_seconds = GREETING_SECONDS - self._rang_seconds
        await greet(
            self._opened,
            self._services,
            self._talk.speaker,
            recorded=recorded,
            noticed=noticed,
            patience_seconds=patience_seconds,
        )
        if self._talk.keys_only:
            self._talk.speaker.prompt(Prompt.KEYPAD)

    def _end(self, reason: str) -> None:
        if not self._over.done():
            self._over.set_result(reason)

    async def _finish(self, reason: str) -> None:
        """Everything of this call ends here; the core is told first, so that nothing below can keep it from hearing."""
        services = self._services
        if self._waiting is not None:
            reason = self._waiting.gone(reason)
        recording = str(self._recording.path) if self._recording is not None else None
        services.core.call_ended(self.call_id, reason, recording, callback_number=self._talk.callback_number)
        services.metrics.calls_active.dec()
        services.metrics.calls.labels(reason).inc()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._leg.hang_up()
        await self._talk.close()
        if self._recording is not None:
            await self._recording.close()
        self._log.info("call_ended", reason=reason, seconds=round(services.clock.monotonic() - self._began, 1))

    def hang_up(self, reason: str = "bot_hung_up") -> None:
        """End the call from our side."""
        self._end(reason)

    def fail(self, error: BaseException) -> None:
        """Something that must not happen has happened in this call: it ends, all others go on."""
        self._log.error("call_failed", exc_info=error)
        self._end("error")

    def _own(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.fail(error)

    # --- the ticker -------------------------------------------------------------------------------------------------

    def pump(self) -> bytes:
        """Move audio both ways; returns what the caller has sent since the last time."""
        if self._waiting is not None:
            return self._pump_waiting()
        heard = self._leg.read()
        if self._keys.listens:
            self._unsearched.append(heard)
        hears = self._talk.pump(heard)
        if self._recording is not None:
            self._recording.add(heard, hears, self._now - self._began)
        return b"" if self._talk.among_people else heard

    def _pump_waiting(self) -> bytes:
        """Who waits needs music and keys, and is listened to for a word after a question: every fourth beat will do."""
        self._beats += 1
        if self._waiting is None or self._beats % _WAITING_BEATS != 0:
            return b""
        heard = self._leg.read()
        self._listen_for_tones(heard)
        self._talk.speaker.pump(often=False)
        return self._waiting.feed(heard)

    def on_voice(self, probability: float, seconds: float) -> None:
        """The detector's opinion on the next stretch of the caller's audio."""
        if self._waiting is not None:
            self._waiting.on_voice(probability, seconds)
            return
        self._talk.on_voice(probability, seconds)

    def tick(self) -> None:
        """A few times a second."""
        if self._waiting is not None:
            self._waiting.tick(self._now)
            return
        self._listen_for_tones(b"".join(self._unsearched))
        self._unsearched.clear()
        self._talk.tick(time_is_up=self._now - self._began > self._services.maximum_call_seconds)

    @property
    def _now(self) -> float:
        return self._services.clock.monotonic()

    # --- keys -------------------------------------------------------------------------------------------------------

    def _listen_for_tones(self, heard: bytes) -> None:
        for key in self._keys.heard(heard, self._now):
            self._talk.disregard_sound()
            self._pressed(key)

    def on_key(self, report: str) -> None:
        """A report about a pressed key, at any moment of the call."""
        if (key := self._keys.told(report, self._now)) is not None:
            self._pressed(key)

    def _pressed(self, key: str) -> None:
        if self._over.done():
            return
        if self._waiting is not None:
            self._waiting.press(key, self._now)
        else:
            self._talk.press(key)

    # --- what the core says -----------------------------------------------------------------------------------------

    def on_opened(self, message: Opened) -> None:
        self._log.info("conversation_opened", conversation_id=message.conversation_id)
        if not self._opened.done():
            self._opened.set_result(message)
            self._talk.expect(message.manner, message.silence)

    def on_reply(self, message: ReplyMessage) -> None:
        self._talk.on_reply(message)

    def on_say(self, message: SayMessage) -> None:
        self._talk.on_say(message)

    def on_turn_failed(self, message: ErrorMessage) -> None:
        self._talk.on_turn_failed(message)

    def on_leg_order(self, message: LegOrder) -> None:
        self._talk.on_leg_order(message)

    def on_leg_control(self, message: LegControl) -> None:
        self._talk.on_leg_control(message)
