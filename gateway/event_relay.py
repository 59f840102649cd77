"""Carries the news of conversations between nodes. What goes over the bus says that something is there, never what:
watchers read the words in the database, and look there by themselves in case a message was lost."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from base.logs import get_logger
from cluster.bus import Bus, Message
from conversations.messages import ConversationEvent
from conversations.subscriptions import Relay

if TYPE_CHECKING:
    from conversations.service import ConversationService
    from gateway.core import Core

log = get_logger("gateway.event_relay")
_RARELY: int = 5  # with the bus up, losses are rare


def topic_of(conversation_id: str) -> str:
    return f"conversation:{conversation_id}"


class EventRelay(Relay):
    """One a core of several; the hub calls it."""

    def __init__(self, bus: Bus, conversations: ConversationService) -> None:
        self._bus = bus
        self._conversations = conversations

    def published(self, event: ConversationEvent) -> None:
        if event.kind not in ("turn", "status", "outcome", "prefilled"):
            return
        told = {"kind": event.kind, "status": event.status, "outcome": event.outcome}
        self._bus.publish(topic_of(event.conversation_id), {**told, "seq": event.turn.seq if event.turn else 0})

    def watched(self, conversation_id: str) -> None:
        self._bus.join(topic_of(conversation_id), partial(self._heard, conversation_id))

    def unwatched(self, conversation_id: str) -> None:
        self._bus.leave(topic_of(conversation_id))

    def _heard(self, conversation_id: str, message: Message) -> None:
        kind: Any = "stands" if message["kind"] == "turn" else message["kind"]
        status, outcome = cast(Any, message["status"]), cast(Any, message["outcome"])
        self._conversations.deliver(
            ConversationEvent(
                kind, conversation_id, status=status, outcome=outcome, seq=int(message["seq"]), elsewhere=True
            )
        )


async def keep_up(core: Core, conversations: ConversationService) -> None:
    """Background work: look what watchers were not told; at once after an interruption of the bus, rarely while it
    works."""
    while not core.stopping:
        try:
            await conversations.catch_up()
        except Exception as error:  # noqa: BLE001  (the database may be away: the next look tries again)
            log.error("the news of other nodes could not be read", error=type(error).__name__)
        seconds = core.settings.cluster.catch_up_seconds * (_RARELY if core.node.bus.connected else 1)
        with suppress(TimeoutError):
            await asyncio.wait_for(core.node.missed.wait(), seconds)
        core.node.missed.clear()
