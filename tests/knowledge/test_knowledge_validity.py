"""No expired entry can ever be returned: random lives through the real service, at random moments."""

from __future__ import annotations

import random
from datetime import timedelta

from knowledge_helpers import entry

from base.clock import CHINA, ManualClock
from base.settings import Settings
from knowledge import store, validity
from knowledge.editorial import Editorial
from knowledge.service import KnowledgeService
from storage.engine import Database


async def test_no_expired_entry_is_ever_returned(database: Database, settings: Settings) -> None:
    draw, clock = random.Random(4), ManualClock()
    start = clock.now()

    def moment(minutes: int) -> str:
        return (start + timedelta(minutes=minutes)).astimezone(CHINA).strftime("%Y-%m-%dT%H:%M")

    made = []
    for number in range(40):
        begins = draw.randrange(-600, 600)
        dates = {"effective_from": moment(begins), "effective_to": moment(begins + draw.randrange(1, 600))}
        made.append(entry(f"e{number}", f"居住证第{number}种情况怎么办理？", "居住证怎么办理", **dates))
    await store.save_entries(database, made, now=start, actor="test", reason="")
    bare = settings.model_copy(
        update={"knowledge": settings.knowledge.model_copy(update={"embedding_directory": settings.var / "none"})}
    )
    service = KnowledgeService(database, bare, clock=clock)
    await service.start()
    known, announced = {one.id: one for one in made}, 0
    try:
        for _ in range(60):
            clock.advance(draw.randrange(1, 1_800))
            for hit in (await service.search("居住证怎么办理", limit=20)).hits:
                assert not validity.expired(known[hit.id], clock.now())
                is_coming = validity.coming(known[hit.id], clock.now())
                assert is_coming == ("目前还没有施行" in hit.answer)
                announced += is_coming
            assert not [hit for hit in service.entries_in_force() if not validity.in_force(known[hit.id], clock.now())]
    finally:
        await service.close()
    assert announced


async def test_a_successor_takes_over_in_its_minute(database: Database, settings: Settings) -> None:
    clock = ManualClock()
    editorial = Editorial(database, clock=clock)
    old = entry("permit", "居住证怎么办理？", answer="按旧办法办理。")
    await store.save_entries(database, [old], now=clock.now(), actor="test", reason="")
    new = {**old.model_dump(mode="json"), "answer": "按新办法办理。", "spoken": "按新办法办理。"}
    new["effective_from"] = "2026-01-05T11:00"  # an hour from now
    await editorial.save("permit", new, actor="ann", reason="修订", version=None)
    await editorial.step("permit", "submit", actor="ann")
    await editorial.step("permit", "approve", actor="bob")
    await editorial.step("permit", "publish", actor="bob")
    service = KnowledgeService(database, settings, clock=clock)
    await service.start()
    try:
        (first, *_) = (await service.search("居住证怎么办理")).hits
        assert first.answer.startswith("按旧办法办理。") and "自2026年1月5日11点起施行新的规定" in first.answer
        clock.advance(3_600)
        assert await editorial.on_time() == 1
        assert await editorial.on_time() == 0
        await service.refresh()
        assert (await service.search("居住证怎么办理")).hits[0].answer == "按新办法办理。"
    finally:
        await service.close()
