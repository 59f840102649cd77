"""Whose turn is it? The state machine of one call: pure, driven by probabilities and times, answering with actions.

Three facts make up the state: the bot is *playing* or not, the bot is *thinking* (a turn has been given and its answer
is awaited) or not, the caller is *speaking* or not. From them follow

* **barge-in** (`barge_in`): any sure voice silences the bot at once, every time; if it goes on the playback is stopped,
  if it was only a short sound the playback goes on where it was, and the words of the sound are looked at; a filler
  or a reminder gives way to any speech, which is the caller's turn;
* **the caller's turn**: speech that begins, or goes on, while the bot does not play. At each short pause the strategy
  (`turn_end`) says how long a silence ends the turn, on the evidence that it asks for: the sound, the text so far;
* **silence**: nothing from the caller while it is their turn: a prompt, a second one, then the core is told; a caller
  who asked us to wait is left in peace for as long as was agreed, then asked once whether they are back;
* **filler**: the answer is late, so something is said meanwhile, early enough that the dead air, counted from the
  caller's last sound, stays under `filler_after_seconds`.

Times are seconds of any clock that never goes back; the caller of the machine gives them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from telephony.barge_in import BargeIn, BargeInRules
from telephony.endpointing import (
    Endpointer,
    EndpointingRules,
    ShortPause,
    SpeechBegan,
    SpeechEnded,
    SpeechResumed,
)
from telephony.turn_actions import (
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
    PausePlayback,
    ResumePlayback,
    ShortSound,
    SilencePrompt,
    StopPlayback,
)
from telephony.turn_end.evidence import Evidence, Patience, TextEvidence
from telephony.turn_end.silence import FixedSilence
from telephony.turn_end.strategy import TurnEnd

__all__ = [
    "Action", "AskSound", "BackChannel", "CallerBegan", "CallerFinished", "Comfort", "DropGuess", "Filler",
    "GiveSilenceTurn", "Guess", "Patience", "PausePlayback", "ResumePlayback", "ShortSound", "SilencePrompt",
    "StopPlayback", "TurnTaking", "TurnTakingRules",
]  # fmt: skip

Line = Literal["bot", "waiting_for_seat", "with_seat"]


DEFAULT_PATIENCE_SECONDS: Final[Mapping[Patience, float]] = {"yes_no": 0.6, "normal": 0.8, "number": 1.5, "story": 1.3}

DEAF_SECONDS: Final = 0.5  # without any audio from the caller


def _silence() -> TurnEnd:
    return FixedSilence(DEFAULT_PATIENCE_SECONDS)


@dataclass(frozen=True, slots=True)
class TurnTakingRules:
    """All values in seconds, but for `promising`: a sound opinion from which on the text is asked for soon.

    A text is asked for `promising_guess_seconds` into a pause whose sound says that the caller has finished,
    `guess_after_seconds` where no opinion has come, `doubtful_guess_seconds` where it says that the caller goes on:
    recognising costs far more than asking the sound model. Against 0.85, 0.3 and 0.8 s there are 1.29 instead of 1.34
    recognitions a turn on the testing part of `benchmarks.endpointing`, and the turn ends 2 ms later.
    """

    endpointing: EndpointingRules = field(default_factory=EndpointingRules)
    barge_in: BargeInRules = field(default_factory=BargeInRules)
    turn_end: TurnEnd = field(default_factory=_silence)
    promising: float = 0.95
    promising_guess_seconds: float = 0.35
    guess_after_seconds: float = 0.35
    doubtful_guess_seconds: float = 0.65
    first_silence_prompt_seconds: float = 6.0
    second_silence_prompt_seconds: float = 12.0
    filler_after_seconds: float = 1.5  # after the caller's last sound, to the first sound of the filler
    filler_lead_seconds: float = 0.2  # from deciding on a filler to its being heard: a tick, the playout, the line
    filler_grace_seconds: float = 0.15  # after the end of the turn: an answer that is as good as there needs none
    filler_again_seconds: float = 8.0
    comfort_seconds: float = 20.0

    def silence_limit_seconds(self, number: int) -> float:
        """When the silence of this number (from 0) is over: as long after the last as the second after the first."""
        gap = self.second_silence_prompt_seconds - self.first_silence_prompt_seconds
        return self.first_silence_prompt_seconds + number * gap


class TurnTaking:
    """One call."""

    def __init__(self, rules: TurnTakingRules, now: float) -> None:
        self._rules = rules
        self._evidence = Evidence("normal")
        self._endpointer = Endpointer(rules.endpointing, rules.turn_end.patience_seconds(self._evidence))
        self._barge_in = BargeIn(rules.barge_in)
        self._pause = 0  # numbers the pauses within the caller's turns
        self._guessed = False  # in the present pause
        self._now = now
        self._playing = False
        self._playing_aside = False  # what plays only bridges a wait: a filler, a reminder
        self._interruptible = True
        self._thinking_since: float | None = None
        self._filler_due = 0.0
        self._fillers = 0
        self._stretch = 1.0
        self._reminders = 2
        self._hold_seconds = 0.0
        self._turn_is_the_callers = False  # the present speech is a turn, not a back-channel
        self._run_seconds = 0.0  # voice without a real gap
        self._gap_seconds = 0.0
        self._speech_seconds = 0.0  # since the present speech began
        self._silent_seconds = 0.0
        self._silences = 0
        self._comfort_seconds = 0.0
        self._heard_at = now
        self.line: Line = "bot"

    @property
    def playing(self) -> bool:
        return self._playing

    @property
    def thinking(self) -> bool:
        return self._thinking_since is not None

    @property
    def caller_speaking(self) -> bool:
        """The caller is in the middle of a turn (not of a back-channel)."""
        return self._turn_is_the_callers

    def expect(
        self, patience: Patience, *, stretch: float = 1.0, reminders: int = 2, hold_seconds: float = 0.0
    ) -> None:
        """What was asked, and of whom, decides how long a pause may last.

        Args:
            stretch: every patience is so many times as long (somebody old, or who asked for a slower talk).
            reminders: so many prompts a silent caller hears before the core is told.
            hold_seconds: the caller asked us to wait: no prompt for so long, unless they speak before.
        """
        self._stretch = stretch
        self._reminders = reminders
        self._hold_seconds = hold_seconds
        self._weigh(replace(self._evidence, state=patience))

    def _weigh(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._endpointer.patience_seconds = self._rules.turn_end.patience_seconds(evidence) * self._stretch

    def heard_sound(self, pause: int, finished: float) -> list[Action]:
        """The sound model's opinion on a pause: the probability that the caller has finished. Too late is a no-op."""
        if pause != self._pause or not self._in_pause:
            return []
        self._weigh(replace(self._evidence, sound=finished))
        return self._guess_if_due()

    def heard_text(self, pause: int, text: TextEvidence) -> None:
        """What the text so far tells about a pause. Too late is a no-op."""
        if pause == self._pause and self._in_pause:
            self._weigh(replace(self._evidence, text=text))

    @property
    def _in_pause(self) -> bool:
        return self._turn_is_the_callers and self._endpointer.pausing

    def playback_started(self, now: float, *, interruptible: bool = True, answer: bool = True) -> None:
        """The caller begins to hear something; `answer`: it is new to them, so their silence counts from its end."""
        self._advance(now)
        if answer:
            self._reset_silence()
        self._playing = True
        self._playing_aside = not answer and (self._thinking_since is not None or self._silences > 0)
        self._interruptible = interruptible
        self._turn_is_the_callers = False
        self._run_seconds = 0.0
        self._barge_in.reset()

    def playback_finished(self, now: float) -> list[Action]:
        """The last sample was heard. Speech that is under way becomes the caller's turn."""
        self._advance(now)
        self._playing = False
        self._barge_in.reset()
        if self._endpointer.speaking and not self._turn_is_the_callers:
            return [self._caller_begins(self._speech_seconds)]
        return []

    def _caller_begins(self, ago_seconds: float) -> CallerBegan:
        self._turn_is_the_callers = True
        self._next_pause()
        return CallerBegan(ago_seconds)

    def _next_pause(self) -> None:
        """What was known about a pause is of no use for the next one."""
        self._pause += 1
        self._guessed = False
        self._weigh(Evidence(self._evidence.state))

    def thinking_started(self, now: float, *, spoke_until: float | None = None) -> None:
        """A turn was given away; its answer is awaited. Calling it again keeps the first moment.

        `spoke_until`: the caller's last sound; the dead air counts from there.
        """
        self._advance(now)
        if self._thinking_since is None:
            rules = self._rules
            self._thinking_since = now
            self._fillers = 0
            quiet_since = now if spoke_until is None else min(now, spoke_until)
            wanted = quiet_since + rules.filler_after_seconds - rules.filler_lead_seconds
            self._filler_due = max(wanted, now + rules.filler_grace_seconds)

    def thinking_ended(self, now: float) -> None:
        """The answer is here (or there will be none). Without a turn that was given away this is a no-op."""
        self._advance(now)
        if self._thinking_since is not None:
            self._thinking_since = None
            self._reset_silence()

    def key_pressed(self, now: float) -> list[Action]:
        """A key is a sign of life and stops the bot like a barge-in does."""
        self._advance(now)
        self._reset_silence()
        return [self._stop(0.0)] if self._playing and self._interruptible else []

    def _stop(self, ago_seconds: float) -> StopPlayback:
        self._playing = False
        self._barge_in.reset()
        return StopPlayback(ago_seconds)

    def short_sound_was_speech(self, now: float) -> list[Action]:
        """The words of a `ShortSound` were no mere back-channel: the bot stops, if it is still speaking."""
        self._advance(now)
        self._reset_silence()
        return [self._stop(0.0)] if self._playing and self._interruptible else []

    def disregard(self, now: float) -> None:
        """Whatever the caller is saying at this moment is no turn."""
        self._advance(now)
        self._endpointer.reset()
        self._turn_is_the_callers = False
        self._run_seconds = 0.0
        self._barge_in.reset()

    def voice(self, probability: float, seconds: float, now: float) -> list[Action]:
        """The next stretch of the caller's audio."""
        self._advance(now)
        self._heard_at = now
        actions: list[Action] = []
        self._count_run(probability, seconds)
        self._speech_seconds += seconds
        for event in self._endpointer.feed(probability, seconds):
            match event:
                case SpeechBegan(ago):
                    self._speech_seconds = ago
                    if self._playing and self._playing_aside and self._interruptible:
                        actions.append(self._stop(ago))  # it is nobody's turn: the caller takes theirs
                    if not self._playing:
                        actions.append(self._caller_begins(ago))
                case ShortPause():
                    if self._turn_is_the_callers and self._rules.turn_end.wants_sound(self._evidence.state):
                        actions.append(AskSound(self._pause))
                case SpeechResumed():
                    if self._turn_is_the_callers:
                        self._next_pause()
                        actions.append(DropGuess())
                case SpeechEnded():
                    actions.append(self._speech_ended(event))
        actions += self._guess_if_due()
        if self._playing and self._interruptible:
            actions += self._interrupted(probability, seconds)
        return actions

    def _speech_ended(self, event: SpeechEnded) -> Action:
        if not self._turn_is_the_callers:
            return BackChannel()
        self._turn_is_the_callers = False
        self._reset_silence()
        self._next_pause()
        return CallerFinished(event.voiced_seconds, event.total_seconds, event.trailing_seconds, event.forced)

    def _guess_if_due(self) -> list[Action]:
        """A recognition is worth its cost when the pause is long enough, or the sound speaks for an end."""
        rules, pause_seconds = self._rules, self._endpointer.pause_seconds
        if self._guessed or not self._in_pause or pause_seconds + 1e-9 < rules.endpointing.short_pause_seconds:
            return []
        sound = self._evidence.sound
        if sound is None:
            due = rules.guess_after_seconds
        else:
            due = rules.promising_guess_seconds if sound >= rules.promising else rules.doubtful_guess_seconds
        if pause_seconds + 1e-9 < due:
            return []
        self._guessed = True
        return [Guess(self._pause)]

    def _interrupted(self, probability: float, seconds: float) -> list[Action]:
        match self._barge_in.feed(probability, seconds, speaking=self._endpointer.speaking):
            case "pause":
                return [PausePlayback()]
            case "resume":
                return [ResumePlayback(), ShortSound(self._barge_in.sound_seconds, self._barge_in.gap_seconds)]
            case "stop":
                return [self._stop(self._speech_seconds), self._caller_begins(self._speech_seconds)]
            case None:
                return []

    def _count_run(self, probability: float, seconds: float) -> None:
        if probability >= self._rules.endpointing.speech_threshold:
            self._run_seconds += seconds
            self._gap_seconds = 0.0
        else:
            self._gap_seconds += seconds
            if self._gap_seconds >= self._rules.barge_in.gap_seconds:
                self._run_seconds = 0.0

    def tick(self, now: float) -> list[Action]:
        """Time passes. Call it at least a few times a second."""
        self._advance(now)
        if self._barge_in.paused and now - self._heard_at >= DEAF_SECONDS:
            self._barge_in.reset()  # the caller's audio has stopped coming: nobody would ever end the pause
            return [ResumePlayback()]
        if self._playing or self._turn_is_the_callers:
            return []
        if self._thinking_since is not None:
            if self._run_seconds > 0:
                return []  # perhaps the caller goes on
            if now >= self._filler_due + self._fillers * self._rules.filler_again_seconds:
                self._fillers += 1
                return [Filler(self._fillers)]
            return []
        if self.line == "waiting_for_seat":
            if self._comfort_seconds >= self._rules.comfort_seconds:
                self._comfort_seconds = 0.0
                return [Comfort()]
            return []
        if self.line == "with_seat":
            return []
        return self._silence()

    def _silence(self) -> list[Action]:
        held = self._hold_seconds > 0
        if self._silent_seconds < self._silence_limit_seconds(held=held):
            return []
        self._silences += 1
        if self._silences <= (1 if held else self._reminders):
            return [SilencePrompt(self._silences, held)]
        self._hold_seconds = 0.0
        self._reset_silence()
        return [GiveSilenceTurn()]

    def _silence_limit_seconds(self, *, held: bool) -> float:
        rules = self._rules
        if held:
            return self._hold_seconds + self._silences * rules.second_silence_prompt_seconds
        return rules.silence_limit_seconds(self._silences) * self._stretch

    def _advance(self, now: float) -> None:
        """Silence counts only while it is the caller's turn and they do not use it."""
        passed = max(0.0, now - self._now)
        self._now = max(self._now, now)
        self._comfort_seconds += passed
        if not self._playing and self._thinking_since is None and not self._turn_is_the_callers:
            self._silent_seconds += passed

    def _reset_silence(self) -> None:
        self._silent_seconds = 0.0
        self._silences = 0
