"""An identity provider for the tests: real HTTP, its own keys, and every way of lying that a test asks for."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _number(value: int) -> str:
    return b64(value.to_bytes((value.bit_length() + 7) // 8))


@dataclass
class StandInProvider:
    """`claims` of whoever logs in; `lies` replace what the ID token says, `head` its header."""

    client_id: str = "hotline"
    client_secret: str = "a-secret-of-the-client"
    claims: dict[str, Any] = field(default_factory=lambda: {"sub": "u1", "preferred_username": "zhang", "name": "张三"})
    lies: dict[str, Any] = field(default_factory=dict)
    head: dict[str, Any] = field(default_factory=dict)
    key_id: str = "k1"
    issuer: str = ""
    now: float = 0.0
    codes: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    exchanged: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.published = [self.public(self.key, self.key_id)]

    @staticmethod
    def public(key: rsa.RSAPrivateKey, key_id: str) -> dict[str, str]:
        numbers = key.public_key().public_numbers()
        return {"kty": "RSA", "kid": key_id, "use": "sig", "n": _number(numbers.n), "e": _number(numbers.e)}

    def new_key(self, key_id: str) -> None:
        self.key, self.key_id = rsa.generate_private_key(public_exponent=65537, key_size=2048), key_id
        self.published = [self.public(self.key, key_id)]

    def token(self, nonce: str) -> str:
        claims = {
            "iss": self.issuer,
            "aud": self.client_id,
            "nonce": nonce,
            "iat": self.now,
            "exp": self.now + 300,
            **self.claims,
            **self.lies,
        }
        head = {"alg": "RS256", "kid": self.key_id, **self.head}
        signed = f"{b64(json.dumps(head).encode())}.{b64(json.dumps(claims).encode())}"
        signature = self.key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{b64(signature)}"

    def authorise(self, address: str) -> str:
        """What the person's click on "yes" does: the address to which the browser is sent back."""
        asked = parse_qs(urlsplit(address).query)
        assert asked["response_type"] == ["code"] and asked["code_challenge_method"] == ["S256"]
        code = f"code-{len(self.codes) + 1}"
        self.codes[code] = asked
        return f"{asked['redirect_uri'][0]}?code={code}&state={asked['state'][0]}"

    async def serve(self) -> TestServer:
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self._describe)
        app.router.add_get("/keys", self._publish)
        app.router.add_post("/token", self._exchange)
        server = TestServer(app)
        await server.start_server()
        self.issuer = str(server.make_url("")).rstrip("/")
        return server

    async def _describe(self, _: web.Request) -> web.Response:
        names = {"authorization_endpoint": "authorise", "token_endpoint": "token", "jwks_uri": "keys"}
        told = {name: f"{self.issuer}/{path}" for name, path in names.items()}
        return web.json_response({"issuer": self.issuer, **told})

    async def _publish(self, _: web.Request) -> web.Response:
        return web.json_response({"keys": self.published})

    async def _exchange(self, request: web.Request) -> web.Response:
        form = await request.post()
        asked = self.codes.pop(str(form["code"]), None)  # a code is good once
        given = base64.b64decode(request.headers["Authorization"].removeprefix("Basic ")).decode()
        proof = b64(hashlib.sha256(str(form["code_verifier"]).encode()).digest())
        right = (
            asked is not None
            and given == f"{self.client_id}:{self.client_secret}"
            and form["redirect_uri"] == asked["redirect_uri"][0]
            and proof == asked["code_challenge"][0]
        )
        if asked is None or not right:
            return web.json_response({"error": "invalid_grant"}, status=400)
        self.exchanged.append(str(form["code"]))
        return web.json_response({"id_token": self.token(asked["nonce"][0]), "token_type": "Bearer"})
