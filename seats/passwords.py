"""Passwords: argon2id, in a thread, a few at once."""

from __future__ import annotations

import asyncio
import secrets
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from base.errors import HotlineError

MINIMUM_PASSWORD_CHARACTERS: Final = 10
MAXIMUM_PASSWORD_CHARACTERS: Final = 200
COST: Final = RFC_9106_LOW_MEMORY  # 64 MiB, three passes
_AT_ONCE: Final = 2


class SeatError(HotlineError):
    """An account cannot be made or changed; the message is for the person at the terminal."""


class Passwords:
    """Hashing takes tens of milliseconds by design, so it never runs on the event loop."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher.from_parameters(COST)
        self._hashing = asyncio.Semaphore(_AT_ONCE)
        self._decoy: str | None = None

    async def hash(self, password: str) -> str:
        async with self._hashing:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def matches(self, hashed: str | None, password: str) -> bool:
        """`hashed` None: the same work for nothing, so that time does not tell whether there is an account."""
        if hashed is None:
            self._decoy = self._decoy or await self.hash(secrets.token_hex(16))

        def check(against: str) -> bool:
            try:
                return self._hasher.verify(against, password)
            except (VerificationError, InvalidHashError):
                return False

        async with self._hashing:
            same = await asyncio.to_thread(check, hashed or self._decoy or "")
        return same and hashed is not None


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
