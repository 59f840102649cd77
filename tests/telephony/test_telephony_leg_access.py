"""Who may hand us calls: addresses, the shared secret, room, and links that never begin."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from telephony_leg_peer import HOST, NUMBER, SECRET
from telephony_lines import basic, bearer, opened
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from base.errors import ConfigurationError
from base.sections.telephony import TelephonySettings
from telephony.caller import free_port
from telephony.errors import TelephonyError
from telephony.legs import audiosocket, listeners, websocket_connection
from telephony.legs.listeners import PbxListeners
from telephony.metrics import PhoneMetrics

NOW = datetime(2026, 3, 4, 5, 6, 30, tzinfo=UTC)


def endpoint(**settings: Any) -> PbxListeners:
    return PbxListeners(
        TelephonySettings(pbx_secret=SECRET).model_copy(update=settings),
        lambda leg: None,
        PhoneMetrics(),
        has_room=lambda: True,
        on_refused=lambda caller: None,
    )


def refused(line: Any, why: str) -> float:
    total = line.metrics.registry.get_sample_value(
        "hotline_phone_pbx_refused_total",
        {
            "link": {"AsteriskLine": "asterisk_websocket", "AudioSocketLine": "audiosocket"}[type(line).__name__],
            "why": why,
        },
    )
    return total or 0.0


async def audiosocket_says(line: Any, data: bytes) -> bytes:
    """Everything that comes back until the connection is closed."""
    reader, writer = await asyncio.open_connection(HOST, line.port)
    writer.write(data)
    async with asyncio.timeout(3):
        answer = await reader.read()
    writer.close()
    return answer


# --- the secret -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {},
        bearer("wrong"),
        basic("wrong"),
        {"Authorization": "Basic !!!"},
        {"Authorization": f"Basic {SECRET}"},
        {"Authorization": "Bearer"},
    ],
)
async def test_a_websocket_without_the_secret_is_unauthorised(headers: dict[str, str]) -> None:
    async with opened("asterisk-alaw") as line:
        with pytest.raises(InvalidStatus) as error:
            await connect(f"ws://{HOST}:{line.port}/media", additional_headers=headers)
        assert error.value.response.status_code == 401
        assert refused(line, "secret") == 1 and line.calls.empty()


@pytest.mark.parametrize(
    "identity", [UUID(int=0), audiosocket.signed_uuid(NUMBER, "another secret", datetime.now(UTC))]
)
async def test_an_audiosocket_with_a_wrong_signature_is_hung_up(identity: UUID) -> None:
    async with opened("audiosocket") as line:
        answer = await audiosocket_says(line, audiosocket.message(audiosocket.IDENTITY, identity.bytes))
        assert answer == audiosocket.message(audiosocket.HANGUP)
        assert refused(line, "secret") == 1 and line.calls.empty()


async def test_redialling_within_the_minute_is_another_call() -> None:
    async with opened("audiosocket") as line:
        first, peer = await line.call()
        await peer.hang_up()
        second, _ = await line.call()
        assert first.caller.leg_call_id != second.caller.leg_call_id


async def test_an_audiosocket_must_begin_with_its_uuid() -> None:
    async with opened("audiosocket") as line:
        assert await audiosocket_says(line, audiosocket.message(audiosocket.AUDIO, bytes(320)))
        assert await audiosocket_says(line, b"GET / HTTP/1.1\r\n\r\n" * 1_000)
        assert line.calls.empty()


def test_the_uuid_carries_the_number_and_is_good_for_a_minute_or_two() -> None:
    identity = audiosocket.signed_uuid(NUMBER, SECRET, NOW)
    assert str(identity).startswith("ffff1390-0001-8234-8"), "what the dialplan makes of it"
    for seconds in (-60, 0, 60):
        assert audiosocket.caller_of(identity, SECRET, NOW + timedelta(seconds=seconds)) == NUMBER
    for seconds in (-120, 120, 86_400):
        assert audiosocket.caller_of(identity, SECRET, NOW + timedelta(seconds=seconds)) is None
    changed = UUID(str(identity).replace("1390", "1391"))
    assert audiosocket.caller_of(changed, SECRET, NOW) is None
    assert audiosocket.caller_of(audiosocket.signed_uuid("", SECRET, NOW), SECRET, NOW) == "", "withheld"


@pytest.mark.parametrize("secret", ["", "fifteen-letters"])
async def test_no_link_without_a_proper_secret(secret: str) -> None:
    with pytest.raises(ConfigurationError, match=r"telephony\.pbx_secret"):
        await endpoint(audiosocket_port=0, pbx_secret=secret).start()


async def test_nothing_listens_by_default() -> None:
    silent = endpoint(pbx_secret="")
    await silent.start()
    assert silent.ports == []
    await silent.close()


async def test_a_port_that_is_taken_is_named() -> None:
    port = free_port(HOST)
    first, second = endpoint(freeswitch_port=port), endpoint(freeswitch_port=port)
    await first.start()
    with pytest.raises(TelephonyError, match=str(port)):
        await second.start()
    await first.close()


# --- addresses and room ---------------------------------------------------------------------------------------------


async def test_a_connection_from_elsewhere_is_cut_unread() -> None:
    elsewhere = endpoint(audiosocket_port=0, asterisk_websocket_port=0, pbx_peers=["127.0.0.2/32"])
    await elsewhere.start()
    try:
        for port in elsewhere.ports:
            reader, writer = await asyncio.open_connection(HOST, port)
            async with asyncio.timeout(2):
                with pytest.raises(ConnectionResetError):
                    assert not await reader.read()
                    raise ConnectionResetError
            writer.close()
            _, writer = await asyncio.open_connection(HOST, port, local_addr=("127.0.0.2", 0))
            await asyncio.sleep(0.05)
            assert not writer.transport.is_closing()
            writer.close()
    finally:
        await elsewhere.close()


async def test_without_room_a_websocket_is_refused_before_the_answer() -> None:
    async with opened("asterisk-alaw") as line:
        line.room = False
        with pytest.raises(InvalidStatus) as error:
            await line.dial()
        assert error.value.response.status_code == 503 and refused(line, "full") == 1
        assert line.refused == [NUMBER]
        line.room = True
        await line.call()


async def test_without_room_an_audiosocket_is_hung_up() -> None:
    async with opened("audiosocket") as line:
        line.room = False
        identity = audiosocket.signed_uuid(NUMBER, SECRET, datetime.now(UTC))
        answer = await audiosocket_says(line, audiosocket.message(audiosocket.IDENTITY, identity.bytes))
        assert answer == audiosocket.message(audiosocket.HANGUP) and refused(line, "full") == 1
        assert line.refused == [NUMBER]


@pytest.mark.parametrize(
    ("query", "known"),
    [("caller=%2B8613900001234&call_id=f00d", "8613900001234"), ("rate=8000", ""), ("caller=sip%3Ax%40y", "")],
)
async def test_the_number_of_who_is_refused_is_what_the_address_says(query: str, known: str) -> None:
    async with opened("freeswitch-8k") as line:
        line.room = False
        with pytest.raises(InvalidStatus):
            await connect(f"ws://{HOST}:{line.port}/?{query}", additional_headers=bearer())
        assert line.refused == [known]
        with pytest.raises(InvalidStatus):
            await connect(f"ws://{HOST}:{line.port}/?{query}", additional_headers=bearer("wrong"))
        assert len(line.refused) == 1, "without the secret nobody can have a number called"


# --- links that never begin, and what is not spoken here ------------------------------------------------------------


async def test_a_link_that_says_nothing_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listeners, "START_SECONDS", 0.2)
    monkeypatch.setattr(websocket_connection, "HANDSHAKE_SECONDS", 0.2)
    async with opened("asterisk-alaw") as line:
        reader, writer = await asyncio.open_connection(HOST, line.port)
        websocket = await connect(f"ws://{HOST}:{line.port}/media", additional_headers=basic())
        async with asyncio.timeout(3):
            with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
                await reader.readexactly(1)
            with pytest.raises(ConnectionClosed):
                await websocket.recv()
        writer.close()
        assert line.calls.empty()


@pytest.mark.parametrize(
    "start",
    [
        '{"event": "MEDIA_START", "format": "opus", "optimal_frame_size": 0}',
        '{"event": "MEDIA_START", "format": "alaw", "optimal_frame_size": 80}',
        "MEDIA_START connection_id:hotline format:g722 optimal_frame_size:160",
        "MEDIA_START",
    ],
)
async def test_a_format_that_we_do_not_speak_ends_the_call_at_once(start: str) -> None:
    async with opened("asterisk-alaw") as line:
        websocket = await connect(f"ws://{HOST}:{line.port}/media", additional_headers=basic())
        await websocket.send(start)
        async with asyncio.timeout(2):
            assert "HANGUP" in str(await websocket.recv())
            with pytest.raises(ConnectionClosed):
                await websocket.recv()
        assert line.calls.empty()


async def test_a_message_over_64_kib_ends_its_call_only() -> None:
    async with opened("asterisk-alaw") as line:
        leg, peer = await line.call()
        reasons: list[str] = []
        leg.on_closed(reasons.append)
        await peer.send_audio(bytes(200_000))
        async with asyncio.timeout(2):
            await peer.closed.wait()
        await asyncio.sleep(0.05)
        assert reasons == ["error"]
        await line.call()


async def test_flow_control_is_obeyed() -> None:
    async with opened("asterisk-alaw") as line:
        leg, peer = await line.call()
        await peer.event("MEDIA_XOFF")
        await asyncio.sleep(0.05)
        leg.write(b"\x10\x20" * 8_000)
        await asyncio.sleep(0.4)
        assert not peer.heard and leg.buffered() == 16_000, "it waits and says so"
        await peer.event("MEDIA_XON")
        await asyncio.sleep(0.4)
        assert peer.heard and leg.buffered() < 12_000


async def test_every_command_fits_into_asterisks_limit_and_frames_are_whole() -> None:
    async with opened("asterisk-ulaw-plain") as line:
        leg, peer = await line.call()
        leg.write(b"\x10\x20" * 1_000)
        await asyncio.sleep(0.3)
        leg.flush()
        leg.write(b"\x10\x20" * 1_001)
        await asyncio.sleep(0.3)
        assert peer.dropped_bytes == 0, "Asterisk drops incomplete frames"
        assert peer.commands[0] == "ANSWER"
