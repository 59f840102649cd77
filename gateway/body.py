"""What comes in from outside is parsed and cleaned here, before any room sees it."""

from __future__ import annotations

import math
import unicodedata
from typing import Any, TypeVar

import orjson
from aiohttp import web
from pydantic import BaseModel, ValidationError

from gateway.errors import ApiError, bad_request

Model = TypeVar("Model", bound=BaseModel)

_KEPT = frozenset("\n\t")
# Marks that reorder or hide text on a screen: a seat must see what was written.
_HIDDEN = frozenset("\u200b\u2060\ufeff\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def clean_text(text: str) -> str:
    """Free text without control, reordering and unpaired surrogate characters; line ends become `\\n`; stripped."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = (
        character
        for character in text
        if character in _KEPT or (unicodedata.category(character) not in ("Cc", "Cs") and character not in _HIDDEN)
    )
    return "".join(kept).strip()


def check_text(text: str, limit_characters: int) -> str:
    """Clean text that is neither empty nor too long.

    Raises:
        ApiError: 400 where nothing is left, 413 where it is longer than the limit.
    """
    if len(text) > limit_characters:
        raise ApiError(413, "text_too_long", f"内容太长了，请精简到{limit_characters}字以内再发送。")
    cleaned = clean_text(text)
    if not cleaned:
        raise bad_request("请输入内容后再发送。", "empty_text")
    return cleaned


def degrees(text: str, most: float) -> float:
    """Longitude or latitude of a query.

    Raises:
        ApiError: 400; it is no number, or beyond `most`.
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not -most <= value <= most:
        raise bad_request("经度和纬度应为度，例如 longitude=116.39&latitude=39.91。", "invalid_field")
    return value


def parse_object(raw: bytes | str) -> dict[str, Any]:
    """A JSON object from bytes.

    Raises:
        ApiError: 400 where it is not valid JSON (or not valid UTF-8), or not an object.
    """
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise bad_request("请求不是有效的 JSON。", "malformed_json") from error
    if not isinstance(value, dict):
        raise bad_request("请求应为一个 JSON 对象。", "malformed_json")
    return value


def parse_model(model: type[Model], raw: bytes | str | dict[str, Any]) -> Model:
    """A validated request.

    Raises:
        ApiError: 400; the message names the field, never its value.
    """
    values = raw if isinstance(raw, dict) else parse_object(raw)
    try:
        return model.model_validate(values)
    except ValidationError as error:
        field = ".".join(str(part) for part in error.errors()[0]["loc"]) or "请求"
        raise bad_request(f"字段 {field} 缺失或不正确。", "invalid_field") from error


async def read_model(request: web.Request, model: type[Model]) -> Model:
    """The body of a request; its size is bounded by the application's `client_max_size`."""
    return parse_model(model, await request.read())
