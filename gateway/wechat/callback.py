"""`/wechat/callback`: where WeChat delivers what citizens send to an Official Account.

The response is the answer, where there is one in time. Whatever is wrong with a request, it is refused in one way.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from typing import NoReturn

from aiohttp import web

from base.clock import Clock
from base.logs import get_logger
from base.sections.channels import WechatSettings
from gateway.address import client_address
from gateway.core import Core, core_of
from gateway.errors import forbidden, too_many
from gateway.wechat import xml
from gateway.wechat.crypto import MessageCrypto, RefusedMessage, signed
from gateway.wechat.incoming import Incoming, MalformedMessage, read
from gateway.wechat.messenger import Messenger

_log = get_logger(__name__)
_NOTHING = "success"  # WeChat's word for "taken, and no answer in the response"


class Refused(Exception):
    """Why a callback is refused: for the metric and the log, never for whoever sent it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def check_time(timestamp: str, clock: Clock, skew_seconds: float) -> None:
    """
    Raises:
        Refused: `stale`, older or newer than the setting allows: a replay, or a clock that is wrong.
    """
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise Refused("malformed")
    if abs(clock.now().timestamp() - int(timestamp)) > skew_seconds:
        raise Refused("stale")


def refuse(core: Core, request: web.Request, channel: str, refused: Refused) -> NoReturn:
    """403 without a word about why; a sender who goes on gets 429."""
    core.metrics.messenger_calls.labels(channel, refused.reason).inc()
    _log.warning("a callback was refused", channel=channel, reason=refused.reason)
    address = client_address(request, core.settings.web)
    if (wait := core.limits.requests.take(address, core.clock.monotonic())) > 0:
        raise too_many(wait)
    raise forbidden("请求无效。")


class WechatCallback:
    def __init__(self, settings: WechatSettings, messenger: Messenger, *, clock: Clock) -> None:
        """Raises ConfigurationError: the key is not one of WeChat's."""
        self._settings = settings
        self._messenger = messenger
        self._clock = clock
        self._crypto = (
            None
            if settings.mode == "plain"
            else MessageCrypto(settings.token, settings.encoding_aes_key, settings.app_id)
        )

    async def verify(self, request: web.Request) -> web.Response:
        """GET: WeChat asks whether the address is ours."""
        core, query = core_of(request), request.query
        try:
            self._check_signature(request)
        except Refused as refused:
            refuse(core, request, "wechat", refused)
        core.metrics.messenger_calls.labels("wechat", "verified").inc()
        return web.Response(text=query.get("echostr", "")[:256])

    async def receive(self, request: web.Request) -> web.Response:
        """POST: a message or an event."""
        core, query, started = core_of(request), request.query, time.monotonic()
        _ = core.conversations  # 503 while the core is starting: WeChat delivers again
        try:
            self._check_signature(request)
            fields, sealed = self._open(query, await request.read())
            incoming = read(fields, account=self._settings.app_id)
        except Refused as refused:
            refuse(core, request, "wechat", refused)
        except RefusedMessage:
            refuse(core, request, "wechat", Refused("bad_signature"))
        except (xml.MalformedXml, MalformedMessage):
            refuse(core, request, "wechat", Refused("malformed"))
        reply = await self._reply(core, incoming, started)
        if not reply:
            return web.Response(text=_NOTHING)
        return web.Response(text=self._sealed_reply(reply, fields, sealed=sealed), content_type="application/xml")

    async def _reply(self, core: Core, incoming: Incoming, started: float) -> str:
        if incoming.kind == "none":
            core.metrics.messenger_calls.labels("wechat", "taken").inc()
            return ""
        account = self._settings.app_id
        taken = await self._messenger.inbox.take(incoming, account, passive=True, now=self._clock.now())
        core.metrics.messenger_calls.labels("wechat", "taken" if taken.fresh else "repeated").inc()
        left = self._settings.passive_reply_seconds - (time.monotonic() - started)
        return await self._messenger.answer(taken, account, incoming, within_seconds=max(0.0, left))

    def _check_signature(self, request: web.Request) -> None:
        query = request.query
        timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        if not signed(query.get("signature", ""), self._settings.token, timestamp, nonce):
            raise Refused("bad_signature")
        check_time(timestamp, self._clock, self._settings.clock_skew_seconds)

    def _open(self, query: Mapping[str, str], body: bytes) -> tuple[dict[str, str], bool]:
        """The fields of the message, and whether it was sealed."""
        outer = xml.parse(body)
        in_clear = self._settings.mode == "compatible" and query.get("encrypt_type", "raw") != "aes"
        if self._crypto is None or in_clear:
            return outer, False
        message = self._crypto.open(
            outer.get("Encrypt", ""),
            timestamp=query.get("timestamp", ""),
            nonce=query.get("nonce", ""),
            msg_signature=query.get("msg_signature", ""),
        )
        return xml.parse(message), True

    def _sealed_reply(self, text: str, fields: dict[str, str], *, sealed: bool) -> str:
        now = str(int(self._clock.now().timestamp()))
        message = (
            f"<xml><ToUserName>{xml.cdata(fields['FromUserName'])}</ToUserName>"
            f"<FromUserName>{xml.cdata(fields.get('ToUserName', ''))}</FromUserName>"
            f"<CreateTime>{now}</CreateTime><MsgType>{xml.cdata('text')}</MsgType>"
            f"<Content>{xml.cdata(text)}</Content></xml>"
        )
        if not sealed or self._crypto is None:
            return message
        nonce = secrets.token_hex(8)
        ciphertext, sign = self._crypto.seal(message.encode(), timestamp=now, nonce=nonce)
        return (
            f"<xml><Encrypt>{xml.cdata(ciphertext)}</Encrypt><MsgSignature>{xml.cdata(sign)}</MsgSignature>"
            f"<TimeStamp>{now}</TimeStamp><Nonce>{xml.cdata(nonce)}</Nonce></xml>"
        )

    def add_routes(self, app: web.Application) -> None:
        app.router.add_get("/wechat/callback", self.verify, allow_head=False)
        app.router.add_post("/wechat/callback", self.receive)
