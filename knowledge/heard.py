"""What the configured recogniser makes of audio, remembered in a file so that a run can be repeated without it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import soundfile

from asr_models.recogniser import Samples
from base import alternatives
from base.alternatives import Alternative
from base.settings import Settings
from knowledge.errors import KnowledgeError

_SAVE_EVERY: Final = 20
Audio = tuple[Samples, int]
"""Mono samples in -1..1 and their rate in Hz."""


@dataclass(frozen=True, slots=True)
class Hearing:
    """A text and what the recogniser took for nearly as likely."""

    text: str
    alternatives: tuple[Alternative, ...] = ()


class Heard:
    """Recognitions by content and engine, kept in `path`; the recogniser is loaded at the first unknown one."""

    def __init__(self, settings: Settings, path: Path) -> None:
        self._settings = settings
        self._path = path
        self._known: dict[str, list[Any]] = {}  # text and alternatives, as `base.alternatives` tells them
        if self._path.is_file():
            self._known = json.loads(self._path.read_text(encoding="utf-8"))
        chosen = settings.recogniser
        self.engine = (
            f"{chosen.engine}:{chosen.model}:{chosen.beam_size}:{chosen.window_seconds}:{chosen.word_weight}:"
            f"{alternatives.MOST} alternatives"
        )
        self._recogniser: Any = None
        self._new = 0

    def file(self, path: Path) -> Hearing:
        """Raises KnowledgeError: the file cannot be read. RecogniserError: there is no recogniser."""
        try:
            content = sha256(path.read_bytes()).hexdigest()
        except OSError as error:
            raise KnowledgeError(f"{path} cannot be read: {error.strerror}") from error
        return self.of(content, lambda: _read(path))

    def of(self, content: str, audio: Callable[[], Audio]) -> Hearing:
        """What was heard of what `content` identifies; `audio` is called only if it was never heard.

        Raises:
            RecogniserError: there is no recogniser, or the audio is not usable.
        """
        key = f"{self.engine}:{content}"
        if key not in self._known:
            if self._recogniser is None:
                from asr_models import factory

                self._recogniser = factory.load(self._settings)
            samples, rate_hz = audio()
            found = self._recogniser.recognise(samples, rate_hz)
            self._known[key] = [found.text, alternatives.told(found.alternatives)]
            self._new += 1
            if self._new % _SAVE_EVERY == 0:
                print(f"\rrecognised {self._new}", end="", file=sys.stderr, flush=True)
                self.save()
        text, others = self._known[key]
        return Hearing(str(text), alternatives.read(others))

    def save(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(f".{os.getpid()}.tmp")
        fresh.write_text(json.dumps(self._known, ensure_ascii=False), encoding="utf-8")
        fresh.replace(self._path)


def _read(path: Path) -> Audio:
    try:
        samples, rate_hz = soundfile.read(str(path), dtype="float32", always_2d=True)
    except (OSError, soundfile.SoundFileError) as error:
        raise KnowledgeError(f"{path} cannot be read: {error}") from error
    return samples.mean(axis=1), int(rate_hz)
