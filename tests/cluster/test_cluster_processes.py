"""Two real cores on one PostgreSQL and one Redis: one dies in the middle, Redis dies, and nobody loses a word."""

from __future__ import annotations

import asyncio
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cluster_helpers import WAIT_SECONDS, eventually
from fresh_database import emptied
from redis_server import RedisServer
from sqlalchemy import func, select
from test_gateway_process import CoreProcess

from bot import wording
from seats.store import SeatStore
from storage import migrate
from storage.engine import Database
from storage.keyring import Keyring
from storage.tables import CallbackTask, Conversation, Turn

pytestmark = [pytest.mark.long, pytest.mark.processes, pytest.mark.timeout(900)]

CALLER = "13900005678"


@pytest.fixture
def two_cores(
    tmp_path: Path, models: Path, postgresql_url: str, redis_server: RedisServer
) -> Iterator[list[CoreProcess]]:
    """Not started."""
    keys = tmp_path / "keys.json"
    assert Keyring(lambda: keys).keys.current
    made = []
    for name in ("a", "b"):
        core = CoreProcess(tmp_path / name, models)
        core.environment |= {
            "HOTLINE_DATABASE__URL": postgresql_url,
            "HOTLINE_CLUSTER__NODE": name,
            "HOTLINE_CLUSTER__REDIS_URL": redis_server.url,
            "HOTLINE_SECURITY__KEY_FILE": str(keys),
            "HOTLINE_DIALOGUE__PHONE_LOST_SECONDS": "3",
        }
        made.append(core)
    yield made
    for core in made:
        if core.process is not None and core.process.poll() is None:
            core.process.kill()
            core.process.wait(30)


class Page:
    """A citizen's page: comes back to whichever node, knows what it has seen, sends again what was not answered."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session
        self.conversation_id: str | None = None
        self.seen: dict[int, str] = {}
        self.socket: aiohttp.ClientWebSocketResponse | None = None

    async def open(self, core: CoreProcess) -> None:
        self.socket = await self.session.ws_connect(f"{core.url}/ws/chat", headers={"Origin": core.url})
        hello = {"type": "hello", "conversation_id": self.conversation_id, "after_seq": max(self.seen, default=0)}
        await self.socket.send_json(hello)
        welcome = await self.until("welcome")
        assert self.conversation_id in (None, welcome["conversation_id"])
        self.conversation_id = welcome["conversation_id"]
        for turn in welcome["transcript"]:
            assert turn["seq"] not in self.seen
            self.seen[turn["seq"]] = turn["text"]

    async def until(self, kind: str, **wanted: Any) -> dict[str, Any]:
        assert self.socket is not None
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                message: dict[str, Any] = await self.socket.receive_json()
                if message["type"] == "turn" and "turn" in message:
                    self.seen[message["turn"]["seq"]] = message["turn"]["text"]
                if message["type"] == kind and all(message.get(key) == value for key, value in wanted.items()):
                    return message

    async def say(self, text: str, message_id: str | None = None) -> dict[str, Any]:
        assert self.socket is not None
        message_id = message_id or uuid.uuid4().hex
        await self.socket.send_json({"type": "message", "text": text, "client_message_id": message_id})
        return await self.until("reply", in_reply_to=message_id)


async def ready(core: CoreProcess, session: aiohttp.ClientSession) -> None:
    """However long that takes on a busy machine."""
    for _ in range(3):
        try:
            await core.ready(session)
        except AssertionError:
            assert core.process is not None and core.process.poll() is None
        else:
            return
    await core.ready(session)


class Call:
    """A call from `CALLER`, as a phone tells the core of it."""

    def __init__(self, phone: aiohttp.ClientWebSocketResponse, call_id: str) -> None:
        self._phone = phone
        self._call_id = call_id
        self.conversation_id = ""
        self.heard: list[str] = []  # what was said to the caller

    @classmethod
    async def begin(cls, session: aiohttp.ClientSession, core: CoreProcess, call_id: str) -> Call:
        token = (core.folder / "run" / "internal.token").read_text().strip()
        phone = await session.ws_connect(f"{core.url}/internal/phone", headers={"Authorization": f"Bearer {token}"})
        call = cls(phone, call_id)
        started = {"type": "call_started", "call_id": call_id, "caller": CALLER, "leg": "sip"}
        await phone.send_json({**started, "trace_id": "ab" * 16, "conversation_id": None})
        call.conversation_id = str((await call._answer("opened"))["conversation_id"])
        return call

    async def say(self, text: str) -> dict[str, Any]:
        turn = {"type": "turn", "call_id": self._call_id, "turn_id": uuid.uuid4().hex, "kind": "speech", "text": text}
        await self._phone.send_json({**turn, "confidence": 0.9, "unplayed": "", "meta": {}})
        return await self._answer("reply")

    async def _answer(self, kind: str) -> dict[str, Any]:
        message = await next_of(self._phone, kind, call_id=self._call_id)
        self.heard += [said["text"] for said in message["say"]]
        return message


async def a_desk(session: aiohttp.ClientSession, core: CoreProcess, login: str) -> aiohttp.ClientWebSocketResponse:
    body, headers = {"login": login, "password": "a-long-password"}, {"Origin": core.url}
    async with session.post(f"{core.url}/api/v1/seat/login", json=body, headers=headers) as response:
        assert response.status == 200, await response.text()
    return await session.ws_connect(f"{core.url}/ws/seat", headers=headers)


async def beat(desk: aiohttp.ClientWebSocketResponse) -> None:
    """A workbench page says every few seconds that it lives."""
    while True:
        await asyncio.sleep(3)
        await desk.send_json({"type": "ping"})


async def next_of(socket: aiohttp.ClientWebSocketResponse, kind: str, **wanted: Any) -> dict[str, Any]:
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            message: dict[str, Any] = await socket.receive_json()
            if message["type"] == kind and all(message.get(key) == value for key, value in wanted.items()):
                return message


async def test_one_node_is_killed_and_redis_too_and_every_contact_goes_on(
    two_cores: list[CoreProcess], postgresql_url: str, redis_server: RedisServer, tmp_path: Path
) -> None:
    await (await emptied(postgresql_url)).close()
    database = Database(postgresql_url, keyring=Keyring(lambda: tmp_path / "keys.json"))
    await migrate.upgrade(database)
    await SeatStore(database).add("ann", "a-long-password", display_name="安", role="seat")
    first, second = two_cores
    first.start()
    second.start()
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession() as session, aiohttp.ClientSession(cookie_jar=jar) as desk_session:
        for core in two_cores:
            await ready(core, session)

        # A chat begins at one node and goes on at the other, in the same sentence.
        page = Page(session)
        await page.open(first)
        begun = await page.say("我要投诉楼下的烧烤店噪声扰民")
        assert begun["asking"]
        await page.open(second)
        goes_on = await page.say("晚上十点以后还在放音乐，吵得睡不着")
        assert goes_on["conversation_id"] == page.conversation_id and goes_on["asking"] != begun["asking"]

        # A seat at the second node serves a citizen whose page is at the first.
        citizen = Page(session)
        await citizen.open(first)
        await citizen.say("我要转人工")
        desk = await a_desk(desk_session, second, "ann")
        beating = asyncio.create_task(beat(desk))
        known = citizen.conversation_id
        while not any(card["conversation_id"] == known for card in (await next_of(desk, "queue"))["queue"]):
            pass
        await desk.send_json({"type": "claim", "conversation_id": known})
        await next_of(desk, "claimed", conversation_id=known)
        await desk.send_json({"type": "watch", "conversation_id": known})
        await next_of(desk, "conversation", conversation_id=known)
        for number in range(3):
            words = {"text": f"坐席第{number}句", "client_message_id": f"s{number}"}
            await desk.send_json({"type": "say", "conversation_id": known, **words})
            await eventually_seen(citizen, f"坐席第{number}句")
            await citizen.say(f"市民第{number}句", f"c{number}")
            await next_seen(desk, f"市民第{number}句")

        # The first node dies in the middle of a turn, with a call in its hands.
        call = await Call.begin(session, first, "call-1")
        asked = await call.say("我要投诉海淀区中关村街道知春路48号的烧烤店油烟太大")
        assert asked["asking"] and not asked["hang_up"]
        assert page.socket is not None and citizen.socket is not None
        await page.open(first)
        await page.socket.send_json(
            {"type": "message", "text": "海淀区中关村街道知春路48号", "client_message_id": "last"}
        )
        await asyncio.sleep(0.02)
        first.end(signal.SIGKILL)
        await page.open(second)
        answer = await page.say("海淀区中关村街道知春路48号", "last")
        assert answer["conversation_id"] == page.conversation_id
        await citizen.open(second)
        await citizen.say("我的网页刚才断了一下", "after")
        await next_seen(desk, "我的网页刚才断了一下")

        async def called_back() -> bool:
            async with database.read() as read:
                found = await read.execute(
                    select(CallbackTask.status).where(CallbackTask.conversation_id == call.conversation_id)
                )
                return found.scalar_one_or_none() == "open"

        await eventually(called_back)

        # The caller rings again, another node answers, and goes on without reading out what was said before.
        again = await Call.begin(session, second, "call-2")
        assert again.heard[-1] == wording.GO_ON
        gone_on = await again.say("好的，接着办")
        assert gone_on["asking"] == asked["asking"]
        assert not [said for said in again.heard if any(word in said for word in ("烧烤", "油烟", "知春路", "海淀"))]

        # It comes back; then Redis dies, and both go on.
        first.start()
        await ready(first, session)
        redis_server.kill()
        await citizen.open(first)
        for number in range(3, 6):
            words = {"text": f"坐席第{number}句", "client_message_id": f"s{number}"}
            await desk.send_json({"type": "say", "conversation_id": known, **words})
            await eventually_seen(citizen, f"坐席第{number}句")
            await citizen.say(f"市民第{number}句", f"c{number}")
            await next_seen(desk, f"市民第{number}句")
        redis_server.start()
        assert not beating.done(), "the desk was there all the time"
        beating.cancel()
        await desk.send_json({"type": "finish", "conversation_id": known, "disposition": "answered"})
        await citizen.until("status", status="ended")
        for core in two_cores:
            assert core.end(signal.SIGTERM) == 0

    async with database.read() as read:
        for conversation_id in (page.conversation_id, known):
            rows = (
                select(Turn.seq, Turn.role, Turn.text).where(Turn.conversation_id == conversation_id).order_by(Turn.seq)
            )
            turns = (await read.execute(rows)).all()
            assert [turn.seq for turn in turns] == list(range(1, len(turns) + 1))
            said = [turn.text for turn in turns if turn.role in ("citizen", "seat")]
            assert len(said) == len(set(said)), "nothing twice"
        contacts = await read.execute(select(func.count()).select_from(Conversation))
        assert contacts.scalar_one() == 4, "two chats and two calls, and no contact more"
    await database.close()
    log = "".join((tmp_path / name / "core.log").read_text() for name in ("a", "b"))
    assert "13900005678" not in log and "烧烤店" not in log


async def eventually_seen(page: Page, text: str) -> None:
    while text not in page.seen.values():
        await page.until("turn")


async def next_seen(desk: aiohttp.ClientWebSocketResponse, text: str) -> None:
    while (await next_of(desk, "turn"))["turn"]["text"] != text:
        pass
