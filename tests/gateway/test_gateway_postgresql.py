"""The same conversations, hand-over and orders on a real PostgreSQL server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fresh_database import emptied
from test_gateway_orders import filed as filed
from test_gateway_orders import test_a_unit_reports_signed_once_and_only_on_its_own as test_unit_reports  # noqa: F401
from test_gateway_whole import catalogue as catalogue
from test_gateway_whole import places as places
from test_gateway_whole import test_a_complaint_becomes_an_order_that_can_be_followed as test_complaint  # noqa: F401
from test_gateway_whole import test_a_whole_hand_over_between_two_pages as test_hand_over  # noqa: F401
from test_gateway_whole import test_after_a_kill_the_chat_goes_on_and_the_call_becomes_a_call_back as test_kill  # noqa: F401
from test_gateway_whole import test_the_same_confirmation_twice_files_once as test_confirm_twice  # noqa: F401
from test_gateway_whole import whole as whole

from base.sections.node import DatabaseSettings, DataSettings
from base.settings import Settings


@pytest.fixture
async def settings(postgresql_url: str, tmp_path: Path) -> AsyncIterator[Settings]:
    await (await emptied(postgresql_url)).close()
    yield Settings(data=DataSettings(directory=tmp_path / "var"), database=DatabaseSettings(url=postgresql_url))
