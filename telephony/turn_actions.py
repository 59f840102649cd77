"""What the state machine of turn taking wants done; the call does it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PausePlayback:
    """Somebody makes a sound: be silent at once, but keep the place; it may be a mere "嗯"."""


@dataclass(frozen=True, slots=True)
class ResumePlayback:
    """It was no interruption: go on where the playback was paused."""


@dataclass(frozen=True, slots=True)
class StopPlayback:
    """The caller has interrupted; `ago_seconds` is when their speech began."""

    ago_seconds: float


@dataclass(frozen=True, slots=True)
class ShortSound:
    """A sound during the playback, too short to be an interruption by its length: its words may still make it one.

    It began `ago_seconds` ago and ended `trailing_seconds` ago.
    """

    ago_seconds: float
    trailing_seconds: float


@dataclass(frozen=True, slots=True)
class CallerBegan:
    """The caller's turn has begun `ago_seconds` ago (their audio since then belongs to it)."""

    ago_seconds: float


@dataclass(frozen=True, slots=True)
class AskSound:
    """The caller paused: does it sound as if they had finished? Answer to `TurnTaking.heard_sound` with `pause`."""

    pause: int


@dataclass(frozen=True, slots=True)
class Guess:
    """The caller paused, perhaps for good: recognise now. Answer to `TurnTaking.heard_text` with `pause`."""

    pause: int


@dataclass(frozen=True, slots=True)
class DropGuess:
    """The caller went on: what was asked about the pause is of no use any more."""


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
    PausePlayback
    | ResumePlayback
    | StopPlayback
    | ShortSound
    | CallerBegan
    | AskSound
    | Guess
    | DropGuess
    | CallerFinished
    | BackChannel
    | SilencePrompt
    | GiveSilenceTurn
    | Filler
    | Comfort
)
