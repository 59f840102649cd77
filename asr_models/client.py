"""Asking the recogniser workers, from an event loop."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import aclosing
from typing import Final

from asr_models.recogniser import Expected, RecogniserError, Recognition
from asr_models.server import PAYLOAD_LIMIT_BYTES, recognition_of, socket_path
from asr_models.urgency import Urgency
from asr_models.utterance_stream import UtteranceStream
from base import wire
from base.ids import new_id
from base.local_client import ConnectionLost, LocalConnection
from base.logs import get_logger
from base.settings import Settings

_TRY_ELSEWHERE: Final = frozenset({"stopping", "busy"})
_FIRST_PAUSE_SECONDS: Final = 0.05
_LONGEST_PAUSE_SECONDS: Final = 0.5


class RecogniserClient:
    """Spreads utterances over all workers; use one for the whole process, on one event loop.

    A worker that dies in the middle of a decode costs time but no utterance: another one, or its successor, gets the
    audio while the deadline lasts.
    """

    def __init__(self, settings: Settings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._workers = settings.recogniser.workers
        self._clock = clock
        self._connections: dict[int, LocalConnection] = {}
        self._opening = {number: asyncio.Lock() for number in range(self._workers)}
        self._streaming: set[int] = set()  # workers that said that their engine streams
        self._turn = 0
        self._log = get_logger(__name__)

    async def recognise(
        self,
        pcm16: bytes,
        rate_hz: int,
        *,
        call_id: str = "",
        deadline_seconds: float | None = None,
        urgency: Urgency | None = None,
        expected: Expected = "anything",
    ) -> Recognition:
        """One utterance: 16-bit little-endian mono at 8,000 or 16,000 Hz, 0.1 to 60 s.

        `call_id` makes the workers fair between calls; `deadline_seconds` defaults to the setting; what is not urgent
        (by default everything is) gives way to what is; `expected`: what was asked for. Cancelling takes the request
        out of the worker's queue.

        Raises:
            RecogniserError: switched off, not usable audio, no worker alive, or not done within the deadline.
        """
        if self._settings.recogniser.engine == "none":
            raise RecogniserError("speech recognition is switched off (recogniser.engine: none)")
        if len(pcm16) > PAYLOAD_LIMIT_BYTES:
            raise RecogniserError(f"an utterance of {len(pcm16)} bytes is over the limit of {PAYLOAD_LIMIT_BYTES}")
        seconds = self._settings.recogniser.deadline_seconds if deadline_seconds is None else deadline_seconds
        haste = urgency or Urgency(urgent=True)
        reason = "every worker was busy"
        try:
            async with asyncio.timeout(seconds):
                end = self._clock() + seconds
                pause = _FIRST_PAUSE_SECONDS
                while True:
                    for number in self._order():
                        try:
                            header = {
                                "rate_hz": rate_hz,
                                "deadline_seconds": end - self._clock(),
                                "call_id": call_id,
                                "expected": expected,
                            }
                            return recognition_of(await self._ask(number, header, pcm16, haste))
                        except ConnectionLost as error:
                            reason = str(error)
                    await asyncio.sleep(pause * random.uniform(0.7, 1.3))
                    pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
        except TimeoutError as error:
            raise RecogniserError(f"no recognition within {seconds:.1f} s ({reason})") from error

    def stream(self, rate_hz: int, *, call_id: str = "") -> UtteranceStream | None:
        """An utterance that is recognised while it is spoken, or None where no worker's engine does that.

        Known from the last `status`, so ask for that now and then.
        """
        number = next((number for number in self._order() if number in self._streaming), None)
        if number is None:
            return None

        async def worker(header: wire.Header, pcm16: bytes, urgency: Urgency) -> wire.Header:
            seconds = self._settings.recogniser.deadline_seconds
            try:
                async with asyncio.timeout(seconds):
                    told = {**header, "call_id": call_id, "deadline_seconds": seconds}
                    return await self._ask(number, told, pcm16, urgency)
            except TimeoutError as error:
                raise ConnectionLost("the worker gave no answer in time") from error

        async def whole(pcm16: bytes) -> Recognition:
            return await self.recognise(pcm16, rate_hz, call_id=call_id)

        return UtteranceStream(new_id("u"), rate_hz, worker, whole)

    async def status(self) -> list[wire.Header]:
        """What each worker that can be reached tells of itself: engine, counters, number waiting."""
        answers: list[wire.Header] = []
        for number in range(self._workers):
            try:
                async with asyncio.timeout(1.0):
                    answer = await self._single(number, {"op": "status"}, b"")
                answers.append(answer)
                if answer.get("streams") is True:
                    self._streaming.add(number)
                else:
                    self._streaming.discard(number)
            except (ConnectionLost, TimeoutError) as error:
                self._streaming.discard(number)
                self._log.debug("recogniser_silent", worker=number, reason=str(error))
        return answers

    async def close(self) -> None:
        for connection in self._connections.values():
            await connection.close()
        self._connections.clear()

    def _order(self) -> list[int]:
        """Workers from the least busy on; among equals in turn."""
        count = self._workers
        self._turn += 1

        def busy(number: int) -> tuple[int, int]:
            connection = self._connections.get(number)
            return (connection.in_flight if connection else 0, (number + self._turn) % count)

        return sorted(range(count), key=busy)

    async def _ask(self, number: int, header: wire.Header, pcm16: bytes, urgency: Urgency) -> wire.Header:
        """Raises ConnectionLost: ask another worker. RecogniserError: it is of no use to ask another one."""
        answer = await self._single(number, header, pcm16, urgency)
        if "error" in answer:
            if answer.get("code") in _TRY_ELSEWHERE:
                raise ConnectionLost(str(answer["error"]))
            raise RecogniserError(str(answer["error"]))
        return answer

    async def _single(
        self, number: int, header: wire.Header, payload: bytes, urgency: Urgency | None = None
    ) -> wire.Header:
        connection = await self._connection(number)
        request_id = connection.new_id()

        def hasten() -> None:
            connection.tell("hasten", request_id)

        if urgency is not None:
            header = {**header, "lane": "live" if urgency.urgent else "background"}
            urgency.watch(hasten)
        try:
            async with aclosing(connection.request(header, payload, request_id=request_id)) as answers:
                async for answer, _ in answers:
                    return answer
        finally:
            if urgency is not None:
                urgency.forget(hasten)
        raise ConnectionLost("the worker gave no answer")

    async def _connection(self, number: int) -> LocalConnection:
        async with self._opening[number]:
            connection = self._connections.get(number)
            if connection is None or connection.lost:
                if connection is not None:
                    await connection.close()
                    del self._connections[number]
                connection = await LocalConnection.open(socket_path(self._settings, number))
                self._connections[number] = connection
            return connection
