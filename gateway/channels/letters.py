"""What waits to be told through a channel: the rows of the messengers' outbox, one message each.

In order for each citizen: only the first that waits for one may leave. At least once: a message that is taken for an
attempt comes back by itself when nothing is heard of the attempt. A dead letter holds nobody up.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, select, update
from sqlalchemy.orm import aliased

from base.sections.channels import ChannelSettings
from gateway.channels.account import FAMILY
from gateway.wechat import outbox
from storage.engine import Database
from storage.messenger_tables import MessengerContact, MessengerOutbox
from workorders.outbox.schedule import Next


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that this node alone may send until its lease ends. `attempt` counts from 1."""

    row_id: int
    message_id: str
    body: str
    attempt: int


@dataclass(frozen=True, slots=True)
class DeadLetter:
    message_id: str
    channel: str
    since: datetime
    attempts: int
    reason: str


class Letters:
    def __init__(self, database: Database, settings: ChannelSettings) -> None:
        self._database = database
        self._labels = outbox.labels(settings)

    async def due(self, now: datetime) -> set[str]:
        """The channels for which something may leave now."""
        query = _waiting().with_only_columns(MessengerContact.account).where(MessengerOutbox.next_at <= now).distinct()
        async with self._database.read() as session:
            return set((await session.execute(query)).scalars())

    async def claim(self, channel: str, *, now: datetime, lease_seconds: float, limit: int) -> list[Claimed]:
        """Take up to `limit` messages, each for another citizen."""
        earlier = aliased(MessengerOutbox)
        blocked = (
            select(earlier.id)
            .where(earlier.contact_id == MessengerOutbox.contact_id, earlier.status == "waiting")
            .where(earlier.id < MessengerOutbox.id)
            .exists()
        )
        query = (
            _waiting()
            .where(MessengerContact.account == channel, MessengerOutbox.next_at <= now, ~blocked)
            .order_by(MessengerOutbox.next_at, MessengerOutbox.id)
            .limit(limit)
            .with_for_update(skip_locked=True, of=MessengerOutbox)
        )
        async with self._database.write() as session:
            claimed = []
            for row, contact in (await session.execute(query)).all():
                row.attempts, row.next_at = row.attempts + 1, now + timedelta(seconds=lease_seconds)
                told = self.message(row, contact)
                claimed.append(Claimed(row.id, told["id"], _compact(told), row.attempts))
            return claimed

    async def settle(self, claimed: Claimed, after: Next, error: str) -> bool:
        """Store what came of an attempt; False: the lease had ended, and somebody else has the message."""
        async with self._database.write() as session:
            row = await session.get(MessengerOutbox, claimed.row_id, with_for_update=True)
            if row is None or row.status != "waiting" or row.attempts != claimed.attempt:
                return False
            if after.status == "delivered":
                _told(row, after.at)
            elif after.status == "dead":
                row.status, row.finished_at, row.detail = "failed", after.at, error[:200]
            else:
                row.next_at, row.detail = after.at, error[:200]
            return True

    # -- fetched by the channel -------------------------------------------------------------------------------------

    async def waiting(self, channel: str, *, now: datetime, limit: int) -> list[dict[str, Any]]:
        """The messages that a channel has not acknowledged, the oldest first."""
        query = (
            _waiting()
            .where(MessengerContact.account == channel, MessengerOutbox.next_at <= now)
            .order_by(MessengerOutbox.id)
            .limit(limit)
        )
        async with self._database.read() as session:
            return [self.message(row, contact) for row, contact in (await session.execute(query)).all()]

    async def acknowledge(self, channel: str, message_ids: Sequence[str], now: datetime) -> int:
        """The channel has these; returns how many waited. Others' and unknown ones are passed over."""
        numbers = [number for number in map(_number, message_ids) if number is not None]
        query = (
            _waiting()
            .where(MessengerContact.account == channel, MessengerOutbox.id.in_(numbers))
            .with_for_update(of=MessengerOutbox)
        )
        async with self._database.write() as session:
            rows = [row for row, _ in (await session.execute(query)).all() if message_id(row) in message_ids]
            for row in rows:
                _told(row, now)
            return len(rows)

    # -- by whoever runs the hotline --------------------------------------------------------------------------------

    async def dead(self, channel: str | None = None) -> list[DeadLetter]:
        query = _of_family("failed").order_by(MessengerOutbox.id)
        if channel is not None:
            query = query.where(MessengerContact.account == channel)
        async with self._database.read() as session:
            return [
                DeadLetter(message_id(row), contact.account, row.created_at, row.attempts, row.detail)
                for row, contact in (await session.execute(query)).all()
            ]

    async def revive(self, channel: str, now: datetime) -> int:
        """Try all dead letters of a channel again, from the first attempt."""
        async with self._database.write() as session:
            query = _of_family("failed").where(MessengerContact.account == channel)
            rows = [row for row, _ in (await session.execute(query)).all()]
            for row in rows:
                row.status, row.attempts, row.next_at, row.finished_at = "waiting", 0, now, None
            return len(rows)

    async def give_up(self, before: datetime) -> None:
        """What nobody fetched for too long becomes a dead letter, and is forgotten like one."""
        ours = select(MessengerContact.id).where(MessengerContact.channel == FAMILY)
        stale = (MessengerOutbox.status.in_(("waiting", "held")), MessengerOutbox.created_at < before)
        async with self._database.write() as session:
            await session.execute(
                update(MessengerOutbox)
                .where(*stale, MessengerOutbox.contact_id.in_(ours))
                .values(status="failed", detail="not fetched in time")
            )

    def message(self, row: MessengerOutbox, contact: MessengerContact) -> dict[str, Any]:
        """As a channel gets it (`docs/channel-api.md`)."""
        label = self._labels.get(row.role, "")
        return {
            "id": message_id(row),
            "type": "order_notice" if row.kind == "notice" else "text",
            "user_id": contact.user_id,
            "conversation_id": row.conversation_id,
            "author": "seat" if row.role == "seat" else "machine",
            "label": label,
            "text": f"{label}{row.body.get('text', '')}",
            "citations": row.body.get("citations", []),
            "order": row.body.get("order"),
            "created_at": row.created_at.isoformat(),
        }


def message_id(row: MessengerOutbox) -> str:
    """Its number, and a check of what it tells: a number that a restored database gives out again is another one."""
    return f"m{row.id}-{hashlib.sha256(row.key.encode()).hexdigest()[:16]}"


def _number(text: str) -> int | None:
    number = text.partition("-")[0].removeprefix("m")
    return int(number) if number.isascii() and number.isdigit() and len(number) < 18 else None


def _of_family(status: str) -> Select[MessengerOutbox, MessengerContact]:
    return (
        select(MessengerOutbox, MessengerContact)
        .join(MessengerContact, MessengerContact.id == MessengerOutbox.contact_id)
        .where(MessengerContact.channel == FAMILY, MessengerOutbox.status == status)
    )


def _waiting() -> Select[MessengerOutbox, MessengerContact]:
    return _of_family("waiting").where(MessengerContact.reachable)


def _told(row: MessengerOutbox, now: datetime) -> None:
    row.status, row.finished_at, row.body, row.detail = "sent", now, {}, ""


def _compact(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
