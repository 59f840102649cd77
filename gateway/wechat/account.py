"""What the channels that others carry have in common: one account, and the rules that it sends by."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any, Protocol

from base.sections.channels import MessagingSettings, MessengerSettings
from conversations.messages import Channel
from gateway.wechat.allowance import Grant
from gateway.wechat.incoming import Incoming


@dataclass(frozen=True, slots=True)
class Recipient:
    """`account`: the app id, the id of a 微信客服 account, or a channel's name. `user_id` is personal."""

    account: str
    user_id: str = field(repr=False)


class Account(Protocol):
    """One implementation a platform: `gateway/wechat/official_account.py`, `gateway/wecom/kf_account.py`,
    `gateway/channels/account.py`."""

    @property
    def channel(self) -> Channel:
        """Under which name its contacts are kept."""
        ...

    def channel_of(self, account: str) -> Channel:
        """The channel of the conversations and orders of one of its accounts."""
        ...

    @property
    def settings(self) -> MessagingSettings: ...

    @property
    def message_limit_bytes(self) -> int: ...

    @property
    def limited_at_the_door(self) -> bool:
        """True: a citizen's messages that come too fast are refused before they are stored."""
        ...

    @property
    def can_send(self) -> bool:
        """False: nothing but the response to a callback reaches the citizen."""
        ...

    def grant(self, incoming: Incoming) -> Grant | None:
        """What a message or event allows us to send; None: nothing."""
        ...

    async def greet(self, to: Recipient, text: str, incoming: Incoming) -> bool:
        """Greet in the way that is open for an event only; False: send it as any other text.

        Raises:
            ApiRefused, ApiUnreachable, NoAccessToken: see `gateway/wechat/errcodes.py`.
        """
        ...

    def media(self, media_id: str) -> AsyncGenerator[bytes, None]:
        """The chunks of a picture, voice or video. Raises as above."""
        ...

    async def hand_over(self, to: Recipient) -> bool:
        """The citizen wants a person: True where the platform's own servicers take over. Raises as above."""
        ...

    async def close(self) -> None: ...


class SendingAccount(Account, Protocol):
    """One that takes texts and notices, as WeChat does."""

    @property
    def settings(self) -> MessengerSettings: ...

    async def send_text(self, to: Recipient, text: str, *, message_id: str) -> str:
        """The platform's id of the message. The same `message_id` (up to 32 letters and digits) again is the same
        message where the platform can tell.

        Raises:
            ApiRefused, ApiUnreachable, NoAccessToken: see `gateway/wechat/errcodes.py`.
        """
        ...

    async def send_notice(self, to: Recipient, body: dict[str, Any]) -> str:
        """The same, for a notice by template. Raises as above."""
        ...
