"""The phone process at its limits: no voice, no recogniser, no room, no more sound, a stop in the middle of a call."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from telephony_sip_helpers import PhoneProcess, RawCaller, eventually, running_phone

from telephony.caller import free_port
from telephony.calling import CallingParty, Script
from telephony.legs import access
from telephony.phone import call_id_of

pytestmark = pytest.mark.processes


@pytest.fixture
def phone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PhoneProcess]:
    monkeypatch.setenv("HOTLINE_TELEPHONY__RTP_TIMEOUT_SECONDS", "5")
    monkeypatch.setenv("HOTLINE_ADMISSION__WAITING_ROOM_PLACES", "0")
    with running_phone(tmp_path / "var", helpers=False, maximum_calls=2) as process:
        yield process


async def test_a_phone_without_models_still_takes_calls_and_stops_in_order(phone: PhoneProcess) -> None:
    core = phone.core
    quick = Script(keys="0", no_answer_seconds=2.0)  # without a voice it hears tones only
    long = Script(hang_up_after_seconds=20.0)

    # A caller whose sound stops is ended; two such calls are all that this phone takes.
    silent = RawCaller(phone.sip_port)
    silent.request("INVITE", 1, body=silent.offer("8 PCMA/8000"))
    status, text = await asyncio.to_thread(silent.final_answer)
    assert status == 200
    silent.request("ACK", 1, next(line.split(">")[-1] for line in text.splitlines() if line.startswith("To:")))
    async with CallingParty("127.0.0.1", free_port("127.0.0.1"), "13800138000") as party:
        over_tcp = party.call(phone.uri + (";transport=tcp" if access.may_filter_connections() else ""), quick)
        first, second = await asyncio.gather(over_tcp, _later(party, phone, 1.5))
        assert first.answered
        assert not second.answered and "486" in second.ended
        turns = core.of("turn", call_id_of(first.sip_call_id))
        assert [(turn["kind"], turn["text"]) for turn in turns] == [("dtmf", "0")]

        await asyncio.to_thread(
            eventually, lambda: core.of("call_ended", call_id_of(silent.call_id)), 15.0, "the end of the silent call"
        )
        assert core.of("call_ended", call_id_of(silent.call_id))[0]["reason"] == "rtp_timeout"
        silent.close()

        # A stop of the process ends its calls as call-backs.
        cut, code = await asyncio.gather(party.call(phone.uri, long), _stop(phone))
        assert code == 0
        assert cut.ended == "bot_hung_up"
        assert core.of("call_ended", call_id_of(cut.sip_call_id))[0]["reason"] == "error"


async def _later(party: CallingParty, phone: PhoneProcess, seconds: float):  # type: ignore[no-untyped-def]
    await asyncio.sleep(seconds)
    return await party.call(phone.uri, Script(hang_up_after_seconds=1.0))


async def _stop(phone: PhoneProcess) -> int:
    await asyncio.sleep(2.0)
    return await asyncio.to_thread(phone.terminate)


def test_a_caller_from_elsewhere_hears_nothing_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_TELEPHONY__ALLOWED_PEERS", '["127.0.0.2/32"]')
    with running_phone(tmp_path / "var", helpers=False) as phone:
        caller = RawCaller(phone.sip_port)
        caller.request("INVITE", 1, body=caller.offer("8 PCMA/8000"))
        with pytest.raises(TimeoutError):
            caller.final_answer()
        caller.close()
        assert not phone.core.of("call_started")
