"""Missed deadlines, and those that are near, are for leaders and dispatchers."""

from __future__ import annotations

from gateway_helpers import Client, Connect, SmallConversations, login

from base.clock import ManualClock
from gateway.core import Core
from workorders.alerts import DeadlineWatch
from workorders.model import Assignment, OrderDraft


async def test_leaders_see_what_is_late_and_nobody_else(
    connect: Connect, client: Client, core: Core, small: SmallConversations, clock: ManualClock
) -> None:
    assignment = Assignment("海淀区供热办", "直派", (), "utility", 24, "供热直派")
    draft = OrderDraft("投诉", "暖气不热", "家里暖气不热", "web", contact_phone="13900001234", assignment=assignment)
    async with core.database.write() as session:
        filed = await core.orders.file(session, draft, key="c:1", now=clock.now(), actor="bot:policy")
    clock.advance(23 * 3600)
    dispatcher, _ = await login(connect, core, "dispatcher1", role="dispatcher")
    watch = DeadlineWatch(core.database, core.orders, clock=clock)
    await watch.sweep()
    near = await (await dispatcher.get("/api/v1/orders/reminders")).json()
    assert [(row["order_no"], row["hours_late"]) for row in near["items"]] == [(filed.order_no, -1.0)]
    assert near["total"] == 1 and near["items"][0]["told"] == [{"by": "sms", "state": "waiting"}]
    clock.advance(3 * 3600)
    assert (await (await dispatcher.get("/api/v1/orders/reminders")).json())["total"] == 0
    await DeadlineWatch(core.database, core.orders, clock=clock).sweep()
    assert (await client.get("/api/v1/orders/breaches")).status == 401
    seat, _ = await login(connect, core, "seat1")
    assert (await seat.get("/api/v1/orders/breaches")).status == 403
    assert (await seat.get("/api/v1/orders/reminders")).status == 403
    assert (await dispatcher.get("/api/v1/orders/breaches")).status == 200
    leader, _ = await login(connect, core, "leader1", role="leader")
    assert (await leader.get("/api/v1/orders/breaches", params={"page": "0"})).status == 400
    response = await leader.get("/api/v1/orders/breaches", params={"open": "1"})
    body = await response.json()
    assert response.status == 200 and body["total"] == 1
    (row,) = body["items"]
    assert (row["order_no"], row["hours_late"], row["resolved_at"]) == (filed.order_no, 2.0, None)
    assert "13900001234" not in await response.text() and "家里" not in await response.text()
    elsewhere = await leader.get("/api/v1/orders/breaches", params={"unit": "朝阳区供热办"})
    assert (await elsewhere.json())["total"] == 0
