"""Call-backs: the hours, the attempts and their spacing, one open task a number, and who calls again."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from base.calling_hours import CallingRules
from base.clock import ManualClock, local
from conversations import store
from seats.callbacks import CallbackError, Callbacks
from storage.calling_tables import CallTaskEvent, OutgoingCall
from storage.engine import Database
from storage.tables import CallbackTask, Conversation, Seat

NUMBER = "13900001234"
NIGHT = datetime(2026, 1, 5, 15, 30, tzinfo=UTC)  # 23:30 in the city


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()  # 10:00 in the city


@pytest.fixture
def callbacks(database: Database, clock: ManualClock) -> Callbacks:
    return Callbacks(database, clock=clock, dial_uri="sip:9{number}@pbx.example.cn")


async def promise(
    database: Database, clock: ManualClock, name: str, *, number: str | None = NUMBER, reason: str = "missed"
) -> None:
    now = clock.now()
    async with database.write() as session:
        row = await session.get(Conversation, name)
        if row is None:
            row = Conversation(id=name, channel="phone", trace_id="t", status="ended", created_at=now, updated_at=now)
            session.add(row)
            await session.flush()
        await store.promise_call_back(
            session, row, reason=reason, number=number, note=f"note {name}", due_at=now + timedelta(hours=2), now=now
        )


async def rows(database: Database) -> dict[str, CallbackTask]:
    async with database.read() as session:
        return {row.conversation_id: row for row in (await session.execute(select(CallbackTask))).scalars()}


@given(st.integers(0, 366 * 24 * 60), st.integers(0, 11), st.integers(12, 24))
def test_nobody_is_rung_up_at_night(minutes: int, first: int, last: int) -> None:
    rules, aware = CallingRules(first, last), datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    earliest = rules.earliest(aware)
    assert earliest >= aware and rules.allowed(earliest)
    assert earliest == aware or local(earliest).hour == first
    assert earliest - aware < timedelta(days=1)
    assert rules.again(rules.attempts, aware) is None


async def test_attempts_are_spaced_and_end(database: Database, clock: ManualClock, callbacks: Callbacks) -> None:
    await promise(database, clock, "c1")
    (task,) = await callbacks.tasks()
    for attempt in (1, 2, 3):
        await callbacks.set(task["id"], "taken", seat_id="s1")
        told = await callbacks.dial(task["id"], seat_id="s1")
        assert told["uri"] == f"sip:9{NUMBER}@pbx.example.cn"
        after = await callbacks.set(task["id"], "unreachable", seat_id="s1", note="无人接听")
        assert after["attempts"] == attempt
        if attempt < 3:
            with pytest.raises(CallbackError):
                await callbacks.set(task["id"], "taken", seat_id="s2")
            clock.advance(3600)
    assert (after["status"], after["result"]) == ("done", "given_up") and await callbacks.tasks() == []


async def test_who_may_dial_and_when(database: Database, clock: ManualClock, callbacks: Callbacks) -> None:
    await promise(database, clock, "c1")
    await promise(database, clock, "c2", number="13800000000", reason="emergency 119")
    await promise(database, clock, "c3", number=None)
    tasks = {task["conversation_id"]: task["id"] for task in await callbacks.tasks()}
    with pytest.raises(CallbackError):
        await callbacks.dial(tasks["c1"], seat_id="s1")  # nobody's yet
    for identifier in tasks.values():
        await callbacks.set(identifier, "taken", seat_id="s1")
    with pytest.raises(CallbackError):
        await callbacks.dial(tasks["c1"], seat_id="s2")
    with pytest.raises(CallbackError):
        await callbacks.dial(tasks["c3"], seat_id="s1")  # no number
    clock.moment = NIGHT
    with pytest.raises(CallbackError):
        await callbacks.dial(tasks["c1"], seat_id="s1")
    assert (await callbacks.dial(tasks["c2"], seat_id="s1"))["number"] == "13800000000"  # danger has no hours
    assert {task["conversation_id"]: task["callable"] for task in await callbacks.tasks()} == {
        "c1": False, "c2": True, "c3": False,
    }  # fmt: skip


async def test_a_number_has_one_open_task_with_everything_that_was_noted(
    database: Database, clock: ManualClock, callbacks: Callbacks
) -> None:
    await promise(database, clock, "c1")
    (first,) = await callbacks.tasks()
    await callbacks.set(first["id"], "taken", seat_id="s1")
    clock.advance(600)
    await promise(database, clock, "c2", reason="dropped")
    (task,) = await callbacks.tasks()
    assert (task["conversation_id"], task["status"], task["seat_id"]) == ("c2", "taken", "s1")
    assert "note c1" in task["note"] and "note c2" in task["note"] and task["due_at"] == first["due_at"]
    assert (await rows(database))["c1"].result == "superseded"
    await asyncio.gather(*(promise(database, clock, f"m{index}") for index in range(5)))
    assert len(await callbacks.tasks()) == 1


async def test_whoever_calls_again_and_is_served_needs_no_call(
    database: Database, clock: ManualClock, callbacks: Callbacks
) -> None:
    await promise(database, clock, "c1")
    await promise(database, clock, "c2", number="13800000000", reason="emergency 119")
    async with database.write() as session:
        for number in (NUMBER, "13800000000", None):
            again = Conversation(id="c9", caller_number=number, outcome_detail={})
            await store.called_again(session, again, now=clock.now())
    found = await rows(database)
    assert (found["c1"].status, found["c1"].result) == ("done", "called_again")
    assert found["c2"].status == "open"  # danger is followed up
    await promise(database, clock, "c1")
    assert (await rows(database))["c1"].status == "open"  # promised anew


async def _taken(database: Database, clock: ManualClock, callbacks: Callbacks, name: str = "c1") -> str:
    await promise(database, clock, name)
    (task,) = await callbacks.tasks()
    await callbacks.set(task["id"], "taken", seat_id="s1")
    return str(task["id"])


async def _steps(database: Database) -> list[tuple[str, str]]:
    async with database.read() as session:
        found = await session.execute(select(CallTaskEvent).order_by(CallTaskEvent.id))
        return [(row.event, row.actor) for row in found.scalars()]


async def test_a_task_is_given_back_or_taken_away_by_a_leader(
    database: Database, clock: ManualClock, callbacks: Callbacks
) -> None:
    task_id = await _taken(database, clock, callbacks)
    for status in ("open", "done", "taken"):
        with pytest.raises(CallbackError):
            await callbacks.set(task_id, status, seat_id="s2")
    await callbacks.set(task_id, "open", seat_id="s1", note="先放一放")
    await callbacks.set(task_id, "taken", seat_id="s2")
    with pytest.raises(CallbackError):
        await callbacks.set(task_id, "done", seat_id="l1", lead=True)  # what became of it, its holder says
    await callbacks.set(task_id, "open", seat_id="l1", lead=True)
    (task,) = await callbacks.tasks()
    assert (task["status"], task["seat_id"], task["note"]) == ("open", None, "note c1\n先放一放")
    assert await _steps(database) == [("taken", "s1"), ("given_back", "s1"), ("taken", "s2"), ("released", "l1")]
    assert [step["text"] for step in task["history"]] == ["领取", "退回", "领取", "收回"]


async def test_what_was_taken_and_forgotten_is_free_again_but_not_in_the_middle_of_a_call(
    database: Database, clock: ManualClock, callbacks: Callbacks
) -> None:
    task_id = await _taken(database, clock, callbacks)
    async with database.write() as session:
        session.add(
            OutgoingCall(
                id="o1", number=NUMBER, open_number=NUMBER, purpose="callback", subject_id=task_id, seat_id="s1",
                status="answered", created_at=clock.now(),
            )
        )  # fmt: skip
    clock.advance(4 * 3600 - 1)
    assert await callbacks.release_forgotten() == 0
    clock.advance(2)
    assert await callbacks.release_forgotten() == 0  # it is being called about
    with pytest.raises(CallbackError):
        await callbacks.set(task_id, "open", seat_id="s1")
    async with database.write() as session:
        (await session.get_one(OutgoingCall, "o1")).status = "ended"
    assert await callbacks.release_forgotten() == 1 and await callbacks.release_forgotten() == 0
    assert (await _steps(database))[-1] == ("released", "system")
    await callbacks.set(task_id, "taken", seat_id="s2")  # counted anew
    clock.advance(3600)
    assert await callbacks.release_forgotten() == 0


async def test_a_task_that_an_older_node_took_is_counted_from_when_it_is_seen(
    database: Database, clock: ManualClock, callbacks: Callbacks
) -> None:
    await _taken(database, clock, callbacks)
    async with database.write() as session:
        (await session.execute(select(CallbackTask))).scalar_one().taken_at = None
    clock.advance(86_400)
    assert await callbacks.release_forgotten() == 0
    clock.advance(4 * 3600 + 1)
    assert await callbacks.release_forgotten() == 1


async def test_what_is_over_is_shown_with_its_end_and_a_leader_has_them_called_once_more(
    database: Database, clock: ManualClock, callbacks: Callbacks
) -> None:
    async with database.write() as session:
        session.add(Seat(id="s1", login="w", display_name="王坐席", password_hash="x", created_at=clock.now()))
    task_id = await _taken(database, clock, callbacks)
    for attempt in range(3):
        if attempt:
            await callbacks.set(task_id, "taken", seat_id="s1")
        await callbacks.set(task_id, "unreachable", seat_id="s1")
        clock.advance(3600)
    assert await callbacks.tasks() == [] and await callbacks.given_up_lately() == 1
    (over,) = await callbacks.tasks("done")
    assert (over["result_text"], over["attempts"], over["seat_name"]) == ("多次未接通，已放弃", 3, "王坐席")
    assert over["done_at"] and [step["who"] for step in over["history"]] == ["王坐席"] * 6
    with pytest.raises(CallbackError):
        await callbacks.set(task_id, "open", seat_id="s1")
    await callbacks.set(task_id, "open", seat_id="l1", lead=True)
    (again,) = await callbacks.tasks()
    assert (again["attempts"], again["next_at"], again["callable"]) == (0, None, True)
    assert again["due_at"] == (clock.now() + timedelta(hours=2)).isoformat()
    assert await callbacks.tasks("given_up") == [] and await callbacks.given_up_lately() == 0


async def test_nobody_is_called_once_more_beside_another_task(
    database: Database, clock: ManualClock, callbacks: Callbacks
) -> None:
    task_id = await _taken(database, clock, callbacks)
    await callbacks.set(task_id, "done", seat_id="s1")
    await promise(database, clock, "c2")
    with pytest.raises(CallbackError, match="待回电"):
        await callbacks.set(task_id, "open", seat_id="l1", lead=True)
    await promise(database, clock, "c3")
    superseded = (await rows(database))["c2"].id
    with pytest.raises(CallbackError):
        await callbacks.set(superseded, "open", seat_id="l1", lead=True)


async def test_a_number_that_is_told_later_or_promised_anew_takes_the_other_task_over(
    database: Database, clock: ManualClock, callbacks: Callbacks
) -> None:
    await promise(database, clock, "c1", reason="emergency 110")
    await promise(database, clock, "c2", number=None)
    clock.advance(60)
    await promise(database, clock, "c2", number=NUMBER)
    (task,) = await callbacks.tasks()
    assert (task["conversation_id"], task["number"], task["reason"]) == ("c2", NUMBER, "emergency 110")
    assert "note c1" in task["note"] and (await rows(database))["c1"].result == "superseded"
    await callbacks.set(task["id"], "taken", seat_id="s1")
    await callbacks.set(task["id"], "done", seat_id="s1")
    await promise(database, clock, "c3")
    async with database.write() as session:
        again = Conversation(id="c9", caller_number=NUMBER, outcome_detail={})
        await store.called_again(session, again, now=clock.now())
    await promise(database, clock, "c4")
    (task,) = await callbacks.tasks()
    await callbacks.set(task["id"], "taken", seat_id="s2")
    await promise(database, clock, "c3")  # promised anew
    (task,) = await callbacks.tasks()
    assert (task["conversation_id"], task["status"], task["seat_id"]) == ("c3", "taken", "s2")
    assert (await rows(database))["c4"].result == "superseded" and "note c4" in task["note"]


async def test_danger_that_is_told_after_the_promise_is_called_about_at_any_hour(
    database: Database, clock: ManualClock, callbacks: Callbacks
) -> None:
    await promise(database, clock, "c1")
    await promise(database, clock, "c1", reason="emergency 119")
    clock.moment = NIGHT
    (task,) = await callbacks.tasks()
    assert (task["reason"], task["callable"]) == ("emergency 119", True)
    await promise(database, clock, "c1")
    assert (await callbacks.tasks())[0]["reason"] == "emergency 119"


async def _done(callbacks: Callbacks, *, seat_id: str = "s1") -> str:
    """The one open task is taken and finished."""
    (task,) = await callbacks.tasks()
    await callbacks.set(task["id"], "taken", seat_id=seat_id)
    await callbacks.set(task["id"], "done", seat_id=seat_id)
    return str(task["id"])


async def _says(database: Database, clock: ManualClock, name: str, text: str = "请再给我回个电话") -> None:
    async with database.write() as session:
        seq = await store.last_seq(session, name) + 1
        store.add_turn(session, name, seq, "citizen", text, clock.now())


@pytest.mark.parametrize("result", ["reached", "given_up", "called_again"])
async def test_danger_that_is_told_after_the_call_back_is_called_about_at_once(
    database: Database, clock: ManualClock, callbacks: Callbacks, result: str
) -> None:
    await promise(database, clock, "c1")
    await _done(callbacks)
    async with database.write() as session:
        stored = (await session.execute(select(CallbackTask))).scalar_one()
        stored.result, stored.attempts, stored.next_at = result, 3, clock.now() + timedelta(hours=9)
    clock.advance(7_200)
    await promise(database, clock, "c1", reason="emergency 119")
    (task,) = await callbacks.tasks()
    assert (task["status"], task["reason"], task["result"], task["attempts"]) == ("open", "emergency 119", "", 0)
    assert (task["next_at"], task["done_at"], task["seat_id"]) == (None, None, None)
    assert task["due_at"] == (clock.now() + timedelta(hours=2)).isoformat()


@pytest.mark.parametrize("reason", ["emergency 119", "idle"])
async def test_what_is_promised_in_a_conversation_whose_task_was_taken_over_belongs_to_the_open_one(
    database: Database, clock: ManualClock, callbacks: Callbacks, reason: str
) -> None:
    await promise(database, clock, "c1")
    await promise(database, clock, "c2", reason="idle")
    async with database.write() as session:
        await store.promise_call_back(
            session, await session.get_one(Conversation, "c1"), reason=reason, number=NUMBER, note="着火了",
            due_at=clock.now(), now=clock.now(),
        )  # fmt: skip
    (task,) = await callbacks.tasks()
    assert (task["conversation_id"], task["reason"], task["due_at"]) == ("c2", reason, clock.now().isoformat())
    found = await rows(database)
    assert "着火了" in task["note"] and "着火了" not in found["c1"].note and found["c1"].result == "superseded"


@pytest.mark.parametrize("result", ["reached", "given_up"])
async def test_a_promise_after_new_words_is_kept_and_one_that_is_only_told_again_is_not(
    database: Database, clock: ManualClock, callbacks: Callbacks, result: str
) -> None:
    await promise(database, clock, "c1", reason="lost")
    await _says(database, clock, "c1")
    clock.advance(60)
    await _done(callbacks)
    async with database.write() as session:
        (await session.execute(select(CallbackTask))).scalar_one().result = result
    clock.advance(60)
    await promise(database, clock, "c1")  # the call's end, told from the phone's journal
    assert await callbacks.tasks() == [] and (await rows(database))["c1"].reason == "lost"
    await _says(database, clock, "c1")
    for _ in range(2):
        await promise(database, clock, "c1")
    (task,) = await callbacks.tasks()
    assert (task["status"], task["reason"], task["result"]) == ("open", "missed", "")


@pytest.mark.parametrize("reason", ["seat", "journal", "extension"])
async def test_what_a_person_promises_or_was_noted_meanwhile_opens_a_task_that_was_done(
    database: Database, clock: ManualClock, callbacks: Callbacks, reason: str
) -> None:
    await promise(database, clock, "c1")
    await _done(callbacks)
    await promise(database, clock, "c1", reason=reason)
    (task,) = await callbacks.tasks()
    assert (task["status"], task["reason"]) == ("open", reason)


async def test_what_a_seat_has_promised_stays_for_people_after_another_promise(
    database: Database, clock: ManualClock, callbacks: Callbacks
) -> None:
    await promise(database, clock, "c1", reason="seat")
    await promise(database, clock, "c2", reason="idle")
    (task,) = await callbacks.tasks()
    assert (task["conversation_id"], task["reason"]) == ("c2", "seat")
    async with database.read() as session:
        assert await callbacks.for_the_bot(session, limit=5) == []


async def test_a_task_that_takes_over_what_the_bot_calls_about_is_free(
    database: Database, clock: ManualClock, callbacks: Callbacks
) -> None:
    await promise(database, clock, "c1")
    task_id = (await rows(database))["c1"].id
    async with database.write() as session:
        await callbacks.to_call(session, task_id, seat_id="bot")
    await promise(database, clock, "c2", reason="emergency 119")
    (task,) = await callbacks.tasks()
    assert (task["conversation_id"], task["status"], task["seat_id"]) == ("c2", "open", None)
    await callbacks.set(task["id"], "taken", seat_id="s1")


@pytest.mark.parametrize("reason", ["emergency 119", "extension", "seat"])
@pytest.mark.parametrize("result", ["answered", "no_answer", "no_line"])
async def test_what_people_have_to_say_is_left_to_them_after_the_bots_call(
    database: Database, clock: ManualClock, callbacks: Callbacks, reason: str, result: str
) -> None:
    await promise(database, clock, "c1")
    task_id = (await rows(database))["c1"].id
    async with database.write() as session:
        (await session.get_one(CallbackTask, task_id)).attempts = 2
        await callbacks.to_call(session, task_id, seat_id="bot")
    await promise(database, clock, "c1", reason=reason)  # while it rings, or in the bot's call
    async with database.write() as session:
        await callbacks.called(session, task_id, result, seat_id=None, now=clock.now())
    (task,) = await callbacks.tasks()
    assert (task["status"], task["seat_id"], task["reason"], task["attempts"]) == ("open", None, reason, 2)
    assert task["callable"] and "智能助手外呼" in task["note"]
    async with database.write() as session:
        with pytest.raises(CallbackError, match="人工"):
            await callbacks.to_call(session, task_id, seat_id="bot")  # chosen before it was known


async def test_an_attempt_for_a_seat_is_that_seats_and_a_step_of_nobody_is_shown(
    database: Database, clock: ManualClock, callbacks: Callbacks
) -> None:
    await promise(database, clock, "c1")
    task_id = (await rows(database))["c1"].id
    async with database.write() as session:
        await callbacks.called(session, task_id, "busy", seat_id="s1", now=clock.now())
    assert await _steps(database) == [("unreachable", "s1")]
    async with database.write() as session:
        (await session.execute(select(CallTaskEvent))).scalar_one().actor = ""
    (task,) = await callbacks.tasks()
    assert [(step["who"], step["text"]) for step in task["history"]] == [("坐席", "未接通")]


async def test_notes_are_added_and_a_full_one_keeps_the_newest(
    database: Database, clock: ManualClock, callbacks: Callbacks
) -> None:
    task_id = await _taken(database, clock, callbacks)
    async with database.write() as session:
        (await session.get_one(CallbackTask, task_id)).note = "长" * 3_999
    told = await callbacks.set(task_id, "taken", seat_id="s1", note="请下午再打")
    assert told["note"].startswith("长" * 900) and told["note"].endswith("长\n请下午再打")
    assert len(told["note"]) == 4_000
    assert (await callbacks.set(task_id, "open", seat_id="s1", note="请下午再打"))["note"] == told["note"]  # sent twice


async def test_what_is_typed_is_noted_where_the_note_has_it_within_other_words(
    database: Database, clock: ManualClock, callbacks: Callbacks
) -> None:
    task_id = await _taken(database, clock, callbacks)
    for typed in ("号码不对", "对", "请下午再打", "对", "对"):
        told = await callbacks.set(task_id, "taken", seat_id="s1", note=typed)
    await callbacks.annotate("c1", "下午再打")
    await callbacks.annotate("c1", "下午再打")
    assert told["note"] == "note c1\n号码不对\n对\n请下午再打\n对"
    assert (await rows(database))["c1"].note == f"{told['note']}\n下午再打"


async def test_danger_told_last_stands_in_a_full_note(
    database: Database, clock: ManualClock, callbacks: Callbacks
) -> None:
    async def told(name: str, note: str) -> str:
        async with database.write() as session:
            row = await session.get_one(Conversation, name)
            await store.promise_call_back(
                session, row, reason="emergency 119", number=NUMBER, note=note, due_at=clock.now(), now=clock.now()
            )
        return (await rows(database))[name].note

    await promise(database, clock, "c1")
    assert (await told("c1", "长" * 5_000)).startswith("note c1\n长")
    kept = await told("c1", "煤气泄漏")
    assert kept.startswith("note c1\n长") and kept.endswith("长\n煤气泄漏") and len(kept) == 4_000
    await promise(database, clock, "c2")
    kept = await told("c2", "楼道着火了" + "短" * 2_500)
    assert kept.startswith("note c1\n长") and "长\n煤气泄漏\n" in kept
    assert "note c2" in kept and "楼道着火了" in kept and len(kept) <= 4_000
    async with database.write() as session:
        again = Conversation(id="c9", caller_number=NUMBER, outcome_detail={})
        (task,) = await store.open_calls(session, NUMBER, besides="c9")
        task.reason = "missed"
        await store.called_again(session, again, now=clock.now())
    assert (await rows(database))["c2"].note.endswith("市民已再次来电（会话c9）。")


async def test_a_task_that_is_opened_again_is_about_the_number_that_was_told_now(
    database: Database, clock: ManualClock, callbacks: Callbacks
) -> None:
    other = "13800000000"
    await promise(database, clock, "c1")
    await _done(callbacks)
    async with database.write() as session:
        (await session.execute(select(CallbackTask))).scalar_one().result = "given_up"
    await promise(database, clock, "c2", number=other)
    await promise(database, clock, "c3")
    await _says(database, clock, "c1")
    await promise(database, clock, "c1", number=other, reason="seat")
    found = await rows(database)
    assert (found["c1"].number, found["c1"].status, found["c2"].result) == (other, "open", "superseded")
    assert "note c2" in found["c1"].note and found["c3"].status == "open"  # that number's call is still to be made
    task_id = found["c1"].id
    await callbacks.set(task_id, "taken", seat_id="s1")
    await callbacks.set(task_id, "done", seat_id="s1")
    await promise(database, clock, "c1", number=None, reason="seat")
    assert (await rows(database))["c1"].number == other


@pytest.mark.parametrize("reason", ["idle", "lost"])
async def test_whoever_was_reached_and_says_thanks_is_not_called_again_but_with_more_to_say_they_are(
    database: Database, clock: ManualClock, callbacks: Callbacks, reason: str
) -> None:
    await promise(database, clock, "c1")
    await _done(callbacks)
    clock.advance(60)
    await _says(database, clock, "c1", "好的，谢谢你们")
    await promise(database, clock, "c1", reason=reason)
    assert await callbacks.tasks() == []
    await _says(database, clock, "c1", "还有一件事，楼下的路灯坏了三天了")
    await promise(database, clock, "c1", reason=reason)
    assert len(await callbacks.tasks()) == 1
