"""Every order with its events as JSON Lines, from one snapshot of the database; an export that was cut off goes on.

The file is a sequence of parts. Each begins with a line `{"kind": "part", ...}` that tells when its snapshot was taken
and ends, when it was not cut off, with `{"kind": "end", ...}`; between them stands one line an order, right behind
those of its objections and attachments, and after all orders the return visits, the call-backs and the ratings
(`workorders/export_further.py`). A later line of an order (or of whatever else has an `id`) replaces an earlier one: a
part that goes on first repeats the orders that changed since the first snapshot, so that the whole file, read that way,
is the state at its last.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, Final

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from base.clock import Clock, SystemClock
from base.errors import HotlineError
from storage.engine import Database
from storage.tables import Order, OrderEvent
from workorders import answers, event_moments, export_further

FORMAT: Final = "hotline-orders/3"
_PAGE: Final = 500
_LATE_COMMITS: Final = timedelta(minutes=10)  # a change is stamped before it is committed
_FLUSH_ORDERS: Final = 2_000

_PERSONAL: Final = (
    *("title", "detail", "address", "event_time", "subject", "appeal", "contact_name", "contact_phone"),
    *("conversation_id", "extra"),
)
_OPEN: Final = (
    *("order_no", "version", "status", "channel", "request_type", "district", "street", "confidential", "matter"),
    *("category_code", "category_level1", "category_level2", "category_level3", "category_confidence"),
    *("catalogue_version", "urgency", "deadline_hours", "deadline_working_days", "deadline_at", "unit"),
    *("dispatch_mode", "copies", "duplicate_of", "created_by", "created_at", "filed_at", "updated_at"),
)
_OPEN_EVENT_DATA: Final = (
    *("unit", "mode", "copies", "from_unit", "from_copies", "deadline_hours", "deadline_at", "main", "fields"),
    *("code", "catalogue_version", "responded", "solved", "satisfied"),
)


class ExportError(HotlineError):
    """The file cannot be written, or is not one that could go on."""


@dataclass(frozen=True, slots=True)
class Exported:
    """`orders`: lines written now; `repeated`: how many of them replace lines of an earlier part. `further`: lines of
    each other kind."""

    orders: int
    repeated: int
    further: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Left:
    """Where a file that was cut off ended: up to which byte it is whole, the last order, the first snapshot."""

    whole_bytes: int = 0
    last_order_no: str = ""
    snapshot_at: datetime | None = None


async def export(
    database: Database,
    path: Path,
    *,
    personal: bool = False,
    since: datetime | None = None,
    resume: bool = False,
    clock: Clock | None = None,
) -> Exported:
    """
    Args:
        personal: also what citizens said, who they are and what was noted. Without it no free text is written at all,
            for any of it may name a person.
        since: only orders that changed at or after this moment, with all that belongs to them, and return visits,
            call-backs and ratings likewise (`workorders/export_further.py`).
        resume: go on with a file that was cut off, written with the same choices.

    Raises:
        ExportError: the file exists (and `resume` was not asked for), is complete, is of other choices, or is none.
    """
    choices = {"format": FORMAT, "personal": personal, "since": since.isoformat() if since else None}
    left = _left(path, choices) if resume else _Left()
    try:
        stream = _open(path, left, resume=resume)
    except OSError as error:
        raise ExportError(f"{path} cannot be written: {error.strerror or error}") from error
    with stream:
        async with database.snapshot() as session:
            now = (clock or SystemClock()).now()
            _write(stream, {"kind": "part", **choices, "snapshot_at": now.isoformat()})
            counted: Counter[str] = Counter()
            repeated = 0
            if left.snapshot_at is not None:
                changed = and_(
                    Order.order_no <= left.last_order_no, Order.updated_at >= left.snapshot_at - _LATE_COMMITS
                )
                async for line in _lines(session, since, personal, within=changed):
                    _write(stream, line)
                    counted[line["kind"]] += 1
                repeated = counted["order"]
            async for line in _lines(session, since, personal, after=left.last_order_no):
                _write(stream, line)
                counted[line["kind"]] += 1
                if line["kind"] == "order" and not counted["order"] % _FLUSH_ORDERS:
                    stream.flush()
            # A part that goes on has all of these again: nothing tells which of them changed.
            for others in (export_further.visits, export_further.callbacks, export_further.ratings):
                async for line in others(session, since, personal, page=_PAGE):
                    _write(stream, line)
                    counted[line["kind"]] += 1
            further = {f"{kind}s": counted[kind] for kind in export_further.KINDS}
            _write(stream, {"kind": "end", "orders": counted["order"], **further})
        stream.flush()
        os.fsync(stream.fileno())
    return Exported(counted["order"], repeated, further)


async def _lines(
    session: AsyncSession, since: datetime | None, personal: bool, *, after: str = "", within: Any = None
) -> AsyncIterator[dict[str, Any]]:
    while True:
        query = select(Order).where(Order.order_no > after).order_by(Order.order_no).limit(_PAGE)
        if since is not None:
            query = query.where(or_(Order.updated_at >= since, Order.created_at >= since))
        if within is not None:
            query = query.where(within)
        orders = list((await session.execute(query)).scalars())
        if not orders:
            return
        numbers = [order.order_no for order in orders]
        events: dict[str, list[OrderEvent]] = {number: [] for number in numbers}
        found = select(OrderEvent).where(OrderEvent.order_no.in_(numbers)).order_by(OrderEvent.id)
        for event in (await session.execute(found)).scalars():
            events[event.order_no].append(event)
        belonging = await export_further.of_orders(session, numbers, personal)
        for order in orders:
            for line in belonging[order.order_no]:  # first: of an order whose line stands nothing is missing
                yield line
            yield _order(order, events[order.order_no], personal)
        session.expunge_all()  # a million orders are not kept in memory
        after = numbers[-1]


def _order(order: Order, events: list[OrderEvent], personal: bool) -> dict[str, Any]:
    names = (*_OPEN, *_PERSONAL) if personal else _OPEN
    return {
        "kind": "order",
        **{name: _plain(getattr(order, name)) for name in names},
        **({**event_moments.told(order.extra), "answers": answers.told(order.extra)} if personal else {}),
        "events": [_event(event, personal) for event in events],
    }


def _event(event: OrderEvent, personal: bool) -> dict[str, Any]:
    data = event.data if personal else {key: event.data[key] for key in _OPEN_EVENT_DATA if key in event.data}
    shown = {
        "id": event.id,
        "event": event.event,
        "actor": event.actor,
        "at": event.at.isoformat(),
        "public": event.public,
        "data": data,
    }
    return {**shown, "note": event.note} if personal else shown


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _write(stream: BinaryIO, line: dict[str, Any]) -> None:
    stream.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")


def _open(path: Path, left: _Left, *, resume: bool) -> BinaryIO:
    if not resume:
        # It may hold personal data: nobody else of the machine may read it, from its first byte on.
        try:
            return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        except FileExistsError as error:
            raise ExportError(f"{path} exists: choose another name, or go on with it by --resume") from error
    stream = path.open("r+b")
    stream.truncate(left.whole_bytes)
    stream.seek(left.whole_bytes)
    return stream


def _left(path: Path, choices: dict[str, Any]) -> _Left:
    whole, last, snapshot_at, ended = 0, "", None, False
    try:
        with path.open("rb") as stream:
            for raw in stream:
                if not raw.endswith(b"\n"):
                    break  # the line that was being written
                line = json.loads(raw)
                whole += len(raw)
                ended = line["kind"] == "end"
                if line["kind"] == "part":
                    if {key: line.get(key) for key in choices} != choices:
                        raise ExportError(f"{path} was begun with other choices: {line.get('format')}, personal "
                                          f"{line.get('personal')}, since {line.get('since')}")  # fmt: skip
                    # Of the first part: a later one may have been cut off before it had repeated all that changed.
                    snapshot_at = snapshot_at or datetime.fromisoformat(line["snapshot_at"])
                elif line["kind"] == "order":
                    last = max(last, line["order_no"])
    except OSError as error:
        raise ExportError(f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ExportError(f"{path} is no export of orders") from error
    if ended:
        raise ExportError(f"{path} is complete")
    return _Left(whole, last, snapshot_at)
