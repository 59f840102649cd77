"""Review sheets over HTTP: leaders draw, read and judge; the seat answers; nobody else."""

from __future__ import annotations

from typing import Any

import pytest
from gateway_helpers import Client, Connect, SmallConversations, login, origin

from conversations.messages import CitizenTurn
from gateway.core import Core
from seats import review_sheet
from storage.tables import Conversation

REVIEWS = "/api/v1/leader/reviews"
FULL = {one.key: one.points for one in review_sheet.default().criteria}


async def post(client: Client, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    answer = await client.post(path, json=body, headers=origin(client))
    return answer.status, await answer.json()


@pytest.mark.parametrize("role", ["seat", "dispatcher", "analyst"])
async def test_only_reviewers_of_quality_read_and_judge(
    connect: Connect, core: Core, small: SmallConversations, role: str
) -> None:
    client, _ = await login(connect, core, role=role)
    known = (await small.open("web")).conversation_id
    for path in (REVIEWS, f"{REVIEWS}/drawn", f"{REVIEWS}/conversations/{known}"):
        assert (await client.get(path)).status == 403
    assert (await post(client, REVIEWS, {"conversation_id": known, "points": FULL}))[0] == 403
    assert (await post(client, f"{REVIEWS}/q_1/settle", {"answer": "好"}))[0] == 403
    if role != "seat":
        assert (await client.get("/api/v1/seat/reviews")).status == 403


async def test_a_conversation_is_drawn_read_judged_appealed_and_settled(
    connect: Connect, core: Core, small: SmallConversations
) -> None:
    seat, seat_id = await login(connect, core, "ann")
    leader, _ = await login(connect, core, "lee", "leader")
    known = (await small.open("web")).conversation_id
    await small.citizen_turn(known, CitizenTurn("人工", "web"))
    await small.claim(known, seat_id)
    await small.seat_message(known, seat_id, "您放心，一定给您解决")
    await small.finish(known, seat_id, "answered")
    async with core.database.write() as session:
        row = await session.get(Conversation, known)
        assert row is not None
        row.status, row.seat_id, row.ended_at = "ended", seat_id, core.clock.now()
    await core.cases.finished(known, code="consulted", seconds=60.0)

    drawn = await (await leader.get(f"{REVIEWS}/drawn")).json()
    assert [item["conversation_id"] for item in drawn["items"]] == [known] and drawn["week"] == "2026-01-05"
    assert drawn["criteria"]["most"] == 100
    read = await (await leader.get(f"{REVIEWS}/conversations/{known}")).json()
    said = next(turn for turn in read["transcript"] if turn["role"] == "seat")
    assert [hint["kind"] for hint in said["hints"]] == ["promise"]
    status, sheet = await post(leader, REVIEWS, {"conversation_id": known, "points": FULL, "vetoes": ["promise"]})
    assert status == 201 and sheet["total"] == 0
    assert (await post(leader, REVIEWS, {"conversation_id": known, "points": FULL}))[0] == 409

    own = await (await seat.get("/api/v1/seat/reviews")).json()
    assert [one["id"] for one in own["items"]] == [sheet["id"]]
    status, appealed = await post(seat, f"/api/v1/seat/reviews/{sheet['id']}", {"step": "appeal", "reason": "是口误"})
    assert status == 200 and appealed["status"] == "appealed"
    status, settled = await post(leader, f"{REVIEWS}/{sheet['id']}/settle", {"answer": "维持"})
    assert (status, settled["status"], settled["total"]) == (200, "settled", 0)
    assert (await post(seat, "/api/v1/seat/reviews/q_nothing", {"step": "agree"}))[0] == 404
