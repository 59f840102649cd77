"""The outbox in the database: who may send what now, what came of it, and what was given up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast

from sqlalchemy import CursorResult, delete, func, or_, select, update
from sqlalchemy.orm import aliased

from storage.engine import Database
from storage.order_tables import OutboxMessage
from workorders.outbox.schedule import Next

_UNSETTLED: Final = ("waiting", "dead")  # what comes after such a message of the same order waits
_FINISHED: Final = ("delivered", "dropped")
_CLEAN_UP_BATCH: Final = 5_000


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that this sender alone may send until its lease ends. `attempt` counts from 1."""

    id: int
    message_id: str
    order_no: str
    body: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Settled:
    id: int
    attempt: int
    next: Next
    error: str


@dataclass(frozen=True, slots=True)
class Backlog:
    """Of one target. `oldest_at`: since when its first message that is not dead waits."""

    waiting: int
    dead: int
    oldest_at: datetime | None


class OutboxStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, target: str, *, owner: str, now: datetime, lease_seconds: float, limit: int) -> list[Claimed]:
        """Take up to `limit` messages that are due, of each order only the first that is not settled."""
        due = _due(target, now).limit(limit)
        async with self._database.read() as session:  # most looks find nothing, and need no write lock
            if (await session.execute(due.limit(1))).first() is None:
                return []
        async with self._database.write() as session:
            query = due.with_for_update(skip_locked=True, of=OutboxMessage)
            rows = list((await session.execute(query)).scalars())
            for row in rows:
                row.lease_owner, row.lease_until = owner, now + timedelta(seconds=lease_seconds)
            return [Claimed(row.id, row.message_id, row.order_no, row.body, row.attempts + 1) for row in rows]

    async def settle(self, results: Sequence[Settled], *, owner: str) -> int:
        """Store what came of claimed messages; returns how many were still ours. One whose lease ended meanwhile is
        left to whoever has it now: it may go out twice, never not at all."""
        count = 0
        async with self._database.write() as session:
            for result in results:
                values: dict[str, Any] = {
                    "status": result.next.status,
                    "attempts": result.attempt,
                    "next_at": result.next.at,
                    "last_error": result.error[:200],
                    "lease_owner": None,
                    "lease_until": None,
                    "finished_at": None if result.next.status == "waiting" else result.next.at,
                }
                ours = (OutboxMessage.id == result.id, OutboxMessage.lease_owner == owner)
                done = await session.execute(update(OutboxMessage).where(*ours).values(values))
                count += cast("CursorResult[Any]", done).rowcount
        return count

    async def backlog(self, target: str) -> Backlog:
        query = (
            select(OutboxMessage.status, func.count(), func.min(OutboxMessage.created_at))
            .where(OutboxMessage.target == target, OutboxMessage.status.in_(_UNSETTLED))
            .group_by(OutboxMessage.status)
        )
        async with self._database.read() as session:
            rows = {status: (count, oldest) for status, count, oldest in (await session.execute(query)).all()}
        waiting, oldest = rows.get("waiting", (0, None))
        return Backlog(waiting, rows.get("dead", (0, None))[0], oldest)

    async def of_others(self, targets: Sequence[str]) -> dict[str, int]:
        """How many messages wait for targets that are none of these: their settings are gone."""
        query = select(OutboxMessage.target, func.count()).where(
            OutboxMessage.status.in_(_UNSETTLED), OutboxMessage.target.not_in(targets)
        )
        async with self._database.read() as session:
            rows = (await session.execute(query.group_by(OutboxMessage.target))).all()
        return {str(target): int(count) for target, count in rows}

    async def clean_up(self, before: datetime) -> int:
        """Forget what was settled before a moment; returns how many messages."""
        old = select(OutboxMessage.id).where(
            OutboxMessage.status.in_(_FINISHED), OutboxMessage.finished_at < before
        ).limit(_CLEAN_UP_BATCH)  # fmt: skip
        async with self._database.write() as session:
            done = await session.execute(delete(OutboxMessage).where(OutboxMessage.id.in_(old)))
            return cast("CursorResult[Any]", done).rowcount

    # -- dead letters --------------------------------------------------------------------------------------------

    async def dead_letters(self, target: str | None = None) -> list[tuple[OutboxMessage, int]]:
        """What was given up, oldest first, and how many later messages of the same order wait behind each."""
        behind = aliased(OutboxMessage)
        held = (
            select(func.count(behind.id))
            .where(behind.target == OutboxMessage.target, behind.order_no == OutboxMessage.order_no)
            .where(behind.id > OutboxMessage.id, behind.status == "waiting")
            .scalar_subquery()
        )
        query = select(OutboxMessage, held).where(OutboxMessage.status == "dead").order_by(OutboxMessage.id)
        if target is not None:
            query = query.where(OutboxMessage.target == target)
        async with self._database.read() as session:
            return [(row, count) for row, count in (await session.execute(query)).all()]

    async def revive(self, *, now: datetime, message_ids: Sequence[str] = (), target: str | None = None) -> int:
        """Try dead letters again, from the first attempt: those named, else all (of `target`)."""
        return await self._move_dead(
            {"status": "waiting", "attempts": 0, "next_at": now, "finished_at": None}, message_ids, target
        )

    async def drop(self, *, now: datetime, message_ids: Sequence[str]) -> int:
        """Let go of dead letters that need not be delivered; what waits behind them goes on."""
        return await self._move_dead({"status": "dropped", "finished_at": now}, message_ids, None) if message_ids else 0

    async def _move_dead(self, values: dict[str, Any], message_ids: Sequence[str], target: str | None) -> int:
        change = update(OutboxMessage).where(OutboxMessage.status == "dead").values(values)
        if message_ids:
            change = change.where(OutboxMessage.message_id.in_(message_ids))
        if target is not None:
            change = change.where(OutboxMessage.target == target)
        async with self._database.write() as session:
            return cast("CursorResult[Any]", await session.execute(change)).rowcount


def _due(target: str, now: datetime) -> Any:
    earlier = aliased(OutboxMessage)
    blocked = (
        select(earlier.id)
        .where(earlier.target == OutboxMessage.target, earlier.order_no == OutboxMessage.order_no)
        .where(earlier.id < OutboxMessage.id, earlier.status.in_(_UNSETTLED))
        .exists()
    )
    free = or_(OutboxMessage.lease_until.is_(None), OutboxMessage.lease_until <= now)
    return (
        select(OutboxMessage)
        .where(OutboxMessage.target == target, OutboxMessage.status == "waiting", OutboxMessage.next_at <= now)
        .where(free, ~blocked)
        .order_by(OutboxMessage.next_at, OutboxMessage.id)
    )
