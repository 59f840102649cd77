"""A conversation service on a real database; the stand-ins for the models are in `conversations_helpers.py`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from conversations_helpers import Book, KeywordParser, Room, build
from fresh_database import database as database

from base.clock import ManualClock
from base.sections.dialogue import RasaSettings
from base.sections.node import DataSettings
from base.settings import Settings
from storage.engine import Database
from workorders.service import OrderService


@pytest.fixture
async def room(tmp_path: Path, database: Database) -> AsyncIterator[Room]:
    settings = Settings(data=DataSettings(directory=tmp_path), rasa=RasaSettings(enabled=False))
    clock = ManualClock(datetime(2026, 11, 2, 2, 0, tzinfo=UTC))
    parser, book = KeywordParser(), Book()
    orders = OrderService(database, clock=clock)
    service = build(database, settings, clock, parser, book, orders)
    await service.start()
    yield Room(service, database, clock, settings, parser, book, orders)
    await service.close()
