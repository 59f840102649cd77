"""An Official Account (公众号): customer-service messages, notices by template or subscription, media.

API: developers.weixin.qq.com/doc/offiaccount (客服消息, 模板消息, 订阅通知, 获取临时素材, 获取稳定版接口调用凭据).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any, Final

from base.clock import Clock
from base.sections.channels import WechatSettings
from conversations.messages import Channel
from gateway.wechat.access_token import AccessToken, Fetched
from gateway.wechat.account import Recipient
from gateway.wechat.allowance import Grant
from gateway.wechat.api_client import ApiClient, TokenClient, read_token
from gateway.wechat.incoming import Incoming
from storage.engine import Database

_CLICKED: Final = ("menu", "arrived", "greet")


class OfficialAccount:
    """Implements `Account`."""

    channel: Channel = "wechat"
    limited_at_the_door = False

    def __init__(self, database: Database, settings: WechatSettings, *, clock: Clock) -> None:
        self.settings = settings
        self.can_send = settings.customer_service
        self._client = ApiClient(settings.api_url, timeout_seconds=settings.timeout_seconds)
        name = f"wechat:{settings.app_id}"
        token = AccessToken(database, name, settings.app_secret, self._fetch_token, clock=clock)
        self._api = TokenClient(self._client, token)

    async def _fetch_token(self, force: bool) -> Fetched:
        body = {
            "grant_type": "client_credential",
            "appid": self.settings.app_id,
            "secret": self.settings.app_secret,
            "force_refresh": force,
        }
        return read_token(await self._client.call("/cgi-bin/stable_token", body=body))

    @property
    def message_limit_bytes(self) -> int:
        return self.settings.message_limit_bytes

    def channel_of(self, account: str) -> Channel:
        return self.channel

    def grant(self, incoming: Incoming) -> Grant | None:
        settings = self.settings
        if incoming.by_citizen:
            return Grant(settings.replies_a_message, timedelta(hours=settings.replies_within_hours))
        if incoming.kind in _CLICKED:
            return Grant(settings.replies_an_event, timedelta(seconds=settings.event_replies_within_seconds))
        return None

    async def send_text(self, to: Recipient, text: str, *, message_id: str) -> str:
        body = {"touser": to.user_id, "msgtype": "text", "text": {"content": text}}
        await self._api.call("/cgi-bin/message/custom/send", body=body)
        return ""  # the API names none, and knows no repetition

    async def send_notice(self, to: Recipient, body: dict[str, Any]) -> str:
        by_template = self.settings.account_type == "service"
        path = "/cgi-bin/message/template/send" if by_template else "/cgi-bin/message/subscribe/bizsend"
        link = {"url" if by_template else "page": body["url"]} if body.get("url") else {}
        data = {name: {"value": value} for name, value in body["data"].items()}
        message = {"touser": to.user_id, "template_id": body["template_id"], "data": data, **link}
        return str((await self._api.call(path, body=message)).get("msgid", ""))

    async def greet(self, to: Recipient, text: str, incoming: Incoming) -> bool:
        return False

    def media(self, media_id: str) -> AsyncGenerator[bytes, None]:
        return self._api.download("/cgi-bin/media/get", query={"media_id": media_id})

    async def hand_over(self, to: Recipient) -> bool:
        return False

    async def close(self) -> None:
        await self._api.close()
