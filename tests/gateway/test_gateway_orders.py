"""Following an order with its tracking code, and the signed reports of units."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from gateway_helpers import Client, Connect, SmallConversations, login
from sqlalchemy import select

from base.clock import ManualClock
from gateway.core import Core
from gateway.unit_keys import signature
from storage.order_tables import OutboxMessage
from storage.tables import OrderEvent
from workorders import numbers
from workorders.duties import default_duties
from workorders.learning import cases
from workorders.model import Assignment, CategorySuggestion, FiledOrder, OrderDraft
from workorders.outbox.enqueue import Enqueuer
from workorders.outbox.targets import Target
from workorders.service import OrderService

UNIT = "海淀区供热办"
KEY = "ab" * 32


@pytest.fixture
async def filed(core: Core, small: SmallConversations) -> FiledOrder:
    assignment = Assignment(UNIT, "直派", (), "utility", 24, "供热直派")
    draft = OrderDraft(
        "投诉",
        "暖气不热",
        "家里暖气不热，三天了",
        "web",
        address="学院路5号",
        contact_name="王某",
        contact_phone="13900001234",
        category=CategorySuggestion("010105", "城乡建设", "水电气热", "供热", 0.9),
        assignment=assignment,
    )
    async with core.database.write() as session:
        return await core.orders.file(session, draft, key="c:1", now=core.clock.now(), actor="bot:policy")


async def test_the_code_opens_progress_and_nothing_more(client: Client, filed: FiledOrder) -> None:
    url = f"/api/v1/orders/{filed.order_no}"
    by_query = await client.get(url, params={"tracking_code": filed.tracking_code})
    by_header = await client.get(url, headers={"X-Tracking-Code": filed.tracking_code})
    body = await by_query.json()
    assert by_query.status == by_header.status == 200 and body == await by_header.json()
    assert (body["status"], body["status_text"], body["unit"]) == ("dispatched", "已派单", UNIT)
    assert [event["event"] for event in body["events"]] == ["file", "dispatch"]
    for hidden in ("13900001234", "王某", "学院路", "c:1"):
        assert hidden not in json.dumps(body, ensure_ascii=False)


async def test_wrong_number_and_wrong_code_look_the_same(client: Client, filed: FiledOrder) -> None:
    other = numbers.order_no(ManualClock().now(), 77)
    wrong = numbers.new_tracking_code()
    answers = set()
    for number, code in ((filed.order_no, wrong), (other, filed.tracking_code), (filed.order_no, ""), ("x'--", "y")):
        response = await client.get(f"/api/v1/orders/{quote(number)}", params={"tracking_code": code})
        answers.add((response.status, await response.text()))
    assert len(answers) == 1 and answers.pop()[0] == 404


async def test_both_take_the_same_work(client: Client, filed: FiledOrder, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []
    real = numbers.tracking_hash

    def counted(number: str, code: str) -> str:
        hashed.append(number)
        return real(number, code)

    monkeypatch.setattr(numbers, "tracking_hash", counted)
    other = numbers.order_no(ManualClock().now(), 77)
    for number in (filed.order_no, other):
        assert (await client.get(f"/api/v1/orders/{number}", params={"tracking_code": "000000000"})).status == 404
    assert hashed == [filed.order_no, other]


async def test_guessing_is_throttled_by_address_and_by_order(
    client: Client, filed: FiledOrder, core: Core, clock: ManualClock
) -> None:
    url = f"/api/v1/orders/{filed.order_no}"
    statuses = [(await client.get(url, params={"tracking_code": "111111111"})).status for _ in range(11)]
    assert statuses == [404] * 10 + [429]
    clock.advance(61)
    # The address may ask again, but this order is closed to everybody for a while, even with the right code.
    assert (await client.get(url, params={"tracking_code": filed.tracking_code})).status == 429
    clock.advance(900)
    assert (await client.get(url, params={"tracking_code": filed.tracking_code})).status == 200


async def test_a_seat_sees_everything_without_a_code(
    connect: Connect, client: Client, core: Core, filed: FiledOrder
) -> None:
    seat, _ = await login(connect, core)
    body = await (await seat.get(f"/api/v1/orders/{filed.order_no}")).json()
    assert (body["contact_phone"], body["contact_name"]) == ("139****1234", "王**")
    assert [(entry.action, entry.subject) for entry in await core.audit.entries(subject=filed.order_no)] == [
        ("order.viewed", filed.order_no)
    ]
    assert (await client.get(f"/api/v1/orders/{filed.order_no}")).status == 404


class System:
    """A unit's system."""

    def __init__(self, client: Client, clock: ManualClock, order_no: str) -> None:
        self.client, self.clock, self.order_no = client, clock, order_no

    async def send(
        self,
        event: str,
        event_id: str,
        *,
        note: str = "",
        data: dict[str, Any] | None = None,
        unit: str = UNIT,
        key: str = KEY,
        path: str = "/api/v1/orders/{}/events",
        **wrong: Any,
    ) -> int:
        path = path.format(self.order_no)
        body = json.dumps({"event": event, "note": note, "data": data or {}}).encode()
        timestamp = str(int(self.clock.now().timestamp()) + wrong.get("skew", 0))
        signed = signature(key, timestamp=timestamp, event_id=event_id, method="POST", path=path, body=body)
        headers = {
            "X-Hotline-Unit": quote(unit),
            "X-Hotline-Timestamp": timestamp,
            "X-Hotline-Event-Id": event_id,
            "X-Hotline-Signature": wrong.get("signature", signed),
        }
        response = await self.client.post(path, data=wrong.get("body", body), headers=headers)
        return response.status


async def test_a_unit_reports_signed_once_and_only_on_its_own(
    client: Client, core: Core, filed: FiledOrder, clock: ManualClock
) -> None:
    system = System(client, clock, filed.order_no)
    assert await system.send("accept", "e1") == 401  # no key is known yet
    keys = core.settings.var / "unit_keys.yml"
    keys.write_text(f'{UNIT}: "{KEY}"\n朝阳区供热办: "{"cd" * 32}"\n', "utf-8")
    assert await system.send("accept", "e1") == 200
    assert await system.send("accept", "e1") == 200  # sent again: nothing happens twice
    assert await system.send("accept", "e2") == 409
    assert await system.send("answer", "e3", note="已修复") == 200
    assert await system.send("close", "e4") == 409  # not for units
    assert await system.send("answer", "e5", unit="朝阳区供热办", key="cd" * 32, note="x") == 404
    events = (await core.orders.view(filed.order_no, seat="s")).events
    assert [event["event"] for event in events] == ["file", "dispatch", "accept", "answer"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": "ef" * 32},
        {"skew": -301},
        {"skew": 400},
        {"signature": "0" * 64},
        {"signature": ""},
        {"body": b'{"event": "answer", "note": "forged"}'},
        {"unit": "nobody"},
    ],
)
async def test_a_forged_report_is_refused(
    client: Client, core: Core, filed: FiledOrder, clock: ManualClock, wrong: dict[str, Any]
) -> None:
    (core.settings.var / "unit_keys.yml").write_text(f'{UNIT}: "{KEY}"\n', "utf-8")
    assert await System(client, clock, filed.order_no).send("accept", "e1", **wrong) == 401
    assert (await core.orders.view(filed.order_no, seat="s")).status == "dispatched"


@pytest.mark.parametrize("path", ["/api/v1/orders/{}/events", "/api/v1/unit/orders/{}/events"])
async def test_a_units_data_say_nothing_that_is_not_a_units_to_say(
    client: Client, core: Core, filed: FiledOrder, clock: ManualClock, path: str
) -> None:
    (core.settings.var / "unit_keys.yml").write_text(f'{UNIT}: "{KEY}"\n', "utf-8")
    # As in `Core`, with receivers: the other unit's wants every note that concerns it, the city's every event.
    other = Target("other", "http://127.0.0.1:9/", b"s" * 32, ("朝阳区*",), frozenset({"note", "object", "answer"}))
    city = Target("city", "http://127.0.0.1:9/", b"s" * 32, (), frozenset({"note"}))
    core.orders = OrderService(core.database, clock=core.clock, outbox=Enqueuer([other, city]))
    system = System(client, clock, filed.order_no)
    forged: dict[str, Any] = {
        "from_unit": "朝阳区供热办",
        "event_id": f"{UNIT}:later",
        "suggested_unit": "市热力集团" * 100,
        "deadline_at": "2030-01-01T00:00:00+00:00",
        "deadline_hours": 9,
        "copies": ["朝阳区供热办"],
        **dict.fromkeys(("responded", "solved", "satisfied"), True),
        **dict.fromkeys(("unit", "person", "apart", "main"), "朝阳区供热办"),
    }
    assert await system.send("object", "e1", note="不归我们", data=forged, path=path) == 200
    assert await system.send("note", "e2", note="已核", data=forged, path=path) == 200
    await core.orders.change(filed.order_no, "overrule", actor="seat:s1", note="属于你们")
    assert await system.send("accept", "later", data=forged, path=path) == 200  # the id was not taken before
    assert await system.send("answer", "e4", note="已修好", data=forged, path=path) == 200
    events = {event.event: event for event in await _events(core, filed.order_no)}
    suggested = {"suggested_unit": ("市热力集团" * 100)[:128]}
    assert events["object"].data == {"event_id": f"{UNIT}:e1", **suggested}
    assert events["note"].data == {"event_id": f"{UNIT}:e2"}
    assert events["accept"].data == {"event_id": f"{UNIT}:later"}
    async with core.database.read() as session:
        told = (await session.execute(select(OutboxMessage.target, OutboxMessage.body))).all()
    assert [target for target, _ in told] == ["city"] and json.loads(told[0][1])["data"].keys() == {"event_id"}
    (case,) = await cases(core.database, default_duties())
    assert case.example.source == "confirmed"  # no objection was upheld


async def test_data_that_are_no_data(client: Client, core: Core, filed: FiledOrder, clock: ManualClock) -> None:
    (core.settings.var / "unit_keys.yml").write_text(f'{UNIT}: "{KEY}"\n', "utf-8")
    system = System(client, clock, filed.order_no)
    assert await system.send("object", "e1", note="不归我们", data={"suggested_unit": {"name": ["x"]}}) == 200
    assert [event.data for event in await _events(core, filed.order_no)][-1] == {"event_id": f"{UNIT}:e1"}
    await core.orders.change(filed.order_no, "overrule", actor="seat:s1", note="属于你们")
    for index, hours in enumerate(("24", None, [24], True, -1, 10**9, {"h": 1})):
        assert await system.send("extend", f"x{index}", note="等配件", data={"deadline_hours": hours}) == 409
    for event in ("attach", "visit", "dispatch", "uphold", "follow", "supplement", "nothing"):
        assert await system.send(event, f"y{event}", note="x", data={"unit": "朝阳区供热办"}) == 409


async def _events(core: Core, number: str) -> list[OrderEvent]:
    async with core.database.read() as session:
        query = select(OrderEvent).where(OrderEvent.order_no == number).order_by(OrderEvent.id)
        return list((await session.execute(query)).scalars())


async def test_a_broken_key_file_keeps_the_keys_that_were(
    client: Client, core: Core, filed: FiledOrder, clock: ManualClock
) -> None:
    path = core.settings.var / "unit_keys.yml"
    path.write_text(f'{UNIT}: "{KEY}"\n', "utf-8")
    system = System(client, clock, filed.order_no)
    assert await system.send("accept", "e1") == 200
    path.write_text("海淀区: [broken", "utf-8")
    assert await system.send("answer", "e2", note="已修复") == 200
