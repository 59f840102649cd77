"""Responsible units: their page's API and the signed one, what they see, and objections before a reviewer."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from gateway_helpers import Client, Connect, SmallConversations, login, origin
from sqlalchemy import select

from base.clock import ManualClock
from gateway.core import Core
from gateway.unit_keys import signature
from storage.follow_up_tables import Objection
from workorders.model import Assignment, OrderDraft

HEAT, STREET, DISTRICT = "市热力集团", "海淀区学院路街道办事处", "海淀区人民政府"
KEY = "ab" * 32


async def file(core: Core, key: str, *, unit: str = HEAT, confidential: bool = False) -> str:
    assignment = Assignment(unit, "直派", (DISTRICT,), "utility", 24, "供热直派")
    draft = OrderDraft(
        "投诉",
        "王小明反映暖气不热",
        "我是王小明，家里暖气不热，三天了，电话13900001234",
        "web",
        district="海淀区",
        address="学院路5号",
        contact_name="王小明",
        contact_phone="13900001234",
        confidential=confidential,
        assignment=assignment,
    )
    async with core.database.write() as session:
        filed = await core.orders.file(session, draft, key=key, now=core.clock.now(), actor="bot:policy")
    return filed.order_no


async def unit_login(connect: Connect, core: Core, name: str, unit: str) -> Client:
    await core.seats.add(name, "a-long-password", role="unit", unit=unit)
    client = await connect()
    body = {"login": name, "password": "a-long-password"}
    assert (await client.post("/api/v1/seat/login", json=body, headers=origin(client))).status == 200
    return client


async def act(client: Client, number: str, event: str, **more: Any) -> tuple[int, dict[str, Any]]:
    response = await client.post(
        f"/api/v1/unit/orders/{number}/events", json={"event": event, **more}, headers=origin(client)
    )
    return response.status, await response.json()


async def test_a_unit_sees_its_own_orders_and_the_copies_and_no_others(
    connect: Connect, core: Core, small: SmallConversations
) -> None:
    mine, other = await file(core, "c:1"), await file(core, "c:2", unit=STREET)
    heat, district = (
        await unit_login(connect, core, "heat", HEAT),
        await unit_login(connect, core, "district", DISTRICT),
    )
    listed = await (await heat.get("/api/v1/unit/orders")).json()
    assert [row["order_no"] for row in listed["items"]] == [mine] and listed["counts"] == {"dispatched": 1}
    assert (await heat.get(f"/api/v1/unit/orders/{other}")).status == 404
    assert (await act(heat, other, "accept"))[0] == 404
    copies = await (await district.get("/api/v1/unit/orders?copied=1")).json()
    assert {row["order_no"] for row in copies["items"]} == {mine, other}
    shown = await (await district.get(f"/api/v1/unit/orders/{mine}")).json()
    assert shown["possible"] == [] and shown["contact_phone"] == "13900001234"
    assert (await act(district, mine, "accept"))[0] == 404
    for path in ("/api/v1/seat/orders", f"/api/v1/seat/orders/{mine}", "/api/v1/objections", "/api/v1/seat/callbacks"):
        assert (await heat.get(path)).status == 403
    assert (await heat.get(f"/api/v1/orders/{mine}")).status == 404  # without the code it is nobody


async def test_what_waits_is_told_in_short(connect: Connect, core: Core, small: SmallConversations) -> None:
    heat, police, street = [
        await unit_login(connect, core, name, unit)
        for name, unit in (("heat", HEAT), ("police", "海淀区公安分局"), ("street", STREET))
    ]
    ordinary = await file(core, "c:1")
    assignment = Assignment(STREET, "双派", ("海淀区公安分局", DISTRICT), "sudden", 2, "突发情况")
    draft = OrderDraft("求助", "井盖丢了", "路口井盖丢了", "web", assignment=assignment)
    async with core.database.write() as session:
        danger = await core.orders.file(session, draft, key="c:2", now=core.clock.now(), actor="bot:policy")

    async def waiting(client: Client) -> Any:
        return await (await client.get("/api/v1/unit/waiting")).json()

    assert await waiting(heat) == {"waiting": 1, "urgent": []}
    assert await waiting(street) == {"waiting": 1, "urgent": [danger.order_no]}
    assert await waiting(police) == {"waiting": 0, "urgent": [danger.order_no]}
    assert (await act(street, danger.order_no, "accept"))[0] == 200
    assert await waiting(street) == await waiting(police) == {"waiting": 0, "urgent": []}
    assert (await act(heat, ordinary, "accept"))[0] == 200 and (await waiting(heat))["waiting"] == 0


async def test_who_is_to_be_kept_secret_is_not_shown_to_the_unit(
    connect: Connect, core: Core, small: SmallConversations
) -> None:
    number = await file(core, "c:1", confidential=True)
    heat = await unit_login(connect, core, "heat", HEAT)
    bodies = [await (await heat.get(path)).text() for path in ("/api/v1/unit/orders", f"/api/v1/unit/orders/{number}")]
    for body in bodies:
        assert "13900001234" not in body and "王小明" not in body and "暖气不热" in body


async def test_the_acts_of_a_unit_each_once(connect: Connect, core: Core, small: SmallConversations) -> None:
    number = await file(core, "c:1")
    heat = await unit_login(connect, core, "heat", HEAT)
    assert (await act(heat, number, "accept", event_id="a1"))[0] == 200
    assert (await act(heat, number, "accept", event_id="a1"))[0] == 200
    assert (await act(heat, number, "close"))[0] == 409
    status, body = await act(heat, number, "answer", note="")
    assert status == 409 and "说明" in body["error"]["message"]
    status, shown = await act(heat, number, "extend", note="配件周五到货", data={"deadline_hours": 24, "unit": STREET})
    assert status == 200 and shown["deadline_hours"] == 48 and shown["mine"]
    assert (await act(heat, number, "answer", note="已修好，室温21度", event_id="a2"))[1]["status"] == "answered"
    view = await core.orders.view(number, seat="s")
    assert [event["event"] for event in view.events][2:] == ["accept", "extend", "answer"]
    assert view.events[-1]["actor"] == f"unit:{HEAT}"
    response = await heat.post(f"/api/v1/unit/orders/{number}/events", json={"event": "note", "note": "x"})
    assert response.status == 403  # not from our own page


async def test_a_units_system_reads_and_acts_with_its_signature(
    client: Client, core: Core, small: SmallConversations, clock: ManualClock
) -> None:
    number = await file(core, "c:1")
    (core.settings.var / "unit_keys.yml").write_text(f'{HEAT}: "{KEY}"\n', "utf-8")

    async def send(method: str, path: str, event_id: str, body: bytes = b"", skew: int = 0) -> tuple[int, Any]:
        timestamp = str(int(clock.now().timestamp()) + skew)
        signed = signature(KEY, timestamp=timestamp, event_id=event_id, method=method, path=path, body=body)
        headers = {
            "X-Hotline-Unit": quote(HEAT),
            "X-Hotline-Timestamp": timestamp,
            "X-Hotline-Event-Id": event_id,
            "X-Hotline-Signature": signed,
        }
        response = await client.request(method, path, data=body, headers=headers)
        return response.status, await response.json()

    assert (await send("GET", "/api/v1/unit/orders", "r1"))[1]["items"][0]["order_no"] == number
    assert (await send("GET", "/api/v1/unit/orders", "r2", skew=-301))[0] == 401
    path = f"/api/v1/unit/orders/{number}/events"
    accept = json.dumps({"event": "accept"}).encode()
    assert (await send("POST", path, "e1", accept))[1]["status"] == "accepted"
    assert (await send("POST", path, "e1", accept))[0] == 200  # caught and sent again: nothing happens twice
    assert (await send("POST", path, "e2", accept))[0] == 409
    assert (await client.get("/api/v1/unit/orders")).status == 401


@pytest.mark.parametrize("role", ["seat", "visitor", "unit"])
async def test_only_a_reviewer_decides_on_objections(
    connect: Connect, core: Core, small: SmallConversations, role: str
) -> None:
    number = await file(core, "c:1")
    await core.orders.change(number, "object", actor=f"unit:{HEAT}", note="不属于供热")
    (objection,) = await core.review.list()
    if role == "unit":
        other = await unit_login(connect, core, "heat", HEAT)
    else:
        other, _ = await login(connect, core, "other", role)
    body = {"decision": "uphold", "reason": "是", "unit": STREET}
    answer = await other.post(f"/api/v1/objections/{objection['id']}", json=body, headers=origin(other))
    assert answer.status == 403
    for event in ("uphold", "overrule", "dispatch"):
        step = {"event": event, "note": "x", "data": {"unit": STREET}}
        answer = await other.post(f"/api/v1/seat/orders/{number}/events", json=step, headers=origin(other))
        assert answer.status == 403
    assert (await core.orders.view(number, seat="s")).status == "objected"


async def test_an_objection_is_upheld_or_rejected_and_kept(
    connect: Connect, core: Core, small: SmallConversations
) -> None:
    number = await file(core, "c:1")
    heat = await unit_login(connect, core, "heat", HEAT)
    dispatcher, _ = await login(connect, core, "dispatcher", "dispatcher")

    async def decide(objection: str, **body: Any) -> tuple[int, dict[str, Any]]:
        url = f"/api/v1/objections/{objection}"
        response = await dispatcher.post(url, json={"reason": "核实", **body}, headers=origin(dispatcher))
        return response.status, await response.json()

    assert (await act(heat, number, "object", note="不在供热范围"))[0] == 200
    (first,) = (await (await dispatcher.get("/api/v1/objections")).json())["items"]
    assert first["reason"] == "不在供热范围" and "contact_phone" not in first
    assert (await decide(first["id"], decision="overrule", reason=" "))[0] == 409
    assert (await decide(first["id"], decision="overrule"))[1]["status"] == "dispatched"
    assert (await decide(first["id"], decision="overrule"))[0] == 200  # sent twice
    assert (await decide(first["id"], decision="uphold", unit=STREET))[0] == 409
    note = {"suggested_unit": STREET}
    assert (await act(heat, number, "object", note="管网属物业自管", data=note))[0] == 200
    (second,) = (await (await dispatcher.get("/api/v1/objections")).json())["items"]
    assert second["suggested_unit"] == STREET and second["id"] != first["id"]
    assert (await decide(second["id"], decision="uphold"))[0] == 409  # to whom?
    assert (await decide(second["id"], decision="uphold", unit=HEAT))[0] == 409  # they have it already
    status, body = await decide(second["id"], decision="uphold", unit=STREET)
    assert (status, body["unit"], body["status"]) == (200, STREET, "dispatched")
    view = await core.orders.view(number, seat="s")
    assert [event["event"] for event in view.events][2:] == ["object", "overrule", "object", "uphold", "dispatch"]
    assert (await heat.get(f"/api/v1/unit/orders/{number}")).status == 404
    async with core.database.read() as session:
        rows = (await session.execute(select(Objection).order_by(Objection.objected_at, Objection.id))).scalars().all()
    assert [(row.status, row.unit, row.new_unit) for row in rows] == [
        ("rejected", HEAT, None),
        ("upheld", HEAT, STREET),
    ]
    named = await (await dispatcher.get("/api/v1/units", params={"q": "学院路"})).json()
    assert named["items"] == [STREET]


async def test_an_objection_of_an_order_that_goes_another_way_is_void(core: Core, small: SmallConversations) -> None:
    number = await file(core, "c:1")
    await core.orders.change(number, "object", actor=f"unit:{HEAT}", note="不属于供热")
    await core.orders.change(number, "withdraw", actor="seat:s", note="市民撤回")
    assert await core.review.list() == []
    (row,) = await core.review.list(status="void")
    assert row["order_no"] == number
