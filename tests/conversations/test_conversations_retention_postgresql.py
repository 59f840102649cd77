"""Erasing, by age and by wish, decided by a real PostgreSQL server."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from fresh_database import fresh_postgresql
from test_conversations_erasure import NUMBER, _citizen
from test_conversations_erasure import clock as clock
from test_conversations_erasure import folders as folders
from test_conversations_erasure import test_everything_of_one_citizen_goes_and_nothing_of_another as test_wish  # noqa: F401
from test_conversations_retention import YEAR
from test_conversations_retention import (
    test_conversations_wait_for_call_backs_and_stay_where_orders_are_kept as test_needed,  # noqa: F401
)
from test_conversations_retention import test_what_is_old_goes_once_and_is_told_to_the_audit_log as test_old  # noqa: F401

from base.clock import ManualClock
from conversations.erasure import Folders
from conversations.retention import Retention
from seats.audit import AuditLog
from storage.engine import Database

database = fresh_postgresql  # instead of the folder's SQLite


async def test_of_two_nodes_that_believe_to_lead_one_erases(
    database: Database, clock: ManualClock, folders: Folders
) -> None:
    await _citizen(database, clock, "one", NUMBER, "closed")
    clock.advance(timedelta(days=400).total_seconds())
    nodes = [Retention(database, folders, YEAR, clock=clock) for _ in range(4)]
    assert sum(await asyncio.gather(*(node.step() for node in nodes))) == 1
    assert len(await AuditLog(database).entries(action="retention.erased")) == 1
