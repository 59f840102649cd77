"""A call that has ended leaves nothing behind for long: neither its audio nor itself."""

from __future__ import annotations

import gc
import weakref

from telephony_helpers import Line, Said, run_virtual

from telephony.hearing import Hearing, Listener
from telephony.metrics import PhoneMetrics
from telephony.remains import LEAST_CALLS, Remains


class Remembering:
    """Knows itself: only the collector of cycles frees it."""

    def __init__(self) -> None:
        self.itself = self


def forgotten() -> weakref.ref[Remembering]:
    return weakref.ref(Remembering())


def test_what_calls_leave_is_freed_once_enough_of_them_have_ended() -> None:
    remains = Remains()
    gc.disable()
    try:
        left = forgotten()
        for _ in range(LEAST_CALLS - 1):
            remains.ended()
        assert remains.clear() == 0
        assert left() is not None
        remains.ended()
        assert remains.clear() > 0
        assert left() is None
        left = forgotten()
        assert remains.clear() == 0  # counts anew
        assert left() is not None
    finally:
        gc.enable()


def test_nobody_holds_a_call_that_has_ended() -> None:
    async def scenario() -> weakref.ref[object]:
        async with Line([Said(2.0, 1.0, "路灯坏了"), Said(8.0, 1.0, "朝阳区")]) as line:
            await line.until(14.0)
            assert len(line.core.turns) == 2
            return weakref.ref(line.call)

    found: list[weakref.ref[object]] = []

    async def run() -> None:
        found.append(await scenario())

    run_virtual(run())
    gc.collect()
    assert found[0]() is None


def test_the_audio_of_a_call_goes_with_its_end() -> None:
    async def scenario() -> None:
        hearing = Hearing(Listener(None, 1), PhoneMetrics())
        hearing.feed(bytes(16_000))
        assert len(hearing.turn_so_far(5.0)) == 16_000
        await hearing.close()
        assert hearing.turn_so_far(5.0) == b""

    run_virtual(scenario())
