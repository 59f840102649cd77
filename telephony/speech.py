"""Text in, telephone audio out: from the cache where it was said before, else from the renderer, piece by piece."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from typing import Final

from base.errors import HotlineError
from base.local_client import ConnectionLost, LocalConnection
from base.logs import get_logger
from base.settings import Settings
from telephony import renderer
from telephony.voice import cache, sentences
from telephony.voice.voice import voice_name

_TEXT_LIMIT_CHARACTERS: Final = 8_000
_PAUSE_SECONDS: Final = (0.05, 0.4)


class SpeechError(HotlineError):
    """This cannot be said now: the voice is off, the renderer is down or too slow. The call must do something else."""


class SpeechClient:
    """One for the whole process, on one event loop. Audio is PCM16 little endian, 8 kHz, mono."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._cache = renderer.audio_cache(settings)
        self._voice = voice_name(settings)
        self._connection: LocalConnection | None = None
        self._opening = asyncio.Lock()
        self._log = get_logger(__name__)

    async def stream(self, text: str, *, speed: float | None = None) -> AsyncGenerator[bytes, None]:
        """The audio of each piece as soon as it is ready, with the pause that belongs behind it.

        `speed` multiplies the setting `voice.speed`. Leaving the iteration early (close the generator) cancels what is
        not rendered yet. A text with nothing to say yields nothing.

        Raises:
            SpeechError: switched off, text too long, or no audio for the next piece within `voice.deadline_seconds`.
        """
        pieces, actual = self._pieces(text), self._speed(speed)
        for index, piece in enumerate(pieces):
            audio = await asyncio.to_thread(self._cache.read, cache.key(piece, self._voice, actual))
            if audio is None:
                async with aclosing(self._rendered(pieces[index:], actual, background=False)) as rest:
                    async for rendered in rest:
                        if rendered:
                            yield rendered
                return
            if audio:
                yield audio

    async def whole(self, text: str, *, speed: float | None = None) -> bytes:
        """All of it at once; raises as `stream`."""
        async with aclosing(self.stream(text, speed=speed)) as chunks:
            return b"".join([chunk async for chunk in chunks])

    async def prerender(self, texts: Iterable[str], *, speed: float | None = None) -> int:
        """Put these texts into the cache, behind everything that somebody waits for; returns the pieces rendered.

        Raises:
            SpeechError: as `stream`.
        """
        actual = self._speed(speed)
        count = 0
        for text in texts:
            self._check(text)
            pieces = await asyncio.to_thread(self._missing, sentences.wherever_it_stands(text), actual)
            if pieces:
                async with aclosing(self._rendered(pieces, actual, background=True)) as answers:
                    async for _ in answers:
                        count += 1
        return count

    async def forget(self, texts: Iterable[str], *, but: Iterable[str] = ()) -> int:
        """Remove the audio of withdrawn texts at every speed, for all processes; pieces that a text of `but` shares
        stay. Returns the files removed."""
        return await asyncio.to_thread(self._forget, list(texts), list(but))

    def _forget(self, texts: list[str], but: list[str]) -> int:
        kept = {piece for text in but for piece in sentences.wherever_it_stands(text)}
        pieces = {piece for text in texts for piece in sentences.wherever_it_stands(text)} - kept
        return self._cache.forget(cache.text_key(piece, self._voice) for piece in pieces)

    async def ready(self) -> bool:
        """Whether the renderer answers now."""
        try:
            async with asyncio.timeout(1.0):
                connection = await self._connected()
                async with aclosing(connection.request({"op": "status"})) as answers:
                    async for _ in answers:
                        return True
        except (ConnectionLost, TimeoutError):
            return False
        return False

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    def _pieces(self, text: str) -> list[str]:
        self._check(text)
        return sentences.split(text)

    def _check(self, text: str) -> None:
        if self._settings.voice.engine == "none":
            raise SpeechError("the voice is switched off (voice.engine: none)")
        if len(text) > _TEXT_LIMIT_CHARACTERS:
            raise SpeechError(f"a text of {len(text)} characters is over the limit of {_TEXT_LIMIT_CHARACTERS}")

    def _speed(self, speed: float | None) -> float:
        return min(2.0, max(0.5, self._settings.voice.speed * (1.0 if speed is None else speed)))

    def _missing(self, pieces: list[str], speed: float) -> list[str]:
        return [piece for piece in pieces if self._cache.read(cache.key(piece, self._voice, speed)) is None]

    async def _rendered(self, pieces: list[str], speed: float, *, background: bool) -> AsyncGenerator[bytes, None]:
        """Each piece from the renderer; one that dies in between is asked again for what is left."""
        loop = asyncio.get_running_loop()
        patience = self._settings.voice.deadline_seconds * (10 if background else 1)
        done = 0
        end = loop.time() + patience
        pause = _PAUSE_SECONDS[0]
        while done < len(pieces):
            header = {
                "pieces": pieces[done:],
                "voice": self._voice,
                "speed": speed,
                "deadline_seconds": patience,
                "lane": "background" if background else "live",
                "discard": background,
            }
            try:
                async with asyncio.timeout_at(end):
                    connection = await self._connected()
                async with aclosing(connection.request(header)) as answers:
                    while done < len(pieces):
                        async with asyncio.timeout_at(end):
                            received = await anext(answers, None)
                        if received is None:
                            raise ConnectionLost("the renderer ended too early")
                        answer, audio = received
                        if answer.get("code") in ("busy", "stopping"):
                            raise ConnectionLost(str(answer["error"]))
                        if "error" in answer:
                            raise SpeechError(str(answer["error"]))
                        done += 1
                        yield audio
                        end = loop.time() + patience
            except TimeoutError as error:
                raise SpeechError(f"the renderer gave no audio within {patience:.0f} s") from error
            except ConnectionLost as error:
                if loop.time() + pause >= end:
                    raise SpeechError(f"the renderer cannot be reached: {error}") from error
                await asyncio.sleep(pause * random.uniform(0.7, 1.3))
                pause = min(2 * pause, _PAUSE_SECONDS[1])

    async def _connected(self) -> LocalConnection:
        async with self._opening:
            if self._connection is None or self._connection.lost:
                if self._connection is not None:
                    await self._connection.close()
                    self._connection = None
                path = renderer.socket_path(self._settings)
                self._connection = await LocalConnection.open(path, payload_limit_bytes=renderer.PAYLOAD_LIMIT_BYTES)
            return self._connection
