"""One call, from ring to outcome. Owns the order of things; what takes more than a few lines is in the parts:
`greeting`, `caller_turn` (speech to words), `given_turns` (what the core owes), `handover` (transfer, hang-up).

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
from telephony.bridge import CallerEar
from telephony.call_services import CallServices
from telephony.caller_turn import CallerTurns
from telephony.core_messages import (
    ErrorMessage,
    LegControl,
    LegOrder,
    MannerOrder,
    Opened,
    PlaceCall,
    ReplyMessage,
    SayMessage,
    SilenceOrder,
)
from telephony.dtmf import DigitCollector, DigitEvent, NumberEntered
from telephony.errors import LegClosed
from telephony.fillers import Fillers
from telephony.given_turns import GivenTurns
from telephony.greeting import GREETING_SECONDS, greet
from telephony.handover import HandOver
from telephony.hearing import EXPECTED, Hearing, Listener
from telephony.legs.leg import Leg
from telephony.manner import Manner
from telephony.pressed_keys import PressedKeys
from telephony.prompts import Prompt
from telephony.recording import Recording
from telephony.silence import Reminders
from telephony.speaking import Speaker
from telephony.turn_taking import (
    Action,
    AskSound,
    BackChannel,
    CallerBegan,
    CallerFinished,
    Comfort,
    DropGuess,
    Filler,
    GiveSilenceTurn,
    Guess,
    Patience,
    PausePlayback,
    ResumePlayback,
    ShortSound,
    SilencePrompt,
    StopPlayback,
    TurnTaking,
)
from telephony.waiting_caller import WaitingCaller

__all__ = ["Call", "CallServices"]

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
        self.patience: Patience = "normal"
        self.unplayed = ""
        self._leg = leg
        self._services = services
        self._log = get_logger("telephony.call").bind(call_id=call_id, trace_id=self.trace_id)
        self._began = services.clock.monotonic()
        self._turns = TurnTaking(services.rules, self._began)
        self._hearing = Hearing(services.listener or Listener(None, 1), services.metrics, call_id)
        ear = CallerEar(leg)
        self._speaker = Speaker(
            ear,
            services.speech,
            services.prompts,
            services.metrics,
            started=self._playback_started,
            finished=self._playback_finished,
        )
        self._given = GivenTurns(services.core, call_id, self.trace_id)
        self._reminders = Reminders(self._speaker)
        self._fillers = Fillers()
        self._words = CallerTurns(self, self._hearing, self._turns, self._speaker, self._reminders, services, call_id)
        self._hand_over = HandOver(
            self,
            leg,
            ear,
            self._speaker,
            self._turns,
            self._hearing,
            self._given,
            services,
            call_id=call_id,
            end=self._end,
            own=self._own,
        )
        self._keys = PressedKeys(inband=services.inband_keys)
        self._digits = DigitCollector()
        self._opened: asyncio.Future[Opened] = asyncio.get_running_loop().create_future()
        self._over: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._tasks: set[asyncio.Task[None]] = set()
        self._recording: Recording | None = None
        self._callback_number = ""  # promised in the waiting room
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
            self._speaker,
            services.speech,
            services.prompts,
            services.listener,
            caller_number=self._leg.caller.number.reveal(),
            fixed=services.notices.fixed if services.notices is not None else (),
            topics=services.notices.topics if services.notices is not None else (),
            own=self._own,
            promise=self._promise_call_back,
            unconfirmed=self._call_back_noted,
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
        if (waiting := self._waiting) is None:
            self._log.info("call_served", waited_seconds=0.0)
            self._start_recording()
            if self._placed is not None:
                self._announce(self._placed)
            else:
                await self._greet()
            return
        await waiting.until_called_up()
        self._log.info("call_served", waited_seconds=round(self._now - self._began, 1))
        self._waiting = None
        self._began = self._now
        self._start_recording()
        self._turns.thinking_started(self._now)
        self._turns.thinking_ended(self._now)  # the caller's silence counts from here
        if waiting.wants_person:
            self.give("dtmf", "0")
            if self._recording is not None:
                self._speaker.prompt(Prompt.RECORDED)
            return
        self._speaker.prompt(Prompt.YOUR_TURN)
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
            self._speaker,
            recorded=recorded,
            noticed=noticed,
            patience_seconds=patience_seconds,
        )
        if self._words.keypad:
            self._speaker.prompt(Prompt.KEYPAD)

    def _announce(self, placed: PlaceCall) -> None:
        """Whoever was called hears who calls, why, and that the call is recorded; then comes who wanted them."""
        if placed.line == "with_seat":
            self._hand_over.expect_seat()
        self._speaker.say(item.for_the_ear for item in placed.say)

    def _end(self, reason: str) -> None:
        if not self._over.done():
            self._over.set_result(reason)

    async def _finish(self, reason: str) -> None:
        """Everything of this call ends here; the core is told first, so that nothing below can keep it from hearing."""
        services = self._services
        if self._waiting is not None:
            reason = self._waiting.gone(reason)
        recording = str(self._recording.path) if self._recording is not None else None
        services.core.call_ended(self.call_id, reason, recording, callback_number=self._callback_number)
        services.metrics.calls_active.dec()
        services.metrics.calls.labels(reason).inc()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._leg.hang_up()
        await self._hand_over.close()
        await self._words.close()
        await self._hearing.close()
        await self._speaker.close()
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
        self._listen_for_tones(heard)
        self._hearing.feed(heard)
        self._speaker.hold_back = self._turns.caller_speaking
        said = self._speaker.pump()
        mixed = self._hand_over.pump(heard)
        if self._recording is not None:
            hears = said if mixed is None else mixed
            self._recording.add(heard, hears, self._services.clock.monotonic() - self._began)
        return b"" if self._hand_over.talking else heard  # people who talk to each other need no turn taking

    def _pump_waiting(self) -> bytes:
        """Who waits needs music and keys, and is listened to for a word after a question: every fourth beat will do."""
        self._beats += 1
        if self._waiting is None or self._beats % _WAITING_BEATS != 0:
            return b""
        heard = self._leg.read()
        self._listen_for_tones(heard)
        self._speaker.pump()
        return self._waiting.feed(heard)

    def on_voice(self, probability: float, seconds: float) -> None:
        """The detector's opinion on the next stretch of the caller's audio."""
        if self._waiting is not None:
            self._waiting.on_voice(probability, seconds)
            return
        self._act_on(self._turns.voice(probability, seconds, self._now))

    def tick(self) -> None:
        """A few times a second."""
        if self._waiting is not None:
            self._waiting.tick(self._now)
            return
        self._act_on(self._turns.tick(self._now))
        if (event := self._digits.tick(self._now)) is not None:
            self._keyed(event)
        self._hand_over.tick()
        free = not self._hand_over.ordered and not self._hand_over.talking
        if free and self._now - self._began > self._services.maximum_call_seconds:
            self._say_last(Prompt.TIME_IS_UP)
        if not self._hand_over.ordered and self._given.late(self._now):
            self._log.error("no_answer_from_core", connected=self._services.core.connected)
            self._given.give_up()
            self._say_last(Prompt.GIVE_UP)

    @property
    def _now(self) -> float:
        return self._services.clock.monotonic()

    def _say_last(self, prompt: Prompt) -> None:
        """Say this and hang up; the core makes a call-back of a call that ends with `error`."""
        self._speaker.stop()
        self._speaker.forget_stopped()
        self._hand_over.hang_up_after_words("error")
        self._speaker.prompt(prompt)

    # --- what the caller does ---------------------------------------------------------------------------------------

    def _act_on(self, actions: list[Action]) -> None:
        for action in actions:
            self._act(action)

    def _act(self, action: Action) -> None:
        metrics = self._services.metrics
        match action:
            case PausePlayback():
                metrics.playback_pauses.inc()
                self._speaker.pause()
            case ResumePlayback():
                self._speaker.go_on()
            case StopPlayback():
                metrics.barge_ins.inc()
                self.unplayed += self._speaker.stop()
            case ShortSound():
                self._own(self._words.look_at(action))
            case CallerBegan(ago):
                self._hearing.begin(ago)
                self._words.began(ago)
            case AskSound(pause):
                self._words.ask_sound(pause)
            case Guess(pause):
                self._words.guess(pause)
            case DropGuess():
                self._hearing.drop_guess()
            case CallerFinished():
                if self._hand_over.transferring:
                    self._hearing.forget()
                else:
                    self._own(self._words.take(action))
            case BackChannel():
                metrics.back_channels.inc()
            case SilencePrompt(number, held):
                self._reminders.say(number, held=held)
            case GiveSilenceTurn():
                self.give("silence", "")
            case Filler(number):
                self._say_filler(number)
            case Comfort() if not self._hand_over.soon_told:
                self._speaker.prompt(Prompt.WAITING_FOR_SEAT)

    def act_on(self, actions: list[Action]) -> None:
        """Do what the state machine wants after evidence came in from elsewhere; nothing once the call is over."""
        if self.answered:
            self._act_on(actions)

    def _say_filler(self, number: int) -> None:
        """The answer is late: the core or the recogniser thinks, or the renderer is still at its first sentence."""
        if self._given and not self._services.core.connected:
            self._speaker.prompt(Prompt.CORE_AWAY, first=True)
        else:
            self._speaker.prompt(self._fillers.next(number), first=True)

    def _listen_for_tones(self, heard: bytes) -> None:
        for key in self._keys.heard(heard, self._now):
            self._turns.disregard(self._now)  # the tone was no speech
            self._hearing.forget()
            self._pressed(key)

    def on_key(self, report: str) -> None:
        """A report about a pressed key, at any moment of the call."""
        if (key := self._keys.told(report, self._now)) is not None:
            self._pressed(key)

    def _pressed(self, key: str) -> None:
        if self._over.done() or self._hand_over.transferring or self._hand_over.talking:
            return
        if self._waiting is not None:
            self._waiting.press(key, self._now)
            return
        self._act_on(self._turns.key_pressed(self._now))
        event = self._digits.press(key, self._now, number_asked=self._words.keypad or self.patience == "number")
        if event is not None:
            self._keyed(event)

    def _keyed(self, event: DigitEvent) -> None:
        if isinstance(event, NumberEntered):
            self.give("dtmf", event.digits, meta={"purpose": "callback_number"} if self._words.keypad else {})
        else:
            self.give("dtmf", "0")

    def _promise_call_back(self, number: str) -> None:
        self._callback_number = number
        self.give("dtmf", number, meta={"purpose": "overload_callback"})

    def _call_back_noted(self) -> None:
        """The core has not confirmed the call-back: it is told again with the end of the call, which is kept."""
        if self._given:
            self._say_noted()

    def _say_noted(self) -> None:
        self._hand_over.hang_up_after_words("bot_hung_up")
        self._speaker.prompt(Prompt.CALLBACK_NOTED)

    @property
    def awaiting_reply(self) -> bool:
        return bool(self._given)

    def give(
        self, kind: str, text: str, *, confidence: float | None = None, meta: dict[str, Any] | None = None
    ) -> None:
        """A turn to the core. What was still to be said belongs to the past: the core is told that it was not heard."""
        unplayed = self.unplayed + self._speaker.stop()
        self.unplayed = ""
        self._speaker.forget_stopped()
        self._hand_over.caller_goes_on()
        now = self._now
        self._turns.thinking_started(now, spoke_until=self._words.spoke_until if kind == "speech" else None)
        self._services.metrics.turns.labels(kind).inc()
        turn_id = self._given.give(
            kind,
            text,
            now=now,
            spoke_until=self._words.spoke_until,
            confidence=confidence,
            unplayed=unplayed,
            meta=meta or {},
        )
        self._log.info("turn_given", turn_id=turn_id, kind=kind, characters=len(text))

    # --- what the core says -----------------------------------------------------------------------------------------

    def on_opened(self, message: Opened) -> None:
        self._log.info("conversation_opened", conversation_id=message.conversation_id)
        if not self._opened.done():
            self._opened.set_result(message)
            self._expect(message.manner, message.silence, self.patience)

    def _expect(self, manner: MannerOrder | None, silence: SilenceOrder | None, patience: Patience) -> None:
        """How the caller is talked to and listened to from now on."""
        if manner is not None:
            self._speaker.manner = Manner(manner.speed, manner.gain_db, manner.elder, manner.patience_stretch)
        self._reminders.expect(silence, patience)
        self.listen(patience)

    def listen(self, patience: Patience) -> None:
        """The caller's turn comes next: so long their pauses and their silence may last."""
        self.patience = patience
        self._hearing.expected = EXPECTED.get(patience, "anything")
        self._turns.expect(
            patience,
            stretch=self._speaker.manner.patience_stretch,
            reminders=self._reminders.count,
            hold_seconds=self._reminders.hold_seconds,
        )

    def on_reply(self, message: ReplyMessage) -> None:
        given = self._given.answered(message.turn_id)
        if given is None or self._over.done():
            return
        self._services.metrics.reply_seconds.observe(self._now - given.at)
        self._words.spoke_until = given.spoke_until
        self._expect(message.manner, message.silence, message.patience)
        if message.transfer is not None:
            self._hand_over.transfer_after_words(message.transfer)
        elif message.hang_up or self._callback_number:
            self._hand_over.hang_up_after_words("bot_hung_up")
        texts = [item.for_the_ear for item in message.say if item.for_the_ear.strip()]
        if not texts and not self._hand_over.ordered and self._turns.line == "bot":
            self._speaker.prompt(Prompt.GO_ON)  # a silent turn is a defect, whoever made it
        self._words.answered(texts)
        self._speaker.say(texts)
        self._when_nothing_to_say()

    def on_say(self, message: SayMessage) -> None:
        """Pushed: a seat typed, or the desk ended the conversation."""
        if self._over.done():
            return
        origins = {item.origin for item in message.say}
        if message.line is not None:
            self._hand_over.on_line(message.line)
        elif "seat" in origins:
            self._hand_over.on_line("with_seat")
        elif "bot" in origins:
            self._hand_over.on_line("bot")  # the bot has the conversation again and expects an answer
        if message.silence is not None:
            self._expect(None, message.silence, "yes_no")
        if message.hang_up:
            self._hand_over.hang_up_after_words("bot_hung_up")
        self._speaker.say(item.for_the_ear for item in message.say)
        self._when_nothing_to_say()

    def on_leg_order(self, message: LegOrder) -> None:
        """Somebody is to come into this call."""
        if not self._over.done():
            self._hand_over.on_leg_order(message)

    def on_leg_control(self, message: LegControl) -> None:
        """One side of the bridged call is to be changed, or to go."""
        if not self._over.done():
            self._hand_over.on_leg_control(message)

    def on_turn_failed(self, message: ErrorMessage) -> None:
        """The core could not work on this turn: the caller is asked to say it again."""
        if self._given.answered(message.turn_id) is None:
            self._log.warning("core_reports_error", code=message.code)
            return
        self._log.warning("turn_failed", turn_id=message.turn_id)
        if self._callback_number:
            self._say_noted()
            return
        self._speaker.prompt(Prompt.NOT_HEARD)
        self._stop_thinking()

    def _stop_thinking(self) -> None:
        """Nothing is awaited any more, neither words nor an answer."""
        if not self._given and not self._words.recognising:
            self._turns.thinking_ended(self._now)

    # --- playing ----------------------------------------------------------------------------------------------------

    def _playback_started(self, answer: bool) -> None:
        now = self._now
        self._turns.playback_started(now, interruptible=self._hand_over.interruptible, answer=answer)
        if answer and not self._given and not self._words.recognising:
            if self._words.spoke_until is not None:
                self._services.metrics.voice_to_voice_seconds.observe(now - self._words.spoke_until)
                self._words.spoke_until = None
            self._turns.thinking_ended(now)

    def _playback_finished(self) -> None:
        self._words.quiet_since = self._now
        self._act_on(self._turns.playback_finished(self._now))
        self._when_nothing_to_say()

    def _when_nothing_to_say(self) -> None:
        """The answer has been heard (or there was none): transfer or hang up where that was ordered."""
        if self._speaker.busy:
            return
        self._stop_thinking()
        if (order := self._hand_over.due()) is not None:
            self._own(self._hand_over.transfer(order))
