"""An editor's day in a real browser: a faulty import, mended, reviewed, published, answered, withdrawn; a hot topic."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from base.settings import ROOT
from hotline.trial.system import System

pytestmark = [pytest.mark.browser, pytest.mark.processes]
PATIENCE_MS = 20_000
SPREAD_MS = 60_000
"""Within this a change is on every channel."""
QUESTION = "流动售冰车的摊位证怎么办理?"
ROW: dict[str, Any] = {
    "id": "e2e-ice-cart",
    "question": QUESTION,
    "ask": ["卖冰的小车要办什么证"],
    "answer": "请带身份证到街道便民窗口办理流动售冰摊位证，当天领取。",
    "topic": "市场经营",
    "owner": "测试街道办",
    "sources": [{"title": "流动售冰摊位管理测试办法", "clause": "第三条"}],
}


@pytest.fixture(scope="module")
def browser(chromium: Path) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=str(chromium), args=["--no-sandbox", "--disable-gpu"])
        yield running
        running.close()


def logged_in(browser: Browser, system: System, login: str, role: str, path: str = "/admin") -> Page:
    added = system.command("seat", "add", login, "--role", role)
    found = re.search(r"the password is (\S+)", added.stdout)
    assert found is not None, added.stdout + added.stderr
    page = browser.new_context(viewport={"width": 1366, "height": 860}).new_page()
    page.goto(f"{system.base_url}{path}")
    page.get_by_label("账号").fill(login)
    page.get_by_label("密码").fill(found[1])
    page.get_by_role("button", name="登录").click()
    return page


def write(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def test_an_editor_at_the_desk_is_told_why_and_where_to_go(browser: Browser, system: System) -> None:
    page = logged_in(browser, system, "editor00", "editor", "/seat")
    expect(page.get_by_text("不能打开坐席工作台")).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("link", name="知识库管理").click()
    expect(page.get_by_role("region", name="条目表")).to_be_visible(timeout=PATIENCE_MS)
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.context.close()


def test_an_imported_entry_is_reviewed_by_another_published_answered_and_withdrawn(
    browser: Browser, system: System, tmp_path: Path
) -> None:
    editor = logged_in(browser, system, "editor01", "editor")
    editor.get_by_role("button", name="导入").click()
    chooser = editor.get_by_label("选择文件", exact=False)
    chooser.set_input_files(write(tmp_path / "faulty.jsonl", ROW | {"answer": ""}))
    expect(editor.get_by_role("alert")).to_contain_text("第 1 行", timeout=PATIENCE_MS)
    expect(editor.get_by_role("button", name="导入并提交审核")).to_have_count(0)
    chooser.set_input_files(write(tmp_path / "mended.jsonl", ROW))
    editor.get_by_role("button", name="导入并提交审核").click()
    expect(editor.get_by_text("新增 1 条")).to_be_visible(timeout=PATIENCE_MS)

    reviewer = logged_in(browser, system, "reviewer01", "reviewer")
    reviewer.get_by_role("button", name="待审核").click()
    reviewer.get_by_role("button", name=QUESTION).click()
    for act in ("审核通过", "发布"):
        reviewer.get_by_role("button", name=act, exact=True).click()
        expect(reviewer.get_by_text(f"已{act}。")).to_be_in_viewport(timeout=PATIENCE_MS)
    system.screenshot(reviewer, "admin-entry")

    assert asked_until(browser, system, QUESTION, ROW["answer"], answered=True)
    reviewer.get_by_label("说明").fill("测试结束")
    reviewer.get_by_role("button", name="撤回", exact=True).click()
    expect(reviewer.get_by_text("已撤回。")).to_be_visible(timeout=PATIENCE_MS)
    assert asked_until(browser, system, QUESTION, ROW["answer"], answered=False)
    editor.context.close()
    reviewer.context.close()


def test_a_hot_topic_published_on_the_page_is_what_the_chat_answers(browser: Browser, system: System) -> None:
    page = logged_in(browser, system, "editor02", "editor")
    page.get_by_role("button", name="热点", exact=True).click()
    page.get_by_role("button", name="新建热点").click()
    page.get_by_label("标题").fill("云杉灯会临时封闭")
    page.get_by_label("触发词", exact=False).fill("云杉灯会\n灯会 封闭")
    page.get_by_label("答案（阅读用）").fill("云杉灯会今晚因大风临时封闭，门票原路退回。")
    page.get_by_role("button", name="保存热点").click()
    expect(page.get_by_text("热点已保存。")).to_be_in_viewport(timeout=PATIENCE_MS)
    page.get_by_role("button", name="发布云杉灯会临时封闭").click()
    expect(page.get_by_role("region", name="热点表").get_by_text("生效中")).to_be_visible(timeout=PATIENCE_MS)
    assert serious_findings(page) == []
    assert asked_until(browser, system, "云杉灯会今晚还开吗", "云杉灯会今晚因大风临时封闭", answered=True)

    page.get_by_role("button", name="统计", exact=True).click()
    expect(page.locator(".chart canvas")).to_be_visible(timeout=PATIENCE_MS)
    assert serious_findings(page) == []
    system.screenshot(page, "admin-statistics")
    page.context.close()


def serious_findings(page: Page) -> list[list[Any]]:
    """What axe finds on the page as it stands: rule, impact, number of elements."""
    page.evaluate((ROOT / "gateway/web/node_modules/axe-core/axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("async () => (await axe.run()).violations.map(v => [v.id, v.impact, v.nodes.length])")
    return [entry for entry in found if entry[1] in ("serious", "critical")]


def asked_until(browser: Browser, system: System, question: str, answer: str, *, answered: bool) -> bool:
    """Whether the citizen's chat comes to give (or no longer give) the answer; each time a new conversation asks."""
    for _attempt in range(SPREAD_MS // 2_000):
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{system.base_url}/")
        expect(page.get_by_role("status").first).to_contain_text("已连接", timeout=PATIENCE_MS)
        page.get_by_label("请输入您的问题或诉求").fill(question)
        page.keyboard.press("Enter")
        reply = page.locator(".line.citizen ~ .line.bot").first
        expect(reply).to_be_visible(timeout=PATIENCE_MS)
        given = answer[:12] in reply.inner_text()
        page.wait_for_timeout(2_000 if given != answered else 0)
        context.close()
        if given == answered:
            return True
    return False
