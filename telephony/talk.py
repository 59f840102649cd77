"""The talk between a caller and the bot: what the caller says and presses becomes turns for the core, what the core
answers is said, and after the last words comes what was ordered (`handover`). Speech to words: `caller_turn`; keys:
`caller_keys`; what the core owes: `given_turns`.

Begins when the call is served. All methods return at once; what takes time runs in tasks of the call.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from base.logs import get_logger
from telephony.bridge import CallerEar
from telephony.call_services import CallServices
from telephony.caller_keys import CallerKeys
from telephony.caller_turn import CallerTurns
from telephony.core_messages import (
    ErrorMessage,
    LegControl,
    LegOrder,
    MannerOrder,
    PlaceCall,
    ReplyMessage,
    SayMessage,
    SilenceOrder,
)
from telephony.fillers import Fillers
from telephony.given_turns import GivenTurns
from telephony.handover import HandOver
from telephony.hearing import EXPECTED, Hearing, Listener
from telephony.legs.leg import Leg
from telephony.manner import Manner
from telephony.prompts import Prompt
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


class Talk:
    """One call. `callback_number`: promised to be called back, empty where nothing was promised."""

    def __init__(
        self,
        leg: Leg,
        services: CallServices,
        *,
        call_id: str,
        trace_id: str,
        end: Callable[[str], None],
        over: Callable[[], bool],
        own: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        """`end(reason)` ends the call, `over()` tells whether it has ended, `own(work)` runs work that ends with it."""
        self._services = services
        self._over = over
        self._own = own
        self._log = get_logger("telephony.talk").bind(call_id=call_id, trace_id=trace_id)
        self._turns = TurnTaking(services.rules, self._now)
        self._hearing = Hearing(services.listener or Listener(None, 1), services.metrics, call_id)
        ear = CallerEar(leg)
        self.speaker = Speaker(
            ear,
            services.speech,
            services.prompts,
            services.metrics,
            started=self._playback_started,
            finished=self._playback_finished,
        )
        self._given = GivenTurns(services.core, call_id, trace_id)
        self._reminders = Reminders(self.speaker)
        self._fillers = Fillers()
        self._words = CallerTurns(self, self._hearing, self._turns, self.speaker, self._reminders, services, call_id)
        self._hand_over = HandOver(
            self,
            leg,
            ear,
            self.speaker,
            self._turns,
            self._hearing,
            self._given,
            services,
            call_id=call_id,
            end=end,
            own=own,
        )
        self._keys = CallerKeys(self)
        self.patience: Patience = "normal"
        self.unplayed = ""
        self.callback_number = ""

    @property
    def _now(self) -> float:
        return self._services.clock.monotonic()

    @property
    def awaiting_reply(self) -> bool:
        return bool(self._given)

    @property
    def among_people(self) -> bool:
        """The caller talks to people, who need no turn taking."""
        return self._hand_over.talking

    @property
    def keys_only(self) -> bool:
        """Nothing that the caller says can be recognised."""
        return self._words.keypad

    async def close(self) -> None:
        """The call is over."""
        await self._hand_over.close()
        await self._words.close()
        await self._hearing.close()
        await self.speaker.close()

    # --- beginnings -------------------------------------------------------------------------------------------------

    def count_silence_from_now(self) -> None:
        """The caller has waited until now: their silence before was no answer to anything."""
        self._turns.thinking_started(self._now)
        self._turns.thinking_ended(self._now)

    def announce(self, placed: PlaceCall) -> None:
        """Whoever was called hears who calls, why, and that the call is recorded; then comes who wanted them."""
        if placed.line == "with_seat":
            self._hand_over.expect_seat()
        self.speaker.say(item.for_the_ear for item in placed.say)

    # --- the ticker -------------------------------------------------------------------------------------------------

    def pump(self, heard: bytes) -> bytes:
        """Move audio both ways; returns what the caller hears."""
        self._hearing.feed(heard)
        self.speaker.hold_back = self._turns.caller_speaking
        said = self.speaker.pump()
        mixed = self._hand_over.pump(heard)
        return said if mixed is None else mixed

    def on_voice(self, probability: float, seconds: float) -> None:
        """The detector's opinion on the next stretch of the caller's audio."""
        self._act_on(self._turns.voice(probability, seconds, self._now))

    def tick(self, *, time_is_up: bool) -> None:
        """A few times a second; `time_is_up`: the bot has talked long enough with this caller."""
        self._act_on(self._turns.tick(self._now))
        self._keys.tick(self._now)
        self._hand_over.tick()
        if time_is_up and not self._hand_over.ordered and not self.among_people:
            self._say_last(Prompt.TIME_IS_UP)
        if not self._hand_over.ordered and self._given.late(self._now):
            self._log.error("no_answer_from_core", connected=self._services.core.connected)
            self._given.give_up()
            self._say_last(Prompt.GIVE_UP)

    def _say_last(self, prompt: Prompt) -> None:
        """Say this and hang up; the core makes a call-back of a call that ends with `error`."""
        self.speaker.stop()
        self.speaker.forget_stopped()
        self._hand_over.hang_up_after_words("error")
        self.speaker.prompt(prompt)

    # --- what the caller does ---------------------------------------------------------------------------------------

    def _act_on(self, actions: list[Action]) -> None:
        for action in actions:
            self._act(action)

    def _act(self, action: Action) -> None:
        metrics = self._services.metrics
        match action:
            case PausePlayback():
                metrics.playback_pauses.inc()
                self.speaker.pause()
            case ResumePlayback():
                self.speaker.go_on()
            case StopPlayback():
                metrics.barge_ins.inc()
                self.unplayed += self.speaker.stop()
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
                self.speaker.prompt(Prompt.WAITING_FOR_SEAT)

    def act_on(self, actions: list[Action]) -> None:
        """Do what the state machine wants after evidence came in from elsewhere; nothing once the call is over."""
        if not self._over():
            self._act_on(actions)

    def _say_filler(self, number: int) -> None:
        """The answer is late: the core or the recogniser thinks, or the renderer is still at its first sentence."""
        if self._given and not self._services.core.connected:
            self.speaker.prompt(Prompt.CORE_AWAY, first=True)
        else:
            self.speaker.prompt(self._fillers.next(number), first=True)

    def disregard_sound(self) -> None:
        """What was heard just now was no speech: the tone of a key."""
        self._turns.disregard(self._now)
        self._hearing.forget()

    def press(self, key: str) -> None:
        """A debounced key."""
        if self._hand_over.transferring or self.among_people:
            return
        self._act_on(self._turns.key_pressed(self._now))
        self._keys.press(key, self._now, number_asked=self.patience == "number")

    def promise_call_back(self, number: str) -> None:
        """The caller has chosen in the waiting room to be called back at this number."""
        self.callback_number = number
        self.give("dtmf", number, meta={"purpose": "overload_callback"})

    def call_back_noted(self) -> None:
        """The core has not confirmed the call-back: it is told again with the end of the call, which is kept."""
        if self._given:
            self._say_noted()

    def _say_noted(self) -> None:
        self._hand_over.hang_up_after_words("bot_hung_up")
        self.speaker.prompt(Prompt.CALLBACK_NOTED)

    def give(
        self, kind: str, text: str, *, confidence: float | None = None, meta: dict[str, Any] | None = None
    ) -> None:
        """A turn to the core. What was still to be said belongs to the past: the core is told that it was not heard."""
        unplayed = self.unplayed + self.speaker.stop()
        self.unplayed = ""
        self.speaker.forget_stopped()
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

    def expect(
        self, manner: MannerOrder | None, silence: SilenceOrder | None, patience: Patience | None = None
    ) -> None:
        """How the caller is talked to and listened to from now on; `patience` None: as long as before."""
        patience = patience or self.patience
        if manner is not None:
            self.speaker.manner = Manner(manner.speed, manner.gain_db, manner.elder, manner.patience_stretch)
        self._reminders.expect(silence, patience)
        self.listen(patience)

    def listen(self, patience: Patience) -> None:
        """The caller's turn comes next: so long their pauses and their silence may last."""
        self.patience = patience
        self._hearing.expected = EXPECTED.get(patience, "anything")
        self._turns.expect(
            patience,
            stretch=self.speaker.manner.patience_stretch,
            reminders=self._reminders.count,
            hold_seconds=self._reminders.hold_seconds,
        )

    def on_reply(self, message: ReplyMessage) -> None:
        given = self._given.answered(message.turn_id)
        if given is None or self._over():
            return
        self._services.metrics.reply_seconds.observe(self._now - given.at)
        self._words.spoke_until = given.spoke_until
        self.expect(message.manner, message.silence, message.patience)
        if message.transfer is not None:
            self._hand_over.transfer_after_words(message.transfer)
        elif message.hang_up or self.callback_number:
            self._hand_over.hang_up_after_words("bot_hung_up")
        texts = [item.for_the_ear for item in message.say if item.for_the_ear.strip()]
        if not texts and not self._hand_over.ordered and self._turns.line == "bot":
            self.speaker.prompt(Prompt.GO_ON)  # a silent turn is a defect, whoever made it
        self._words.answered(texts)
        self.speaker.say(texts)
        self._when_nothing_to_say()

    def on_say(self, message: SayMessage) -> None:
        """Pushed: a seat typed, or the desk ended the conversation."""
        if self._over():
            return
        origins = {item.origin for item in message.say}
        if message.line is not None:
            self._hand_over.on_line(message.line)
        elif "seat" in origins:
            self._hand_over.on_line("with_seat")
        elif "bot" in origins:
            self._hand_over.on_line("bot")  # the bot has the conversation again and expects an answer
        if message.silence is not None:
            self.expect(None, message.silence, "yes_no")
        if message.hang_up:
            self._hand_over.hang_up_after_words("bot_hung_up")
        self.speaker.say(item.for_the_ear for item in message.say)
        self._when_nothing_to_say()

    def on_leg_order(self, message: LegOrder) -> None:
        """Somebody is to come into this call."""
        if not self._over():
            self._hand_over.on_leg_order(message)

    def on_leg_control(self, message: LegControl) -> None:
        """One side of the bridged call is to be changed, or to go."""
        if not self._over():
            self._hand_over.on_leg_control(message)

    def on_turn_failed(self, message: ErrorMessage) -> None:
        """The core could not work on this turn: the caller is asked to say it again."""
        if self._given.answered(message.turn_id) is None:
            self._log.warning("core_reports_error", code=message.code)
            return
        self._log.warning("turn_failed", turn_id=message.turn_id)
        if self.callback_number:
            self._say_noted()
            return
        self.speaker.prompt(Prompt.NOT_HEARD)
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
        if self.speaker.busy:
            return
        self._stop_thinking()
        if (order := self._hand_over.due()) is not None:
            self._own(self._hand_over.transfer(order))
