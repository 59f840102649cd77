"""The real phone process serves every link: a call comes in, hears something, presses a key, ends once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from telephony_leg_peer import HOST, NUMBER, SECRET, Peer
from telephony_lines import PBX_KINDS, Line, make_line
from telephony_sip_helpers import CoreServer, PhoneProcess, echo
from websockets.exceptions import InvalidStatus

from telephony.audio import BYTES_A_SECOND
from telephony.caller import free_port

pytestmark = pytest.mark.processes

SETTINGS = {
    "asterisk-alaw": "ASTERISK_WEBSOCKET_PORT",
    "audiosocket": "AUDIOSOCKET_PORT",
    "freeswitch-8k": "FREESWITCH_PORT",
}
MAXIMUM_CALLS = 3


@pytest.fixture(scope="module")
def ports() -> dict[str, int]:
    return {name: free_port(HOST) for name in SETTINGS}


@pytest.fixture(scope="module")
def phone(tmp_path_factory: pytest.TempPathFactory, ports: dict[str, int]) -> Iterator[PhoneProcess]:
    core = CoreServer()
    core.start()
    links = {f"HOTLINE_TELEPHONY__{setting}": str(ports[name]) for name, setting in SETTINGS.items()}
    process = PhoneProcess(
        tmp_path_factory.mktemp("phone"),
        core,
        helpers=False,
        maximum_calls=MAXIMUM_CALLS,
        environment={
            **links,
            "HOTLINE_TELEPHONY__PBX_SECRET": SECRET,
            "HOTLINE_ADMISSION__WAITING_ROOM_PLACES": "0",
        },
    )
    try:
        yield process
    finally:
        process.close()
        core.close()


def line_to(name: str, ports: dict[str, int]) -> Line:
    """The line with the phone process at its end instead of our own listeners."""
    line = make_line(name)
    line.port = ports[name]
    return line


async def until(condition: Any, seconds: float = 5.0) -> Any:
    for _ in range(int(seconds * 50)):
        if value := condition():
            return value
        await asyncio.sleep(0.02)
    raise AssertionError(f"not within {seconds} s")


async def hears_something(peer: Peer) -> None:
    await until(lambda: peer.heard and max(np.abs(np.frombuffer(pcm, "<i2")).max() for _, pcm in peer.heard) > 1_000)


@pytest.mark.parametrize("name", PBX_KINDS)
async def test_a_call_over_the_link_is_a_call_like_any_other(
    phone: PhoneProcess, ports: dict[str, int], name: str
) -> None:
    seen = len(phone.core.messages)
    peer: Any = await line_to(name, ports).dial()
    speaking = asyncio.create_task(peer.speak(bytes(30 * BYTES_A_SECOND)))
    await hears_something(peer)
    started = next(message for message in phone.core.messages[seen:] if message["type"] == "call_started")
    assert started["caller"] == NUMBER and name.split("-")[0] in started["leg"]
    phone.core.reply = lambda turn: {"say": [], "hang_up": turn["text"] == "5"}
    for key in "05":
        await peer.press(key)
        await asyncio.sleep(1.5)  # a digit is over after a second
    async with asyncio.timeout(10):
        await peer.closed.wait()
    phone.core.reply = echo
    speaking.cancel()
    await asyncio.gather(speaking, return_exceptions=True)
    ended = await until(lambda: phone.core.of("call_ended", started["call_id"]))
    assert [message["reason"] for message in ended] == ["bot_hung_up"]
    turns = phone.core.of("turn", started["call_id"])
    assert [(turn["kind"], turn["text"]) for turn in turns] == [("dtmf", "0"), ("dtmf", "5")]


async def test_calls_of_all_links_count_together(phone: PhoneProcess, ports: dict[str, int]) -> None:
    seen = len(phone.core.messages)
    peers: list[Peer] = [await line_to(name, ports).dial() for name in PBX_KINDS]
    for peer in peers:
        await peer.send_audio(bytes(320))
        await hears_something(peer)
    late = await line_to("audiosocket", ports).dial()
    async with asyncio.timeout(3):
        await late.closed.wait()
    with pytest.raises(InvalidStatus, match="503"):
        await line_to("asterisk-alaw", ports).dial()

    def ended(reason: str) -> list[dict[str, Any]]:
        return [m for m in phone.core.messages[seen:] if m["type"] == "call_ended" and m["reason"] == reason]

    for peer in peers:
        await peer.hang_up()
    await until(lambda: len(ended("caller_hung_up")) == len(peers))
    (refused,) = ended("overload")
    assert refused["caller"] == NUMBER, "called back, and not once for each attempt"
    assert sum(m["type"] == "call_ended" for m in phone.core.messages[seen:]) == len(peers) + 1
    again: Any = await line_to("audiosocket", ports).dial()
    await hears_something(again)
    await again.hang_up()


async def test_no_number_is_written_down(phone: PhoneProcess) -> None:
    assert NUMBER not in phone.log and SECRET not in phone.log
    assert "pbx_listening" in phone.log
