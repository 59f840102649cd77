"""Looking it up oneself in a real browser: search, topics, an entry with sources, the widget in another site's page."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from hotline.trial.system import System

pytestmark = [pytest.mark.browser, pytest.mark.processes]
PATIENCE_MS = 20_000
ENTRY = "residence-permit-materials"
QUESTION = "办居住证要带什么材料，去哪里办？"


@pytest.fixture(scope="module")
def browser(chromium: Path) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=str(chromium), args=["--no-sandbox", "--disable-gpu"])
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 320, "height": 640}, locale="zh-CN")
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    yield page
    context.close()


@pytest.fixture
def other_site(system: System) -> Iterator[str]:
    """The address of a page of another site, with a strict policy of its own, that embeds the widget."""
    body = f"""<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>区政府</title></head>
<body><main><h1>区政府</h1><div id="place"></div></main>
<script src="{system.base_url}/widget/knowledge.js" data-target="#place"></script></body></html>""".encode()
    policy = f"default-src 'none'; script-src {system.base_url}; connect-src {system.base_url}"

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", policy)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Nothing into the tests' output."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield f"http://localhost:{server.server_port}/"
        server.shutdown()
        serving.join()


def test_a_citizen_searches_and_reads_with_the_keyboard(page: Page, system: System) -> None:
    page.goto(f"{system.base_url}/knowledge")
    page.get_by_label("您想问什么？").fill("办居住证需要哪些证件")
    page.keyboard.press("Enter")
    answer = page.get_by_role("link", name=QUESTION)
    expect(answer).to_be_visible(timeout=PATIENCE_MS)
    assert "q=" in page.url and page.evaluate("document.activeElement.id") == "content"
    answer.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name=QUESTION)).to_be_visible(timeout=PATIENCE_MS)
    assert page.url == f"{system.base_url}/knowledge/{ENTRY}"
    page.go_back()
    expect(answer).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_label("您想问什么？")).to_have_value("办居住证需要哪些证件")


def test_words_with_markup_stay_words(page: Page, system: System) -> None:
    page.goto(f"{system.base_url}/knowledge?q=%3Cimg%20src%3Dx%20id%3Dinjected%3E")
    expect(page.get_by_role("heading", level=1)).to_contain_text("<img src=x id=injected>", timeout=PATIENCE_MS)
    assert page.locator("#injected").count() == 0


def test_topics_tell_their_number_and_lists_have_pages(page: Page, system: System) -> None:
    page.goto(f"{system.base_url}/knowledge")
    topics = page.get_by_role("navigation", name="按主题查看")
    topics.get_by_role("link", name="居住证（").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("主题：居住证", timeout=PATIENCE_MS)
    told = topics.locator("[aria-current]").inner_text()
    expect(page.locator(".entries li")).not_to_have_count(0)
    assert told == f"居住证（{page.locator('.entries li').count()}）"
    page.get_by_role("link", name="12345 政策问答").click()
    first = page.locator(".entries h2").first
    expect(first).to_be_visible(timeout=PATIENCE_MS)
    shown = first.inner_text()
    page.get_by_role("link", name="下一页").click()
    expect(page.get_by_text("第 2 页")).to_be_visible(timeout=PATIENCE_MS)
    assert page.url.endswith("page=2") and page.locator(".entries h2").first.inner_text() != shown


def test_an_entry_has_sources_structured_data_and_takes_a_vote(page: Page, system: System) -> None:
    page.goto(f"{system.base_url}/knowledge/{ENTRY}")
    article = page.get_by_role("article")
    for part in ("《居住证暂行条例》第九条，国务院", "负责单位", "公安机关", "更新日期"):
        expect(article).to_contain_text(part, timeout=PATIENCE_MS)
    data = json.loads(page.locator('script[type="application/ld+json"]').inner_text())
    assert data["@type"] == "FAQPage" and data["mainEntity"][0]["name"] == QUESTION
    article.get_by_role("button", name="有帮助", exact=True).click()
    expect(article).to_contain_text("感谢您的评价", timeout=PATIENCE_MS)
    page.get_by_role("button", name="大字").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    system.screenshot(page, "knowledge-entry")


def test_what_is_not_there_is_told_and_leads_to_the_chat(page: Page, system: System) -> None:
    page.goto(f"{system.base_url}/knowledge/never-there")
    expect(page.get_by_role("heading", level=1)).to_have_text("这条内容现在看不到", timeout=PATIENCE_MS)
    expect(page.get_by_role("alert")).to_contain_text("失效")
    assert page.locator('script[type="application/ld+json"]').count() == 0
    page.get_by_role("link", name="在线提问").click()
    expect(page.get_by_role("status").first).to_contain_text("已连接", timeout=PATIENCE_MS)


def test_a_page_of_another_site_finds_an_answer_in_the_widget(page: Page, system: System, other_site: str) -> None:
    page.goto(other_site)
    page.get_by_label("您想问什么？", exact=False).fill("办居住证需要哪些证件")
    page.keyboard.press("Enter")
    answer = page.locator("#place").get_by_role("link", name=QUESTION)
    expect(answer).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator("#place")).to_contain_text("派出所")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert page.locator("#place section").evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(255, 255, 255)"
    system.screenshot(page, "knowledge-widget")
    with page.expect_popup() as opened:
        answer.click()
    expect(opened.value.get_by_role("heading", level=1, name=QUESTION)).to_be_visible(timeout=PATIENCE_MS)


def test_axe_finds_nothing_serious(
    browser: Browser, system: System, other_site: str, serious_findings: Callable[[Page], list[str]]
) -> None:
    context = browser.new_context(bypass_csp=True)
    page = context.new_page()
    for path, loaded in (
        ("/knowledge", "下一页"),
        (f"/knowledge/{ENTRY}", "依据"),
        ("/knowledge/never-there", "看不到"),
    ):
        page.goto(f"{system.base_url}{path}")
        expect(page.get_by_role("main")).to_contain_text(loaded, timeout=PATIENCE_MS)
        assert serious_findings(page) == [], path
    page.goto(other_site)
    page.get_by_label("您想问什么？", exact=False).fill("居住证")
    page.keyboard.press("Enter")
    expect(page.locator("#place li").first).to_be_visible(timeout=PATIENCE_MS)
    assert serious_findings(page) == []
    context.close()
