"""All channels of the channel API as one account of the messengers' machinery (`gateway/wechat/account.py`)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from typing import Final

import aiohttp

from base.sections.channels import ChannelSettings
from conversations.messages import Channel
from gateway.channels.registry import Entry
from gateway.channels.uploads import Uploads
from gateway.wechat.account import Recipient
from gateway.wechat.allowance import Grant
from gateway.wechat.incoming import Incoming
from workorders.outbox.delivery import deliver, new_session
from workorders.outbox.schedule import Attempt
from workorders.outbox.targets import Target

FAMILY: Final = "channel"  # under which the contacts of all these channels are kept; `account` is the channel's name
_NO_LIMIT_BYTES: Final = 1 << 20
_NOTHING_COUNTED: Final = Grant(0, timedelta(0))


class ChannelAccounts:
    """Implements `Account`. Where WeChat counts what we send, these channels do not: only whether the citizen is there
    is kept."""

    channel: Channel = FAMILY
    message_limit_bytes = _NO_LIMIT_BYTES
    limited_at_the_door = True
    can_send = True

    def __init__(self, settings: ChannelSettings, uploads: Uploads) -> None:
        self.settings = settings
        self._uploads = uploads
        self._client: aiohttp.ClientSession | None = None

    def channel_of(self, account: str) -> Channel:
        return account

    def grant(self, incoming: Incoming) -> Grant | None:
        return _NOTHING_COUNTED if incoming.by_citizen or incoming.kind == "greet" else None

    async def greet(self, to: Recipient, text: str, incoming: Incoming) -> bool:
        return False

    def media(self, media_id: str) -> AsyncGenerator[bytes, None]:
        channel, _, upload_id = media_id.partition(".")
        return self._uploads.read(channel, upload_id)

    async def hand_over(self, to: Recipient) -> bool:
        return False

    async def push(self, entry: Entry, *, message_id: str, body: str, attempt: int, now: datetime) -> Attempt:
        """One attempt to bring one message to a channel's address."""
        if self._client is None:
            self._client = new_session()
        return await deliver(
            self._client,
            Target(entry.name, entry.url, entry.secret.encode()),
            message_id=message_id,
            body=body,
            attempt=attempt,
            now=now,
            timeout_seconds=self.settings.timeout_seconds,
        )

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()
