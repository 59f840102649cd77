"""Hold-to-talk on the citizen's page: PCM frames between `voice_begin` and `voice_end`, then the words in them.

Sound stays in memory and is forgotten with the words; nothing of it is stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from aiohttp import web
from pydantic import BaseModel

from asr_models.client import RecogniserClient
from asr_models.recogniser import Expected, RecogniserError, Recognition
from base.logs import get_logger
from conversations.messages import Patience
from gateway.chat import MessageId
from gateway.core import CORE, Core
from gateway.errors import ApiError, bad_request, too_many

log = get_logger("gateway.chat_voice")

RATE_HZ: Final = 16_000
_SAMPLE_BYTES: Final = 2
_SECOND_BYTES: Final = RATE_HZ * _SAMPLE_BYTES
_LEAST_BYTES: Final = _SECOND_BYTES * 3 // 10  # a tap on the button, no speech
_DEADLINE_SECONDS: Final = 15.0
_SPARE_SECONDS: Final = 30.0  # a slow line may be so late with the end of a message
_AT_ONCE: Final = 200  # messages being said: two megabytes of memory each at most
_EXPECTED: Final[Mapping[Patience, Expected]] = {"number": "digits", "yes_no": "yes_no"}

UNAVAILABLE: Final = "现在听不了语音，请打字告诉我们，或者拨打 12345。"
BUSY: Final = "现在说话的人比较多，没来得及听写，请再说一次，或者打字告诉我们。"
NOT_HEARD: Final = "没有听清，请离话筒近一点再说一次，或者打字告诉我们。"
TOO_SHORT: Final = "说话时间太短，请按住按钮说话，说完再松开。"
TOO_LONG: Final = "一次最多说{seconds}秒，请分几次说。"


class VoiceMark(BaseModel):
    """`voice_begin`, `voice_end` and `voice_cancel`: which message the frames are."""

    client_message_id: MessageId


@dataclass(slots=True, eq=False)
class Utterance:
    """What is being said: PCM16 little endian, mono, at `RATE_HZ`; never more than `limit_seconds` of it, and nothing
    after the moment `until` (monotonic seconds)."""

    message_id: str
    limit_seconds: int
    until: float
    pcm16: bytearray = field(default_factory=bytearray)
    closed: bool = False

    def add(self, frame: bytes, now: float) -> None:
        """
        Raises:
            ApiError: the frame holds half a sample, or the message becomes too long.
        """
        if len(frame) % _SAMPLE_BYTES:
            raise bad_request("语音数据不完整，请再说一次。", "invalid_frame")
        if self.over(now) or len(self.pcm16) + len(frame) > self.limit_seconds * _SECOND_BYTES:
            raise ApiError(413, "voice_too_long", TOO_LONG.format(seconds=self.limit_seconds))
        self.pcm16 += frame

    def over(self, now: float) -> bool:
        return self.closed or now > self.until

    def close(self) -> None:
        """Forget the sound."""
        self.closed = True
        self.pcm16 = bytearray()

    def whole(self) -> bytes:
        """
        Raises:
            ApiError: nothing can have been said in it.
        """
        if len(self.pcm16) < _LEAST_BYTES:
            raise bad_request(TOO_SHORT, "voice_too_short")
        return bytes(self.pcm16)


class Recogniser(Protocol):
    """`asr_models/client.py`."""

    async def recognise(
        self,
        pcm16: bytes,
        rate_hz: int,
        *,
        call_id: str = "",
        deadline_seconds: float | None = None,
        expected: Expected = "anything",
    ) -> Recognition: ...


class ChatVoices:
    """One instance a core: the way to the recognisers that the phone uses, too."""

    def __init__(self, core: Core, recogniser: Recogniser) -> None:
        self._core = core
        self._recogniser = recogniser
        self._speaking: list[Utterance] = []

    @property
    def offered(self) -> bool:
        """Whether a page shows the button at all."""
        return self._core.settings.recogniser.engine != "none"

    @property
    def _workers(self) -> int | None:
        """Recognisers that are alive, as last seen; None: not looked at yet."""
        seen: int | None = self._core.parts["recogniser"].extra.get("workers")
        return seen

    def begin(self, conversation_id: str, message_id: str) -> Utterance:
        """
        Raises:
            ApiError: too many spoken messages, or nobody is there who could hear them.
        """
        if not self.offered or self._workers == 0:
            raise ApiError(503, "voice_unavailable", UNAVAILABLE)
        now, seconds = self._core.clock.monotonic(), self._core.settings.web.voice_seconds
        if (wait := self._core.limits.voices.take(conversation_id, now)) > 0:
            raise too_many(wait)
        for left in [one for one in self._speaking if one.over(now)]:
            left.close()
            self._speaking.remove(left)
        if len(self._speaking) >= _AT_ONCE:
            raise ApiError(503, "voice_busy", BUSY)
        begun = Utterance(message_id, seconds, now + seconds + _SPARE_SECONDS)
        self._speaking.append(begun)
        return begun

    async def words(self, spoken: Utterance, *, conversation_id: str, patience: Patience) -> Recognition:
        """What was said; `patience` is that of the question which it answers.

        Raises:
            ApiError: nothing was said or understood, or no recogniser had time; the message says what to do.
        """
        counted = self._core.metrics.web_voices
        try:
            heard = await self._recogniser.recognise(
                spoken.whole(),
                RATE_HZ,
                call_id=conversation_id,
                deadline_seconds=_DEADLINE_SECONDS,
                expected=_EXPECTED.get(patience, "anything"),
            )
        except RecogniserError as error:
            counted.labels("failed").inc()
            log.warning("a spoken message was not recognised", workers=self._workers, reason=str(error))
            code, text = ("voice_busy", BUSY) if self._workers else ("voice_unavailable", UNAVAILABLE)
            raise ApiError(503, code, text) from error
        if not heard.text.strip():
            counted.labels("nothing").inc()
            raise ApiError(422, "voice_not_heard", NOT_HEARD)
        counted.labels("understood").inc()
        return heard


CHAT_VOICES: web.AppKey[ChatVoices] = web.AppKey("chat_voices", ChatVoices)


def add_routes(app: web.Application) -> None:
    """No route of its own: the frames come over `/ws/chat`."""
    core = app[CORE]
    recogniser = RecogniserClient(core.settings)
    app[CHAT_VOICES] = ChatVoices(core, recogniser)

    async def close(_: web.Application) -> None:
        await recogniser.close()

    app.on_cleanup.append(close)
