"""Reads new messages of 微信客服 up to the last, and goes on there: the cursor and the messages are stored together.

Whatever is fetched twice (two nodes, a lost commit) is known by its id in the inbox.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select

from base.clock import Clock
from base.logs import get_logger
from conversations.locks import KeyedLocks
from gateway.wechat.account import Recipient
from gateway.wechat.inbox import Taken, take_in
from gateway.wechat.incoming import Incoming
from gateway.wecom.kf_account import KfAccount
from gateway.wecom.kf_messages import read
from storage.engine import Database
from storage.messenger_tables import MessengerCursor

_log = get_logger(__name__)
_MOST_PAGES: Final = 1_000
_FIRST_LOOK_BACK: Final = timedelta(hours=1)  # an account that is new to us: older messages were for somebody else

Found = tuple[Taken, str, Incoming]


class KfSync:
    def __init__(self, database: Database, account: KfAccount, *, clock: Clock) -> None:
        self._database = database
        self._account = account
        self._clock = clock
        self._locks = KeyedLocks()
        self._next: set[str] = set()  # accounts that will be read as soon as the reading before is over

    async def accounts(self) -> list[str]:
        """The accounts from which something was ever read."""
        async with self._database.read() as session:
            return list((await session.execute(select(MessengerCursor.account))).scalars())

    async def read_new(self, account: str, token: str = "") -> AsyncGenerator[Found, None]:
        """Everything that is new and now in the inbox, to be worked on by the caller.

        Raises:
            ApiRefused, ApiUnreachable: what was read before is stored, and the next call goes on there.
        """
        if account in self._next:  # a burst of callbacks is read at once
            return
        self._next.add(account)
        async with self._locks.hold(account):
            self._next.discard(account)
            known = await self._cursor(account)
            cursor = known or ""
            not_before = None if known is not None else self._clock.now() - _FIRST_LOOK_BACK
            for _ in range(_MOST_PAGES):
                page = await self._account.messages(account, cursor=cursor, token=token)
                following = str(page.get("next_cursor") or cursor)
                for found in await self._store(account, page, following, not_before):
                    yield found
                if not page.get("has_more") or following == cursor:
                    break
                cursor = following

    async def _cursor(self, account: str) -> str | None:
        async with self._database.read() as session:
            row = await session.get(MessengerCursor, account)
        return row.cursor if row is not None else None

    async def _store(
        self, account: str, page: Mapping[str, Any], cursor: str, not_before: datetime | None
    ) -> list[Found]:
        now, fresh = self._clock.now(), []
        messages = page.get("msg_list")
        async with self._database.write() as session:
            for message in messages if isinstance(messages, list) else []:
                found = read(message) if isinstance(message, Mapping) else None
                if found is None or found[1].kind == "none" or _older(message, not_before):
                    continue
                whose, incoming = found
                to = Recipient(whose, incoming.user_id)
                taken = await take_in(session, self._account, incoming, to, passive=False, now=now)
                if taken.fresh:
                    fresh.append((taken, whose, incoming))
            row = await session.get(MessengerCursor, account, with_for_update=True)
            if row is None:
                session.add(MessengerCursor(account=account, cursor=cursor, updated_at=now))
            else:
                row.cursor, row.updated_at = cursor, now
        if fresh:
            _log.info("messages read", channel="wecom", count=len(fresh))
        return fresh


def _older(message: Mapping[str, Any], moment: datetime | None) -> bool:
    sent_at = message.get("send_time")
    return moment is not None and isinstance(sent_at, int) and sent_at < moment.timestamp()
