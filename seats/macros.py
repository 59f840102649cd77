"""Macros: what a seat does again and again in one step: a reply, tags, fields of the order, what it was.

A reply may hold placeholders, `{称呼}`, which the desk fills from the order that it has on the screen; nothing is sent
or filed by a macro, the seat sees it first. A key from 1 to 9 runs it in the palette; of two with the same key
the seat's own wins over the shared one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import delete, func, or_, select

from base.clock import Clock, SystemClock
from base.errors import HotlineError
from base.ids import new_id
from seats.cases import TAG_CHARACTERS, TAGS
from seats.notes import REPLY_CHARACTERS
from storage.engine import Database
from storage.leader_tables import Macro

# What the desk can fill in; each is found in the order, or (单号, 承办单位, 查询码) in the one that was just filed.
PLACEHOLDERS: Final = ("称呼", "诉求类型", "标题", "区", "街道", "地址", "时间", "单号", "查询码", "承办单位", "时限")
# Fields of the order that a macro may set: none that holds who somebody is.
FIELDS: Final = ("request_type", "title", "district", "street", "event_time", "subject", "appeal")
VALUE_CHARACTERS: Final = 200
_MACROS: Final = 200
_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
_KEYS: Final = frozenset("123456789")


class MacroError(HotlineError):
    """A macro cannot be kept; the message is for the seat."""


@dataclass(frozen=True, slots=True)
class Steps:
    """What a macro does. Anything may be left out, but not everything."""

    reply: str = ""
    tags: Sequence[str] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    code: str = ""


def checked(name: str, key: str, steps: Steps, *, codes: Collection[str]) -> Steps:
    """The steps with blanks left out. `codes`: those of `seats.wrap_up_codes`.

    Raises:
        MacroError: it has no name or does nothing, or names a key, a field, a placeholder or a code that there is not.
    """
    tags = list(dict.fromkeys(tag.strip()[:TAG_CHARACTERS] for tag in steps.tags if tag.strip()))
    fields = {known: value.strip() for known, value in steps.fields.items() if value.strip()}
    reply = steps.reply.strip()
    if not name.strip():
        raise MacroError("请给这个宏起个名字。")
    if key and key not in _KEYS:
        raise MacroError("快捷键应为 1 到 9。")
    if unknown := set(_PLACEHOLDER.findall(reply)) - set(PLACEHOLDERS):
        raise MacroError(f"没有这些占位：{'、'.join(sorted(unknown))}。")
    if set(fields) - set(FIELDS):
        raise MacroError("宏不能填写这些工单项。")
    if steps.code and steps.code not in codes:
        raise MacroError("没有这种小结。")
    if len(tags) > TAGS or len(reply) > REPLY_CHARACTERS or any(len(one) > VALUE_CHARACTERS for one in fields.values()):
        raise MacroError("内容太长了。")
    if not (reply or tags or fields or steps.code):
        raise MacroError("这个宏什么也不做。")
    return Steps(reply, tags, fields, steps.code)


class Macros:
    """One instance a process. A seat sees its own and the shared ones."""

    def __init__(self, database: Database, *, clock: Clock | None = None) -> None:
        self._database = database
        self._clock = clock or SystemClock()

    async def of(self, seat_id: str) -> list[dict[str, Any]]:
        """By key, then by name; a key that the seat has given to a macro of its own is taken from the shared one."""
        query = select(Macro).where(or_(Macro.seat_id == seat_id, Macro.seat_id.is_(None)))
        async with self._database.read() as session:
            rows = (await session.execute(query.limit(2 * _MACROS))).scalars().all()
        own = {row.key for row in rows if row.seat_id is not None}
        shown = [_shown(row, key="" if row.seat_id is None and row.key in own else row.key) for row in rows]
        return sorted(shown, key=lambda one: (one["key"] or "~", one["name"], one["id"]))

    async def add(self, seat_id: str | None, name: str, key: str, steps: Steps) -> dict[str, Any]:
        """`seat_id` None: shared by all. The steps are `checked`.

        Raises:
            MacroError: there are too many, or the key is taken.
        """
        owner = Macro.seat_id.is_(None) if seat_id is None else Macro.seat_id == seat_id
        async with self._database.write() as session:
            count = (await session.execute(select(func.count()).select_from(Macro).where(owner))).scalar_one()
            if count >= _MACROS:
                raise MacroError(f"宏已有{count}个，请先删掉不用的。")
            taken = select(Macro.name).where(owner, Macro.key == key)
            if key and (other := (await session.execute(taken)).scalars().first()) is not None:
                raise MacroError(f"数字 {key} 已经给了“{other}”。")
            row = Macro(
                id=new_id("m_"),
                seat_id=seat_id,
                name=name.strip()[:60],
                key=key,
                reply=steps.reply,
                tags=list(steps.tags),
                fields=dict(steps.fields),
                code=steps.code,
                updated_at=self._clock.now(),
            )
            session.add(row)
            return _shown(row, key=key)

    async def remove(self, macro_id: str, *, seat_id: str, may_share: bool) -> bool:
        """One's own; a shared one only by who may share. False where there is none of that kind."""
        mine = Macro.seat_id == seat_id
        allowed = or_(mine, Macro.seat_id.is_(None)) if may_share else mine
        async with self._database.write() as session:
            done = await session.execute(delete(Macro).where(Macro.id == macro_id, allowed))
            return bool(done.rowcount)  # type: ignore[attr-defined]


def _shown(row: Macro, *, key: str) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "key": key,
        "reply": row.reply,
        "tags": list(row.tags),
        "fields": dict(row.fields),
        "code": row.code,
        "shared": row.seat_id is None,
    }
