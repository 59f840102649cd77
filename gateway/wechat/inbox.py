"""What came in: each message once, however often WeChat delivers it, and none lost when a process dies over it.

A message is stored before it is answered. WeChat repeats one that was not answered in time: the repetition gets the
answer of the first, or, while that is still being worked on, the promise that it comes through the API.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from gateway.wechat import contacts, outbox
from gateway.wechat.account import Account, Recipient
from gateway.wechat.incoming import Incoming
from gateway.wechat.parcels import pack
from gateway.wechat.wording import TROUBLE
from storage.engine import Database
from storage.messenger_tables import MessengerContact, MessengerInbox

_LEASE: Final = timedelta(seconds=60)  # a turn that takes longer is taken for lost
_ATTEMPTS: Final = 3
_ANSWERED_WITHIN: Final = timedelta(seconds=6)


@dataclass(frozen=True, slots=True)
class Taken:
    """A message in the inbox. `fresh`: nobody works on it but whoever got this. `reply`: what was answered, where it is
    done and was answered in the response."""

    id: str
    contact_id: str
    fresh: bool
    done: bool = False
    reply: str = ""
    again: bool = False  # a process died over it


@dataclass(frozen=True, slots=True)
class Told:
    """A text for the citizen. `key`: told once for each. `about`: what goes with it where the channel has a place for
    it, such as citations."""

    key: str
    role: str
    text: str
    about: dict[str, Any] = field(default_factory=dict)


class Inbox:
    def __init__(self, database: Database, account: Account, *, link: outbox.Link) -> None:
        self._database = database
        self._account = account
        self._link = link

    async def take(self, incoming: Incoming, account: str, *, passive: bool, now: datetime) -> Taken:
        """Store a message; `passive`: it may be answered in the response to the callback."""
        async with self._database.write() as session:
            return await take_in(
                session, self._account, incoming, Recipient(account, incoming.user_id), passive=passive, now=now
            )

    async def state(self, message_id: str) -> Taken:
        async with self._database.read() as session:
            row = await session.get_one(MessengerInbox, message_id)
        return Taken(row.id, row.contact_id, False, row.status == "done", row.reply)

    async def too_late(self, message_id: str) -> str:
        """The response must go out now: the answer, where there is one; else it will come through the API."""
        async with self._database.write() as session:
            row = await session.get_one(MessengerInbox, message_id, with_for_update=True)
            if row.status == "done":
                return row.reply
            row.mode = "custom"
            contact = await contacts.locked(session, row.contact_id)
            contact.answering_until = None
            return ""

    async def finish(self, message_id: str, told: Sequence[Told], *, conversation_id: str | None, now: datetime) -> str:
        """The message is dealt with: its answers are stored, and one message of them is what the response says."""
        async with self._database.write() as session:
            row = await session.get_one(MessengerInbox, message_id, with_for_update=True)
            if row.status == "done":
                return row.reply
            contact = await contacts.locked(session, row.contact_id)
            if conversation_id is not None:
                await contacts.link(session, contact, conversation_id)
            for one in told:
                await outbox.put(
                    session,
                    contact,
                    one.key,
                    one.role,
                    {**one.about, "text": one.text},
                    now=now,
                    next_at=now,
                    conversation_id=conversation_id,
                )
            waiting = await outbox.free(session, contact, now)
            if row.mode == "passive" and waiting:
                limit, labels = self._account.message_limit_bytes, outbox.labels(self._account.settings)
                parcel = pack(outbox.pieces(waiting), limit_bytes=limit, labels=labels)
                if len(parcel.done) < len(waiting) and not self._account.can_send:
                    parcel = pack(
                        outbox.pieces(waiting),
                        limit_bytes=limit,
                        labels=labels,
                        last=True,
                        link=self._link(contact.conversation_id),
                    )
                outbox.tell(waiting, parcel, now=now, remote_id="", how="passive")
                row.reply = parcel.text
            row.status, row.payload, row.finished_at, row.lease_until = "done", {}, now, None
            contact.answering_until = None
            return row.reply

    async def let_go(self, message_id: str, now: datetime) -> None:
        """It could not be dealt with: to be tried again soon."""
        async with self._database.write() as session:
            row = await session.get_one(MessengerInbox, message_id, with_for_update=True)
            if row.status != "done":
                row.lease_until, row.mode = now, "custom"
                (await contacts.locked(session, row.contact_id)).answering_until = None

    async def left_behind(self, now: datetime) -> list[tuple[Taken, str, Incoming]]:
        """Messages whose process died over them, leased to the caller, with their account."""
        query = (
            select(MessengerInbox, MessengerContact.account)
            .join(MessengerContact, MessengerContact.id == MessengerInbox.contact_id)
            .where(MessengerContact.channel == self._account.channel, MessengerInbox.status == "received")
            .where(MessengerInbox.lease_until <= now)
            .order_by(MessengerInbox.received_at)
            .limit(50)
        )
        async with self._database.read() as session:
            if (await session.execute(query.limit(1))).first() is None:
                return []
        found: list[tuple[Taken, str, Incoming]] = []
        async with self._database.write() as session:
            rows = (await session.execute(query.with_for_update(skip_locked=True, of=MessengerInbox))).all()
            for row, account in rows:
                row.attempts, row.lease_until, row.mode = row.attempts + 1, now + _LEASE, "custom"
                if row.attempts > _ATTEMPTS:  # it ends every process that works on it
                    row.status, row.finished_at, row.lease_until = "failed", now, None
                    contact = await contacts.locked(session, row.contact_id)
                    body = {"text": TROUBLE}
                    await outbox.put(session, contact, f"trouble:{row.id}", "system", body, now=now, next_at=now)
                    continue
                found.append(
                    (Taken(row.id, row.contact_id, True, again=True), account, Incoming.from_dict(row.payload))
                )
        return found


async def take_in(
    session: Any, account: Account, incoming: Incoming, to: Recipient, *, passive: bool, now: datetime
) -> Taken:
    """`Inbox.take` inside the caller's transaction."""
    contact = await contacts.known(session, account.channel, to, now)
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    values = {
        "id": incoming.id,
        "contact_id": contact.id,
        "status": "received",
        "mode": "passive" if passive else "custom",
        "payload": incoming.as_dict(),
        "reply": "",
        "attempts": 1,
        "lease_until": now + _LEASE,
        "received_at": now,
    }
    made = await session.execute(insert(MessengerInbox).values(**values).on_conflict_do_nothing())
    if made.rowcount == 0:
        row = await session.get_one(MessengerInbox, incoming.id)
        return Taken(row.id, row.contact_id, False, row.status == "done", row.reply)
    contact.updated_at = now
    if (grant := account.grant(incoming)) is not None:
        contact.reachable = True
        contacts.set_allowance(contact, contacts.allowance(contact).granted(grant, now))
        await outbox.wake_held(session, contact.id, now)
    if passive:
        contact.answering_until = now + _ANSWERED_WITHIN
    if incoming.scene:
        contact.scene = incoming.scene
    return Taken(incoming.id, contact.id, True)
