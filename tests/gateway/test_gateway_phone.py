"""The phone link: calls are conversations, their messages stay in order, and a lost link loses nothing."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSServerHandshakeError
from gateway_helpers import Client, SmallConversations, until

from gateway.core import Core
from gateway.internal import ensure_token, token_path


def bearer(core: Core) -> dict[str, str]:
    return {"Authorization": f"Bearer {ensure_token(core.settings)}"}


@pytest.fixture
async def phone(client: Client, core: Core) -> AsyncIterator[ClientWebSocketResponse]:
    socket = await client.ws_connect("/internal/phone", headers=bearer(core))
    yield socket
    await socket.close()


async def start(phone: ClientWebSocketResponse, call_id: str, **more: Any) -> dict[str, Any]:
    await phone.send_json(
        {
            "type": "call_started",
            "call_id": call_id,
            "caller": "13900001234",
            "leg": "sip",
            "trace_id": "ab" * 16,
            "conversation_id": None,
            **more,
        }
    )
    opened: dict[str, Any] = await phone.receive_json(timeout=5)
    assert opened["type"] == "opened", opened
    return opened


def turn(call_id: str, turn_id: str, text: str, kind: str = "speech") -> dict[str, Any]:
    return {
        "type": "turn",
        "call_id": call_id,
        "turn_id": turn_id,
        "kind": kind,
        "text": text,
        "confidence": 0.8,
        "unplayed": "",
        "meta": {"asr_seconds": 0.4},
    }


async def test_a_call_from_ring_to_outcome(phone: ClientWebSocketResponse, client: Client, core: Core) -> None:
    opened = await start(phone, "call-1")
    assert opened["say"] == [{"text": "您好，我是智能助手。", "spoken": "您好", "origin": "bot"}]
    await phone.send_json(turn("call-1", "t1", "路灯坏了"))
    reply = await phone.receive_json(timeout=5)
    assert set(reply) == {
        "type",
        "call_id",
        "turn_id",
        "conversation_id",
        "say",
        "asking",
        "patience",
        "outcome",
        "transfer",
        "hang_up",
        "manner",
        "silence",
    }
    assert reply["manner"] == {"speed": 1.0, "gain_db": 0.0, "elder": False, "patience_stretch": 1.0}
    assert reply["silence"] is None
    assert (reply["turn_id"], reply["conversation_id"]) == ("t1", opened["conversation_id"])
    await phone.send_json({"type": "call_ended", "call_id": "call-1", "reason": "caller_hung_up", "recording": None})
    assert await phone.receive_json(timeout=5) == {"type": "ended", "call_id": "call-1"}
    response = await client.get("/internal/calls/call-1", headers=bearer(core))
    told = await response.json()
    assert told["conversation_id"] == opened["conversation_id"] and told["trace_id"] == "ab" * 16
    assert [line["role"] for line in told["transcript"]] == ["bot", "citizen", "bot"]


async def test_transfers_name_the_line_that_is_configured(phone: ClientWebSocketResponse, core: Core) -> None:
    core.settings.telephony.emergency_sip_uris["119"] = "sip:119@10.0.0.1"
    await start(phone, "call-1")
    await phone.send_json(turn("call-1", "t1", "着火了"))
    assert (await phone.receive_json(timeout=5))["transfer"] == {
        "target": "119",
        "sip_uri": "sip:119@10.0.0.1",
        "method": "bridge",
    }
    await phone.send_json(turn("call-1", "t2", "人工", "dtmf"))
    seat = (await until(phone, "reply"))["transfer"]
    assert seat == {"target": "seat", "sip_uri": None, "method": "bridge"}


async def test_what_a_trunk_says_never_costs_a_call(phone: ClientWebSocketResponse, core: Core) -> None:
    await start(phone, "call-1", caller="x" * 500, trace_id="y" * 500)
    await phone.send_json({"type": "call_ended", "call_id": "call-1", "reason": "a new reason", "recording": None})
    assert (await phone.receive_json(timeout=5))["type"] == "ended"
    await phone.send_json({"type": "metrics", "call_id": "", "text": "", "recogniser": True})
    await phone.send_json(turn("call-9", "t1", "没有开始的电话"))
    refused = await phone.receive_json(timeout=5)
    assert (refused["type"], refused["code"], refused["turn_id"]) == ("error", "unknown_call", "t1")
    assert core.phone_hears is True


async def test_a_turn_sent_twice_happens_once(phone: ClientWebSocketResponse, small: SmallConversations) -> None:
    await start(phone, "call-1")
    for _ in range(2):
        await phone.send_json(turn("call-1", "t1", "路灯坏了"))
    replies = [await phone.receive_json(timeout=5) for _ in range(2)]
    assert replies[0] == replies[1] and len(small.said) == 1


async def test_calls_do_not_wait_for_each_other(phone: ClientWebSocketResponse, small: SmallConversations) -> None:
    await start(phone, "slow")
    await start(phone, "quick")
    small.delay = 0.4
    await phone.send_json(turn("slow", "t1", "慢"))
    await asyncio.sleep(0.05)
    small.delay = 0.0
    await phone.send_json(turn("quick", "t2", "快"))
    assert [(await phone.receive_json(timeout=5))["call_id"] for _ in range(2)] == ["quick", "slow"]


async def test_a_failing_turn_is_an_apology_and_never_silence(
    phone: ClientWebSocketResponse, small: SmallConversations
) -> None:
    await start(phone, "call-1")
    small.failure = RuntimeError("13900001234")
    await phone.send_json(turn("call-1", "t1", "路灯坏了"))
    reply = await phone.receive_json(timeout=5)
    assert reply["type"] == "reply" and reply["turn_id"] == "t1" and reply["say"][0]["origin"] == "system"
    assert "1390" not in str(reply)
    small.failure = None
    await phone.send_json(turn("call-1", "t2", "路灯坏了"))
    assert "路灯" in (await phone.receive_json(timeout=5))["say"][0]["text"]


async def test_what_a_seat_types_is_said_and_the_end_hangs_up(
    phone: ClientWebSocketResponse, small: SmallConversations
) -> None:
    known = (await start(phone, "call-1"))["conversation_id"]
    await phone.send_json(turn("call-1", "t1", "人工"))
    assert (await until(phone, "say"))["line"] == "waiting_for_seat"
    await small.claim(known, "s1")
    assert (await until(phone, "say"))["line"] == "with_seat"
    await small.seat_message(known, "s1", "您好，请讲")
    said = await until(phone, "say")
    assert (said["say"][0]["text"], said["say"][0]["origin"], said["line"]) == ("您好，请讲", "seat", None)
    await small.finish(known, "s1", "answered")
    assert (await until(phone, "say"))["hang_up"] is True


async def test_a_phone_that_comes_back_goes_on_with_its_calls(
    client: Client, core: Core, small: SmallConversations
) -> None:
    first = await client.ws_connect("/internal/phone", headers=bearer(core))
    known = (await start(first, "call-1"))["conversation_id"]
    await first.close()
    await asyncio.sleep(0.05)
    assert small.subscriptions == [] and core.parts["phone"].ok is False
    second = await client.ws_connect("/internal/phone", headers=bearer(core))
    again = await start(second, "call-1", conversation_id=known)
    assert again["conversation_id"] == known
    # The phone may not have heard of the conversation before the link was lost: the call itself is known.
    third = await client.ws_connect("/internal/phone", headers=bearer(core))
    assert (await start(third, "call-1"))["conversation_id"] == known
    # A conversation of a database that is gone: the call begins anew instead of being lost.
    assert (await start(third, "call-2", conversation_id="01GONE"))["conversation_id"] not in (known, "01GONE")
    await third.send_json({"type": "alive", "call_id": "", "calls": ["call-1", "call-2", "unknown"]})
    end = {"type": "call_ended", "call_id": "never", "reason": "error", "recording": None, "caller": "13900001234"}
    await third.send_json({**end, "callback_number": "13800138000"})
    assert (await third.receive_json(timeout=5))["type"] == "ended"
    await third.send_json({**end, "call_id": "full", "reason": "overload"})
    assert (await third.receive_json(timeout=5))["type"] == "ended"
    assert small.missed == [
        ("never", "13900001234", "13800138000", "missed"),
        ("full", "13900001234", None, "overload"),
    ], "a call that we never heard of is a contact too"
    assert known in small.heard_ids and len(small.heard_ids) == 2
    await second.close()
    await third.close()


async def test_an_end_that_is_told_after_a_restart_of_the_phone_reaches_its_conversation(
    client: Client, core: Core, small: SmallConversations
) -> None:
    first = await client.ws_connect("/internal/phone", headers=bearer(core))
    known = (await start(first, "call-1"))["conversation_id"]
    await first.close()
    second = await client.ws_connect("/internal/phone", headers=bearer(core))
    await second.send_json({"type": "call_ended", "call_id": "call-1", "reason": "error", "recording": None})
    assert (await second.receive_json(timeout=5))["type"] == "ended"
    assert small.status[known] == "ended"
    await second.close()


async def test_only_the_phone_may_connect(client: Client, core: Core) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic x"}):
        with pytest.raises(WSServerHandshakeError) as refused:
            await client.ws_connect("/internal/phone", headers=headers)
        assert refused.value.status == 401
        assert (await client.get("/internal/calls/x", headers=headers)).status == 401
    assert (await client.get("/internal/calls/x", headers=bearer(core))).status == 404
    assert stat.S_IMODE(token_path(core.settings).stat().st_mode) == 0o600


async def test_the_phones_counters_are_shown_and_nonsense_is_not(
    phone: ClientWebSocketResponse, client: Client
) -> None:
    good = (
        "# HELP hotline_phone_calls_total Calls\n# TYPE hotline_phone_calls_total counter\n"
        'hotline_phone_calls_total{reason="x"} 3.0\n'
        "# TYPE hotline_phone_recognition_seconds histogram\n"
        'hotline_phone_recognition_seconds_bucket{le="+Inf"} 2.0\nhotline_phone_recognition_seconds_count 2.0\n'
        "hotline_phone_recognition_seconds_sum 0.9\n"
    )
    await phone.send_json({"type": "metrics", "call_id": "", "text": good})
    await phone.send_json({"type": "metrics", "call_id": "", "text": 'other_total{a="b"} 1\n'})
    assert (await phone.receive_json(timeout=5))["type"] == "error"
    await phone.send_json({"type": "explode", "call_id": "x"})
    assert (await phone.receive_json(timeout=5))["code"] == "unknown_type"
    shown = await (await client.get("/metrics")).text()
    assert 'hotline_phone_calls_total{phone="1",reason="x"} 3.0' in shown
    assert 'hotline_phone_recognition_seconds_sum{phone="1"} 0.9' in shown
    assert "other_total" not in shown and "hotline_phone_links 1.0" in shown


async def test_metrics_hold_no_personal_data(phone: ClientWebSocketResponse, client: Client) -> None:
    await start(phone, "call-13900001234")
    await phone.send_json(turn("call-13900001234", "t1", "我的电话是13900001234"))
    await phone.receive_json(timeout=5)
    shown = await (await client.get("/metrics")).text()
    assert "1390000" not in shown and "hotline_calls_now 1.0" in shown
    assert 'hotline_contacts_open{channel="phone",status="open"} 1.0' in shown
