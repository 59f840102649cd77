"""Contact data in the database: unreadable without the key file, found by number, moved and rotated without loss."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from storage import migrate
from storage.engine import Database
from storage.keyring import FILE_NAME, KeyFileError, Keyring
from storage.messenger_tables import MessengerContact
from storage.resealing import check_keys, reseal, sealed_columns, standing
from storage.tables import CallbackTask, Conversation, Turn

NOW = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
NUMBER, WORDS = "13912345678", "我住在幸福里三号楼二单元"


async def _contact(database: Database, name: str = "c1", number: str = NUMBER) -> None:
    async with database.write() as session:
        row = Conversation(
            id=name,
            channel="phone",
            trace_id="t",
            state={"contact_phone": number},
            outcome_detail={"said": WORDS, "rating": "fair"},
            caller_number=number,
            created_at=NOW,
            updated_at=NOW,
        )
        session.add(row)
        await session.flush()
        turn = Turn(conversation_id=name, seq=1, role="citizen", kind="speech", text=WORDS, created_at=NOW)
        turn.meta = {"unplayed": WORDS}
        session.add(turn)


async def _stored(database: Database) -> str:
    """Everything of the two tables, as it lies there."""
    async with database.engine.connect() as connection:
        rows = [
            (await connection.execute(text(query))).all()
            for query in (
                "SELECT caller_number, caller_number_key, state, outcome_detail FROM conversations",
                "SELECT text, meta FROM turns",
            )
        ]
    return repr(rows)


async def test_what_is_stored_tells_nothing_and_is_found_all_the_same(database: Database) -> None:
    await migrate.upgrade(database)
    await _contact(database)
    stored = await _stored(database)
    assert NUMBER not in stored and "幸福里" not in stored and "contact_phone" not in stored.replace("_phone_key", "")
    async with database.read() as session:
        found = (
            await session.execute(select(Conversation).where(Conversation.caller_number_key.in_([NUMBER, "1"])))
        ).scalar_one()
        turn = (await session.execute(select(Turn))).scalar_one()
    assert (found.caller_number, found.state, turn.text) == (NUMBER, {"contact_phone": NUMBER}, WORDS)
    assert (found.rating, turn.meta) == ("fair", {"unplayed": WORDS})


async def test_a_number_that_changes_is_found_under_the_new_one_only(database: Database) -> None:
    await migrate.upgrade(database)
    await _contact(database)
    async with database.write() as session:
        row = await session.get_one(Conversation, "c1")
        row.caller_number = "01062345678"
    async with database.read() as session:
        by = {
            number: (
                await session.execute(select(Conversation.id).where(Conversation.caller_number_key == number))
            ).scalar_one_or_none()
            for number in (NUMBER, "01062345678")
        }
    assert by == {NUMBER: None, "01062345678": "c1"}


def test_comparing_a_sealed_column_is_an_error_and_not_an_empty_answer() -> None:
    wrongs: tuple[Callable[[], object], ...] = (
        lambda: Conversation.caller_number == NUMBER,
        lambda: Conversation.caller_number.in_([NUMBER]),
        lambda: Turn.text.contains("幸福"),
        lambda: Turn.text != "",
    )
    for wrong in wrongs:
        with pytest.raises(TypeError, match="keyed column"):
            wrong()
    assert CallbackTask.number.is_not(None) is not None


async def test_a_value_moved_to_another_column_does_not_open(sqlite: Database) -> None:
    await migrate.upgrade(sqlite)
    await _contact(sqlite)
    async with sqlite.engine.begin() as connection:
        await connection.execute(text("UPDATE turns SET text = (SELECT caller_number FROM conversations)"))
    with pytest.raises(KeyFileError, match=r"turns\.text"):
        async with sqlite.read() as session:
            (await session.execute(select(Turn))).scalar_one()


async def test_the_key_file_is_its_owners_only_and_is_made_once(sqlite: Database, tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    first = sqlite.keyring.keys
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = Keyring(lambda: path).keys
    assert again.fingerprint() == first.fingerprint() and again.sealing == first.sealing
    assert "sealing" not in repr(first) and first.sealing[first.current].hex() not in repr(first)
    path.chmod(0o644)
    with pytest.raises(KeyFileError, match="chmod 600"):
        _ = Keyring(lambda: path).keys
    path.chmod(0o600)
    path.write_text("{}")
    with pytest.raises(KeyFileError, match="backup"):
        _ = Keyring(lambda: path).keys


async def test_a_foreign_key_file_is_noticed_before_anything_is_served(sqlite: Database, tmp_path: Path) -> None:
    await migrate.upgrade(sqlite)
    await check_keys(sqlite)
    await check_keys(sqlite)
    foreign = Database(sqlite.url, keyring=Keyring(lambda: tmp_path / "other.json"))
    with pytest.raises(KeyFileError, match="does not belong"):
        await check_keys(foreign)
    await foreign.close()


async def test_after_a_rotation_everything_opens_and_the_old_key_can_go(database: Database) -> None:
    await migrate.upgrade(database)
    for number in range(3):
        await _contact(database, f"c{number}", f"1391234567{number}")
    old = database.keyring.keys.current
    new = database.keyring.rotate()
    assert set((await standing(database))["turns.text"]) == {old}
    assert await reseal(database) == 15  # three rows: number, state, detail; words, meta
    counted = await standing(database)
    assert counted["turns.text"] == {new: 3} and counted["conversations.state"] == {new: 3}
    database.keyring.retire({old})
    async with database.read() as session:
        found = select(Conversation).where(Conversation.caller_number_key == "13912345671")
        row = (await session.execute(found)).scalar_one()
        assert (row.id, row.state) == ("c1", {"contact_phone": "13912345671"})
    assert await reseal(database) == 0
    with pytest.raises(KeyFileError, match="rotate first"):
        database.keyring.retire({new})


async def test_a_running_process_reads_what_another_sealed_with_a_new_key(sqlite: Database) -> None:
    await migrate.upgrade(sqlite)
    await _contact(sqlite, "c1")  # both have read the file now
    other = Database(sqlite.url)
    await _contact(other, "c2")
    other.keyring.rotate()
    await reseal(other)
    async with sqlite.read() as session:
        numbers = [row.caller_number for row in (await session.execute(select(Conversation))).scalars()]
    assert numbers == [NUMBER, NUMBER]
    await other.close()


async def test_a_database_of_before_moves_over_without_loss(sqlite: Database, tmp_path: Path) -> None:
    await migrate.upgrade(sqlite, "0010")
    async with sqlite.engine.begin() as connection:
        values = {"now": "2026-01-05 02:00:00.000000", "number": NUMBER, "words": WORDS}
        values["state"] = json.dumps({"contact_phone": NUMBER})
        values["detail"] = json.dumps({"said": WORDS, "rating": "fair"}, ensure_ascii=False)
        values["meta"] = json.dumps({"unplayed": WORDS}, ensure_ascii=False)
        for statement in (
            "INSERT INTO conversations (id, channel, trace_id, status, version, state, outcome_detail, caller_number, "
            "priority, created_at, updated_at) "
            "VALUES ('c1', 'phone', 't', 'open', 0, :state, :detail, :number, 0, :now, :now)",
            "INSERT INTO turns (conversation_id, seq, role, kind, text, meta, created_at) "
            "VALUES ('c1', 1, 'citizen', 'speech', :words, :meta, :now)",
            "INSERT INTO callbacks (id, conversation_id, number, reason, status, note, due_at, created_at, attempts, "
            "result) VALUES ('cb1', 'c1', :number, 'seat', 'open', '', :now, :now, 0, '')",
            "INSERT INTO messenger_contacts (id, channel, account, user_id, reachable, elsewhere, scene, "
            "allowance_left, created_at, updated_at) VALUES ('w1', 'wechat', 'a', 'oOPENID', 1, 0, '', 0, :now, :now)",
        ):
            await connection.execute(text(statement), values)
    await migrate.upgrade(sqlite)
    async with sqlite.read() as session:  # at once, before anything was sealed
        query = select(Conversation.id).where(Conversation.caller_number_key == NUMBER)
        assert (await session.execute(query)).scalar_one() == "c1"
    assert (await standing(sqlite))["turns.text"] == {"plain": 1}
    assert await reseal(sqlite) == 7
    await _reads_the_same(sqlite)
    await sqlite.close()  # the last connection takes the write-ahead log in
    raw = await asyncio.to_thread(lambda: b"".join(path.read_bytes() for path in tmp_path.glob("hotline.db*")))
    for secret in (NUMBER, "oOPENID", "幸福里"):
        assert secret.encode() not in raw


async def _reads_the_same(database: Database) -> None:
    async with database.read() as session:
        row = await session.get_one(Conversation, "c1")
        turn = (await session.execute(select(Turn))).scalar_one()
        task = (await session.execute(select(CallbackTask).where(CallbackTask.number_key == NUMBER))).scalar_one()
        query = select(MessengerContact).where(MessengerContact.user_key == "oOPENID")
        citizen = (await session.execute(query)).scalar_one()
    assert (row.caller_number, row.state, turn.text) == (NUMBER, {"contact_phone": NUMBER}, WORDS)
    assert (row.outcome_detail, row.rating) == ({"said": WORDS, "rating": "fair"}, "fair")
    assert turn.meta == {"unplayed": WORDS}
    assert (task.number, citizen.user_id) == (NUMBER, "oOPENID")


async def test_what_somebody_changes_during_the_walk_is_kept(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    await migrate.upgrade(sqlite)
    await _contact(sqlite)
    sqlite.keyring.rotate()
    walk, changed = Keyring.seal, False

    def seal(self: Keyring, value: str, context: str) -> str:
        nonlocal changed
        if context == "turns.text" and not changed:  # the value was read, and is not written yet
            changed = True
            _change_words(sqlite.url)
        return walk(self, value, context)

    monkeypatch.setattr(Keyring, "seal", seal)
    await reseal(sqlite)
    async with sqlite.read() as session:
        assert (await session.execute(select(Turn.text))).scalar_one() == "改了"


def _change_words(url: str) -> None:
    async def change() -> None:
        other = Database(url)
        async with other.write() as session:
            await session.execute(update(Turn).values(text="改了"))
        await other.close()

    asyncio.run(change())


def test_every_sealed_column_has_one_key_and_a_context_of_its_own() -> None:
    found = list(sealed_columns())
    contexts = [column.context for column in found]
    assert contexts == [f"{column.table.name}.{column.name}" for column in found]
    assert len(set(contexts)) == len(contexts) >= 20
    assert all(column.key is not None for column in found)
