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


async def _answered(core: Core, key: str) -> str:
    number = await file(core, key)
    await core.orders.change(number, "accept", actor=f"unit:{HEAT}")
    await core.orders.change(number, "answer", actor=f"unit:{HEAT}", note="已修好")
    return number


async def test_a_visit_comes_back_from_who_went_home(connect: Connect, core: Core, small: SmallConversations) -> None:
    await _answered(core, "c:1")
    await core.visits.sweep()
    gone, _ = await login(connect, core, "v1", "visitor")
    here, _ = await login(connect, core, "v2", "visitor")
    leader, leader_id = await login(connect, core, "l", "leader")
    (task,) = (await (await gone.get("/api/v1/visits")).json())["items"]
    assert (await step(gone, task["id"], step="take"))[0] == 200
    assert (await step(here, task["id"], step="take"))[0] == 409
    assert (await step(here, task["id"], step="give_back"))[0] == 409
    listed = await (await leader.get("/api/v1/visits")).json()
    assert listed["lead"] and listed["items"][0]["holder"] == "坐席v1" and not listed["items"][0]["mine"]
    assert not (await (await here.get("/api/v1/visits")).json())["lead"]
    assert (await step(leader, task["id"], step="give_back"))[0] == 200
    (entry,) = await core.audit.entries(action="visit.released")
    assert (entry.subject, entry.actor) == (task["id"], f"seat:{leader_id}")
    assert (await step(here, task["id"], step="take"))[0] == 200
    assert (await step(here, task["id"], step="give_back"))[0] == 200
    assert len(await core.audit.entries(action="visit.released")) == 1


async def _move(seat: Client, number: str, **body: Any) -> tuple[int, dict[str, Any]]:
    response = await seat.post(f"/api/v1/seat/orders/{number}/events", json=body, headers=origin(seat))
    return response.status, await response.json()


async def test_an_answered_order_is_not_closed_over_the_citizens_head(
    connect: Connect, core: Core, small: SmallConversations
) -> None:
    number = await _answered(core, "c:1")
    seat, seat_id = await login(connect, core)
    (row,) = (await (await seat.get("/api/v1/seat/orders")).json())["items"]
    assert row["next_events"] == [] and row["asked_first"] is True  # neither is done by one press
    shown = await (await seat.get(f"/api/v1/seat/orders/{number}")).json()
    assert "办理结果" in shown["visit"]["reasons"]
    for event in ("visit", "close"):
        for note in ("", "  "):
            status, told = await _move(seat, number, event=event, note=note)
            assert (status, told["error"]["code"]) == (409, "visit_pending")
    assert (await _move(seat, number, event="visit", note="市民说好了"))[0] == 409  # in the answers, not in words
    path = f"/api/v1/seat/orders/{number}/visit"
    assert (await seat.post(path, json={"note": "好"}, headers=origin(seat))).status == 400
    answers = {"responded": True, "solved": True, "satisfied": True}
    answered = await seat.post(path, json=answers, headers=origin(seat))
    assert (await answered.json())["status"] == "closed"
    assert (await seat.post(path, json=answers, headers=origin(seat))).status == 409
    (entry,) = await core.audit.entries(action="visit.told")
    assert (entry.actor, entry.detail["order"]) == (f"seat:{seat_id}", number)
    assert (await (await seat.get(f"/api/v1/seat/orders/{number}")).json())["visit"] is None
    missing = await seat.post("/api/v1/seat/orders/2601050099999/visit", json=answers, headers=origin(seat))
    assert missing.status == 404


async def test_an_order_is_closed_unasked_for_a_reason_that_is_kept(
    connect: Connect, core: Core, small: SmallConversations
) -> None:
    number = await _answered(core, "c:1")
    await core.visits.sweep()
    seat, _ = await login(connect, core)
    assert (await _move(seat, number, event="close", note="市民不愿接受回访"))[0] == 200
    view = await core.orders.view(number, seat="s")
    assert (view.status, view.events[-1]["note"]) == ("closed", "市民不愿接受回访")
    await core.visits.sweep()
    assert await core.visits.tasks(person="v") == []


async def test_without_visits_orders_are_closed_as_before(
    connect: Connect, core: Core, small: SmallConversations
) -> None:
    core.settings.visits.enabled = False
    number = await _answered(core, "c:1")
    seat, _ = await login(connect, core)
    assert (await (await seat.get(f"/api/v1/seat/orders/{number}")).json())["visit"] is None
    (row,) = (await (await seat.get("/api/v1/seat/orders")).json())["items"]
    assert "close" in row["next_events"] and row["asked_first"] is False
    assert (await _move(seat, number, event="close"))[0] == 200
