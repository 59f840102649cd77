"""Other sites in the browser of somebody who is logged in: nothing is done in their name, and no login is planted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Final

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from gateway_browser import log_in
from gateway_helpers import Client, SmallConversations, login, origin
from playwright.async_api import Page, expect
from test_gateway_xss import desk as desk
from test_gateway_xss import page as page

from gateway.core import Core
from gateway.seat_auth import COOKIE

pytestmark = pytest.mark.long

_REQUEST: Final = '{"text": "恶意常用语", "title": "恶意"}'
Foreign = Callable[[str], str]


@pytest.fixture
async def foreign() -> AsyncIterator[Foreign]:
    """Serves a page and gives its address: `localhost` is another site than the desk's 127.0.0.1."""
    bodies: dict[str, str] = {}

    async def serve(request: web.Request) -> web.Response:
        return web.Response(text=f"<!doctype html><meta charset=utf-8>{bodies[request.path]}", content_type="text/html")

    app = web.Application()
    app.router.add_get("/{page}", serve)
    server = TestServer(app)
    await server.start_server()

    def address(body: str) -> str:
        path = f"/{len(bodies)}"
        bodies[path] = body
        return f"http://localhost:{server.port}{path}"

    yield address
    await server.close()


async def test_a_foreign_page_changes_nothing_in_the_name_of_whom_it_is_shown_to(
    page: Page, desk: Client, core: Core, small: SmallConversations, foreign: Foreign
) -> None:
    """A form, a request by script, and a socket, all with whatever cookies the browser adds."""
    ours = origin(desk)["Origin"]
    await log_in(page, desk, "/seat", "ann")
    await expect(page.get_by_role("region", name="排队与我的会话")).to_be_visible()
    assert [one["name"] for one in await page.context.cookies() if one["name"] == COOKIE]
    replies = f"{ours}/api/v1/seat/replies"
    field = f"""<input name='{_REQUEST[:-1]}, "a":"' value='"}}'>"""  # with its "=" it reads as JSON
    form = f'<form id=f method=post enctype=text/plain action="{replies}">{field}</form><p id=seen></p>'
    evil = foreign(form)
    for attack in (
        f"fetch('{replies}', {{method: 'POST', mode: 'no-cors', credentials: 'include', body: '{_REQUEST}'}})"
        ".then(() => seen.textContent = 'done', () => seen.textContent = 'done')",
        f"fetch('{replies}', {{method: 'POST', credentials: 'include', headers: {{'Content-Type': 'application/json'}},"
        f" body: '{_REQUEST}'}}).then(() => seen.textContent = 'done', () => seen.textContent = 'done')",
        f"(socket => {{ socket.onopen = () => seen.textContent = 'open';"
        f" socket.onerror = () => seen.textContent = 'done' }})(new WebSocket('{ours.replace('http', 'ws')}/ws/seat'))",
    ):
        other = await page.context.new_page()
        await other.goto(evil)
        await other.evaluate(attack)
        await expect(other.locator("#seen")).to_have_text("done")
        await other.close()
    other = await page.context.new_page()
    await other.goto(evil)
    async with other.expect_response(replies) as answered:
        await other.evaluate("f.submit()")
    assert (await answered.value).status in (401, 403)
    await other.close()
    shown = await page.evaluate(f"fetch('{replies}').then(answer => answer.text())")
    assert "items" in shown and "恶意" not in shown


async def test_a_foreign_page_shows_the_desk_in_no_frame(
    page: Page, desk: Client, small: SmallConversations, foreign: Foreign
) -> None:
    ours = origin(desk)["Origin"]
    async with page.expect_response(f"{ours}/seat") as answered:
        await page.goto(foreign(f'<iframe src="{ours}/seat"></iframe>'))
    assert "frame-ancestors 'none'" in (await answered.value).headers["content-security-policy"]
    assert await page.frames[-1].get_by_label("密码").count() == 0


async def test_a_cookie_that_was_planted_is_no_login_after_one(
    page: Page, desk: Client, core: Core, small: SmallConversations
) -> None:
    ours = origin(desk)["Origin"]

    async def connect() -> Client:
        return desk

    attacker, _ = await login(connect, core, "attacker")
    planted = attacker.session.cookie_jar.filter_cookies(attacker.make_url("/"))[COOKIE].value
    await page.context.add_cookies([{"name": COOKIE, "value": planted, "url": ours}])
    await page.goto(f"{ours}/seat")
    await expect(page.get_by_role("region", name="排队与我的会话")).to_be_visible()  # as the attacker
    answer = await page.evaluate(
        """fetch('/api/v1/seat/login', {method: 'POST', headers: {'Content-Type': 'application/json'},
            body: JSON.stringify({login: 'ann', password: 'a-long-password'})}).then(one => one.status)"""
    )
    assert answer == 200
    (now,) = [one["value"] for one in await page.context.cookies() if one["name"] == COOKIE]
    assert now != planted and await core.seats.identify(planted) is None
    person = await core.seats.identify(now)
    assert person is not None and person.login == "ann"
