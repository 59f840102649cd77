"""Recordings reach their conversation, and those who may hear them; whole, by ranges, and not after deletion."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiohttp import ClientWebSocketResponse
from gateway_helpers import Client, Connect, login
from sqlalchemy import update
from test_gateway_phone import bearer, start

from conversations.recordings import Recordings
from gateway.core import Core
from storage.tables import Conversation

SOUND = b"RIFF" + bytes(range(256)) * 10


@pytest.fixture
def file(core: Core) -> Path:
    path = core.settings.var / "recordings" / "2026-01-05" / "c0ffee.wav"
    path.parent.mkdir(parents=True)
    path.write_bytes(SOUND)
    return path


async def recorded_call(client: Client, core: Core, file: Path) -> str:
    """A call that was recorded; its conversation."""
    phone: ClientWebSocketResponse = await client.ws_connect("/internal/phone", headers=bearer(core))
    conversation_id = str((await start(phone, "call-1"))["conversation_id"])
    end = {"type": "call_ended", "call_id": "call-1", "reason": "caller_hung_up", "recording": str(file)}
    for _ in range(2):  # told again until it is confirmed
        await phone.send_json(end)
        assert (await phone.receive_json(timeout=5))["type"] == "ended"
    await phone.close()
    return conversation_id


def address(conversation_id: str, query: str = "") -> str:
    return f"/api/v1/seat/conversations/{conversation_id}/recording{query}"


async def test_a_leader_hears_the_call_whole_and_by_ranges(
    client: Client, connect: Connect, core: Core, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    conversation_id = await recorded_call(client, core, file)
    assert (await client.get(address(conversation_id))).status == 401
    client, _ = await login(connect, core, role="leader")
    whole = await client.get(address(conversation_id))
    assert (whole.status, whole.headers["Content-Type"]) == (200, "audio/wav")
    assert await whole.read() == SOUND
    part = await client.get(address(conversation_id), headers={"Range": "bytes=100-199"})
    assert (part.status, await part.read()) == (206, SOUND[100:200])
    assert (await client.get(address(conversation_id, "?part=2"))).status == 404
    assert (await client.get(address(conversation_id, "?part=x"))).status == 400
    assert (await client.get(address("c_unknown"))).status == 404
    assert capsys.readouterr().out.count("recording accessed") == 2


async def test_a_seat_hears_its_own_calls_only(client: Client, connect: Connect, core: Core, file: Path) -> None:
    conversation_id = await recorded_call(client, core, file)
    client, seat_id = await login(connect, core)
    assert (await client.get(address(conversation_id))).status == 403
    async with core.database.write() as session:
        await session.execute(update(Conversation).where(Conversation.id == conversation_id).values(seat_id=seat_id))
    assert (await client.get(address(conversation_id))).status == 200


async def test_what_was_deleted_or_has_grown_old_is_gone(
    client: Client, connect: Connect, core: Core, file: Path
) -> None:
    conversation_id = await recorded_call(client, core, file)
    client, _ = await login(connect, core, role="leader")
    assert await core.recordings.delete(conversation_id) == 1
    assert not await asyncio.to_thread(file.exists)
    assert await core.recordings.delete(conversation_id) == 0
    refused = await client.get(address(conversation_id))
    assert (refused.status, (await refused.json())["error"]["code"]) == (410, "recording_deleted")
    (known,) = await core.recordings.latest(10)
    assert known.deleted_at is not None


async def test_a_file_from_elsewhere_is_never_noted(core: Core, tmp_path: Path) -> None:
    recordings = Recordings(core.database, tmp_path / "recordings")
    for path in (tmp_path / "hotline.db", tmp_path / "recordings/../hotline.db"):
        assert not await recordings.note("c_1", str(path))
    assert await recordings.latest(10) == []
