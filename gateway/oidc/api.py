"""`/api/v1/seat/oidc/start` and `/return`: the authorization code flow (RFC 6749, 4.1) with PKCE (RFC 7636).

State, nonce and verifier travel in a sealed cookie of ten minutes, so any node may take the return. The second factor
is the provider's matter; the login that results is like any other, and ends like any other.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web

from base.errors import HotlineError
from base.logs import get_logger
from gateway.address import client_address
from gateway.core import CORE, Core, core_of
from gateway.errors import dumps, not_found, starting
from gateway.oidc.claims import Person, person_of
from gateway.oidc.provider import Provider
from gateway.seat_auth import COOKIE, set_cookie
from seats.store import SeatError, SeatIdentity
from storage.keyring import KeyFileError

log = get_logger("gateway.oidc")
PROVIDER: web.AppKey[Provider | None] = web.AppKey("oidc_provider", Provider)
FLOW_COOKIE: Final = "hotline_oidc"
_CONTEXT: Final = "oidc.flow"
_FLOW_SECONDS: Final = 600
_PAGES: Final = ("/seat", "/leader", "/unit", "/admin", "/account")
_PATH: Final = "/api/v1/seat/oidc"
_ACTOR: Final = "system:oidc"


async def ways(request: web.Request) -> web.Response:
    """How one can log in: what the page offers."""
    settings = core_of(request).settings.oidc
    provider = {"label": settings.label, "start": f"{_PATH}/start"} if request.app[PROVIDER] is not None else None
    return web.json_response({"password": True, "provider": provider}, dumps=dumps)


async def start(request: web.Request) -> web.Response:
    """Off to the provider. `to`: the page to come back to."""
    core, provider = core_of(request), _provider(request)
    to = request.query.get("to", _PAGES[0])
    flow = {
        "state": secrets.token_urlsafe(32),
        "nonce": secrets.token_urlsafe(32),
        "verifier": secrets.token_urlsafe(48),
        "to": to if to in _PAGES else _PAGES[0],
        "until": core.clock.now().timestamp() + _FLOW_SECONDS,
    }
    try:
        described = await provider.description()
    except HotlineError as error:
        return _refused(flow["to"], "unavailable", error)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(str(flow["verifier"]).encode()).digest()).rstrip(b"=")
    asked = {
        "response_type": "code",
        "client_id": core.settings.oidc.client_id,
        "redirect_uri": _redirect_uri(core),
        "scope": core.settings.oidc.scopes,
        "state": flow["state"],
        "nonce": flow["nonce"],
        "code_challenge": challenge.decode(),
        "code_challenge_method": "S256",
    }
    joint = "&" if "?" in described.authorization_endpoint else "?"
    response = _redirect(f"{described.authorization_endpoint}{joint}{urlencode(asked)}")
    response.set_cookie(
        FLOW_COOKIE,
        core.database.keyring.seal(json.dumps(flow), _CONTEXT),
        max_age=_FLOW_SECONDS,
        path=_PATH,
        httponly=True,
        samesite="Lax",  # the way back comes from the provider's page
        secure=request.secure or core.settings.web.public_url.startswith("https:"),
    )
    return response


async def come_back(request: web.Request) -> web.Response:
    """From the provider, with a code or a refusal; a flow that was not begun in this browser is none."""
    core, provider = core_of(request), _provider(request)
    if not core.parts["database"].ok:
        raise starting()
    flow = _flow(request, core)
    given = request.query.get("state", "")
    if flow is None or not hmac.compare_digest(given.encode(), str(flow["state"]).encode()):
        return await _denied(request, _PAGES[0], "expired")
    to, code = str(flow["to"]), request.query.get("code", "")
    if not code:
        return await _denied(request, to, "refused")
    try:
        claims = await provider.claims(
            code, verifier=flow["verifier"], redirect_uri=_redirect_uri(core), nonce=flow["nonce"]
        )
    except HotlineError as error:
        return await _denied(request, to, "unavailable", error)
    person = person_of(claims, core.settings.oidc)
    seat = None if person is None else await _account(core, person)
    if seat is None or not seat.enabled:
        return await _denied(request, to, "no_role")
    token = await core.seats.sessions.open(
        seat.id,
        address=client_address(request, core.settings.web),
        agent=request.headers.get("User-Agent", ""),
        instead_of=request.cookies.get(COOKIE, ""),
    )
    response = _redirect(to)
    response.del_cookie(FLOW_COOKIE, path=_PATH)
    set_cookie(core, request, response, token)
    log.info("seat logged in at the identity provider", seat_id=seat.id)
    return response


async def _account(core: Core, person: Person) -> SeatIdentity | None:
    """The person's account, made at the first login; its role follows the provider. An account of the same login that
    is not the provider's is never taken over."""
    known = await core.seats.by_external_id(person.external_id)
    try:
        if known is None:
            return await core.seats.add(
                person.login,
                secrets.token_urlsafe(32),  # nobody knows it: this account has no other way in
                display_name=person.display_name,
                role=person.role,
                unit=person.unit,
                actor=_ACTOR,
                external_id=person.external_id,
            )
        if (known.role, known.unit) != (person.role, person.unit):
            return await core.seats.set_role(known.login, person.role, unit=person.unit, actor=_ACTOR)
    except SeatError as error:
        log.warning("an account of the identity provider cannot be used", reason=str(error))
        return None
    return known


def _flow(request: web.Request, core: Core) -> dict[str, Any] | None:
    try:
        flow = json.loads(core.database.keyring.open(request.cookies.get(FLOW_COOKIE, ""), _CONTEXT))
    except (KeyFileError, ValueError):
        return None
    return flow if isinstance(flow, dict) and core.clock.now().timestamp() <= flow["until"] else None


async def _denied(request: web.Request, to: str, reason: str, error: HotlineError | None = None) -> web.Response:
    core = core_of(request)
    address = client_address(request, core.settings.web)
    await core.audit.record("login.refused", actor="unknown", address=address, detail={"provider": reason})
    return _refused(to, reason, error)


def _refused(to: Any, reason: str, error: HotlineError | None) -> web.Response:
    """Back to the page, which says why in words."""
    log.warning("login at the identity provider failed", why=reason, reason=str(error) if error else "")
    response = _redirect(f"{to}#login={reason}")
    response.del_cookie(FLOW_COOKIE, path=_PATH)
    return response


def _redirect(to: str) -> web.Response:
    return web.Response(status=302, headers={"Location": to})


def _redirect_uri(core: Core) -> str:
    return f"{core.settings.web.public_url.rstrip('/')}{_PATH}/return"


def _provider(request: web.Request) -> Provider:
    provider = request.app[PROVIDER]
    if provider is None:
        raise not_found()
    return provider


def add_routes(app: web.Application) -> None:
    core = app[CORE]
    app[PROVIDER] = Provider(core.settings.oidc, clock=core.clock) if core.settings.oidc.issuer else None
    app.router.add_get("/api/v1/seat/login/ways", ways)
    app.router.add_get(f"{_PATH}/start", start)
    app.router.add_get(f"{_PATH}/return", come_back)
