"""`/wecom/kf/callback`: WeCom says that there is something to read; what it is, `sync_msg` tells."""

from __future__ import annotations

from contextlib import aclosing

from aiohttp import web

from base.clock import Clock
from base.logs import get_logger
from base.sections.channels import WecomSettings
from gateway.core import Core, core_of
from gateway.wechat import xml
from gateway.wechat.callback import Refused, check_time, refuse
from gateway.wechat.crypto import MessageCrypto, RefusedMessage
from gateway.wechat.errcodes import WechatError
from gateway.wechat.messenger import Messenger
from gateway.wecom.kf_sync import KfSync

_log = get_logger(__name__)
_EVENT = "kf_msg_or_event"


class KfCallback:
    def __init__(
        self, core: Core, settings: WecomSettings, messenger: Messenger, sync: KfSync, *, clock: Clock
    ) -> None:
        """Raises ConfigurationError: the key is not one of WeChat's."""
        self._core = core
        self._settings = settings
        self._messenger = messenger
        self._sync = sync
        self._clock = clock
        self._crypto = MessageCrypto(settings.token, settings.encoding_aes_key, settings.corp_id)

    async def verify(self, request: web.Request) -> web.Response:
        """GET: the address is ours when we can open what was sealed for us."""
        core = core_of(request)
        try:
            plain = self._open(request, request.query.get("echostr", ""))
        except Refused as refused:
            refuse(core, request, "wecom", refused)
        core.metrics.messenger_calls.labels("wecom", "verified").inc()
        return web.Response(body=plain, content_type="text/plain")

    async def receive(self, request: web.Request) -> web.Response:
        """POST: answered at once, read in the background."""
        core = core_of(request)
        _ = core.conversations  # 503 while the core is starting: WeCom says so again
        try:
            outer = xml.parse(await request.read())
            fields = xml.parse(self._open(request, outer.get("Encrypt", "")))
        except xml.MalformedXml:
            refuse(core, request, "wecom", Refused("malformed"))
        except Refused as refused:
            refuse(core, request, "wecom", refused)
        core.metrics.messenger_calls.labels("wecom", "taken").inc()
        account = fields.get("OpenKfId", "")
        if fields.get("Event") == _EVENT and 0 < len(account) <= 64:
            core.spawn(self.read_new(account, fields.get("Token", "")), "wecom messages")
        return web.Response(text="success")

    def _open(self, request: web.Request, ciphertext: str) -> bytes:
        """Raises Refused."""
        query = request.query
        timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        try:
            plain = self._crypto.open(
                ciphertext, timestamp=timestamp, nonce=nonce, msg_signature=query.get("msg_signature", "")
            )
        except RefusedMessage:
            raise Refused("bad_signature") from None
        check_time(timestamp, self._clock, self._settings.clock_skew_seconds)
        return plain

    async def read_new(self, account: str, token: str = "") -> None:
        """Read and begin to answer. A failure costs nothing: the next callback, or the sweep, reads it all."""
        try:
            async with aclosing(self._sync.read_new(account, token)) as found:
                async for taken, whose, incoming in found:
                    self._messenger.begin(taken, whose, incoming)
        except WechatError as error:
            _log.warning("messages could not be read", channel="wecom", reason=str(error))

    async def catch_up(self) -> None:
        """What came while nobody listened."""
        for account in await self._sync.accounts():
            await self.read_new(account)

    async def keep_up(self) -> None:
        """Background work: at the start, then now and then, for a callback may be lost."""
        while True:
            try:
                await self.catch_up()
            except Exception as error:  # noqa: BLE001  (the database may be away: the next round reads it)
                _log.error("messages could not be read", channel="wecom", error=type(error).__name__)
            if await self._core.pause(self._settings.catch_up_seconds):
                return

    def add_routes(self, app: web.Application) -> None:
        app.router.add_get("/wecom/kf/callback", self.verify, allow_head=False)
        app.router.add_post("/wecom/kf/callback", self.receive)
