"""What an answer puts into its slot where it does not say so plainly."""

from __future__ import annotations

import pytest
from test_bot_policy_pure import run

from bot.decision import Turn
from bot.state import Matter, Place, State


def asked_for_secrecy(times: int, kind: str = "投诉") -> State:
    """A citizen who was asked so often whether to be kept secret, everything else being known."""
    matter = Matter(1, "order", "楼下太吵", request_type=kind, opening="楼下太吵", detail="天天半夜唱歌到两点")
    matter.place = Place("门口", "朝阳区", "双井街道")
    matter.event_time, matter.subject, matter.appeal = "每天", "楼下", "管管"
    return State(
        matters=[matter], asking="confidential", asked={"confidential": times}, contact_phone="13900001234", questions=1
    )


@pytest.mark.parametrize(
    ("said", "kind", "secret"),
    [
        ("都在一块儿住", "投诉", True),
        ("不知道", "投诉", False),
        ("不知道", "举报", True),
        ("随便", "举报", False),
    ],
)
def test_whoever_never_said_that_it_may_be_known_is_kept_secret(said: str, kind: str, secret: bool) -> None:
    decision, _ = run(asked_for_secrecy(2, kind), Turn(said))
    assert decision.state.confidential is secret


def test_it_is_asked_once_more_first() -> None:
    decision, _ = run(asked_for_secrecy(1), Turn("都在一块儿住"))
    assert (decision.state.confidential, decision.state.asking) == (None, "confidential")
