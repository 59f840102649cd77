"""Review sheets: the draw is fair and repeatable, points are those of the criteria, agreeing and appealing."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from base.clock import ManualClock
from base.errors import ConfigurationError
from seats import review_sheet
from seats.review_sampling import sample
from seats.review_sheet import Criteria, SheetError
from seats.reviews import Reviews, UnknownSheet
from storage.desk_tables import DeskCase
from storage.engine import Database
from storage.tables import Conversation, Seat

MONDAY = date(2026, 1, 5)
CRITERIA = review_sheet.default()
FULL = {one.key: one.points for one in CRITERIA.criteria}


def test_each_seat_gives_as_many_and_each_conversation_is_as_likely() -> None:
    known = [("s1", f"c{number}") for number in range(20)] + [("s2", "d1")]
    drawn: Counter[str] = Counter()
    for week in range(2_000):
        chosen = sample(known, f"week {week}", each=3)
        assert (len(chosen["s1"]), chosen["s2"]) == (3, ["d1"])
        drawn.update(chosen["s1"])
    assert len(drawn) == 20 and all(230 <= count <= 370 for count in drawn.values())  # 300 expected, 4 deviations


def test_the_draw_is_the_same_whoever_repeats_it_and_loses_one_only_for_the_next() -> None:
    known = [("s1", f"c{number}") for number in range(50)]
    first = sample(known, "2026-01-05", each=5)["s1"]
    assert sample(reversed(known), "2026-01-05", each=5)["s1"] == first
    assert sample(known, "2026-01-12", each=5)["s1"] != first
    without = sample([one for one in known if one[1] != first[2]], "2026-01-05", each=5)["s1"]
    assert [one for one in first if one != first[2]] == without[:4]


def test_the_sheet_adds_up() -> None:
    assert CRITERIA.most == 100 and CRITERIA.total(FULL, []) == 100
    assert CRITERIA.total({**FULL, "manner": 5}, []) == 90
    assert CRITERIA.total(FULL, ["promise"]) == 0
    for points, vetoes in (
        ({**FULL, "manner": 16}, []),
        ({**FULL, "manner": -1}, []),
        ({**FULL, "charm": 5}, []),
        ({key: value for key, value in FULL.items() if key != "order"}, []),
        (FULL, ["ugly"]),
    ):
        with pytest.raises(SheetError, match="。"):
            CRITERIA.total(points, vetoes)


@pytest.mark.parametrize(
    "text", ["criteria: []", "version: 1\ncriteria: []\nvetoes: []", "- a", "version: 1\ncriteria: [{key: a}]"]
)
def test_a_sheet_that_cannot_be_used_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "sheet.yml"
    path.write_text(text)
    with pytest.raises(ConfigurationError):
        Criteria.load(path)


@pytest.fixture
async def reviews(database: Database) -> Reviews:
    """Two seats with four conversations of the week each, and one that is not over."""
    clock = ManualClock(datetime(2026, 1, 8, 2, tzinfo=UTC))
    async with database.write() as session:
        for name in ("s1", "s2", "lead"):
            session.add(
                Seat(id=name, login=name, display_name=f"坐席{name}", password_hash="x", created_at=clock.now())
            )
        for number in range(9):
            at = clock.now() - timedelta(hours=number)
            seat_id, open_still = ("s1", "s2")[number % 2], number == 8
            session.add(
                Conversation(
                    id=f"c{number}",
                    channel="web",
                    trace_id="t",
                    status="with_seat" if open_still else "ended",
                    seat_id=seat_id,
                    created_at=at,
                    updated_at=at,
                    ended_at=None if open_still else at,
                )
            )
        await session.flush()
        for number in range(9):
            finished = clock.now() - timedelta(hours=number)
            session.add(DeskCase(conversation_id=f"c{number}", passed_over={}, form={}, tags=[], finished_at=finished))
    return Reviews(database, clock=clock)


async def test_what_is_drawn_is_over_and_says_whether_it_was_judged(reviews: Reviews) -> None:
    items = await reviews.drawn(MONDAY, each=3)
    assert Counter(item["seat_id"] for item in items) == {"s1": 3, "s2": 3}
    assert "c8" not in {item["conversation_id"] for item in items}
    assert await reviews.drawn(MONDAY - timedelta(weeks=1), each=3) == []
    first = items[0]["conversation_id"]
    sheet = await reviews.write(first, "lead", points=FULL, vetoes=[], comment="很好")
    again = await reviews.drawn(MONDAY, each=3)
    assert {item["conversation_id"]: item["sheet_id"] for item in again}[first] == sheet["id"]
    with pytest.raises(SheetError, match="已经质检过"):
        await reviews.write(first, "lead", points=FULL, vetoes=[], comment="")


async def test_who_led_or_leads_a_conversation_does_not_judge_it(reviews: Reviews) -> None:
    with pytest.raises(SheetError, match="自己"):
        await reviews.write("c0", "s1", points=FULL, vetoes=[], comment="")
    with pytest.raises(SheetError, match="没有结束"):
        await reviews.write("c8", "lead", points=FULL, vetoes=[], comment="")
    with pytest.raises(SheetError):
        await reviews.write("nothing", "lead", points=FULL, vetoes=[], comment="")


async def test_a_seat_agrees_or_appeals_once_and_a_leader_has_the_last_word(reviews: Reviews) -> None:
    sheet = await reviews.write("c0", "lead", points={**FULL, "answer": 0}, vetoes=["promise"], comment="说了一定解决")
    assert sheet["total"] == 0 and sheet["status"] == "open" and sheet["vetoes"] == ["promise"]
    with pytest.raises(UnknownSheet):
        await reviews.reply(sheet["id"], "s2", agrees=True)
    with pytest.raises(SheetError, match="理由"):
        await reviews.reply(sheet["id"], "s1", agrees=False, reason=" ")
    with pytest.raises(SheetError, match="没有待复核"):
        await reviews.settle(sheet["id"], "lead", answer="维持")
    assert (await reviews.reply(sheet["id"], "s1", agrees=False, reason="我说的是一定转达"))["status"] == "appealed"
    with pytest.raises(SheetError, match="答复过"):
        await reviews.reply(sheet["id"], "s1", agrees=True)
    settled = await reviews.settle(sheet["id"], "lead", answer="核实后改正", points={**FULL, "answer": 20})
    assert (settled["status"], settled["total"], settled["vetoes"]) == ("settled", 95, [])
    mine = await reviews.list(seat_id="s1")
    assert mine["total"] == 1 and mine["items"][0]["answer"] == "核实后改正"
    assert (await reviews.list(seat_id="s2"))["items"] == [] and (await reviews.list(status="open"))["total"] == 0
