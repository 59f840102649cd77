"""The same on a real PostgreSQL server: where several nodes meet."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fresh_database import emptied
from test_channel_delivery import test_a_channel_that_does_not_answer_delays_no_other as test_apart  # noqa: F401
from test_channel_delivery import test_after_failures_the_order_is_kept_and_others_go_on as test_order  # noqa: F401
from test_channel_delivery import test_fetched_messages_come_again_until_they_are_acknowledged as test_polls  # noqa: F401
from test_channel_delivery import test_two_nodes_push_each_message_once_and_in_order as test_two_nodes  # noqa: F401
from test_channel_delivery import test_what_is_refused_for_good_is_a_dead_letter_and_holds_nobody_up as test_dead  # noqa: F401
from test_channel_messages import (
    test_an_order_is_filed_with_the_picture_and_its_progress_is_told as test_filed,  # noqa: F401
)
from test_going_on_elsewhere import test_through_another_channel_by_number_and_code as test_elsewhere  # noqa: F401

from base.sections.node import DatabaseSettings, DataSettings
from base.settings import Settings
from storage import migrate

pytestmark = pytest.mark.long  # starts a server of its own


@pytest.fixture
async def settings(postgresql_url: str, tmp_path: Path) -> AsyncIterator[Settings]:
    database = await emptied(postgresql_url)
    await migrate.upgrade(database)
    await database.close()
    yield Settings(data=DataSettings(directory=tmp_path / "var"), database=DatabaseSettings(url=postgresql_url))
