"""A caller made of WAV files: dials over SIP, speaks when the bot has finished, listens, presses keys, hangs up.

It judges the bot from outside, by ear alone: its own voice detector decides when the bot speaks.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import baresip
from baresip.events import Event, StackEvent

from telephony.audio import BYTES_A_SECOND, FRAME_SECONDS, read_wav, seconds_of
from telephony.endpointing import Endpointer, EndpointingRules, SpeechBegan, SpeechEnded
from telephony.errors import TelephonyError
from telephony.legs.sip_leg import SipLeg
from telephony.legs.sip_stack import configuration
from telephony.voice_activity import WINDOW_SECONDS, VoiceActivity, VoiceStream

BOT_FINISHED_SECONDS: Final = 1.3  # pauses between the bot's sentences are shorter
FILLER_SECONDS: Final = 3.0  # after something as short as this, more may follow …
AFTER_FILLER_SECONDS: Final = 2.5  # … so the caller waits longer
NO_ANSWER_SECONDS: Final = 25.0
GREETING: Final = "greeting"
_AHEAD_BYTES: Final = int(0.1 * BYTES_A_SECOND)
_VOICE_RULES: Final = EndpointingRules(minimum_speech_seconds=0.1, maximum_turn_seconds=600.0)


@dataclass(frozen=True, slots=True)
class Script:
    """`turns`: PCM16 8 kHz each. `keys` are pressed after the last turn. `hang_up_after_seconds`: counted from the
    answer, whatever is going on; None: hang up when the last answer has been heard. The bot has finished when it was
    quiet for `quiet_seconds`; after something shorter than `filler_seconds` the caller waits a little longer; when
    nothing comes for `no_answer_seconds` the caller goes on. With `interrupt_after_seconds` the caller does not wait
    for the end of an answer but speaks again so long after its beginning (the greeting is heard to its end)."""

    turns: Sequence[tuple[str, bytes]] = ()
    keys: str = ""
    hang_up_after_seconds: float | None = None
    quiet_seconds: float = BOT_FINISHED_SECONDS
    filler_seconds: float = FILLER_SECONDS
    no_answer_seconds: float = NO_ANSWER_SECONDS
    interrupt_after_seconds: float | None = None
    stays: bool = False  # on the line when the last answer has been heard, until somebody hangs up


@dataclass(slots=True)
class Exchange:
    """What the caller did (`greeting`: nothing) and what came back. `delay_seconds` runs from the last sound of the
    caller to the first sound of the bot; None: nothing came."""

    said: str
    said_seconds: float = 0.0
    delay_seconds: float | None = None
    heard_seconds: float = 0.0
    heard: bytes = b""


@dataclass(slots=True)
class CallReport:
    sip_call_id: str = ""
    answered: bool = False
    answer_seconds: float = 0.0
    seconds: float = 0.0
    ended: str = ""  # who ended it: caller_hung_up (we), bot_hung_up, transferred, or why it was never answered
    exchanges: list[Exchange] = field(default_factory=list)
    transferred_to: str = ""


def load_turns(paths: Sequence[Path]) -> list[tuple[str, bytes]]:
    """The WAV files as turns.

    Raises:
        TelephonyError: one cannot be read or holds nothing.
    """
    turns = [(path.name, read_wav(path)) for path in paths]
    for name, pcm in turns:
        if not pcm:
            raise TelephonyError(f"{name} holds no audio")
    return turns


class CallingParty:
    """One SIP stack that places any number of calls; use as an async context manager, one a process."""

    def __init__(self, host: str, port: int, number: str, *, rtp_ports: tuple[int, int] = (30_000, 39_999)) -> None:
        self._runtime = baresip.Runtime()
        self._configuration = configuration(
            host=host,
            port=port,
            maximum_calls=None,
            rtp_timeout_seconds=0,
            jitter_buffer_ms=(40, 100),
            rtp_ports=rtp_ports,
        )
        self._account = baresip.Account(
            user=number,
            domain=f"{host}:{port}",
            password="",
            reg_interval=0,
            audio_codecs=("pcma", "pcmu"),
            extra_params=("video_codecs=none",),
        )
        self._voice = VoiceActivity()
        self._ears: set[_Ear] = set()
        self._pump: asyncio.Task[None] | None = None
        self._agent: Any = None
        # A call over loopback may be answered before `dial` has returned and anybody listens to its events.
        self._news: dict[int, StackEvent] = {}

    def _note(self, event: StackEvent) -> None:
        if event.event in (Event.CALL_ESTABLISHED, Event.CALL_CLOSED):
            self._news[event.call] = event

    async def __aenter__(self) -> CallingParty:
        try:
            await self._runtime.start(self._configuration)
            self._runtime.subscribe(self._note)
            self._agent = await baresip.UserAgent.create(self._runtime, self._account)
        except (baresip.BaresipError, ValueError) as error:
            raise TelephonyError(f"the calling side cannot start: {error}") from error
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.gather(self._pump, return_exceptions=True)
        await self._runtime.close()

    async def _run_ears(self) -> None:
        """One beat for all calls: their audio, and the voice detector over all of them at once."""
        due = time.monotonic()
        while True:
            due += FRAME_SECONDS
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            heard = [(ear, windows) for ear in list(self._ears) if (windows := ear.beat())]
            probabilities = self._voice.probabilities_of_many([(ear.stream, windows) for ear, windows in heard])
            for (ear, _), values in zip(heard, probabilities, strict=True):
                ear.listen_to(values)
            self._ears = {ear for ear in self._ears if not ear.deaf}

    def _listen(self, ear: _Ear) -> None:
        self._ears.add(ear)
        if self._pump is None:
            self._pump = asyncio.create_task(self._run_ears())

    async def call(self, uri: str, script: Script) -> CallReport:
        """Place one call and follow the script. A call that is refused gives a report, not an error."""
        report = CallReport()
        began = time.monotonic()
        try:
            native = await self._agent.dial(uri)
            transfers: list[str] = []
            native.on_transfer_request(lambda request: transfers.append(request.target))
            news = self._news.pop(native.handle, None)
            if news is None:
                await native.wait_established(15.0)
                news = self._news.pop(native.handle, None)
            elif news.event is Event.CALL_CLOSED:
                raise baresip.CallFailed.from_close_reason(news.text or "")
        except (baresip.BaresipError, ValueError) as error:
            report.ended = str(error)
            return report
        report.sip_call_id = str(native.call_id or (news.call_id if news else "") or "")
        report.answered, report.answer_seconds = True, time.monotonic() - began
        leg = SipLeg(native)
        ear = _Ear(leg, self._voice, script)
        ended: list[str] = []

        def closed(reason: str) -> None:
            ended.append(reason)
            ear.closed.set()

        leg.on_closed(closed)
        self._news.pop(native.handle, None)
        answered_at = time.monotonic()
        self._listen(ear)
        try:
            async with asyncio.timeout(script.hang_up_after_seconds):
                await self._follow(script, native, ear, report)
        except TimeoutError:
            ear.closed.set()
        finally:
            ear.take_all(report)
            self._ears.discard(ear)
            if transfers:
                report.transferred_to = transfers[0]
                if not ended:
                    await native.reject_transfer(486)
            await leg.hang_up()
        report.seconds = time.monotonic() - answered_at
        # Seen from here: when we hang up, "bot_hung_up" is what a leg calls its own side.
        report.ended = "bot_hung_up" if ended and ended[0] == "caller_hung_up" else "caller_hung_up"
        if transfers:
            report.ended = "transferred"
        return report

    async def _follow(self, script: Script, native: Any, ear: _Ear, report: CallReport) -> None:
        report.exchanges.append(Exchange(GREETING))
        await ear.listen(report.exchanges[-1], time.monotonic())
        for name, pcm in script.turns:
            if ear.closed.is_set():
                return
            report.exchanges.append(Exchange(name, seconds_of(pcm)))
            spoke_until = await ear.say(pcm)
            await ear.listen(report.exchanges[-1], spoke_until)
        if script.keys and not ear.closed.is_set():
            report.exchanges.append(Exchange(f"keys {script.keys}"))
            await native.send_dtmf(script.keys)
            await ear.listen(report.exchanges[-1], time.monotonic())
        if script.stays:
            await ear.closed.wait()


class _Ear:
    """Both directions of one call, and when the bot speaks."""

    def __init__(self, leg: SipLeg, voice: VoiceActivity, script: Script) -> None:
        self._leg = leg
        self._voice = voice
        self.stream = VoiceStream()
        self._script = script
        self._endpointer = Endpointer(_VOICE_RULES, script.quiet_seconds)
        self._outgoing = bytearray()
        self._out_of_words = asyncio.Event()
        self._heard = bytearray()
        self._present: Exchange | None = None
        self._since = 0.0
        self._began_at: float | None = None
        self._speaking = asyncio.Event()
        self._finished = asyncio.Event()
        self.closed = asyncio.Event()

    @property
    def deaf(self) -> bool:
        """The call is over and all that was heard has been counted."""
        return self.closed.is_set() and self._finished.is_set() and self._out_of_words.is_set()

    def beat(self) -> list[bytes]:
        """Move audio both ways; returns what is there for the voice detector. The last beat follows the end."""
        if self.closed.is_set():
            if self._present is not None:  # cut in the middle of a word
                self._present.heard_seconds += self._endpointer.voiced_seconds
                self._present = None
            self._speaking.set()
            self._finished.set()
            self._out_of_words.set()
            return []
        heard = self._leg.read()
        self._heard += heard
        room = _AHEAD_BYTES - self._leg.buffered()
        if self._outgoing and room > 0:
            taken = self._leg.write(bytes(self._outgoing[: room - room % 2]))
            del self._outgoing[:taken]
        if not self._outgoing and self._leg.buffered() == 0:
            self._out_of_words.set()
        return self.stream.windows(heard)

    def listen_to(self, probabilities: Sequence[float]) -> None:
        """What the voice detector says about the windows of the last beat."""
        for probability in probabilities:
            for event in self._endpointer.feed(probability, WINDOW_SECONDS):
                if isinstance(event, SpeechBegan):
                    self._finished.clear()
                    self._speaking.set()
                    if self._began_at is None:
                        self._began_at = time.monotonic() - event.ago_seconds
                        if self._present is not None:
                            self._present.delay_seconds = round(self._began_at - self._since, 3)
                elif isinstance(event, SpeechEnded):
                    if self._present is not None:
                        self._present.heard_seconds += event.total_seconds - event.trailing_seconds
                    self._finished.set()

    async def say(self, pcm: bytes) -> float:
        """Speak; returns when the last voiced sound of it left (the recording's own trailing silence is taken off)."""
        self._heard.clear()
        self._out_of_words.clear()
        self._outgoing += pcm
        await self._out_of_words.wait()
        return time.monotonic() - _trailing_silence(self._voice, pcm)

    async def listen(self, exchange: Exchange, since: float) -> None:
        """Until the bot has spoken and finished, or nothing came."""
        self._present, self._since, self._began_at = exchange, since, None
        self._finished.clear()
        try:
            async with asyncio.timeout(self._script.no_answer_seconds):
                if self._script.interrupt_after_seconds is not None and exchange.said != GREETING:
                    self._speaking.clear()
                    await self._speaking.wait()
                    await asyncio.sleep(self._script.interrupt_after_seconds)
                    return
                await self._finished.wait()
            while exchange.heard_seconds < self._script.filler_seconds and not self.closed.is_set():
                before = exchange.heard_seconds
                self._finished.clear()
                if not self._endpointer.speaking:
                    self._speaking.clear()
                try:
                    async with asyncio.timeout(AFTER_FILLER_SECONDS - self._script.quiet_seconds):
                        await self._speaking.wait()
                    async with asyncio.timeout(self._script.no_answer_seconds):
                        await self._finished.wait()
                except TimeoutError:
                    pass
                if exchange.heard_seconds == before:
                    break
        except TimeoutError:
            return
        finally:
            exchange.heard = bytes(self._heard)
            self._heard.clear()

    def take_all(self, report: CallReport) -> None:
        """The last words of a call that ended while we listened."""
        if report.exchanges and self._heard:
            report.exchanges[-1].heard += bytes(self._heard)
        self._heard.clear()


def _trailing_silence(voice: VoiceActivity, pcm: bytes) -> float:
    """Seconds after the last voiced window of a recording."""
    stream = VoiceStream()
    windows = stream.windows(pcm)
    last = -1
    for index, window in enumerate(windows):
        if voice.probabilities([(stream, window)])[0] >= 0.5:
            last = index
    return seconds_of(pcm) - (last + 1) * WINDOW_SECONDS if last >= 0 else 0.0
