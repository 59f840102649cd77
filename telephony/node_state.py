"""What this node can take, told to whoever sends it calls: at once when it changes, and now and then all the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

from cluster.dispatcher import State

_LOOK_SECONDS: Final = 0.25
_AGAIN_SECONDS: Final = 10.0  # a Kamailio that was started anew knows nothing
_AFTER_FAILURE_SECONDS: Final = 2.0
_LONGEST_START_SECONDS: Final = 180.0


class Told(Protocol):
    async def tell(self, state: State) -> bool: ...


class Start:
    """A node of several takes no calls before it has had its core: another one can serve them, and here they would hear
    that the system is coming back. Not for ever: where no core comes, the phone answers and keeps what callers want."""

    def __init__(self, now: float, *, alone: bool) -> None:
        """`alone`: there is nobody else to answer."""
        self._until = now if alone else now + _LONGEST_START_SECONDS

    def over(self, now: float, *, core_there: bool) -> bool:
        if core_there:
            self._until = now
        return now >= self._until


class NodeState:
    def __init__(self, dispatcher: Told, state: Callable[[], State]) -> None:
        self._dispatcher = dispatcher
        self._state = state

    async def run(self) -> None:
        """Watch until cancelled."""
        told: State | None = None
        left_seconds = 0.0
        while True:
            state = self._state()
            if state != told or left_seconds <= 0:
                reached = await self._dispatcher.tell(state)
                told, left_seconds = state, _AGAIN_SECONDS if reached else _AFTER_FAILURE_SECONDS
            await asyncio.sleep(_LOOK_SECONDS)
            left_seconds -= _LOOK_SECONDS

    async def close(self) -> None:
        """No more calls, please."""
        await self._dispatcher.tell("draining")
