from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date

import pytest
from knowledge_helpers import entry
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from base.clock import ManualClock
from base.settings import Settings
from knowledge import store
from knowledge.entry import Entry
from knowledge.errors import KnowledgeError
from knowledge.service import KnowledgeService
from storage.engine import Database


@pytest.fixture
async def service(database: Database, settings: Settings, entries: list[Entry]) -> AsyncIterator[KnowledgeService]:
    clock = ManualClock()
    await store.save_entries(database, entries, now=clock.now(), actor="test", reason="")
    opened = KnowledgeService(database, settings, clock=clock)
    await opened.start()
    yield opened
    await opened.close()


async def test_a_question_in_other_words_finds_its_entry_with_its_source(service: KnowledgeService) -> None:
    result = await service.search("租房的话公积金能取出来用吗")
    assert result.hits[0].id == "fund"
    assert result.hits[0].citations[0].title == "测试办法"
    assert result.hits[0].citations[0].clause == "第一条"
    assert result.verdict in ("answer", "choose")


async def test_a_misheard_question_is_found_by_its_sound(service: KnowledgeService) -> None:
    result = await service.search("具住正怎么办里", spoken=True)
    assert result.hits[0].id == "residence"


async def test_a_sample_is_never_an_answer(service: KnowledgeService) -> None:
    result = await service.search("电动自行车可以在楼道充电吗？")
    assert result.hits[0].id == "charging"
    assert result.hits[0].sample
    assert result.hits[0].citations == ()
    assert result.verdict != "answer"


@pytest.mark.parametrize("text", ["", "   ", "\n"])
async def test_nothing_asked_is_unknown(service: KnowledgeService, text: str) -> None:
    result = await service.search(text)
    assert result.verdict == "unknown"
    assert result.hits == ()


@pytest.mark.parametrize("text", ["火星上有没有生命", "帮我写一首关于大海的诗", "A" * 5000, "\x00\x01\x02"])
async def test_foreign_text_is_not_answered(service: KnowledgeService, text: str) -> None:
    assert (await service.search(text)).verdict != "answer"


async def test_a_withdrawn_entry_is_gone_at_the_next_search(service: KnowledgeService, database: Database) -> None:
    assert (await service.search("居住证怎么办理")).hits[0].id == "residence"
    await store.withdraw_entry(database, "residence", now=ManualClock().now())
    assert "residence" not in [hit.id for hit in (await service.search("居住证怎么办理")).hits]
    await service.refresh()
    assert "residence" not in [hit.id for hit in (await service.search("居住证怎么办理")).hits]


async def test_a_new_entry_appears_without_a_restart(service: KnowledgeService, database: Database) -> None:
    added = entry("dog", "养狗要办什么证？", "狗证怎么办", "遛狗要牵绳吗", "养犬登记")
    await store.save_entries(database, [added], now=ManualClock().now(), actor="test", reason="")
    for _ in range(100):
        if (await service.search("狗证怎么办")).hits[0].id == "dog":
            return
        await asyncio.sleep(0.05)
    pytest.fail("the new entry never appeared")


async def test_an_entry_outside_its_dates_is_not_given(service: KnowledgeService, database: Database) -> None:
    over = entry("flu", "流感疫苗在哪儿打？", "打流感疫苗", "接种流感疫苗", "流感针", effective_to=date(2025, 12, 31))
    await store.save_entries(database, [over], now=ManualClock().now(), actor="test", reason="")
    await service.refresh()
    assert "flu" not in [hit.id for hit in (await service.search("流感疫苗在哪儿打")).hits]


async def test_an_entry_of_another_district_is_not_given(service: KnowledgeService, database: Database) -> None:
    far = entry("school", "密云区小学怎么入学？", "小学报名", "孩子上学", "幼升小", scope="密云区")
    await store.save_entries(database, [far], now=ManualClock().now(), actor="test", reason="")
    await service.refresh()
    assert "school" not in [hit.id for hit in (await service.search("小学怎么入学", district="海淀区")).hits]
    assert (await service.search("小学怎么入学", district="密云区")).hits[0].id == "school"


async def test_searching_before_start_is_refused(database: Database, settings: Settings) -> None:
    service = KnowledgeService(database, settings)
    with pytest.raises(KnowledgeError, match="not started"):
        await service.search("供暖")
    await service.close()


async def test_without_a_model_words_and_sounds_still_find(
    database: Database, settings: Settings, entries: list[Entry]
) -> None:
    await store.save_entries(database, entries, now=ManualClock().now(), actor="test", reason="")
    bare = settings.model_copy(
        update={"knowledge": settings.knowledge.model_copy(update={"embedding_directory": settings.var / "nothing"})}
    )
    service = KnowledgeService(database, bare, clock=ManualClock())
    await service.start()
    assert not service.embeds
    assert (await service.search("公积金提取")).hits[0].id == "fund"
    await service.close()


async def test_closing_lets_a_running_query_end(
    service: KnowledgeService, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking = asyncio.Event()
    ended: list[int] = []
    revision = store.revision

    async def slow(session: AsyncSession) -> int:
        asking.set()
        await asyncio.sleep(0.3)
        ended.append(await revision(session))
        return ended[-1]

    monkeypatch.setattr(store, "revision", slow)
    await asyncio.wait_for(asking.wait(), 5)
    await asyncio.wait_for(service.close(), 5)
    assert len(ended) == 1


async def test_the_watch_outlives_a_database_that_refuses(
    service: KnowledgeService, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = asyncio.Event()
    revision = store.revision

    async def locked(session: AsyncSession) -> int:
        refused.set()
        raise OperationalError("SELECT", None, Exception("database is locked"))

    monkeypatch.setattr(store, "revision", locked)
    await asyncio.wait_for(refused.wait(), 5)
    monkeypatch.setattr(store, "revision", revision)
    before = service.revision
    await store.withdraw_entry(database, "residence", now=ManualClock().now())
    for _ in range(100):
        if service.revision > before:
            return
        await asyncio.sleep(0.05)
    pytest.fail("nothing was refreshed after the refusal")
