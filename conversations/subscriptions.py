"""Watchers of conversations: bounded streams of events. A reader that is too slow is dropped, and is told so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

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


class Hub:
    """Hands events to whoever watches the conversation, or all of them."""

    def __init__(self, limit: int = _LIMIT) -> None:
        self._limit = limit
        self._watchers: dict[str | None, set[Subscription]] = {}

    def subscribe(self, conversation_id: str | None) -> Subscription:
        subscription = Subscription(self, conversation_id, self._limit)
        self._watchers.setdefault(conversation_id, set()).add(subscription)
        return subscription

    def forget(self, subscription: Subscription) -> None:
        watchers = self._watchers.get(subscription.conversation_id)
        if watchers is not None:
            watchers.discard(subscription)
            if not watchers:
                del self._watchers[subscription.conversation_id]

    def publish(self, event: ConversationEvent) -> None:
        for key in (event.conversation_id, None):
            for subscription in list(self._watchers.get(key, ())):
                subscription.offer(event)

    def close(self) -> None:
        for watchers in list(self._watchers.values()):
            for subscription in list(watchers):
                subscription.close()
