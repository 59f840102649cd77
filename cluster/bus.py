"""What nodes tell each other: small messages by topic, fast, not kept. Whoever must be certain reads the database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

Message = dict[str, Any]
Handler = Callable[[Message], None]


class Bus(Protocol):
    """Messages may be lost, also several in a row, and come in no particular order; none comes back to its sender."""

    @property
    def connected(self) -> bool:
        """Others are reached now, as far as is known."""
        ...

    def publish(self, topic: str, message: Message) -> None:
        """Tell every other node that has joined the topic. Never waits, never fails."""
        ...

    def join(self, topic: str, handler: Handler) -> None:
        """Have each message of a topic handed to `handler`, which must be quick; a second one takes its place."""
        ...

    def leave(self, topic: str) -> None:
        """No more of them; leaving a topic that was not joined is a no-op."""
        ...

    async def run(self) -> None:
        """Carry messages until `close`."""
        ...

    async def close(self) -> None: ...


class NoBus:
    """A node that is alone."""

    connected = False

    def publish(self, topic: str, message: Message) -> None:
        return

    def join(self, topic: str, handler: Handler) -> None:
        return

    def leave(self, topic: str) -> None:
        return

    async def run(self) -> None:
        return

    async def close(self) -> None:
        return
