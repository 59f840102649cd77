"""The life of an entry: what is possible when, and that nothing expired or unreviewed is ever live."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from knowledge_helpers import entry

from knowledge import lifecycle, validity
from knowledge.entry import check_entry
from knowledge.lifecycle import EVENTS, Event, Life, NotPossible
from knowledge.versions import difference

NOW = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
MOMENTS = st.integers(-400_000, 400_000).map(lambda minutes: NOW + timedelta(minutes=minutes))


@given(st.lists(st.tuples(st.sampled_from(EVENTS), st.sampled_from(["ann", "bob", "eve"])), max_size=25))
def test_whatever_is_done_nothing_is_published_that_no_second_person_approved(steps: list[tuple[Event, str]]) -> None:
    life, writers, approved_by = Life(), set[str](), None
    for event, actor in steps:
        try:
            after = lifecycle.step(life, event, actor=actor, now=NOW, note="理由")
        except NotPossible:
            continue
        if event == "edit":
            writers = {actor} if life.work == "none" else writers | {actor}
            approved_by = None
        if event == "submit":
            writers.add(actor)
        if event == "approve":
            approved_by = actor
        if event == "publish":
            assert approved_by is not None and approved_by not in writers
        life = after
    assert (life.work == "none") == (lifecycle.working(life) is None)


@given(MOMENTS, MOMENTS, MOMENTS)
def test_an_entry_is_in_force_exactly_between_its_minutes(begins: datetime, ends: datetime, now: datetime) -> None:
    made, problems = check_entry(
        {**entry("x1", "什么问题呢？").model_dump(), "effective_from": begins, "effective_to": ends}
    )
    if begins >= ends:
        assert made is None and "互相矛盾" in problems[0].message
        return
    assert made is not None
    assert validity.in_force(made, now) == (begins <= now < ends)
    assert validity.expired(made, now) == (now >= ends)
    assert validity.coming(made, now) == (now < begins)


@given(MOMENTS)
def test_the_last_day_of_an_entry_belongs_to_it(now: datetime) -> None:
    made = entry("x1", "什么问题呢？", effective_to="2026-01-05")
    assert validity.expired(made, now) == (now >= datetime(2026, 1, 5, 16, 0, tzinfo=UTC))


def test_a_coming_rule_and_a_successor_are_announced_as_such() -> None:
    old = entry("x1", "什么问题呢？", answer="旧的规定。")
    new = entry("x1", "什么问题呢？", answer="新的规定。", effective_from="2026-03-01")
    assert validity.said(new, NOW)[1] == "以下规定自2026年3月1日起施行，目前还没有施行：新的规定。"
    assert validity.said(old, NOW, new)[1] == "旧的规定。另外，自2026年3月1日起施行新的规定：新的规定。"
    assert validity.said(new, NOW + timedelta(days=60))[1] == "新的规定。"


def test_a_withdrawn_entry_does_not_come_back_by_its_schedule() -> None:
    planned = Life("published", "reviewed", ("ann",), "ann", "bob", NOW + timedelta(hours=1))
    gone = lifecycle.step(planned, "withdraw", actor="bob", now=NOW, note="政策停止")
    assert not lifecycle.due(gone, NOW + timedelta(days=1))


@pytest.mark.parametrize("event", ["withdraw", "archive", "restore", "return"])
def test_what_takes_something_away_needs_a_reason(event: Event) -> None:
    live = {"restore": Life("withdrawn"), "return": Life("none", "submitted", ("ann",), "ann")}.get(
        event, Life("published")
    )
    with pytest.raises(NotPossible, match="理由"):
        lifecycle.step(live, event, actor="bob", now=NOW, note=" ")
    lifecycle.step(live, event, actor="bob", now=NOW, note="因为")


@pytest.mark.parametrize("written", ["2026-03-01", "2026/3/1", "2026年3月1日", "2026-03-01 09:30", "2026-03-01T09:30"])
def test_dates_as_people_write_them(written: str) -> None:
    made = entry("x1", "什么问题呢？", effective_from=written)
    assert made.model_dump(mode="json")["effective_from"] in ("2026-03-01", "2026-03-01T09:30")
    assert check_entry({**made.model_dump(mode="json")})[0] == made


def test_a_number_changes_as_a_whole_and_lists_line_by_line() -> None:
    before = entry("x1", "什么问题呢？", "别的问法", answer="要在30日内办理。").model_dump(mode="json")
    after = {**before, "answer": "要在15日内办理。", "ask": ["别的问法", "又一种问法"]}
    ask, answer = difference(before, after)
    assert [part.text for part in answer.parts if part.kind != "same"] == ["30", "15"]
    assert ask.after == "别的问法\n又一种问法" and difference(before, before) == []
