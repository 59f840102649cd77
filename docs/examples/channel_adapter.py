"""An example of a door of one's own (docs/channel-api.md): between some platform and the hotline's channel API.

The platform calls POST /citizen with {"id", "user", "text"} when somebody has written; we call its PLATFORM_URL with
{"id", "user", "text"} when there is something to say. Change those two for Weibo, an app or a portal; the rest stays.

    HOTLINE_URL=https://12345.example.cn CHANNEL=weibo SECRET=… PLATFORM_URL=https://… python channel_adapter.py
    hotline channel address weibo https://adapter.example.cn/hotline
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os
import secrets
import time
from collections import OrderedDict
from typing import Any

from aiohttp import ClientError, ClientSession, web

HOTLINE_URL, PLATFORM_URL = os.environ["HOTLINE_URL"].rstrip("/"), os.environ["PLATFORM_URL"]
CHANNEL, SECRET = os.environ["CHANNEL"], os.environ["SECRET"].encode()
MESSAGES = "/api/v1/channel/messages"
OLDEST_SECONDS, REMEMBERED, TRIES = 300, 10_000, 6


def hexadecimal(*parts: str, body: bytes) -> str:
    return hmac.new(SECRET, "".join(f"{part}\n" for part in parts).encode() + body, hashlib.sha256).hexdigest()


async def tell_hotline(client: ClientSession, message: dict[str, Any]) -> bool:
    """True: the hotline has it. Sent again, it is known by its `message_id`; each try is signed anew."""
    body = json.dumps(message, ensure_ascii=False).encode()
    for attempt in range(TRIES):
        timestamp, nonce = str(int(time.time())), secrets.token_hex(16)
        headers = {
            "X-Hotline-Channel": CHANNEL,
            "X-Hotline-Timestamp": timestamp,
            "X-Hotline-Nonce": nonce,
            "X-Hotline-Signature": hexadecimal(timestamp, nonce, "POST", MESSAGES, body=body),
        }
        pause = 0.5 * 2**attempt
        try:
            async with client.post(HOTLINE_URL + MESSAGES, data=body, headers=headers) as response:
                if response.status == 202:
                    return True
                if response.status != 429 and response.status < 500:
                    print(f"refused: {response.status} {await response.text()}", flush=True)
                    return False
                pause = float(response.headers.get("Retry-After", pause))
        except (ClientError, TimeoutError):
            pass  # the hotline is away: once more
        await asyncio.sleep(pause)
    return False


async def from_platform(request: web.Request) -> web.Response:
    said = await request.json()
    message = {"message_id": said["id"], "user_id": said["user"], "type": "text", "text": said["text"]}
    taken = await tell_hotline(request.app[CLIENT], message)
    return web.json_response({"taken": taken}, status=200 if taken else 502)  # the platform may call again


async def from_hotline(request: web.Request) -> web.Response:
    body, headers = await request.read(), request.headers
    timestamp, message_id = headers.get("X-Hotline-Timestamp", ""), headers.get("X-Hotline-Message-Id", "")
    shown = headers.get("X-Hotline-Signature", "")
    if not hmac.compare_digest(hexadecimal(timestamp, message_id, body=body), shown):
        raise web.HTTPUnauthorized
    if abs(time.time() - int(timestamp)) > OLDEST_SECONDS:
        raise web.HTTPUnauthorized
    message, told = json.loads(body), request.app[TOLD]
    if message_id not in told:  # it may come twice
        passed_on = {"id": message_id, "user": message["user_id"], "text": message["text"]}
        async with request.app[CLIENT].post(PLATFORM_URL, json=passed_on) as response:
            response.raise_for_status()  # then the hotline tries again
        told[message_id] = None
        while len(told) > REMEMBERED:
            told.popitem(last=False)
    return web.json_response({"id": message_id})


CLIENT: web.AppKey[ClientSession] = web.AppKey("client", ClientSession)
TOLD: web.AppKey[OrderedDict[str, None]] = web.AppKey("told", OrderedDict)


async def build() -> web.Application:
    app = web.Application()
    app[CLIENT], app[TOLD] = ClientSession(), OrderedDict()
    app.on_cleanup.append(lambda app: app[CLIENT].close())
    app.add_routes([web.post("/citizen", from_platform), web.post("/hotline", from_hotline)])
    return app


if __name__ == "__main__":
    web.run_app(build(), host=os.environ.get("HOST", "127.0.0.1"), port=int(os.environ.get("PORT", "8400")))
