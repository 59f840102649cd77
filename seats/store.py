"""Accounts: made, changed, closed, identified. Each change is an entry of the audit log; its logins end with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from base.clock import Clock, SystemClock
from base.ids import new_id
from seats.audit import Action, AuditLog
from seats.passwords import MAXIMUM_PASSWORD_CHARACTERS, Passwords, check_password
from seats.passwords import SeatError as SeatError
from seats.passwords import generate_password as generate_password
from seats.permissions import ROLES
from seats.second_factor import SecondFactor
from seats.sessions import Sessions
from storage.engine import Database
from storage.tables import Seat, SeatSession

SETUP: Final = "system:setup"  # as whom the first account is made


@dataclass(frozen=True, slots=True)
class SeatIdentity:
    """Who is logged in."""

    id: str
    login: str
    display_name: str
    role: str
    enabled: bool = True
    unit: str = ""  # of the role `unit`
    session_id: str = ""  # by which this login is ended

    def as_dict(self) -> dict[str, str]:
        return {"id": self.id, "display_name": self.display_name, "role": self.role}


class SeatStore:
    """One instance a process."""

    def __init__(self, database: Database, *, clock: Clock | None = None, session_hours: float = 12.0) -> None:
        self._database = database
        self._clock = clock or SystemClock()
        self._audit = AuditLog(database, clock=self._clock)
        self.passwords = Passwords()
        self.sessions = Sessions(database, clock=self._clock, hours=session_hours)
        self.factor = SecondFactor(database, self.passwords, clock=self._clock)

    async def add(
        self,
        login: str,
        password: str,
        *,
        display_name: str = "",
        role: str = "seat",
        unit: str = "",
        actor: str = SETUP,
        external_id: str | None = None,
    ) -> SeatIdentity:
        """Make an account. `unit`: whose orders an account of the role `unit` handles; no other role has one.
        `external_id`: by which the identity provider knows it.

        Raises:
            SeatError: the login is taken or empty, the password too short, the role unknown, or it lacks its unit.
        """
        login = login.strip()
        if not 1 <= len(login) <= 64 or any(character.isspace() for character in login):
            raise SeatError("a login has 1 to 64 characters and no spaces")
        unit = _checked(role, unit)
        check_password(password)
        seat = Seat(
            id=new_id("s"),
            login=login,
            display_name=(display_name.strip() or login)[:64],
            password_hash=await self.passwords.hash(password),
            role=role,
            unit=unit or None,
            external_id=external_id,
            created_at=self._clock.now(),
        )
        try:
            async with self._database.write() as session:
                session.add(seat)
                await session.flush()
                await self._note(session, "account.added", seat, actor, role=role)
        except IntegrityError as error:
            raise SeatError(f"there is already a seat with the login {login!r}") from error
        return _identity(seat)

    async def set_password(self, login: str, password: str, *, actor: str = SETUP, keep_session: str = "") -> None:
        """Change a password; every login of the account ends, but `keep_session`.

        Raises:
            SeatError: no such login, or the password is too short.
        """
        check_password(password)
        hashed = await self.passwords.hash(password)
        async with self._database.write() as session:
            seat = await _by_login(session, login)
            seat.password_hash = hashed
            await _end_logins(session, seat, but=keep_session)
            await self._note(session, "account.password", seat, actor)

    async def set_role(self, login: str, role: str, *, unit: str = "", actor: str) -> SeatIdentity:
        """Another role; every login of the account ends, so that nothing goes on with the old one.

        Raises:
            SeatError: no such login, no such role, or it lacks its unit.
        """
        unit = _checked(role, unit)
        async with self._database.write() as session:
            seat = await _by_login(session, login)
            before, seat.role, seat.unit = seat.role, role, unit or None
            await _end_logins(session, seat)
            await self._note(session, "account.role", seat, actor, before=before, after=role)
            return _identity(seat)

    async def accounts(self) -> list[SeatIdentity]:
        async with self._database.read() as session:
            return [_identity(seat) for seat in (await session.execute(select(Seat).order_by(Seat.login))).scalars()]

    async def account(self, seat_id: str) -> SeatIdentity | None:
        async with self._database.read() as session:
            seat = await session.get(Seat, seat_id)
        return None if seat is None else _identity(seat)

    async def by_external_id(self, external_id: str) -> SeatIdentity | None:
        """The account that the identity provider means, open or closed."""
        async with self._database.read() as session:
            query = select(Seat).where(Seat.external_id == external_id)
            seat = (await session.execute(query)).scalar_one_or_none()
        return None if seat is None else _identity(seat)

    async def set_enabled(self, login: str, enabled: bool, *, actor: str = SETUP) -> SeatIdentity:
        """Open or close an account; closing ends its logins at once.

        Raises:
            SeatError: no such login.
        """
        async with self._database.write() as session:
            seat = await _by_login(session, login)
            seat.enabled = enabled
            if not enabled:
                await _end_logins(session, seat)
            await self._note(session, "account.opened" if enabled else "account.closed", seat, actor)
            return _identity(seat)

    async def verify(self, login: str, password: str) -> SeatIdentity | None:
        """The account, or None: unknown login, wrong password or closed account, all after the same work."""
        if len(password) > MAXIMUM_PASSWORD_CHARACTERS or len(login) > 64:
            login, password = "", ""
        async with self._database.read() as session:
            seat = (await session.execute(select(Seat).where(Seat.login == login))).scalar_one_or_none()
        matches = await self.passwords.matches(None if seat is None else seat.password_hash, password)
        return _identity(seat) if seat is not None and matches and seat.enabled else None

    async def known_login(self, login: str) -> str | None:
        """The id of the account with this login, for the audit log: what else was typed there is in no log."""
        async with self._database.read() as session:
            return (await session.execute(select(Seat.id).where(Seat.login == login[:64]))).scalar_one_or_none()

    async def open_session(self, seat_id: str) -> str:
        """A whole login; returns the token for the cookie."""
        return await self.sessions.open(seat_id)

    async def identify(self, token: str) -> SeatIdentity | None:
        """Whose token it is; None where it is unknown, expired, half done, or the account was closed."""
        found = await self.sessions.find(token)
        if found is None or found.stage != "full":
            return None
        return _identity(found.seat, found.session_id)

    async def close_session(self, token: str) -> None:
        await self.sessions.close(token)

    async def _note(self, session: AsyncSession, action: Action, seat: Seat, actor: str, **detail: Any) -> None:
        await self._audit.add(session, action, actor=actor, subject=seat.id, detail=detail)


def _checked(role: str, unit: str) -> str:
    """
    Raises:
        SeatError: the role is unknown, or it lacks its unit.
    """
    if role not in ROLES:
        raise SeatError(f"a role is one of {', '.join(ROLES)}, not {role!r}")
    unit = unit.strip()
    if (role == "unit") != bool(unit):
        raise SeatError("an account of the role 'unit' has a unit, and no other role has one")
    if len(unit) > 128:
        raise SeatError("the name of a unit has at most 128 characters")
    return unit


async def _by_login(session: AsyncSession, login: str) -> Seat:
    """The account, locked.

    Raises:
        SeatError: no such login.
    """
    found = await session.execute(select(Seat).where(Seat.login == login).with_for_update())
    seat = found.scalar_one_or_none()
    if seat is None:
        raise SeatError(f"no seat has the login {login!r}")
    return seat


async def _end_logins(session: AsyncSession, seat: Seat, *, but: str = "") -> None:
    await session.execute(delete(SeatSession).where(SeatSession.seat_id == seat.id, SeatSession.id != but))


def _identity(seat: Seat, session_id: str = "") -> SeatIdentity:
    return SeatIdentity(seat.id, seat.login, seat.display_name, seat.role, seat.enabled, seat.unit or "", session_id)
