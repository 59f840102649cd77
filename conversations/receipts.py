"""Receipts (记录号): by what a citizen asks later for words that were noted while the database was away.

A node gives them out by itself, one for each contact; they are in the database once its journal was taken in. They tell
nothing but whether somebody has been in touch: whoever reads one out may have found it.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.decision import ReceiptKnown
from bot.entities import receipt_no
from conversations import first_messages
from storage.cluster_tables import FirstMessage
from storage.tables import CallbackTask

_REMEMBERED: Final = 10_000  # contacts of one outage
_PREFIX: Final = first_messages.RECEIPT


@dataclass(slots=True)
class _Contact:
    caller_number: str | None
    receipt: str = ""


class Receipts:
    """What this node knows of contacts while the database cannot be asked. Bounded; a restart forgets it, and the
    contact then gets another receipt beside its first."""

    def __init__(self, node: str) -> None:
        self._node = node
        self._contacts: OrderedDict[str, _Contact] = OrderedDict()

    def met(self, conversation_id: str, caller_number: str | None) -> None:
        """A contact began that could not be stored."""
        self._contacts[conversation_id] = _Contact(caller_number)
        while len(self._contacts) > _REMEMBERED:
            self._contacts.popitem(last=False)

    def caller_number(self, conversation_id: str) -> str | None:
        """The number of a caller whose call could not be stored."""
        known = self._contacts.get(conversation_id)
        return known.caller_number if known else None

    def of(self, conversation_id: str, now: datetime) -> tuple[str, bool]:
        """The contact's receipt, and whether it has been told already."""
        if conversation_id not in self._contacts:
            self.met(conversation_id, None)
        contact = self._contacts[conversation_id]
        told = bool(contact.receipt)
        contact.receipt = contact.receipt or receipt_no.new(self._node, now, secrets.randbelow(10_000_000))
        return contact.receipt, told


async def keep(session: AsyncSession, receipt: str, conversation_id: str, now: datetime) -> None:
    """From now on it leads to this conversation."""
    await first_messages.begun(session, f"{_PREFIX}{receipt}", conversation_id, now)


async def look_up(session: AsyncSession, digits: str) -> ReceiptKnown:
    """What may be told of a receipt; `digits`: without its node."""
    key = FirstMessage.key
    query = (
        select(FirstMessage.conversation_id)
        .where(key.startswith(_PREFIX), key.endswith(digits))
        .order_by(FirstMessage.created_at.desc())
        .limit(1)
    )
    conversation_id = (await session.execute(query)).scalar_one_or_none()
    if conversation_id is None:
        return ReceiptKnown(False)
    status = select(CallbackTask.status).where(CallbackTask.conversation_id == conversation_id)
    return ReceiptKnown(True, (await session.execute(status)).scalar_one_or_none() == "done")
