"""What the real recogniser and the end-of-turn model say at each pause of a turn; kept, for both take their time.

At every pause, and at the end, the audio so far is what the phone would have: the turn from a little before its first
sound to a little after the last one. Earlier pauses are given `EARLIER_PAUSE_SECONDS` here whatever they are drawn as
later: how long they were matters little to either model, and one recognition then serves every drawing.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from asr_models.audio import from_pcm16
from asr_models.recogniser import Recogniser, Recognition, Utterance
from benchmarks.endpointing_speech import LEAD_SECONDS, Turn, render
from telephony.audio import BYTES_A_SECOND, RATE_HZ
from telephony.turn_end.sound_model import SoundModel

EARLIER_PAUSE_SECONDS: Final = 0.4
SOUND_AFTER_SECONDS: Final = 0.2
TEXT_AFTER_SECONDS: Final = 0.25
_PRE_ROLL_SECONDS: Final = 0.3


@dataclass(frozen=True)
class Opinion:
    """At one pause: probability of the sound model, recognised text, CPU seconds of the recognition."""

    sound: float
    text: str
    recognition_seconds: float


def _until(turn: Turn, part: int, after_seconds: float) -> bytes:
    cut = Turn(turn.identity, turn.state, turn.parts[: part + 1], turn.text, turn.snr_db, turn.seed)
    rendered = render(cut, [EARLIER_PAUSE_SECONDS] * part, tail_seconds=1.0)
    begin = int((LEAD_SECONDS - _PRE_ROLL_SECONDS) * RATE_HZ) * 2
    return rendered.pcm[begin : int((rendered.ends[-1] + after_seconds) * BYTES_A_SECOND) // 2 * 2]


class Evidence:
    """Opinions by turn; asked once, then read from `folder`."""

    def __init__(self, folder: Path, sound: SoundModel, recogniser: Recogniser) -> None:
        self._path = folder / f"evidence-{recogniser.name}.json"
        self._sound = sound
        self._recogniser = recogniser
        self._kept: dict[str, dict[str, float | str]] = {}
        if self._path.exists():
            self._kept = json.loads(self._path.read_text("utf-8"))

    def of(self, turn: Turn) -> list[Opinion]:
        """One for each part of the turn: after it the caller pauses or has finished."""
        return [self._one(turn, part) for part in range(len(turn.parts))]

    def _one(self, turn: Turn, part: int) -> Opinion:
        pcm = _until(turn, part, TEXT_AFTER_SECONDS)
        digits = turn.state == "number"  # as the phone asks where a number is awaited
        key = hashlib.sha256(pcm).hexdigest()[:24] + ("-digits" if digits else "")
        if key not in self._kept:
            heard = self._recognised(Utterance(from_pcm16(pcm), RATE_HZ, expected="digits" if digits else "anything"))
            sound = self._sound.finished(_until(turn, part, SOUND_AFTER_SECONDS))
            self._kept[key] = asdict(Opinion(round(sound, 4), heard.text, round(heard.compute_seconds, 3)))
        kept = self._kept[key]
        return Opinion(float(kept["sound"]), str(kept["text"]), float(kept["recognition_seconds"]))

    def _recognised(self, utterance: Utterance) -> Recognition:
        (outcome,) = self._recogniser.recognise_many([utterance])
        assert isinstance(outcome, Recognition), outcome
        return outcome

    def save(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps(self._kept, ensure_ascii=False, indent=0), encoding="utf-8")
