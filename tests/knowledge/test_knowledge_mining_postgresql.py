"""Mining, statistics and surges on PostgreSQL: its days and its types are not SQLite's."""

from __future__ import annotations

from datetime import UTC, datetime

from fresh_database import emptied

from base.clock import ManualClock
from knowledge.mining.meaning import Meaning
from knowledge.mining.store import Miner
from knowledge.mining.surge_store import Surging
from knowledge.statistics import Statistics
from storage.tables import Base, Conversation, KnowledgeEntry, KnowledgeUse

NOW = datetime(2026, 1, 4, 16, 30, tzinfo=UTC)  # half past midnight of the 5th in the city


async def test_what_dialogues_recorded_is_mined_and_counted(postgresql_url: str) -> None:
    database, clock = await emptied(postgresql_url), ManualClock(NOW)
    try:
        async with database.engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        async with database.write() as session:
            session.add(
                KnowledgeEntry(
                    id="q-1", revision=1, body={}, question="楼上装修太吵怎么办", owner="住建委", updated_at=NOW
                )
            )
            for number in range(6):
                name = f"c{number}"
                session.add(
                    Conversation(
                        id=name, channel="web", trace_id="t", status="ended", outcome="seat",
                        created_at=NOW, updated_at=NOW,
                    )
                )  # fmt: skip
                session.add(
                    KnowledgeUse(
                        item_id="q-1", kind="entry", event="hit", conversation_id=name, text="楼上装修太吵", at=NOW
                    )
                )
        miner = Miner(database, Meaning(), clock)
        assert await miner.when_due(0) is not None and await miner.when_due(0) is None
        assert (await miner.page("open", 1, 10))["items"][0]["reasons"] == {"handed_over": 6}
        overview = await Statistics(database).overview(NOW, days=2)
        assert [(day["day"], day["hits"]) for day in overview["by_day"]] == [("2026-01-04", 0), ("2026-01-05", 6)]
        assert overview["totals"]["handed_over"] == 6
        entries = await Statistics(database).entries(NOW, days=2, sort="hits", page=1, page_size=5)
        assert entries["total"] == 1
        assert entries["items"][0]["question"] == "楼上装修太吵怎么办" and entries["items"][0]["hits"] == 6
        assert (await Surging(database, Meaning(), clock).now())[0]["ratio"] == 12.0
    finally:
        await database.close()
