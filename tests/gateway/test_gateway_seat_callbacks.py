"""Call-backs at the desk: given back, taken away by a leader, shown when they are over, made once more."""

from __future__ import annotations

from typing import Any

from gateway_helpers import Client, Connect, SmallConversations, login, origin

from base.clock import ManualClock
from gateway.core import Core
from storage.tables import CallbackTask, Conversation

_PATH = "/api/v1/seat/callbacks"


async def _promised(core: Core) -> str:
    now = core.clock.now()
    async with core.database.write() as session:
        session.add(
            Conversation(id="c1", channel="phone", trace_id="t", status="ended", created_at=now, updated_at=now)
        )
        await session.flush()
        session.add(
            CallbackTask(
                id="cb_1", conversation_id="c1", number="13900001234", reason="lost", due_at=now, created_at=now
            )
        )
    return "cb_1"


async def _step(client: Client, status: str) -> int:
    return (await client.post(f"{_PATH}/cb_1", json={"status": status}, headers=origin(client))).status


async def _listed(client: Client, which: str = "open") -> dict[str, Any]:
    response = await client.get(f"{_PATH}?which={which}")
    assert response.status == 200
    return dict(await response.json())


async def test_a_leader_takes_a_task_from_who_went_home(
    connect: Connect, core: Core, small: SmallConversations
) -> None:
    await _promised(core)
    ann, _ = await login(connect, core, "ann")
    bob, bob_id = await login(connect, core, "bob")
    leader, leader_id = await login(connect, core, "leader", "leader")
    assert await _step(ann, "taken") == 200
    assert await _step(bob, "open") == 409 and await _step(leader, "done") == 409
    assert await _step(leader, "open") == 200
    (entry,) = await core.audit.entries(action="callback.released")
    assert (entry.subject, entry.actor) == ("cb_1", f"seat:{leader_id}")
    assert await _step(bob, "taken") == 200 and await _step(bob, "open") == 200 and await _step(bob, "taken") == 200
    (row,) = (await _listed(ann))["items"]
    assert (row["seat_id"], row["seat_name"]) == (bob_id, "坐席bob")
    assert [(step["text"], step["who"]) for step in row["history"]][:3] == [
        ("领取", "坐席ann"), ("收回", "坐席leader"), ("领取", "坐席bob"),
    ]  # fmt: skip
    assert len(await core.audit.entries(action="callback.released")) == 1


async def test_who_was_given_up_is_seen_by_the_leader_and_called_once_more(
    connect: Connect, core: Core, small: SmallConversations, clock: ManualClock
) -> None:
    await _promised(core)
    ann, _ = await login(connect, core, "ann")
    leader, _ = await login(connect, core, "leader", "leader")
    for _ in range(core.calling.attempts):
        assert await _step(ann, "taken") == 200 and await _step(ann, "unreachable") == 200
        clock.advance(3600)
    assert (await _listed(ann))["items"] == [] and (await _listed(ann))["given_up"] is None
    assert (await _listed(leader))["given_up"] == 1
    for which in ("done", "given_up"):
        (row,) = (await _listed(ann, which))["items"]
        assert (row["result_text"], row["attempts"], row["number"]) == ("多次未接通，已放弃", 3, "139****1234")
    assert await _step(ann, "open") == 409 and await _step(leader, "open") == 200
    assert (await _listed(leader))["given_up"] == 0 and (await _listed(ann))["items"][0]["attempts"] == 0
    assert len(await core.audit.entries(action="callback.reopened")) == 1
    for unknown in ("mine", "all"):
        assert (await ann.get(f"{_PATH}?which={unknown}")).status == 400


async def test_a_long_note_hinders_no_step_and_what_is_typed_is_added(
    connect: Connect, core: Core, small: SmallConversations
) -> None:
    await _promised(core)
    async with core.database.write() as session:
        (await session.get_one(CallbackTask, "cb_1")).note = "长" * 3_000
    ann, _ = await login(connect, core, "ann")
    assert await _step(ann, "taken") == 200
    typed = await ann.post(f"{_PATH}/cb_1", json={"status": "done", "note": "已说明"}, headers=origin(ann))
    assert typed.status == 200 and (await typed.json())["note"] == "长" * 3_000 + "\n已说明"
    whole = await ann.post(f"{_PATH}/cb_1", json={"status": "done", "note": "长" * 3_000}, headers=origin(ann))
    assert whole.status == 200  # as pages of an earlier version send it
