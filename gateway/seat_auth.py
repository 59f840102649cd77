"""Log in, log out, who am I: the cookie of the desk, and the checks before every request of a seat."""

from __future__ import annotations

from typing import Annotated, Final

from aiohttp import web
from pydantic import BaseModel, Field

from base.logs import get_logger
from gateway.address import client_address, same_origin
from gateway.audited import audited
from gateway.body import read_model
from gateway.channels.registry import titles
from gateway.core import Core, core_of
from gateway.errors import dumps, forbidden, starting, too_many, unauthorised
from seats.audit import Action
from seats.permissions import Permission, may, permissions_of
from seats.sessions import Stage
from seats.store import SeatIdentity

log = get_logger("gateway.seat")
COOKIE: Final = "hotline_seat"
NO_PERMISSION: Final = "no_permission"


class Login(BaseModel):
    login: Annotated[str, Field(max_length=200)]
    password: Annotated[str, Field(max_length=1_000)]


async def identify(request: web.Request) -> SeatIdentity | None:
    """Who sends this request; None where nobody is logged in."""
    core, token = core_of(request), request.cookies.get(COOKIE)
    if not core.parts["database"].ok:
        raise starting()
    return await core.seats.identify(token) if token else None


async def require_login(request: web.Request) -> SeatIdentity:
    """Whoever is logged in, whatever they may do.

    Raises:
        ApiError: 401 where nobody is logged in; 403 where a POST comes from a foreign page, or from none.
    """
    if request.method != "GET":
        check_own_page(request)
    seat = await identify(request)
    if seat is None:
        raise unauthorised()
    return seat


async def require(request: web.Request, permission: Permission) -> SeatIdentity:
    """
    Raises:
        ApiError: as `require_login`; 403 without the permission.
    """
    return await require_any(request, permission)


async def require_any(request: web.Request, *permissions: Permission) -> SeatIdentity:
    """Somebody with one of the permissions. Raises as `require`."""
    person = await require_login(request)
    if not any(may(person.role, permission) for permission in permissions):
        log.warning("permission missing", seat_id=person.id, permission=permissions[0])
        raise forbidden("您的账号没有这项权限。", NO_PERMISSION)
    return person


async def require_seat(request: web.Request) -> SeatIdentity:
    """Somebody who works with citizens: an editor's login opens none of their data. Raises as `require`."""
    return await require(request, "desk.work")


def actor_of(person: SeatIdentity) -> str:
    """As whom a change is recorded."""
    return f"seat:{person.id}"


def check_own_page(request: web.Request) -> None:
    """
    Raises:
        ApiError: 403 unless the `Origin` is ours: a cookie alone must not be enough to change something.
    """
    if not same_origin(request, core_of(request).settings.web, required=True):
        raise forbidden("请求不是从工作台页面发出的。", "foreign_origin")


async def login(request: web.Request) -> web.Response:
    """The password. `stage` of the answer: full, or what is still to come (`code`, `enrol`; gateway/account_api.py)."""
    check_own_page(request)
    core = core_of(request)
    asked = await read_model(request, Login)
    if not core.parts["database"].ok:
        raise starting()
    address = client_address(request, core.settings.web)
    attempt = core.limits.login_attempt(asked.login[:64], address)
    if (wait := max([await limiter.wait(key) for limiter, key in attempt])) > 0:
        await _refused(core, "login.paused", asked.login, address)
        raise too_many(wait, "登录失败次数太多，请稍后再试。")
    for limiter, key in attempt:
        await limiter.failed(key)  # counted before the work, so that many at once cannot slip through
    seat = await core.seats.verify(asked.login, asked.password)
    if seat is None:
        log.warning("login refused")
        await _refused(core, "login.refused", asked.login, address)
        raise unauthorised("账号或密码不正确。")
    for limiter, key in attempt:
        await limiter.succeeded(key)
    return await begin_session(request, seat, await stage_of(core, seat))


async def _refused(core: Core, action: Action, login: str, address: str) -> None:
    """Logged by the account's id; what else was typed as a login may be a password, and is in no log."""
    known = await core.seats.known_login(login)
    await core.audit.record(action, actor="unknown", subject=known or "", address=address)


async def stage_of(core: Core, seat: SeatIdentity) -> Stage:
    """How far a right password brings this account."""
    if await core.seats.factor.in_use(seat.id):
        return "code"
    return "enrol" if seat.role in core.settings.security.second_factor_roles else "full"


async def begin_session(request: web.Request, seat: SeatIdentity, stage: Stage) -> web.Response:
    """A new login with a new token; whatever token the browser came with is worth nothing from now on."""
    core = core_of(request)
    token = await core.seats.sessions.open(
        seat.id,
        stage=stage,
        address=client_address(request, core.settings.web),
        agent=request.headers.get("User-Agent", ""),
        instead_of=request.cookies.get(COOKIE, ""),
    )
    response = web.json_response({**seat.as_dict(), "stage": stage}, dumps=dumps)
    set_cookie(core, request, response, token)
    if stage == "full":
        log.info("seat logged in", seat_id=seat.id)
    return response


def set_cookie(core: Core, request: web.Request, response: web.StreamResponse, token: str) -> None:
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(core.settings.seats.session_hours * 3600),
        path="/",
        httponly=True,
        samesite="Strict",
        secure=request.secure or core.settings.web.public_url.startswith("https:"),
    )


async def logout(request: web.Request) -> web.Response:
    check_own_page(request)
    core = core_of(request)
    seat, token = await identify(request), request.cookies.get(COOKIE)
    if seat is not None and token:
        await core.seats.close_session(token)
        await audited(request, seat, "logout", seat.id)
        core.presence.left(seat.id)
        await core.roster.left([seat.id])
        log.info("seat logged out", seat_id=seat.id)
    response = web.json_response({"logged_out": True}, dumps=dumps)
    response.del_cookie(COOKIE, path="/")
    return response


async def me(request: web.Request) -> web.Response:
    """Who is logged in and what they may do: each page opens only what the role allows. `channels`: what those that
    others keep are called."""
    person = await require_login(request)
    more = {
        "permissions": sorted(permissions_of(person.role)),
        "channels": await titles(core_of(request).database),
    }
    return web.json_response({**person.as_dict(), **more}, dumps=dumps)


def add_routes(app: web.Application) -> None:
    app.router.add_post("/api/v1/seat/login", login)
    app.router.add_post("/api/v1/seat/logout", logout)
    app.router.add_get("/api/v1/seat/me", me)
