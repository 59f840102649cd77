"""Logins: opened, listed, ended. The cookie holds 256 random bits, the database their hash alone.

A login is `full`, or half done: `code` (the code of the telephone is still to come), `enrol` (the role asks for a
second factor that the account has not got yet). A half-done login opens nothing and lasts minutes.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal, cast

from sqlalchemy import delete, select

from base.clock import Clock, SystemClock
from base.ids import new_id
from seats.audit import AuditLog
from storage.engine import Database
from storage.tables import Seat, SeatSession

Stage = Literal["full", "code", "enrol"]
_HALF_DONE: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class LoginOf:
    """Whose token it is, and how far the login has come."""

    seat: Seat
    session_id: str
    stage: Stage


class Sessions:
    """One instance a process."""

    def __init__(self, database: Database, *, clock: Clock | None = None, hours: float = 12.0) -> None:
        self._database = database
        self._clock = clock or SystemClock()
        self._audit = AuditLog(database, clock=self._clock)
        self._length = timedelta(hours=hours)

    async def open(
        self, seat_id: str, *, stage: Stage = "full", address: str = "", agent: str = "", instead_of: str = ""
    ) -> str:
        """A new token. `instead_of`: the token of a login that ends by this, whatever it was: no login ever goes on
        with a token that was known before. Expired ones are cleared on the way."""
        token, now = secrets.token_urlsafe(32), self._clock.now()
        async with self._database.write() as session:
            await session.execute(delete(SeatSession).where(SeatSession.expires_at <= now))
            if instead_of:
                await session.execute(delete(SeatSession).where(SeatSession.token_hash == _hash(instead_of)))
            session.add(
                SeatSession(
                    id=new_id("ss_"),
                    token_hash=_hash(token),
                    seat_id=seat_id,
                    stage=stage,
                    address=address[:64],
                    agent=agent[:200],
                    created_at=now,
                    expires_at=now + (self._length if stage == "full" else _HALF_DONE),
                )
            )
            if stage == "full":
                await self._audit.add(session, "login", actor=f"seat:{seat_id}", subject=seat_id, address=address)
        return token

    async def find(self, token: str) -> LoginOf | None:
        """None where it is unknown, expired, or the account was closed."""
        query = (
            select(Seat, SeatSession)
            .join(SeatSession, SeatSession.seat_id == Seat.id)
            .where(
                SeatSession.token_hash == _hash(token),
                SeatSession.expires_at > self._clock.now(),
                Seat.enabled.is_(True),
            )
        )
        async with self._database.read() as session:
            found = (await session.execute(query)).one_or_none()
        if found is None:
            return None
        return LoginOf(found[0], found[1].id, cast("Stage", found[1].stage))

    async def close(self, token: str) -> None:
        async with self._database.write() as session:
            await session.execute(delete(SeatSession).where(SeatSession.token_hash == _hash(token)))

    async def of(self, seat_id: str) -> list[dict[str, Any]]:
        """The account's logins that hold now, newest first."""
        query = (
            select(SeatSession)
            .where(
                SeatSession.seat_id == seat_id,
                SeatSession.stage == "full",
                SeatSession.expires_at > self._clock.now(),
            )
            .order_by(SeatSession.created_at.desc())
        )
        async with self._database.read() as session:
            return [_shown(row) for row in (await session.execute(query)).scalars()]

    async def end(self, seat_id: str, *, actor: str, session_id: str = "", but: str = "", address: str = "") -> int:
        """End one login of an account (`session_id`) or all of them, `but` one; how many."""
        query = select(SeatSession).where(SeatSession.seat_id == seat_id, SeatSession.id != but)
        if session_id:
            query = query.where(SeatSession.id == session_id)
        async with self._database.write() as session:
            rows = list((await session.execute(query.with_for_update())).scalars())
            for row in rows:
                await session.delete(row)
            if rows:
                detail = {"sessions": [row.id for row in rows]}
                await self._audit.add(
                    session, "session.ended", actor=actor, subject=seat_id, address=address, detail=detail
                )
        return len(rows)


def _shown(row: SeatSession) -> dict[str, Any]:
    return {
        "id": row.id,
        "address": row.address,
        "agent": row.agent,
        "since": _iso(row.created_at),
        "until": _iso(row.expires_at),
    }


def _iso(moment: datetime) -> str:
    return moment.isoformat()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
