"""Recordings reach their conversation, and those who may hear them; whole, by ranges, and not after deletion."""

from __future__ import annotations

import asyncio
from contextlib import closing
from pathlib import Path

import pytest
from aiohttp import ClientPayloadError, ClientWebSocketResponse
from gateway_helpers import Client, Connect, login
from sqlalchemy import update
from test_gateway_phone import bearer, start

from conversations.recordings import Recordings
from gateway.core import Core
from gateway.stored_files import UNFINISHED
from storage.sealed_files import ALAW_FRAMES, SealedWriter
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


def sealed(core: Core, file: Path, *, finish: bool = True) -> bytes:
    """A sealed recording in the place of the plain one; what is to be heard of it."""
    writer = SealedWriter(file, core.database.keyring, chunk_bytes=4_000, flags=ALAW_FRAMES)
    writer.write(bytes(range(256)) * 600)
    if finish:
        writer.finish()
    writer.close()
    with closing(core.files.open(file)) as opened:
        return opened.read(0, opened.length)


async def test_a_sealed_recording_is_heard_like_a_plain_one(
    client: Client, connect: Connect, core: Core, file: Path
) -> None:
    conversation_id = await recorded_call(client, core, file)
    client, _ = await login(connect, core, role="leader")
    sound = sealed(core, file)
    whole = await client.get(address(conversation_id))
    assert (whole.status, whole.headers["Accept-Ranges"], await whole.read()) == (200, "bytes", sound)
    assert (whole.content_length, UNFINISHED in whole.headers) == (len(sound), False)
    for asked, begin, end in (
        ("0-", 0, None),
        ("50-8099", 50, 8_100),
        ("100000-999999", 100_000, None),
        ("-9", -9, None),
    ):
        part = await client.get(address(conversation_id), headers={"Range": f"bytes={asked}"})
        assert (part.status, await part.read()) == (206, sound[begin:end])
        first = len(sound) + begin if begin < 0 else begin
        assert part.headers["Content-Range"] == f"bytes {first}-{(end or len(sound)) - 1}/{len(sound)}"
    for asked, status in ((f"{len(sound)}-", 416), ("9-1", 200), ("0-1,5-6", 200), ("x", 200)):
        assert (await client.get(address(conversation_id), headers={"Range": f"bytes={asked}"})).status == status


async def test_a_recording_that_was_cut_off_says_so_and_one_that_was_changed_is_not_given_out(
    client: Client, connect: Connect, core: Core, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    conversation_id = await recorded_call(client, core, file)
    client, _ = await login(connect, core, role="leader")
    sound = sealed(core, file, finish=False)
    heard = await client.get(address(conversation_id))
    assert (heard.headers[UNFINISHED], await heard.read()) == ("1", sound)
    stored = bytearray(await asyncio.to_thread(file.read_bytes))
    stored[-10] ^= 1  # in the last chunk: the beginning is given out before it is reached
    await asyncio.to_thread(file.write_bytes, stored)
    with pytest.raises(ClientPayloadError):
        await (await client.get(address(conversation_id))).read()
    stored[100] ^= 1
    await asyncio.to_thread(file.write_bytes, stored)
    refused = await client.get(address(conversation_id))
    assert (refused.status, (await refused.json())["error"]["code"]) == (410, "file_damaged")
    await asyncio.to_thread(file.write_bytes, stored[:50])
    assert (await client.get(address(conversation_id))).status == 410
    assert "a stored file cannot be given out" in capsys.readouterr().out


async def states(client: Client, conversation_id: str) -> list[str]:
    answer = await client.get(f"/api/v1/seat/conversations/{conversation_id}/recordings")
    assert answer.status == 200, await answer.text()
    items = (await answer.json())["items"]
    assert [(item["part"], item["url"]) for item in items] == [(1, address(conversation_id, "?part=1"))]
    return [item["state"] for item in items]


async def test_it_is_told_beforehand_in_which_state_a_recording_is(
    client: Client, connect: Connect, core: Core, file: Path
) -> None:
    conversation_id = await recorded_call(client, core, file)
    client, _ = await login(connect, core, role="leader")
    assert await states(client, conversation_id) == ["whole"]  # a plain one
    sealed(core, file)
    assert await states(client, conversation_id) == ["whole"]
    sealed(core, file, finish=False)
    assert await states(client, conversation_id) == ["cut_off"]
    await asyncio.to_thread(file.write_bytes, (await asyncio.to_thread(file.read_bytes))[:50])
    assert await states(client, conversation_id) == ["damaged"]
    await core.recordings.delete(conversation_id)
    assert await states(client, conversation_id) == ["deleted"]


async def test_a_seat_hears_its_own_calls_only(client: Client, connect: Connect, core: Core, file: Path) -> None:
    conversation_id = await recorded_call(client, core, file)
    client, seat_id = await login(connect, core)
    assert (await client.get(address(conversation_id))).status == 403
    assert (await client.get(f"/api/v1/seat/conversations/{conversation_id}/recordings")).status == 403
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
