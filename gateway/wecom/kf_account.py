"""微信客服 of WeCom: messages, greetings, media, and handing a session to the corporation's own servicers.

API: developer.work.weixin.qq.com, 微信客服 (发送消息, 发送欢迎语等事件响应消息, 会话分配与消息收发, 分配客服会话).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any, Final

from base.clock import Clock
from base.sections.channels import WecomSettings
from conversations.messages import Channel
from gateway.wechat.access_token import AccessToken, Fetched
from gateway.wechat.account import Recipient
from gateway.wechat.allowance import Grant
from gateway.wechat.api_client import ApiClient, Json, TokenClient, read_token
from gateway.wechat.errcodes import ApiRefused
from gateway.wechat.incoming import Incoming
from storage.engine import Database

_STATES: Final = {"pool": 2, "servicer": 3}  # service_state: waiting to be taken; with one servicer
_PAGE: Final = 200  # are stored in one transaction
_AMR: Final = 0


class KfAccount:
    """Implements `Account`, for every 微信客服 account of one corporation."""

    channel: Channel = "wecom"
    limited_at_the_door = False
    can_send = True

    def __init__(self, database: Database, settings: WecomSettings, *, clock: Clock) -> None:
        self.settings = settings
        self._client = ApiClient(settings.api_url, timeout_seconds=settings.timeout_seconds)
        name = f"wecom:{settings.corp_id}"
        self._api = TokenClient(
            self._client, AccessToken(database, name, settings.secret, self._fetch_token, clock=clock)
        )

    async def _fetch_token(self, force: bool) -> Fetched:
        query = {"corpid": self.settings.corp_id, "corpsecret": self.settings.secret}
        return read_token(await self._client.call("/cgi-bin/gettoken", query=query))

    async def messages(self, account: str, *, cursor: str, token: str) -> Json:
        """One page: `msg_list`, `next_cursor`, `has_more`. `token`: of the callback; without it few calls are allowed.

        Raises:
            ApiRefused, ApiUnreachable.
        """
        body: Json = {"cursor": cursor, "token": token, "limit": _PAGE, "voice_format": _AMR, "open_kfid": account}
        return await self._api.call(
            "/cgi-bin/kf/sync_msg", body={name: value for name, value in body.items() if value != ""}
        )

    @property
    def message_limit_bytes(self) -> int:
        return self.settings.message_limit_bytes

    def channel_of(self, account: str) -> Channel:
        return self.channel

    def grant(self, incoming: Incoming) -> Grant | None:
        settings = self.settings
        if not incoming.by_citizen:
            return None
        return Grant(settings.replies_a_message, timedelta(hours=settings.replies_within_hours))

    async def send_text(self, to: Recipient, text: str, *, message_id: str) -> str:
        body = {
            "touser": to.user_id,
            "open_kfid": to.account,
            "msgid": message_id,
            "msgtype": "text",
            "text": {"content": text},
        }
        return str((await self._api.call("/cgi-bin/kf/send_msg", body=body)).get("msgid", message_id))

    async def send_notice(self, to: Recipient, body: dict[str, Any]) -> str:
        raise ApiRefused(48002)  # the platform has no notices

    async def greet(self, to: Recipient, text: str, incoming: Incoming) -> bool:
        """With the code of `enter_session`, good for twenty seconds and one message that counts as none."""
        body = {"code": incoming.media_id, "msgtype": "text", "text": {"content": text}}
        await self._api.call("/cgi-bin/kf/send_msg_on_event", body=body)
        return True

    def media(self, media_id: str) -> AsyncGenerator[bytes, None]:
        return self._api.download("/cgi-bin/media/get", query={"media_id": media_id})

    async def hand_over(self, to: Recipient) -> bool:
        if self.settings.hand_over == "desk":
            return False
        body: Json = {
            "open_kfid": to.account,
            "external_userid": to.user_id,
            "service_state": _STATES[self.settings.hand_over],
        }
        if self.settings.hand_over == "servicer":
            body["servicer_userid"] = self.settings.servicer
        await self._api.call("/cgi-bin/kf/service_state/trans", body=body)
        return True

    async def close(self) -> None:
        await self._api.close()
