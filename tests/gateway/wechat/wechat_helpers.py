"""A citizen in WeChat, as WeChat's servers stand for them, and the cores that they write to."""

from __future__ import annotations

import base64
import itertools
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientResponse
from messenger_node import ANSWER as ANSWER
from messenger_node import Node as Node
from messenger_node import Understander as Understander
from messenger_node import open_node as open_node

from base.clock import ManualClock
from gateway.wechat import xml
from gateway.wechat.crypto import MessageCrypto, signature

APP_ID, TOKEN, SECRET = "wx0123456789abcdef", "callback-token", "app-secret"
CORP_ID, CORP_SECRET = "ww0123456789abcdef", "corp-secret"
AES_KEY = base64.b64encode(bytes(range(1, 33))).decode()[:43]
CRYPTO = MessageCrypto(TOKEN, AES_KEY, APP_ID)
KF_CRYPTO = MessageCrypto(TOKEN, AES_KEY, CORP_ID)


@dataclass
class Citizen:
    """Writes to an Official Account: signs and seals as WeChat does, and opens the answers."""

    node: Node
    clock: ManualClock
    user_id: str = "o_citizen_0001"
    sealed: bool = True
    numbers: Any = field(default_factory=lambda: itertools.count(7_000_000_000))

    def message(self, kind: str = "text", **fields: str) -> dict[str, str]:
        own = {} if kind == "event" else {"MsgId": str(next(self.numbers))}
        created = str(int(self.clock.now().timestamp()))
        base = {"ToUserName": "gh_hotline", "FromUserName": self.user_id, "CreateTime": created, "MsgType": kind}
        return {**base, **own, **fields}

    async def post(self, fields: dict[str, str], *, node: Node | None = None, **query: str) -> ClientResponse:
        """One delivery."""
        inner = "".join(f"<{name}>{xml.cdata(value)}</{name}>" for name, value in fields.items())
        return await self.post_raw(f"<xml>{inner}</xml>".encode(), node=node, **query)

    async def post_raw(self, message: bytes, *, node: Node | None = None, **query: str) -> ClientResponse:
        timestamp, nonce = str(int(self.clock.now().timestamp())), "n-1"
        params = {"timestamp": timestamp, "nonce": nonce, "signature": signature(TOKEN, timestamp, nonce)}
        if self.sealed:
            ciphertext, sign = CRYPTO.seal(message, timestamp=timestamp, nonce=nonce)
            message = f"<xml><ToUserName>gh</ToUserName><Encrypt>{xml.cdata(ciphertext)}</Encrypt></xml>".encode()
            params |= {"encrypt_type": "aes", "msg_signature": sign}
        client = (node or self.node).client
        return await client.post("/wechat/callback", params={**params, **query}, data=message)

    async def says(self, text: str, *, node: Node | None = None) -> str:
        """A text message; what is answered in the response, empty for nothing."""
        return await self.sends(self.message("text", Content=text), node=node)

    async def sends(self, fields: dict[str, str], *, node: Node | None = None) -> str:
        response = await self.post(fields, node=node)
        assert response.status == 200, await response.text()
        return self.read(await response.read())

    def read(self, body: bytes) -> str:
        if body == b"success":
            return ""
        fields = xml.parse(body)
        if self.sealed:
            message = CRYPTO.open(
                fields["Encrypt"],
                timestamp=fields["TimeStamp"],
                nonce=fields["Nonce"],
                msg_signature=fields["MsgSignature"],
            )
            fields = xml.parse(message)
        assert fields["ToUserName"] == self.user_id and fields["MsgType"] == "text"
        assert len(fields["Content"].encode()) <= 2_048
        return fields["Content"]
