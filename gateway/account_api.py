"""One's own account: the second factor, the password, the logins. And for admins: everybody's accounts and the log.

A login that is half done (`code`, `enrol`) can do the rest of the login and nothing else.
"""

from __future__ import annotations

from typing import Annotated, Any

from aiohttp import web
from pydantic import BaseModel, Field

from base.logs import get_logger
from gateway.address import client_address
from gateway.body import clean_text, read_model
from gateway.core import Core, core_of
from gateway.errors import ApiError, bad_request, dumps, not_found, starting, too_many, unauthorised
from gateway.qr import picture_of
from gateway.seat_auth import COOKIE, actor_of, begin_session, check_own_page, require, require_login
from gateway.shared_limits import Failures
from seats.audit import ACTIONS
from seats.passwords import SeatError
from seats.permissions import ROLES
from seats.sessions import LoginOf, Stage
from seats.store import SeatIdentity
from seats.unit_contacts import Contact, UnitContactError

log = get_logger("gateway.account")
_ENTRIES: int = 200
_Code = Annotated[str, Field(min_length=1, max_length=32)]


class Code(BaseModel):
    code: _Code


class NewPassword(BaseModel):
    password: Annotated[str, Field(max_length=1_000)]
    new_password: Annotated[str, Field(max_length=1_000)]


class NewContact(BaseModel):
    """`number` empty: the unit is told nothing any more."""

    unit: Annotated[str, Field(min_length=1, max_length=128)]
    number: Annotated[str, Field(max_length=32)] = ""


class Change(BaseModel):
    """What an admin changes of an account; only what is given."""

    role: Annotated[str, Field(max_length=16)] | None = None
    unit: Annotated[str, Field(max_length=128)] = ""
    enabled: bool | None = None
    end_sessions: bool = False
    forget_factor: bool = False


# -- the second factor -----------------------------------------------------------------------------------------------


async def _half_done(request: web.Request, *stages: Stage) -> LoginOf:
    """Whoever has told the password, and is at one of these stages.

    Raises:
        ApiError: 401 for all others; 403 from a foreign page.
    """
    check_own_page(request)
    core = core_of(request)
    if not core.parts["database"].ok:
        raise starting()
    found = await core.seats.sessions.find(request.cookies.get(COOKIE, ""))
    if found is None or found.stage not in stages:
        raise unauthorised()
    return found


async def _limited(core: Core, seat_id: str) -> Failures:
    """
    Raises:
        ApiError: 429; codes have six digits, so guesses are few.
    """
    limiter = core.limits.codes
    if (wait := await limiter.wait(seat_id)) > 0:
        raise too_many(wait, "验证失败次数太多，请稍后再试。")
    await limiter.failed(seat_id)  # counted before the work; a right one takes it back
    return limiter


async def tell_code(request: web.Request) -> web.Response:
    """The second step of a login: a code of the telephone, or one from paper."""
    found = await _half_done(request, "code")
    core, asked = core_of(request), await read_model(request, Code)
    limiter = await _limited(core, found.seat.id)
    address = client_address(request, core.settings.web)
    if not await core.seats.factor.check(found.seat.id, asked.code, address=address):
        await core.audit.record("login.refused", actor="unknown", subject=found.seat.id, address=address)
        raise unauthorised("验证码不正确，或已经用过。")
    await limiter.succeeded(found.seat.id)
    return await begin_session(request, await _identity(core, found.seat.id), "full")


async def begin_factor(request: web.Request) -> web.Response:
    """A new secret for the telephone: told once, as text and as a QR code."""
    found = await _half_done(request, "enrol", "full")
    core = core_of(request)
    begun = await core.seats.factor.begin(found.seat.id, core.settings.service.hotline_name)
    if begun is None:
        raise ApiError(409, "not_possible", "动态口令已经启用。")
    body = {"secret": begun.secret, "uri": begun.uri, "picture": picture_of(begun.uri)}
    return web.json_response(body, dumps=dumps)


async def confirm_factor(request: web.Request) -> web.Response:
    """The first code. Answers with the recovery codes; a login that waited for this is whole from now on."""
    found = await _half_done(request, "enrol", "full")
    core, asked = core_of(request), await read_model(request, Code)
    limiter = await _limited(core, found.seat.id)
    address = client_address(request, core.settings.web)
    codes = await core.seats.factor.confirm(found.seat.id, asked.code, address=address)
    if codes is None:
        raise ApiError(409, "not_possible", "验证码不正确，请输入手机上现在显示的六位数字。")
    await limiter.succeeded(found.seat.id)
    log.info("second factor in use", seat_id=found.seat.id)
    if found.stage == "full":
        return web.json_response({"recovery_codes": codes, "stage": "full"}, dumps=dumps)
    response = await begin_session(request, await _identity(core, found.seat.id), "full")
    response.text = dumps({"recovery_codes": codes, "stage": "full"})
    return response


async def _identity(core: Core, seat_id: str) -> SeatIdentity:
    person = await core.seats.account(seat_id)
    if person is None or not person.enabled:
        raise unauthorised()
    return person


# -- one's own logins ------------------------------------------------------------------------------------------------


async def list_sessions(request: web.Request) -> web.Response:
    person = await require_login(request)
    core = core_of(request)
    items = [{**one, "this": one["id"] == person.session_id} for one in await core.seats.sessions.of(person.id)]
    body = {"items": items, "factor": await core.seats.factor.in_use(person.id)}
    return web.json_response(body, dumps=dumps)


async def end_session(request: web.Request) -> web.Response:
    """One login of one's own; `others`: all but this one."""
    person = await require_login(request)
    core, wanted = core_of(request), request.match_info["session_id"][:32]
    others = wanted == "others"
    ended = await core.seats.sessions.end(
        person.id,
        actor=actor_of(person),
        session_id="" if others else wanted,
        but=person.session_id if others else "",
        address=client_address(request, core.settings.web),
    )
    if not ended and not others:
        raise not_found("没有这个登录。", "unknown_session")
    return web.json_response({"ended": ended}, dumps=dumps)


async def change_password(request: web.Request) -> web.Response:
    """The old one is asked for again; every other login of the account ends."""
    person = await require_login(request)
    core, asked = core_of(request), await read_model(request, NewPassword)
    limiter = await _limited(core, person.id)
    if await core.seats.verify(person.login, asked.password) is None:
        raise ApiError(403, "wrong_password", "原密码不正确。")
    await limiter.succeeded(person.id)
    try:
        await core.seats.set_password(
            person.login, asked.new_password, actor=actor_of(person), keep_session=person.session_id
        )
    except SeatError as error:
        raise bad_request("新密码应为10到200个字符。", "invalid_field") from error
    return web.json_response({"changed": True}, dumps=dumps)


# -- everybody's accounts, for admins --------------------------------------------------------------------------------


async def list_accounts(request: web.Request) -> web.Response:
    await require(request, "accounts.manage")
    core = core_of(request)
    items = [_account(one) for one in await core.seats.accounts()]
    return web.json_response({"items": items, "roles": list(ROLES)}, dumps=dumps)


def _account(one: SeatIdentity) -> dict[str, Any]:
    return {**one.as_dict(), "login": one.login, "enabled": one.enabled, "unit": one.unit}


async def account_sessions(request: web.Request) -> web.Response:
    await require(request, "accounts.manage")
    core, seat_id = core_of(request), request.match_info["seat_id"][:32]
    items = await core.seats.sessions.of(seat_id)
    return web.json_response({"items": items, "factor": await core.seats.factor.in_use(seat_id)}, dumps=dumps)


async def change_account(request: web.Request) -> web.Response:
    """A role, open or closed, logins to end, a lost telephone. Nobody changes the account that they are logged in with:
    a stolen page of an admin must not lock the others out and itself in."""
    admin = await require(request, "accounts.manage")
    core, asked = core_of(request), await read_model(request, Change)
    person = await core.seats.account(request.match_info["seat_id"][:32])
    if person is None:
        raise not_found("没有这个账号。", "unknown_account")
    if person.id == admin.id:
        raise ApiError(409, "not_possible", "不能修改您自己登录的账号。")
    actor, address = actor_of(admin), client_address(request, core.settings.web)
    try:
        if asked.role is not None:
            person = await core.seats.set_role(person.login, asked.role, unit=clean_text(asked.unit), actor=actor)
        if asked.enabled is not None:
            person = await core.seats.set_enabled(person.login, asked.enabled, actor=actor)
    except SeatError as error:
        raise bad_request("角色不正确，或承办单位账号没有填写单位。", "invalid_field") from error
    if asked.forget_factor:
        await core.seats.factor.remove(person.id, actor=actor)
    if asked.end_sessions or asked.forget_factor:
        await core.seats.sessions.end(person.id, actor=actor, address=address)
    log.info("account changed", seat_id=admin.id, account=person.id)
    return web.json_response(_account(person), dumps=dumps)


async def list_contacts(request: web.Request) -> web.Response:
    """Where units are told of their orders; the numbers masked."""
    await require(request, "accounts.manage")
    items = [_contact(one) for one in await core_of(request).unit_contacts.all()]
    return web.json_response({"items": items}, dumps=dumps)


def _contact(one: Contact) -> dict[str, str]:
    return {"unit": one.unit, "number": one.masked, "changed_at": one.changed_at.isoformat()}


async def set_contact(request: web.Request) -> web.Response:
    """A unit's number, given or taken away."""
    admin = await require(request, "accounts.manage")
    core, asked = core_of(request), await read_model(request, NewContact)
    unit, address = clean_text(asked.unit), client_address(request, core.settings.web)
    if asked.number:
        await core.unit_names.check(unit)
    try:
        made = await core.unit_contacts.set(unit, asked.number, actor=actor_of(admin), address=address)
    except UnitContactError as error:
        raise bad_request(str(error), "invalid_field") from error
    log.info("contact of a unit changed", seat_id=admin.id, set=made is not None)
    return web.json_response({"contact": _contact(made) if made else None}, dumps=dumps)


async def audit_entries(request: web.Request) -> web.Response:
    """The audit log, newest first; `before`: go on behind this number."""
    await require(request, "audit.read")
    query = request.query
    before = query.get("before", "")
    if (query.get("action") or ACTIONS[0]) not in ACTIONS or not (before.isdecimal() or not before) or len(before) > 12:
        raise bad_request("查询条件不正确。", "invalid_field")
    entries = await core_of(request).audit.entries(
        actor=query.get("actor", "")[:80],
        action=query.get("action", ""),
        subject=query.get("subject", "")[:120],
        before=int(before) if before else None,
        limit=_ENTRIES,
    )
    return web.json_response({"items": [entry.as_dict() for entry in entries]}, dumps=dumps)


def add_routes(app: web.Application) -> None:
    app.router.add_post("/api/v1/seat/login/code", tell_code)
    app.router.add_post("/api/v1/seat/factor/begin", begin_factor)
    app.router.add_post("/api/v1/seat/factor/confirm", confirm_factor)
    app.router.add_get("/api/v1/seat/sessions", list_sessions)
    app.router.add_delete("/api/v1/seat/sessions/{session_id}", end_session)
    app.router.add_post("/api/v1/seat/password", change_password)
    app.router.add_get("/api/v1/admin/accounts", list_accounts)
    app.router.add_get("/api/v1/admin/accounts/{seat_id}/sessions", account_sessions)
    app.router.add_post("/api/v1/admin/accounts/{seat_id}", change_account)
    app.router.add_get("/api/v1/admin/unit-contacts", list_contacts)
    app.router.add_post("/api/v1/admin/unit-contacts", set_contact)
    app.router.add_get("/api/v1/admin/audit", audit_entries)
