"""`hotline eval speech DIR [--json]`: character error rate of the configured recogniser, wide band and telephone.

DIR holds `manifest.jsonl` with the columns `id`, `wav` (16 kHz), `wav_phone` (8 kHz, A-law or PCM), `text` and, where
there is one, `group`. Without `--json` the groups are told too; with it the last line is one JSON object:
`{"n", "cer": {"wav", "wav_phone"}, "rtf"}`, rates 0..1, `rtf` CPU seconds per second of audio over both conditions.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import soundfile

from asr_models import factory
from asr_models.recogniser import Recogniser, RecogniserError, Samples
from base import settings

CONDITIONS: Final = ("wav", "wav_phone")
_NUMERALS: Final = str.maketrans("0123456789０１２３４５６７８９幺〇", "零一二三四五六七八九零一二三四五六七八九一零")


@dataclass(frozen=True, slots=True)
class Clip:
    """One row of the manifest; `files` by condition."""

    clip_id: str
    text: str
    group: str
    files: dict[str, Path]


@dataclass(slots=True)
class Tally:
    """Edits and reference characters summed."""

    edits: int = 0
    characters: int = 0

    @property
    def rate(self) -> float:
        return self.edits / self.characters if self.characters else 0.0


def comparable(text: str) -> str:
    """Letters, numerals and Chinese characters only; digits as Chinese numerals, 幺 as 一."""
    return "".join(character for character in text.translate(_NUMERALS).lower() if character.isalnum())


def edits(said: str, heard: str) -> int:
    """Insertions, deletions and substitutions of characters between two texts."""
    row = list(range(len(heard) + 1))
    for index, wanted in enumerate(said, start=1):
        diagonal, row[0] = row[0], index
        for column, got in enumerate(heard, start=1):
            best = min(row[column] + 1, row[column - 1] + 1, diagonal + (wanted != got))
            diagonal, row[column] = row[column], best
    return row[-1]


def read_manifest(directory: Path) -> list[Clip]:
    """
    Raises:
        RecogniserError: no manifest, or a row without the columns needed.
    """
    path = directory / "manifest.jsonl"
    clips: list[Clip] = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise RecogniserError(f"{path} cannot be read: {error.strerror or error}") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            files = {condition: directory / str(row[condition]) for condition in CONDITIONS}
            clips.append(Clip(str(row["id"]), str(row["text"]), str(row.get("group", "")), files))
        except (ValueError, KeyError, TypeError) as error:
            raise RecogniserError(f"{path} line {number}: {error!r}") from error
    if not clips:
        raise RecogniserError(f"{path} holds no clip")
    return clips


def evaluate(recogniser: Recogniser, clips: list[Clip], *, verbose: bool) -> dict[str, object]:
    """Every clip in every condition; prints errors as they come where `verbose`."""
    tallies: dict[tuple[str, str], Tally] = defaultdict(Tally)
    audio_seconds = compute_seconds = 0.0
    for number, clip in enumerate(clips, start=1):
        said = comparable(clip.text)
        for condition in CONDITIONS:
            samples, rate_hz = _read(clip.files[condition])
            result = recogniser.recognise(samples, rate_hz)
            heard = comparable(result.text)
            wrong = edits(said, heard)
            for group in {"", clip.group}:
                tally = tallies[condition, group]
                tally.edits += wrong
                tally.characters += len(said)
            audio_seconds += result.audio_seconds
            compute_seconds += result.compute_seconds
            if verbose and wrong:
                print(f"{clip.clip_id} {condition}: {said} -> {heard} ({wrong}, confidence {result.confidence:.2f})")
        if number % 20 == 0:
            print(f"{number} of {len(clips)} clips", file=sys.stderr, flush=True)
    for condition, group in sorted(tallies):
        if group:
            print(f"{condition} {group}: CER {tallies[condition, group].rate:.4f}")
    return {
        "n": len(clips),
        "cer": {condition: round(tallies[condition, ""].rate, 4) for condition in CONDITIONS},
        "rtf": round(compute_seconds / audio_seconds, 4),
    }


def command(arguments: list[str]) -> int:
    """Status 0; known failures are raised as RecogniserError."""
    parser = argparse.ArgumentParser(prog="hotline eval speech", description="Character error rate.")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--json", action="store_true", help="nothing but figures; the last line is one JSON object")
    parser.add_argument("--limit", type=int, default=None, help="only the first clips")
    chosen = parser.parse_args(arguments)
    clips = read_manifest(chosen.directory)[: chosen.limit]
    result = evaluate(factory.load(settings.load()), clips, verbose=not chosen.json)
    print(json.dumps(result))
    return 0


def _read(path: Path) -> tuple[Samples, int]:
    try:
        samples, rate_hz = soundfile.read(str(path), dtype="float32", always_2d=True)
    except (OSError, soundfile.SoundFileError) as error:
        raise RecogniserError(f"{path} cannot be read: {error}") from error
    return samples.mean(axis=1), int(rate_hz)
