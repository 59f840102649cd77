"""The models behind the evidence, as all calls of a process share them."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol

from base.logs import get_logger
from base.threads import name_thread
from telephony.turn_end import numbers
from telephony.turn_end.evidence import TextEvidence

log = get_logger("telephony.turn_end")

_MOST_WAITING: Final = 8
"""So many questions take about half a second; whoever comes later is better served by silence alone."""
_NICENESS: Final = 5  # the ticker's thread and the voice detector come first


class Sound(Protocol):
    def finished(self, pcm: bytes) -> float: ...


class Sentences(Protocol):
    def finished(self, text: str) -> float: ...


def text_evidence(text: str, sentences: Sentences | None) -> TextEvidence:
    """What recognised text tells. Of a row of digits its length tells all: no sentence is looked for in it."""
    progress = numbers.progress(text)
    if sentences is None or progress != "none":
        return TextEvidence(0.5, progress)
    return TextEvidence(sentences.finished(text), progress)


class Opinions:
    """Without a model its opinion is None (sound) or 0.5 (text), which the strategies take for no opinion."""

    def __init__(
        self,
        sound: Sound | None = None,
        sentences: Sentences | None = None,
        *,
        threads: bool = True,
        observe_seconds: Callable[[float], object] = lambda _: None,
    ) -> None:
        """`threads` False: the sound model computes inline (for tests in virtual time); `observe_seconds` hears how
        long each of its answers took."""
        self._sound = sound
        self._sentences = sentences
        self._observe = observe_seconds
        self._waiting = 0
        self._pool = (
            ThreadPoolExecutor(1, thread_name_prefix="turn-end", initializer=_step_back) if sound and threads else None
        )

    async def of_sound(self, pcm: bytes) -> float | None:
        """The probability that the speaker has finished; None: no model, too many questions at once, or it failed
        (then it is not asked again)."""
        if self._sound is None or self._waiting >= _MOST_WAITING:
            return None
        self._waiting += 1
        try:
            if self._pool is None:
                return self._sound.finished(pcm)
            return await asyncio.get_running_loop().run_in_executor(self._pool, self._timed, self._sound, pcm)
        except Exception as error:  # whatever goes wrong in the model costs no call: silence decides
            log.error("sound_model_failed", exc_info=error)
            self._sound = None
            return None
        finally:
            self._waiting -= 1

    def _timed(self, sound: Sound, pcm: bytes) -> float:
        began = time.perf_counter()
        finished = sound.finished(pcm)
        self._observe(time.perf_counter() - began)
        return finished

    def of_text(self, text: str) -> TextEvidence:
        return text_evidence(text, self._sentences)

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)


def _step_back() -> None:
    """Name this thread, and lower the priority of it alone (Linux has one for each thread)."""
    name_thread("turn-end")
    try:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
    except OSError as error:
        log.info("no lower priority for the end-of-turn model", problem=str(error))
