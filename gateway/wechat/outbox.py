"""What waits to be told to citizens in WeChat: stored first, sent in order, one node at a time for each contact.

At least once: a process that dies between sending and noting it sends the message again (WeCom knows it by its id).
What cannot be sent now because the allowance is used up is held until the citizen writes again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from base.sections.channels import MessagingSettings, MessengerSettings
from gateway.wechat import contacts
from gateway.wechat.account import Recipient
from gateway.wechat.allowance import Allowance
from gateway.wechat.errcodes import Meaning
from gateway.wechat.parcels import Parcel, Piece, pack
from storage.engine import Database
from storage.messenger_tables import MessengerContact, MessengerInbox, MessengerOutbox

_LEASE: Final = timedelta(seconds=60)  # longer than one call of the API may take
_LONGEST_RETRY: Final = timedelta(minutes=10)
_OPEN: Final = ("waiting", "sending")
_AT_ONCE: Final = 50
Link = Callable[[str | None], str]  # conversation -> the sentence with the address of its page


@dataclass(frozen=True, slots=True)
class Sending:
    """One message on its way."""

    contact_id: str
    to: Recipient
    parcel: Parcel
    message_id: str


@dataclass(frozen=True, slots=True)
class Notice:
    id: int
    to: Recipient
    body: dict[str, Any] = field(repr=False)


def labels(settings: MessagingSettings) -> dict[str, str]:
    return {"bot": settings.machine_label, "system": settings.machine_label, "seat": settings.seat_label}


async def put(
    session: AsyncSession,
    contact: MessengerContact,
    key: str,
    role: str,
    body: dict[str, Any],
    *,
    now: datetime,
    next_at: datetime,
    kind: str = "text",
    conversation_id: str | None = None,
) -> None:
    """One thing to be told; the same `key` again is the same thing."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    values = {
        "key": key[:120],
        "contact_id": contact.id,
        "conversation_id": conversation_id,
        "kind": kind,
        "role": role,
        "body": body,
        "status": "waiting",
        "attempts": 0,
        "next_at": next_at,
        "created_at": now,
        "detail": "",
    }
    await session.execute(insert(MessengerOutbox).values(**values).on_conflict_do_nothing())


async def waiting(session: AsyncSession, contact_id: str) -> list[MessengerOutbox]:
    """The texts that wait for a contact, the oldest first."""
    query = (
        select(MessengerOutbox)
        .where(MessengerOutbox.contact_id == contact_id, MessengerOutbox.status.in_(_OPEN))
        .where(MessengerOutbox.kind == "text")
        .order_by(MessengerOutbox.id)
    )
    return list((await session.execute(query)).scalars())


async def free(session: AsyncSession, contact: MessengerContact, now: datetime) -> list[MessengerOutbox]:
    """The same, without what a node is sending at this moment."""
    rows = await waiting(session, contact.id)
    if contact.sender is None or contact.sending_until is None or contact.sending_until <= now:
        return rows
    return [row for row in rows if row.status != "sending"]


async def wake_held(session: AsyncSession, contact_id: str, now: datetime) -> None:
    """The citizen has written: what was held may go."""
    await session.execute(
        update(MessengerOutbox)
        .where(MessengerOutbox.contact_id == contact_id, MessengerOutbox.status == "held")
        .values(status="waiting", next_at=now, attempts=0)
    )


def pieces(rows: Sequence[MessengerOutbox]) -> list[Piece]:
    return [Piece(row.id, row.role, str(row.body.get("text", ""))) for row in rows]


def tell(rows: Sequence[MessengerOutbox], parcel: Parcel, *, now: datetime, remote_id: str, how: str = "") -> None:
    """Note what one message told of the rows."""
    for row in rows:
        if row.id in parcel.done:
            row.status, row.finished_at, row.body = "sent", now, {}
            row.remote_id, row.detail = remote_id[:64] or None, "linked" if parcel.linked else how
        elif parcel.rest is not None and row.id == parcel.rest[0]:
            row.status, row.attempts, row.body = "waiting", 0, {"text": parcel.rest[1]}


class Outbox:
    """The transactions of the sender of one channel."""

    def __init__(
        self, database: Database, channel: str, settings: MessengerSettings, *, can_send: bool, owner: str, link: Link
    ) -> None:
        self._database = database
        self._channel = channel
        self._settings = settings
        self._can_send = can_send
        self._owner = owner
        self._link = link

    async def due(self, now: datetime) -> list[str]:
        """Contacts for whom something is due."""
        query = (
            select(MessengerOutbox.contact_id)
            .join(MessengerContact, MessengerContact.id == MessengerOutbox.contact_id)
            .where(MessengerOutbox.status.in_(_OPEN), MessengerOutbox.kind == "text", MessengerOutbox.next_at <= now)
            .where(MessengerContact.channel == self._channel)
            .where(or_(MessengerContact.sending_until.is_(None), MessengerContact.sending_until <= now))
            .where(or_(MessengerContact.answering_until.is_(None), MessengerContact.answering_until <= now))
            .distinct()
            .limit(_AT_ONCE)
        )
        async with self._database.read() as session:
            return list((await session.execute(query)).scalars())

    async def claim(self, contact_id: str, now: datetime) -> Sending | None:
        """The next message for a contact, leased to this node; None where nothing may be sent now."""
        async with self._database.write() as session:
            contact = await contacts.locked(session, contact_id)
            if any(until is not None and now < until for until in (contact.sending_until, contact.answering_until)):
                return None
            rows = await waiting(session, contact_id)
            if not rows or all(row.next_at > now for row in rows):
                return None
            if not contact.reachable:
                _fail(rows, "unreachable", now)
                return None
            allowed = contacts.allowance(contact)
            left = allowed.now(now) if self._can_send else 0
            if left == 0:
                for row in rows:
                    row.status = "held"
                return None
            parcel = pack(
                pieces(rows),
                limit_bytes=self._settings.message_limit_bytes,
                labels=labels(self._settings),
                last=left == 1,
                link=self._link(contact.conversation_id),
            )
            told = [row for row in rows if row.id in parcel.done or (parcel.rest and row.id == parcel.rest[0])]
            for row in told:
                row.status, row.attempts = "sending", row.attempts + 1
            contacts.set_allowance(contact, allowed.used())
            contact.sender, contact.sending_until = self._owner, now + _LEASE
            name = f"{parcel.text}\0{[row.id for row in told]}"
            message_id = hashlib.sha256(name.encode()).hexdigest()[:32]
            return Sending(contact_id, contacts.recipient(contact), parcel, message_id)

    async def sent(self, sending: Sending, remote_id: str, now: datetime) -> None:
        async with self._database.write() as session:
            contact = await contacts.locked(session, sending.contact_id)
            tell(await waiting(session, sending.contact_id), sending.parcel, now=now, remote_id=remote_id)
            contact.sender, contact.sending_until = None, None

    async def not_sent(self, sending: Sending, meaning: Meaning | None, detail: str, now: datetime) -> str:
        """What becomes of it; `meaning` None: there was no answer. Returns held, failed or waiting."""
        async with self._database.write() as session:
            contact = await contacts.locked(session, sending.contact_id)
            rows = [row for row in await waiting(session, sending.contact_id) if row.status == "sending"]
            contact.sender, contact.sending_until = None, None
            for row in rows:
                row.status, row.detail = "waiting", detail[:200]
            match meaning:
                case "used_up" | "not_now":
                    contacts.set_allowance(contact, Allowance())
                    for row in rows:
                        row.status = "held"
                    return "held"
                case "unreachable":
                    contact.reachable = False
                    _fail(rows, detail, now)
                    return "failed"
                case "refused":
                    _fail(rows, detail, now)
                    return "failed"
            if meaning is not None:  # it certainly did not leave
                most = self._settings.replies_a_message
                contacts.set_allowance(contact, contacts.allowance(contact).given_back(most))
            attempts = max((row.attempts for row in rows), default=1)
            if meaning != "token" and attempts >= self._settings.attempts:
                for row in rows:  # it goes out with the next answer to the citizen
                    row.status = "held"
                return "held"
            contact.sending_until = now + self.pause(attempts)  # the order of messages is kept: nobody overtakes
            return "waiting"

    def pause(self, attempts: int) -> timedelta:
        doubled: int = 2 ** max(0, min(attempts - 1, 20))
        return min(timedelta(seconds=self._settings.first_retry_seconds * doubled), _LONGEST_RETRY)

    # -- notices ---------------------------------------------------------------------------------------------------

    async def claim_notice(self, now: datetime) -> Notice | None:
        due = (
            select(MessengerOutbox)
            .join(MessengerContact, MessengerContact.id == MessengerOutbox.contact_id)
            .where(MessengerOutbox.status == "waiting", MessengerOutbox.kind == "notice")
            .where(MessengerOutbox.next_at <= now, MessengerContact.channel == self._channel)
            .order_by(MessengerOutbox.id)
            .limit(1)
        )
        async with self._database.read() as session:  # mostly there is none: no write lock for nothing
            if (await session.execute(due)).first() is None:
                return None
        async with self._database.write() as session:
            locked = due.with_for_update(skip_locked=True, of=MessengerOutbox)
            row = (await session.execute(locked)).scalar_one_or_none()
            if row is None:
                return None
            contact = await session.get_one(MessengerContact, row.contact_id)
            row.attempts, row.next_at = row.attempts + 1, now + _LEASE
            return Notice(row.id, contacts.recipient(contact), dict(row.body))

    async def settle_notice(self, notice: Notice, meaning: Meaning | None, detail: str, now: datetime) -> str:
        """`detail`: WeChat's id of the message where `meaning` is None and it left, else the trouble."""
        async with self._database.write() as session:
            row = await session.get_one(MessengerOutbox, notice.id, with_for_update=True)
            again = meaning in ("busy", "slow_down", "token") and row.attempts < self._settings.attempts
            if again:
                row.next_at, row.detail = now + self.pause(row.attempts), detail[:200]
            elif meaning is None:
                row.status, row.finished_at, row.body, row.remote_id = "sent", now, {}, detail[:64] or None
            else:
                _fail([row], detail, now)
            return row.status


async def notice_arrived(session: AsyncSession, remote_id: str, result: str) -> None:
    """WeChat tells later what came of a notice."""
    query = select(MessengerOutbox).where(MessengerOutbox.remote_id == remote_id[:64])
    for row in (await session.execute(query)).scalars():
        row.detail = result[:200]
        row.status = "sent" if result == "success" else "failed"


async def clean_up(session: AsyncSession, before: datetime) -> None:
    """Forget what was sent, given up and answered before."""
    settled = MessengerOutbox.status.in_(("sent", "failed"))
    await session.execute(delete(MessengerOutbox).where(settled, MessengerOutbox.created_at < before))
    done = MessengerInbox.status == "done"
    await session.execute(delete(MessengerInbox).where(done, MessengerInbox.received_at < before))


def _fail(rows: Sequence[MessengerOutbox], detail: str, now: datetime) -> None:
    for row in rows:
        row.status, row.finished_at, row.detail = "failed", now, detail[:200]
