"""Who may do what, as `authorisation.yml` declares it: every route and every kind of websocket message, every role.

A route or a message that the file does not name fails the test, and so does one that is gone.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from aiohttp import ClientResponse, WSMsgType
from gateway_helpers import Client, Connect, SmallConversations, origin

from base.clock import ManualClock
from gateway import chat_socket, seat_socket, wallboard_socket
from gateway.core import Core
from gateway.seat_auth import COOKIE, NO_PERMISSION
from gateway.socket_login import REFUSED_CODE
from seats.permissions import ROLES

DECLARED: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "authorisation.yml").read_text("utf-8"))
_PASSWORD = "a-long-password"
_ANYTHING = "nobody-has-this-0"
_NO_ROLES = ("anybody", "signed", "half_done")


@dataclass(frozen=True)
class Declared:
    """One thing that can be asked for: `method` and `path`, `body`, and which roles may (or a word for all)."""

    method: str
    path: str
    roles: frozenset[str] | str
    body: dict[str, Any] = field(default_factory=dict)

    @property
    def route(self) -> str:
        return f"{self.method} {self.path}"


def _declared(route: str, roles: frozenset[str] | str, body: dict[str, Any] | None = None) -> Declared:
    method, path = route.split(" ")
    return Declared(method, path, roles, body or {})


def declared() -> list[Declared]:
    found = []
    for group in DECLARED["groups"]:
        roles = group["roles"] if group["roles"] in _NO_ROLES else frozenset(group["roles"])
        found += [_declared(route, roles) for route in group["routes"]]
    for case in DECLARED["by_content"]:
        found.append(_declared(case["route"], frozenset(case["roles"]), case["body"]))
    return found


def _routes(client: Client) -> Iterator[tuple[str, str]]:
    assert client.app is not None
    for route in client.app.router.routes():
        if route.method != "HEAD" and route.resource is not None:
            yield route.method, route.resource.canonical


def _path(canonical: str) -> str:
    while "{" in canonical:
        start, end = canonical.index("{"), canonical.index("}")
        canonical = f"{canonical[:start]}{_ANYTHING}{canonical[end + 1 :]}"
    return canonical


async def _people(connect: Connect, core: Core) -> dict[str, Client]:
    """A client of each role, logged in."""
    people: dict[str, Client] = {}
    for role in ROLES:
        seat = await core.seats.add(f"a-{role}", _PASSWORD, role=role, unit="市热力集团" if role == "unit" else "")
        people[role] = await connect()
        token = await core.seats.sessions.open(seat.id)
        people[role].session.cookie_jar.update_cookies({COOKIE: token}, people[role].make_url("/"))
    return people


async def _ask(client: Client, one: Declared) -> ClientResponse:
    options: dict[str, Any] = {"headers": origin(client), "allow_redirects": False}
    if one.method in ("POST", "PUT"):
        options["json"] = one.body
    return await client.request(one.method, _path(one.path), **options)


async def _stopped(answer: ClientResponse) -> str:
    """`login`, `role`, or empty: the request came to the handler's own work, whatever became of it."""
    if answer.status == 401:
        return "login"
    if answer.status == 403 and answer.content_type == "application/json":
        return "role" if (await answer.json())["error"]["code"] == NO_PERMISSION else ""
    return ""


async def test_every_route_is_declared_once_and_no_other(connect: Connect, small: SmallConversations) -> None:
    client = await connect()
    sockets = {f"GET {path}" for path in DECLARED["sockets"]}
    real = {f"{method} {canonical}" for method, canonical in _routes(client)} - sockets
    once = [route for group in DECLARED["groups"] for route in group["routes"]]
    assert len(once) == len(set(once))
    names = {one.route for one in declared()}
    assert not (real - names), f"not in authorisation.yml: {sorted(real - names)}"
    gone = names - real - set(DECLARED["sometimes"])
    assert not gone, f"in authorisation.yml and nowhere else: {sorted(gone)}"


async def test_every_route_asks_for_what_is_declared(
    connect: Connect, core: Core, small: SmallConversations, clock: ManualClock
) -> None:
    stranger, people, wrong = await connect(), await _people(connect, core), []
    for one in declared():
        clock.advance(5)  # so many questions from one address are more than it may ask in a minute
        seen = await _stopped(await _ask(stranger, one))
        if one.roles != "signed" and (seen == "login") != (one.roles != "anybody"):
            wrong.append(f"{one.route}: nobody logged in, {seen or 'let in'}")
        for role, client in people.items() if isinstance(one.roles, frozenset) else ():
            seen = await _stopped(await _ask(client, one))
            if seen != ("" if role in one.roles else "role"):
                wrong.append(f"{one.route} {one.body}: {role} is {seen or 'let in'}")
    assert not wrong, "\n".join(wrong)


async def test_a_socket_of_the_staff_opens_for_its_roles_only(
    connect: Connect, core: Core, small: SmallConversations
) -> None:
    people: dict[str, Client] = {**await _people(connect, core), "nobody": await connect()}
    for path, socket_of in DECLARED["sockets"].items():
        if socket_of["roles"] == "anybody":
            continue
        opened = set()
        for role, client in people.items():
            socket = await client.ws_connect(path, headers=origin(client))
            first = await socket.receive(timeout=60)
            if first.type == WSMsgType.TEXT:
                opened.add(role)
                await socket.close()
            else:
                assert socket.close_code == REFUSED_CODE
        assert opened == set(socket_of["roles"]), path


def _kinds_of(module: Any) -> set[str]:
    """Every kind of message that a socket's module tells apart: `case "…"`, and `…["type"] == "…"`."""
    found: set[Any] = set()
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.MatchValue) and isinstance(node.value, ast.Constant):
            found.add(node.value.value)
        elif isinstance(node, ast.Compare) and isinstance(node.left, ast.Subscript):
            where = node.left.slice
            if isinstance(where, ast.Constant) and where.value == "type":
                found.update(one.value for one in node.comparators if isinstance(one, ast.Constant))
    return found


def test_every_message_of_every_socket_is_declared() -> None:
    real = {
        "/ws/seat": _kinds_of(seat_socket),
        "/ws/leader": _kinds_of(wallboard_socket),
        "/ws/chat": _kinds_of(chat_socket),
    }
    for path, kinds in real.items():
        assert kinds == set(DECLARED["sockets"][path]["messages"]), path


def test_roles_are_those_of_the_table() -> None:
    named = {role for one in declared() if isinstance(one.roles, frozenset) for role in one.roles}
    assert named == set(ROLES)
