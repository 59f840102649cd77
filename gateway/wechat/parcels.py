"""What is told, as messages that WeChat takes: short enough, marked by who wrote it, as few as possible. Pure.

What waits is merged into one message. Where the last message is due that WeChat allows, it ends with a link to the web
page on which the whole conversation goes on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_BETWEEN: Final = "\n\n"
_CUT_OFF: Final = "……"
_ENDS: Final = ("\n", "。", "！", "？", "；", "，", "、", " ")


@dataclass(frozen=True, slots=True)
class Piece:
    """One text that waits. `role`: bot, seat or system, who wrote it."""

    id: int
    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message. `done`: the pieces that it tells to their end; `rest`: the piece that it tells in part, and what is
    left of it; `linked`: it ends with the link, and what it does not tell is read there."""

    text: str
    done: tuple[int, ...]
    rest: tuple[int, str] | None = None
    linked: bool = False


def pack(
    pieces: Sequence[Piece], *, limit_bytes: int, labels: Mapping[str, str], last: bool = False, link: str = ""
) -> Parcel:
    """The next message, from as many pieces as fit, in their order; there is at least one.

    Args:
        limit_bytes: of the message in UTF-8.
        labels: role -> what begins the text of that role.
        last: no other message may follow: it tells what fits and ends with `link`.
    """
    room = limit_bytes - (_size(_BETWEEN + link) if last and link else 0)
    text, told_by, done = "", "", []
    for piece in pieces:
        label = labels.get(piece.role, "")
        begins = (_BETWEEN if text else "") + ("" if told_by == label and text else label)
        if _size(text + begins + piece.text) <= room:
            text, told_by = text + begins + piece.text, label
            done.append(piece.id)
            continue
        if text and not last:
            break  # it begins the next message
        spare = room - _size(text + begins) - (_size(_CUT_OFF) if last else 0)
        told, rest = split(piece.text, spare)
        if last:
            text += begins + told + _CUT_OFF if told else ""
            return Parcel(_linked(text, link), tuple(one.id for one in pieces), linked=True)
        return Parcel(begins + told, tuple(done), (piece.id, rest))
    return Parcel(_linked(text, link), tuple(done), linked=True) if last and link else Parcel(text, tuple(done))


def split(text: str, limit_bytes: int) -> tuple[str, str]:
    """The longest beginning within the limit, cut behind a sentence or a comma where that keeps at least half of it,
    and the rest. Never within a character."""
    if limit_bytes <= 0:
        return "", text
    raw = text.encode()
    if len(raw) <= limit_bytes:
        return text, ""
    beginning = raw[:limit_bytes].decode("utf-8", "ignore")
    for end in _ENDS:
        place = beginning.rfind(end) + len(end)
        if place > len(beginning) // 2:
            beginning = beginning[:place]
            break
    return beginning.rstrip(), text[len(beginning) :].lstrip()


def _linked(text: str, link: str) -> str:
    return f"{text}{_BETWEEN}{link}" if text and link else text + link


def _size(text: str) -> int:
    return len(text.encode())
