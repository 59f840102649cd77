"""Whose turn is it? The state machine of one call: pure, driven by probabilities and times, answering with actions.

Three facts make up the state: the bot is *playing* or not, the bot is *thinking* (a turn has been given and its answer
is awaited) or not, the caller is *speaking* or not. From them follow

* **barge-in**: voice without a real gap for `barge_in_speech_seconds` while the bot plays stops the playback at once,
  every time; shorter sounds ("嗯") are back-channels and are no turns; a filler gives way to any speech;
* **the caller's turn**: speech that begins, or goes on, while the bot does not play; its short pauses offer a guess;
* **silence**: nothing from the caller while it is their turn: a prompt, a second one, then the core is told; a caller
  who asked us to wait is left in peace for as long as was agreed, then asked once whether they are back;
* **filler**: the answer is late, so something is said meanwhile, early enough that the dead air, counted from the
  caller's last sound, stays under `filler_after_seconds`.

Times are seconds of any clock that never goes back; the caller of the machine gives them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from telephony.endpointing import (
    Endpointer,
    EndpointingRules,
    ShortPause,
    SpeechBegan,
    SpeechEnded,
    SpeechResumed,
)

Patience = Literal["yes_no", "normal", "number", "story"]
Line = Literal["bot", "waiting_for_seat", "with_seat"]


def _patience() -> dict[Patience, float]:
    return {"yes_no": 0.6, "normal": 0.8, "number": 1.5, "story": 1.3}


@dataclass(frozen=True, slots=True)
class TurnTakingRules:
    """All values in seconds."""

    endpointing: EndpointingRules = field(default_factory=EndpointingRules)
    patience_seconds: dict[Patience, float] = field(default_factory=_patience)
    barge_in_speech_seconds: float = 0.45
    barge_in_gap_seconds: float = 0.2
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


@dataclass(frozen=True, slots=True)
class StopPlayback:
    """The caller has interrupted; `ago_seconds` is when their speech began."""

    ago_seconds: float


@dataclass(frozen=True, slots=True)
class CallerBegan:
    """The caller's turn has begun `ago_seconds` ago (their audio since then belongs to it)."""

    ago_seconds: float


@dataclass(frozen=True, slots=True)
class Guess:
    """The caller paused: recognising now may save time."""


@dataclass(frozen=True, slots=True)
class DropGuess:
    """The caller went on."""


@dataclass(frozen=True, slots=True)
class CallerFinished:
    """The caller's turn is over."""

    voiced_seconds: float
    total_seconds: float
    trailing_seconds: float
    forced: bool


@dataclass(frozen=True, slots=True)
class BackChannel:
    """A short sound while the bot spoke: no turn."""


@dataclass(frozen=True, slots=True)
class SilencePrompt:
    """`held`: the caller had asked us to wait and is asked whether they are back."""

    number: int
    held: bool = False


@dataclass(frozen=True, slots=True)
class GiveSilenceTurn:
    """The caller has been silent through all prompts."""


@dataclass(frozen=True, slots=True)
class Filler:
    """Say that the answer is being looked up; `number` counts within one wait, from 1."""

    number: int


@dataclass(frozen=True, slots=True)
class Comfort:
    """Tell a caller who waits for a seat that the line is alive."""


Action = (
    StopPlayback
    | CallerBegan
    | Guess
    | DropGuess
    | CallerFinished
    | BackChannel
    | SilencePrompt
    | GiveSilenceTurn
    | Filler
    | Comfort
)


class TurnTaking:
    """One call."""

    def __init__(self, rules: TurnTakingRules, now: float) -> None:
        self._rules = rules
        self._endpointer = Endpointer(rules.endpointing, rules.patience_seconds["normal"])
        self._now = now
        self._playing = False
        self._playing_filler = False  # what plays only bridges the wait for an answer
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
        self._endpointer.patience_seconds = self._rules.patience_seconds[patience] * stretch
        self._stretch = stretch
        self._reminders = reminders
        self._hold_seconds = hold_seconds

    def playback_started(self, now: float, *, interruptible: bool = True, answer: bool = True) -> None:
        """The caller begins to hear something; `answer`: it is new to them, so their silence counts from its end."""
        self._advance(now)
        if answer:
            self._reset_silence()
        self._playing = True
        self._playing_filler = not answer and self._thinking_since is not None
        self._interruptible = interruptible
        self._turn_is_the_callers = False
        self._run_seconds = 0.0

    def playback_finished(self, now: float) -> list[Action]:
        """The last sample was heard. Speech that is under way becomes the caller's turn."""
        self._advance(now)
        self._playing = False
        if self._endpointer.speaking and not self._turn_is_the_callers:
            self._turn_is_the_callers = True
            return [CallerBegan(self._speech_seconds)]
        return []

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
        if self._playing and self._interruptible:
            self._playing = False
            return [StopPlayback(0.0)]
        return []

    def disregard(self, now: float) -> None:
        """Whatever the caller is saying at this moment is no turn."""
        self._advance(now)
        self._endpointer.reset()
        self._turn_is_the_callers = False
        self._run_seconds = 0.0

    def voice(self, probability: float, seconds: float, now: float) -> list[Action]:
        """The next stretch of the caller's audio."""
        self._advance(now)
        actions: list[Action] = []
        self._count_run(probability, seconds)
        self._speech_seconds += seconds
        for event in self._endpointer.feed(probability, seconds):
            match event:
                case SpeechBegan(ago):
                    self._speech_seconds = ago
                    if self._playing and self._playing_filler and self._interruptible:
                        self._playing = False  # a filler is nobody's turn: the caller goes on with theirs
                        actions.append(StopPlayback(ago))
                    if not self._playing:
                        self._turn_is_the_callers = True
                        actions.append(CallerBegan(ago))
                case ShortPause():
                    if self._turn_is_the_callers:
                        actions.append(Guess())
                case SpeechResumed():
                    if self._turn_is_the_callers:
                        actions.append(DropGuess())
                case SpeechEnded(voiced, total, trailing, forced):
                    if self._turn_is_the_callers:
                        actions.append(CallerFinished(voiced, total, trailing, forced))
                        self._reset_silence()
                    else:
                        actions.append(BackChannel())
                    self._turn_is_the_callers = False
        if self._barges_in():
            self._playing = False
            self._turn_is_the_callers = True
            actions += [StopPlayback(self._speech_seconds), CallerBegan(self._speech_seconds)]
        return actions

    def _count_run(self, probability: float, seconds: float) -> None:
        if probability >= self._rules.endpointing.speech_threshold:
            self._run_seconds += seconds
            self._gap_seconds = 0.0
        else:
            self._gap_seconds += seconds
            if self._gap_seconds >= self._rules.barge_in_gap_seconds:
                self._run_seconds = 0.0

    def _barges_in(self) -> bool:
        return (
            self._playing
            and self._interruptible
            and self._endpointer.speaking
            and self._run_seconds + 1e-9 >= self._rules.barge_in_speech_seconds
        )

    def tick(self, now: float) -> list[Action]:
        """Time passes. Call it at least a few times a second."""
        self._advance(now)
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
