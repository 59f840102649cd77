"""Reports over HTTP: who may read them, which days, and files that open."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest
from gateway_helpers import Connect, SmallConversations, login
from openpyxl import load_workbook

from base.clock import ManualClock
from gateway.core import Core
from storage.desk_tables import DeskCase
from storage.follow_up_tables import ReturnVisit
from storage.leader_tables import DeskWait
from storage.tables import Conversation, Order

REPORTS = "/api/v1/leader/reports"


async def some_contacts(core: Core, seat_id: str) -> None:
    """Three calls of today, one of them served by the seat within ten seconds and rated."""
    now = core.clock.now()
    async with core.database.write() as session:
        for number in range(3):
            session.add(
                Conversation(
                    id=f"c{number}",
                    channel="phone",
                    trace_id="t",
                    status="ended",
                    outcome="seat" if number == 0 else "answered",
                    outcome_detail={"rating": "satisfied"} if number == 0 else {},
                    seat_id=seat_id if number == 0 else None,
                    created_at=now,
                    updated_at=now,
                    ended_at=now,
                )
            )
        await session.flush()
        session.add(
            DeskWait(
                conversation_id="c0",
                channel="phone",
                again=False,
                asked_at=now,
                ended_at=now + timedelta(seconds=10),
                ended_by="answered",
                waited_seconds=10.0,
                seat_id=seat_id,
            )
        )
        session.add(
            DeskCase(conversation_id="c0", passed_over={}, form={}, tags=[], finished_at=now, handled_seconds=90.0)
        )
        session.add(
            Order(
                order_no="o1",
                tracking_hash="x",
                idempotency_key="k",
                status="closed",
                channel="phone",
                request_type="投诉",
                title="t",
                detail="d",
                category_level1="城乡建设",
                category_level2="=供热",
                deadline_hours=24,
                created_at=now,
                updated_at=now,
                filed_at=now,
                created_by=f"seat:{seat_id}",
            )
        )
        await session.flush()
        session.add(
            ReturnVisit(
                id="v1",
                order_no="o1",
                round=1,
                unit="u",
                channel="phone",
                status="done",
                next_at=now,
                created_at=now,
                satisfied=False,
                done_at=now,
            )
        )


@pytest.mark.parametrize("role", ["seat", "dispatcher", "visitor"])
async def test_reports_are_for_those_who_read_statistics(
    connect: Connect, core: Core, small: SmallConversations, role: str
) -> None:
    client, _ = await login(connect, core, role=role)
    for path in (REPORTS, f"{REPORTS}/file", "/api/v1/leader/seats"):
        assert (await client.get(path)).status == 403
    assert (await (await connect()).get(REPORTS)).status == 401


async def test_a_report_and_its_files(
    connect: Connect, core: Core, small: SmallConversations, clock: ManualClock
) -> None:
    client, seat_id = await login(connect, core, role="leader")
    await some_contacts(core, seat_id)
    shown = await (await client.get(REPORTS)).json()
    assert shown["by"] == "day" and len(shown["slots"]) == 7 and shown["slots"][-1]["unfinished"]
    assert shown["totals"]["contacts"] == 3 and shown["totals"]["containment"] == 2 / 3
    assert shown["totals"]["service_level"] == 1.0 and shown["totals"]["types"] == {"投诉": 1}
    day = clock.now().date().isoformat()
    hours = await (await client.get(REPORTS, params={"by": "hour", "first_day": day, "last_day": day})).json()
    assert len(hours["slots"]) == 24 and hours["slots"][10]["contacts"] == 3  # 02:00 UTC
    file = await client.get(f"{REPORTS}/file", params={"format": "csv", "table": "categories"})
    text = (await file.read()).decode("utf-8-sig")
    assert file.content_type == "text/csv" and "attachment" in file.headers["Content-Disposition"] and "'=供热" in text
    file = await client.get(f"{REPORTS}/file", params={"format": "xlsx"})
    assert load_workbook(io.BytesIO(await file.read()))["各时段"].cell(9, 2).value == 3
    (row,) = (await (await client.get("/api/v1/leader/seats")).json())["items"]
    assert (row["answered"], row["answered_in_time"], row["finished"], row["handled_seconds"]) == (1, 1, 1, 90.0)
    assert row["ratings"] == {"satisfied": 1} and row["visits_satisfied"] == 0.0 and row["points"] is None


@pytest.mark.parametrize(
    "query",
    [
        {"by": "year"},
        {"first_day": "2026-13-01"},
        {"first_day": "2026-02-01", "last_day": "2026-01-01"},
        {"by": "hour", "first_day": "2025-01-01", "last_day": "2026-01-01"},
        {"first_day": "0001-01-01"},
        {"by": "month", "first_day": "9999-12-01", "last_day": "9999-12-31"},
    ],
)
async def test_impossible_days_are_refused_in_words(
    connect: Connect, core: Core, small: SmallConversations, query: dict[str, str]
) -> None:
    client, _ = await login(connect, core, role="analyst")
    answer = await client.get(REPORTS, params=query)
    assert answer.status == 400 and (await answer.json())["error"]["message"].endswith("。")


def test_the_clock_of_these_tests_is_in_the_citys_morning() -> None:
    assert ManualClock().now() == datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
