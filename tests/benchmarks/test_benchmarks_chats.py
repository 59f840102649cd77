"""The bench of many chats sees what a server loses, doubles or leaves unanswered."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from benchmarks.chats import Tally, level


class SmallServer:
    """Speaks as `/ws/chat` does and keeps what was said; `keep` tells how often a message with an id is stored."""

    def __init__(self, keep: Callable[[str], int], *, answers: Callable[[str], int] = lambda message_id: 1) -> None:
        self.keep, self.answers = keep, answers
        self.said: dict[str, list[str]] = {}

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        conversation_id = ""
        async for frame in socket:
            message: dict[str, Any] = frame.json()
            if message["type"] == "hello":
                conversation_id = message["conversation_id"] or f"c{len(self.said)}"
                turns = self.said.setdefault(conversation_id, [])
                transcript = [{"role": "citizen", "client_message_id": message_id} for message_id in turns]
                welcome = {"type": "welcome", "conversation_id": conversation_id, "transcript": transcript}
                await socket.send_json(welcome)
                continue
            message_id, turns = message["client_message_id"], self.said[conversation_id]
            if message_id not in turns:
                turns += [message_id] * self.keep(message_id)
            ended = "closed" if message_id.endswith("-3") else None
            for _ in range(self.answers(message_id)):
                reply = {"type": "reply", "in_reply_to": message_id, "asking": None, "outcome": ended}
                await socket.send_json(reply)
        return socket


async def tally(small: SmallServer, drops: float) -> Tally:
    options = argparse.Namespace(think_seconds=0.001, drops=drops, ramp_seconds=0.0)
    app = web.Application()
    app.router.add_get("/ws/chat", small.serve)
    server = TestServer(app)
    await server.start_server()
    try:
        return await level(str(server.make_url("")).rstrip("/"), 5, options)
    finally:
        await server.close()


async def test_a_good_server_loses_and_doubles_nothing() -> None:
    seen = await tally(SmallServer(lambda message_id: 1), 0.3)
    assert (seen.lost, seen.doubled, seen.unanswered, dict(seen.refused)) == (0, 0, 0, {})
    assert seen.sent == 5 * 4 == len(seen.delays) and seen.sent_again > 0
    assert seen.outcomes == {"closed": 5} and seen.most_at_once == 5 and seen.at_once == 0


@pytest.mark.parametrize(
    ("small", "found"),
    [
        (SmallServer(lambda message_id: 0 if message_id.endswith("-1") else 1), (5, 0)),
        (SmallServer(lambda message_id: 2 if message_id.endswith("-2") else 1), (0, 5)),
        (SmallServer(lambda message_id: 1, answers=lambda message_id: 2 if message_id.endswith("-1") else 1), (0, 5)),
    ],
    ids=["loses", "stores twice", "answers twice"],
)
async def test_a_bad_one_is_found_out(small: SmallServer, found: tuple[int, int]) -> None:
    seen = await tally(small, 0.0)
    assert (seen.lost, seen.doubled) == found
