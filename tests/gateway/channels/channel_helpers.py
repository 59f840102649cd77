"""A channel as its keeper sees it: signs requests, and takes what is pushed."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestServer
from messenger_node import Node

from base.clock import ManualClock
from gateway.channels import registry

MESSAGES = "/api/v1/channel/messages"
MEDIA = "/api/v1/channel/media"


def mac(secret: str, *parts: str, body: bytes) -> str:
    """By the words of `docs/channel-api.md`, not by our own code."""
    head = "".join(f"{part}\n" for part in parts).encode()
    return hmac.new(secret.encode(), head + body, hashlib.sha256).hexdigest()


@dataclass
class Keeper:
    """Whoever keeps one channel."""

    node: Node
    clock: ManualClock
    name: str
    secret: str
    numbers: Any = field(default_factory=lambda: itertools.count(1))

    def headers(self, method: str, path: str, body: bytes, **changes: str) -> dict[str, str]:
        timestamp = changes.pop("timestamp", str(int(self.clock.now().timestamp())))
        nonce = changes.pop("nonce", f"nonce-{self.name}-{next(self.numbers):06}")
        return {
            "X-Hotline-Channel": self.name,
            "X-Hotline-Timestamp": timestamp,
            "X-Hotline-Nonce": nonce,
            "X-Hotline-Signature": mac(self.secret, timestamp, nonce, method, path, body=body),
            **changes,
        }

    async def get(self, path: str, **query: Any) -> ClientResponse:
        params = {name: str(value) for name, value in query.items()}
        return await self.node.client.get(path, params=params, headers=self.headers("GET", path, b""))

    async def post(self, path: str, body: dict[str, Any], **changes: str) -> ClientResponse:
        raw = json.dumps(body, ensure_ascii=False).encode()
        return await self.node.client.post(path, data=raw, headers=self.headers("POST", path, raw, **changes))

    async def sends(self, user_id: str = "citizen-1", message_id: str = "", **fields: Any) -> ClientResponse:
        message_id = message_id or f"wb-{next(self.numbers)}"
        response = await self.post(MESSAGES, {"message_id": message_id, "user_id": user_id, **fields})
        await self.node.settled()
        return response

    async def says(self, text: str, user_id: str = "citizen-1", message_id: str = "") -> None:
        response = await self.sends(user_id, message_id, text=text)
        assert response.status == 202, await response.text()

    async def uploads(self, content: bytes, **changes: str) -> ClientResponse:
        digest = changes.pop("digest", hashlib.sha256(content).hexdigest())
        headers = self.headers("POST", MEDIA, digest.encode(), **changes)
        return await self.node.client.post(MEDIA, data=content, headers={**headers, "X-Hotline-Content-SHA256": digest})

    async def fetched(self) -> list[dict[str, Any]]:
        response = await self.get(MESSAGES, limit=100)
        assert response.status == 200, await response.text()
        found: list[dict[str, Any]] = (await response.json())["messages"]
        return found


@dataclass
class Receiver:
    """What a channel's address takes; `refuse` decides what is answered to a message instead of taking it."""

    secret: str = ""
    url: str = ""
    taken: list[dict[str, Any]] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)
    refuse: Callable[[dict[str, Any]], int] | None = None

    async def take(self, request: web.Request) -> web.Response:
        body, headers = await request.read(), request.headers
        message_id, timestamp = headers["X-Hotline-Message-Id"], headers["X-Hotline-Timestamp"]
        assert headers["X-Hotline-Signature"] == mac(self.secret, timestamp, message_id, body=body)
        message = json.loads(body)
        assert message["id"] == message_id
        self.tried.append(message_id)
        if self.refuse is not None and (status := self.refuse(message)):
            return web.Response(status=status)
        self.taken.append(message)
        return web.json_response({"id": message_id})

    def texts(self, user_id: str = "citizen-1") -> list[str]:
        return [message["text"] for message in self.taken if message["user_id"] == user_id]

    def server(self) -> TestServer:
        app = web.Application()
        app.router.add_post("/hotline", self.take)
        return TestServer(app)


async def keeper(node: Node, clock: ManualClock, name: str = "weibo", *, url: str = "", rate: int = 600) -> Keeper:
    secret = await registry.add(
        node.core.database, name, title="微博", url=url, messages_a_minute=rate, now=clock.now()
    )
    return Keeper(node, clock, name, secret)


async def deliver(node: Node) -> None:
    """What the background work does: look, and push what is due."""
    assert node.messengers.channels is not None
    await node.send()
    await node.messengers.channels.courier.settled()
