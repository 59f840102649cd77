"""The link to the core: what must not be lost comes again after every break."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from telephony_sip_helpers import CoreServer, eventually

from base.masking import Masked
from telephony.core_link import CoreLink
from telephony.core_messages import ErrorMessage, LegControl, LegOrder, Opened, ReplyMessage, SayMessage, parse
from telephony.outbox import MAXIMUM_SENDS, Outbox


class Handler:
    def __init__(self) -> None:
        self.seen: list[object] = []

    def on_opened(self, message: Opened) -> None:
        self.seen.append(message)

    def on_reply(self, message: ReplyMessage) -> None:
        self.seen.append(message)

    def on_say(self, message: SayMessage) -> None:
        self.seen.append(message)

    def on_turn_failed(self, message: ErrorMessage) -> None:
        self.seen.append(message)

    def on_leg_order(self, message: LegOrder) -> None:
        self.seen.append(message)

    def on_leg_control(self, message: LegControl) -> None:
        self.seen.append(message)


def make(core: CoreServer, folder: Path) -> CoreLink:
    (folder / "token").write_text("test-token")
    url = f"http://127.0.0.1:{core.port}/internal/phone"
    return CoreLink(url, folder / "token", folder / "phone" / "ended.jsonl", metrics=lambda: {"text": "x 1"})


async def wait_for(condition: Callable[[], object], what: str) -> None:
    await asyncio.to_thread(eventually, condition, 12.0, what)


async def test_turns_and_ends_reach_a_core_that_was_away(tmp_path: Path) -> None:
    core = CoreServer()
    link = make(core, tmp_path)
    running = asyncio.create_task(link.run())
    handler = Handler()
    try:
        link.call_started(handler, "call-a", Masked("13900001234"), "sip", "f" * 32)
        link.turn("call-a", "t1", "speech", "你好", confidence=0.9, unplayed="", meta={})
        link.call_started(Handler(), "call-b", Masked(""), "sip", "e" * 32)
        link.call_ended("call-b", "caller_hung_up", None)
        await asyncio.sleep(0.3)
        assert not link.connected
        journal = tmp_path / "phone" / "ended.jsonl"
        assert json.loads(journal.read_text())["call_id"] == "call-b"
        await asyncio.to_thread(core.start)
        await wait_for(lambda: len(handler.seen) == 2, "opened and reply")
        assert [type(message) for message in handler.seen] == [Opened, ReplyMessage]
        assert [message["type"] for message in core.messages] == ["call_started", "turn", "call_ended"]
        assert core.messages[0]["caller"] == "13900001234"
        await wait_for(lambda: journal.read_text() == "", "confirmation of the end")
        await wait_for(lambda: core.metrics == "x 1", "metrics")

        await asyncio.to_thread(core.stop)
        await wait_for(lambda: not link.connected, "loss of the link")
        link.turn("call-a", "t2", "speech", "再说一次", confidence=None, unplayed="", meta={})
        core.messages.clear()
        await asyncio.to_thread(core.start)
        await wait_for(lambda: len(handler.seen) == 4, "the call is taken up again")
        assert core.messages[0]["conversation_id"] == "k-call-a"
        assert core.messages[1]["turn_id"] == "t2"
        link.call_ended("call-a", "bot_hung_up", "x.wav")
        link.call_ended("call-a", "error", None)
        await wait_for(lambda: core.of("call_ended", "call-a"), "the end")
        await asyncio.sleep(0.2)
        assert len(core.of("call_ended", "call-a")) == 1
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await asyncio.to_thread(core.close)


async def test_a_call_that_the_core_does_not_know_is_announced_again(tmp_path: Path) -> None:
    core = CoreServer()
    refusals = iter([True])

    def reply(turn: dict[str, object]) -> dict[str, object]:
        if next(refusals, False):
            return {"type": "error", "code": "unknown_call", "message": "…"}
        return {"say": ["好。"]}

    core.reply = reply
    core.start()
    link = make(core, tmp_path)
    running = asyncio.create_task(link.run())
    handler = Handler()
    try:
        await wait_for(lambda: link.connected, "connection")
        link.call_started(handler, "call-a", Masked(""), "sip", "f" * 32)
        link.turn("call-a", "t1", "speech", "你好", confidence=0.9, unplayed="", meta={})
        await wait_for(lambda: any(isinstance(m, ReplyMessage) for m in handler.seen), "the reply after all")
        assert not any(isinstance(message, ErrorMessage) for message in handler.seen)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await asyncio.to_thread(core.close)


def test_ends_survive_the_process_and_are_given_up_at_last(tmp_path: Path) -> None:
    first = Outbox(tmp_path / "ended.jsonl")
    first.started({"type": "call_started", "call_id": "a", "conversation_id": None})
    first.opened("a", "k1")
    assert first.ended({"type": "call_ended", "call_id": "a", "reason": "error", "recording": None})
    first.save(first.journal_text())
    with (tmp_path / "ended.jsonl").open("a") as file:
        file.write('{"half a line')
    second = Outbox(tmp_path / "ended.jsonl")
    assert second.load() == 1
    assert second.after_reconnect()[0]["conversation_id"] == "k1"
    for _ in range(MAXIMUM_SENDS):
        second.unconfirmed_ends()
    assert second.unconfirmed_ends() == [] and second.journal_text() == ""


def test_messages_of_the_core_are_checked() -> None:
    reply = parse(
        {"type": "reply", "call_id": "a", "turn_id": "t", "say": "好的", "transfer": {"target": "120", "sip_uri": None}}
    )
    assert isinstance(reply, ReplyMessage)
    assert reply.say[0].for_the_ear == "好的" and reply.transfer is not None and reply.transfer.sip_uri == ""
    pushed = parse({"type": "say", "call_id": "a", "say": [{"text": "1", "spoken": "一", "origin": "seat"}]})
    assert isinstance(pushed, SayMessage) and pushed.say[0].for_the_ear == "一"
    assert parse({"type": "news of a later version"}) is None
    unusable: list[Any] = [
        [],
        {"type": "reply", "call_id": "a"},
        {"type": "opened", "call_id": "a", "conversation_id": 5},
    ]
    for wrong in unusable:
        with pytest.raises(ValueError):
            parse(wrong)


def test_an_error_text_holds_no_words_of_a_citizen() -> None:
    with pytest.raises(ValueError) as caught:
        parse({"type": "reply", "call_id": "a", "say": {"text": 13900001234}})
    assert "13900001234" not in str(caught.value)
