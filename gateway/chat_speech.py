"""Reading aloud: `GET /api/v1/chat/{conversation_id}/speech/{seq}?part=n`, one sentence or so of what we said.

The voice is the phone's own, through its cache; only words that stand in the conversation are said. Parts count from
0; `X-Speech-Parts` tells how many there are, so that a page can fetch the next one while it plays this one.
"""

from __future__ import annotations

import asyncio
import io
import wave
from typing import TYPE_CHECKING, Final

from aiohttp import web

from base.logs import get_logger
from base.settings import Settings
from gateway.core import CORE, core_of
from gateway.errors import ApiError, not_found, too_many
from gateway.shapes import query_number

if TYPE_CHECKING:
    from telephony.speech import SpeechClient  # its rooms are heavy: loaded at the first use, in a thread

log = get_logger("gateway.chat_speech")
PARTS_HEADER: Final = "X-Speech-Parts"
UNAVAILABLE: Final = "现在不能朗读，请稍后再试。"
_RATE_HZ: Final = 8_000
_AT_ONCE: Final = 2  # callers on the phone wait for the same renderer
_MOST_PARTS: Final = 500
_KEPT_SECONDS: Final = 3_600
_OURS: Final = ("bot", "seat", "system")


class ChatSpeech:
    """One instance a core."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: SpeechClient | None = None
        self._loading = asyncio.Lock()
        self._places = asyncio.Semaphore(_AT_ONCE)

    @property
    def offered(self) -> bool:
        return self._settings.voice.engine != "none"

    async def part(self, text: str, number: int) -> tuple[bytes, int]:
        """A WAV file of one part of the text, and how many parts there are.

        Raises:
            ApiError: 404, there is no such part; 503, nothing can be said now.
        """
        if not self.offered:
            raise ApiError(503, "speech_unavailable", UNAVAILABLE)
        client = await self._loaded()
        from telephony.speech import SpeechError
        from telephony.voice import sentences

        pieces = await asyncio.to_thread(sentences.split, text)
        if number >= len(pieces):
            raise not_found("没有更多内容了。", "unknown_part")
        try:
            async with self._places:
                pcm16 = await client.whole(pieces[number])
        except SpeechError as error:
            log.warning("nothing could be read aloud", reason=str(error))
            raise ApiError(503, "speech_unavailable", UNAVAILABLE) from error
        return _wav(pcm16), len(pieces)

    async def _loaded(self) -> SpeechClient:
        async with self._loading:
            if self._client is None:
                self._client = await asyncio.to_thread(_make, self._settings)
        return self._client

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()


def _make(settings: Settings) -> SpeechClient:
    from telephony.speech import SpeechClient

    return SpeechClient(settings)


def _wav(pcm16: bytes) -> bytes:
    whole = io.BytesIO()
    with wave.open(whole, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE_HZ)
        file.writeframes(pcm16)
    return whole.getvalue()


async def read_aloud(request: web.Request) -> web.Response:
    """Whoever knows the conversation may hear what we said in it, like read it."""
    core, conversation_id = core_of(request), request.match_info["conversation_id"][:64]
    if (wait := core.limits.readings.take(conversation_id, core.clock.monotonic())) > 0:
        raise too_many(wait)
    number = query_number(request, "part", 0, 0, _MOST_PARTS)
    written = request.match_info["seq"]
    seq = int(written) if written.isascii() and written.isdigit() and len(written) < 7 else 0
    turns = await core.conversations.transcript(conversation_id, after_seq=max(0, seq - 1))
    turn = next((turn for turn in turns[:1] if turn.seq == seq and turn.role in _OURS), None)
    if turn is None:
        raise not_found("没有可以朗读的内容。", "unknown_turn")
    wav, parts = await request.app[CHAT_SPEECH].part(str(turn.meta.get("spoken") or turn.text), number)
    headers = {PARTS_HEADER: str(parts), "Cache-Control": f"private, max-age={_KEPT_SECONDS}"}
    return web.Response(body=wav, content_type="audio/wav", headers=headers)


CHAT_SPEECH: web.AppKey[ChatSpeech] = web.AppKey("chat_speech", ChatSpeech)


def add_routes(app: web.Application) -> None:
    speech = app[CHAT_SPEECH] = ChatSpeech(app[CORE].settings)
    app.router.add_get("/api/v1/chat/{conversation_id}/speech/{seq}", read_aloud)

    async def close(_: web.Application) -> None:
        await speech.close()

    app.on_cleanup.append(close)
