"""What the gateway needs of the other rooms, as types: the real services fit them, and so do the tests' small ones."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Literal, Protocol

from conversations.messages import Channel, CitizenTurn, ConversationEvent, Outcome, Reply, StoredTurn, TurnResult
from conversations.placed import Placed
from knowledge.model import SearchResult


class Subscription(Protocol):
    """A bounded stream of events; ends when closed, or when its reader fell too far behind."""

    def __aiter__(self) -> AsyncIterator[ConversationEvent]: ...

    def close(self) -> None: ...


class Conversations(Protocol):
    """`conversations/service.py`, as `docs/internals.md` describes it."""

    async def open(
        self,
        channel: Channel,
        *,
        conversation_id: str | None = None,
        caller_number: str | None = None,
        call_id: str | None = None,
        trace_id: str | None = None,
        placed: Placed | None = None,
    ) -> TurnResult: ...

    async def words_of(self, placed: Placed, *, number: str) -> tuple[Reply, ...]: ...

    async def citizen_turn(
        self, conversation_id: str | None, turn: CitizenTurn, *, once: str | None = None
    ) -> TurnResult: ...

    async def enclose(
        self,
        conversation_id: str,
        kind: Literal["image", "voice", "video", "file", "location", "link"],
        text: str,
        *,
        message_id: str,
        answer: str,
        meta: dict[str, Any],
    ) -> list[StoredTurn]: ...

    async def hang_up(self, conversation_id: str, *, reason: str, callback_number: str | None = None) -> Outcome: ...

    async def missed_call(
        self, call_id: str, *, caller_number: str | None, callback_number: str | None, reason: str = "missed"
    ) -> str: ...

    async def heard_of(self, conversation_ids: list[str]) -> None: ...

    async def transcript(self, conversation_id: str, *, after_seq: int = 0) -> list[StoredTurn]: ...

    async def snapshot(self, conversation_id: str) -> dict[str, Any]: ...

    def subscribe(self, conversation_id: str | None) -> Subscription: ...

    async def waiting(self) -> list[dict[str, Any]]: ...

    async def held(self, seat_id: str | None = None) -> list[dict[str, Any]]: ...

    async def claim(self, conversation_id: str, seat_id: str) -> bool: ...

    async def seat_message(
        self, conversation_id: str, seat_id: str, text: str, *, client_message_id: str | None = None
    ) -> StoredTurn: ...

    async def tell_waiting(
        self, conversation_id: str, text: str, *, offer: Literal["go_on", "stay"] | None = None
    ) -> bool: ...

    async def give_back(self, conversation_id: str, seat_id: str) -> None: ...

    async def finish(self, conversation_id: str, seat_id: str, disposition: str) -> None: ...

    async def pass_on(self, conversation_id: str, seat_id: str, to_seat_id: str) -> None: ...

    async def reassign(self, conversation_id: str, to_seat_id: str | None, *, held_by: str | None) -> None: ...

    async def joined(self, conversation_id: str, who: str, *, person: bool) -> None: ...

    async def left(self, conversation_id: str, who: str, *, person: bool) -> None: ...

    async def heard(
        self,
        conversation_id: str,
        side: Literal["citizen", "seat", "third"],
        text: str,
        *,
        heard_id: str,
        meta: dict[str, Any],
    ) -> StoredTurn: ...

    async def sweep(self) -> int: ...


class Knowledge(Protocol):
    """`knowledge/service.py`."""

    async def search(
        self, text: str, *, spoken: bool = False, limit: int = 5, district: str | None = None
    ) -> SearchResult: ...
