"""Words of danger that were written with other characters of the same sound."""

from __future__ import annotations

import pytest

from bot import guards
from bot.guard_sounds import WORDS, as_meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("有人要条楼", "有人要跳楼"),
        ("我家厨房招火了", "我家厨房着火了"),
        ("快来九名啊", "快来救命啊"),
        ("老伴口吐白墨", "老伴口吐白沫"),
        ("我不响活了", "我不想活了"),
        ("我家招伙计", "我家招伙计"),
        ("他们招，伙食也不错", "他们招，伙食也不错"),  # not across a comma
        ("我们这条楼道没气味", "我们这条楼道没气味"),
        ("", ""),
    ],
)
def test_what_sounds_like_danger_is_put_in_its_own_characters(written: str, meant: str) -> None:
    assert as_meant(written) == meant


def test_what_is_written_rightly_stays() -> None:
    assert as_meant("，".join(WORDS)) == "，".join(WORDS)


def test_a_rule_fires_on_what_was_misheard() -> None:
    found = guards.check("有人要条楼，就在我们小区八号楼顶上")
    assert (found.emergency, found.danger, found.by_rule) == ("110", "suicide", True)
    assert not guards.check("跳楼价的楼盘广告太多了").emergency
