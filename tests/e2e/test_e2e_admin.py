"""An editor's day in a real browser: a faulty import, mended, reviewed, published, answered, withdrawn; a hot topic."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

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


def test_a_hot_topic_published_on_the_page_is_what_the_chat_answers(
    browser: Browser, system: System, serious_findings: Callable[[Page], list[str]]
) -> None:
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


ASKED = ("苜蓿园观测证怎么申领", "苜蓿园观测证如何申领", "怎么申领苜蓿园观测证", "苜蓿园观测证要怎么申领")


@pytest.mark.long
def test_what_nobody_could_answer_becomes_an_entry_and_what_rises_a_topic(
    browser: Browser, system: System, tmp_path: Path, serious_findings: Callable[[Page], list[str]]
) -> None:
    for question in (*ASKED, *ASKED[:2]):
        system.chat(question)
    editor = logged_in(browser, system, "editor03", "editor")
    editor.get_by_role("button", name="热点", exact=True).click()
    rising = editor.locator("article", has_text="苜蓿园观测证")
    expect(rising.first).to_contain_text("最近一小时", timeout=PATIENCE_MS)
    rising.first.get_by_role("button", name="写成热点").click()
    editor.get_by_label("答案（阅读用）").fill("苜蓿园观测证的申领系统正在维护，明天恢复。")
    editor.get_by_role("button", name="保存热点").click()
    editor.get_by_role("button", name=re.compile("^发布.*苜蓿园观测证")).click()
    expect(editor.get_by_role("region", name="热点表").get_by_text("生效中").first).to_be_visible(timeout=PATIENCE_MS)
    assert asked_until(browser, system, ASKED[0], "苜蓿园观测证的申领系统正在维护", answered=True)
    editor.get_by_role("button", name=re.compile("^结束.*苜蓿园观测证")).click()
    assert asked_until(browser, system, ASKED[0], "苜蓿园观测证的申领系统正在维护", answered=False)

    editor.get_by_role("button", name="未答上的问题").click()
    editor.get_by_role("button", name="现在重新归类").click()
    cluster = editor.locator("article", has_text="苜蓿园观测证").first
    expect(cluster).to_be_visible(timeout=PATIENCE_MS)
    cluster.get_by_role("button", name="生成草稿").click()
    editor.get_by_label("答案（阅读用）").fill("带身份证到苜蓿园管理处申领观测证，当天办好。")
    editor.get_by_label("主题").fill("测试")
    editor.get_by_role("button", name="添加依据").click()
    editor.get_by_label("名称").fill("苜蓿园观测测试办法")
    editor.get_by_role("button", name="添加附件或链接").click()
    editor.get_by_label("附件标题").fill("申请表")
    editor.get_by_label("附件网址").fill("https://www.example.cn/form.pdf")
    editor.get_by_label("查找相关条目").fill("居住证要带什么")
    editor.get_by_role("button", name="查找", exact=True).click()
    editor.get_by_role("button", name=re.compile("^加入“办居住证要带什么材料")).click()
    editor.get_by_role("button", name="检查", exact=True).click()
    expect(editor.get_by_text("检查完毕：0 处要改")).to_be_visible(timeout=PATIENCE_MS)
    editor.get_by_label("修改原因").fill("补充答案")
    editor.get_by_role("button", name="保存", exact=True).click()
    expect(editor.get_by_text("已保存。")).to_be_visible(timeout=PATIENCE_MS)
    assert serious_findings(editor) == []
    editor.get_by_role("button", name="提交审核", exact=True).click()
    expect(editor.get_by_text("已提交审核。")).to_be_visible(timeout=PATIENCE_MS)

    reviewer = logged_in(browser, system, "reviewer02", "reviewer")
    reviewer.get_by_role("button", name="待审核").click()
    for step in ("审核通过", "发布"):
        reviewer.get_by_role("checkbox", name=re.compile("苜蓿园观测证")).check()
        reviewer.get_by_label("批量步骤").select_option(label=step)
        reviewer.get_by_role("button", name="办理所选条目").click()
        expect(reviewer.get_by_text(f"{step}：办好 1 条。")).to_be_visible(timeout=PATIENCE_MS)
        reviewer.get_by_role("button", name="知识条目", exact=True).click()
        reviewer.get_by_label("搜索条目").fill("苜蓿园观测证")
        reviewer.get_by_role("button", name="搜索", exact=True).click()
    assert asked_until(browser, system, ASKED[3], "带身份证到苜蓿园管理处", answered=True)
    editor.context.close()
    reviewer.context.close()
    expires(system, tmp_path, "苜蓿园观测证")


def expires(system: System, folder: Path, words: str) -> None:
    """The day of an entry's end passes: neither the chat nor its public page gives it any more."""
    _, found = system.get(f"/api/v1/knowledge/entries?q={quote(words)}")
    entry_id = found["items"][0]["id"]
    _, entry = system.get(f"/api/v1/knowledge/entries/{entry_id}")
    assert system.get(f"/knowledge/{entry_id}")[0] == 200
    row = {key: entry[key] for key in ("id", "question", "answer", "topic", "sources")}
    over = write(folder / "over.jsonl", row | {"effective_to": "2026-01-01"})
    assert system.command("kb", "import", str(over)).returncode == 0
    for _attempt in range(SPREAD_MS // 1_000):
        told = system.chat(entry["question"])["replies"]
        if not any(entry["answer"][:10] in reply["text"] for reply in told):
            assert system.get(f"/knowledge/{entry_id}")[0] == 404
            return
        time.sleep(1)
    raise AssertionError("an expired entry is still answered")


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
