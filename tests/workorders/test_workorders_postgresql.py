"""Leases, alerts and exports on a real PostgreSQL server, where several writers are at work at the same moment."""

from __future__ import annotations

from pathlib import Path

import pytest
import test_workorders_outbox_receivers
from fresh_database import fresh_postgresql
from outbox_helpers import file_order
from sqlalchemy import select
from test_workorders_alerts import room as room
from test_workorders_alerts import test_reminded_then_missed_then_answered as test_reminded  # noqa: F401
from test_workorders_alerts import test_several_cores_note_it_once as test_several_cores  # noqa: F401
from test_workorders_export import clock as clock
from test_workorders_export import orders as orders
from test_workorders_outbox import test_a_late_sender_cannot_settle_what_another_has_taken as test_late  # noqa: F401
from test_workorders_outbox import test_in_order_for_each_order_however_attempts_end as test_in_order  # noqa: F401
from test_workorders_outbox import (  # noqa: F401
    test_what_comes_after_a_dead_letter_waits_until_somebody_looks as test_dead_letters,
)
from test_workorders_repeat_search import (  # noqa: F401
    test_the_plan_leads_by_the_index_of_places as test_plan_of_repeats,
)
from test_workorders_repeat_search import (  # noqa: F401
    test_where_the_street_is_not_told_and_who_filing_has_linked as test_repeats,
)
from test_workorders_service import service as service
from test_workorders_service import (  # noqa: F401
    test_one_matter_told_on_several_channels_at_once_is_linked as test_linked_at_once,
)
from test_workorders_service import test_search_takes_percent_signs_and_quotes_as_text as test_searched  # noqa: F401
from test_workorders_service import test_the_same_key_files_once_even_at_once as test_one_key  # noqa: F401
from test_workorders_service import test_two_orders_merged_into_each_other_at_once as test_merged_at_once  # noqa: F401

from base.clock import ManualClock
from storage.engine import Database
from storage.tables import Order
from workorders.service import OrderService

database = fresh_postgresql  # instead of the folder's SQLite


async def test_a_snapshot_sees_one_state_however_long_it_lasts(
    database: Database, orders: OrderService, clock: ManualClock
) -> None:
    number = await file_order(database, orders, "c:1", clock)
    status = select(Order.status).where(Order.order_no == number)
    async with database.snapshot() as session:
        assert (await session.execute(status)).scalar_one() == "dispatched"
        await orders.change(number, "accept", actor="seat:s1")
        assert (await session.execute(status)).scalar_one() == "dispatched"
    async with database.snapshot() as session:
        assert (await session.execute(status)).scalar_one() == "accepted"


@pytest.mark.long
async def test_killed_senders(database: Database, tmp_path: Path) -> None:
    await test_workorders_outbox_receivers.test_senders_are_killed_at_any_moment_and_nothing_is_lost_or_out_of_order(
        database, tmp_path
    )
