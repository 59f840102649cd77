"""Speech prepared in the background: what the core expects to be said, rendered while nobody is waiting.

The renderer serves live speech first; on top of that there is a rest after each text, the longer the more calls there
are, so that preparing never takes the processor from a conversation.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from base.clock import Clock
from base.errors import HotlineError
from base.logs import get_logger
from telephony.metrics import PhoneMetrics

log = get_logger("telephony.prerendering")

_TEXTS_LIMIT: Final = 1_000
_REST_IDLE: Final = 2.0
_REST_BUSY: Final = 30.0
"""Rest after each text, in shares of the time that it took: a third of a processor when idle, 3 % with calls."""
_LONGEST_REST_SECONDS: Final = 20.0
_RETRY_SECONDS: Final = 5.0


class SpeechStore(Protocol):
    """What is needed of `SpeechClient`."""

    async def prerender(self, texts: Sequence[str]) -> int: ...

    async def forget(self, texts: Sequence[str], *, but: Sequence[str] = ()) -> int: ...


class Notices(Protocol):
    """What is needed of `telephony.notices.Notices`."""

    def tell(self, texts: Sequence[str]) -> None: ...


class Prerenderer:
    """Owned by the phone process. `want` and `drop` return at once; `run` does the work until cancelled."""

    def __init__(
        self,
        speech: SpeechStore,
        metrics: PhoneMetrics,
        clock: Clock,
        *,
        calls: Callable[[], int],
        notices: Notices | None = None,
    ) -> None:
        """`calls`: how many there are now. `notices` is told what those who wait hear."""
        self._speech = speech
        self._metrics = metrics
        self._clock = clock
        self._calls = calls
        self._notices = notices
        self._revision = -1
        self._wanted: dict[str, None] = {}  # of the present revision, in order
        self._waiting: dict[str, None] = {}
        self._dropped: dict[str, None] = {}
        self._arrived = asyncio.Event()

    def want(self, revision: int, texts: Sequence[str]) -> None:
        """Prepare these. Those of another revision that are not done yet are given up: the core names them again."""
        if revision != self._revision:
            self._revision = revision
            self._wanted.clear()
            self._waiting.clear()
        for text in texts:
            if text not in self._wanted and len(self._wanted) < _TEXTS_LIMIT:
                self._wanted[text] = self._waiting[text] = None
        self._metrics.prerender_waiting.set(len(self._waiting))
        self._arrived.set()

    def drop(self, texts: Sequence[str]) -> None:
        """Withdrawn: remove their audio; what other wanted texts share with them stays."""
        for text in texts:
            self._waiting.pop(text, None)
            self._wanted.pop(text, None)
            self._dropped[text] = None
        self._arrived.set()

    def notice(self, texts: Sequence[str]) -> None:
        """Hot topics: they come before everything else that is prepared."""
        if self._notices is not None:
            self._notices.tell(texts)

    async def run(self) -> None:
        """Prepare and drop for ever; a renderer that is away is asked again later."""
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            await self._forget()
            await self._prepare()

    async def _forget(self) -> None:
        if self._dropped:
            texts, self._dropped = list(self._dropped), {}
            removed = await self._speech.forget(texts, but=list(self._wanted))
            log.info("withdrawn speech removed", texts=len(texts), pieces=removed)

    async def _prepare(self) -> None:
        rendered = 0
        while self._waiting:
            if self._dropped:
                await self._forget()
                continue
            text = next(iter(self._waiting))
            began = self._clock.monotonic()
            try:
                pieces = await self._speech.prerender([text])
            except (HotlineError, OSError, TimeoutError) as error:
                log.info("speech cannot be prepared now", problem=str(error) or type(error).__name__)
                await asyncio.sleep(_RETRY_SECONDS)
                self._give_way(text)
                continue
            self._waiting.pop(text, None)
            self._metrics.prerender_waiting.set(len(self._waiting))
            self._metrics.prerendered_pieces.inc(pieces)
            rendered += pieces
            if pieces:
                share = _REST_BUSY if self._calls() else _REST_IDLE
                await asyncio.sleep(min(_LONGEST_REST_SECONDS, share * (self._clock.monotonic() - began)))
        if rendered:
            log.info("speech is prepared", revision=self._revision, pieces=rendered)

    def _give_way(self, text: str) -> None:
        """A text that fails goes to the end: it must not hold up the others."""
        if text in self._waiting:
            del self._waiting[text]
            self._waiting[text] = None
