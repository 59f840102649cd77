"""One call, from ring to outcome: greeting, turns, keys, transfer, hang-up. Owns the order of things, no audio maths.

Everything happens on one event loop; methods that are called by the ticker, the leg or the core return at once, what
takes time runs in tasks that this call owns and ends. Whatever happens, the core hears of the end exactly once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, Final

from asr_models.recogniser import RecogniserError, Recognition
from base.clock import Clock
from base.errors import HotlineError
from base.ids import new_id, new_trace_id
from base.logs import get_logger
from telephony.audio import seconds_of
from telephony.back_channel import is_back_channel
from telephony.core_link import Core
from telephony.core_messages import ErrorMessage, Opened, ReplyMessage, SayMessage, TransferOrder
from telephony.dtmf import Debouncer, DigitCollector, DigitEvent, NumberEntered
from telephony.errors import LegClosed, TransferError
from telephony.hearing import Hearing, Listener
from telephony.legs.leg import Leg
from telephony.metrics import PhoneMetrics
from telephony.prompts import Prompt, PromptBook, Speech
from telephony.recording import Recorder, Recording
from telephony.speaking import Speaker
from telephony.turn_taking import (
    Action,
    BackChannel,
    CallerBegan,
    CallerFinished,
    Comfort,
    DropGuess,
    Filler,
    GiveSilenceTurn,
    Guess,
    SilencePrompt,
    StopPlayback,
    TurnTaking,
    TurnTakingRules,
)

GREETING_SECONDS: Final = 1.0
LONGEST_GREETING_SECONDS: Final = 4.0  # callers want to speak; whatever is longer is not played
REPLY_SECONDS: Final = 30.0  # an answer that takes longer will not come
CORE_AWAY_SECONDS: Final = 90.0
TRANSFER_SECONDS: Final = 45.0
NOT_HEARD_SECONDS: Final = 0.5  # a sound this long in which nothing was recognised is asked about


@dataclass(frozen=True, slots=True)
class CallServices:
    """What all calls of the process share. `listener` is None where there is no recogniser at all."""

    core: Core
    speech: Speech
    prompts: PromptBook
    listener: Listener | None
    metrics: PhoneMetrics
    recorder: Recorder | None
    clock: Clock
    rules: TurnTakingRules = field(default_factory=TurnTakingRules)
    maximum_call_seconds: float = 1_800.0


@dataclass(slots=True)
class _Given:
    """A turn that the core has not answered."""

    at: float
    spoke_until: float


class Call:
    """One caller. Create, then await `run`; the ticker calls `pump`, `on_voice` and `tick` meanwhile."""

    def __init__(self, leg: Leg, call_id: str, services: CallServices) -> None:
        self.call_id = call_id
        self.trace_id = new_trace_id()
        self.answered = False
        self._leg = leg
        self._services = services
        self._log = get_logger("telephony.call").bind(call_id=call_id, trace_id=self.trace_id)
        self._began = services.clock.monotonic()
        self._turns = TurnTaking(services.rules, self._began)
        self._hearing = Hearing(services.listener or Listener(_NoRecogniser(), 1), services.metrics, call_id)
        self._speaker = Speaker(
            leg,
            services.speech,
            services.prompts,
            services.metrics,
            started=self._playback_started,
            finished=self._playback_finished,
        )
        self._keys = Debouncer()
        self._digits = DigitCollector()
        self._opened: asyncio.Future[Opened] = asyncio.get_running_loop().create_future()
        self._over: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._given: dict[str, _Given] = {}
        self._recognising = 0
        self._unplayed = ""
        self._spoke_until: float | None = None
        self._patience = "normal"
        self._keypad = services.listener is None
        self._failures = 0
        self._after_playback: TransferOrder | str | None = None  # a reason: hang up with it
        self._transferring = False
        self._facts: dict[str, Any] = {}  # told to the core with the next turn
        self._tasks: set[asyncio.Task[None]] = set()
        self._recording: Recording | None = None

    # --- life -------------------------------------------------------------------------------------------------------

    async def run(self) -> str:
        """Answer and serve the call to its end; returns the reason that the core was told."""
        services = self._services
        services.metrics.calls_active.inc()
        reason = "error"
        try:
            self._leg.on_closed(self._end)
            services.core.call_started(self, self.call_id, self._leg.caller.number, self._leg.kind, self.trace_id)
            self._leg.on_key(self.on_key)
            await self._leg.answer()
            self._began = services.clock.monotonic()
            if services.recorder is not None:
                self._recording = services.recorder.begin(self.call_id, services.clock.now())
            self.answered = True
            self._log.info("call_answered", caller=self._leg.caller.number, leg=self._leg.kind)
            self._own(self._greet())
            reason = await self._over
        except LegClosed:
            reason = "caller_hung_up"
        finally:
            self.answered = False
            await self._finish(reason)
        return reason

    def _end(self, reason: str) -> None:
        if not self._over.done():
            self._over.set_result(reason)

    async def _finish(self, reason: str) -> None:
        """Everything of this call ends here; the core is told first, so that nothing below can keep it from hearing."""
        services = self._services
        recording = str(self._recording.path) if self._recording is not None else None
        services.core.call_ended(self.call_id, reason, recording)
        services.metrics.calls_active.dec()
        services.metrics.calls.labels(reason).inc()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._leg.hang_up()
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
        heard = self._leg.read()
        self._hearing.feed(heard)
        self._speaker.hold_back = self._turns.caller_speaking
        said = self._speaker.pump()
        if self._recording is not None:
            self._recording.add(heard, said, self._services.clock.monotonic() - self._began)
        return heard

    def on_voice(self, probability: float, seconds: float) -> None:
        """The detector's opinion on the next stretch of the caller's audio."""
        self._act_on(self._turns.voice(probability, seconds, self._now))

    def tick(self) -> None:
        """A few times a second."""
        self._act_on(self._turns.tick(self._now))
        if (event := self._digits.tick(self._now)) is not None:
            self._keyed(event)
        if self._after_playback is None and self._now - self._began > self._services.maximum_call_seconds:
            self._say_last(Prompt.TIME_IS_UP)
        self._give_up_on_late_answers()

    @property
    def _now(self) -> float:
        return self._services.clock.monotonic()

    def _give_up_on_late_answers(self) -> None:
        limit = REPLY_SECONDS if self._services.core.connected else CORE_AWAY_SECONDS
        if self._after_playback is None and any(self._now - given.at > limit for given in self._given.values()):
            self._log.error("no_answer_from_core", connected=self._services.core.connected)
            self._given.clear()
            self._say_last(Prompt.GIVE_UP)

    def _say_last(self, prompt: Prompt) -> None:
        """Say this and hang up; the core makes a call-back of a call that ends with `error`."""
        self._speaker.stop()
        self._speaker.forget_stopped()
        self._after_playback = "error"
        self._speaker.prompt(prompt)

    # --- greeting ---------------------------------------------------------------------------------------------------

    async def _greet(self) -> None:
        """The core's greeting if it is short and here with its audio within a second, else our own."""
        services = self._services
        own = Prompt.GREETING if self._recording is not None else Prompt.GREETING_NOT_RECORDED
        try:
            async with asyncio.timeout(GREETING_SECONDS):
                opened = await asyncio.shield(self._opened)
                texts = [item.for_the_ear for item in opened.say]
                sounds = [(text, await services.prompts.learn(text)) for text in texts]
        except (TimeoutError, HotlineError, OSError):
            sounds = []
        if sum(seconds_of(sound) for _, sound in sounds) > LONGEST_GREETING_SECONDS:
            self._log.info("greeting_too_long", seconds=round(sum(seconds_of(sound) for _, sound in sounds), 1))
            sounds = []
        services.metrics.greetings.labels("core" if sounds else "phone").inc()
        for text, sound in sounds:
            self._speaker.play(sound, text)
        if not sounds:
            self._speaker.prompt(own)
        if self._keypad:
            self._speaker.prompt(Prompt.KEYPAD)

    # --- what the caller does ---------------------------------------------------------------------------------------

    def _act_on(self, actions: list[Action]) -> None:
        for action in actions:
            self._act(action)

    def _act(self, action: Action) -> None:
        metrics = self._services.metrics
        match action:
            case StopPlayback():
                metrics.barge_ins.inc()
                self._unplayed += self._speaker.stop()
            case CallerBegan(ago):
                self._hearing.begin(ago)
            case Guess():
                if self._recognising == 0 and not self._keypad:
                    self._hearing.guess()
            case DropGuess():
                self._hearing.drop_guess()
            case CallerFinished():
                self._own(self._take_turn(action))
            case BackChannel():
                metrics.back_channels.inc()
            case SilencePrompt(number):
                self._speaker.prompt(Prompt.SILENCE_FIRST if number == 1 else Prompt.SILENCE_SECOND)
            case GiveSilenceTurn():
                self._give("silence", "")
            case Filler(number):
                self._say_filler(number)
            case Comfort():
                self._speaker.prompt(Prompt.WAITING_FOR_SEAT)

    def _say_filler(self, number: int) -> None:
        """The answer is late: the core or the recogniser thinks, or the renderer is still at its first sentence."""
        if self._given and not self._services.core.connected:
            self._speaker.prompt(Prompt.CORE_AWAY, first=True)
        else:
            self._speaker.prompt(Prompt.FILLER if number == 1 else Prompt.FILLER_AGAIN, first=True)

    async def _take_turn(self, finished: CallerFinished) -> None:
        """From the end of the caller's speech to the turn given to the core."""
        if self._transferring:
            self._hearing.forget()
            return
        ended_at = self._now
        self._spoke_until = ended_at - finished.trailing_seconds
        self._recognising += 1
        self._turns.thinking_started(ended_at)
        task = self._hearing.finish(finished.trailing_seconds)
        try:
            recognition = await asyncio.shield(task)
        except RecogniserError as error:
            self._recognition_failed(task, error)
            return
        except asyncio.CancelledError:
            if task.cancelled():  # the caller went on: their next words end this turn too
                return
            raise
        finally:
            self._recognising -= 1
            if not self._recognising and not self._given:
                self._turns.thinking_ended(self._now)
        self._hearing.used(task)
        self._failures = 0
        self._keypad = False
        waited = self._now - ended_at
        self._services.metrics.recognition_seconds.observe(waited)
        self._recognised(recognition, finished, waited)

    def _recognised(self, recognition: Recognition, finished: CallerFinished, waited: float) -> None:
        text = recognition.text.strip()
        if not text or (self._unplayed and self._patience != "yes_no" and is_back_channel(text)):
            self._nothing_said(finished.voiced_seconds, empty=not text)
            return
        meta = {
            "voiced_seconds": round(finished.voiced_seconds, 3),
            "trailing_seconds": round(finished.trailing_seconds, 3),
            "recognition_wait_seconds": round(waited, 3),
            "compute_seconds": round(recognition.compute_seconds, 3),
            "engine": recognition.engine,
        }
        self._give("speech", text, confidence=recognition.confidence, meta=meta)

    def _nothing_said(self, voiced_seconds: float, *, empty: bool) -> None:
        """A noise or an "嗯": go on with what was interrupted, or ask."""
        self._unplayed = ""
        if self._speaker.resume():
            self._services.metrics.resumed.inc()
        elif empty and voiced_seconds >= NOT_HEARD_SECONDS and not self._speaker.busy and not self._given:
            self._speaker.prompt(Prompt.NOT_HEARD)

    def _recognition_failed(self, task: asyncio.Task[Recognition], error: RecogniserError) -> None:
        self._hearing.used(task)
        self._failures += 1
        self._services.metrics.recognition_failures.inc()
        self._log.warning("recognition_failed", problem=str(error), in_a_row=self._failures)
        if self._services.listener is not None and self._failures == 1:
            self._speaker.prompt(Prompt.NOT_HEARD)
        else:
            self._keypad = True
            self._speaker.prompt(Prompt.KEYPAD)

    def on_key(self, report: str) -> None:
        """A report about a pressed key, at any moment of the call."""
        key = self._keys.press(report, self._now)
        if key is None or self._over.done() or self._transferring:
            return
        self._act_on(self._turns.key_pressed(self._now))
        event = self._digits.press(key, self._now, number_asked=self._keypad or self._patience == "number")
        if event is not None:
            self._keyed(event)

    def _keyed(self, event: DigitEvent) -> None:
        if isinstance(event, NumberEntered):
            self._give("dtmf", event.digits, meta={"purpose": "callback_number"} if self._keypad else {})
        else:
            self._give("dtmf", "0")

    def _give(
        self, kind: str, text: str, *, confidence: float | None = None, meta: dict[str, Any] | None = None
    ) -> None:
        """A turn to the core. What was still to be said belongs to the past: the core is told that it was not heard."""
        turn_id = new_id("t")
        unplayed = self._unplayed + self._speaker.stop()
        self._unplayed = ""
        self._speaker.forget_stopped()
        if self._after_playback == "bot_hung_up":
            self._after_playback = None
        now = self._now
        self._given[turn_id] = _Given(now, self._spoke_until if self._spoke_until is not None else now)
        self._turns.thinking_started(now)
        self._services.metrics.turns.labels(kind).inc()
        self._log.info("turn_given", turn_id=turn_id, kind=kind, characters=len(text))
        self._services.core.turn(
            self.call_id,
            turn_id,
            kind,
            text,
            confidence=confidence,
            unplayed=unplayed,
            meta={**(meta or {}), **self._facts},
        )
        self._facts = {}

    # --- what the core says -----------------------------------------------------------------------------------------

    def on_opened(self, message: Opened) -> None:
        self._log.info("conversation_opened", conversation_id=message.conversation_id)
        if not self._opened.done():
            self._opened.set_result(message)

    def on_reply(self, message: ReplyMessage) -> None:
        given = self._given.pop(message.turn_id, None)
        if given is None or self._over.done():
            return
        self._services.metrics.reply_seconds.observe(self._now - given.at)
        self._spoke_until = given.spoke_until
        self._patience = message.patience
        self._turns.expect(message.patience)
        if message.transfer is not None:
            self._transfer_wanted(message.transfer)
        elif message.hang_up:
            self._after_playback = "bot_hung_up"
        texts = [item.for_the_ear for item in message.say if item.for_the_ear.strip()]
        if not texts and self._after_playback is None and self._turns.line == "bot":
            self._speaker.prompt(Prompt.GO_ON)  # a silent turn is a defect, whoever made it
        self._speaker.say(texts)
        self._when_nothing_to_say()

    def _transfer_wanted(self, order: TransferOrder) -> None:
        if order.sip_uri:
            self._after_playback = order
        elif order.target == "seat":
            self._turns.line = "waiting_for_seat"

    def on_say(self, message: SayMessage) -> None:
        """Pushed: a seat typed, or the desk ended the conversation."""
        if self._over.done():
            return
        origins = {item.origin for item in message.say}
        if "seat" in origins:
            self._turns.line = "with_seat"
        elif "bot" in origins:
            self._turns.line = "bot"  # the bot has the conversation again and expects an answer
        if message.hang_up:
            self._after_playback = "bot_hung_up"
        self._speaker.say(item.for_the_ear for item in message.say)
        self._when_nothing_to_say()

    def on_turn_failed(self, message: ErrorMessage) -> None:
        """The core could not work on this turn: the caller is asked to say it again."""
        if message.turn_id is None or self._given.pop(message.turn_id, None) is None:
            self._log.warning("core_reports_error", code=message.code)
            return
        self._log.warning("turn_failed", turn_id=message.turn_id)
        self._speaker.prompt(Prompt.NOT_HEARD)
        if not self._given and not self._recognising:
            self._turns.thinking_ended(self._now)

    # --- playing ----------------------------------------------------------------------------------------------------

    def _playback_started(self, answer: bool) -> None:
        now = self._now
        interruptible = self._after_playback in (None, "bot_hung_up")
        self._turns.playback_started(now, interruptible=interruptible, answer=answer)
        if answer and not self._given and not self._recognising:
            if self._spoke_until is not None:
                self._services.metrics.voice_to_voice_seconds.observe(now - self._spoke_until)
                self._spoke_until = None
            self._turns.thinking_ended(now)

    def _playback_finished(self) -> None:
        self._act_on(self._turns.playback_finished(self._now))
        self._when_nothing_to_say()

    def _when_nothing_to_say(self) -> None:
        """The answer has been heard (or there was none): transfer or hang up where that was ordered."""
        if self._speaker.busy:
            return
        if not self._given and not self._recognising:
            self._turns.thinking_ended(self._now)
        after, self._after_playback = self._after_playback, None
        if isinstance(after, TransferOrder):
            self._own(self._transfer(after))
        elif after is not None:
            self._end(after)

    async def _transfer(self, order: TransferOrder) -> None:
        self._log.info("transfer", target=order.target)
        self._transferring = True
        self._disregard_caller()
        line, self._turns.line = self._turns.line, "waiting_for_seat"
        try:
            await self._leg.transfer(order.sip_uri, TRANSFER_SECONDS)
        except TransferError as error:
            self._log.warning("transfer_failed", target=order.target, problem=str(error))
            failed = Prompt.TRANSFER_FAILED if order.target == "seat" else Prompt.EMERGENCY_TRANSFER_FAILED
            self._disregard_caller()
            self._speaker.prompt(failed)
            self._transferring = False
            self._facts["transfer_failed"] = order.target
            self._turns.line = line
        except LegClosed:
            self._end("caller_hung_up")
        else:
            self._end("transferred")

    def _disregard_caller(self) -> None:
        """What is said into a line that is being transferred is no turn."""
        self._turns.disregard(self._now)
        self._hearing.forget()


class _NoRecogniser:
    async def recognise(
        self, pcm16: bytes, rate_hz: int, *, call_id: str = "", deadline_seconds: float | None = None
    ) -> Recognition:
        raise RecogniserError("there is no recogniser")
