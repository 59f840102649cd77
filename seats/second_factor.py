"""The second factor of an account: codes of a telephone, and ten codes on paper for the day when it is lost."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from base.clock import Clock, SystemClock
from seats import totp
from seats.audit import AuditLog
from seats.passwords import Passwords
from storage.engine import Database
from storage.tables import RecoveryCode, Seat

RECOVERY_CODES: Final = 10
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an app needs; shown once. `repr` tells neither."""

    secret: str
    uri: str

    def __repr__(self) -> str:
        return "Enrolment(…)"


class SecondFactor:
    """One instance a process. A code of the telephone is good once, whichever core is asked."""

    def __init__(self, database: Database, passwords: Passwords, *, clock: Clock | None = None) -> None:
        self._database = database
        self._passwords = passwords
        self._clock = clock or SystemClock()
        self._audit = AuditLog(database, clock=self._clock)

    async def begin(self, seat_id: str, issuer: str) -> Enrolment | None:
        """A new secret, which counts once its first code was told; None where a factor is in use already."""
        secret = totp.new_secret()
        async with self._database.write() as session:
            seat = await _locked(session, seat_id)
            if seat is None or seat.totp_since is not None:
                return None
            seat.totp_secret, seat.totp_step = secret, None
            return Enrolment(secret, totp.uri(secret, seat.login, issuer))

    async def confirm(self, seat_id: str, code: str, *, address: str = "") -> list[str] | None:
        """The first code: from now on one is asked for at every login. Returns the recovery codes, told once; None for
        a wrong code, or where nothing was begun."""
        codes = [_recovery_code() for _ in range(RECOVERY_CODES)]
        hashed = [await self._passwords.hash(_normal(one)) for one in codes]
        now = self._clock.now()
        async with self._database.write() as session:
            seat = await _locked(session, seat_id)
            if seat is None or seat.totp_since is not None or not seat.totp_secret:
                return None
            step = totp.accepted_step(seat.totp_secret, code.replace(" ", ""), now, last=None)
            if step is None:
                return None
            seat.totp_since, seat.totp_step = now, step
            await session.execute(delete(RecoveryCode).where(RecoveryCode.seat_id == seat_id))
            session.add_all([RecoveryCode(seat_id=seat_id, code_hash=one) for one in hashed])
            await self._audit.add(session, "factor.enrolled", actor=f"seat:{seat_id}", subject=seat_id, address=address)
        return codes

    async def check(self, seat_id: str, code: str, *, address: str = "") -> bool:
        """Whether this is a code of now that was not used yet, or an unused one from paper; it is used up by this."""
        given = code.replace(" ", "")
        async with self._database.write() as session:
            seat = await _locked(session, seat_id)
            if seat is None or seat.totp_since is None or not seat.totp_secret:
                return False
            step = totp.accepted_step(seat.totp_secret, given, self._clock.now(), last=seat.totp_step)
            if step is not None:
                seat.totp_step = step
                return True
        if given.isdecimal():  # no recovery code: they have letters
            return False
        return await self._check_paper(seat_id, code, address)

    async def remove(self, seat_id: str, *, actor: str) -> bool:
        """The telephone is lost: the next login goes without, or asks for a new one. False where there was none."""
        async with self._database.write() as session:
            seat = await _locked(session, seat_id)
            if seat is None or seat.totp_secret is None:
                return False
            seat.totp_secret = seat.totp_since = seat.totp_step = None
            await session.execute(delete(RecoveryCode).where(RecoveryCode.seat_id == seat_id))
            await self._audit.add(session, "factor.removed", actor=actor, subject=seat_id)
        return True

    async def in_use(self, seat_id: str) -> bool:
        async with self._database.read() as session:
            query = select(Seat.totp_since).where(Seat.id == seat_id)
            return (await session.execute(query)).scalar_one_or_none() is not None

    async def _check_paper(self, seat_id: str, code: str, address: str) -> bool:
        query = select(RecoveryCode).where(RecoveryCode.seat_id == seat_id, RecoveryCode.used_at.is_(None))
        async with self._database.read() as session:
            left = list((await session.execute(query)).scalars())
        given = _normal(code)
        for one in left:  # ten at most; each takes its tens of milliseconds
            if not await self._passwords.matches(one.code_hash, given):
                continue
            async with self._database.write() as session:
                found = query.where(RecoveryCode.id == one.id).with_for_update()
                row = (await session.execute(found)).scalar_one_or_none()
                if row is None:
                    return False  # used by another core at the same moment
                row.used_at = self._clock.now()
                detail = {"left": len(left) - 1}
                await self._audit.add(
                    session,
                    "factor.recovery",
                    actor=f"seat:{seat_id}",
                    subject=seat_id,
                    address=address,
                    detail=detail,
                )
            return True
        return False


async def _locked(session: AsyncSession, seat_id: str) -> Seat | None:
    return (await session.execute(select(Seat).where(Seat.id == seat_id).with_for_update())).scalar_one_or_none()


def _recovery_code() -> str:
    """Fifty random bits in two groups that can be read and typed."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(2))


def _normal(code: str) -> str:
    return "".join(character for character in code.lower() if character.isalnum())
