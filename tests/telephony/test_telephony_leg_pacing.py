"""The pace of outgoing audio in numbers, the beat that keeps it, Asterisk's messages, rates that are converted."""

from __future__ import annotations

import asyncio
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from telephony_virtual_time import run_virtual

from telephony.audio import BYTES_A_SECOND, FRAME_BYTES
from telephony.legs.asterisk_messages import command, parse
from telephony.legs.caller_number import call_name, telephone_number
from telephony.legs.pacing import QUEUE_BYTES, Beat, Pacer
from telephony.resampling import Resampler


def marked(frames: int) -> bytes:
    """Each frame is filled with its number."""
    return b"".join(number.to_bytes(2, "little") * 160 for number in range(1, frames + 1))


def test_a_frame_leaves_every_20_ms() -> None:
    pacer = Pacer(lead_seconds=0.02)
    assert pacer.write(marked(5)) == 5 * FRAME_BYTES
    sent = [pacer.due(now / 1_000, pad=True) for now in range(0, 200, 10)]
    assert [piece[0] for piece in sent if piece] == [1, 2, 3, 4, 5]
    assert [number * 10 for number, piece in enumerate(sent) if piece] == [0, 20, 40, 60, 80]


def test_a_late_beat_is_made_good_but_a_pause_is_not() -> None:
    pacer = Pacer(lead_seconds=0.02)
    pacer.write(marked(20))
    assert len(pacer.due(0.0, pad=True)) == FRAME_BYTES
    assert len(pacer.due(0.075, pad=True)) == 3 * FRAME_BYTES, "55 ms late: three frames at once"
    assert len(pacer.due(5.0, pad=True)) == FRAME_BYTES, "after a long gap the pace begins anew"


def test_the_lead_is_sent_ahead_and_counts_as_not_heard() -> None:
    pacer = Pacer(lead_seconds=0.06)
    pacer.write(marked(10))
    assert len(pacer.due(0.0, pad=True)) == 3 * FRAME_BYTES
    assert pacer.buffered(0.0) == 10 * FRAME_BYTES
    assert pacer.buffered(0.03) == pytest.approx(10 * FRAME_BYTES - 0.03 * BYTES_A_SECOND, abs=2)
    pacer.flush(recalled=False)
    assert pacer.buffered(0.03) == pytest.approx(0.03 * BYTES_A_SECOND, abs=2), "this will still be heard"
    pacer.flush(recalled=True)
    assert pacer.buffered(0.03) == 0


def test_the_last_piece_is_filled_up_with_silence_only_on_a_beat() -> None:
    pacer = Pacer()
    pacer.write(b"\x01\x02" * 50)
    assert pacer.due(0.0, pad=False) == b""
    assert pacer.due(0.0, pad=True) == b"\x01\x02" * 50 + bytes(FRAME_BYTES - 100)


def test_silence_fills_the_gaps_and_is_not_counted() -> None:
    pacer = Pacer(fill=True)
    assert pacer.waiting and pacer.due(0.0, pad=False) == b""
    assert [len(pacer.due(now / 1_000, pad=True)) for now in range(0, 100, 20)] == [FRAME_BYTES] * 5
    assert pacer.buffered(0.08) == 0
    pacer.write(marked(2))
    assert pacer.buffered(0.09) == 2 * FRAME_BYTES
    sent = [pacer.due(now / 1_000, pad=True) for now in range(90, 180, 10)]
    assert [piece[0] for piece in sent if piece] == [1, 2, 0, 0], "no gap between silence, speech and silence"
    pacer.write(marked(3))
    pacer.flush(recalled=False)
    half_a_minute = [pacer.due(1 + beat * 0.02, pad=True) for beat in range(1_500)]
    assert half_a_minute.count(b"") == 3, "the other end's queue gets a chance to run dry"
    assert pacer.buffered(31.0) == 0


def test_whole_samples_and_no_more_than_the_queue_holds() -> None:
    pacer = Pacer()
    assert pacer.write(b"\x01") == 0 and pacer.write(b"\x01\x02\x03") == 2
    assert pacer.write(bytes(10 * QUEUE_BYTES)) == QUEUE_BYTES - 2 and pacer.write(b"\x01\x02") == 0


@given(st.lists(st.tuples(st.integers(0, 2_000), st.integers(0, 90)), max_size=60), st.sampled_from([0.02, 0.04, 0.06]))
@settings(max_examples=150, deadline=None)
def test_whatever_is_written_when_nothing_is_lost_or_hurried(steps: list[tuple[int, int]], lead: float) -> None:
    """`steps`: bytes written, then milliseconds until the next beat."""
    pacer, now, sent, written = Pacer(lead), 0.0, 0, 0
    for size, wait_ms in steps:
        written += pacer.write(bytes(size))
        sent += len(pacer.due(now, pad=False))
        assert written - sent <= pacer.buffered(now) <= QUEUE_BYTES + lead * BYTES_A_SECOND + 32
        now += wait_ms / 1_000
        assert sent <= (now + lead + 0.1) * BYTES_A_SECOND, "never faster than speech, but for what was late"
    while pacer.waiting:
        sent += len(pacer.due(now, pad=True))
        now += 0.02
    assert written <= sent < written + FRAME_BYTES


def test_one_beat_serves_all_and_rests_when_nobody_speaks() -> None:
    async def scenario() -> None:
        loop, beat = asyncio.get_running_loop(), Beat()
        struck: list[tuple[str, float]] = []

        def member(name: str, times: int):  # type: ignore[no-untyped-def]
            def strike() -> bool:
                struck.append((name, round(loop.time(), 3)))
                return sum(each == name for each, _ in struck) < times

            return strike

        beat.join(member("a", 2))
        beat.join(member("b", 3))
        await asyncio.sleep(1)
        assert sorted(struck) == [("a", 0.02), ("a", 0.04), ("b", 0.02), ("b", 0.04), ("b", 0.06)]
        beat.join(member("c", 1))
        await asyncio.sleep(1)
        assert struck[-1] == ("c", 1.02)

    run_virtual(scenario())


def test_a_member_that_fails_does_not_stop_the_beat() -> None:
    async def scenario() -> None:
        loop, beat = asyncio.get_running_loop(), Beat()
        problems: list[object] = []
        loop.set_exception_handler(lambda _, context: problems.append(context.get("exception")))
        strikes = [0]

        def broken() -> bool:
            raise RuntimeError("defect")

        def sound() -> bool:
            strikes[0] += 1
            return strikes[0] < 5

        beat.join(broken)
        beat.join(sound)
        await asyncio.sleep(1)
        assert strikes[0] == 5 and len(problems) == 1

    run_virtual(scenario())


# --- messages -------------------------------------------------------------------------------------------------------


def test_both_formats_say_the_same() -> None:
    plain = parse("MEDIA_START connection_id:c1 channel:WebSocket/c1/0x5 format:ulaw optimal_frame_size:160 ptime:20")
    as_json = parse(
        '{"event": "MEDIA_START", "format": "ulaw", "optimal_frame_size": 160, "channel_variables": {"a": "1"}}'
    )
    for event in (plain, as_json):
        assert event.name == "MEDIA_START" and event.fields["format"] == "ulaw"
        assert event.fields["optimal_frame_size"] == "160"
    assert as_json.is_json and as_json.variables == {"a": "1"} and not plain.is_json
    assert parse("DTMF_END digit:* channel_id:1.2").fields["digit"] == "*"
    assert command("FLUSH_MEDIA", as_json=False) == "FLUSH_MEDIA"
    assert command("FLUSH_MEDIA", as_json=True) == '{"command": "FLUSH_MEDIA"}'


@given(st.text(max_size=300))
@settings(max_examples=200, deadline=None)
def test_no_text_can_hurt_the_parser(text: str) -> None:
    assert isinstance(parse(text).name, str)
    assert isinstance(parse("{" + text).name, str)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("13900001234", "13900001234"),
        ("+86 139-0000", "861390000"),
        ("anonymous", ""),
        ("", ""),
        (None, ""),
        ("12", ""),
    ],
)
def test_a_number_is_digits_or_nothing(text: str | None, number: str) -> None:
    assert telephone_number(text) == number
    assert call_name(None, "", "a b", "ok@host") == "ok@host"


# --- rates ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate_hz", [12_000, 16_000, 24_000, 32_000, 44_100, 48_000])
def test_every_rate_there_and_back(rate_hz: int) -> None:
    at = np.arange(8_000) / 8_000
    original = (8_000 * np.sin(2 * np.pi * (300 * at + 1_300 * at * at))).astype("<i2")
    there, back = Resampler(8_000, rate_hz), Resampler(rate_hz, 8_000)
    dice, data, result, position = random.Random(3), original.tobytes(), b"", 0
    while position < len(data):
        size = dice.randint(1, 700)
        result += back.convert(there.convert(data[position : position + size]))
        position += size
    # Eight times finer, for the filters may delay by a part of a sample.
    sent, got = (
        np.fft.irfft(np.fft.rfft(samples), 8 * len(samples)) * 8
        for samples in (original.astype(np.float64), np.frombuffer(result, dtype="<i2").astype(np.float64))
    )
    whole = sent[: 8 * 7_000]
    delay = max(range(8 * 80), key=lambda lag: float(whole @ got[lag : lag + len(whole)]))
    part = got[delay : delay + len(whole)]
    assert delay < 8 * 80, "less than 10 ms, there and back"
    assert part @ whole / np.sqrt((part @ part) * (whole @ whole)) > 0.99
    assert abs(10 * np.log10((part @ part) / (whole @ whole))) < 0.1


@pytest.mark.parametrize(("from_hz", "to_hz"), [(0, 8_000), (8_000, 500_000), (-1, 8_000)])
def test_no_rate_that_makes_no_sense(from_hz: int, to_hz: int) -> None:
    with pytest.raises(ValueError, match="Hz"):
        Resampler(from_hz, to_hz)
