"""A telephone line in virtual time: a leg, a detector, a recogniser, a voice and a core that follow a script.

Audio is real PCM, but its values carry meaning: a caller's utterance number n sounds at 1000 + 10 n, the piece of
speech number n at 5000 + n. So the fakes can tell who said what, and when, to the sample.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from telephony_virtual_time import VirtualClock as VirtualClock
from telephony_virtual_time import run_virtual as run_virtual

from asr_models.recogniser import Expected, RecogniserError, Recognition
from asr_models.urgency import Urgency
from base.errors import HotlineError
from base.masking import Masked
from telephony.audio import BYTES_A_SECOND, RATE_HZ, SAMPLE_BYTES
from telephony.call import Call
from telephony.call_services import CallServices
from telephony.core_messages import Opened, ReplyMessage
from telephony.core_ports import CallHandler
from telephony.errors import TransferError
from telephony.hearing import Listener, Streaming
from telephony.legs.leg import CallerId
from telephony.metrics import PhoneMetrics
from telephony.prompts import Prompt, PromptBook
from telephony.ticker import Ticker
from telephony.turn_taking import TurnTakingRules
from telephony.voice import sentences
from telephony.voice_activity import VoiceStream

SECONDS_A_CHARACTER = 0.2
SIX_DB = 10 ** (6 / 20)  # a caller may have asked us to speak up


@dataclass(frozen=True)
class Said:
    """The caller says `text` from `at` for `seconds`; `text` empty: a noise in which nothing is recognised."""

    at: float
    seconds: float
    text: str


@dataclass(frozen=True)
class Heard:
    """What the caller heard: `text` of a piece or the name of a prompt, from `began` to `ended`."""

    text: str
    began: float
    ended: float


class FakeLeg:
    kind = "fake"

    def __init__(
        self, clock: VirtualClock, script: Sequence[Said] = (), *, transfer_works: bool = True, base: int = 1_000
    ) -> None:
        """`base`: utterance number n sounds at base + 10 n."""
        self.base = base
        self.caller = CallerId(Masked("13900001234"), "leg-1")
        self.script = list(script)
        self.transfers: list[str] = []
        self.hung_up = False
        self._transfer_works = transfer_works
        self._clock = clock
        self._read_until = clock.monotonic()
        self._buffer = bytearray()
        self._drained_at = clock.monotonic()
        self._played: list[tuple[float, int]] = []  # (when, value) for each 10 ms of sound
        self._key: Callable[[str], None] = lambda _: None
        self._closed: Callable[[str], None] = lambda _: None
        self._closed_reason: str | None = None

    def on_key(self, callback: Callable[[str], None]) -> None:
        self._key = callback

    def on_closed(self, callback: Callable[[str], None]) -> None:
        self._closed = callback
        if self._closed_reason:
            callback(self._closed_reason)

    def press(self, key: str) -> None:
        self._key(key)

    def close(self, reason: str) -> None:
        if self._closed_reason is None:
            self._closed_reason = reason
            self._closed(reason)

    async def answer(self) -> None:
        await asyncio.sleep(0.01)

    def read(self) -> bytes:
        begin, end = int(self._read_until * RATE_HZ), int(self._clock.monotonic() * RATE_HZ)
        self._read_until = self._clock.monotonic()
        line = np.zeros(end - begin, dtype="<i2")
        for number, said in enumerate(self.script):
            start, stop = int(said.at * RATE_HZ) - begin, int((said.at + said.seconds) * RATE_HZ) - begin
            line[max(0, start) : max(0, stop)] = self.base + 10 * number
        return line.tobytes()

    def _drain(self) -> None:
        now = self._clock.monotonic()
        count = min(len(self._buffer), int((now - self._drained_at) * RATE_HZ) * SAMPLE_BYTES)
        values = np.frombuffer(bytes(self._buffer[:count]), dtype="<i2")
        for index in range(0, len(values), RATE_HZ // 100):
            self._played.append((self._drained_at + index / RATE_HZ, int(values[index])))
        del self._buffer[:count]
        self._drained_at = now

    def write(self, pcm: bytes) -> int:
        if self._closed_reason:
            return 0
        self._drain()
        self._buffer += pcm
        return len(pcm)

    def buffered(self) -> int:
        self._drain()
        return len(self._buffer)

    def flush(self) -> None:
        self._drain()
        self._buffer.clear()

    async def transfer(self, uri: str, timeout_seconds: float) -> None:
        self.transfers.append(uri)
        await asyncio.sleep(0.5)
        if not self._transfer_works:
            raise TransferError("486 Busy Here")
        self.close("transferred")

    async def hang_up(self) -> None:
        self.hung_up = True
        self.close("bot_hung_up")

    @property
    def values(self) -> list[int]:
        """The values of all sound that the caller has heard, one for each 10 ms."""
        self._drain()
        return [value for _, value in self._played]

    def heard(self, voice: FakeSpeech) -> list[Heard]:
        """What the caller heard so far, in order."""
        self._drain()
        result: list[Heard] = []
        for when, value in self._played:
            text = voice.names.get(value) or voice.names.get(round(value / SIX_DB))
            if text is None:
                continue
            if result and result[-1].text == text and when - result[-1].ended < 0.25:
                result[-1] = Heard(text, result[-1].began, when + 0.01)
            else:
                result.append(Heard(text, when, when + 0.01))
        return result


class FakeDetector:
    def probabilities_of_many(self, batch: Sequence[tuple[VoiceStream, Sequence[bytes]]]) -> list[list[float]]:
        return [
            [0.95 if np.abs(np.frombuffer(window, dtype="<i2")).mean() > 400 else 0.02 for window in windows]
            for _, windows in batch
        ]


class FakeListener:
    """Knows what was said by the value of the sound."""

    def __init__(self, leg: FakeLeg, seconds: float = 0.3) -> None:
        self.legs = [leg]
        self.seconds = seconds
        self.failing = False
        self.asked = 0

    def stream(self, rate_hz: int, *, call_id: str = "") -> Streaming | None:
        return None

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
        self.asked += 1
        await asyncio.sleep(self.seconds)
        if self.failing:
            raise RecogniserError("no worker")
        values = np.frombuffer(pcm16, dtype="<i2")
        text = "".join(
            said.text
            for leg in self.legs
            for number, said in enumerate(leg.script)
            if (values == leg.base + 10 * number).any()
        )
        return Recognition(text, 0.9, len(pcm16) / BYTES_A_SECOND, 0.1, "fake")


class FakeSpeech:
    """Each piece takes `seconds` to render and 0.2 s a character to play."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.failing = False
        self.speeds: dict[str, float] = {}  # of each text, as it was asked for last
        self.names: dict[int, str] = {}
        self._prompts = {prompt.value: prompt.name for prompt in Prompt}

    async def stream(self, text: str, *, speed: float | None = None) -> AsyncGenerator[bytes, None]:
        self.speeds[text] = speed or 1.0
        for piece in [text] if text in self._prompts else sentences.split(text):
            await asyncio.sleep(self.seconds)
            if self.failing:
                raise HotlineError("the renderer is down")
            value = 5000 + len(self.names)
            self.names[value] = self._prompts.get(piece, piece)
            samples = int(len(piece) * SECONDS_A_CHARACTER * RATE_HZ / (speed or 1.0))
            yield np.full(samples, value, dtype="<i2").tobytes()


@dataclass
class GivenTurn:
    at: float
    kind: str
    text: str
    unplayed: str
    meta: dict[str, Any]


Reply = dict[str, Any] | None


@dataclass
class FakeCore:
    """`reply` gives the fields of the answer to a turn (None: no answer comes)."""

    reply: Callable[[GivenTurn], Reply] = lambda turn: {"say": [f"您说{turn.text}。"]}
    reply_seconds: float = 0.1
    greeting: str | None = "您好请讲。"
    greeting_seconds: float = 0.05
    notices: list[str] = field(default_factory=list)  # after the greeting
    connected: bool = True
    turns: list[GivenTurn] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    call_backs: list[str] = field(default_factory=list)  # numbers promised, told with the end of the call
    handler: CallHandler | None = None
    waiting: list[Callable[[], None]] = field(default_factory=list)
    legs: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)  # (leg id, state, fields)
    said: list[tuple[str, str]] = field(default_factory=list)  # (side, text) of a bridged call

    def leg(self, call_id: str, leg_id: str, state: str, **fields: Any) -> None:
        self.legs.append((leg_id, state, fields))

    def heard(self, call_id: str, side: str, text: str, **fields: Any) -> None:
        self.said.append((side, text))

    def call_started(
        self, handler: CallHandler, call_id: str, caller: Masked, leg: str, trace_id: str, *, placed: str = ""
    ) -> None:
        self.handler = handler
        if self.greeting is not None:
            say: list[Any] = [{"text": text} for text in (self.greeting, *self.notices)]
            opened = Opened(type="opened", call_id=call_id, conversation_id="c1", say=say)
            asyncio.get_running_loop().call_later(self.greeting_seconds, handler.on_opened, opened)

    def turn(
        self,
        call_id: str,
        turn_id: str,
        kind: str,
        text: str,
        *,
        confidence: float | None,
        unplayed: str,
        meta: dict[str, Any],
        traceparent: str = "",
    ) -> None:
        loop = asyncio.get_running_loop()
        turn = GivenTurn(loop.time(), kind, text, unplayed, meta)
        self.turns.append(turn)

        def answer() -> None:
            fields = self.reply(turn)
            if fields is not None and self.handler is not None:
                message = ReplyMessage.model_validate(
                    {"type": "reply", "call_id": call_id, "turn_id": turn_id, **fields}
                )
                self.handler.on_reply(message)

        if self.connected:
            loop.call_later(self.reply_seconds, answer)
        else:
            self.waiting.append(answer)

    def reconnect(self) -> None:
        self.connected = True
        for answer in self.waiting:
            asyncio.get_running_loop().call_later(self.reply_seconds, answer)
        self.waiting.clear()

    def call_ended(self, call_id: str, reason: str, recording: str | None, *, callback_number: str = "") -> None:
        self.ended.append(reason)
        self.call_backs += [callback_number] if callback_number else []


class Line:
    """One call with everything around it."""

    def __init__(
        self,
        script: Sequence[Said] = (),
        *,
        core: FakeCore | None = None,
        transfer_works: bool = True,
        recogniser: bool = True,
        render_seconds: float = 0.0,
        recognition_seconds: float = 0.3,
        maximum_call_seconds: float = 1_800.0,
        rules: TurnTakingRules | None = None,
        **services: Any,
    ) -> None:
        self._rules = rules or TurnTakingRules()
        self._services = services
        self.clock = VirtualClock()
        self.leg = FakeLeg(self.clock, script, transfer_works=transfer_works)
        self.core = core or FakeCore()
        self.speech = FakeSpeech()
        self.listener = FakeListener(self.leg, recognition_seconds)
        self.metrics = PhoneMetrics()
        self.prompts = PromptBook(self.speech)
        self._render_seconds = render_seconds
        self._recogniser = recogniser
        self._maximum = maximum_call_seconds
        self.call: Call

    async def __aenter__(self) -> Line:
        await self.prompts.prepare()
        self.speech.seconds = self._render_seconds
        ticker = Ticker(FakeDetector(), self.clock, self.metrics, threads=False)
        services = CallServices(
            core=self.core,
            speech=self.speech,
            prompts=self.prompts,
            listener=Listener(self.listener, 4) if self._recogniser else None,
            metrics=self.metrics,
            recorder=None,
            clock=self.clock,
            rules=self._rules,
            maximum_call_seconds=self._maximum,
            ticker=ticker,
            **self._services,
        )
        self.call = Call(self.leg, "call-1", services)
        ticker.add(self.call)
        self._ticking = asyncio.create_task(ticker.run())
        self._running = asyncio.create_task(self.call.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.leg.close("caller_hung_up")
        await asyncio.wait_for(self._running, 5)
        self._ticking.cancel()
        await asyncio.gather(self._ticking, return_exceptions=True)
        await self.prompts.close()

    async def until(self, at: float) -> None:
        """Let the call go on until this moment."""
        await asyncio.sleep(max(0.0, at - self.clock.monotonic()))

    @property
    def over(self) -> bool:
        return self._running.done()

    @property
    def heard(self) -> list[Heard]:
        return self.leg.heard(self.speech)

    @property
    def words(self) -> list[str]:
        return [item.text for item in self.heard]
