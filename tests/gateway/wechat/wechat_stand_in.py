"""WeChat's side of the API, speaking real HTTP on loopback: tokens that expire, limits that are kept, scripted trouble.

Built from the published documents alone; what WeChat's servers do beyond them is not in here.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from base.clock import ManualClock

Json = dict[str, Any]
TEXT_LIMIT_BYTES = 2_048


@dataclass
class Window:
    """What a citizen's last act lets the account send."""

    left: int
    until: datetime


@dataclass
class StandIn:
    """`trouble`: path -> error codes (or HTTP statuses as negative numbers below -99) for the next calls."""

    clock: ManualClock
    secret: str
    tokens: dict[str, datetime] = field(default_factory=dict)  # token -> until
    fetched: int = 0
    forced: int = 0
    fetch_delay_seconds: float = 0.0
    windows: dict[str, Window] = field(default_factory=dict)
    sent: list[Json] = field(default_factory=list)
    media: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    trouble: dict[str, deque[int]] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    url: str = ""
    numbers: Any = field(default_factory=lambda: itertools.count(1))

    # -- what tests do ---------------------------------------------------------------------------------------------

    def fails(self, path: str, *codes: int) -> None:
        self.trouble.setdefault(path, deque()).extend(codes)

    def expire_tokens(self) -> None:
        """As when somebody fetched another token elsewhere."""
        self.tokens.clear()

    def allows(self, user_id: str, messages: int = 5, lasts: timedelta = timedelta(hours=48)) -> None:
        self.windows[user_id] = Window(messages, self.clock.now() + lasts)

    def texts(self, user_id: str | None = None) -> list[str]:
        return [
            message["text"]["content"]
            for message in self.sent
            if "text" in message and user_id in (None, message.get("touser"))
        ]

    # -- what is served --------------------------------------------------------------------------------------------

    async def new_token(self, force: bool) -> Json:
        await asyncio.sleep(self.fetch_delay_seconds)
        self.fetched += 1
        self.forced += force
        good = [token for token, until in self.tokens.items() if until > self.clock.now() + timedelta(minutes=5)]
        if not good or force:
            good = [f"token-{next(self.numbers)}"]
            self.tokens[good[0]] = self.clock.now() + timedelta(seconds=7_200)
        until = self.tokens[good[0]]
        return {"access_token": good[0], "expires_in": int((until - self.clock.now()).total_seconds())}

    def problem(self, request: web.Request) -> int:
        """The error code of a call, 0 for none."""
        self.calls[request.path] += 1
        if waiting := self.trouble.get(request.path):
            return waiting.popleft()
        until = self.tokens.get(request.query.get("access_token", ""))
        if until is None:
            return 40001
        return 42001 if until <= self.clock.now() else 0

    def text_problem(self, body: Json, raw: bytes, out_of_time: int, too_many: int) -> int:
        if b"\\u" in raw:
            return 40033  # WeChat shows escapes as they are
        if len(body.get("text", {}).get("content", "").encode()) > TEXT_LIMIT_BYTES:
            return 45002
        window = self.windows.get(body.get("touser", ""))
        if window is None or window.until <= self.clock.now():
            return out_of_time
        if window.left <= 0:
            return too_many
        window.left -= 1
        return 0

    async def give_media(self, request: web.Request) -> web.Response:
        if (code := self.problem(request)) != 0:
            return answer(code)
        kind, content = self.media.get(request.query.get("media_id", ""), ("", b""))
        return web.Response(body=content, content_type=kind) if kind else answer(40007)


def answer(code: int, **more: Any) -> web.Response:
    if code < -99:
        return web.Response(status=-code)
    return web.json_response({"errcode": code, "errmsg": "ok" if code == 0 else "refused", **more})


class OfficialStandIn(StandIn):
    async def stable_token(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.calls[request.path] += 1
        if waiting := self.trouble.get(request.path):
            return answer(waiting.popleft())
        if body.get("secret") != self.secret or body.get("grant_type") != "client_credential":
            return answer(40125)
        return web.json_response(await self.new_token(bool(body.get("force_refresh"))))

    async def custom_send(self, request: web.Request) -> web.Response:
        raw = await request.read()
        body = json.loads(raw)
        code = self.problem(request) or self.text_problem(body, raw, 45015, 45047)
        if code == 0:
            self.sent.append(body)
        return answer(code)

    async def notice(self, request: web.Request) -> web.Response:
        body = await request.json()
        if (code := self.problem(request)) != 0:
            return answer(code)
        for name, value in body["data"].items():
            if name.startswith("thing") and len(value["value"]) > 20:
                return answer(47003)
        self.sent.append({"path": request.path, **body})
        return answer(0, msgid=next(self.numbers))

    def add_routes(self, app: web.Application) -> None:
        app.router.add_post("/cgi-bin/stable_token", self.stable_token)
        app.router.add_post("/cgi-bin/message/custom/send", self.custom_send)
        app.router.add_post("/cgi-bin/message/template/send", self.notice)
        app.router.add_post("/cgi-bin/message/subscribe/bizsend", self.notice)
        app.router.add_get("/cgi-bin/media/get", self.give_media)


@dataclass
class KfStandIn(StandIn):
    """`log`: everything that ever happened in the account; the cursor is a place in it."""

    log: list[Json] = field(default_factory=list)
    page: int = 1_000
    state: dict[str, int] = field(default_factory=dict)  # external_userid -> service_state
    asked: list[Json] = field(default_factory=list)
    greeted: list[Json] = field(default_factory=list)
    handed: list[Json] = field(default_factory=list)
    known: dict[str, Json] = field(default_factory=dict)

    def happens(self, message: Json) -> None:
        message = {"msgid": f"m{next(self.numbers)}", "send_time": int(self.clock.now().timestamp()), **message}
        self.log.append(message)

    def writes(self, user_id: str, content: str, **more: Any) -> None:
        self.allows(user_id)
        body: Json = {"msgtype": "text", "text": {"content": content}}
        self.happens({"open_kfid": "kf1", "external_userid": user_id, "origin": 3, **(more or body)})

    async def get_token(self, request: web.Request) -> web.Response:
        if request.query.get("corpsecret") != self.secret:
            return answer(40001)
        return web.json_response({"errcode": 0, **await self.new_token(False)})

    async def sync_msg(self, request: web.Request) -> web.Response:
        body = await request.json()
        if (code := self.problem(request)) != 0:
            return answer(code)
        self.asked.append(body)
        begin = int(body.get("cursor") or 0)
        end = min(len(self.log), begin + self.page)
        more = int(end < len(self.log))
        return answer(0, next_cursor=str(end), has_more=more, msg_list=self.log[begin:end])

    async def send_msg(self, request: web.Request) -> web.Response:
        raw = await request.read()
        body = json.loads(raw)
        code = self.problem(request)
        if code == 0 and body["msgid"] in self.known:
            return answer(0, msgid=body["msgid"])
        if code == 0 and self.state.get(body["touser"], 1) in (2, 3):
            code = 95018
        code = code or self.text_problem(body, raw, 95002, 95001)
        if code == 0:
            self.known[body["msgid"]] = body
            self.sent.append(body)
        return answer(code, msgid=body["msgid"])

    async def send_on_event(self, request: web.Request) -> web.Response:
        if (code := self.problem(request)) == 0:
            self.greeted.append(await request.json())
        return answer(code)

    async def trans(self, request: web.Request) -> web.Response:
        body = await request.json()
        if (code := self.problem(request)) == 0:
            self.handed.append(body)
            self.state[body["external_userid"]] = body["service_state"]
        return answer(code)

    def add_routes(self, app: web.Application) -> None:
        app.router.add_get("/cgi-bin/gettoken", self.get_token)
        app.router.add_post("/cgi-bin/kf/sync_msg", self.sync_msg)
        app.router.add_post("/cgi-bin/kf/send_msg", self.send_msg)
        app.router.add_post("/cgi-bin/kf/send_msg_on_event", self.send_on_event)
        app.router.add_post("/cgi-bin/kf/service_state/trans", self.trans)
        app.router.add_get("/cgi-bin/media/get", self.give_media)


@asynccontextmanager
async def served(stand_in: OfficialStandIn | KfStandIn) -> AsyncIterator[None]:
    app = web.Application()
    stand_in.add_routes(app)
    server = TestServer(app)
    await server.start_server()
    stand_in.url = str(server.make_url("")).rstrip("/")
    try:
        yield
    finally:
        await server.close()
