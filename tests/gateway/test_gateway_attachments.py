"""Attachments: who may send and get them, what is taken, and where they lie."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest
from gateway_helpers import Client, Connect, SmallConversations, login, origin
from hypothesis import given
from hypothesis import strategies as st
from test_gateway_units import HEAT, STREET, unit_login

from gateway.core import Core
from workorders.media_types import media_type
from workorders.model import Assignment, FiledOrder, OrderDraft

PICTURE = b"\x89PNG\r\n\x1a\n" + b"0" * 200_000  # more than a request may otherwise hold
VOICE = b"RIFF\x00\x00\x00\x00WAVEfmt " + b"1" * 2_000


@pytest.fixture
async def filed(core: Core, small: SmallConversations, request: pytest.FixtureRequest) -> FiledOrder:
    draft = OrderDraft(
        "投诉",
        "",
        "暖气不热",
        "web",
        confidential=getattr(request, "param", False),
        assignment=Assignment(HEAT, "直派", (STREET,), "utility", 24, "供热"),
    )
    async with core.database.write() as session:
        return await core.orders.file(session, draft, key="c:1", now=core.clock.now(), actor="bot:policy")


async def send(
    client: Client, path: str, body: bytes, name: str = "照片.png", **headers: str
) -> tuple[int, dict[str, str]]:
    sent = {"X-File-Name": quote(name), **origin(client), **headers}
    response = await client.post(f"/api/v1{path}", data=body, headers=sent)
    return response.status, await response.json()


@pytest.mark.parametrize("filed", [False, True], ids=["open", "confidential"], indirect=True)
async def test_the_citizen_sends_and_only_those_concerned_get(connect: Connect, core: Core, filed: FiledOrder) -> None:
    number, client = filed.order_no, await connect()
    citizen = f"/orders/{number}/attachments"
    assert (await send(client, citizen, PICTURE, **{"X-Tracking-Code": "000000000"}))[0] == 404
    code = {"X-Tracking-Code": filed.tracking_code}
    status, picture = await send(client, citizen, PICTURE, '../../etc/家里的"照片.png', **code)
    assert (status, picture["media_type"]) == (201, "image/png") and "/" not in picture["name"]
    again = (await send(client, citizen, PICTURE, **code))[1]
    assert again["id"] == picture["id"]  # sent twice, there once
    voice = (await send(client, citizen, VOICE, "说明.wav", **code))[1]
    heat, copied = await unit_login(connect, core, "heat", HEAT), await unit_login(connect, core, "street", STREET)
    other, (seat, _) = await unit_login(connect, core, "other", "别的单位"), await login(connect, core)
    secret = (await core.orders.view(number, seat="s")).confidential
    for who, base, wanted in (
        (heat, f"/api/v1/unit/orders/{number}", (200, 404 if secret else 200)),
        (copied, f"/api/v1/unit/orders/{number}", (200, 404 if secret else 200)),
        (seat, f"/api/v1/seat/orders/{number}", (200, 200)),
        (other, f"/api/v1/unit/orders/{number}", (404, 404)),
        (other, f"/api/v1/seat/orders/{number}", (403, 403)),
        (client, f"/api/v1/unit/orders/{number}", (401, 401)),
    ):
        got = [await who.get(f"{base}/attachments/{found['id']}") for found in (picture, voice)]
        assert tuple(answer.status for answer in got) == wanted
        if wanted[0] == 200:
            assert await got[0].read() == PICTURE and got[0].headers["Content-Disposition"].startswith("attachment")
            listed = (await (await who.get(base)).json())["attachments"]
            assert len(listed) == (1 if wanted[1] == 404 else 2)
    assert (await send(copied, f"/unit/orders/{number}/attachments", PICTURE))[0] == 403
    assert (await send(heat, f"/unit/orders/{number}/attachments", b"%PDF-1.7 " + b"x" * 90, "报告.pdf"))[0] == 201
    assert (await heat.get(f"/api/v1/unit/orders/{number}/attachments/..%2f..%2fhotline.db")).status == 404
    events = [event["event"] for event in (await core.orders.view(number, seat="s")).events]
    assert events.count("attach") == 3


async def test_a_file_lies_sealed_and_is_not_given_out_when_it_was_changed(
    connect: Connect, core: Core, filed: FiledOrder
) -> None:
    number = filed.order_no
    seat, _ = await login(connect, core)
    kept = [(await send(seat, f"/seat/orders/{number}/attachments", body))[1]["id"] for body in (PICTURE, VOICE)]
    paths = [(await core.attachments.file(number, one)).path for one in kept]
    stored = [await asyncio.to_thread(path.read_bytes) for path in paths]
    assert PICTURE[:8] not in stored[0] and VOICE[:12] not in stored[1]
    for there in (stored[1], stored[0][:-1], stored[0][:90], PICTURE[:-1]):  # another's, cut, cut, plain and shorter
        await asyncio.to_thread(paths[0].write_bytes, there)
        refused = await seat.get(f"/api/v1/seat/orders/{number}/attachments/{kept[0]}")
        assert (refused.status, (await refused.json())["error"]["code"]) == (410, "file_damaged")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 409),
        (b"<html><script>alert(1)</script></html>", 409),
        (b"MZ\x90\x00" + b"\x00" * 100, 409),
        (b"RIFF\x00\x00\x00\x00AVI LIST" + b"0" * 40, 409),
        (b"\x89PNG\r\n\x1a\n" + b"0" * 60_000, 413),
    ],
)
async def test_what_is_no_picture_document_or_recording_is_not_taken(
    connect: Connect, core: Core, filed: FiledOrder, body: bytes, status: int
) -> None:
    core.attachments._limit_bytes = 50_000
    seat, _ = await login(connect, core)
    answer = await send(seat, f"/seat/orders/{filed.order_no}/attachments", body, "照片.png")
    assert answer[0] == status
    assert await core.attachments.of(filed.order_no) == []
    folder = core.settings.var / "attachments"
    assert [path for path in folder.rglob("*") if path.is_file()] == []


async def test_a_sender_who_goes_away_leaves_nothing(core: Core, filed: FiledOrder) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield PICTURE
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await core.attachments.add(filed.order_no, "x.png", broken(), actor="seat:s")
    assert await core.attachments.of(filed.order_no) == []
    assert [path for path in (core.settings.var / "attachments").rglob("*") if path.is_file()] == []


@given(st.binary(max_size=64))
def test_any_bytes_are_known_or_refused(head: bytes) -> None:
    assert media_type(head) == "" or head[:1] in b"\xff\x89G%O#I\x1aR" or head[4:8] == b"ftyp"
