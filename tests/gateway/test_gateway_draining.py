"""A node that drains: pages are sent elsewhere, nothing new is taken, the phone keeps its link."""

from __future__ import annotations

from aiohttp import WSCloseCode, WSMsgType
from gateway_helpers import Client, Connect, SmallConversations, origin, until

from gateway.core import Core
from gateway.draining import drain
from gateway.internal import ensure_token


async def test_pages_are_sent_elsewhere_and_calls_stay(
    client: Client, connect: Connect, core: Core, small: SmallConversations
) -> None:
    core.parts["conversations"].ok = True
    assert (await client.get("/readyz")).status == 200
    page = await client.ws_connect("/ws/chat", headers=origin(client))
    await page.send_json({"type": "hello", "conversation_id": None, "after_seq": 0})
    known = (await until(page, "welcome"))["conversation_id"]
    phone = await client.ws_connect(
        "/internal/phone", headers={"Authorization": f"Bearer {ensure_token(core.settings)}"}
    )
    await phone.send_json({"type": "call_started", "call_id": "call-1", "caller": None, "leg": "sip"})
    await until(phone, "opened")

    app = client.server.app  # type: ignore[attr-defined]
    drain(app)
    drain(app)
    message = await page.receive(timeout=60)
    while message.type is WSMsgType.TEXT:
        message = await page.receive(timeout=60)
    assert message.type is WSMsgType.CLOSE and message.data == WSCloseCode.SERVICE_RESTART
    body = {"conversation_id": known, "text": "你好", "channel": "web", "client_message_id": "m1"}
    refused = await (await connect()).post("/api/v1/chat", json=body)
    assert refused.status == 503 and refused.headers["Retry-After"] == "1"
    assert (await refused.json())["error"]["code"] == "draining"
    assert (await client.get("/readyz")).status == 503
    assert (await client.get("/healthz")).status == 200

    turn = {"turn_id": "t1", "kind": "speech", "text": "你好", "confidence": 0.9, "unplayed": "", "meta": {}}
    await phone.send_json({"type": "turn", "call_id": "call-1", **turn})
    assert (await until(phone, "reply"))["turn_id"] == "t1", "the call goes on"
    await phone.close()
