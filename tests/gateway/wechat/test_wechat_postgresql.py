"""The same on a real PostgreSQL server: where several nodes meet."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fresh_database import emptied
from test_wechat_callback import test_a_repetition_at_another_node as test_repetition  # noqa: F401
from test_wechat_notices import test_wechat_tells_later_that_a_notice_was_blocked as test_notices  # noqa: F401
from test_wechat_once import test_a_process_that_dies_over_a_message as test_recovery  # noqa: F401
from test_wechat_once import test_two_nodes_send_each_message_once as test_two_nodes  # noqa: F401
from test_wechat_token import test_one_token_for_all_nodes as test_one_token  # noqa: F401
from test_wecom_kf import test_everything_is_read_once_page_by_page as test_pages  # noqa: F401
from wechat_helpers import AES_KEY, APP_ID, CORP_ID, CORP_SECRET, SECRET, TOKEN
from wechat_stand_in import KfStandIn, OfficialStandIn

from base.sections.channels import WechatSettings, WecomSettings
from base.sections.node import DatabaseSettings, DataSettings
from base.settings import Settings
from storage import migrate

pytestmark = pytest.mark.long  # starts a server of its own


@pytest.fixture
async def settings(
    postgresql_url: str, tmp_path: Path, wechat: OfficialStandIn, wecom: KfStandIn
) -> AsyncIterator[Settings]:
    database = await emptied(postgresql_url)
    await migrate.upgrade(database)
    await database.close()
    common = {"enabled": True, "token": TOKEN, "encoding_aes_key": AES_KEY}
    yield Settings(
        data=DataSettings(directory=tmp_path / "var"),
        database=DatabaseSettings(url=postgresql_url),
        wechat=WechatSettings(**common, app_id=APP_ID, app_secret=SECRET, api_url=wechat.url),
        wecom=WecomSettings(**common, corp_id=CORP_ID, secret=CORP_SECRET, api_url=wecom.url),
    )
