"""The dispatch desk over HTTP: what waits, what is proposed, who gets it; and what is corrected in a filed order."""

from __future__ import annotations

from typing import Any

import pytest
from gateway_helpers import Client, Connect, SmallConversations, login, origin

from bot.entities.place import PlaceMatcher
from gateway.core import Core
from workorders.dispatch import CENTRE
from workorders.model import OrderDraft
from workorders.outbox.targets import Target

STREET, GOVERNMENT, POLICE = "海淀区学院路街道办事处", "海淀区人民政府", "海淀区公安分局"
PLACE = {"district": "海淀区", "street": "学院路街道"}


async def file(core: Core, key: str, **changes: Any) -> str:
    values: dict[str, Any] = {
        "request_type": "投诉",
        "title": "路灯不亮",
        "detail": "我是王小明，小区门口的路灯不亮，电话13900001234",
        "channel": "phone",
        "contact_name": "王小明",
        "contact_phone": "13900001234",
    }
    async with core.database.write() as session:
        draft = OrderDraft(**{**values, **changes})
        filed = await core.orders.file(session, draft, key=key, now=core.clock.now(), actor="bot:policy")
    return filed.order_no


async def post(client: Client, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    response = await client.post(path, json=body, headers=origin(client))
    return response.status, await response.json()


async def waiting(client: Client) -> list[str]:
    found = await (await client.get("/api/v1/dispatch")).json()
    assert found["total"] == len(found["items"])
    return [row["order_no"] for row in found["items"]]


async def test_an_order_without_a_place_waits_gets_one_and_goes_to_its_street(
    connect: Connect, core: Core, small: SmallConversations
) -> None:
    dispatcher, person = await login(connect, core, "dispatcher", "dispatcher")
    number = await file(core, "c:1")
    elsewhere = await file(core, "c:2", **PLACE)
    assert (await core.orders.view(number, seat="s")).unit == CENTRE
    (row,) = (await (await dispatcher.get("/api/v1/dispatch")).json())["items"]
    assert row["order_no"] == number and row["has_contact"]
    assert "王小明" not in repr(row) and "13900001234" not in repr(row)
    assert (await dispatcher.get(f"/api/v1/seat/orders/{number}")).status == 403

    url = f"/api/v1/dispatch/{number}"
    assert (await post(dispatcher, f"{url}/contact", {}))[1]["contact_phone"] == "13900001234"
    assert (await post(dispatcher, f"/api/v1/dispatch/{elsewhere}/contact", {}))[0] == 409
    (entry,) = await core.audit.entries(action="order.revealed", subject=number)
    assert entry.actor == f"seat:{person}"

    assert (await post(dispatcher, f"{url}/proposal", {}))[1]["unit"] == ""  # nobody knows yet
    _, proposal = await post(dispatcher, f"{url}/proposal", PLACE)
    assert (proposal["unit"], proposal["copies"], proposal["mode"]) == (STREET, [GOVERNMENT], "直派")
    _, other = await post(dispatcher, f"{url}/proposal", {**PLACE, "unit": "海淀区城市管理委员会"})
    assert (other["unit"], other["copies"]) == ("海淀区城市管理委员会", [])

    body = {**PLACE, "address": "学院路5号", "unit": STREET, "note": "电话核实", "version": row["version"]}
    status, given = await post(dispatcher, url, body)
    assert (status, given["unit"], given["copies"]) == (200, STREET, [GOVERNMENT])
    view = await core.orders.view(number, seat="s")
    assert [event["event"] for event in view.events] == ["file", "dispatch", "correct", "dispatch"]
    assert view.fields["address"] == "学院路5号" and view.events[-1]["actor"] == f"seat:{person}"
    assert await waiting(dispatcher) == []
    status, answer = await post(dispatcher, url, body)
    assert status == 409 and "待分派" in answer["error"]["message"]
    assert await core.audit.entries(action="order.corrected", subject=number)


async def test_the_most_urgent_is_first_and_a_danger_is_there_until_its_place_is_known(
    connect: Connect, core: Core, small: SmallConversations
) -> None:
    dispatcher, _ = await login(connect, core, "dispatcher", "dispatcher")
    calm = await file(core, "c:1")
    danger = await file(core, "c:2", title="井盖丢了", detail="人行道井盖丢了，一个大洞")
    alone = await file(core, "c:3", **PLACE)
    assert await waiting(dispatcher) == [danger, calm]
    await core.orders.change(alone, "merge", actor="seat:s", note="同一件事", data={"main": calm})
    await core.orders.change(alone, "unmerge", actor="seat:s", note="不是同一件事")
    assert {*await waiting(dispatcher)} == {danger, calm, alone}  # nobody has it: it was taken out and not given back
    await core.orders.change(danger, "accept", actor="unit:市公安局")
    url = f"/api/v1/dispatch/{danger}"
    assert (await post(dispatcher, url, {**PLACE, "unit": STREET}))[0] == 409  # the police have accepted it
    status, given = await post(dispatcher, url, {**PLACE, "unit": "市公安局"})
    assert (status, given["status"], given["copies"]) == (200, "accepted", [POLICE, STREET, GOVERNMENT])
    assert danger not in await waiting(dispatcher)


async def test_a_place_in_the_words_is_offered(connect: Connect, core: Core, small: SmallConversations) -> None:
    places = PlaceMatcher.load()
    core.find_place = lambda text: places.find(text, asked=True)
    dispatcher, _ = await login(connect, core, "dispatcher", "dispatcher")
    number = await file(core, "c:1", detail="海淀区学院路街道的路灯不亮")
    _, proposal = await post(dispatcher, f"/api/v1/dispatch/{number}/proposal", {})
    assert proposal["places"] == [PLACE]


@pytest.mark.parametrize(
    "body",
    [
        {"unit": "海淀区学院路办事处"},
        {"unit": STREET, "copies": ["火星人民政府"]},
        {"unit": CENTRE},
        {"unit": " "},
        {"unit": STREET, "district": "火星区"},
        {"unit": STREET, "district": "朝阳区", "street": "学院路街道"},
        {"unit": STREET, "version": 0},
    ],
)
async def test_what_cannot_be_is_refused_and_nothing_happens(
    connect: Connect, core: Core, small: SmallConversations, body: dict[str, Any]
) -> None:
    dispatcher, _ = await login(connect, core, "dispatcher", "dispatcher")
    number = await file(core, "c:1")
    before = await core.orders.view(number, seat="s")
    status, answer = await post(dispatcher, f"/api/v1/dispatch/{number}", {**PLACE, **body})
    assert status in (400, 409) and answer["error"]["message"]
    assert await core.orders.view(number, seat="s") == before


async def test_a_unit_that_there_is_not_is_refused_at_the_desk_and_in_a_review(
    connect: Connect, core: Core, small: SmallConversations
) -> None:
    seat, _ = await login(connect, core, "ann")
    dispatcher, _ = await login(connect, core, "dispatcher", "dispatcher")
    number = await file(core, "c:1", **PLACE)
    url = f"/api/v1/seat/orders/{number}/events"
    wrong = {"event": "dispatch", "note": "不对", "data": {"unit": "海淀区学院路办事处"}}
    status, answer = await post(seat, url, wrong)
    assert status == 409 and STREET in answer["error"]["message"]
    await core.orders.change(number, "object", actor=f"unit:{STREET}", note="不是我们的")
    (objection,) = (await (await dispatcher.get("/api/v1/objections")).json())["items"]
    review = {"decision": "uphold", "reason": "是", "unit": "海淀园林局"}
    assert (await post(dispatcher, f"/api/v1/objections/{objection['id']}", review))[0] == 409
    await core.seats.add(
        "park", "a-long-password", role="unit", unit="海淀园林局"
    )  # `--new-unit` of `hotline seat add`
    assert (await post(dispatcher, f"/api/v1/objections/{objection['id']}", review))[1]["unit"] == "海淀园林局"
    named = await (await seat.get("/api/v1/units", params={"q": "园林局"})).json()
    assert "海淀园林局" in named["items"]


async def test_a_street_that_an_upheld_objection_gives_an_order_to_has_its_district(
    connect: Connect, core: Core, small: SmallConversations
) -> None:
    dispatcher, _ = await login(connect, core, "dispatcher", "dispatcher")
    number = await file(core, "c:1", **PLACE)
    await core.orders.change(number, "object", actor=f"unit:{STREET}", note="在马路对面")
    (objection,) = (await (await dispatcher.get("/api/v1/objections")).json())["items"]
    body = {"decision": "uphold", "reason": "是", "unit": "海淀区中关村街道办事处"}  # as the page sends it
    assert (await post(dispatcher, f"/api/v1/objections/{objection['id']}", body))[0] == 200
    view = await core.orders.view(number, seat="s")
    assert view.fields["copies"] == [GOVERNMENT]


@pytest.mark.parametrize("role", ["seat", "dispatcher"])
async def test_a_filed_order_is_corrected_and_what_follows_is_proposed(
    connect: Connect, core: Core, small: SmallConversations, role: str
) -> None:
    client, person = await login(connect, core, "somebody", role)
    number = await file(core, "c:1", **PLACE, event_time="昨天")
    url = f"/api/v1/seat/orders/{number}/correction"
    fields = {"district": "朝阳区", "street": "望京街道", "event_time": "今天上午8点"}
    status, answer = await post(client, url, {"fields": fields, "note": "市民来电更正", "version": 1})
    assert status == 200 and answer["proposal"]["new_unit"] and not answer["proposal"]["new_deadline"]
    assert answer["proposal"]["unit"] == "朝阳区望京街道办事处"
    view = await core.orders.view(number, seat="s")
    assert view.unit == STREET and view.desk()["event_moments"] == "1月5日8时"
    (entry,) = await core.audit.entries(action="order.corrected", subject=number)
    assert entry.detail["fields"] == sorted(fields) and "望京" not in repr(entry)
    assert (await post(client, url, {"fields": {"title": "x"}, "version": 1}))[0] == 409
    assert (await post(client, url, {"fields": {"district": "火星区"}}))[0] == 400
    assert (await post(client, url, {"fields": {"urgency": "soon"}}))[0] == 400
    assert (await post(client, url, {}))[0] == 409
    _, answer = await post(client, url, {"fields": {"urgency": "sudden"}})
    assert answer["proposal"]["new_deadline"] and answer["proposal"]["within"] == "2小时内"
    assert (await post(client, url, {"renew_deadline": True}))[0] == 200
    view = await core.orders.view(number, seat="s")
    assert view.deadline_hours == 2 and view.events[-1]["actor"] == f"seat:{person}"


async def test_a_correction_goes_through_its_own_request_only(
    connect: Connect, core: Core, small: SmallConversations
) -> None:
    client, _ = await login(connect, core, "ann")
    number = await file(core, "c:1", **PLACE)
    for event in ("correct", "copy"):
        body = {"event": event, "data": {"fields": {"title": "x"}, "copies": []}}
        assert (await post(client, f"/api/v1/seat/orders/{number}/events", body))[0] == 400


async def test_an_address_is_shown_whole_in_an_opened_order_and_never_stored_masked(
    connect: Connect, core: Core, small: SmallConversations
) -> None:
    dispatcher, person = await login(connect, core, "dispatcher", "dispatcher")
    number = await file(core, "c:1", address="望京西园12345678号")
    url = f"/api/v1/dispatch/{number}"
    (row,) = (await (await dispatcher.get("/api/v1/dispatch")).json())["items"]
    opened = await (await dispatcher.get(url)).json()
    assert "*" in row["address"] and opened["address"] == "望京西园12345678号"
    (entry,) = await core.audit.entries(action="order.viewed", subject=number)
    assert entry.actor == f"seat:{person}"
    assert (await post(dispatcher, url, {**PLACE, "unit": STREET, "address": row["address"]}))[0] == 400
    assert (await core.orders.view(number, seat="s")).unit == CENTRE
    assert (await post(dispatcher, url, {**PLACE, "unit": STREET, "address": opened["address"]}))[0] == 200
    assert (await core.orders.view(number, seat="s")).fields["address"] == opened["address"]
    assert (await dispatcher.get(url)).status == 409  # it does not wait any more


async def test_the_half_minutes_look_is_no_entry_of_the_audit_log(
    connect: Connect, core: Core, small: SmallConversations
) -> None:
    dispatcher, _ = await login(connect, core, "dispatcher", "dispatcher")
    looks = []
    for step in range(3):
        looks.append(await (await dispatcher.get("/api/v1/dispatch/waiting")).json())
        if step == 0:
            await file(core, "c:1")
        core.clock.advance(30)  # type: ignore[attr-defined]
    assert looks[0] == {"total": 0, "changed_at": None}
    assert looks[1]["total"] == 1 and looks[1]["changed_at"] and looks[2] == looks[1]
    assert await core.audit.entries(action="orders.listed") == []
    await dispatcher.get("/api/v1/dispatch")
    assert len(await core.audit.entries(action="orders.listed")) == 1


async def test_a_danger_that_was_accepted_does_not_swallow_the_choice_of_another_unit(
    connect: Connect, core: Core, small: SmallConversations
) -> None:
    dispatcher, _ = await login(connect, core, "dispatcher", "dispatcher")
    danger = await file(core, "c:1", title="井盖丢了", detail="人行道井盖丢了，一个大洞")
    before = await core.orders.change(danger, "accept", actor="unit:市公安局")
    status, answer = await post(dispatcher, f"/api/v1/dispatch/{danger}", {"unit": "市燃气集团"})
    assert status == 409 and "已经签收" in answer["error"]["message"]
    assert await core.orders.view(danger, seat="s") == before


async def test_units_that_are_set_up_without_an_account_may_have_orders(
    connect: Connect, core: Core, small: SmallConversations
) -> None:
    seat, _ = await login(connect, core, "ann")
    number = await file(core, "c:1", **PLACE)
    url = f"/api/v1/seat/orders/{number}/events"

    async def given(unit: str) -> int:
        return (await post(seat, url, {"event": "dispatch", "note": "核实", "data": {"unit": unit}}))[0]

    names = ("海淀区供热办", "海淀园林局", "海淀河长办")
    assert [await given(name) for name in names] == [409, 409, 409]
    (core.settings.var / "unit_keys.yml").write_text(f'{names[0]}: "{"k" * 64}"\n', "utf-8")
    await core.unit_contacts.set(names[1], "13700001111", actor="seat:root")
    core.outbox_targets = (Target("river", "https://river", b"x" * 32, units=(names[2], "海淀*")),)
    assert [await given(name) for name in names] == [200, 200, 200]
    assert await given("海淀某单位") == 409  # a pattern names nobody
