"""Pages, probes, headers, addresses, and the description of the API."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request
from gateway_helpers import Client, Connect, SmallConversations

from base.sections.node import WebSettings
from gateway import pages
from gateway.address import client_address, same_origin
from gateway.app import build_app
from gateway.core import Core
from gateway.limits import FailureLimiter, RateLimiter
from knowledge import store
from knowledge.entry import Entry


async def test_every_public_route_is_described(client: Client, core: Core) -> None:
    described = (await (await client.get("/api/v1/openapi.json")).json())["paths"]
    routes = {
        (route.resource.canonical, route.method.lower())
        for route in build_app(Core(core.settings)).router.routes()
        if route.resource is not None and route.method not in ("HEAD", "OPTIONS")
    }
    files = {"/favicon.ico", "/favicon.svg", "/assets", "/widget/knowledge.js", "/widget/chat.js"}
    hidden = {"/", "/seat", "/leader", "/unit", "/account", "/admin", "/knowledge", "/knowledge/{entry_id}"} | files
    public = {(path, method) for path, method in routes if not path.startswith("/internal/") and path not in hidden}
    assert public == {(path, method) for path, methods in described.items() for method in methods}


async def test_the_description_names_only_what_it_defines(client: Client) -> None:
    body = await (await client.get("/api/v1/openapi.json")).json()

    def references(value: Any) -> set[str]:
        if isinstance(value, dict):
            own = {value["$ref"]} if "$ref" in value else set()
            return own.union(*(references(part) for part in value.values()))
        return set().union(*(references(part) for part in value)) if isinstance(value, list) else set()

    for reference in references(body):
        found: Any = body
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
    assert body["info"]["title"] == "北京市12345市民服务热线"


async def test_without_a_built_front_end_the_page_says_so(
    connect: Connect, small: SmallConversations, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(pages, "DIST", tmp_path)
    client = await connect()
    response = await client.get("/")
    assert response.status == 503 and "网页还没有构建" in await response.text()
    (tmp_path / "index.html").write_text("<html>built</html>")
    (tmp_path / "seat.html").write_text("<html>desk</html>")
    assert "built" in await (await client.get("/")).text()
    page = await client.get("/seat")
    assert "desk" in await page.text() and page.headers["X-Frame-Options"] == "DENY"


async def test_each_entry_has_an_address_and_only_the_widget_may_be_loaded_by_other_sites(
    connect: Connect, small: SmallConversations, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(pages, "DIST", tmp_path)
    client = await connect()
    assert (await client.get("/widget/knowledge.js")).status == 404
    (tmp_path / "knowledge.html").write_text("<html>answers</html>")
    (tmp_path / "widget").mkdir()
    (tmp_path / "widget" / "knowledge.js").write_text("start()")
    for path, status in (("/knowledge", 200), ("/knowledge/never-there", 404), ("/knowledge/a%2Fb%20%E4%BD%A0", 404)):
        page = await client.get(path)
        assert page.status == status and "answers" in await page.text(), path
        assert page.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert page.headers["X-Frame-Options"] == "DENY"
    widget = await client.get("/widget/knowledge.js")
    assert widget.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert widget.headers["Cache-Control"] == "public, max-age=3600"
    assert widget.content_type == "text/javascript" and widget.headers["X-Content-Type-Options"] == "nosniff"
    again = await client.get("/widget/knowledge.js", headers={"If-None-Match": widget.headers["ETag"]})
    assert again.status == 304


async def test_only_named_sites_show_the_chat_in_a_frame_and_the_desk_nobody(
    connect: Connect, core: Core, small: SmallConversations, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(pages, "DIST", tmp_path)
    for name in ("index", "seat"):
        (tmp_path / f"{name}.html").write_text("<html>page</html>")
    client = await connect()
    page = await client.get("/")
    assert page.headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    core.settings.web.allowed_origins = ["https://www.example.cn", "https://x.cn; script-src *", "http://[::1]:80"]
    page = await client.get("/")
    policy = page.headers["Content-Security-Policy"]
    assert "frame-ancestors 'self' https://www.example.cn http://[::1]:80" in policy and "script-src *" not in policy
    assert "X-Frame-Options" not in page.headers
    assert (await client.get("/seat")).headers["X-Frame-Options"] == "DENY"


TEMPLATE = (
    '<html><head><meta name="description" content="all" /><title>政策问答</title></head>'
    '<body><div id="app"></div></body></html>'
)


async def test_a_page_holds_its_entry_without_a_script_and_is_gone_with_it(
    connect: Connect, core: Core, small: SmallConversations, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(pages, "DIST", tmp_path)
    (tmp_path / "knowledge.html").write_text(TEMPLATE, encoding="utf-8")
    shown = {
        "id": "permit",
        "question": "居住证<b>怎么</b>办？",
        "answer": "到派出所办。</script><script>x",
        "topic": "户籍",
        "sources": [{"title": "居住证办法", "clause": "第三条", "quote": "内部摘录"}],
        "related": ["secret", "next"],
    }
    secret = {"id": "secret", "question": "内部口径", "answer": "只给坐席", "topic": "户籍", "sensitivity": "internal"}
    following = {"id": "next", "question": "居住证丢了怎么办？", "answer": "补办。", "topic": "户籍"}
    source = {"sources": [{"title": "居住证办法"}]}
    entries = [Entry.model_validate(source | row) for row in (shown, secret, following)]
    now = core.clock.now()
    await store.save_entries(core.database, entries, now=now, actor="cli", reason="test")
    client = await connect()
    page = await client.get("/knowledge/permit")
    text = await page.text()
    assert page.status == 200 and "<title>居住证&lt;b&gt;怎么&lt;/b&gt;办？ · 政策问答</title>" in text
    assert 'name="description" content="到派出所办。&lt;/script&gt;' in text and "《居住证办法》第三条" in text
    assert '<a href="/knowledge/next">居住证丢了怎么办？</a>' in text
    assert "内部" not in text and "secret" not in text
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', text)
    assert found is not None
    data = json.loads(found[1])
    assert data["@type"] == "FAQPage" and data["mainEntity"][0]["acceptedAnswer"]["text"] == shown["answer"]
    assert "license" not in data
    await store.withdraw_entry(core.database, "permit", now=now)
    for name in ("permit", "secret", "never"):
        gone = await client.get(f"/knowledge/{name}")
        text = await gone.text()
        assert gone.status == 404 and "noindex" in text and "ld+json" not in text and "派出所" not in text


async def test_readiness_tells_of_every_part(client: Client, core: Core) -> None:
    ready = await client.get("/readyz")
    body = await ready.json()
    assert ready.status == 200 and body["ready"] is True
    assert {"database", "knowledge", "understanding", "phone", "recogniser"} <= set(body["parts"])
    core.parts["knowledge"].ok = False
    assert (await client.get("/readyz")).status == 503


async def test_a_trace_id_of_the_caller_is_kept(client: Client) -> None:
    given = "0af7651916cd43dd8448eb211c80319c"
    response = await client.get("/healthz", headers={"traceparent": f"00-{given}-b7ad6b7169203331-01"})
    assert response.headers["X-Trace-Id"] == given
    for nonsense in ("x", "00-" + "0" * 32 + "-b7ad6b7169203331-01"):
        response = await client.get("/healthz", headers={"traceparent": nonsense})
        assert response.headers["X-Trace-Id"] not in (given, "0" * 32)


def test_forwarded_addresses_count_only_from_known_proxies() -> None:
    def address(remote: str, forwarded: str | None, trusted: list[str]) -> str:
        headers = {"X-Forwarded-For": forwarded} if forwarded else {}
        request = make_mocked_request("GET", "/", headers=headers).clone(remote=remote)
        return client_address(request, WebSettings(trusted_proxies=trusted))

    assert address("9.9.9.9", "1.1.1.1", []) == "9.9.9.9"
    assert address("9.9.9.9", "1.1.1.1", ["10.0.0.0/8"]) == "9.9.9.9"
    assert address("10.0.0.1", "6.6.6.6, 1.1.1.1", ["10.0.0.0/8"]) == "1.1.1.1"
    assert address("10.0.0.1", "1.1.1.1, 10.0.0.2", ["10.0.0.0/8"]) == "1.1.1.1"
    assert address("10.0.0.1", "nonsense", ["10.0.0.0/8"]) == "10.0.0.1"


def test_origins() -> None:
    def own(headers: dict[str, str], *, required: bool = True, **more: Any) -> bool:
        request = make_mocked_request("POST", "/", headers={"Host": "hotline.cn", **headers})
        return same_origin(request, WebSettings(**more), required=required)

    assert own({"Origin": "https://hotline.cn"})
    assert own({"Sec-Fetch-Site": "same-origin"})
    assert own({}, required=False) and not own({})
    assert own({"Origin": "https://www.gov.cn"}, allowed_origins=["https://www.gov.cn"])
    for foreign in ("https://evil.cn", "null", "file://", "http://", "https://hotline.cn.evil.cn", "http://["):
        assert not own({"Origin": foreign}, required=False)


def test_a_bucket_refills_and_forgets_the_oldest() -> None:
    limiter = RateLimiter(60, burst=2, maximum_keys=3)
    assert [limiter.take("a", 0.0) for _ in range(3)] == [0.0, 0.0, 1.0]
    assert limiter.take("a", 1.0) == 0.0 and limiter.take("a", 1.0) > 0
    for key in "bcd":
        limiter.take(key, 1.0)
    assert len(limiter._buckets) == 3 and limiter.take("a", 1.0) == 0.0


def test_failures_pause_a_key_until_they_have_aged() -> None:
    limiter = FailureLimiter(2, 60.0)
    assert limiter.wait("a", 0.0) == 0.0
    limiter.failed("a", 0.0)
    limiter.failed("a", 10.0)
    assert limiter.wait("a", 20.0) == 40.0 and limiter.wait("b", 20.0) == 0.0
    assert limiter.wait("a", 60.0) == 0.0
    limiter.failed("a", 61.0)
    limiter.succeeded("a")
    assert limiter.wait("a", 62.0) == 0.0
