"""A running core seals what is plain, follows a rotation by another process, lets old log entries and old data go."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from base.clock import ManualClock
from gateway import upkeep
from gateway.core import Core
from storage.keyring import Keyring
from storage.resealing import standing
from storage.sealed_files import key_of
from storage.tables import Conversation

PATIENCE_SECONDS = 60


async def _until(done: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(PATIENCE_SECONDS * 20):
        if await done():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not come about")


async def test_what_is_plain_is_sealed_and_a_rotation_is_followed(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "_LOOK_SECONDS", 0.05)
    monkeypatch.setattr("storage.keyring.LOOK_AGAIN_SECONDS", 0.0)
    now = core.clock.now()
    async with core.database.write() as session:
        session.add(Conversation(id="c1", channel="web", trace_id="t", state={"a": 1}, created_at=now, updated_at=now))
        await session.flush()
        await session.execute(text("UPDATE conversations SET caller_number = '13900001234'"))

    async def sealed() -> bool:
        current = core.database.keyring.keys.current
        counts = (await standing(core.database))["conversations.caller_number"]
        return counts == {current: 1} and await asyncio.to_thread(key_of, stored) == current

    stored = core.settings.var / "attachments" / "at_1"
    writer = await asyncio.to_thread(core.files.create, stored)
    await asyncio.to_thread(writer.finish)
    core.spawn(upkeep.keep_sealed(core), "sealing")
    await _until(sealed)
    before = core.database.keyring.keys.current
    Keyring(lambda: core.settings.key_file).rotate()  # as `hotline keys rotate` does, beside the running core
    await _until(sealed)
    assert core.database.keyring.keys.current != before
    core.stop()


async def test_entries_of_the_log_go_by_their_age(core: Core, clock: ManualClock) -> None:
    for days in (300, 0):  # before the real day: the database counts six months by its own clock
        clock.moment = datetime.now(UTC) - timedelta(days=days)
        await core.audit.record("login", actor="seat:s1", subject=str(days))
    core.spawn(upkeep.keep_audit(core), "audit log")

    async def removed() -> bool:
        return [entry.action for entry in await core.audit.entries()] == ["audit.removed", "login"]

    await _until(removed)
    core.stop()
    verdict = await core.audit.verify()
    assert (verdict.first, verdict.problems) == (2, ())


async def test_what_is_older_than_the_settings_say_is_erased(core: Core, clock: ManualClock) -> None:
    now = clock.now()
    async with core.database.write() as session:
        session.add(
            Conversation(
                id="c1", channel="web", trace_id="t", state={"name": "王小明"}, status="ended",
                created_at=now, updated_at=now, ended_at=now,
            )
        )  # fmt: skip
    core.settings.retention.conversations_days = 30
    clock.advance(timedelta(days=31).total_seconds())
    core.spawn(upkeep.keep_no_longer(core), "retention")

    async def erased() -> bool:
        async with core.database.read() as session:
            row = await session.get_one(Conversation, "c1")
        return row.erased_at == clock.now() and row.state == {}

    await _until(erased)
    core.stop()
