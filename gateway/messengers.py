"""The channels that others carry, as far as they are switched on in the settings: WeChat's, and the channel API's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aiohttp import web

from base.errors import ConfigurationError
from base.sections.channels import WechatSettings, WecomSettings
from base.settings import Settings
from gateway.channels.api import ChannelApi
from gateway.core import CORE, Core, Work
from gateway.open311 import api as open311
from gateway.wechat import contacts
from gateway.wechat.callback import WechatCallback
from gateway.wechat.messenger import Messenger, wechat_courier
from gateway.wechat.notices import Notices
from gateway.wechat.official_account import OfficialAccount
from gateway.wecom.kf_account import KfAccount
from gateway.wecom.kf_callback import KfCallback
from gateway.wecom.kf_sync import KfSync

CHANNELS = ("wechat", "wecom")


class Messengers:
    """One a core process; without a channel it does nothing.

    Raises:
        ConfigurationError: a channel is switched on, and a setting that it needs is missing.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self.all: list[Messenger] = []
        self.wechat: WechatCallback | None = None
        self.wecom: KfCallback | None = None
        self.channels: ChannelApi | None = None
        settings = core.settings
        if settings.wechat.enabled:
            self._wechat(settings.wechat)
        if settings.wecom.enabled:
            self._wecom(settings.wecom)
        if settings.channels.enabled:
            self.channels = ChannelApi(core)
            self.all.append(self.channels.messenger)

    def _wechat(self, settings: WechatSettings) -> None:
        names = ["app_id", "app_secret", "token", *(["encoding_aes_key"] if settings.mode != "plain" else [])]
        _require("wechat", settings, names)
        core = self._core
        account = OfficialAccount(core.database, settings, clock=core.clock)
        notices = Notices(core.database, settings, public_url=core.settings.web.public_url, clock=core.clock)
        courier, folder = wechat_courier(core, account), folder_of_media(core.settings)
        messenger = Messenger(core, account, courier, folder, menu=settings.menu, notices=notices)
        self.wechat = WechatCallback(settings, messenger, clock=core.clock)
        self.all.append(messenger)

    def _wecom(self, settings: WecomSettings) -> None:
        _require("wecom", settings, ["corp_id", "secret", "token", "encoding_aes_key"])
        if settings.hand_over == "servicer":
            _require("wecom", settings, ["servicer"])
        core = self._core
        account = KfAccount(core.database, settings, clock=core.clock)
        messenger = Messenger(core, account, wechat_courier(core, account), folder_of_media(core.settings))
        sync = KfSync(core.database, account, clock=core.clock)
        self.wecom = KfCallback(core, settings, messenger, sync, clock=core.clock)
        self.all.append(messenger)

    def background(self) -> dict[str, Work]:
        """The work of every channel, for as long as the core runs."""
        work: dict[str, Work] = {}
        for messenger in self.all:
            work[f"{messenger.channel} sender"] = messenger.deliver
            work[f"{messenger.channel} listener"] = messenger.listen
            work[f"{messenger.channel} housekeeping"] = messenger.keep_house
        if self.wecom is not None:
            work["wecom reader"] = self.wecom.keep_up
        return work

    async def allowances(self, conversation_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """For conversations that WeChat carries: how many messages may still be sent, and until when."""
        if not self.all or not conversation_ids:
            return {}
        now = self._core.clock.now()
        async with self._core.database.read() as session:
            found = await contacts.of_conversations(session, conversation_ids)
        return {
            conversation_id: {
                "left": contacts.allowance(contact).now(now) if contact.reachable else 0,
                "until": contact.allowance_until.isoformat() if contact.allowance_until else None,
            }
            for conversation_id, contact in found.items()
            if contact.channel in CHANNELS
        }

    async def close(self) -> None:
        for messenger in self.all:
            await messenger.close()


def folder_of_media(settings: Settings) -> Path:
    """Where what citizens sent lies, until no order can take it any more."""
    return settings.var / "messenger_media"


def _require(section: str, settings: WechatSettings | WecomSettings, names: Sequence[str]) -> None:
    for name in names:
        if not getattr(settings, name):
            raise ConfigurationError(f"{section}.enabled needs {section}.{name} (docs/wechat.md)")


MESSENGERS: web.AppKey[Messengers] = web.AppKey("messengers", Messengers)


def add_routes(app: web.Application) -> None:
    core = app[CORE]
    messengers = app[MESSENGERS] = Messengers(core)
    core.further_work.update(messengers.background())
    core.allowances = messengers.allowances
    for door in (messengers.wechat, messengers.wecom, messengers.channels):
        if door is not None:
            door.add_routes(app)
    open311.add_routes(app)

    async def close(_: web.Application) -> None:
        await messengers.close()

    app.on_cleanup.append(close)
