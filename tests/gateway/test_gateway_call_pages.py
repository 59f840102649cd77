"""Call-backs and return visits in Chromium: given back, taken away, made once more; answered orders are asked about."""

from __future__ import annotations

from datetime import timedelta

import pytest
from axe_findings import serious_findings
from gateway_browser import chromium_page, log_in
from gateway_helpers import Client, SmallConversations
from playwright.async_api import expect
from test_gateway_units import HEAT, file

from conversations.messages import CitizenTurn
from gateway.core import Core
from storage.tables import CallbackTask

pytestmark = pytest.mark.long

PATIENCE_MS = 30_000


async def _promised(core: Core, small: SmallConversations) -> str:
    known = (await small.open("phone")).conversation_id
    await small.citizen_turn(known, CitizenTurn("路灯坏了三天", "phone"))
    now = core.clock.now()
    async with core.database.write() as session:
        session.add(
            CallbackTask(
                id="cb_1", conversation_id=known, number="13900001234", reason="lost", due_at=now, created_at=now
            )
        )
    return "cb_1"


async def _answered(core: Core) -> str:
    number = await file(core, "c:1")
    await core.orders.change(number, "accept", actor=f"unit:{HEAT}")
    await core.orders.change(number, "answer", actor=f"unit:{HEAT}", note="已修好")
    return number


async def test_a_leader_frees_a_call_back_and_has_one_made_once_more(
    desk: Client, core: Core, small: SmallConversations
) -> None:
    task_id = await _promised(core, small)
    gone = await core.seats.add("bob", "a-long-password", display_name="回家了")
    await core.seats.add("leni", "a-long-password", role="leader", display_name="班长")
    await core.callbacks.set(task_id, "taken", seat_id=gone.id)
    async with chromium_page("seat.html", patience_ms=PATIENCE_MS, bypass_csp=True) as page:
        await log_in(page, desk, "/seat", "leni")
        await expect(page.get_by_text("在线", exact=True)).to_be_visible()
        await page.locator("h1").click()
        await page.keyboard.press("d")
        table = page.get_by_role("region", name="回电任务表")
        await expect(table).to_contain_text("回家了已领取")
        await expect(table.get_by_role("button", name="已回电")).to_have_count(0)
        await table.get_by_role("button", name="从回家了收回").click()
        await table.get_by_role("button", name="领取").click()
        await expect(table.get_by_label("回电备注")).to_have_value("")
        async with core.database.write() as session:  # noted while the page shows the task without it
            (await session.get_one(CallbackTask, task_id)).note = "市民又来电"
        await table.get_by_label("回电备注").fill("先放一放")
        await table.get_by_role("button", name="退回").click()
        await expect(table).to_contain_text("备注：市民又来电 先放一放")
        async with core.database.write() as session:
            await core.callbacks.to_call(session, task_id, seat_id="bot")
        await page.get_by_role("region", name="回电任务", exact=True).get_by_role("button", name="刷新").click()
        await expect(table).to_contain_text("智能助手已领取")  # and calls nobody
        await table.get_by_role("button", name="从智能助手收回").click()
        await expect(table.get_by_role("button", name="领取")).to_be_visible()
        await table.get_by_text("经过", exact=True).click()
        await expect(table).to_contain_text("班长 收回")
        for _ in range(core.calling.attempts):
            await core.callbacks.set(task_id, "taken", seat_id=gone.id)
            await core.callbacks.set(task_id, "unreachable", seat_id=gone.id)
            core.clock.advance(3600)  # type: ignore[attr-defined]
        panel = page.get_by_role("region", name="回电任务", exact=True)
        await panel.get_by_role("button", name="刷新").click()
        await expect(panel).to_contain_text("没有待回的电话")
        await expect(panel).to_contain_text("最近一周有1个回电多次没有接通")
        await panel.get_by_role("button", name="查看", exact=True).click()
        await expect(table).to_contain_text("多次未接通，已放弃")
        await expect(table).to_contain_text("（已打3次未通）")
        await expect(table).to_contain_text("，回家了")
        assert await serious_findings(page) == []
        await table.get_by_role("button", name="重新打开").click()
        await expect(panel).to_contain_text("没有这样的回电任务")
        await panel.get_by_label("显示").select_option("open")
        await expect(table.get_by_role("button", name="领取")).to_be_visible()


async def test_without_visits_an_answered_order_is_closed_by_one_press(desk: Client, core: Core) -> None:
    core.settings.visits.enabled = False
    number = await _answered(core)
    async with chromium_page("seat.html", patience_ms=PATIENCE_MS, bypass_csp=True) as page:
        await log_in(page, desk, "/seat", "ann")
        await expect(page.get_by_text("在线", exact=True)).to_be_visible()
        await page.locator("h1").click()
        await page.keyboard.press("w")
        await expect(page.get_by_role("button", name=f"打开工单{number}")).to_be_visible()
        await expect(page.get_by_role("button", name=f"回访工单{number}")).to_have_count(0)
        await page.get_by_role("button", name="办结", exact=True).click()
        await expect(page.get_by_role("region", name="工单表")).to_contain_text("已办结")
    assert (await core.orders.view(number, seat="s")).status == "closed"


async def test_an_answered_order_leads_to_the_questions(desk: Client, core: Core) -> None:
    number = await _answered(core)
    async with chromium_page("seat.html", patience_ms=PATIENCE_MS, bypass_csp=True) as page:
        await log_in(page, desk, "/seat", "ann")
        await expect(page.get_by_text("在线", exact=True)).to_be_visible()
        await page.locator("h1").click()
        await page.keyboard.press("w")
        await expect(page.get_by_role("button", name="办结")).to_have_count(0)
        await page.get_by_role("button", name=f"回访工单{number}").click()
        detail = page.get_by_role("region", name="工单详情")
        await expect(detail).to_contain_text("等待回访")
        await detail.get_by_role("button", name="办结").click()
        await detail.get_by_role("button", name="提交").click()
        await expect(detail).to_contain_text("请写明原因再办结")
        form = detail.get_by_role("form", name="回访结果")
        await form.get_by_role("button", name="保存回访结果").click()
        await expect(detail).to_contain_text("请至少填写一项回访结果")
        for group, answer in (("联系过市民", "联系过"), ("问题解决", "解决了"), ("满意吗", "不满意")):
            await form.get_by_role("group", name=group).get_by_label(answer, exact=True).check()
        await form.get_by_label("哪方面不满意").select_option("办理速度")
        assert await serious_findings(page) == []
        await form.get_by_role("button", name="保存回访结果").click()
        await expect(detail.get_by_role("list", name="经过")).to_contain_text("已办结")
        await expect(form).to_have_count(0)
    now = core.clock.now()
    (rate,) = await core.visits.rates(now - timedelta(days=1), now + timedelta(days=1))
    assert rate["satisfaction_rate"] == 0.0


async def test_a_visitor_gives_back_and_a_leader_takes_away(desk: Client, core: Core) -> None:
    await _answered(core)
    await core.visits.sweep()
    await core.seats.add("vera", "a-long-password", role="visitor", display_name="维拉")
    leader = await core.seats.add("leni", "a-long-password", role="leader", display_name="班长")
    async with chromium_page("unit.html", patience_ms=PATIENCE_MS, bypass_csp=True) as page:
        await log_in(page, desk, "/unit", "vera")
        panel = page.get_by_role("region", name="电话回访")
        await panel.get_by_role("button", name="回访", exact=True).click()
        await expect(panel).to_contain_text("拨打 13900001234")
        await panel.get_by_title("现在不打了，交给其他人").click()
        await expect(panel).not_to_contain_text("拨打 13900001234")
        (task,) = await core.visits.tasks(person="")
        assert task["status"] == "open"
        await core.visits.take(task["id"], person=leader.id)
        await panel.get_by_role("button", name="刷新").click()
        await expect(panel).to_contain_text("班长已领取")
        await expect(panel.get_by_role("button", name="收回")).to_have_count(0)
        assert await serious_findings(page) == []
