"""The phone process with a real caller, real telephones of seats and real websockets of their pages: who hears whom."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from needs import require
from telephony_bridge_helpers import (
    BROWSER_HZ,
    CALLER_HZ,
    LEADER_HZ,
    SEAT_HZ,
    THIRD_HZ,
    TonePage,
    TonePhone,
    channels,
    leg_news,
    seconds_heard,
    strength,
)
from telephony_leg_peer import SECRET
from telephony_lines import make_line
from telephony_sip_helpers import HOST, CoreServer, PhoneProcess, echo, eventually, running_phone
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from telephony.audio import RATE_HZ, level_dbfs, to_pcm, to_samples, tone
from telephony.caller import free_port

pytestmark = [pytest.mark.long, pytest.mark.processes]

ANSWER_SECONDS = 3
Phones = Callable[..., TonePhone]


ENVIRONMENT = {
    "HOTLINE_TELEPHONY__SEAT_ANSWER_SECONDS": str(ANSWER_SECONDS),
    "HOTLINE_TELEPHONY__DIAL_OUT_ALLOWED": '["sip:7*@127.0.0.1:*"]',
}


PBX_PORTS = {
    "asterisk-alaw": "ASTERISK_WEBSOCKET_PORT",
    "audiosocket": "AUDIOSOCKET_PORT",
    "freeswitch-8k": "FREESWITCH_PORT",
}


@pytest.fixture(scope="module")
def ports() -> dict[str, int]:
    """Where the links of PBXs are taken."""
    return {name: free_port(HOST) for name in PBX_PORTS}


@pytest.fixture(scope="module")
def phone(tmp_path_factory: pytest.TempPathFactory, ports: dict[str, int]) -> Iterator[PhoneProcess]:
    """Without voice and recogniser: what our own side says is a tone of 440 Hz."""
    links = {f"HOTLINE_TELEPHONY__{setting}": str(ports[name]) for name, setting in PBX_PORTS.items()}
    environment = {**ENVIRONMENT, **links, "HOTLINE_TELEPHONY__PBX_SECRET": SECRET}
    with running_phone(tmp_path_factory.mktemp("bridge"), helpers=False, environment=environment) as process:
        yield process


@pytest.fixture
def core(phone: PhoneProcess) -> Iterator[CoreServer]:
    yield phone.core
    phone.core.reply = echo
    eventually(lambda: len(phone.core.of("call_ended")) >= _calls(phone.core), 15.0, "the end of every call")


def _calls(core: CoreServer) -> int:
    return len({message["call_id"] for message in core.of("call_started")})


@pytest.fixture
def phones(tmp_path: Path) -> Iterator[Phones]:
    made: list[TonePhone] = []

    def make(name: str, **plan: Any) -> TonePhone:
        made.append(TonePhone(tmp_path, name, **plan))
        return made[-1]

    yield make
    for telephone in made:
        telephone.close()


def to_seat(uri: str, target: str = "seat") -> Callable[[dict[str, Any]], dict[str, Any]]:
    """The scripted core: `0` is answered with a transfer; this phone has no voice, so nothing is said."""

    def reply(turn: dict[str, Any]) -> dict[str, Any]:
        if turn["text"] == "0":
            return {"say": [], "transfer": {"target": target, "sip_uri": uri}}
        return {"say": []}

    return reply


def a_caller(phones: Phones, phone: PhoneProcess, **keys: float) -> tuple[TonePhone, str]:
    """A caller who hums and presses keys so many seconds after the answer; and the id of their call."""
    before = len(phone.core.of("call_started"))
    pressed = {key.removeprefix("key_"): after for key, after in keys.items()}
    caller = phones("caller", dial=phone.uri, tone_hz=CALLER_HZ, keys=pressed)
    caller.until("answered")
    eventually(lambda: len(phone.core.of("call_started")) > before, what="the call")
    return caller, phone.core.of("call_started")[-1]["call_id"]


def recording_of(core: CoreServer, call_id: str) -> tuple[np.ndarray, np.ndarray]:
    ended = eventually(lambda: core.of("call_ended", call_id), 15.0, "call_ended")[0]
    path = Path(ended["recording"])
    eventually(path.is_file, what="recording")
    return channels(path)


def test_a_seat_answers_the_telephone_and_hangs_up_first(phone: PhoneProcess, core: CoreServer, phones: Phones) -> None:
    seat = phones("seat", tone_hz=SEAT_HZ, seconds=4.0)
    core.reply = to_seat(seat.uri)
    caller, call_id = a_caller(phones, phone, key_0=0.3, key_5=9.0)
    leg_id = eventually(lambda: core.of("leg", call_id), what="a leg")[0]["leg_id"]
    leg_news(phone, leg_id, "joined")
    leg_news(phone, leg_id, "left", 10.0)
    core.push({"type": "say", "call_id": call_id, "line": "bot", "say": []})
    eventually(
        lambda: [turn for turn in core.of("turn", call_id) if turn["text"] == "5"], 15.0, "the bot listens again"
    )
    caller.hang_up()
    at_seat, at_caller = seat.heard(), caller.heard()
    left, right = recording_of(core, call_id)
    assert seconds_heard(at_seat, CALLER_HZ) > 2.0, "the seat hears the caller"
    assert seconds_heard(at_seat, SEAT_HZ) < 0.2, "and not herself"
    assert seconds_heard(at_caller, SEAT_HZ) > 2.0 and seconds_heard(at_caller, CALLER_HZ) < 0.2
    assert seconds_heard(left, CALLER_HZ) > 6.0 and seconds_heard(left, SEAT_HZ) < 0.2
    assert seconds_heard(right, SEAT_HZ) > 2.0 and seconds_heard(right, CALLER_HZ) < 0.2
    assert core.of("call_ended", call_id)[0]["reason"] == "caller_hung_up"


def test_a_seat_who_rejects_gives_the_caller_back_at_once(
    phone: PhoneProcess, core: CoreServer, phones: Phones
) -> None:
    seat = phones("seat", mode="reject")
    core.reply = to_seat(seat.uri)
    caller, call_id = a_caller(phones, phone, key_0=0.3)
    turns = eventually(lambda: len(given := core.of("turn", call_id)) > 1 and given, 10.0, "the news")
    assert turns[1]["kind"] == "silence" and turns[1]["meta"]["transfer_failed"] == "seat"
    caller.hang_up()
    caller.wait()


def test_music_until_nobody_has_answered(phone: PhoneProcess, core: CoreServer, phones: Phones) -> None:
    seat = phones("seat", mode="ignore")
    core.reply = to_seat(seat.uri)
    caller, call_id = a_caller(phones, phone, key_0=0.3)
    turns = eventually(lambda: len(given := core.of("turn", call_id)) > 1 and given, 15.0, "the news")
    assert turns[1]["meta"]["transfer_failed"] == "seat"
    seat.until("gave_up")
    caller.hang_up()
    right = recording_of(core, call_id)[1]
    music = strength(right, 220.0 * 2 ** (3 / 12)) + strength(right, 220.0 * 2 ** (7 / 12))
    first = int(np.flatnonzero(music > 0.02)[0])
    waited = right[(first + 5) * RATE_HZ // 10 : (first + 25) * RATE_HZ // 10]
    assert -26.0 < level_dbfs(to_pcm(waited)) < -16.0, "two seconds of gentle music"
    caller.wait()


def test_an_address_that_nobody_allowed_is_not_called(phone: PhoneProcess, core: CoreServer, phones: Phones) -> None:
    stranger = phones("stranger", user="900", patience=6)
    core.reply = to_seat(f"sip:900@{HOST}:{stranger.port}")
    caller, call_id = a_caller(phones, phone, key_0=0.3)
    turns = eventually(lambda: len(given := core.of("turn", call_id)) > 1 and given, 10.0, "the news")
    assert turns[1]["meta"]["transfer_failed"] == "seat"
    core.push(
        {"type": "leg_order", "call_id": call_id, "leg_id": "l1", "role": "third", "via": "sip", "sip_uri": "sip:900@x"}
    )
    leg_news(phone, "l1", "failed")
    caller.hang_up()
    caller.wait()
    assert stranger.next() == "failed", "it never rang"
    assert "sip:900@" not in phone.log


def test_a_refer_that_the_caller_refuses_leaves_the_call_with_us(
    phone: PhoneProcess, core: CoreServer, phones: Phones
) -> None:
    order = {"target": "seat", "sip_uri": f"sip:7000@{HOST}:9", "method": "refer"}
    core.reply = lambda turn: {"say": [], **({"transfer": order} if turn["text"] == "0" else {})}
    caller, call_id = a_caller(phones, phone, key_0=0.3, key_5=4.0)
    turns = eventually(lambda: len(given := core.of("turn", call_id)) > 2 and given, 15.0, "the news, and a key")
    assert turns[1]["meta"]["transfer_failed"] == "seat" and turns[2]["text"] == "5"
    assert "method=refer" in phone.log and not core.of("leg", call_id)
    caller.hang_up()
    caller.wait()


def test_an_emergency_line_joins_while_the_caller_goes_on(
    phone: PhoneProcess, core: CoreServer, phones: Phones
) -> None:
    police = phones("police", tone_hz=THIRD_HZ, seconds=3.0)
    core.reply = to_seat(police.uri, "110")
    caller, call_id = a_caller(phones, phone, key_0=0.3)
    assert eventually(lambda: core.of("leg", call_id), what="a leg")[0]["role"] == "third"
    assert seconds_heard(police.heard(), CALLER_HZ) > 2.0
    caller.hang_up()
    assert seconds_heard(caller.heard(), THIRD_HZ) > 2.0
    assert seconds_heard(recording_of(core, call_id)[1], THIRD_HZ) > 2.0, "and is on the recording"


async def test_a_browser_a_third_party_a_leader(phone: PhoneProcess, core: CoreServer, phones: Phones) -> None:
    caller, call_id = await asyncio.to_thread(a_caller, phones, phone)

    def order(leg_id: str, role: str, **fields: Any) -> None:
        core.push({"type": "leg_order", "call_id": call_id, "leg_id": leg_id, "role": role, **fields})

    async def control(leg_id: str, **fields: Any) -> None:
        core.push({"type": "leg_control", "call_id": call_id, "leg_id": leg_id, **fields})
        await asyncio.sleep(1.0)

    async def ticket(leg_id: str) -> dict[str, Any]:
        return await asyncio.to_thread(leg_news, phone, leg_id, "expected")

    async def listen(page: TonePage) -> np.ndarray:
        """What a page hears in the next second."""
        page.heard_until = len(page.heard())  # type: ignore[attr-defined]
        await asyncio.sleep(1.0)
        return page.heard()[page.heard_until :]  # type: ignore[attr-defined]

    order("seat", "seat")
    expected = await ticket("seat")
    assert len(expected["ticket"]) >= 43
    async with TonePage(expected, BROWSER_HZ) as seat:
        await asyncio.to_thread(leg_news, phone, "seat", "joined")
        with pytest.raises(InvalidStatus) as refused:
            await connect(seat.address)
        assert refused.value.response.status_code == 403, "a ticket is good once"
        await asyncio.sleep(0.5)
        assert seconds_heard(await listen(seat), CALLER_HZ) > 0.7

        third = await asyncio.to_thread(phones, "third", tone_hz=THIRD_HZ)
        order("third", "third", via="sip", sip_uri=third.uri)
        await asyncio.to_thread(leg_news, phone, "third", "joined")
        order("leader", "listener")
        async with TonePage(await ticket("leader"), LEADER_HZ, 8_000) as leader:
            await asyncio.to_thread(leg_news, phone, "leader", "joined")
            await asyncio.sleep(0.7)
            at_seat, at_leader = await asyncio.gather(listen(seat), listen(leader))
            assert seconds_heard(at_seat, THIRD_HZ) > 0.7 and seconds_heard(at_seat, CALLER_HZ) > 0.7
            assert all(seconds_heard(at_leader, tone) > 0.7 for tone in (CALLER_HZ, BROWSER_HZ, THIRD_HZ))
            assert seconds_heard(at_seat, LEADER_HZ, 0.01) == 0.0, "a listener is heard by nobody"

            await control("leader", role="whisperer")
            at_seat = await listen(seat)
            assert seconds_heard(at_seat, LEADER_HZ) > 0.7, "a whisper reaches the seat"

            await control("caller", held=True)
            await control("seat", muted=True)
            changed = leg_news(phone, "seat", "changed")
            assert changed["muted"] is True
            at_seat, at_leader = await asyncio.gather(listen(seat), listen(leader))
            assert seconds_heard(at_seat, CALLER_HZ) == 0.0 and seconds_heard(at_seat, THIRD_HZ) > 0.7
            assert seconds_heard(at_leader, BROWSER_HZ) == 0.0
            await control("caller", held=False)
            await control("seat", muted=False)
            await control("third", drop=True)
            await asyncio.to_thread(leg_news, phone, "third", "left")
        caller.hang_up()
        await asyncio.to_thread(caller.wait)
        await asyncio.sleep(0.5)
        assert seat.closed, "the caller has gone: the page's line is closed"
    at_caller, at_third = caller.heard(), third.heard()
    assert seconds_heard(at_caller, BROWSER_HZ) > 3.0 and seconds_heard(at_caller, THIRD_HZ) > 2.0
    for nobody in (at_caller, at_third):
        assert seconds_heard(nobody, LEADER_HZ, 0.01) == 0.0, "neither the listener nor the whisper leaks"
    left, right = recording_of(core, call_id)
    assert seconds_heard(right, LEADER_HZ, 0.01) == 0.0 and seconds_heard(right, CALLER_HZ) < 0.2
    assert abs(len(left) - len(right)) < RATE_HZ // 5


@pytest.mark.parametrize("name", PBX_PORTS)
async def test_a_caller_over_a_pbx_talks_with_a_seat_like_any_other(
    phone: PhoneProcess, core: CoreServer, ports: dict[str, int], name: str
) -> None:
    line = make_line(name)
    line.port = ports[name]
    before = len(core.of("call_started"))
    peer: Any = await line.dial()
    wave = tone(CALLER_HZ, 1.2, 0.1)[1_600:-1_600]  # without its ramps: a second that can be repeated
    speaking = asyncio.create_task(peer.speak(wave * 60))
    await asyncio.to_thread(eventually, lambda: len(core.of("call_started")) > before, 10.0, "the call")
    call_id = core.of("call_started")[-1]["call_id"]
    leg_id = f"seat-{name}"
    core.push({"type": "leg_order", "call_id": call_id, "leg_id": leg_id, "role": "seat"})
    async with TonePage(await asyncio.to_thread(leg_news, phone, leg_id, "expected"), BROWSER_HZ) as seat:
        await asyncio.to_thread(leg_news, phone, leg_id, "joined")
        since = time.monotonic() + 0.5
        await asyncio.sleep(2.5)
        assert seconds_heard(seat.heard(), CALLER_HZ) > 1.2 and seconds_heard(seat.heard(), BROWSER_HZ) == 0.0
        at_caller = to_samples(peer.all_heard(since))
        assert seconds_heard(at_caller, BROWSER_HZ) > 1.2 and seconds_heard(at_caller, CALLER_HZ) == 0.0
        speaking.cancel()
        await asyncio.gather(speaking, return_exceptions=True)
        await peer.hang_up()
        await asyncio.to_thread(eventually, lambda: core.of("call_ended", call_id), 10.0, "the end")


async def test_what_both_sides_say_is_written_down(tmp_path: Path, phones: Phones, shared: Path, models: Path) -> None:
    require((models / "whisper-base").is_dir(), "no recogniser in var/models")
    with running_phone(tmp_path / "var", helpers=True, environment=ENVIRONMENT) as phone:
        await asyncio.to_thread(eventually, lambda: phone.logged("recogniser_ready"), 90.0, "recogniser_ready")
        await _written_down(phone, phone.core, phones, shared)


async def _written_down(phone: PhoneProcess, core: CoreServer, phones: Phones, shared: Path) -> None:
    rows = [json.loads(line) for line in (shared / "eval/speech/manifest.jsonl").read_text().splitlines()]
    row = next(row for row in rows if row["group"] == "news" and 3 < row["seconds"] < 5)
    wav = str(shared / "eval/speech" / row["wav_phone"])
    seat = await asyncio.to_thread(phones, "seat", play=wav, seconds=8.0)
    core.reply = to_seat(seat.uri)
    caller, call_id = await asyncio.to_thread(a_caller, phones, phone, key_0=0.3)
    said = await asyncio.to_thread(
        eventually, lambda: [m for m in core.of("heard", call_id) if m["side"] == "seat"], 60.0, "words of the seat"
    )
    alike = len(set("".join(message["text"] for message in said)) & set(row["text"])) / len(set(row["text"]))
    assert alike > 0.4, "the words of the seat reached the core"
    caller.hang_up()
    await asyncio.to_thread(caller.wait)


async def test_fifty_pages_come_and_go_and_leave_nothing_behind(
    phone: PhoneProcess, core: CoreServer, phones: Phones
) -> None:
    caller, call_id = await asyncio.to_thread(a_caller, phones, phone)

    def descriptors() -> int:
        return len(os.listdir(f"/proc/{phone.phone.pid}/fd"))

    async def come_and_go(number: int) -> None:
        leg_id = f"page-{number}"
        core.push({"type": "leg_order", "call_id": call_id, "leg_id": leg_id, "role": "seat"})
        expected = await asyncio.to_thread(leg_news, phone, leg_id, "expected")
        async with TonePage(expected):
            await asyncio.to_thread(leg_news, phone, leg_id, "joined")
        await asyncio.to_thread(leg_news, phone, leg_id, "left")
        await asyncio.sleep(0.15)  # a beat later the bridge is gone

    await come_and_go(0)
    recordings = phone.directory / "recordings"  # opened by its first write
    await asyncio.to_thread(eventually, lambda: any(recordings.rglob(f"{call_id}.wav")), 5.0, "the recording")
    before = descriptors()
    for number in range(1, 51):
        await come_and_go(number)
    await asyncio.sleep(0.3)
    assert descriptors() <= before
    core.metrics = ""
    await asyncio.to_thread(eventually, lambda: "hotline_phone_legs" in core.metrics, 12.0, "metrics")
    assert 'hotline_phone_legs{kind="browser"} 0.0' in core.metrics
    assert "hotline_phone_bridges 0.0" in core.metrics
    caller.hang_up()
    await asyncio.to_thread(caller.wait)
    assert "call_failed" not in phone.log and "Task exception" not in phone.log
