"""Whatever comes in: a clear error for that one caller, nothing else touched, nothing lost."""

from __future__ import annotations

import asyncio
import socket as plain_socket
from typing import Any

import pytest
from gateway_helpers import Client, SmallConversations

from base.clock import ManualClock

HEADERS = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"\xff\xfe{}",
        b'{"text": "\\ud800"}',
        b'{"text": NaN}',
        b"[" * 20_000,
        b"{}",
        b'{"text": 5}',
        b'{"text": ""}',
        b'{"text": "\\u0000\\u0007 \\n"}',
        b'{"text": "a", "channel": "phone"}',
        b'{"text": "a", "conversation_id": 5}',
        b'{"text": "a", "client_message_id": ""}',
        b'{"text": "a", "client_message_id": "a\\u0000b"}',
        b'{"text": "a", "conversation_id": "' + b"x" * 65 + b'"}',
    ],
)
async def test_a_body_that_is_no_message_is_refused(client: Client, small: SmallConversations, body: bytes) -> None:
    response = await client.post("/api/v1/chat", data=body, headers=HEADERS)
    answer = await response.json()
    assert response.status == 400, answer
    assert set(answer["error"]) == {"code", "message"} and answer["error"]["message"]
    assert small.said == []


async def test_a_megabyte_of_text_is_too_large_and_the_next_message_is_served(client: Client) -> None:
    response = await client.post("/api/v1/chat", json={"text": "长" * 350_000})
    assert (response.status, (await response.json())["error"]["code"]) == (413, "too_large")
    response = await client.post("/api/v1/chat", json={"text": "长" * 1_001})
    assert (response.status, (await response.json())["error"]["code"]) == (413, "text_too_long")
    assert (await client.post("/api/v1/chat", json={"text": "你好"})).status == 200


async def test_a_megabyte_on_the_socket_ends_that_socket_only(client: Client) -> None:
    other = await client.ws_connect("/ws/chat")
    loud = await client.ws_connect("/ws/chat")
    await loud.send_str('{"type":"hello","pad":"' + "x" * 1_000_000 + '"}')
    message = await loud.receive(timeout=5)
    assert loud.close_code == 1009, message
    await other.send_json({"type": "hello", "conversation_id": None, "after_seq": 0})
    assert (await other.receive_json(timeout=5))["type"] == "welcome"
    await other.close()


async def test_control_characters_are_taken_out_and_hostile_words_are_words(
    client: Client, small: SmallConversations
) -> None:
    hostile = "'; DROP TABLE orders; --<script>alert(1)</script>\u202e\x00\x1b[31m"
    response = await client.post("/api/v1/chat", json={"text": hostile})
    assert response.status == 200
    assert small.said[0].text == "'; DROP TABLE orders; --<script>alert(1)</script>[31m"
    assert (await response.json())["replies"][0]["text"].endswith("<script>alert(1)</script>[31m")
    assert response.headers["Content-Type"].startswith("application/json")
    assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_the_socket_answers_nonsense_and_goes_on(client: Client) -> None:
    socket = await client.ws_connect("/ws/chat")
    for nonsense in ("{", "[]", "{}", '{"type": 5}', '{"type": "explode"}', '{"type":"hello","after_seq":-1}'):
        await socket.send_str(nonsense)
        assert (await socket.receive_json(timeout=5))["type"] == "error"
    await socket.send_json({"type": "message", "text": "没有打招呼", "client_message_id": "m"})
    assert (await socket.receive_json(timeout=5))["code"] == "hello_first"
    await socket.send_bytes(b"\x00")
    assert (await socket.receive_json(timeout=5))["type"] == "error"
    await socket.send_json({"type": "hello", "conversation_id": None, "after_seq": 0})
    assert (await socket.receive_json(timeout=5))["type"] == "welcome"
    await socket.close()


async def test_errors_are_json_in_chinese_with_headers(client: Client) -> None:
    for method, path, status in (
        ("GET", "/nowhere", 404),
        ("GET", "/api/v1/chat", 405),
        ("PUT", "/api/v1/chat", 405),
        ("GET", "/api/v1/knowledge/search", 400),
        ("GET", "/api/v1/knowledge/search?q=a&limit=999", 400),
        ("GET", "/assets/../../etc/passwd", 404),
        ("GET", "/assets/%2e%2e/%2e%2e/config.yml", 404),
    ):
        response = await client.request(method, path)
        assert response.status == status, path
        error: dict[str, Any] = (await response.json())["error"]
        assert any("\u4e00" <= character <= "\u9fff" for character in error["message"])
        assert "default-src 'self'" in response.headers["Content-Security-Policy"]
        assert "Access-Control-Allow-Origin" not in response.headers
        assert len(response.headers["X-Trace-Id"]) == 32


async def test_an_unforeseen_failure_tells_nothing_of_the_inside(client: Client, small: SmallConversations) -> None:
    small.failure = RuntimeError("column 13900001234 of table x")
    response = await client.post("/api/v1/chat", json={"text": "你好"})
    assert response.status == 500 and "1390" not in await response.text()


async def test_raw_garbage_on_the_port_touches_nobody_else(client: Client) -> None:
    def shout() -> bytes:
        with plain_socket.create_connection((client.host, client.port), timeout=5) as line:
            line.sendall(b"\x16\x03\x01\x02\x00garbage\r\n\r\n")
            return line.recv(4096)

    answer = await asyncio.to_thread(shout)
    assert b"400" in answer.split(b"\r\n", 1)[0]
    assert (await client.get("/healthz")).status == 200


async def test_one_address_cannot_flood(client: Client, clock: ManualClock) -> None:
    seen = [(await client.get("/api/v1/knowledge/search?q=居住证")).status for _ in range(1_201)]
    assert seen[0] == 200 and seen[-1] == 429
    assert (await client.get("/healthz")).status == 200
    clock.advance(60)
    assert (await client.get("/api/v1/knowledge/search?q=居住证")).status == 200
