"""Things that a citizen sends and that no dialogue reads: pictures, videos, links, a voice that nobody understood.

They become turns of the conversation, so that whoever takes it over sees them; the citizen is told what comes of them
and asked again what was being asked.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from base.clock import Clock
from bot.state import State
from conversations import store
from conversations.errors import UnknownConversation
from conversations.locks import KeyedLocks
from conversations.messages import ConversationEvent, StoredTurn
from conversations.subscriptions import Hub
from storage.engine import Database

EnclosureKind = Literal["image", "voice", "video", "file", "location", "link"]
_SILENT: Final = ("with_seat",)  # a person answers


class Enclosures:
    def __init__(self, database: Database, *, locks: KeyedLocks, hub: Hub, clock: Clock) -> None:
        self._database = database
        self._locks = locks
        self._hub = hub
        self._clock = clock

    async def take(
        self,
        conversation_id: str,
        kind: EnclosureKind,
        text: str,
        *,
        message_id: str,
        answer: str,
        meta: dict[str, Any],
    ) -> list[StoredTurn]:
        """Store it and our answer; returns the answer's turns, none while a seat holds the conversation. The same
        `message_id` again returns what was answered before.

        Raises:
            UnknownConversation: there is none with this id.
        """
        now = self._clock.now()
        async with self._locks.hold(conversation_id), self._database.write() as session:
            row = await store.load(session, conversation_id, for_update=True)
            if row is None:
                raise UnknownConversation
            before = await store.turn_with_id(session, conversation_id, message_id, "citizen")
            if before is not None:
                return [store.stored(turn) for turn in await store.replies_to(session, conversation_id, before.seq)]
            seq = await store.last_seq(session, conversation_id) + 1
            turns = [
                store.add_turn(
                    session, row.id, seq, "citizen", text, now, kind=kind, client_message_id=message_id, meta=meta
                )
            ]
            if row.status not in _SILENT:
                state = State.from_dict(row.state)
                again = state.question_text if state.asking and row.status == "open" else ""
                for number, words in enumerate([part for part in (answer, again) if part], seq + 1):
                    turns.append(store.add_turn(session, row.id, number, "bot", words, now, in_reply_to=seq))
            row.updated_at = now
            row.version += 1
            await session.flush()
            stored = [store.stored(turn) for turn in turns]
        for one in stored:
            self._hub.publish(ConversationEvent("turn", conversation_id, turn=one))
        return stored[1:]
