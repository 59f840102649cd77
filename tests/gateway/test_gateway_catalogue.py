"""The desk looks for a category and corrects that of an order; the catalogue in use decides what there is."""

from __future__ import annotations

from pathlib import Path

from gateway_helpers import Connect, SmallConversations, SmallKnowledge, login, origin

from base.clock import ManualClock
from base.settings import Settings
from gateway.core import Core
from workorders.live_catalogue import LiveCatalogue
from workorders.model import Assignment, CategorySuggestion, OrderDraft

CATALOGUE = """
version: "7"
levels:
  01 城乡建设:
    0101 市政设施:
      010101 路灯照明: 路灯不亮；灯坏了没人修
      010102 井盖缺损: 井盖丢了；井盖破损
"""


async def test_a_seat_finds_a_leaf_and_corrects_an_order(
    connect: Connect, core: Core, small: SmallConversations, clock: ManualClock, tmp_path: Path
) -> None:
    seat, _ = await login(connect, core)
    assert (await seat.get("/api/v1/seat/catalogue", params={"q": "灯"})).status == 503  # still loading
    path = tmp_path / "catalogue.yml"
    path.write_text(CATALOGUE, "utf-8")
    live = LiveCatalogue.load(path, tmp_path / "learned.json")
    core.use(conversations=small, knowledge=SmallKnowledge(), catalogue=live)
    found = await (await seat.get("/api/v1/seat/catalogue", params={"q": "井盖"})).json()
    assert found["version"] == "7" and [row["code"] for row in found["items"]] == ["010102", "010101"]
    assert found["items"][0]["confidence"] is None and "路灯照明" in found["items"][1]["reason"]
    told = {"text": "井盖丢了一个，很危险。" * 400}  # longer than an address may be
    proposed = await (await seat.post("/api/v1/seat/catalogue", json=told, headers=origin(seat))).json()
    assert [row["code"] for row in proposed["items"]] == ["010102", "010101"]
    first, second = proposed["items"]
    assert first["confidence"] > second["confidence"] and "“井盖”" in first["reason"]
    wrong = CategorySuggestion("010101", "城乡建设", "市政设施", "路灯照明", 0.4, version="6")
    assignment = Assignment("海淀区学院路街道办事处", "直派", (), "ordinary", 168, "")
    draft = OrderDraft("投诉", "", "井盖丢了一个", "web", assignment=assignment, category=wrong)
    async with core.database.write() as session:
        filed = await core.orders.file(session, draft, key="c:1", now=clock.now(), actor="bot:policy")
    url = f"/api/v1/seat/orders/{filed.order_no}"
    assert (await seat.post(f"{url}/category", json={"code": "010102"})).status == 403  # not from our own page
    unknown = await seat.post(f"{url}/category", json={"code": "999999"}, headers=origin(seat))
    assert unknown.status == 400
    forged = {"event": "classify", "data": {"code": "010102", "level1": "别的"}}
    assert (await seat.post(f"{url}/events", json=forged, headers=origin(seat))).status == 400
    done = await seat.post(f"{url}/category", json={"code": "010102"}, headers=origin(seat))
    body = await done.json()
    assert done.status == 200 and body["category_level3"] == "井盖缺损" and body["unit"] == assignment.unit
    shown = await (await seat.get(url)).json()
    assert "classify" not in shown["next_events"]


async def test_the_citys_own_duties_dispatch_what_is_filed(
    settings: Settings, clock: ManualClock, tmp_path: Path
) -> None:
    own = tmp_path / "dispatch.yml"
    own.write_text('version: "1"\nduties: {"0801": "区:园林局"}\nlanes: {}\n', "utf-8")
    leaf = CategorySuggestion("080101", "园林绿化", "树木", "修剪", 0.9, of_sample=False)
    draft = OrderDraft("求助", "", "树枝该修剪了", "web", district="东城区", street="东四街道", category=leaf)
    for dispatch_file, unit in ((None, "东城区东四街道办事处"), (own, "东城区园林局")):
        settings.orders.dispatch_file = dispatch_file
        core = Core(settings, clock=clock)
        assert core.orders.assign(draft).unit == unit
        await core.close()
