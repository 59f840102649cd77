"""`kill -9` of the core in the middle of a call and of a chat: contacts in = outcomes out, nothing happens twice."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from needs import require

from base.settings import ROOT
from hotline.trial.system import System
from hotline.trial.voice import CallerVoice
from storage.keyring import of_database
from telephony.caller import free_port
from telephony.calling import CallingParty, Script, load_turns

pytestmark = [pytest.mark.processes, pytest.mark.long, pytest.mark.timeout(300)]

FORM = {
    "detail": "没别的了",
    "place": "海淀区学院路街道",
    "event_time": "昨天晚上开始的",
    "subject": "不知道是谁",
    "appeal": "希望尽快修好",
    "contact_name": "我姓王",
    "contact_phone": "13900001234",
    "confidential": "不用保密",
    "confirm_question": "对",
}


STAYING = ("says nothing and stays on the line", bytes(2 * 8_000 * 90))


@pytest.fixture(scope="module")
def mortal(short_directory: Path) -> Iterator[System]:
    """A system whose processes this module kills; a lost call is given up after a few seconds."""
    system = System(short_directory / "m", environment={"HOTLINE_DIALOGUE__PHONE_LOST_SECONDS": "6"})
    system.prepare()
    system.start()
    yield system
    system.stop()


def rows(system: System, query: str, *values: Any) -> list[tuple[Any, ...]]:
    with sqlite3.connect(f"file:{system.directory}/hotline.db?mode=ro", uri=True) as database:
        return list(database.execute(query, values))


def kill(system: System, module: str) -> None:
    process = system.child(module)
    process.kill()
    process.wait(10)


def test_a_chat_goes_on_where_it_was_and_a_confirmed_order_exists_once(mortal: System) -> None:
    answer = mortal.chat("我要投诉,小区的路灯坏了三天了")
    conversation = answer["conversation_id"]
    for _ in range(3):
        answer = mortal.chat(FORM[answer["asking"]], conversation)
    asking_before = answer["asking"]
    assert asking_before is not None

    kill(mortal, "gateway.main")
    mortal.wait_ready()

    for _ in range(12):
        if answer["asking"] == "confirm_order":
            break
        answer = mortal.chat(FORM[answer["asking"]], conversation)
        assert answer["conversation_id"] == conversation
    assert answer["asking"] == "confirm_order", answer

    # The confirmation is sent, the core dies, the page sends it again under the same id.
    confirmed = mortal.chat("对", conversation, message_id="confirm-1")
    kill(mortal, "gateway.main")
    mortal.wait_ready()
    again = mortal.chat("对", conversation, message_id="confirm-1")
    assert again["replies"] == confirmed["replies"]
    assert again["orders"] == confirmed["orders"]
    assert len(rows(mortal, "SELECT order_no FROM orders WHERE conversation_id = ?", conversation)) == 1


async def test_rasa_killed_in_the_middle_of_a_form_does_not_stop_the_form(mortal: System) -> None:
    answer = mortal.chat("我要投诉,楼下饭馆油烟太大")
    require((ROOT / ".venv-rasa").is_dir(), "Rasa does not run here (no Python 3.10): the fallback serves all the time")
    kill(mortal, "bot/rasa/serve.py")
    asking = answer["asking"]
    assert asking is not None
    began = time.monotonic()
    answer = mortal.chat(FORM[asking], answer["conversation_id"])
    assert answer["replies"]
    assert answer["asking"] not in (None, asking)
    assert time.monotonic() - began < 5.0


async def test_a_call_survives_the_core_and_a_lost_phone_becomes_a_callback(mortal: System, voice: CallerVoice) -> None:
    turns = load_turns([voice.say("我要投诉,我们小区的路灯坏了三天了。"), voice.say("在海淀区学院路街道。")])
    turns.append(STAYING)
    async with CallingParty("127.0.0.1", free_port(), "13900007777") as party:
        running = asyncio.create_task(party.call(mortal.sip_uri, Script(turns, hang_up_after_seconds=120.0)))
        conversation = await _conversation_with_turns(mortal, citizen_turns=1)
        await asyncio.to_thread(kill, mortal, "gateway.main")
        await asyncio.to_thread(mortal.wait_ready)
        await _conversation_with_turns(mortal, citizen_turns=2, conversation=conversation)
        assert rows(mortal, "SELECT outcome FROM conversations WHERE id = ?", conversation) == [(None,)]

        await asyncio.to_thread(kill, mortal, "telephony.phone")
        for _ in range(120):
            found = rows(mortal, "SELECT outcome FROM conversations WHERE id = ?", conversation)
            if found[0][0] is not None:
                break
            await asyncio.sleep(0.5)
        assert found == [("callback",)]
        tasks = rows(mortal, "SELECT number, status FROM callbacks WHERE conversation_id = ?", conversation)
        keys = of_database(f"sqlite+aiosqlite:///{mortal.directory}/hotline.db").keys
        assert [(keys.open(number, "callbacks.number"), status) for number, status in tasks] == [
            ("13900007777", "open")
        ]
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_core_and_phone_killed_together_leave_a_callback(mortal: System, voice: CallerVoice) -> None:
    turns = [*load_turns([voice.say("我家暖气不热,屋里只有十五度。")]), STAYING]
    await asyncio.sleep(2.0)  # the phone of the test before is being started again
    async with CallingParty("127.0.0.1", free_port(), "13900008888") as party:
        report_of = asyncio.create_task(party.call(mortal.sip_uri, Script(turns, hang_up_after_seconds=60.0)))
        conversation = await _conversation_with_turns(mortal, citizen_turns=1)
        await asyncio.to_thread(kill, mortal, "telephony.phone")
        await asyncio.to_thread(kill, mortal, "gateway.main")
        await asyncio.to_thread(mortal.wait_ready)
        report_of.cancel()
        await asyncio.gather(report_of, return_exceptions=True)
    for _ in range(60):
        found = rows(mortal, "SELECT outcome FROM conversations WHERE id = ?", conversation)
        if found[0][0] is not None:
            break
        await asyncio.sleep(0.5)
    assert found == [("callback",)]
    assert len(rows(mortal, "SELECT id FROM callbacks WHERE conversation_id = ?", conversation)) == 1


def test_every_ended_contact_has_exactly_one_outcome(mortal: System) -> None:
    """Whatever the tests above did: no conversation is ended without an outcome, none has an outcome and is open."""
    assert rows(mortal, "SELECT id FROM conversations WHERE status = 'ended' AND outcome IS NULL") == []
    assert rows(mortal, "SELECT id FROM conversations WHERE outcome = 'callback' AND id NOT IN "
                        "(SELECT conversation_id FROM callbacks)") == []  # fmt: skip


async def _conversation_with_turns(
    system: System, citizen_turns: int, conversation: str | None = None, seconds: float = 60.0
) -> str:
    """The newest call's conversation once the citizen has said that much in it."""
    for _ in range(int(seconds / 0.25)):
        found = rows(
            system,
            "SELECT c.id FROM conversations c JOIN turns t ON t.conversation_id = c.id AND t.role = 'citizen'"
            " AND t.kind = 'speech' WHERE c.channel = 'phone' AND c.id = coalesce(?, c.id) AND c.outcome IS NULL"
            " GROUP BY c.id HAVING count(*) >= ? ORDER BY c.created_at DESC LIMIT 1",
            conversation,
            citizen_turns,
        )
        if found:
            return str(found[0][0])
        await asyncio.sleep(0.25)
    raise AssertionError(f"no call with {citizen_turns} turns after {seconds:.0f} s\n{system.tail()}")
