"""What else a citizen sends from the chat page: pictures and places. The same treatment as in WeChat.

A picture is sent by `POST /api/v1/chat/{conversation_id}/pictures` (the body is the file, `X-File-Name` its name) and
then told over `/ws/chat`, in its order among the messages; both ask no more than to know the conversation's id.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Annotated, Any, Final
from urllib.parse import unquote

from aiohttp import web
from pydantic import BaseModel, Field

from base.logs import get_logger
from conversations.messages import StoredTurn
from gateway.address import client_address, same_origin
from gateway.attachments_api import NAME_HEADER
from gateway.body import clean_text
from gateway.chat import MessageId
from gateway.chat_pictures import ChatPictures
from gateway.core import CORE, Core, core_of
from gateway.errors import dumps, forbidden, not_found, too_many
from gateway.limits import RateLimiter
from gateway.told_place import told_of
from gateway.wechat import wording
from workorders.attachments import TooLarge

log = get_logger("gateway.chat_enclosures")
_CHUNK_BYTES: Final = 64 * 1024
_CITIZENS_OF_AN_ADDRESS: Final = 10  # it may be that of a whole building
_PICTURE: Final = wording.NAMES["image"]


class PictureMessage(BaseModel):
    client_message_id: MessageId
    picture_id: Annotated[str, Field(min_length=1, max_length=32)]


class PlaceMessage(BaseModel):
    """`text`: the place in words. The point is the browser's (WGS-84), `accuracy_metres` how sure it is."""

    client_message_id: MessageId
    text: Annotated[str, Field(max_length=200)] = ""
    latitude: Annotated[float, Field(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Field(ge=-180, le=180)] | None = None
    accuracy_metres: Annotated[float, Field(ge=0, le=1e7)] | None = None

    @property
    def meta(self) -> dict[str, Any]:
        if self.latitude is None or self.longitude is None:
            return {}
        point = {"longitude": self.longitude, "latitude": self.latitude, "datum": "WGS-84"}
        return {"location": {**point, "accuracy_metres": self.accuracy_metres}}


@dataclass(frozen=True, slots=True)
class Enclosed:
    """What was answered, and how the conversation stands now."""

    turns: list[StoredTurn]
    snapshot: dict[str, Any]


class ChatEnclosures:
    """One instance a core."""

    def __init__(self, core: Core, pictures: ChatPictures) -> None:
        self._core = core
        self.pictures = pictures
        self.of_address = RateLimiter(core.settings.web.pictures_a_minute * _CITIZENS_OF_AN_ADDRESS)

    async def picture(self, conversation_id: str, message: PictureMessage) -> Enclosed:
        """
        Raises:
            UnknownConversation: there is none with this id.
            ApiError: 404, the conversation has no such picture.
        """
        found = await self.pictures.of(conversation_id, message.picture_id)
        if found is None:
            raise not_found("没有收到这张图片，请重新选择。", "unknown_picture")
        snapshot = await self._core.conversations.snapshot(conversation_id)
        if snapshot["orders"] and snapshot["asking"] is None:
            order_no = str(snapshot["orders"][-1])
            trouble = await self.pictures.attach(found, order_no)
            form = wording.NOT_ATTACHED if trouble else wording.ATTACHED
            answer = form.format(what=_PICTURE, order_no=order_no, reason=trouble)
        elif snapshot["status"] in ("waiting", "with_seat"):
            answer = wording.KEPT_FOR_SEAT.format(what=_PICTURE)
        elif snapshot["asking"] is not None:
            answer = wording.KEPT_IN_FORM.format(what=_PICTURE)
        else:
            answer = wording.KEPT.format(what=_PICTURE)
        turns = await self._core.conversations.enclose(
            conversation_id,
            "image",
            f"[{_PICTURE}] {found.name}",
            message_id=message.client_message_id,
            answer=answer,
            meta={"media_id": found.id, "client_message_id": message.client_message_id},
        )
        return Enclosed(turns, await self._core.conversations.snapshot(conversation_id))

    async def answers_question(self, conversation_id: str, place: str) -> bool:
        """Whether the bot is asking something: then a place that has words is what the citizen says to it."""
        snapshot = await self._core.conversations.snapshot(conversation_id)
        return bool(place) and snapshot["status"] == "open" and snapshot["asking"] is not None

    async def place(self, conversation_id: str, message: PlaceMessage) -> Enclosed:
        """A place that answers no question.

        Raises:
            UnknownConversation: there is none with this id.
        """
        words = clean_text(message.text)
        told = await told_of(self._core, words, message.longitude, message.latitude, "WGS-84")
        turns = await self._core.conversations.enclose(
            conversation_id,
            "location",
            told.text,
            message_id=message.client_message_id,
            answer=told.answer,
            meta={**message.meta, "client_message_id": message.client_message_id},
        )
        return Enclosed(turns, await self._core.conversations.snapshot(conversation_id))


async def take_picture(request: web.Request) -> web.Response:
    """A picture for one conversation; it is shown in it when the page has told of it over the socket."""
    core, enclosures = core_of(request), request.app[CHAT_ENCLOSURES]
    conversation_id = request.match_info["conversation_id"][:64]
    if not same_origin(request, core.settings.web, required=False):
        raise forbidden("不允许从这个网站发送。", "foreign_origin")
    now, address = core.clock.monotonic(), client_address(request, core.settings.web)
    if (wait := core.limits.pictures.take(conversation_id, now)) > 0:
        raise too_many(wait)
    if (wait := enclosures.of_address.take(address, now)) > 0:
        raise too_many(wait)
    await core.conversations.snapshot(conversation_id)  # there is one
    if (request.content_length or 0) > core.settings.attachments.limit_bytes:
        raise TooLarge(f"图片不能超过{core.settings.attachments.limit_bytes // 1024 // 1024 or 1}MB。")
    name = clean_text(unquote(request.headers.get(NAME_HEADER, "")).replace("\\", "/").rpartition("/")[2])
    picture = await enclosures.pictures.keep(conversation_id, name, _chunks(request))
    log.info("picture taken", conversation_id=conversation_id, kind=picture.media_type, size_bytes=picture.size_bytes)
    shown = {"id": picture.id, "name": picture.name, "media_type": picture.media_type, "size_bytes": picture.size_bytes}
    return web.json_response(shown, status=201, dumps=dumps)


async def _chunks(request: web.Request) -> AsyncGenerator[bytes, None]:
    async for chunk in request.content.iter_chunked(_CHUNK_BYTES):
        yield chunk


CHAT_ENCLOSURES: web.AppKey[ChatEnclosures] = web.AppKey("chat_enclosures", ChatEnclosures)


def add_routes(app: web.Application) -> None:
    core = app[CORE]
    settings = core.settings
    pictures = ChatPictures(
        core.database,
        core.attachments,
        core.files,
        settings.var / "chat_pictures",
        limit_bytes=settings.attachments.limit_bytes,
        limit_count=settings.attachments.limit_count,
        clock=core.clock,
    )
    app[CHAT_ENCLOSURES] = ChatEnclosures(core, pictures)
    core.further_work["chat pictures"] = lambda: pictures.keep_house(core.pause)
    app.router.add_post("/api/v1/chat/{conversation_id}/pictures", take_picture)
