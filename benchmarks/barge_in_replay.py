"""How quickly does the bot fall silent, and for what? Sounds replayed through the detector and `TurnTaking`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from asr_models.audio import from_pcm16
from asr_models.recogniser import Recogniser
from benchmarks.barge_in_sounds import Kind, Sound
from benchmarks.conditions import percentile
from telephony.audio import BYTES_A_SECOND, RATE_HZ
from telephony.back_channel import is_back_channel
from telephony.caller_turn import SHORTEST_WORD_SECONDS, SURE_OF_SHORT_WORDS
from telephony.hearing import PRE_ROLL_SECONDS, TAIL_SECONDS
from telephony.turn_actions import PausePlayback, ResumePlayback, ShortSound, StopPlayback
from telephony.turn_taking import TurnTaking, TurnTakingRules
from telephony.voice_activity import WINDOW_SECONDS, VoiceActivity, VoiceStream

PLAYOUT_SECONDS: Final = 0.02
"""From the decision to silence on the line: a tick and the frame that is being sent; all else is flushed."""
_BATCH: Final = 40


@dataclass(frozen=True)
class Heard:
    """What a bot that was speaking did: seconds since the sound began, None where it did not happen.

    `silent_seconds`: first paused or stopped; `stopped_seconds`: gave its sentence up, because of the length of the
    sound or (`by_words`) of what was recognised in it; `gaps`: how long it was silent and then went on.
    """

    sound: Sound
    silent_seconds: float | None
    stopped_seconds: float | None
    by_words: bool
    gaps: tuple[float, ...]


def replay(sounds: Sequence[Sound], rules: TurnTakingRules, recogniser: Recogniser) -> Iterator[Heard]:
    detector = VoiceActivity()
    for begin in range(0, len(sounds), _BATCH):
        batch = sounds[begin : begin + _BATCH]
        streams = [VoiceStream() for _ in batch]
        heard = detector.probabilities_of_many(
            [(stream, stream.windows(sound.pcm)) for stream, sound in zip(streams, batch, strict=True)]
        )
        for sound, probabilities in zip(batch, heard, strict=True):
            yield _one(sound, probabilities, rules, recogniser)


def _one(sound: Sound, probabilities: Sequence[float], rules: TurnTakingRules, recogniser: Recogniser) -> Heard:
    turns = TurnTaking(rules, 0.0)
    turns.playback_started(0.0)
    silent: float | None = None
    stopped: float | None = None
    by_words = False
    paused_at = 0.0
    gaps: list[float] = []
    for index, probability in enumerate(probabilities):
        now = (index + 1) * WINDOW_SECONDS
        for action in turns.voice(probability, WINDOW_SECONDS, now):
            match action:
                case PausePlayback():
                    paused_at = now
                    silent = silent if silent is not None else now
                case ResumePlayback():
                    gaps.append(now - paused_at)
                case StopPlayback():
                    stopped = now
                    silent = silent if silent is not None else now
                case ShortSound(ago, trailing):
                    if stopped is None and _says_something(sound, now, ago, trailing, recogniser):
                        stopped, by_words = now, True
    since = sound.starts - PLAYOUT_SECONDS
    return Heard(
        sound,
        None if silent is None else silent - since,
        None if stopped is None else stopped - since,
        by_words,
        tuple(gaps),
    )


def _says_something(sound: Sound, now: float, ago: float, trailing: float, recogniser: Recogniser) -> bool:
    """As `telephony.caller_turn.CallerTurns.look_at` judges it."""
    if ago - trailing < SHORTEST_WORD_SECONDS:
        return False
    begin = int(max(0.0, now - ago - PRE_ROLL_SECONDS) * RATE_HZ) * 2
    end = min(len(sound.pcm), int((now - max(0.0, trailing - TAIL_SECONDS)) * BYTES_A_SECOND) // 2 * 2)
    said = recogniser.recognise(from_pcm16(sound.pcm[begin:end]), RATE_HZ)
    return said.confidence >= SURE_OF_SHORT_WORDS and bool(said.text.strip()) and not is_back_channel(said.text)


def summary(heard: Sequence[Heard]) -> dict[str, Any]:
    """Rates 0..1, seconds."""

    def of(kind: Kind) -> list[Heard]:
        return [each for each in heard if each.sound.kind == kind]

    interruptions = of("interruption")
    silent = [each.silent_seconds for each in interruptions if each.silent_seconds is not None]
    result: dict[str, Any] = {
        "interruptions": {
            "n": len(interruptions),
            "silent_p50_seconds": percentile(silent, 0.5),
            "silent_p95_seconds": percentile(silent, 0.95),
            "never_silent": _share(each.silent_seconds is None for each in interruptions),
            "sentence_given_up": _share(each.stopped_seconds is not None for each in interruptions),
        }
    }
    for kind in ("back_channel", "noise"):
        found = of("back_channel" if kind == "back_channel" else "noise")
        gaps = [gap for each in found for gap in each.gaps]
        result[kind] = {
            "n": len(found),
            "did_not_go_on": _share(each.stopped_seconds is not None for each in found),
            "did_not_go_on_by_words": _share(each.by_words for each in found),
            "paused": _share(each.silent_seconds is not None for each in found),
            "gap_p50_seconds": percentile(gaps, 0.5),
            "gap_p95_seconds": percentile(gaps, 0.95),
        }
    return result


def _share(which: Iterator[bool]) -> float:
    values = list(which)
    return round(sum(values) / max(1, len(values)), 4)
