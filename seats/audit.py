"""The audit log: who saw which personal data, who logged in, who changed an account. Only ever added to.

Each entry is sealed with a key that is not in the database, over itself and the seal before it: what was changed, left
out or cut off shows (`verify`). Subjects are numbers of orders and ids of ours; no entry holds what a citizen said.
The database itself refuses changes (triggers), and to delete what is younger than six months.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, get_args

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from base.clock import Clock, SystemClock
from storage.engine import Database
from storage.tables import AuditEntry, AuditHead

Action = Literal[
    "login",
    "login.refused",
    "login.paused",
    "logout",
    "session.ended",
    "account.added",
    "account.password",
    "account.role",
    "account.opened",
    "account.closed",
    "unit.contact",
    "factor.enrolled",
    "factor.removed",
    "factor.recovery",
    "order.viewed",
    "order.revealed",
    "orders.listed",
    "orders.exported",
    "order.filed",
    "order.corrected",
    "callbacks.listed",
    "callback.revealed",
    "callback.released",
    "callback.reopened",
    "visit.revealed",
    "visit.released",
    "visit.told",
    "conversation.viewed",
    "conversation.listened",
    "conversation.reassigned",
    "review.written",
    "report.exported",
    "history.viewed",
    "similar.viewed",
    "recording.heard",
    "attachment.opened",
    "media.opened",
    "citizen.erased",
    "retention.erased",
    "keys.rotated",
    "keys.retired",
    "audit.exported",
    "audit.removed",
]
ACTIONS: Final[tuple[str, ...]] = get_args(Action)
_AT_ONCE: Final = 1_000
_PROBLEMS_TOLD: Final = 20


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log."""

    seq: int
    at: datetime
    action: str
    actor: str
    subject: str
    address: str
    detail: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        return {
            "seq": self.seq,
            "at": self.at.isoformat(),
            "action": self.action,
            "actor": self.actor,
            "subject": self.subject,
            "address": self.address,
            "detail": self.detail,
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """`problems` empty: every entry from `first` to `last` is there and as it was written. `seal`: of the last one;
    kept elsewhere, it proves later that nothing before it was replaced."""

    entries: int
    first: int
    last: int
    seal: str
    problems: tuple[str, ...]


class AuditLog:
    """One instance a process."""

    def __init__(self, database: Database, *, clock: Clock | None = None) -> None:
        self._database = database
        self._clock = clock or SystemClock()

    async def add(
        self,
        session: AsyncSession,
        action: Action,
        *,
        actor: str,
        subject: str = "",
        address: str = "",
        detail: Mapping[str, Any] | None = None,
    ) -> int:
        """Inside the caller's transaction: what is logged and the line are kept together. Returns its number."""
        head = (await session.execute(select(AuditHead).where(AuditHead.id == 1).with_for_update())).scalar_one()
        entry = Entry(
            head.seq + 1, self._clock.now(), action, actor[:80], subject[:120], address[:64], dict(detail or {})
        )
        seal = self._seal(entry, head.seal)
        session.add(AuditEntry(**{**_values(entry), "seal": seal}))
        head.seq, head.seal = entry.seq, seal
        return entry.seq

    async def record(
        self,
        action: Action,
        *,
        actor: str,
        subject: str = "",
        address: str = "",
        detail: Mapping[str, Any] | None = None,
    ) -> int:
        """In a transaction of its own. It raises where the line cannot be written: then nothing is to be shown."""
        async with self._database.write() as session:
            return await self.add(session, action, actor=actor, subject=subject, address=address, detail=detail)

    async def entries(
        self, *, actor: str = "", action: str = "", subject: str = "", before: int | None = None, limit: int = 100
    ) -> list[Entry]:
        """Newest first; `before`: older than this number."""
        query = select(AuditEntry).order_by(AuditEntry.seq.desc()).limit(limit)
        for column, wanted in (
            (AuditEntry.actor, actor),
            (AuditEntry.action, action),
            (AuditEntry.subject, subject),
        ):
            query = query.where(column == wanted) if wanted else query
        if before is not None:
            query = query.where(AuditEntry.seq < before)
        async with self._database.read() as session:
            return [_entry(row) for row in (await session.execute(query)).scalars()]

    async def all(self, *, since: datetime | None = None) -> AsyncIterator[tuple[Entry, str]]:
        """Every entry with its seal, oldest first."""
        async for row in self._rows(since=since):
            yield _entry(row), row.seal

    async def head(self) -> tuple[int, str]:
        """Number and seal of the newest entry."""
        async with self._database.read() as session:
            head = (await session.execute(select(AuditHead).where(AuditHead.id == 1))).scalar_one()
        return head.seq, head.seal

    async def verify(self) -> Verdict:
        """Read the whole log and compare."""
        async with self._database.read() as session:
            head = (await session.execute(select(AuditHead).where(AuditHead.id == 1))).scalar_one_or_none()
        if head is None:
            return Verdict(0, 0, 0, "", ("the head of the log is gone",))
        problems: list[str] = []
        expected, before, first, count = head.removed_seq + 1, head.removed_seal, 0, 0
        async for row in self._rows(until=head.seq):
            first, count = first or row.seq, count + 1
            if row.seq != expected:
                problems.append(f"{row.seq - expected} missing from {expected} on")
                expected, before = row.seq, ""  # its seal cannot be checked against what is gone
            elif not hmac.compare_digest(self._seal(_entry(row), before), row.seal):
                problems.append(f"entry {row.seq} is not as it was written")
            expected, before = row.seq + 1, row.seal
        if expected - 1 != head.seq:
            problems.append(f"{head.seq - expected + 1} missing at the end, from {expected} on")
        elif count and before != head.seal:
            problems.append("the last entry is not the one that was written")
        return Verdict(count, first, expected - 1, before, tuple(problems[:_PROBLEMS_TOLD]))

    async def remove_older(self, days: int) -> int:
        """Forget what is older than `days` (at least 183); how many. That it was done is an entry itself."""
        limit = self._clock.now() - timedelta(days=max(days, 183))
        async with self._database.write() as session:
            head = (await session.execute(select(AuditHead).where(AuditHead.id == 1).with_for_update())).scalar_one()
            # an entry that was written late (a clock set back) keeps everything after it, so that no gap arises
            kept = select(func.min(AuditEntry.seq)).where(AuditEntry.at >= limit)
            first_kept = (await session.execute(kept)).scalar_one_or_none() or head.seq
            last = await session.get(AuditEntry, first_kept - 1)
            if last is None:
                return 0
            counted = select(func.count()).select_from(AuditEntry).where(AuditEntry.seq < first_kept)
            count = (await session.execute(counted)).scalar_one()
            head.removed_seq, head.removed_seal = last.seq, last.seal
            await session.execute(delete(AuditEntry).where(AuditEntry.seq < first_kept))
            await self.add(session, "audit.removed", actor="system:core", detail={"entries": count, "days": days})
        return count

    async def _rows(self, *, since: datetime | None = None, until: int | None = None) -> AsyncIterator[AuditEntry]:
        after = 0
        while True:
            query = select(AuditEntry).where(AuditEntry.seq > after).order_by(AuditEntry.seq).limit(_AT_ONCE)
            query = query if since is None else query.where(AuditEntry.at >= since)
            query = query if until is None else query.where(AuditEntry.seq <= until)
            async with self._database.read() as session:
                rows = list((await session.execute(query)).scalars())
            for row in rows:
                yield row
            if len(rows) < _AT_ONCE:
                return
            after = rows[-1].seq

    def _seal(self, entry: Entry, before: str) -> str:
        at = entry.at.astimezone(UTC).isoformat()
        told = [entry.seq, at, entry.action, entry.actor, entry.subject, entry.address, entry.detail, before]
        text = json.dumps(told, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
        return hmac.new(self._database.keyring.keys.audit, text.encode(), hashlib.sha256).hexdigest()


def _values(entry: Entry) -> dict[str, Any]:
    return {
        "seq": entry.seq,
        "at": entry.at,
        "action": entry.action,
        "actor": entry.actor,
        "subject": entry.subject,
        "address": entry.address,
        "detail": entry.detail,
    }


def _entry(row: AuditEntry) -> Entry:
    return Entry(row.seq, row.at, row.action, row.actor, row.subject, row.address, row.detail)
