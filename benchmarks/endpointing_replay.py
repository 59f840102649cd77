"""Turns replayed against strategies: where does the detector hear pauses, and what would each strategy do there?

The voice detector hears every rendered turn once; what it takes for pauses is kept. Deciding about a pause is then
arithmetic, the same as in `telephony.turn_taking` (a test compares the two), so that a whole curve takes seconds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.endpointing_evidence import Opinion
from benchmarks.endpointing_speech import Rendered, Turn, draw_pause, render
from telephony.endpointing import Endpointer, EndpointingRules, ShortPause, SpeechBegan, SpeechEnded, SpeechResumed
from telephony.turn_end.evidence import Evidence
from telephony.turn_end.opinions import text_evidence
from telephony.turn_end.sentence_model import SentenceModel
from telephony.turn_end.strategy import TurnEnd
from telephony.voice_activity import WINDOW_SECONDS, VoiceActivity, VoiceStream

SOUND_SECONDS: Final = 0.08
"""From the question to the sound model's answer: 60 ms of computing and a tick."""
TEXT_OVERHEAD_SECONDS: Final = 0.05
"""Of a recognition beside its computing: socket, queue, a tick."""
_BATCH: Final = 64
_NEAR_SECONDS: Final = 0.35
_ENDLESS: Final = 1e6


@dataclass(frozen=True)
class Pause:
    """As the detector hears it: it begins at `at`; the turn goes on after `seconds` (infinite: never).

    `opinion` is None for a pause that is in the clip itself.
    """

    at: float
    seconds: float
    opinion: Opinion | None


@dataclass(frozen=True)
class Replay:
    """One rendering of a turn. `missed`: the detector heard no speech at all."""

    turn: Turn
    true_end: float
    pauses: tuple[Pause, ...]
    missed: bool = False


@dataclass(frozen=True)
class Timing:
    """When evidence is asked for and how long it takes; see `telephony.turn_taking.TurnTakingRules`. Seconds."""

    short_pause_seconds: float = 0.2
    promising: float = 0.95
    promising_guess_seconds: float = 0.35
    guess_after_seconds: float = 0.35
    doubtful_guess_seconds: float = 0.65


@dataclass(frozen=True)
class Outcome:
    """`cut`: the turn was declared over while the caller had not finished. Else `wait_seconds` after their last sound
    it was declared over, and after `text_seconds` its text was there."""

    cut: bool
    wait_seconds: float
    text_seconds: float
    sounds_asked: int
    recognitions: int
    recognition_seconds: float


def replays(
    turns: Sequence[Turn], opinions: Sequence[Sequence[Opinion]], drawings: int, seed: int, long_share: float
) -> Iterator[Replay]:
    """Each turn `drawings` times, with pauses drawn anew."""
    random = np.random.default_rng(seed)
    jobs: list[tuple[Turn, Sequence[Opinion], Rendered]] = []
    for turn, said in zip(turns, opinions, strict=True):
        for _ in range(drawings):
            seconds = [draw_pause(random, long_share) for _ in turn.parts[1:]]
            jobs.append((turn, said, render(turn, seconds)))
    jobs.sort(key=lambda job: len(job[2].pcm))
    detector = VoiceActivity()
    for begin in range(0, len(jobs), _BATCH):
        batch = jobs[begin : begin + _BATCH]
        streams = [VoiceStream() for _ in batch]
        heard = detector.probabilities_of_many(
            [(stream, stream.windows(job[2].pcm)) for stream, job in zip(streams, batch, strict=True)]
        )
        for (turn, said, rendered), probabilities in zip(batch, heard, strict=True):
            yield _replay(turn, said, rendered, probabilities)


def _replay(turn: Turn, said: Sequence[Opinion], rendered: Rendered, probabilities: Sequence[float]) -> Replay:
    endpointer = Endpointer(EndpointingRules(), _ENDLESS)
    pauses: list[Pause] = []
    begun: float | None = None
    for index, probability in enumerate(probabilities):
        now = (index + 1) * WINDOW_SECONDS
        for event in endpointer.feed(probability, WINDOW_SECONDS):
            match event:
                case SpeechBegan() | SpeechEnded():
                    begun = None
                case ShortPause():
                    begun = now - endpointer.pause_seconds
                case SpeechResumed() if begun is not None:
                    pauses.append(Pause(begun, now - WINDOW_SECONDS - begun, _opinion_at(begun, said, rendered)))
                    begun = None
    missed = not endpointer.speaking
    if begun is not None:
        pauses.append(Pause(begun, math.inf, said[-1]))
    return Replay(turn, rendered.ends[-1], tuple(pauses), missed or begun is None)


def _opinion_at(at: float, said: Sequence[Opinion], rendered: Rendered) -> Opinion | None:
    distances = [abs(at - end) for end in rendered.ends]
    nearest = int(np.argmin(distances))
    return said[nearest] if distances[nearest] <= _NEAR_SECONDS else None


def outcome(replay: Replay, strategy: TurnEnd, timing: Timing, sentences: SentenceModel) -> Outcome:
    """What happens to this turn."""
    sounds = recognitions = 0
    computing = 0.0
    for pause in replay.pauses:
        decided = _decide(pause, replay.turn, strategy, timing, sentences)
        ended = decided.ends_after if decided.ends_after <= pause.seconds else math.inf
        reached = min(pause.seconds, ended)
        sounds += strategy.wants_sound(replay.turn.state) and reached >= timing.short_pause_seconds
        if reached >= decided.guess_after:
            recognitions += 1
            computing += pause.opinion.recognition_seconds if pause.opinion else 0.4
        if math.isfinite(ended):
            at = pause.at + ended
            if math.isfinite(pause.seconds):
                return Outcome(True, 0.0, 0.0, sounds, recognitions, computing)
            cost = pause.opinion.recognition_seconds if pause.opinion else 0.4
            if ended < decided.guess_after:
                recognitions, computing = recognitions + 1, computing + cost
            text_at = pause.at + min(ended, decided.guess_after) + TEXT_OVERHEAD_SECONDS + cost
            wait = at - replay.true_end
            return Outcome(False, wait, max(wait, text_at - replay.true_end), sounds, recognitions, computing)
    raise ValueError(f"turn {replay.turn.identity} never ends: its last pause must be endless")


@dataclass(frozen=True)
class _Decision:
    ends_after: float
    guess_after: float


def _decide(pause: Pause, turn: Turn, strategy: TurnEnd, timing: Timing, sentences: SentenceModel) -> _Decision:
    """Seconds into the pause: when the turn is over if nobody speaks, and when a recognition is asked for."""
    asked = _windows(timing.short_pause_seconds)
    evidence = Evidence(turn.state)
    changes: list[tuple[float, Evidence]] = [(0.0, evidence)]
    guess_after = _windows(timing.guess_after_seconds)
    if strategy.wants_sound(turn.state) and pause.opinion is not None:
        sound_at = asked + SOUND_SECONDS
        if sound_at <= guess_after:
            promising = pause.opinion.sound >= timing.promising
            guess_after = max(sound_at, _windows(timing.promising_guess_seconds))
            if not promising:
                guess_after = _windows(timing.doubtful_guess_seconds)
        evidence = Evidence(turn.state, sound=pause.opinion.sound)
        changes.append((sound_at, evidence))
    if strategy.wants_text and pause.opinion is not None:
        text = text_evidence(pause.opinion.text, sentences)
        text_at = guess_after + TEXT_OVERHEAD_SECONDS + pause.opinion.recognition_seconds
        changes.append((text_at, Evidence(turn.state, evidence.sound, text)))
    for (at, known), following in zip(changes, [*[at for at, _ in changes[1:]], math.inf], strict=True):
        end = _windows(max(at, strategy.patience_seconds(known)))
        if end <= following:
            return _Decision(end, guess_after)
    raise AssertionError("the last piece of evidence stays for ever")


def _windows(seconds: float) -> float:
    """The detector looks once in 32 ms."""
    return math.ceil(seconds / WINDOW_SECONDS - 1e-9) * WINDOW_SECONDS
