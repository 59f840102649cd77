"""Return visits at the visitors' desk, and the rates for leaders."""

from __future__ import annotations

from typing import Any

from gateway_helpers import Client, Connect, SmallConversations, login, origin
from test_gateway_units import HEAT, file

from base.clock import ManualClock
from gateway.core import Core


async def step(client: Client, visit_id: str, **body: Any) -> tuple[int, dict[str, Any]]:
    response = await client.post(f"/api/v1/visits/{visit_id}", json=body, headers=origin(client))
    return response.status, await response.json()


async def test_a_visitor_calls_and_the_rates_count(
    connect: Connect, core: Core, small: SmallConversations, clock: ManualClock
) -> None:
    number = await file(core, "c:1")
    await core.orders.change(number, "accept", actor=f"unit:{HEAT}")
    await core.orders.change(number, "answer", actor=f"unit:{HEAT}", note="已修好")
    await core.visits.sweep()
    (visitor, visitor_id), (leader, _) = (
        await login(connect, core, "v1", "visitor"),
        await login(connect, core, "l", "leader"),
    )
    listed = await (await visitor.get("/api/v1/visits")).json()
    (task,) = listed["items"]
    assert task["due"] and "13900001234" not in str(task) and "办理结果" in listed["reasons"]
    answers = {"step": "answers", "responded": True, "solved": True, "satisfied": False}
    assert (await step(visitor, task["id"], **answers, reason="办理速度"))[0] == 409  # not taken yet
    status, taken = await step(visitor, task["id"], step="take")
    assert status == 200 and taken["number"] == "13900001234"
    assert (await step(leader, task["id"], step="take"))[0] == 409
    assert (await step(visitor, task["id"], **answers))[0] == 400  # why?
    assert (await step(visitor, task["id"], **answers, reason="办理速度", reason_detail="态度生硬"))[0] == 400
    assert (await step(visitor, task["id"], step="answers"))[0] == 400
    told = await step(
        visitor, task["id"], **answers, reason="办理速度", reason_detail="超过答应的时间", note="晚了两天"
    )
    assert told[0] == 200
    view = await core.orders.view(number, seat="s")
    assert view.status == "closed" and view.events[-2]["actor"] == f"seat:{visitor_id}"
    assert (await visitor.get("/api/v1/visits/rates")).status == 403
    rates = await (await leader.get("/api/v1/visits/rates?month=2026-01")).json()
    assert rates["items"] == [
        {"unit": HEAT, "visits": 1, "response_rate": 1.0, "solution_rate": 1.0, "satisfaction_rate": 0.0}
    ]
    assert (await (await leader.get("/api/v1/visits/rates?month=2025-12")).json())["items"] == []
    for wrong in ("2026-13", "2026", "x"):
        assert (await leader.get(f"/api/v1/visits/rates?month={wrong}")).status == 400


async def test_others_see_no_visits(connect: Connect, core: Core, small: SmallConversations) -> None:
    seat, _ = await login(connect, core)
    assert (await seat.get("/api/v1/visits")).status == 403
    assert (await step(seat, "v_x", step="take"))[0] == 403
    leader, _ = await login(connect, core, "l", "leader")
    assert (await step(leader, "v_x", step="take"))[0] == 404
