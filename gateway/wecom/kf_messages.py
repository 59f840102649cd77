"""Messages and events of 微信客服 as `sync_msg` delivers them. Pure.

Origin 3 is the citizen, 4 an event, 5 a servicer of WeCom (what those say is none of ours).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from gateway.wechat.incoming import Incoming, Kind, degrees, identify

_CITIZEN: Final = 3
_EVENT: Final = 4
_TAKEN_OVER: Final = (1, 2, 4)  # from the pool, passed on, taken up again
_OVER: Final = 3
_MEDIA: Final[dict[str, Kind]] = {"image": "image", "voice": "voice", "video": "video", "file": "file"}


def read(message: Mapping[str, Any]) -> tuple[str, Incoming] | None:
    """The 微信客服 account and what was done there; None for what is not for us."""
    kind, number = str(message.get("msgtype", "")), str(message.get("msgid", ""))
    if message.get("origin") == _EVENT and kind == "event":
        return _event(_mapping(message.get("event")), number)
    account, user_id = str(message.get("open_kfid", "")), str(message.get("external_userid", ""))
    if message.get("origin") != _CITIZEN or not (account and user_id and number):
        return None
    return account, _message(message, kind, user_id, identify("wecom", account, number))


def _message(message: Mapping[str, Any], kind: str, user_id: str, key: str) -> Incoming:
    body = _mapping(message.get(kind))
    if kind == "text":
        return Incoming(key, user_id, "text", str(body.get("content", "")))
    if kind in _MEDIA:
        media_format = "amr" if kind == "voice" else ""
        return Incoming(key, user_id, _MEDIA[kind], media_id=str(body.get("media_id", "")), media_format=media_format)
    if kind == "location":
        place = " ".join(str(body[name]) for name in ("address", "name") if body.get(name))
        longitude, latitude = degrees(body.get("longitude")), degrees(body.get("latitude"))
        return Incoming(key, user_id, "location", place, longitude=longitude, latitude=latitude)
    if kind == "link":
        parts = (str(body.get(name, "")) for name in ("title", "desc", "url"))
        return Incoming(key, user_id, "link", "\n".join(part for part in parts if part))
    return Incoming(key, user_id, "other")


def _event(event: Mapping[str, Any], number: str) -> tuple[str, Incoming] | None:
    account, user_id = str(event.get("open_kfid", "")), str(event.get("external_userid", ""))
    if not account or not user_id or not number:
        return None
    key = identify("wecom", account, number)
    match event.get("event_type"):
        case "enter_session":
            scene, code = str(event.get("scene_param") or event.get("scene") or ""), str(event.get("welcome_code", ""))
            # Without a code the citizen has been here within two days: nobody is greeted again.
            return account, Incoming(key, user_id, "greet" if code else "none", media_id=code, scene=scene[:128])
        case "msg_send_fail":
            failed = f"failed: type {event.get('fail_type')}"
            return account, Incoming(key, user_id, "sent", failed, str(event.get("fail_msgid", "")))
        case "session_status_change":
            change = event.get("change_type")
            kind: Kind = "taken_over" if change in _TAKEN_OVER else "returned" if change == _OVER else "none"
            return account, Incoming(key, user_id, kind)
    return None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
