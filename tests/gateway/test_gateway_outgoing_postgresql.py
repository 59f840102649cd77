"""Calls to citizens on a real PostgreSQL server, where several writers are at work at the same moment."""

from __future__ import annotations

import pytest
from test_gateway_outgoing import phone as phone
from test_gateway_outgoing import test_a_click_dials_and_busy_is_an_attempt as test_click  # noqa: F401
from test_gateway_outgoing import (
    test_a_result_that_comes_after_a_restart_counts_and_one_that_never_comes_too as test_restart,  # noqa: F401
)
from test_gateway_outgoing import test_the_bot_makes_a_return_visit as test_visit  # noqa: F401
from test_gateway_outgoing import (
    test_without_a_trunk_without_a_phone_out_of_hours_and_beyond_the_lines as test_lines,  # noqa: F401
)
from test_gateway_postgresql import settings as postgresql_settings  # noqa: F401

from base.settings import Settings


@pytest.fixture
def settings(postgresql_settings: Settings) -> Settings:  # noqa: F811
    postgresql_settings.telephony.trunk_uri = "sip:{number}@127.0.0.1:5070"
    postgresql_settings.calling.calls_at_once = 2
    return postgresql_settings
