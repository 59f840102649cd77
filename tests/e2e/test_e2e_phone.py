"""Real SIP calls with speech over loopback against the whole system: every way a call may end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, overload

import pytest

from base.pinyin import syllables
from hotline.trial.system import System
from hotline.trial.voice import CallerVoice
from telephony.caller import free_port
from telephony.calling import CallingParty, Script, load_turns
from telephony.phone import call_id_of

pytestmark = [pytest.mark.processes, pytest.mark.timeout(240)]

ANSWERS = {
    "detail": "没有别的了。",
    "place": "海淀区学院路街道。",
    "event_time": "从昨天晚上开始的。",
    "subject": "不知道是谁。",
    "appeal": "希望尽快修好。",
    "contact_name": "我姓王。",
    "contact_phone": "一三九零零零零一二三四。",
    "confidential": "不用保密。",
    "confirm_order": "对的,没错。",
    "confirm_question": "是的。",
    None: "没有别的事了,谢谢。",
}


class AnsweringCaller(Sequence[tuple[str, bytes]]):
    """Turns made while the call goes on: the opening, then the answer to whatever the bot asks."""

    def __init__(self, system: System, voice: CallerVoice, opening: str, most_turns: int = 14) -> None:
        self._system = system
        self._voice = voice
        self._opening = opening
        self._most_turns = most_turns
        self.asked: list[str | None] = []

    def __len__(self) -> int:
        return self._most_turns

    @overload
    def __getitem__(self, index: int) -> tuple[str, bytes]: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[tuple[str, bytes]]: ...
    def __getitem__(self, index: int | slice) -> Any:
        raise IndexError("the turns of this caller are only made in order")

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        yield self._spoken(self._opening)
        for _ in range(self._most_turns - 1):
            record = newest_call(self._system)
            if record["outcome"] is not None:
                return
            self.asked.append(record["asking"])
            yield self._spoken(ANSWERS.get(record["asking"], ANSWERS["detail"]))

    def _spoken(self, text: str) -> tuple[str, bytes]:
        return load_turns([self._voice.say(text)])[0]


def newest_call(system: System) -> dict[str, Any]:
    """The call that began last, as the core has it."""
    import sqlite3

    with sqlite3.connect(f"file:{system.directory}/hotline.db?mode=ro", uri=True) as database:
        row = database.execute(
            "SELECT call_id FROM conversations WHERE channel = 'phone' ORDER BY created_at DESC LIMIT 1"
        ).fetchone()
    return system.call_record(row[0])


def call(system: System, *wavs: Path, options: Iterable[str] = ()) -> dict[str, Any]:
    """`hotline call … --json` in its own process."""
    done = system.command("call", *map(str, wavs), "--to", system.sip_uri, "--json", *options, timeout_seconds=200)
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def said(report: dict[str, Any], role: str = "bot") -> str:
    return "\n".join(turn["text"] for turn in report["transcript"] if turn["role"] == role)


def test_a_question_of_policy_is_answered_with_its_source(system: System, voice: CallerVoice) -> None:
    report = call(system, voice.say("请问养狗需要办理养犬登记吗?"), voice.say("没有别的事了,谢谢。"))
    assert report["outcome"] == "answered", report
    assert "养犬" in said(report)
    assert "条" in said(report)
    greeting = report["exchanges"][0]
    assert 1.0 < greeting["heard_seconds"] < 4.5
    assert "lu yin" in " ".join(syllables(greeting["heard"])), "the greeting says that the call is recorded"


@pytest.mark.long
async def test_a_complaint_becomes_one_complete_order(system: System, voice: CallerVoice) -> None:
    caller = AnsweringCaller(system, voice, "你好,我要投诉,我们小区的路灯坏了三天了,晚上特别黑。")
    async with CallingParty("127.0.0.1", free_port(), "13900001234") as party:
        report = await party.call(system.sip_uri, Script(caller))
    record = await _ended(system, call_id_of(report.sip_call_id))
    assert record["outcome"] == "order_filed", json.dumps(record, ensure_ascii=False)
    assert len(record["orders"]) == 1
    assert "place" in caller.asked or "海淀" in json.dumps(record, ensure_ascii=False)
    spoken = "\n".join(turn["text"] for turn in record["transcript"] if turn["role"] == "bot")
    assert record["orders"][0] in spoken.replace(" ", "")


def test_key_zero_asks_for_a_person(system: System) -> None:
    report = call(system, options=("--dtmf", "0", "--no-recognition"))
    assert report["outcome"] in ("seat", "callback"), report
    assert "人工" in said(report) or "坐席" in said(report)


def test_danger_is_sent_to_its_line_in_the_same_turn(system: System, voice: CallerVoice) -> None:
    report = call(system, voice.say("我们家着火了,浓烟往外冒,快来人啊!"), options=("--no-recognition",))
    assert report["outcome"] == "emergency", report
    assert "119" in said(report)
    assert len([turn for turn in report["transcript"] if turn["role"] == "citizen"]) == 1


async def test_hanging_up_in_the_greeting_leaves_exactly_one_outcome(system: System) -> None:
    async with CallingParty("127.0.0.1", free_port(), "13900005678") as party:
        report = await party.call(system.sip_uri, Script(hang_up_after_seconds=0.7))
    assert report.answered
    record = await _ended(system, call_id_of(report.sip_call_id))
    assert record["outcome"] in ("closed", "callback")


@pytest.mark.long
async def test_thirty_callers_at_once_are_all_greeted_answered_and_ended(system: System, voice: CallerVoice) -> None:
    """All thirty dial in the same instant and ask in the same breath; each hears more than a second of answer."""
    staying = ("says nothing and stays on the line", bytes(2 * 8_000 * 12))
    turns = [*load_turns([voice.say("请问养狗需要办理养犬登记吗?")]), staying]
    async with CallingParty("127.0.0.1", free_port(), "13900009999") as party:
        reports = await asyncio.gather(
            *(party.call(system.sip_uri, Script(turns, hang_up_after_seconds=60.0)) for _ in range(30))
        )
    assert [report.answered for report in reports] == [True] * 30
    assert all(report.exchanges[0].heard_seconds > 0.5 for report in reports)
    records = [await _ended(system, call_id_of(report.sip_call_id)) for report in reports]
    assert all(record["outcome"] is not None for record in records)
    heard_seconds = [sum(part.heard_seconds for part in report.exchanges[1:]) for report in reports]
    assert min(heard_seconds) > 1.0, f"sound after the first turn, seconds: {sorted(heard_seconds)}"


async def _ended(system: System, call_id: str, seconds: float = 20.0) -> dict[str, Any]:
    """The core's record of a call once it has its outcome and its end."""
    for _ in range(int(seconds / 0.25)):
        record = await asyncio.to_thread(system.call_record, call_id)
        if record["outcome"] is not None and record["ended_at"] is not None:
            return record
        await asyncio.sleep(0.25)
    raise AssertionError(f"call {call_id} has no end: {record}")
