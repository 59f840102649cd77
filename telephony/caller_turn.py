"""From the caller's speech to a turn in words: at a pause ask whether it is the last one, at the end recognise, or find
that nothing was said, or fail."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any, Final, Protocol

from asr_models.recogniser import RecogniserError, Recognition
from base import alternatives
from base.logs import get_logger
from telephony.alone import AnswersAlone
from telephony.back_channel import is_back_channel
from telephony.call_services import CallServices
from telephony.hearing import Hearing
from telephony.prompts import Prompt
from telephony.silence import Reminders
from telephony.speaking import Speaker
from telephony.turn_end.sound_model import WINDOW_SECONDS
from telephony.turn_taking import Action, CallerFinished, Patience, ShortSound, TurnTaking
from telephony.unheard import NOT_HEARD_SECONDS, UnheardTurns

SHORTEST_WORD_SECONDS: Final = 0.2
SURE_OF_SHORT_WORDS: Final = 0.6
"""With less confidence a recogniser reads words into any "嗯": it did so in 38 of 159 back-channels and noises of
`benchmarks.endpointing`, in 6 of them with more confidence (four of those being "对的")."""

log = get_logger("telephony.caller_turn")


class Floor(Protocol):
    """What the call knows and does around a turn."""

    patience: Patience
    unplayed: str  # the words that the caller cut off and did not hear

    @property
    def awaiting_reply(self) -> bool: ...

    def listen(self, patience: Patience) -> None: ...

    def act_on(self, actions: list[Action]) -> None: ...

    def give(
        self, kind: str, text: str, *, confidence: float | None = None, meta: dict[str, Any] | None = None
    ) -> None: ...


class CallerTurns:
    """One call. `spoke_until`: when the caller's last finished speech ended; `quiet_since`: when ours did; both on
    the call's clock."""

    def __init__(
        self,
        floor: Floor,
        hearing: Hearing,
        turns: TurnTaking,
        speaker: Speaker,
        reminders: Reminders,
        services: CallServices,
        call_id: str,
    ) -> None:
        self._floor = floor
        self._hearing = hearing
        self._turns = turns
        self._speaker = speaker
        self._alone = AnswersAlone(speaker, reminders)
        self._services = services
        self._call_id = call_id
        self._without_words = UnheardTurns()
        self._answered_after_seconds: float | None = None
        self._recognising = 0
        self._asking: set[asyncio.Task[None]] = set()
        self._failures = 0
        self.keypad = services.listener is None  # nothing can be recognised: digits only
        self.spoke_until: float | None = None
        self.quiet_since: float | None = None

    def began(self, ago_seconds: float) -> None:
        """The caller's turn has begun: how long after our last sound tells whether they find it hard to follow."""
        began = self._services.clock.monotonic() - ago_seconds
        self._answered_after_seconds = None
        if self.quiet_since is not None and began > self.quiet_since and not self._turns.playing:
            self._answered_after_seconds = began - self.quiet_since
        self.quiet_since = None

    def answered(self, texts: Sequence[str]) -> None:
        """The core has said something: that is what "once more" means, should it be away then."""
        self._alone.remember(texts)

    @property
    def recognising(self) -> bool:
        return self._recognising > 0

    def ask_sound(self, pause: int) -> None:
        """The caller paused: let the sound model say whether that was all."""
        pcm = self._hearing.turn_so_far(WINDOW_SECONDS)
        task = asyncio.create_task(self._hear_sound(pause, pcm))
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def _hear_sound(self, pause: int, pcm: bytes) -> None:
        finished = await self._services.opinions.of_sound(pcm)
        self._services.metrics.sound_opinions.labels("none" if finished is None else "given").inc()
        if finished is not None:
            self._floor.act_on(self._turns.heard_sound(pause, finished))

    def guess(self, pause: int) -> None:
        """The caller paused: recognise what there is, unless an earlier turn is still being recognised."""
        if self.recognising or self.keypad:
            return
        task = self._hearing.guess()
        if task is not None:
            task.add_done_callback(partial(self._guessed, pause))

    def _guessed(self, pause: int, task: asyncio.Task[Recognition]) -> None:
        if not task.cancelled() and task.exception() is None:
            self._turns.heard_text(pause, self._services.opinions.of_text(task.result().text))

    async def look_at(self, sound: ShortSound) -> None:
        """The bot paused for a short sound and went on: if that held words ("不对", "等一下") it stops after all."""
        if self.keypad or self.recognising or sound.ago_seconds - sound.trailing_seconds < SHORTEST_WORD_SECONDS:
            return
        task = self._hearing.sound(sound.ago_seconds, sound.trailing_seconds)
        if task is None:
            return
        try:
            heard = await task
        except RecogniserError:
            return  # the bot goes on as after any noise
        text = heard.text.strip() if heard.confidence >= SURE_OF_SHORT_WORDS else ""
        turns = self._turns
        answers = not turns.playing and self._floor.patience == "yes_no"
        if not text or turns.caller_speaking or (is_back_channel(text) and not answers):
            return
        self._floor.act_on(turns.short_sound_was_speech(self._services.clock.monotonic()))
        if not turns.playing:
            self._floor.give("speech", text, meta={"short_sound": True})

    async def close(self) -> None:
        """No question of this call goes on."""
        for task in list(self._asking):
            task.cancel()
        await asyncio.gather(*self._asking, return_exceptions=True)

    async def take(self, finished: CallerFinished) -> None:
        """The caller has finished: give the turn to the core, or say what is the matter."""
        clock = self._services.clock
        ended_at = clock.monotonic()
        self.spoke_until = ended_at - finished.trailing_seconds
        self._recognising += 1
        self._turns.thinking_started(ended_at, spoke_until=self.spoke_until)
        task = self._hearing.finish(finished.trailing_seconds)
        try:
            recognition = await asyncio.shield(task)
        except RecogniserError as error:
            self._failed(task, error)
            return
        except asyncio.CancelledError:
            if task.cancelled():  # the caller went on: their next words end this turn too
                return
            raise
        finally:
            self._recognising -= 1
            if not self.recognising and not self._floor.awaiting_reply:
                self._turns.thinking_ended(clock.monotonic())
        self._hearing.used(task)
        self._failures = 0
        self.keypad = False
        waited = clock.monotonic() - ended_at
        self._services.metrics.recognition_seconds.observe(waited)
        self._recognised(recognition, finished, waited)

    def _recognised(self, recognition: Recognition, finished: CallerFinished, waited_seconds: float) -> None:
        text = recognition.text.strip()
        floor = self._floor
        if not text and self._unheard(finished):
            return
        if text:
            self._without_words.words()
        if text and not self._services.core.connected and self._alone.take(text):
            floor.unplayed = ""
            floor.listen(floor.patience)
            return
        if not text or (is_back_channel(text) and self._listens_only()):
            self._nothing_said(finished.voiced_seconds, empty=not text)
            return
        meta = measured(recognition, finished)
        meta["recognition_wait_seconds"] = round(waited_seconds, 3)
        if self._answered_after_seconds is not None:
            meta["answered_after_seconds"] = round(self._answered_after_seconds, 1)
        floor.give("speech", text, confidence=recognition.confidence, meta=meta)

    def _unheard(self, finished: CallerFinished) -> bool:
        """Whether the core was told that again no word was found in what the caller said."""
        if self._floor.unplayed or self._turns.line != "bot":
            return False
        return self._tell_core(finished.voiced_seconds, self._without_words.speech(finished.voiced_seconds))

    def _tell_core(self, voiced_seconds: float, unrecognised: int) -> bool:
        if unrecognised:
            self._floor.give("speech", "", meta=nothing_recognised(voiced_seconds, unrecognised))
        return unrecognised > 0

    def _listens_only(self) -> bool:
        """Whether an "嗯" now means "go on": in an answer, while one is awaited, or where nothing was asked."""
        floor = self._floor
        if floor.awaiting_reply or self._turns.line == "waiting_for_seat" or self._alone.holding:
            return True
        return bool(floor.unplayed) and floor.patience != "yes_no"

    def _nothing_said(self, voiced_seconds: float, *, empty: bool) -> None:
        """A noise or an "嗯": go on with what was interrupted, or ask."""
        self._floor.unplayed = ""
        if self._speaker.resume():
            self._services.metrics.resumed.inc()
            return
        tells = empty and voiced_seconds >= NOT_HEARD_SECONDS
        if tells and not (self._speaker.busy or self._floor.awaiting_reply or self._answer_unheard(voiced_seconds)):
            self._speaker.prompt(Prompt.NOT_HEARD)

    def _answer_unheard(self, voiced_seconds: float) -> bool:
        """The same of a short answer to yes or no, though it was asked for again."""
        if self._turns.line != "bot" or not self._services.core.connected:
            return False
        return self._tell_core(voiced_seconds, self._without_words.answer(self._floor.patience))

    def _failed(self, task: asyncio.Task[Recognition], error: RecogniserError) -> None:
        """Ask once to say it again; the second time running the caller is told of the keys."""
        self._hearing.used(task)
        self._failures += 1
        self._services.metrics.recognition_failures.inc()
        log.warning("recognition_failed", call_id=self._call_id, problem=str(error), in_a_row=self._failures)
        if self._services.listener is not None and self._failures == 1:
            self._speaker.prompt(Prompt.NOT_HEARD)
        else:
            self.keypad = True
            self._speaker.prompt(Prompt.KEYPAD)


def measured(recognition: Recognition, finished: CallerFinished) -> dict[str, Any]:
    """What the core is told of a turn besides its words (`docs/internals.md`)."""
    meta: dict[str, Any] = {
        "voiced_seconds": round(finished.voiced_seconds, 3),
        "trailing_seconds": round(finished.trailing_seconds, 3),
        "compute_seconds": round(recognition.compute_seconds, 3),
        "engine": recognition.engine,
    }
    if recognition.digit_confidences:
        meta["least_sure_digit"] = round(min(recognition.digit_confidences), 3)
    if recognition.alternatives:
        meta["alternatives"] = alternatives.told(recognition.alternatives)
    return meta


def nothing_recognised(voiced_seconds: float, unrecognised: int) -> dict[str, Any]:
    """The same of a turn without words, the last of so many."""
    return {"voiced_seconds": round(voiced_seconds, 3), "unrecognised": unrecognised}
