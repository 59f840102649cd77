"""Return visits (回访): the visitors' calls, and the three rates of each unit and month."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Literal

from aiohttp import web
from pydantic import BaseModel, Field

from base.clock import CHINA, local
from base.logs import get_logger
from gateway.audited import audited
from gateway.body import clean_text, read_model
from gateway.core import core_of
from gateway.errors import bad_request, dumps
from gateway.seat_auth import require
from seats.permissions import may
from workorders.visit_reasons import default_reasons
from workorders.visits import Answers

log = get_logger("gateway.visits")
_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])")


class Said(BaseModel):
    """What the citizen said; null: not asked."""

    responded: bool | None = None
    solved: bool | None = None
    satisfied: bool | None = None
    reason: Annotated[str, Field(max_length=32)] = ""
    reason_detail: Annotated[str, Field(max_length=64)] = ""
    note: Annotated[str, Field(max_length=2_000)] = ""


class Step(Said):
    """`take` a visit, note that nobody was reached (`missed`), keep what the citizen said (`answers`), or `give_back`
    what was taken: a leader also what another has taken."""

    step: Literal["take", "missed", "answers", "give_back"]


def reasons_told() -> dict[str, list[str]]:
    """Why somebody may be dissatisfied, and what that may mean more exactly."""
    return {reason: list(details) for reason, details in default_reasons().items()}


async def list_visits(request: web.Request) -> web.Response:
    """`lead`: whoever asks may take visits away from others."""
    person = await require(request, "visits.work")
    items = await core_of(request).visits.tasks(person=person.id)
    body = {"items": items, "reasons": reasons_told(), "lead": may(person.role, "desk.lead")}
    return web.json_response(body, dumps=dumps)


async def move_visit(request: web.Request) -> web.Response:
    person = await require(request, "visits.work")
    core, asked = core_of(request), await read_model(request, Step)
    visit_id = request.match_info["visit_id"][:32]
    if asked.step == "take":
        shown = await core.visits.take(visit_id, person=person.id)
        await audited(request, person, "visit.revealed", visit_id, order=shown.get("order_no"))
    elif asked.step == "missed":
        shown = await core.visits.missed(visit_id, person=person.id, note=clean_text(asked.note))
    elif asked.step == "give_back":
        shown = await core.visits.give_back(visit_id, person=person.id, lead=may(person.role, "desk.lead"))
        if shown["event"] == "released":
            await audited(request, person, "visit.released", visit_id, order=shown["order_no"])
    else:
        shown = await core.visits.record(visit_id, answers_of(asked), person=person.id)
    log.info("return visit", seat_id=person.id, step=asked.step, visit=visit_id)
    return web.json_response(shown, dumps=dumps)


def answers_of(asked: Said) -> Answers:
    """
    Raises:
        ApiError: 400; nothing was answered, or a reason is none of the list or missing.
    """
    if asked.responded is None and asked.solved is None and asked.satisfied is None:
        raise bad_request("请至少填写一项回访结果。", "invalid_field")
    reasons = default_reasons()
    if asked.satisfied is False and asked.reason not in reasons:
        raise bad_request("请选择不满意的原因。", "invalid_field")
    if asked.reason_detail and asked.reason_detail not in reasons.get(asked.reason, ()):
        raise bad_request("请选择具体的原因。", "invalid_field")
    dissatisfied = asked.satisfied is False
    return Answers(
        asked.responded,
        asked.solved,
        asked.satisfied,
        asked.reason if dissatisfied else "",
        asked.reason_detail if dissatisfied else "",
        clean_text(asked.note),
    )


async def rates(request: web.Request) -> web.Response:
    """`month` as 2026-11, by the wall clock of the city; left out: this month."""
    await require(request, "statistics.read")
    core = core_of(request)
    month = request.query.get("month") or f"{local(core.clock.now()):%Y-%m}"
    found = _MONTH.fullmatch(month)
    if found is None:
        raise bad_request("参数 month 应为 2026-11 这样的月份。", "invalid_field")
    year, number = int(found[1]), int(found[2])
    start = datetime(year, number, 1, tzinfo=CHINA)
    end = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=CHINA)
    items = await core.visits.rates(start, end, unit=clean_text(request.query.get("unit", ""))[:128])
    return web.json_response({"month": month, "items": items}, dumps=dumps)


def add_routes(app: web.Application) -> None:
    app.router.add_get("/api/v1/visits", list_visits)
    app.router.add_get("/api/v1/visits/rates", rates)
    app.router.add_post("/api/v1/visits/{visit_id}", move_visit)
