"""What a citizen wants, as an intent: Rasa where it answers in time, the in-process reader otherwise.

Rasa runs in its own process on the loopback and only understands. Three failures in a row open the circuit: from then
on no turn waits for it, and a background probe closes the circuit when it is back. `parse` never raises for a text and
never takes longer than the deadline plus a few milliseconds.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import aiohttp
import numpy as np
import numpy.typing as npt
from opentelemetry.trace import SpanKind

from base import tracing
from base.clock import Clock, SystemClock
from base.logs import get_logger
from base.pinyin import syllables
from base.settings import Settings
from bot import fallback
from bot.fallback import Classifier, Ranking, SentenceEncoder

_log = get_logger(__name__)
_FAILURES_TO_OPEN: Final = 3
_PROBE_SECONDS: Final = (2.0, 30.0)  # first pause between probes, longest pause
_TEXT_LIMIT: Final = 500  # characters that decide; a longer story says what it wants at its beginning and its end

_BESIDE_RASA: Final = 0.5  # weight of the sentence vector, measured on held-out sentences with Rasa as the first reader

Source = Literal["rasa", "fallback"]


@dataclass(frozen=True, slots=True)
class Understood:
    """`ranking`: (intent, probability), best first; `source`: who read the words."""

    intent: str
    confidence: float
    ranking: Ranking
    source: Source
    elapsed_seconds: float

    def probability(self, *intents: str) -> float:
        """The probability that it is one of `intents`."""
        return sum(value for name, value in self.ranking if name in intents)


@dataclass
class Circuit:
    """Counts failures in a row. Open: Rasa is not asked until a probe finds it answering."""

    open: bool = True  # until the first probe
    failures: int = 0
    on_open: Callable[[], None] = field(default=lambda: None)

    def failed(self) -> None:
        self.failures += 1
        if self.failures >= _FAILURES_TO_OPEN and not self.open:
            self.open = True
            self.on_open()

    def succeeded(self) -> None:
        self.failures = 0
        self.open = False


class Understanding:
    """One for the process; `start` before the first `parse`, `close` at the end.

    `encoder` is the knowledge base's embedding model; without it words and sounds alone decide.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        encoder: SentenceEncoder | None = None,
        classifier: Classifier | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._settings = settings
        self._encoder = encoder if encoder is not None and encoder.available else None
        self._classifier = classifier
        self._clock = clock or SystemClock()
        self._threads = ThreadPoolExecutor(max_workers=1, thread_name_prefix="understanding")
        self._session: aiohttp.ClientSession | None = None
        self._prober: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._circuit = Circuit(on_open=self._wake.set)
        self._url = f"http://127.0.0.1:{settings.rasa.port}"

    async def start(self) -> None:
        """Load the in-process reader (trains it where it is missing or stale) and look for Rasa in the background."""
        if self._classifier is None:
            loop = asyncio.get_running_loop()
            self._classifier = await loop.run_in_executor(
                self._threads, lambda: fallback.load(self._settings, encoder=self._encoder)
            )
        encoder = self._encoder
        if encoder is not None:  # the first sentence loads the model: not in a citizen's turn
            await asyncio.get_running_loop().run_in_executor(self._threads, lambda: encoder.layers(["你好"]))
        if self._settings.rasa.enabled and self._prober is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=self._settings.rasa.deadline_seconds),
                connector=aiohttp.TCPConnector(limit=64),
            )
            self._wake.set()
            self._prober = asyncio.create_task(self._probe(), name="rasa-probe")

    async def close(self) -> None:
        if self._prober is not None:
            self._prober.cancel()
            await asyncio.gather(self._prober, return_exceptions=True)
            self._prober = None
        if self._session is not None:
            await self._session.close()
            self._session = None
        self._threads.shutdown(wait=False, cancel_futures=True)

    @property
    def rasa_answers(self) -> bool:
        return self._session is not None and not self._circuit.open

    async def parse(self, text: str, *, spoken: bool = False) -> Understood:
        """The intent of one turn. `spoken`: beside Rasa, which knows characters only, sounds are read as well.

        Raises:
            RuntimeError: `start` was not called.
        """
        if self._classifier is None:
            raise RuntimeError("Understanding.start() was not awaited")
        began = self._clock.monotonic()
        text = _shorten(text)
        if not syllables(text):
            return Understood("none", 1.0, (("none", 1.0),), "fallback", self._clock.monotonic() - began)
        with tracing.part("understanding", spoken=spoken):
            from_rasa, meaning = await asyncio.gather(self._ask_rasa(text), self._meaning(text))
        words = _first_reader(
            from_rasa, None if from_rasa and not spoken else self._classifier.words_probabilities(text)
        )
        ranking = self._classifier.join(words, meaning, weight=_BESIDE_RASA if from_rasa else None)
        source: Source = "rasa" if from_rasa is not None else "fallback"
        return Understood(ranking[0][0], ranking[0][1], ranking, source, self._clock.monotonic() - began)

    async def _meaning(self, text: str) -> dict[str, float] | None:
        """What the sentence vector says; None where the model is too busy to answer in time."""
        encoder, classifier = self._encoder, self._classifier
        if encoder is None or classifier is None or classifier.embedding != encoder.name:
            return None

        def work() -> dict[str, float]:
            vectors: npt.NDArray[np.float32] = encoder.layers([text])
            return classifier.meaning_probabilities(vectors[0])

        future = asyncio.get_running_loop().run_in_executor(self._threads, work)
        try:
            return await asyncio.wait_for(future, self._settings.rasa.deadline_seconds)
        except TimeoutError:
            _log.warning("sentence vector late: reading by words alone")
            return None

    async def _ask_rasa(self, text: str) -> dict[str, float] | None:
        session = self._session
        if session is None or self._circuit.open:
            return None
        try:
            with tracing.part("rasa", kind=SpanKind.CLIENT):
                url, headers = f"{self._url}/model/parse", tracing.headers()
                async with session.post(url, json={"text": text}, headers=headers) as response:
                    response.raise_for_status()
                    answer = _ranking_of(await response.json())
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            self._circuit.failed()
            _log.warning("rasa did not answer", error=type(error).__name__, failures=self._circuit.failures)
            return None
        self._circuit.succeeded()
        return answer

    async def _probe(self) -> None:
        """While the circuit is open: ask Rasa for a word, with growing pauses, until it answers."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            pause = _PROBE_SECONDS[0]
            while self._circuit.open:
                if await self._answers():
                    self._circuit.succeeded()
                    _log.info("rasa answers")
                    break
                await asyncio.sleep(pause * random.uniform(0.8, 1.2))
                pause = min(pause * 1.5, _PROBE_SECONDS[1])

    async def _answers(self) -> bool:
        session = self._session
        if session is None:
            return False
        try:
            async with session.post(
                f"{self._url}/model/parse", json={"text": "你好"}, timeout=aiohttp.ClientTimeout(total=5.0)
            ) as response:
                response.raise_for_status()
                return bool(_ranking_of(await response.json()))
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return False


def _first_reader(rasa: dict[str, float] | None, words: dict[str, float] | None) -> dict[str, float]:
    """Rasa's probabilities, the in-process ones, or the geometric mean of both."""
    if rasa is None or words is None:
        return rasa or words or {}
    mixed = {name: (max(rasa.get(name, 0.0), 1e-6) * max(value, 1e-6)) ** 0.5 for name, value in words.items()}
    total = sum(mixed.values())
    return {name: value / total for name, value in mixed.items()}


def _ranking_of(answer: Any) -> dict[str, float]:
    """Intent -> confidence of Rasa's answer.

    Raises:
        ValueError: it is not such an answer (no model loaded, another server).
    """
    if not isinstance(answer, dict) or not isinstance(answer.get("intent_ranking"), list):
        raise ValueError("not an answer of /model/parse")
    ranking = {
        str(item["name"]): float(item["confidence"])
        for item in answer["intent_ranking"]
        if isinstance(item, dict) and item.get("name") and item["name"] != "nlu_fallback"
    }
    if not ranking:
        raise ValueError("an empty intent ranking: no trained model is loaded")
    return ranking


def _shorten(text: str) -> str:
    text = text.strip()
    if len(text) <= _TEXT_LIMIT:
        return text
    half = _TEXT_LIMIT // 2
    return f"{text[:half]} {text[-half:]}"
