"""Every kind of message of the staff's sockets, for every role: what it does is what `authorisation.yml` declares.

Behind the sockets are the real conversations. What a message did is read from the database and the desk, not from the
answer: whatever is answered, what was not allowed has changed nothing.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Final, get_args

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType
from gateway_helpers import Client, Connect, SmallConversations, login, origin, until
from sqlalchemy import func, select
from test_gateway_authorisation import DECLARED
from test_gateway_seat_audio import Phone
from test_gateway_seat_audio import phone as phone
from test_gateway_whole import catalogue as catalogue
from test_gateway_whole import places as places
from test_gateway_whole import say
from test_gateway_whole import whole as whole

from conversations.service import ConversationService
from gateway.audio_commands import Action
from gateway.core import Core
from gateway.desk import DESK, Desk
from gateway.seat_audio import SEAT_AUDIO
from gateway.seat_auth import COOKIE
from gateway.socket_login import REFUSED_CODE, SocketLogin
from seats.permissions import ROLES
from storage.desk_tables import DeskCase
from storage.tables import Conversation, Seat, Turn

SOCKETS: Final = ("/ws/seat", "/ws/leader")
SITUATIONS: Final = ("own", "other", "waiting")
_BODIES: Final[dict[str, dict[str, Any]]] = {
    "presence": {"state": "available"},
    "finish": {"disposition": "closed"},
    "say": {"text": "您好"},
    "draft": {"text": "没有写完的"},
    "form": {"fields": {"title": "路灯"}},
    "tags": {"tags": ["照明"]},
    "snooze": {"minutes": 5},
    "audio": {"action": "listen"},
}


def _expected(declared: dict[str, Any], situation: str, role: str) -> str:
    told = declared[situation]
    return str(told[role] if isinstance(told, dict) else told)


async def _answers(socket: ClientWebSocketResponse, message: dict[str, Any]) -> str:
    """`refused`, the code of an error, or empty: whatever came before the answer to a ping that was sent behind it."""
    await socket.send_json(message)
    await socket.send_json({"type": "ping"})
    found = ""
    while (answer := await socket.receive_json(timeout=60))["type"] != "pong":
        if answer["type"] == "error":
            found = answer["code"]
        elif answer["type"] == "refused":
            found = "refused"
    if message["type"] == "ping":
        await until(socket, "pong")
    return found


@dataclass
class Office:
    """The desk with one person of each role, a seat who holds what is somebody else's, and a citizen."""

    core: Core
    conversations: ConversationService
    desk: Desk
    citizen: Client
    holder: str

    async def conversation(self, situation: str, seat_id: str) -> str:
        known = str((await say(self.citizen, "转人工"))["conversation_id"])
        if situation != "waiting":
            assert await self.conversations.claim(known, seat_id if situation == "own" else self.holder)
            await self.desk.refresh()
        return known

    async def end(self, known: str) -> None:
        """Nobody holds more than fits."""
        for card in await self.conversations.held():
            if card["conversation_id"] == known:
                await self.conversations.finish(known, card["seat_id"], "closed")

    async def state(self, known: str) -> tuple[Any, ...]:
        """All that a message of a seat could have changed."""
        await self.desk.unsent.flush()
        async with self.core.database.read() as session:
            row = await session.get_one(Conversation, known)
            case = await session.get(DeskCase, known)
            turns = (await session.execute(select(func.count()).where(Turn.conversation_id == known))).scalar_one()
        kept = (case.draft, dict(case.form), list(case.tags), case.snoozed_until) if case else ("", {}, [], None)
        return row.status, row.seat_id, row.disposition, turns, kept


@pytest.fixture
async def office(connect: Connect, core: Core, whole: ConversationService) -> Office:
    client = await connect()
    desk: Desk = client.server.app[DESK]  # type: ignore[attr-defined]
    holder = await core.seats.add("holder", "a-long-password", display_name="别人")
    return Office(core, whole, desk, client, holder.id)


async def _person(connect: Connect, core: Core, role: str) -> tuple[Client, str]:
    """Logged in, and the account's id."""
    seat = await core.seats.add(f"a-{role}", "a-long-password", role=role, unit="市热力集团" if role == "unit" else "")
    client = await connect()
    client.session.cookie_jar.update_cookies({COOKIE: await core.seats.sessions.open(seat.id)}, client.make_url("/"))
    return client, seat.id


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("path", SOCKETS)
async def test_a_message_does_what_is_declared_for_the_role(
    path: str, role: str, connect: Connect, core: Core, office: Office
) -> None:
    declared = DECLARED["sockets"][path]
    client, seat_id = await _person(connect, core, role)
    if role not in declared["roles"]:
        await _is_turned_away(client, path, office)
        return
    socket, wrong = await client.ws_connect(path, headers=origin(client)), []
    await until(socket, "hello")
    for situation in SITUATIONS:
        known = await office.conversation(situation, seat_id)
        for kind, does in declared["messages"].items():
            held_by = {"own": seat_id, "other": office.holder, "waiting": ""}[situation]
            before = await office.state(known)
            message = {"type": kind, "conversation_id": known, "held_by": held_by, **_BODIES.get(kind, {})}
            answer = await _answers(socket, message)
            after = await office.state(known)
            seen = answer or ("unchanged" if after == before else "changed")
            if seen != _expected(does, situation, role) or (answer and after != before):
                wrong.append(f"{kind}, {situation}: {seen}, {before} -> {after}")
            if after != before:
                await office.end(known)
                known = await office.conversation(situation, seat_id)
        await office.end(known)
    assert not wrong, "\n".join(wrong)
    await socket.close()


async def _is_turned_away(client: Client, path: str, office: Office) -> None:
    known = await office.conversation("waiting", "")
    before = await office.state(known)
    for kind in DECLARED["sockets"][path]["messages"]:
        socket = await client.ws_connect(path, headers=origin(client))
        await socket.send_json({"type": kind, "conversation_id": known, **_BODIES.get(kind, {})})
        assert (await socket.receive(timeout=60)).type in (WSMsgType.CLOSE, WSMsgType.CLOSED), kind
        assert socket.close_code == REFUSED_CODE
    assert await office.state(known) == before


async def test_a_citizen_may_send_none_of_the_staffs_messages(connect: Connect, office: Office) -> None:
    known = await office.conversation("waiting", "")
    socket = await office.citizen.ws_connect("/ws/chat")
    await socket.send_json({"type": "hello", "conversation_id": known, "after_seq": 0})
    await until(socket, "welcome")
    before = await office.state(known)
    staffs = {kind for path in SOCKETS for kind in DECLARED["sockets"][path]["messages"]} - {"ping"}
    for kind in sorted(staffs):
        await socket.send_json({"type": kind, "conversation_id": known, **_BODIES.get(kind, {})})
        assert (await until(socket, "error"))["code"] == "unknown_type", kind
    assert await office.state(known) == before
    await socket.close()


def test_every_wish_about_audio_is_declared() -> None:
    assert set(DECLARED["audio"]) == set(get_args(Action))


@pytest.mark.parametrize("role", DECLARED["sockets"]["/ws/seat"]["roles"])
async def test_a_calls_audio_obeys_whom_it_should(
    role: str, connect: Connect, core: Core, small: SmallConversations, phone: Phone
) -> None:
    client, seat_id = await _person(connect, core, role)
    audio, (_, holder) = client.server.app[SEAT_AUDIO], await login(connect, core, "holder")  # type: ignore[attr-defined]
    socket, wrong = await client.ws_connect("/ws/seat", headers=origin(client)), []
    await until(socket, "hello")
    known = await phone.call()
    for situation in ("own", "other"):
        small._become(known, "waiting")
        assert await small.claim(known, seat_id if situation == "own" else holder)
        for action, does in DECLARED["audio"].items():
            more = {"invite": {"sip_uri": "sip:third@127.0.0.1"}, "pass_on": {"seat_id": "nobody"}}.get(action, {})
            named = {} if action in ("connect", "listen", "join", "whisper", "disconnect") else {"leg_id": "caller"}
            before = [leg.shown() for leg in audio._legs.of(known)]
            message = {"type": "audio", "conversation_id": known, "action": action, **named, **more}
            seen = await _answers(socket, message) or "ok"
            if seen != _expected(does, situation, role):
                wrong.append(f"{action}, {situation}: {seen}")
            if seen != "ok":
                assert [leg.shown() for leg in audio._legs.of(known)] == before, (action, situation)
            await _answers(socket, {"type": "audio", "conversation_id": known, "action": "disconnect"})
    assert not wrong, "\n".join(wrong)
    await socket.close()


async def test_from_the_wall_a_call_is_listened_to_and_not_directed(
    connect: Connect, core: Core, small: SmallConversations, phone: Phone
) -> None:
    client, _ = await _person(connect, core, "leader")
    socket, known = await client.ws_connect("/ws/leader", headers=origin(client)), await phone.call()
    await until(socket, "hello")
    allowed = set()
    for action in DECLARED["audio"]:
        message = {"type": "audio", "conversation_id": known, "action": action, "leg_id": ""}
        if await _answers(socket, message) != "unknown_type":
            allowed.add(action)
    assert allowed == set(DECLARED["audio_from_the_wall"])
    await socket.close()


@pytest.mark.parametrize(
    ("path", "role", "demoted"), [("/ws/seat", "seat", "analyst"), ("/ws/leader", "leader", "seat")]
)
async def test_an_open_page_loses_what_its_role_loses(
    path: str, role: str, demoted: str, connect: Connect, core: Core, office: Office
) -> None:
    client, seat_id = await login(connect, core, "ann", role)
    socket = await client.ws_connect(path, headers=origin(client))
    await until(socket, "hello")
    known = await office.conversation("waiting", "")
    before = await office.state(known)
    async with core.database.write() as session:
        (await session.get_one(Seat, seat_id)).role = demoted
    kind = "claim" if path == "/ws/seat" else "watch"
    await socket.send_json({"type": kind, "conversation_id": known})
    while (await socket.receive(timeout=60)).type is WSMsgType.TEXT:
        pass
    assert socket.close_code == REFUSED_CODE and await office.state(known) == before


async def test_a_page_that_only_listens_closes_with_its_login(
    connect: Connect, core: Core, small: SmallConversations, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = SocketLogin.watch
    monkeypatch.setattr(SocketLogin, "watch", lambda self, socket: watch(self, socket, 0.05))
    client, _ = await login(connect, core, "ann")
    socket = await client.ws_connect("/ws/seat", headers=origin(client))
    await until(socket, "hello")
    await asyncio.sleep(0.2)  # it was looked at, and stays
    assert not socket.closed
    await core.seats.set_enabled("ann", False)
    while (await socket.receive(timeout=60)).type is WSMsgType.TEXT:
        pass
    assert socket.close_code == REFUSED_CODE
