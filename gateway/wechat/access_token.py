"""The access token of one account: fetched once for all nodes, early, and again when WeChat says that it is none.

It lies in the database, encrypted with a key made of the account's secret, which every node knows anyway. Within a
process all callers wait for one fetch; between nodes a short lease does the same.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from base.clock import Clock
from base.logs import get_logger
from gateway.wechat.errcodes import NoAccessToken, WechatError
from storage.engine import Database
from storage.messenger_tables import MessengerToken

_log = get_logger(__name__)
_EARLY: Final = timedelta(minutes=5)
_LEASE: Final = timedelta(seconds=15)  # longer than one fetch may take
_LOOKS: Final = 50
_LOOK_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class Fetched:
    token: str
    lasts: timedelta


Fetch = Callable[[bool], Awaitable[Fetched]]  # True: a new one, though the old one may still be good


@dataclass(frozen=True, slots=True)
class _Kept:
    token: str
    until: datetime

    def good(self, now: datetime) -> bool:
        return bool(self.token) and now < self.until

    def fresh(self, now: datetime) -> bool:
        """Good for a while yet."""
        return self.good(now + _EARLY)


class AccessToken:
    def __init__(self, database: Database, account: str, secret: str, fetch: Fetch, *, clock: Clock) -> None:
        """`account`: unique among all accounts; `fetch` raises WechatError."""
        self._database = database
        self._account = account
        key = hashlib.sha256(b"access token\0" + secret.encode()).digest()
        self._cipher = Fernet(base64.urlsafe_b64encode(key))
        self._fetch = fetch
        self._clock = clock
        self._flight: asyncio.Task[str] | None = None
        self._last = _Kept("", clock.now())  # as this process last read it

    async def get(self) -> str:
        """A token that is good for a while.

        Raises:
            NoAccessToken: there is none, and WeChat gives none.
        """
        now = self._clock.now()
        kept = self._last if self._last.fresh(now) else await self._read()
        return kept.token if kept.fresh(now) else await self._one_flight("")

    async def renew(self, failed: str) -> str:
        """Another token than `failed`, of which WeChat said that it is none.

        Raises:
            NoAccessToken: WeChat gives none.
        """
        kept = await self._read()
        if kept.fresh(self._clock.now()) and kept.token != failed:
            return kept.token
        return await self._one_flight(failed)

    async def _one_flight(self, failed: str) -> str:
        if self._flight is None or self._flight.done():
            self._flight = asyncio.create_task(self._renew(failed), name="access token")
        return await asyncio.shield(self._flight)

    async def _renew(self, failed: str) -> str:
        for _ in range(_LOOKS):
            kept, now = await self._read(), self._clock.now()
            if kept.fresh(now) and kept.token != failed:
                return kept.token
            if await self._begin():
                break
            if kept.good(now) and kept.token != failed:
                return kept.token  # another node fetches the next one in good time
            await asyncio.sleep(_LOOK_SECONDS)
        else:
            raise NoAccessToken("another node has been fetching the access token for too long")
        try:
            fetched = await self._fetch(False)
            if fetched.token == failed:
                fetched = await self._fetch(True)
        except WechatError as error:
            await self._give_up()
            if kept.good(now) and kept.token != failed:
                _log.warning("the access token could not be renewed early", reason=str(error))
                return kept.token
            raise NoAccessToken(f"no access token: {error}") from error
        await self._keep(fetched)
        _log.info("access token fetched", account=self._account.partition(":")[0])
        return fetched.token

    async def _read(self) -> _Kept:
        async with self._database.read() as session:
            row = await session.get(MessengerToken, self._account)
        if row is None or not row.token:
            return _Kept("", self._clock.now())
        try:
            self._last = _Kept(self._cipher.decrypt(row.token.encode()).decode(), row.expires_at)
        except InvalidToken:  # the account's secret was changed
            return _Kept("", row.expires_at)
        return self._last

    async def _begin(self) -> bool:
        """Whether this node is the one that fetches now."""
        now = self._clock.now()
        async with self._database.write() as session:
            insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
            empty = {"account": self._account, "token": "", "expires_at": now}
            await session.execute(insert(MessengerToken).values(**empty).on_conflict_do_nothing())
            query = select(MessengerToken).where(MessengerToken.account == self._account).with_for_update()
            row = (await session.execute(query)).scalar_one()
            if row.fetching_until is not None and now < row.fetching_until:
                return False
            row.fetching_until = now + _LEASE
            return True

    async def _keep(self, fetched: Fetched) -> None:
        async with self._database.write() as session:
            row = await session.get_one(MessengerToken, self._account, with_for_update=True)
            row.token = self._cipher.encrypt(fetched.token.encode()).decode()
            row.expires_at = self._clock.now() + fetched.lasts
            row.fetching_until = None
            self._last = _Kept(fetched.token, row.expires_at)

    async def _give_up(self) -> None:
        async with self._database.write() as session:
            row = await session.get_one(MessengerToken, self._account, with_for_update=True)
            row.fetching_until = None
