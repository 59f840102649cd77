"""`/api/v1/channel/…`: what channels may ask. Every request is signed (`gateway/channels/signing.py`)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Annotated, Final

from aiohttp import web
from pydantic import BaseModel, Field

from gateway.body import check_text, parse_model
from gateway.channels.account import ChannelAccounts
from gateway.channels.courier import ChannelCourier
from gateway.channels.letters import Letters
from gateway.channels.messages import ChannelMessage
from gateway.channels.notices import ChannelNotices
from gateway.channels.registry import Entry, Registry
from gateway.channels.signing import DIGEST_HEADER, Nonces, verified_channel
from gateway.channels.uploads import UploadError, Uploads
from gateway.core import Core
from gateway.errors import ApiError, bad_request, dumps, not_found, too_many
from gateway.shapes import query_number
from gateway.shared_limits import Rate
from gateway.wechat.errcodes import WechatError
from gateway.wechat.media import MediaTooLarge
from gateway.wechat.messenger import Messenger
from workorders.attachments import TooLarge

_CHUNK_BYTES: Final = 64 * 1024
_MOST_AT_ONCE: Final = 100
_LONGEST_WAIT_SECONDS: Final = 25
_LOOK_SECONDS: Final = 0.5
PREFIX: Final = "/api/v1/channel"


class Acknowledged(BaseModel):
    ids: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=_MOST_AT_ONCE)]


class ChannelApi:
    """The channels of one core process."""

    def __init__(self, core: Core) -> None:
        settings, clock, database = core.settings.channels, core.clock, core.database
        folder = core.settings.var / "messenger_media"
        self._core = core
        self._uploads = Uploads(core.files, folder / "uploads", limit_bytes=core.settings.attachments.limit_bytes)
        self.registry = Registry(database, clock=clock)
        self.nonces = Nonces(database, skew_seconds=settings.clock_skew_seconds, clock=clock)
        self.letters = Letters(database, settings)
        account = ChannelAccounts(settings, self._uploads)
        self.courier = ChannelCourier(core, account, self.registry, self.letters, self.nonces, self._uploads)
        notices = ChannelNotices(database, settings, clock=clock)
        self.messenger = Messenger(core, account, self.courier, folder, notices=notices)
        self._citizens = core.limits.rate("channel_citizens", settings.messages_a_minute)
        self._channels: dict[tuple[str, int], Rate] = {}

    async def about(self, request: web.Request) -> web.Response:
        """Which channel this is: to try the signature."""
        entry = await self._verified(request)
        shown = {"name": entry.name, "title": entry.title, "delivery": "webhook" if entry.url else "polling"}
        return web.json_response(shown, dumps=dumps)

    async def take(self, request: web.Request) -> web.Response:
        """A citizen did something. It is stored when this is answered; replies come on their own."""
        core, entry = self._core, await self._verified(request)
        _ = core.conversations  # 503 while the core is starting: the channel sends it again
        said = parse_model(ChannelMessage, await request.read())
        if said.type in ("text", "link"):
            check_text(said.text, core.settings.web.message_limit_characters)
        if said.media_id and not await self._uploads.has(entry.name, said.media_id):
            raise not_found("没有这个文件，请重新上传。", "unknown_media")
        await self._throttle(entry, said.user_id)
        taken = await self.messenger.inbox.take(
            said.incoming(entry.name), entry.name, passive=False, now=core.clock.now()
        )
        core.metrics.messenger_calls.labels(entry.name, "taken" if taken.fresh else "repeated").inc()
        if taken.fresh:
            self.messenger.begin(taken, entry.name, said.incoming(entry.name))
        answer = {"message_id": said.message_id, "repeated": not taken.fresh}
        return web.json_response(answer, status=202, dumps=dumps)

    async def upload(self, request: web.Request) -> web.Response:
        """The body is the file itself."""
        entry = await self._verified(request, file=True)
        await self._throttle(entry, None)
        limit = self._core.settings.attachments.limit_bytes
        too_large = TooLarge(f"文件不能超过{limit // 1024 // 1024 or 1}MB。")
        if (request.content_length or 0) > limit:
            raise too_large
        try:
            media_id, size = await self._uploads.keep(
                entry.name, _chunks(request), digest=request.headers[DIGEST_HEADER]
            )
        except MediaTooLarge:
            raise too_large from None
        except UploadError:
            raise bad_request("文件内容与签名不符。", "wrong_digest") from None
        except WechatError:
            raise bad_request("文件是空的。", "empty_file") from None
        return web.json_response({"media_id": media_id, "size_bytes": size}, status=201, dumps=dumps)

    async def fetch(self, request: web.Request) -> web.Response:
        """What is to be told, for a channel that cannot be reached; waits for it where the channel asks us to."""
        entry = await self._verified(request)
        _polls(entry)
        limit = query_number(request, "limit", 50, 1, _MOST_AT_ONCE)
        looks = 1 + int(query_number(request, "wait_seconds", 0, 0, _LONGEST_WAIT_SECONDS) / _LOOK_SECONDS)
        found = []
        for look in range(looks):
            found = await self.letters.waiting(entry.name, now=self._core.clock.now(), limit=limit)
            if found or look == looks - 1 or await self._core.pause(_LOOK_SECONDS):
                break
        return web.json_response({"messages": found}, dumps=dumps)

    async def acknowledge(self, request: web.Request) -> web.Response:
        """The channel has these messages: they are not given out again."""
        entry = await self._verified(request)
        _polls(entry)
        asked = parse_model(Acknowledged, await request.read())
        count = await self.letters.acknowledge(entry.name, asked.ids, self._core.clock.now())
        self._core.metrics.messenger_told.labels(entry.name, "sent").inc(count)
        return web.json_response({"acknowledged": count}, dumps=dumps)

    async def _verified(self, request: web.Request, *, file: bool = False) -> Entry:
        core = self._core
        skew_seconds = core.settings.channels.clock_skew_seconds
        return await verified_channel(
            request, self.registry, self.nonces, clock=core.clock, skew_seconds=skew_seconds, file=file
        )

    async def _throttle(self, entry: Entry, user_id: str | None) -> None:
        """Raises ApiError: 429; nothing is lost, the channel sends it again later."""
        rate = entry.messages_a_minute
        if (entry.name, rate) not in self._channels:
            self._channels[entry.name, rate] = self._core.limits.rate(f"channel_{entry.name}", rate)
        if user_id is not None and (wait := await self._citizens.take(f"{entry.name}\n{user_id}")) > 0:
            raise too_many(wait, "这位市民发得太快了，请稍后再送。")
        if (wait := await self._channels[entry.name, rate].take(entry.name)) > 0:
            raise too_many(wait)

    def add_routes(self, app: web.Application) -> None:
        app.router.add_get(PREFIX, self.about)
        app.router.add_get(f"{PREFIX}/messages", self.fetch)
        app.router.add_post(f"{PREFIX}/messages", self.take)
        app.router.add_post(f"{PREFIX}/messages/acknowledge", self.acknowledge)
        app.router.add_post(f"{PREFIX}/media", self.upload)


def _polls(entry: Entry) -> None:
    """Raises ApiError: what is pushed is not given out as well."""
    if entry.url:
        raise ApiError(409, "has_webhook", "这个渠道设置了推送地址，消息不能再拉取。")


async def _chunks(request: web.Request) -> AsyncGenerator[bytes, None]:
    async for chunk in request.content.iter_chunked(_CHUNK_BYTES):
        yield chunk
