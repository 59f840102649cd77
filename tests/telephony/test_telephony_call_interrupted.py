"""Whole calls in virtual time: a caller speaks, or makes a sound, while the bot does."""

from __future__ import annotations

from itertools import pairwise

import pytest
from telephony_helpers import FakeCore, Line, Said, run_virtual

LONG = "社会保险转移接续的办理流程如下。" * 4


def test_barge_in_stops_the_bot_the_tenth_time_as_the_first() -> None:
    async def scenario() -> None:
        script = [Said(2.0, 1.0, "请问")] + [Said(6.0 + 5 * number, 1.0, f"打断{number}") for number in range(10)]
        async with Line(script, core=FakeCore(reply=lambda turn: {"say": [LONG]})) as line:
            await line.until(60.0)
            assert len(line.core.turns) == 11
            for number, turn in enumerate(line.core.turns[1:]):
                began = 6.0 + 5 * number
                assert turn.text == f"打断{number}"
                assert turn.unplayed and turn.unplayed in LONG
                speaking = [item for item in line.heard if item.began < began < item.ended + 0.3]
                # 0.1 s of voice, the detector's windows and the tick.
                assert speaking and speaking[-1].ended < began + 0.25
            assert "barge_ins_total 10.0" in line.metrics.text()

    run_virtual(scenario())


def test_a_back_channel_is_no_turn_and_the_bot_goes_on_where_it_was() -> None:
    async def scenario() -> None:
        script = [Said(2.0, 1.0, "请问"), Said(7.0, 0.3, "嗯"), Said(10.0, 0.3, "嗯")]
        async with Line(script, core=FakeCore(reply=lambda turn: {"say": [LONG]})) as line:
            await line.until(18.5)
            assert [turn.text for turn in line.core.turns] == ["请问"]
            played = [item for item in line.heard if item.began > 3]
            gaps = [later.began - earlier.ended for earlier, later in pairwise(played)]
            assert [gap for gap in gaps if gap > 0.05] == pytest.approx([0.7, 0.7], abs=0.2)
            # Twice a little of what was heard last comes again.
            assert sum(item.ended - item.began for item in played) == pytest.approx(len(LONG) * 0.2 + 0.24, abs=0.3)

    run_virtual(scenario())


@pytest.mark.parametrize("sound", ["", "嗯嗯"])
def test_a_noise_that_interrupted_lets_the_bot_go_on_where_it_was(sound: str) -> None:
    async def scenario() -> None:
        script = [Said(2.0, 1.0, "请问"), Said(5.8, 0.8, sound)]
        async with Line(
            script, core=FakeCore(reply=lambda turn: {"say": ["第一句话说完了。第二句话比较长。第三句话。"]})
        ) as line:
            await line.until(20.0)
            assert [turn.text for turn in line.core.turns] == ["请问"]
            cut = "第二句话比较长。"
            assert line.words[1:6] == ["第一句话说完了。", cut, cut, "第三句话。", "SILENCE_FIRST"]

    run_virtual(scenario())
