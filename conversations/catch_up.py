"""How far watched conversations are, read from the database: for watchers whom another node's news did not reach."""

from __future__ import annotations

from typing import Any, Final, cast

from sqlalchemy import func, select

from conversations.messages import ConversationEvent
from conversations.subscriptions import Hub
from storage.engine import Database
from storage.tables import Conversation, Turn

_AT_ONCE: Final = 500
Standing = tuple[int, str, str | None, int]  # seq of the last turn, status, outcome, version


class CatchUp:
    """One instance a core; `look` is called every second or so. One query for five hundred watched conversations."""

    def __init__(self, database: Database, hub: Hub) -> None:
        self._database = database
        self._hub = hub
        self._known: dict[str, Standing] = {}

    async def look(self) -> int:
        """Tell watchers how far each conversation is that has gone on since the last look; returns how many."""
        watched = self._hub.watched
        found: dict[str, Standing] = {}
        for first in range(0, len(watched), _AT_ONCE):
            found |= await self._standing(watched[first : first + _AT_ONCE])
        news = {key: standing for key, standing in found.items() if self._known.get(key) != standing}
        self._known = found
        for conversation_id, (seq, status, outcome, version) in news.items():
            self._hub.deliver(
                ConversationEvent(
                    "stands",
                    conversation_id,
                    status=cast(Any, status),
                    outcome=cast(Any, outcome),
                    seq=seq,
                    version=version,
                )
            )
        return len(news)

    async def _standing(self, conversation_ids: list[str]) -> dict[str, Standing]:
        last = select(func.max(Turn.seq)).where(Turn.conversation_id == Conversation.id).scalar_subquery()
        query = select(Conversation.id, last, Conversation.status, Conversation.outcome, Conversation.version)
        async with self._database.read() as session:
            rows = (await session.execute(query.where(Conversation.id.in_(conversation_ids)))).all()
        return {row[0]: (int(row[1] or 0), str(row[2]), row[3], int(row[4])) for row in rows}
