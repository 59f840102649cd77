"""Watchers of conversations: bounded streams of events. A reader that is too slow is dropped, and is told so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol

from conversations.messages import ConversationEvent

_LIMIT = 256


class Subscription:
    """An async iterator of events; ends after `close()` or after a `dropped` event."""

    def __init__(self, hub: Hub, conversation_id: str | None, limit: int) -> None:
        self._hub = hub
        self.conversation_id = conversation_id
        self.dropped = False
        self._limit = limit
        self._queue: asyncio.Queue[ConversationEvent | None] = asyncio.Queue(maxsize=limit + 2)
        self._closed = False

    def __aiter__(self) -> AsyncIterator[ConversationEvent]:
        return self

    async def __anext__(self) -> ConversationEvent:
        event = await self._queue.get()
        if event is None:
            raise StopAsyncIteration
        return event

    def close(self) -> None:
        """Stop listening; a waiting reader ends. Closing twice is a no-op."""
        if self._closed:
            return
        self._closed = True
        self._hub.forget(self)
        self._make_room()
        self._queue.put_nowait(None)

    def offer(self, event: ConversationEvent) -> None:
        if self._closed:
            return
        if self._queue.qsize() < self._limit:
            self._queue.put_nowait(event)
            return
        self.dropped = True
        while not self._queue.empty():
            self._queue.get_nowait()
        self._queue.put_nowait(ConversationEvent("dropped", event.conversation_id))
        self.close()

    def _make_room(self) -> None:
        while self._queue.full():
            self._queue.get_nowait()


class Relay(Protocol):
    """Whoever carries events to other nodes and from them."""

    def published(self, event: ConversationEvent) -> None:
        """This node has made an event."""
        ...

    def watched(self, conversation_id: str) -> None:
        """A conversation that nobody here watched is watched now."""
        ...

    def unwatched(self, conversation_id: str) -> None:
        """Nobody does any more."""
        ...


class Hub:
    """Hands events to whoever watches the conversation, or all of them."""

    def __init__(self, limit: int = _LIMIT) -> None:
        self._limit = limit
        self._watchers: dict[str | None, set[Subscription]] = {}
        self.relay: Relay | None = None

    @property
    def watched(self) -> list[str]:
        """The conversations that are watched one by one."""
        return [conversation_id for conversation_id in self._watchers if conversation_id is not None]

    def subscribe(self, conversation_id: str | None) -> Subscription:
        subscription = Subscription(self, conversation_id, self._limit)
        if conversation_id is not None and conversation_id not in self._watchers and self.relay is not None:
            self.relay.watched(conversation_id)
        self._watchers.setdefault(conversation_id, set()).add(subscription)
        return subscription

    def forget(self, subscription: Subscription) -> None:
        watchers = self._watchers.get(subscription.conversation_id)
        if watchers is not None:
            watchers.discard(subscription)
            if not watchers:
                del self._watchers[subscription.conversation_id]
                if subscription.conversation_id is not None and self.relay is not None:
                    self.relay.unwatched(subscription.conversation_id)

    def publish(self, event: ConversationEvent) -> None:
        """Something has happened here, and is stored."""
        self.deliver(event)
        if self.relay is not None:
            self.relay.published(event)

    def deliver(self, event: ConversationEvent) -> None:
        """To the watchers of this process alone."""
        for key in (event.conversation_id, None):
            for subscription in list(self._watchers.get(key, ())):
                subscription.offer(event)

    def close(self) -> None:
        for watchers in list(self._watchers.values()):
            for subscription in list(watchers):
                subscription.close()
