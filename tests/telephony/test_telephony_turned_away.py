"""Who finds no room is called back; whatever is dialled in, so many are noted and no more."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from base.masking import Masked
from telephony.outbox import Outbox
from telephony.turned_away import AGAIN_SECONDS, TurnedAway


def test_a_number_is_noted_once_and_again_when_that_is_long_ago() -> None:
    door = TurnedAway(60)
    assert door.meet(Masked("13900001234"), 0.0) == "noted"
    assert door.meet(Masked("13900001234"), AGAIN_SECONDS - 1) == "repeated"
    assert door.meet(Masked("13900001234"), AGAIN_SECONDS) == "noted"
    for nobody in ("", "anonymous", "110", "sip:x", "1" * 20):
        assert door.meet(Masked(nobody), AGAIN_SECONDS) == "unknown"


def test_none_is_noted_where_that_is_off() -> None:
    assert TurnedAway(0).meet(Masked("13900001234"), 1e9) == "beyond"


@given(st.lists(st.floats(0, 5), min_size=1, max_size=300), st.integers(1, 30))
def test_a_flood_of_numbers_fills_nothing(pauses: list[float], a_minute: int) -> None:
    door, now, noted = TurnedAway(a_minute), 0.0, 0
    for index, pause in enumerate(pauses):
        now += pause
        noted += door.meet(Masked(f"139{index:08}"), now) == "noted"
    assert 1 <= noted <= a_minute * (1 + now / 60) + 1e-6


def test_a_call_that_never_began_keeps_its_caller_over_a_restart(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "ended.jsonl")
    assert outbox.ended({"type": "call_ended", "call_id": "c1", "reason": "overload", "caller": "13900001234"})
    outbox.save(outbox.journal_text())
    again = Outbox(tmp_path / "ended.jsonl")
    assert again.load() == 1
    (message,) = again.unconfirmed_ends()
    assert (message["caller"], message["conversation_id"]) == ("13900001234", None)
