"""Macros, shared replies and hints over HTTP: kept, shared by permission, refused in words."""

from __future__ import annotations

from typing import Any

import pytest
from gateway_helpers import Client, Connect, SmallConversations, login, origin

from gateway.core import Core

MACROS = "/api/v1/seat/macros"
HEATING = {
    "name": "供热报修",
    "key": "1",
    "reply": "{称呼}您好，{区}{街道}的供热问题已登记，单号{单号}。",
    "tags": ["供热", "供热"],
    "fields": {"request_type": "求助", "title": "暖气不热"},
    "code": "filed",
}


async def post(client: Client, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    answer = await client.post(path, json=body, headers=origin(client))
    return answer.status, await answer.json()


async def macros(client: Client) -> list[tuple[str, str, bool]]:
    shown = await (await client.get(MACROS)).json()
    return [(one["key"], one["name"], one["shared"]) for one in shown["items"]]


async def test_a_macro_is_kept_for_its_seat_and_shared_by_permission(
    connect: Connect, core: Core, small: SmallConversations
) -> None:
    ann, _ = await login(connect, core, "ann")
    lee, _ = await login(connect, core, "lee", "leader")
    status, made = await post(ann, MACROS, HEATING)
    assert status == 201 and made["tags"] == ["供热"] and made["fields"]["title"] == "暖气不热"
    assert await macros(lee) == []
    assert (await post(ann, MACROS, {**HEATING, "key": "2", "shared": True}))[0] == 403
    assert (await post(lee, MACROS, {**HEATING, "name": "公用", "shared": True}))[0] == 201
    # The seat's own macro keeps the key; the shared one is still in the palette.
    assert await macros(ann) == [("1", "供热报修", False), ("", "公用", True)]
    assert await macros(lee) == [("1", "公用", True)]
    shared = next(one for one in (await (await ann.get(MACROS)).json())["items"] if one["shared"])
    removed = await ann.delete(f"{MACROS}/{shared['id']}", headers=origin(ann))
    assert removed.status == 404
    assert (await lee.delete(f"{MACROS}/{shared['id']}", headers=origin(lee))).status == 200
    assert (await ann.delete(f"{MACROS}/{made['id']}", headers=origin(ann))).status == 200
    assert await macros(ann) == []


@pytest.mark.parametrize("role", ["leader", "admin"])
async def test_shared_replies_go_by_permission(
    connect: Connect, core: Core, small: SmallConversations, role: str
) -> None:
    client, _ = await login(connect, core, role=role)
    body = {"title": "问候", "text": "您好", "shared": True}
    status, made = await post(client, "/api/v1/seat/replies", body)
    assert status == 201 and made["shared"]
    seat, _ = await login(connect, core, "bob")
    assert (await post(seat, "/api/v1/seat/replies", body))[0] == 403
    path = f"/api/v1/seat/replies/{made['id']}"
    assert (await seat.delete(path, headers=origin(seat))).status == 404
    assert (await client.delete(path, headers=origin(client))).status == 200


@pytest.mark.parametrize(
    "change",
    [
        {"name": " "},
        {"key": "a"},
        {"reply": "{密码}您好"},
        {"fields": {"contact_phone": "13900001234"}},
        {"code": "nonsense"},
        {"reply": "", "tags": [], "fields": {}, "code": ""},
    ],
)
async def test_what_cannot_be_done_is_refused_in_words(
    connect: Connect, core: Core, small: SmallConversations, change: dict[str, Any]
) -> None:
    client, _ = await login(connect, core)
    status, answer = await post(client, MACROS, {**HEATING, **change})
    assert status == 409 and answer["error"]["message"].endswith("。")


async def test_a_key_is_given_once(connect: Connect, core: Core, small: SmallConversations) -> None:
    client, _ = await login(connect, core)
    assert (await post(client, MACROS, HEATING))[0] == 201
    status, answer = await post(client, MACROS, {**HEATING, "name": "另一个"})
    assert status == 409 and "供热报修" in answer["error"]["message"]


async def test_hints_are_for_seats_and_say_what_and_where(
    connect: Connect, core: Core, small: SmallConversations
) -> None:
    client, _ = await login(connect, core)
    status, answer = await post(client, "/api/v1/seat/hints", {"text": "好的，一定给您解决"})
    assert status == 200 and [(one["kind"], one["begins"]) for one in answer["items"]] == [("promise", 3)]
    assert (await post(client, "/api/v1/seat/hints", {"text": "我会登记"}))[1]["items"] == []
    editor, _ = await login(connect, core, "edi", "editor")
    assert (await post(editor, "/api/v1/seat/hints", {"text": "x"}))[0] == 403
