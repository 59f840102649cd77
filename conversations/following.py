"""Follow one conversation without a gap: events tell that something is there, the transcript says what it was.

Events may come late, twice, in another order, or not at all (another node's message was lost). A reader of this stream
gets every turn once, in order, and the last status.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from conversations.messages import ConversationEvent, StoredTurn


class Events(Protocol):
    """A subscription to one conversation."""

    def __aiter__(self) -> AsyncIterator[ConversationEvent]: ...


class Source(Protocol):
    """Where missing turns are read."""

    async def transcript(self, conversation_id: str, *, after_seq: int = 0) -> list[StoredTurn]: ...


class Following:
    """`seq`: the last turn that the reader has. `status` None: not known; what the first event or look says is then
    not passed on as a change."""

    def __init__(
        self, source: Source, events: Events, conversation_id: str, *, seq: int, status: str | None = None
    ) -> None:
        self._source = source
        self._events = events
        self._conversation_id = conversation_id
        self.seq = seq
        self._status = status
        self._outcome: str | None = None
        self._version: int | None = None

    def has(self, seq: int, *, status: str | None = None) -> None:
        """The reader has got the turns up to `seq`, and perhaps the status, by another way."""
        self.seq = max(self.seq, seq)
        self._status = status or self._status

    async def __aiter__(self) -> AsyncIterator[ConversationEvent]:
        async for event in self._events:
            if event.kind == "turn" and event.turn is not None:
                async for told in self._turns(event):
                    yield told
            elif event.kind == "stands":
                async for told in self._stands(event):
                    yield told
            else:
                self._status = event.status or self._status
                self._outcome = event.outcome or self._outcome
                yield event

    async def _turns(self, event: ConversationEvent) -> AsyncIterator[ConversationEvent]:
        assert event.turn is not None
        if event.turn.seq == self.seq + 1:
            self.seq = event.turn.seq
            yield event
        elif event.turn.seq > self.seq:
            async for missed in self._missed():
                yield missed

    async def _missed(self) -> AsyncIterator[ConversationEvent]:
        for turn in await self._source.transcript(self._conversation_id, after_seq=self.seq):
            if turn.seq > self.seq:
                self.seq = turn.seq
                yield ConversationEvent("turn", self._conversation_id, turn=turn)

    async def _stands(self, event: ConversationEvent) -> AsyncIterator[ConversationEvent]:
        if event.seq > self.seq:
            async for missed in self._missed():
                yield missed
        if event.status is None:
            return  # somebody said no more than that there is a turn
        status, outcome, version = self._status, self._outcome, self._version
        self._status, self._outcome, self._version = event.status, event.outcome, event.version
        changed = status is not None and event.status != status
        if changed:
            yield ConversationEvent("status", self._conversation_id, status=event.status)
        if event.outcome is not None and version is not None and event.outcome != outcome:
            yield ConversationEvent("outcome", self._conversation_id, outcome=event.outcome)
        if not changed and version is not None and event.version != version:
            yield ConversationEvent("prefilled", self._conversation_id)
