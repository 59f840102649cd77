"""Which channels there are: rows in the database, so that every node knows them and none needs a restart."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from base.clock import Clock
from base.errors import HotlineError
from storage.channel_tables import ChannelAccount
from storage.engine import Database

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{1,15}")
_OUR_OWN: Final = frozenset({"phone", "web", "api", "wechat", "wecom", "channel", "open311", "seat"})
_READ_AGAIN_SECONDS: Final = 3.0


class ChannelError(HotlineError):
    """A channel cannot be made or changed so; the message says why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One channel. `url` empty: it fetches what is to be told. `old_secret` is taken as well until `old_until`."""

    name: str
    title: str
    url: str
    messages_a_minute: int
    enabled: bool
    secret: str = field(repr=False)
    old_secret: str | None = field(default=None, repr=False)
    old_until: datetime | None = None

    def secrets_at(self, now: datetime) -> tuple[str, ...]:
        """What a request may be signed with."""
        if self.old_secret is None or self.old_until is None or now >= self.old_until:
            return (self.secret,)
        return (self.secret, self.old_secret)


class Registry:
    """What a core knows of the channels: a few seconds old at most."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._entries: dict[str, Entry] = {}
        self._until = -1.0

    async def all(self) -> dict[str, Entry]:
        """Every channel by its name, also those that are switched off."""
        now = self._clock.monotonic()
        if now >= self._until:
            async with self._database.read() as session:
                rows = (await session.execute(select(ChannelAccount))).scalars()
                self._entries = {row.name: _entry(row) for row in rows}
            self._until = now + _READ_AGAIN_SECONDS
        return self._entries

    async def get(self, name: str) -> Entry | None:
        """One channel that is switched on."""
        entry = (await self.all()).get(name)
        return entry if entry is not None and entry.enabled else None


def _entry(row: ChannelAccount) -> Entry:
    return Entry(
        row.name,
        row.title,
        row.url,
        row.messages_a_minute,
        row.enabled,
        row.secret,
        row.old_secret,
        row.old_until,
    )


async def titles(database: Database) -> dict[str, str]:
    """What people call each channel, also those that are switched off: conversations came by them."""
    async with database.read() as session:
        rows = await session.execute(select(ChannelAccount.name, ChannelAccount.title))
        return {row.name: row.title for row in rows}


# -- by whoever runs the hotline -----------------------------------------------------------------------------------


def new_secret() -> str:
    return secrets.token_hex(32)


async def add(database: Database, name: str, *, title: str, url: str, messages_a_minute: int, now: datetime) -> str:
    """Make a channel; its secret, which is told only now.

    Raises:
        ChannelError: the name is none or taken, or the address is no http(s) address.
    """
    if _NAME.fullmatch(name) is None or name in _OUR_OWN:
        raise ChannelError(f"{name!r}: a name has 2 to 16 small letters, digits and _, and is none of our own channels")
    secret = new_secret()
    async with database.write() as session:
        if await session.get(ChannelAccount, name) is not None:
            raise ChannelError(f"the channel {name} is there already")
        session.add(
            ChannelAccount(
                name=name,
                title=(title or name)[:64],
                secret=secret,
                url=checked_url(url),
                messages_a_minute=messages_a_minute,
                enabled=True,
                created_at=now,
            )
        )
    return secret


async def rotate(database: Database, name: str, *, old_lasts: timedelta, now: datetime) -> str:
    """A new secret; the old one is taken a while longer. Raises ChannelError: there is no such channel."""
    secret = new_secret()
    async with database.write() as session:
        row = await _locked(session, name)
        row.old_secret, row.old_until = row.secret, now + old_lasts
        row.secret = secret
    return secret


async def change(database: Database, name: str, *, enabled: bool | None = None, url: str | None = None) -> None:
    """Raises ChannelError: there is no such channel, or the address is none."""
    async with database.write() as session:
        row = await _locked(session, name)
        row.enabled = row.enabled if enabled is None else enabled
        row.url = row.url if url is None else checked_url(url)


async def _locked(session: AsyncSession, name: str) -> ChannelAccount:
    row = await session.get(ChannelAccount, name, with_for_update=True)
    if row is None:
        raise ChannelError(f"there is no channel {name}")
    return row


def checked_url(url: str) -> str:
    """Empty, or an http(s) address without a password in it. Raises ChannelError."""
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.username and parts.port != 0
    except ValueError:
        good = False
    if not good or len(url) > 500:
        raise ChannelError("the address must be http:// or https://, without a user in it")
    return url
