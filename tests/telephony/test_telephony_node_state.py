"""What a node tells of itself: whoever routes the calls asks another one meanwhile."""

from __future__ import annotations

import asyncio

from telephony_virtual_time import VirtualClock, run_virtual

from cluster.dispatcher import State
from telephony.node_state import NodeState, Start


def test_a_node_of_several_has_started_with_its_core_or_after_three_minutes_without_one() -> None:
    start = Start(100.0, alone=False)
    assert not start.over(101.0, core_there=False)
    assert start.over(130.0, core_there=True)
    assert start.over(131.0, core_there=False), "a core that goes later is waited for in the call"
    forsaken = Start(100.0, alone=False)
    assert not forsaken.over(279.0, core_there=False) and forsaken.over(281.0, core_there=False)


def test_a_node_that_is_alone_answers_from_the_beginning() -> None:
    assert Start(100.0, alone=True).over(100.0, core_there=False)


def test_a_change_is_told_at_once_and_the_end_too() -> None:
    class Told:
        def __init__(self) -> None:
            self.states: list[State] = []

        async def tell(self, state: State) -> bool:
            self.states.append(state)
            return True

    async def scenario() -> None:
        clock, told = VirtualClock(), Told()
        start = Start(clock.monotonic(), alone=False)
        core_there = False

        def state() -> State:
            return "open" if start.over(clock.monotonic(), core_there=core_there) else "starting"

        watching = NodeState(told, state)
        task = asyncio.create_task(watching.run())
        await asyncio.sleep(5.0)
        assert told.states == ["starting"]
        core_there = True
        await asyncio.sleep(1.0)
        assert told.states == ["starting", "open"]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await watching.close()
        assert told.states == ["starting", "open", "draining"]

    run_virtual(scenario())
