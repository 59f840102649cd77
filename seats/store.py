"""Seat accounts and logins. Passwords are argon2id hashes, session tokens are stored as SHA-256 only."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from base.clock import Clock, SystemClock
from base.errors import HotlineError
from base.ids import new_id
from seats.permissions import ROLES
from storage.engine import Database
from storage.tables import Seat, SeatSession

MINIMUM_PASSWORD_CHARACTERS: Final = 10
MAXIMUM_PASSWORD_CHARACTERS: Final = 200


class SeatError(HotlineError):
    """An account cannot be made or changed; the message is for the person at the terminal."""


@dataclass(frozen=True, slots=True)
class SeatIdentity:
    """Who is logged in."""

    id: str
    login: str
    display_name: str
    role: str
    enabled: bool = True
    unit: str = ""  # of the role `unit`

    def as_dict(self) -> dict[str, str]:
        return {"id": self.id, "display_name": self.display_name, "role": self.role}


class SeatStore:
    """One instance a process. Hashing runs in a thread: it takes tens of milliseconds by design."""

    def __init__(self, database: Database, *, clock: Clock | None = None, session_hours: float = 12.0) -> None:
        self._database = database
        self._clock = clock or SystemClock()
        self._session_length = timedelta(hours=session_hours)
        self._hasher = PasswordHasher()
        self._hashing = asyncio.Semaphore(2)  # each hash takes 64 MiB
        self._decoy: str | None = None

    async def add(
        self, login: str, password: str, *, display_name: str = "", role: str = "seat", unit: str = ""
    ) -> SeatIdentity:
        """Make an account. `unit`: whose orders an account of the role `unit` handles; no other role has one.

        Raises:
            SeatError: the login is taken or empty, the password too short, the role unknown, or it lacks its unit.
        """
        login = login.strip()
        if not 1 <= len(login) <= 64 or any(character.isspace() for character in login):
            raise SeatError("a login has 1 to 64 characters and no spaces")
        if role not in ROLES:
            raise SeatError(f"a role is one of {', '.join(ROLES)}, not {role!r}")
        unit = unit.strip()
        if (role == "unit") != bool(unit):
            raise SeatError("an account of the role 'unit' has a unit, and no other role has one")
        if len(unit) > 128:
            raise SeatError("the name of a unit has at most 128 characters")
        check_password(password)
        seat = Seat(
            id=new_id("s"),
            login=login,
            display_name=(display_name.strip() or login)[:64],
            password_hash=await self._hash(password),
            role=role,
            unit=unit or None,
            created_at=self._clock.now(),
        )
        try:
            async with self._database.write() as session:
                session.add(seat)
        except IntegrityError as error:
            raise SeatError(f"there is already a seat with the login {login!r}") from error
        return _identity(seat)

    async def set_password(self, login: str, password: str) -> None:
        """Change a password; every login of the account ends.

        Raises:
            SeatError: no such login, or the password is too short.
        """
        check_password(password)
        hashed = await self._hash(password)
        async with self._database.write() as session:
            seat = (await session.execute(select(Seat).where(Seat.login == login))).scalar_one_or_none()
            if seat is None:
                raise SeatError(f"no seat has the login {login!r}")
            seat.password_hash = hashed
            await session.execute(delete(SeatSession).where(SeatSession.seat_id == seat.id))

    async def accounts(self) -> list[SeatIdentity]:
        async with self._database.read() as session:
            return [_identity(seat) for seat in (await session.execute(select(Seat).order_by(Seat.login))).scalars()]

    async def set_enabled(self, login: str, enabled: bool) -> SeatIdentity:
        """Open or close an account; closing ends its logins at once.

        Raises:
            SeatError: no such login.
        """
        async with self._database.write() as session:
            seat = (await session.execute(select(Seat).where(Seat.login == login))).scalar_one_or_none()
            if seat is None:
                raise SeatError(f"no seat has the login {login!r}")
            seat.enabled = enabled
            if not enabled:
                await session.execute(delete(SeatSession).where(SeatSession.seat_id == seat.id))
            return _identity(seat)

    async def verify(self, login: str, password: str) -> SeatIdentity | None:
        """The account, or None: unknown login, wrong password or closed account, all after the same work."""
        if len(password) > MAXIMUM_PASSWORD_CHARACTERS or len(login) > 64:
            login, password = "", ""
        async with self._database.read() as session:
            seat = (await session.execute(select(Seat).where(Seat.login == login))).scalar_one_or_none()
        if seat is None:
            if self._decoy is None:
                self._decoy = await self._hash(secrets.token_hex(16))
            await self._matches(self._decoy, password)
            return None
        matches = await self._matches(seat.password_hash, password)
        return _identity(seat) if matches and seat.enabled else None

    async def open_session(self, seat_id: str) -> str:
        """Log in: returns the token for the cookie, 256 random bits. Expired sessions are cleared on the way."""
        token, now = secrets.token_urlsafe(32), self._clock.now()
        async with self._database.write() as session:
            await session.execute(delete(SeatSession).where(SeatSession.expires_at <= now))
            session.add(
                SeatSession(
                    id=new_id("ss_"),
                    token_hash=_token_hash(token),
                    seat_id=seat_id,
                    created_at=now,
                    expires_at=now + self._session_length,
                )
            )
        return token

    async def identify(self, token: str) -> SeatIdentity | None:
        """Whose token this is; None where it is unknown, expired, or the account was closed."""
        query = (
            select(Seat)
            .join(SeatSession, SeatSession.seat_id == Seat.id)
            .where(
                SeatSession.token_hash == _token_hash(token),
                SeatSession.expires_at > self._clock.now(),
                Seat.enabled.is_(True),
            )
        )
        async with self._database.read() as session:
            seat = (await session.execute(query)).scalar_one_or_none()
        return None if seat is None else _identity(seat)

    async def close_session(self, token: str) -> None:
        async with self._database.write() as session:
            await session.execute(delete(SeatSession).where(SeatSession.token_hash == _token_hash(token)))

    async def _hash(self, password: str) -> str:
        async with self._hashing:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def _matches(self, hashed: str, password: str) -> bool:
        def check() -> bool:
            try:
                return self._hasher.verify(hashed, password)
            except (VerificationError, InvalidHashError):
                return False

        async with self._hashing:
            return await asyncio.to_thread(check)


def check_password(password: str) -> None:
    """
    Raises:
        SeatError: too short or too long.
    """
    if not MINIMUM_PASSWORD_CHARACTERS <= len(password) <= MAXIMUM_PASSWORD_CHARACTERS:
        raise SeatError(f"a password has {MINIMUM_PASSWORD_CHARACTERS} to {MAXIMUM_PASSWORD_CHARACTERS} characters")


def generate_password() -> str:
    """A password to be told once: 4 groups of 4 letters and digits that cannot be mistaken for each other."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))


def _token_hash(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def _identity(seat: Seat) -> SeatIdentity:
    return SeatIdentity(seat.id, seat.login, seat.display_name, seat.role, seat.enabled, seat.unit or "")
