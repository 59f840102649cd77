"""Logins over HTTP: nothing is fixed beforehand, nothing goes on after it was ended, and every step is in the log."""

from __future__ import annotations

import base64

import pytest
from gateway_helpers import Client, Connect, SmallConversations, login, origin, until

from base.clock import ManualClock
from gateway.core import Core
from gateway.seat_auth import COOKIE
from seats import totp

PASSWORD = "a-long-password"
PATIENCE_SECONDS = 60


def _cookie(client: Client) -> str:
    return next((cookie.value for cookie in client.session.cookie_jar if cookie.key == COOKIE), "")


async def _enter(client: Client, name: str, password: str = PASSWORD) -> tuple[int, dict[str, object]]:
    answer = await client.post("/api/v1/seat/login", json={"login": name, "password": password}, headers=origin(client))
    return answer.status, await answer.json()


async def _post(client: Client, path: str, body: object | None = None) -> tuple[int, dict[str, object]]:
    answer = await client.post(path, json=body or {}, headers=origin(client))
    return answer.status, await answer.json()


async def _me(client: Client) -> int:
    return (await client.get("/api/v1/seat/me")).status


async def _logged(core: Core, action: str) -> list[str]:
    return [entry.subject for entry in await core.audit.entries(action=action)]


async def test_a_token_that_was_there_before_is_worth_nothing_after_a_login(
    connect: Connect, core: Core, small: SmallConversations
) -> None:
    """Session fixation: whoever put a cookie of theirs into somebody's browser gets nothing by it."""
    attacker, _ = await login(connect, core, "attacker")
    planted = _cookie(attacker)
    await core.seats.add("ann", PASSWORD)
    victim = await connect()
    for given in ("chosen-by-somebody", planted):
        victim.session.cookie_jar.update_cookies({COOKIE: given}, victim.make_url("/"))
        status, _ = await _enter(victim, "ann")
        assert status == 200 and _cookie(victim) not in (given, "")
    assert await core.seats.identify("chosen-by-somebody") is None
    assert await core.seats.identify(planted) is None and await _me(attacker) == 401
    first = _cookie(victim)
    await _enter(victim, "ann")
    assert _cookie(victim) != first and await core.seats.identify(first) is None


async def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(
    connect: Connect, core: Core, small: SmallConversations
) -> None:
    await core.seats.add("ann", PASSWORD)
    client = await connect()
    answer = await client.post(
        "/api/v1/seat/login", json={"login": "ann", "password": PASSWORD}, headers=origin(client)
    )
    told = answer.headers["Set-Cookie"]
    assert "HttpOnly" in told and "SameSite=Strict" in told and "Path=/" in told


@pytest.mark.parametrize("foreign", [{}, {"Origin": "https://evil.example"}, {"Origin": "null"}])
async def test_a_foreign_page_changes_nothing(
    connect: Connect, core: Core, small: SmallConversations, foreign: dict[str, str]
) -> None:
    """CSRF: the cookie alone, which a browser might send along, is not enough for anything that changes something."""
    client, _ = await login(connect, core, role="admin")
    assert client.app is not None
    tried = 0
    for route in client.app.router.routes():
        canonical = route.resource.canonical if route.resource is not None else ""
        if route.method not in ("POST", "PUT", "DELETE") or not canonical.startswith(
            ("/api/v1/seat/", "/api/v1/admin/", "/api/v1/leader/", "/api/v1/visits", "/api/v1/objections")
        ):
            continue
        path = canonical.replace("{", "").replace("}", "")
        answer = await client.request(route.method, path, headers=foreign, json={})
        body = await answer.json()
        assert (answer.status, body["error"]["code"]) == (403, "foreign_origin"), f"{route.method} {canonical}"
        tried += 1
    assert tried >= 40 and await _me(client) == 200


async def test_the_second_factor_from_the_first_code_to_the_lost_telephone(
    connect: Connect, core: Core, small: SmallConversations, clock: ManualClock
) -> None:
    core.settings.security.second_factor_roles = ["leader"]
    seat = await core.seats.add("ann", PASSWORD, role="leader")
    client = await connect()
    status, told = await _enter(client, "ann")
    assert (status, told["stage"]) == (200, "enrol")
    assert await _me(client) == 401  # half a login opens nothing
    begun = (await _post(client, "/api/v1/seat/factor/begin"))[1]
    secret = str(begun["secret"])

    def code() -> str:
        return totp.code(base64.b32decode(secret), totp.step_of(clock.now()))

    half = _cookie(client)
    status, told = await _post(client, "/api/v1/seat/factor/confirm", {"code": code()})
    assert status == 200 and len(told["recovery_codes"]) == 10  # type: ignore[arg-type]
    assert await _me(client) == 200 and _cookie(client) != half
    again = await connect()
    assert (await _enter(again, "ann"))[1]["stage"] == "code" and await _me(again) == 401
    assert (await _post(again, "/api/v1/seat/login/code", {"code": code()}))[0] == 401  # it was used to enrol
    clock.advance(30)
    assert (await _post(again, "/api/v1/seat/login/code", {"code": code()}))[1]["stage"] == "full"
    assert await _me(again) == 200
    third = await connect()
    await _enter(third, "ann")
    spent = await _post(third, "/api/v1/seat/login/code", {"code": str(told["recovery_codes"][0])})  # type: ignore[index]
    assert spent[0] == 200 and await _me(third) == 200
    assert await _logged(core, "factor.recovery") == [seat.id]
    assert (await core.seats.factor.remove(seat.id, actor="terminal:root")) is True
    assert (await _enter(await connect(), "ann"))[1]["stage"] == "enrol"


async def test_codes_cannot_be_guessed(
    connect: Connect, core: Core, small: SmallConversations, clock: ManualClock
) -> None:
    seat = await core.seats.add("ann", PASSWORD)
    begun = await core.seats.factor.begin(seat.id, "12345")
    assert begun is not None
    key = base64.b32decode(begun.secret)
    assert await core.seats.factor.confirm(seat.id, totp.code(key, totp.step_of(clock.now())))
    clock.advance(30)
    client = await connect()
    await _enter(client, "ann")
    wrong = [(await _post(client, "/api/v1/seat/login/code", {"code": "12345"}))[0] for _ in range(5)]
    assert wrong == [401, 401, 401, 429, 429]
    right = {"code": totp.code(key, totp.step_of(clock.now()))}
    assert (await _post(client, "/api/v1/seat/login/code", right))[0] == 429
    clock.advance(301)
    right = {"code": totp.code(key, totp.step_of(clock.now()))}
    assert (await _post(client, "/api/v1/seat/login/code", right))[0] == 200


async def test_ones_own_logins_are_listed_and_ended(connect: Connect, core: Core, small: SmallConversations) -> None:
    here, seat_id = await login(connect, core, "ann")
    there, elsewhere = await connect(), await connect()
    await _enter(there, "ann")
    await _enter(elsewhere, "ann")
    items = (await (await here.get("/api/v1/seat/sessions")).json())["items"]
    assert len(items) == 3 and [one["this"] for one in items].count(True) == 1
    assert all(one["address"] == "127.0.0.1" for one in items)
    mine = next(one["id"] for one in (await (await there.get("/api/v1/seat/sessions")).json())["items"] if one["this"])
    ended = await here.delete(f"/api/v1/seat/sessions/{mine}", headers=origin(here))
    assert (ended.status, await _me(there), await _me(elsewhere)) == (200, 401, 200)
    bob, _ = await login(connect, core, "bob")
    stolen = next(one["id"] for one in items if one["this"])
    assert (await bob.delete(f"/api/v1/seat/sessions/{stolen}", headers=origin(bob))).status == 404
    others = await here.delete("/api/v1/seat/sessions/others", headers=origin(here))
    assert (await others.json(), await _me(elsewhere), await _me(here)) == ({"ended": 1}, 401, 200)
    assert await _logged(core, "session.ended") == [seat_id, seat_id]


async def test_a_new_password_ends_every_other_login(connect: Connect, core: Core, small: SmallConversations) -> None:
    here, _ = await login(connect, core, "ann")
    there = await connect()
    await _enter(there, "ann")
    path = "/api/v1/seat/password"
    assert (await _post(here, path, {"password": "wrong", "new_password": "another long one"}))[0] == 403
    assert (await _post(here, path, {"password": PASSWORD, "new_password": "short"}))[0] == 400
    assert (await _post(here, path, {"password": PASSWORD, "new_password": "another long one"}))[0] == 200
    assert (await _me(here), await _me(there)) == (200, 401)
    assert (await _enter(there, "ann"))[0] == 401 and (await _enter(there, "ann", "another long one"))[0] == 200


async def test_an_admin_changes_roles_and_the_desk_closes_at_the_next_heartbeat(
    connect: Connect, core: Core, small: SmallConversations
) -> None:
    admin, admin_id = await login(connect, core, "root", role="admin")
    seat, seat_id = await login(connect, core, "ann")
    path = f"/api/v1/admin/accounts/{seat_id}"
    async with seat.ws_connect("/ws/seat", headers=origin(seat)) as desk:
        await until(desk, "hello")
        assert (await _post(admin, path, {"role": "editor"}))[1]["role"] == "editor"
        await desk.send_json({"type": "ping"})
        while not desk.closed:
            await desk.receive(timeout=PATIENCE_SECONDS)
        assert desk.close_code == 4401
    assert await _me(seat) == 401
    assert (await _post(admin, path, {"role": "king"}))[0] == 400
    assert (await _post(admin, f"/api/v1/admin/accounts/{admin_id}", {"role": "seat"}))[0] == 409
    assert (await _post(admin, path, {"enabled": False}))[1]["enabled"] is False
    assert (await _enter(seat, "ann"))[0] == 401
    listed = (await (await admin.get("/api/v1/admin/audit?action=account.role")).json())["items"]
    assert [(one["actor"], one["subject"], one["detail"]) for one in listed] == [
        (f"seat:{admin_id}", seat_id, {"before": "seat", "after": "editor"})
    ]


async def test_an_admin_gives_units_their_numbers_and_sees_them_masked(
    connect: Connect, core: Core, small: SmallConversations
) -> None:
    admin, admin_id = await login(connect, core, "root", role="admin")
    path = "/api/v1/admin/unit-contacts"
    status, body = await _post(admin, path, {"unit": "市热力集团", "number": "137 0000 1111"})
    assert status == 200 and body["contact"]["number"] == "137****1111"  # type: ignore[index]
    for wrong in ({"unit": "市热力集团", "number": "010-12345678"}, {"unit": "", "number": "13700001111"}, {}):
        assert (await _post(admin, path, wrong))[0] == 400
    status, body = await _post(admin, path, {"unit": "市热力公司集团", "number": "13700001111"})
    assert status == 409 and "市热力集团" in str(body)
    listed = await (await admin.get(path)).text()
    assert "市热力集团" in listed and "137****1111" in listed and "13700001111" not in listed
    assert (await _post(admin, path, {"unit": "市热力集团"})) == (200, {"contact": None})
    assert (await (await admin.get(path)).json()) == {"items": []}
    entries = await core.audit.entries(action="unit.contact")
    assert [(one.actor, one.subject) for one in entries] == [(f"seat:{admin_id}", "市热力集团")] * 2
    assert "13700001111" not in repr(entries)
    leader, _ = await login(connect, core, "leader1", role="leader")
    assert (await leader.get(path)).status == 403
    assert (await _post(leader, path, {"unit": "市热力集团", "number": "13700001111"}))[0] == 403


async def test_every_login_is_in_the_log_and_what_was_typed_is_not(
    connect: Connect, core: Core, small: SmallConversations
) -> None:
    client, seat_id = await login(connect, core, "ann")
    for name in ("ann", "my-secret-password-typed-as-login"):
        await _enter(await connect(), name, "wrong")
    assert await _logged(core, "login") == [seat_id]
    assert await _logged(core, "login.refused") == ["", seat_id]
    await _post(client, "/api/v1/seat/logout")
    assert await _logged(core, "logout") == [seat_id]
    assert "secret" not in repr(await core.audit.entries())
    assert (await core.audit.verify()).problems == ()


async def test_without_an_identity_provider_there_is_only_the_password(client: Client) -> None:
    assert (await (await client.get("/api/v1/seat/login/ways")).json()) == {"password": True, "provider": None}
    assert (await client.get("/api/v1/seat/oidc/start", allow_redirects=False)).status == 404
