"""Pictures and places from the citizen's page: checked, kept with the conversation, attached to its order."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import ClientWebSocketResponse
from gateway_helpers import Client, Connect, SmallConversations, SmallKnowledge, login

from base.clock import ManualClock
from gateway.chat_enclosures import CHAT_ENCLOSURES
from gateway.chat_pictures import ChatPictures
from gateway.core import Core
from knowledge.points import store
from knowledge.points.point import ServicePoint
from knowledge.points.service import PointService
from workorders.model import FiledOrder, OrderDraft

PICTURE = b"\x89PNG\r\n\x1a\n" + b"0" * 100_000  # more than a request may otherwise hold


async def opened(client: Client) -> tuple[ClientWebSocketResponse, str]:
    socket = await client.ws_connect("/ws/chat")
    await socket.send_json({"type": "hello", "conversation_id": None})
    return socket, (await socket.receive_json(timeout=60))["conversation_id"]


async def send_picture(
    client: Client, conversation_id: str, body: bytes = PICTURE, name: str = "路灯.png", **headers: str
) -> tuple[int, dict[str, Any]]:
    response = await client.post(
        f"/api/v1/chat/{conversation_id}/pictures", data=body, headers={"X-File-Name": quote(name), **headers}
    )
    return response.status, await response.json()


async def tell(socket: ClientWebSocketResponse, kind: str, message_id: str, **more: Any) -> dict[str, Any]:
    await socket.send_json({"type": kind, "client_message_id": message_id, **more})
    answer: dict[str, Any] = await socket.receive_json(timeout=60)
    return answer


async def file_order(core: Core, conversation_id: str, key: str = "c:1") -> FiledOrder:
    draft = OrderDraft("投诉", "", "路灯不亮", "web", conversation_id=conversation_id)
    async with core.database.write() as session:
        return await core.orders.file(session, draft, key=key, now=core.clock.now(), actor="bot:policy")


def pictures_of(client: Client) -> ChatPictures:
    return client.app[CHAT_ENCLOSURES].pictures


async def test_a_picture_is_shown_in_the_conversation_and_goes_with_its_order(
    connect: Connect, small: SmallConversations, core: Core, clock: ManualClock
) -> None:
    client = await connect()
    socket, known = await opened(client)
    status, picture = await send_picture(client, known, name="../../etc/路灯.png")
    assert (status, picture["media_type"], picture["name"]) == (201, "image/png", "路灯.png")
    reply = await tell(socket, "picture", "p1", picture_id=picture["id"])
    assert (reply["type"], reply["in_reply_to"]) == ("reply", "p1") and "图片收到了" in reply["replies"][0]["text"]
    assert [turn.text for turn in small.turns[known] if turn.role == "citizen"] == ["[图片] 路灯.png"]

    pictures = pictures_of(client)
    assert await pictures.attach_due() == 0
    clock.advance(60)
    order = await file_order(core, known)
    await file_order(core, known, "c:2")  # another matter, later: the picture is of the first
    assert await pictures.attach_due() == 1 and await pictures.attach_due() == 0
    (attached,) = await core.attachments.of(order.order_no)
    assert (attached["name"], attached["media_type"], attached["added_by"]) == ("路灯.png", "image/png", "citizen")
    stored = await core.attachments.file(order.order_no, attached["id"])
    assert core.files.read(stored.path) == PICTURE
    await socket.close()


async def test_a_seat_opens_the_picture_of_a_conversation_that_waits(
    connect: Connect, small: SmallConversations, core: Core
) -> None:
    client = await connect()
    socket, known = await opened(client)
    _, picture = await send_picture(client, known)
    await socket.send_json({"type": "message", "text": "人工", "client_message_id": "m"})
    await tell(socket, "picture", "p1", picture_id=picture["id"])
    path = f"/api/v1/seat/conversations/{known}/media/{picture['id']}"
    assert (await client.get(path)).status == 401
    seat, _ = await login(connect, core)
    shown = await seat.get(path)
    assert shown.status == 200 and await shown.read() == PICTURE
    assert shown.headers["Content-Type"] == "image/png" and shown.headers["Content-Disposition"].startswith("inline")
    other = (await client.post("/api/v1/chat", json={"text": "人工"}, headers={})).json()
    elsewhere = f"/api/v1/seat/conversations/{(await other)['conversation_id']}/media/{picture['id']}"
    assert (await seat.get(elsewhere)).status == 404
    await socket.close()


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"MZ" + b"0" * 500, 409, "只能发送图片"),
        (b"%PDF-1.7" + b"0" * 500, 409, "只能发送图片"),
        (b"<svg onload=alert(1)>", 409, "只能发送图片"),
        (b"", 409, "空的"),
        (PICTURE + b"0" * 100_000, 413, "不能超过"),
    ],
    ids=["program", "document", "drawing", "empty", "large"],
)
async def test_what_is_no_picture_is_refused_by_its_content(
    client: Client, core: Core, body: bytes, status: int, words: str
) -> None:
    _, known = await opened(client)
    pictures = pictures_of(client)
    pictures._limit_bytes = 150_000
    refused, told = await send_picture(client, known, body)
    assert refused == status and words in told["error"]["message"]
    assert list((core.settings.var / "chat_pictures").glob("*")) == []


async def test_strangers_floods_and_unknown_conversations_are_refused(client: Client, core: Core) -> None:
    socket, known = await opened(client)
    assert (await send_picture(client, "c_NOSUCH"))[0] == 404
    assert (await send_picture(client, known, Origin="https://evil.example"))[0] == 403
    sent = [(await send_picture(client, known, PICTURE[:100]))[0] for _ in range(13)]
    assert sent == [201] * 12 + [429]
    assert (await tell(socket, "picture", "p", picture_id="cp_OTHER"))["code"] == "unknown_picture"
    await socket.close()


async def test_what_no_order_takes_is_gone_after_a_day(client: Client, core: Core, clock: ManualClock) -> None:
    _, known = await opened(client)
    await send_picture(client, known)
    pictures = pictures_of(client)
    clock.advance(3 * 3_600)
    await file_order(core, known)
    assert await pictures.attach_due() == 0  # too long ago to be about it
    clock.advance(86_400)
    await pictures.clean_up()
    assert list((core.settings.var / "chat_pictures").iterdir()) == []


async def test_a_place_answers_what_is_asked_and_is_kept_otherwise(
    client: Client, small: SmallConversations, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket, _ = await opened(client)
    point = {"latitude": 39.99, "longitude": 116.35, "accuracy_metres": 20}
    reply = await tell(socket, "place", "l1", text="学院路街道", **point)
    assert "位置收到了：学院路街道" in reply["replies"][0]["text"] and small.said == []
    reply = await tell(socket, "place", "l2", **point)
    assert "没有地址文字" in reply["replies"][0]["text"]
    assert (await tell(socket, "place", "l3", text="x", latitude=200, longitude=0))["code"] == "invalid_field"

    snapshot = small.snapshot

    async def asking(conversation_id: str) -> dict[str, Any]:
        return {**await snapshot(conversation_id), "asking": "place"}

    monkeypatch.setattr(small, "snapshot", asking)
    reply = await tell(socket, "place", "l4", text="学院路街道", **point)
    assert reply["replies"][0]["text"] == "您说的是：学院路街道"
    assert small.said[0].meta["location"] == {
        "longitude": 116.35, "latitude": 39.99, "datum": "WGS-84", "accuracy_metres": 20.0
    }  # fmt: skip
    await socket.close()


async def test_degrees_without_words_are_guessed_by_what_is_near(
    client: Client, core: Core, small: SmallConversations
) -> None:
    real = ServicePoint("p9", "学院路派出所", "派出所", "学院路1号", 116.3371, 39.9898, "海淀区", "学院路街道")
    await store.save(core.database, [real], now=core.clock.now())
    points = PointService(core.database)
    await points.start()
    core.use(conversations=small, knowledge=SmallKnowledge(), points=points)
    near = {"latitude": 39.9898, "longitude": 116.338}
    query = {**{name: str(value) for name, value in near.items()}, "datum": "wgs84"}
    told = await (await client.get("/api/v1/places/around", params=query)).json()
    assert told == {"district": "海淀区", "street": "学院路街道"}
    far = await (await client.get("/api/v1/places/around", params={**query, "longitude": "116.4"})).json()
    assert far == {"district": "", "street": ""}
    for wrong in ({"longitude": "x"}, {"datum": "mars"}):
        assert (await client.get("/api/v1/places/around", params={**query, **wrong})).status == 400
    socket, _ = await opened(client)
    reply = await tell(socket, "place", "l1", **near)
    assert "看起来在海淀区学院路街道附近" in reply["replies"][0]["text"]
    (known,) = small.turns
    said = next(turn.text for turn in small.turns[known] if turn.role == "citizen")
    assert said == "[位置] 39.9898，116.338（可能在海淀区学院路街道附近）"
    await socket.close()
    await points.close()


async def test_districts_and_streets_are_there_to_choose_from(client: Client) -> None:
    body = await (await client.get("/api/v1/places")).json()
    assert "学院路街道" in body["districts"]["海淀区"] and len(body["districts"]) == 16
