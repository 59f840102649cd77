"""What is given to the recogniser, when, and how urgently: whole utterances and engines that stream."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from asr_models.recogniser import Expected, RecogniserError, Recognition
from asr_models.urgency import Urgency
from telephony.audio import BYTES_A_SECOND
from telephony.hearing import PRE_ROLL_SECONDS, Hearing, Listener, Streaming
from telephony.metrics import PhoneMetrics


def sound(seconds: float, value: int = 1) -> bytes:
    return bytes([value, 0]) * (int(seconds * BYTES_A_SECOND) // 2)


def result(pcm16: bytes, how: str) -> Recognition:
    return Recognition(f"{how} {len(pcm16) / BYTES_A_SECOND:.1f}", 0.9, 1.0, 0.1, "fake")


@dataclass
class Stream:
    fed: bytearray = field(default_factory=bytearray)
    cancelled: bool = False

    def feed(self, pcm16: bytes) -> None:
        self.fed += pcm16

    async def so_far(self) -> str:
        return f"so far {len(self.fed) / BYTES_A_SECOND:.1f}"

    async def finish(self) -> Recognition:
        await asyncio.sleep(0.01)
        return result(bytes(self.fed), "streamed")

    async def cancel(self) -> None:
        self.cancelled = True


class Recogniser:
    """Answers when `open` is set; `streaming`: its engine streams."""

    def __init__(self, *, streaming: bool = False) -> None:
        self.streaming = streaming
        self.streams: list[Stream] = []
        self.asked: list[Urgency] = []
        self.expected: list[Expected] = []
        self.open = asyncio.Event()
        self.open.set()
        self.failing = False

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
        assert urgency is not None
        self.asked.append(urgency)
        self.expected.append(expected)
        await self.open.wait()
        if self.failing:
            raise RecogniserError("no worker")
        return result(pcm16, "whole")

    def stream(self, rate_hz: int, *, call_id: str = "") -> Streaming | None:
        if not self.streaming:
            return None
        self.streams.append(Stream())
        return self.streams[-1]


def hearing(recogniser: Recogniser, busy_from: int = 4) -> Hearing:
    heard = Hearing(Listener(recogniser, busy_from), PhoneMetrics(), "c")
    heard.feed(sound(2.0))
    heard.begin(1.0)
    return heard


SPOKEN = 1.0 + PRE_ROLL_SECONDS


async def test_a_guess_becomes_urgent_when_the_turn_is_over_and_is_used() -> None:
    recogniser = Recogniser()
    recogniser.open.clear()
    heard = hearing(recogniser)
    guess = heard.guess()
    await asyncio.sleep(0)
    assert [asked.urgent for asked in recogniser.asked] == [False]
    heard.feed(sound(0.5, 0))
    assert heard.finish(0.5) is guess
    assert [asked.urgent for asked in recogniser.asked] == [True]
    recogniser.open.set()
    assert guess is not None
    assert (await guess).text == f"whole {SPOKEN:.1f}"
    await heard.close()


async def test_where_a_number_was_asked_the_recogniser_is_told() -> None:
    recogniser = Recogniser()
    heard = hearing(recogniser)
    assert (await heard.finish(0.0)).text.startswith("whole")
    heard.expected = "digits"
    heard.begin(0.5)
    await heard.finish(0.0)
    assert recogniser.expected == ["anything", "digits"]
    await heard.close()


async def test_more_silence_needs_no_second_guess_more_speech_does() -> None:
    recogniser = Recogniser()
    heard = hearing(recogniser)
    first = heard.guess()
    assert first is not None
    await first
    heard.feed(sound(0.3, 0))
    assert heard.guess() is first
    heard.drop_guess()
    heard.feed(sound(1.0))
    second = heard.guess()
    assert second is not None
    assert second is not first
    assert (await second).text == f"whole {SPOKEN + 1.3:.1f}"
    assert len(recogniser.asked) == 2
    await heard.close()


async def test_what_became_of_guesses_is_counted() -> None:
    recogniser = Recogniser()
    metrics = PhoneMetrics()
    heard = Hearing(Listener(recogniser, 4), metrics, "c")
    heard.feed(sound(2.0))
    heard.begin(1.0)
    in_vain = heard.guess()
    assert in_vain is not None
    await in_vain
    heard.drop_guess()
    recogniser.open.clear()
    assert heard.guess() is not None
    heard.drop_guess()
    recogniser.open.set()
    heard.guess()
    heard.used(heard.finish(0.3))
    await heard.close()
    counted = {result: metrics.guesses.labels(result)._value.get() for result in ("used", "dropped", "outdated")}
    assert counted == {"used": 1.0, "dropped": 1.0, "outdated": 1.0}


async def test_a_guess_that_failed_is_made_again() -> None:
    recogniser = Recogniser()
    recogniser.failing = True
    heard = hearing(recogniser)
    first = heard.guess()
    assert first is not None
    with pytest.raises(RecogniserError):
        await first
    recogniser.failing = False
    second = heard.guess()
    assert second is not None
    assert (await second).text.startswith("whole")
    await heard.close()


async def test_an_end_without_a_guess_is_urgent_from_the_start() -> None:
    recogniser = Recogniser()
    heard = hearing(recogniser, busy_from=0)
    assert heard.guess() is None
    assert (await heard.finish(0.0)).text == f"whole {SPOKEN:.1f}"
    assert [asked.urgent for asked in recogniser.asked] == [True]
    await heard.close()


async def test_a_streaming_engine_hears_the_turn_from_before_its_beginning_to_its_end() -> None:
    recogniser = Recogniser(streaming=True)
    heard = hearing(recogniser)
    heard.feed(sound(0.5))
    guess = heard.guess()
    assert guess is not None
    assert (await guess).text == f"so far {SPOKEN + 0.5:.1f}"
    heard.feed(sound(0.5, 0))
    task = heard.finish(0.5)
    heard.feed(sound(1.0, 0))
    assert (await task).text == f"streamed {SPOKEN + 1.0:.1f}"
    assert recogniser.asked == [], "nothing is decoded twice"
    heard.used(task)
    assert len(recogniser.streams) == 1
    await heard.close()


async def test_a_caller_who_goes_on_is_streamed_anew_from_the_beginning() -> None:
    recogniser = Recogniser(streaming=True)
    heard = hearing(recogniser)
    cut_short = heard.finish(0.0)
    heard.feed(sound(0.5, 0) + sound(0.5))
    heard.begin(0.5)
    heard.feed(sound(0.5))
    assert (await heard.finish(0.0)).text == f"streamed {SPOKEN + 1.5:.1f}"
    assert cut_short.cancelled()
    await heard.close()


async def test_a_turn_that_counts_for_nothing_leaves_no_stream() -> None:
    recogniser = Recogniser(streaming=True)
    heard = hearing(recogniser)
    heard.forget()
    heard.feed(sound(1.0))
    await heard.close()
    assert recogniser.streams[0].cancelled
    assert len(recogniser.streams[0].fed) == len(sound(SPOKEN))


async def test_without_a_recogniser_there_is_one_clear_error() -> None:
    heard = Hearing(Listener(None, 1), PhoneMetrics())
    heard.feed(sound(1.0))
    heard.begin(0.5)
    with pytest.raises(RecogniserError, match="no recogniser"):
        await heard.finish(0.0)
    await heard.close()
