"""What a caller tells a seat on the telephone, written down by the phone, fills the order that the seat sees."""

from __future__ import annotations

from base.clock import Clock
from base.logs import get_logger
from bot import reading
from bot.decision import Turn
from bot.guards_model import GuardFindings
from bot.intelligible import Heard
from bot.state import State
from conversations import cards, store
from conversations.dialogue import Dialogue
from conversations.locks import KeyedLocks
from conversations.messages import ConversationEvent, StoredTurn
from conversations.subscriptions import Hub
from conversations.turn_input import TurnInput
from storage.engine import Database

_log = get_logger(__name__)
_TRIES = 3


class Listener:
    """Danger is listened for where the words are stored (`conversations/line.py`); this one only fills fields."""

    def __init__(self, database: Database, dialogue: Dialogue, *, locks: KeyedLocks, hub: Hub, clock: Clock) -> None:
        self._database = database
        self._dialogue = dialogue
        self._locks = locks
        self._hub = hub
        self._clock = clock

    async def take(self, conversation_id: str, turn: StoredTurn) -> None:
        """Take in a stored turn of the citizen; one that was taken in before changes nothing."""
        confidence = turn.meta.get("recogniser_confidence")
        heard = Heard(float(confidence) if isinstance(confidence, int | float) else None)
        said = Turn(reading.normalise(turn.text), "speech", True, heard=heard)
        async with self._locks.hold(conversation_id):
            for _ in range(_TRIES):
                if await self._try(conversation_id, turn.seq, said):
                    return
        _log.warning("words to a seat were not taken in: the conversation keeps changing")

    async def _try(self, conversation_id: str, seq: int, said: Turn) -> bool:
        """False when somebody else has changed the conversation meanwhile."""
        async with self._database.read() as session:
            row = await store.load(session, conversation_id)
        if row is None or row.status != "with_seat":
            return True
        state, version = State.from_dict(row.state), row.version
        if state.listened >= seq:
            return True
        decision = await self._dialogue.listen(state, TurnInput(said, GuardFindings(), self._clock.now()))
        decision.state.listened = seq
        async with self._database.write() as session:
            row = await store.load(session, conversation_id, for_update=True)
            if row is None or row.version != version:
                return row is None
            changed = cards.prefilled(State.from_dict(row.state), row) != cards.prefilled(decision.state, row)
            row.state = decision.state.as_dict()
            row.version += 1
        if changed:
            self._hub.publish(ConversationEvent("prefilled", conversation_id))
        return True
