"""XML of WeChat's callbacks: flat, small, and parsed by expat with everything forbidden that a message never holds."""

from __future__ import annotations

from typing import Final
from xml.parsers import expat

from base.errors import HotlineError

_LIMIT_BYTES: Final = 64 * 1024
_LIMIT_ELEMENTS: Final = 200
_LIMIT_DEPTH: Final = 5


class MalformedXml(HotlineError):
    """Not a message of WeChat: no XML, too large, or with a document type or entities of its own."""


def parse(body: bytes, *, limit_bytes: int = _LIMIT_BYTES) -> dict[str, str]:
    """The fields below the root by name; fields within fields as `Outer.Inner`. UTF-8, whatever the document says.

    Raises:
        MalformedXml: see there.
    """
    if len(body) > limit_bytes:
        raise MalformedXml("the message is too large")
    try:
        body.decode("utf-8")  # expat itself would believe a mark of another encoding
    except UnicodeDecodeError as error:
        raise MalformedXml("the message is not UTF-8") from error
    reader = _Reader()
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _forbidden
    parser.EntityDeclHandler = _forbidden
    parser.UnparsedEntityDeclHandler = _forbidden
    parser.ExternalEntityRefHandler = _forbidden
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        raise MalformedXml("the message is not well-formed XML") from error
    return reader.fields


def cdata(text: str) -> str:
    """Text as a CDATA section, also when it holds the section's end."""
    return "<![CDATA[" + text.replace("]]>", "]]]]><![CDATA[>") + "]]>"


def _forbidden(*_: object) -> int:
    raise MalformedXml("a message has no document type and no entities")


class _Reader:
    def __init__(self) -> None:
        self.fields: dict[str, str] = {}
        self._path: list[str] = []
        self._texts: list[list[str]] = []
        self._elements = 0

    def start(self, name: str, _: dict[str, str]) -> None:
        self._elements += 1
        self._path.append(name)
        self._texts.append([])
        if len(self._path) > _LIMIT_DEPTH or self._elements > _LIMIT_ELEMENTS:
            raise MalformedXml("the message has more fields than any message has")

    def text(self, data: str) -> None:
        self._texts[-1].append(data)

    def end(self, _: str) -> None:
        name, text = ".".join(self._path[1:]), "".join(self._texts.pop()).strip()
        self._path.pop()
        if name:
            self.fields.setdefault(name, text)
