"""Logging in through an identity provider that speaks real HTTP, and what it or a stranger could get wrong."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import ClientResponse
from gateway_helpers import Client, Connect, SmallConversations
from oidc_provider import StandInProvider, b64

from base.clock import ManualClock
from base.errors import ConfigurationError
from base.sections.security import OidcSettings
from base.settings import Settings
from gateway.core import Core
from gateway.oidc.api import FLOW_COOKIE
from gateway.oidc.claims import person_of
from gateway.oidc.provider import Provider
from gateway.oidc.tokens import Expected, TokenError, verified_claims
from gateway.seat_auth import COOKIE

_START, _RETURN = "/api/v1/seat/oidc/start", "/api/v1/seat/oidc/return"

# RFC 7515, appendix A.2 (RS256): key, and what was signed with it.
_RSA_KEY = {
    "kty": "RSA",
    "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS"
    "-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xs"
    "mtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
    "e": "AQAB",
}
_RSA_SIGNED = (
    "eyJhbGciOiJSUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
)
_RSA_SIGNATURE = (
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQ"
    "jbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqt"
    "FZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
)
# Appendix A.3 (ES256).
_EC_KEY = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
_EC_SIGNED = _RSA_SIGNED.replace("eyJhbGciOiJSUzI1NiJ9", "eyJhbGciOiJFUzI1NiJ9")
_EC_SIGNATURE = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
_JOE = Expected("joe", "hotline", "n")


@pytest.mark.parametrize(
    ("key", "signed", "signature"), [(_RSA_KEY, _RSA_SIGNED, _RSA_SIGNATURE), (_EC_KEY, _EC_SIGNED, _EC_SIGNATURE)]
)
def test_signatures_of_rfc_7515(key: dict[str, str], signed: str, signature: str) -> None:
    """They hold, so that what is refused is what the token says (it is not for us); changed by a byte they do not."""
    with pytest.raises(TokenError, match="another program"):
        verified_claims(f"{signed}.{signature}", [key], _JOE, now_seconds=1_300_819_379)
    changed = signature[:10] + ("A" if signature[10] != "A" else "B") + signature[11:]
    with pytest.raises(TokenError, match="signature"):
        verified_claims(f"{signed}.{changed}", [key], _JOE, now_seconds=1_300_819_379)
    with pytest.raises(TokenError, match="signature"):
        verified_claims(f"{signed[:-4]}AAAA.{signature}", [key], _JOE, now_seconds=1_300_819_379)


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "RS512", "", None, ["RS256"]])
def test_no_other_algorithm_is_taken(algorithm: Any) -> None:
    head = b64(json.dumps({"alg": algorithm}).encode())
    for token in (f"{head}.{_RSA_SIGNED.split('.')[1]}.", f"{head}.{_RSA_SIGNED.split('.')[1]}.{_RSA_SIGNATURE}"):
        with pytest.raises(TokenError):
            verified_claims(token, [_RSA_KEY], _JOE, now_seconds=0)


@pytest.fixture
async def provider(settings: Settings, clock: ManualClock) -> AsyncIterator[StandInProvider]:
    stand_in = StandInProvider(now=clock.now().timestamp())
    stand_in.claims["roles"] = ["staff", "12345-seat"]
    server = await stand_in.serve()
    settings.oidc = OidcSettings(
        issuer=stand_in.issuer,
        client_id=stand_in.client_id,
        client_secret=stand_in.client_secret,
        roles={"12345-admin": "admin", "12345-seat": "seat", "12345-unit": "unit"},
        unit_claim="department",
    )
    yield stand_in
    await server.close()


@pytest.fixture
async def core(provider: StandInProvider, core: Core) -> Core:
    """Made after the provider, whose address is in the settings."""
    return core


async def _start(client: Client, to: str = "/seat") -> str:
    answer = await client.get(_START, params={"to": to}, allow_redirects=False)
    assert answer.status == 302
    return answer.headers["Location"]


async def _back(client: Client, address: str) -> ClientResponse:
    parts = urlsplit(address)
    return await client.get(f"{parts.path}?{parts.query}", allow_redirects=False)


async def _log_in(client: Client, provider: StandInProvider) -> ClientResponse:
    return await _back(client, provider.authorise(await _start(client)))


async def test_whoever_has_a_role_at_the_provider_has_it_here(
    connect: Connect, core: Core, small: SmallConversations, provider: StandInProvider
) -> None:
    client = await connect()
    ways = await (await client.get("/api/v1/seat/login/ways")).json()
    assert ways["provider"] == {"label": "统一身份认证登录", "start": _START}
    answer = await _log_in(client, provider)
    assert (answer.status, answer.headers["Location"]) == (302, "/seat")
    me = await (await client.get("/api/v1/seat/me")).json()
    assert (me["role"], me["display_name"]) == ("seat", "张三")
    assert await core.seats.verify("zhang", "") is None
    first = await core.seats.by_external_id(f"{provider.issuer}|u1")
    provider.claims.update(preferred_username="zhang.san", roles="12345-admin")
    again = await connect()
    await _log_in(again, provider)
    assert (await (await again.get("/api/v1/seat/me")).json())["role"] == "admin"
    assert first is not None and [one.id for one in await core.seats.accounts()] == [first.id]
    assert (await client.get("/api/v1/seat/me")).status == 401  # what was open with the old role has ended
    assert [entry.action for entry in await core.audit.entries(subject=first.id)] == [
        "login",
        "account.role",
        "login",
        "account.added",
    ]


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"roles": ["staff"]}, "no_role"),
        ({"roles": None}, "no_role"),
        ({"roles": ["12345-unit"]}, "no_role"),  # without its unit
        ({"preferred_username": "ann"}, "no_role"),  # an account of ours has this login: it is not taken over
    ],
)
async def test_whoever_has_none_is_told_so(
    connect: Connect,
    core: Core,
    small: SmallConversations,
    provider: StandInProvider,
    claims: dict[str, Any],
    why: str,
) -> None:
    await core.seats.add("ann", "a-long-password")
    provider.claims.update(claims)
    client = await connect()
    assert (await _log_in(client, provider)).headers["Location"] == f"/seat#login={why}"
    assert (await client.get("/api/v1/seat/me")).status == 401
    assert (await core.audit.entries(limit=1))[0].detail == {"provider": why}


@pytest.mark.parametrize(
    "lies",
    [
        {"iss": "https://evil.example"},
        {"aud": "another-program"},
        {"aud": ["hotline", "another-program"]},  # and none of them the one it was made for
        {"nonce": "of-another-login"},
        {"exp": 0},
        {"exp": None},
        {"exp": True},
        {"iat": 99_999_999_999},
        {"sub": ""},
    ],
)
async def test_a_token_that_is_not_for_this_login_opens_nothing(
    connect: Connect, core: Core, small: SmallConversations, provider: StandInProvider, lies: dict[str, Any]
) -> None:
    provider.lies = lies
    client = await connect()
    assert (await _log_in(client, provider)).headers["Location"] == "/seat#login=unavailable"
    assert (await client.get("/api/v1/seat/me")).status == 401 and await core.seats.accounts() == []


async def test_a_flow_belongs_to_the_browser_that_began_it_and_ends_soon(
    connect: Connect, core: Core, small: SmallConversations, provider: StandInProvider, clock: ManualClock
) -> None:
    ann, eve = await connect(), await connect()
    address = provider.authorise(await _start(ann))
    assert (await _back(eve, address)).headers["Location"] == "/seat#login=expired"  # login CSRF
    await _start(eve)
    assert (await _back(eve, address)).headers["Location"] == "/seat#login=expired"
    forged = address.replace("state=", "state=x")
    assert (await _back(ann, forged)).headers["Location"] == "/seat#login=expired"
    address = provider.authorise(await _start(ann))
    assert (await _back(ann, address)).headers["Location"] == "/seat"
    assert (await _back(ann, address)).headers["Location"] == "/seat#login=expired"  # once
    address = provider.authorise(await _start(ann))
    clock.advance(601)
    assert (await _back(ann, address)).headers["Location"] == "/seat#login=expired"
    refused = await ann.get(_RETURN, params={"error": "access_denied"}, allow_redirects=False)
    assert refused.headers["Location"] == "/seat#login=expired"
    assert provider.exchanged == ["code-2"]


async def test_what_leaves_for_the_provider(
    connect: Connect, core: Core, small: SmallConversations, provider: StandInProvider
) -> None:
    client = await connect()
    first, second = [parse_qs(urlsplit(await _start(client, "https://evil.example")).query) for _ in range(2)]
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name][0]) >= 43 and first[name] != second[name]
    kept = {cookie.key: cookie for cookie in client.session.cookie_jar}[FLOW_COOKIE]
    assert first["state"][0] not in kept.value and kept["httponly"] and kept["samesite"] == "Lax"
    answer = await _back(client, provider.authorise(await _start(client, "https://evil.example")))
    assert answer.headers["Location"] == "/seat"  # never to a page that is not ours
    assert "SameSite=Strict" in next(
        told for told in answer.headers.getall("Set-Cookie") if told.startswith(f"{COOKIE}=")
    )


async def test_the_provider_may_change_its_keys_and_nobody_else_may(
    connect: Connect, core: Core, small: SmallConversations, provider: StandInProvider, clock: ManualClock
) -> None:
    client = await connect()
    await _log_in(client, provider)
    clock.advance(61)
    provider.now = clock.now().timestamp()
    provider.new_key("k2")
    assert (await _log_in(client, provider)).headers["Location"] == "/seat"
    stranger = StandInProvider()
    provider.key = stranger.key  # signs as k2, with a key that is not k2
    assert (await _log_in(client, provider)).headers["Location"] == "/seat#login=unavailable"


def test_an_insecure_provider_is_refused_at_the_start(clock: ManualClock) -> None:
    with pytest.raises(ConfigurationError, match="https"):
        Provider(OidcSettings(issuer="http://sso.example.cn"), clock=clock)


def test_claims_within_claims() -> None:
    chosen = OidcSettings(
        issuer="https://sso", role_claim="realm_access.roles", roles={"u": "unit"}, unit_claim="department"
    )
    claims = {"sub": "7", "realm_access": {"roles": ["u"]}, "department": "市热力集团", "preferred_username": "a b<c>"}
    person = person_of(claims, chosen)
    assert person is not None
    assert (person.login, person.role, person.unit, person.external_id) == (
        "abc",
        "unit",
        "市热力集团",
        "https://sso|7",
    )
    assert person_of({"sub": "7", "realm_access": "u"}, chosen) is None
