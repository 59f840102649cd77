"""Values as the specification writes them: JSON, and XML by the names of the elements of its lists."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from xml.sax.saxutils import escape

from aiohttp import web

from base.errors import HotlineError
from gateway.errors import dumps

FORMATS: Final = ("json", "xml")
_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Open311Error(HotlineError):
    """What is answered in the specification's form."""

    def __init__(self, status: int, description: str, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.headers = headers or {}


@dataclass(frozen=True, slots=True)
class Listed:
    """A list: in XML `name` holds one `item` for each; in JSON it is an array, and `name` is not written at the top."""

    name: str
    item: str
    values: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Element:
    """One thing with a name: in JSON the name is not written."""

    name: str
    fields: dict[str, Any]


def answered(found: Listed | Element, form: str, *, status: int = 200, headers: dict[str, str] | None = None) -> Any:
    """A response; `form` is json or xml."""
    if form == "json":
        return web.json_response(plain(found), status=status, headers=headers, dumps=dumps)
    text = f'<?xml version="1.0" encoding="utf-8"?>\n{xml(found)}'
    return web.Response(text=text, status=status, headers=headers, content_type="text/xml", charset="utf-8")


def refused(error: Open311Error, form: str) -> Any:
    body = Listed("errors", "error", [{"code": error.status, "description": error.description}])
    return answered(body, form, status=error.status, headers=error.headers)


def plain(value: Any) -> Any:
    """As JSON has it."""
    match value:
        case Listed():
            return [plain(one) for one in value.values]
        case Element():
            return plain(value.fields)
        case dict():
            return {name: plain(one) for name, one in value.items()}
    return value


def xml(value: Listed | Element) -> str:
    if isinstance(value, Listed):
        inner = "".join(_element(value.item, one) for one in value.values)
        return f"<{value.name}>{inner}</{value.name}>"
    return _element(value.name, value.fields)


def _element(name: str, value: Any) -> str:
    """`name` is always one of ours."""
    if isinstance(value, Listed):
        return xml(value)
    if value is None:
        return f"<{name}/>"
    if isinstance(value, dict):
        text = "".join(_element(key, one) for key, one in value.items())
    elif isinstance(value, bool):
        text = "true" if value else "false"
    else:
        text = escape(_NOT_XML.sub("", str(value)))
    return f"<{name}>{text}</{name}>"
