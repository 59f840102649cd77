"""What the channels that WeChat carries have in common: one account that sends, and the rules that it sends by."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any, Protocol

from base.settings import MessengerSettings
from conversations.messages import Channel
from gateway.wechat.allowance import Grant
from gateway.wechat.incoming import Incoming


@dataclass(frozen=True, slots=True)
class Recipient:
    """`account`: the app id, or the id of a 微信客服 account. `user_id` is personal."""

    account: str
    user_id: str = field(repr=False)


class Account(Protocol):
    """One implementation a platform: `gateway/wechat/official_account.py`, `gateway/wecom/kf_account.py`."""

    @property
    def channel(self) -> Channel: ...

    @property
    def settings(self) -> MessengerSettings: ...

    @property
    def can_send(self) -> bool:
        """False: nothing but the response to a callback reaches the citizen."""
        ...

    def grant(self, incoming: Incoming) -> Grant | None:
        """What a message or event allows us to send; None: nothing."""
        ...

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

    async def greet(self, to: Recipient, text: str, incoming: Incoming) -> bool:
        """Greet in the way that is open for an event only; False: send it as any other text. Raises as above."""
        ...

    def media(self, media_id: str) -> AsyncGenerator[bytes, None]:
        """The chunks of a picture, voice or video. Raises as above."""
        ...

    async def hand_over(self, to: Recipient) -> bool:
        """The citizen wants a person: True where the platform's own servicers take over. Raises as above."""
        ...

    async def close(self) -> None: ...
