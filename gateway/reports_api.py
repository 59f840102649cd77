"""`/api/v1/leader/reports…`: figures of a span of days on the city's calendar, as JSON and as files; seats' figures."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Annotated, Final, Literal
from urllib.parse import quote

from aiohttp import web
from pydantic import BaseModel, Field

from base.clock import local
from gateway.body import parse_model
from gateway.core import Core, core_of
from gateway.errors import bad_request, dumps
from gateway.seat_auth import actor_of, require
from seats import reports_export
from seats.reports import Reports
from seats.reports_seats import SeatReports
from seats.reports_time import Slot, Span

_USUAL_DAYS: Final = {"hour": 1, "day": 7, "week": 56, "month": 365}
_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class _Asked(BaseModel):
    """Days of the city, both included; left out: the last days, as many as suit the slot."""

    by: Slot = "day"
    first_day: date | None = None
    last_day: date | None = None


class _Wanted(_Asked):
    format: Literal["csv", "xlsx"] = "xlsx"
    table: Annotated[Literal["slots", "categories", "streets"], Field(description="of a CSV")] = "slots"


def _span(core: Core, asked: _Asked) -> Span:
    """
    Raises:
        ApiError: 400, with what is wrong with the days.
    """
    last = asked.last_day or local(core.clock.now()).date()
    first = asked.first_day or last - timedelta(days=_USUAL_DAYS[asked.by] - 1)
    try:
        return Span.whole(asked.by, first, last)
    except (ValueError, OverflowError) as error:
        raise bad_request(str(error) if isinstance(error, ValueError) else "日期不正确。", "invalid_field") from error


async def report(request: web.Request) -> web.Response:
    await require(request, "statistics.read")
    core, asked = core_of(request), parse_model(_Asked, dict(request.query))
    shown = await Reports(core.database, clock=core.clock).of(_span(core, asked))
    return web.json_response(shown, dumps=dumps)


async def export(request: web.Request) -> web.Response:
    """A file; who took which is an entry of the audit log."""
    person = await require(request, "statistics.read")
    core, asked = core_of(request), parse_model(_Wanted, dict(request.query))
    span = _span(core, asked)
    tables = reports_export.tables(await Reports(core.database, clock=core.clock).of(span))
    if asked.format == "csv":
        chosen = next(table for table in tables if table.key == asked.table)
        body, kind = reports_export.as_csv(chosen), "text/csv"
    else:
        body, kind = await asyncio.to_thread(reports_export.as_workbook, tables), _XLSX
    detail = {"by": span.slot, "first_day": span.first_day.isoformat(), "last_day": span.last_day.isoformat()}
    await core.audit.record("report.exported", actor=actor_of(person), detail=detail)
    name = f"12345-{span.first_day:%Y%m%d}-{span.last_day:%Y%m%d}-{asked.table}.{asked.format}"
    disposition = f"attachment; filename*=UTF-8''{quote(name)}"
    headers = {"Content-Disposition": disposition, "Content-Type": kind, "Cache-Control": "private, no-store"}
    return web.Response(body=body, headers=headers)


async def seats(request: web.Request) -> web.Response:
    await require(request, "quality.review")
    core, asked = core_of(request), parse_model(_Asked, dict(request.query))
    span = _span(core, asked)
    items = await SeatReports(core.database).of(span)
    shown = {"first_day": span.first_day.isoformat(), "last_day": span.last_day.isoformat(), "items": items}
    return web.json_response(shown, dumps=dumps)


def add_routes(app: web.Application) -> None:
    app.router.add_get("/api/v1/leader/reports", report)
    app.router.add_get("/api/v1/leader/reports/file", export)
    app.router.add_get("/api/v1/leader/seats", seats)
