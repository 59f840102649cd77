"""What a citizen did in WeChat, in one shape for Official Accounts and WeCom. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from base.errors import HotlineError

Kind = Literal[
    "text",
    "voice",
    "image",
    "video",
    "file",
    "location",
    "link",
    "other",
    "greet",
    "menu",
    "arrived",
    "left",
    "sent",
    "taken_over",
    "returned",
    "none",
]


class MalformedMessage(HotlineError):
    """Not a message of WeChat."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message or event.

    `id` is the same for each delivery of it. `kind`: `arrived` (subscribed), `greet` (opened the session, scanned a
    code), `menu` (`text` is the key), `left` (unsubscribed), `sent` (`text` tells what came of our message `media_id`),
    `taken_over`, `returned` (a servicer of WeCom has the session, or it is over), `other` (a kind of message that we do
    not read), `none` (nothing to answer). `text` of a voice is WeChat's own recognition. Longitude and latitude are
    degrees of `datum`.
    """

    id: str
    user_id: str
    kind: Kind
    text: str = ""
    media_id: str = ""
    media_format: str = ""
    longitude: float | None = None
    latitude: float | None = None
    scene: str = ""
    datum: str = "GCJ-02"

    @property
    def by_citizen(self) -> bool:
        """Whether it is a message that the citizen wrote, not an event: WeChat allows more replies to those."""
        return self.kind in ("text", "voice", "image", "video", "file", "location", "link", "other")

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Incoming:
        return cls(**values)


def identify(*parts: str) -> str:
    """The id of a message: a hash, for what makes it unique may name the citizen."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def read(fields: Mapping[str, str], *, account: str) -> Incoming:
    """A callback of an Official Account. Messages are known again by `MsgId`, events by sender and time.

    Raises:
        MalformedMessage: fields are missing that every message has.
    """
    user_id, kind, created = fields.get("FromUserName", ""), fields.get("MsgType", ""), fields.get("CreateTime", "")
    if not user_id or not kind or not created.isascii() or not created.isdigit() or len(user_id) > 128:
        raise MalformedMessage("a message without sender, type or time")
    if kind == "event":
        return _event(fields, user_id, identify("wechat", account, user_id, created, fields.get("Event", "")))
    number = fields.get("MsgId", "")
    if not number:
        raise MalformedMessage("a message without number")
    return _message(fields, kind, user_id, identify("wechat", account, user_id, number))


def _message(fields: Mapping[str, str], kind: str, user_id: str, key: str) -> Incoming:
    media = fields.get("MediaId", "")
    match kind:
        case "text":
            return Incoming(key, user_id, "text", fields.get("Content", ""))
        case "voice":
            form = fields.get("Format", "amr").lower()
            return Incoming(key, user_id, "voice", fields.get("Recognition", ""), media, form)
        case "image":
            return Incoming(key, user_id, "image", media_id=media)
        case "video" | "shortvideo":
            return Incoming(key, user_id, "video", media_id=media)
        case "location":
            place = fields.get("Label", "")
            return Incoming(
                key,
                user_id,
                "location",
                place,
                latitude=degrees(fields.get("Location_X")),
                longitude=degrees(fields.get("Location_Y")),
            )
        case "link":
            parts = (fields.get(name, "") for name in ("Title", "Description", "Url"))
            return Incoming(key, user_id, "link", "\n".join(part for part in parts if part))
    return Incoming(key, user_id, "other")


def _event(fields: Mapping[str, str], user_id: str, key: str) -> Incoming:
    detail = fields.get("EventKey", "")
    match fields.get("Event", "").lower():
        case "subscribe":
            return Incoming(key, user_id, "arrived", scene=detail.removeprefix("qrscene_")[:128])
        case "scan":
            return Incoming(key, user_id, "greet", scene=detail[:128])
        case "click":
            return Incoming(key, user_id, "menu", detail)
        case "unsubscribe":
            return Incoming(key, user_id, "left")
        case "templatesendjobfinish":
            return Incoming(
                key, user_id, "sent", fields.get("Status", ""), fields.get("MsgID", fields.get("MsgId", ""))
            )
    return Incoming(key, user_id, "none")  # a VIEW of the menu, a place told in passing


def degrees(text: object) -> float | None:
    try:
        value = float(str(text))
    except ValueError:
        return None
    return value if -180 <= value <= 180 else None
