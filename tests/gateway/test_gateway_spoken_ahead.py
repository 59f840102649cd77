"""Speech ahead, end to end: what is published reaches the phone's audio cache, what is withdrawn leaves it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from gateway_helpers import Client, SmallConversations, SmallKnowledge

from base.clock import ManualClock
from base.local_worker import LocalWorker
from bot import answer_wording, wording
from bot.fixed_sentences import fixed_sentences
from bot.intake import Intake
from conversations import store as turns
from conversations.messages import CitizenTurn
from gateway.core import Core
from gateway.internal import ensure_token, token_path
from gateway.spoken_ahead import SpokenAhead
from knowledge import store
from knowledge.entry import Entry, Source
from knowledge.service import KnowledgeService
from storage.tables import Conversation
from telephony import renderer
from telephony.core_link import CoreLink
from telephony.metrics import PhoneMetrics
from telephony.prerendering import Prerenderer
from telephony.speech import SpeechClient, SpeechError
from telephony.voice.voice import Samples, voice_name

FIXED = (wording.GOODBYE, wording.ASK_MORE)


def entry(identifier: str, question: str, spoken: str, **more: object) -> Entry:
    source = Source(title="测试办法", issuing_body="测试机关", clause="第一条", version_date="2024-01-01")
    body = {"id": identifier, "question": question, "answer": spoken, "spoken": spoken, "topic": "测试"}
    return Entry.model_validate({**body, "sources": (source,), **more})


def said(one: Entry) -> str:
    from knowledge.answering import entry_hit

    return answer_wording.answer(entry_hit(one, 1.0, 1.0)).spoken


PERMIT = entry("permit", "居住证怎么办理，要带什么？", "带上身份证和租房合同，到派出所办理。")
HEATING = entry("heating", "冬天供暖从哪天开始？", "每年11月15日开始供暖。")
NEXT_YEAR = entry("later", "明年的新办法是什么？", "明年才开始。", effective_from="2100-01-01")


class Hum:
    """A voice for tests: a hum as long as the text."""

    sample_rate_hz = 8_000

    def __init__(self, name: str) -> None:
        self.name = name

    def say(self, normalised: str, speed: float) -> Samples:
        time_s = np.arange(int(800 * len(normalised) / speed)) / 8_000
        return (0.2 * np.sin(2 * np.pi * 200 * time_s)).astype(np.float32)


@pytest.fixture
async def knowledge(core: Core, clock: ManualClock, tmp_path: Path) -> AsyncIterator[KnowledgeService]:
    core.settings.knowledge.embedding_directory = tmp_path / "no-model"
    core.settings.knowledge.snapshot_poll_seconds = 0.1
    await store.save_entries(core.database, [PERMIT, HEATING, NEXT_YEAR], now=clock.now(), actor="t", reason="")
    service = KnowledgeService(core.database, core.settings, clock=clock)
    await service.start()
    yield service
    await service.close()


async def until(condition: Callable[[], object], what: str) -> None:
    for _ in range(200):
        if condition():
            return
        await asyncio.sleep(0.05)
    pytest.fail(f"waited in vain for {what}")


async def test_answers_heard_most_come_first_behind_the_fixed_sentences(
    core: Core, knowledge: KnowledgeService, clock: ManualClock
) -> None:
    ahead = SpokenAhead(core.database, knowledge, FIXED, limit=500)
    assert (await ahead.texts()).wanted == (*FIXED, said(HEATING), said(PERMIT)), "in force, by id"
    async with core.database.write() as session:
        row = Conversation(
            id="c1", channel="phone", trace_id="t", created_at=clock.now(), updated_at=clock.now() + timedelta(0)
        )
        session.add(row)
        await session.flush()
        for seq, text in enumerate([said(PERMIT)] * 3 + [said(HEATING)], 1):
            turns.add_turn(session, "c1", seq, "bot", "屏幕上的字", clock.now(), spoken=text)
    assert (await ahead.texts()).wanted == (*FIXED, said(PERMIT), said(HEATING))
    assert (await SpokenAhead(core.database, knowledge, FIXED, limit=3).texts()).wanted == (*FIXED, said(PERMIT))


async def test_what_was_replaced_or_withdrawn_is_named(
    core: Core, knowledge: KnowledgeService, clock: ManualClock
) -> None:
    ahead = SpokenAhead(core.database, knowledge, FIXED, limit=500)
    assert (await ahead.texts()).gone == ()
    newer = entry("permit", PERMIT.question, "现在可以在网上办理。")
    await store.save_entries(core.database, [newer], now=clock.now(), actor="t", reason="")
    await store.withdraw_entry(core.database, "heating", now=clock.now())
    await knowledge.refresh()
    texts = await ahead.texts()
    assert set(texts.gone) == {said(PERMIT), said(HEATING)}
    assert texts.wanted == (*FIXED, said(newer))


async def test_published_answers_become_audio_and_withdrawn_ones_silence(
    client: Client, core: Core, small: SmallConversations, knowledge: KnowledgeService, clock: ManualClock
) -> None:
    """The real link, a real renderer worker (with a stand-in voice), the real cache on disk."""
    settings = core.settings
    core.use(
        conversations=small,
        knowledge=SmallKnowledge(),
        spoken_ahead=SpokenAhead(core.database, knowledge, FIXED, limit=500),
    )
    ensure_token(settings)
    voice = Hum(voice_name(settings))
    worker = LocalWorker(
        renderer.socket_path(settings),
        renderer.handler(voice, renderer.audio_cache(settings)),
        about={},
        queue_limit=100,
        payload_limit_bytes=0,
        deadline_seconds=5.0,
    )
    speech, metrics = SpeechClient(settings), PhoneMetrics()
    prerenderer = Prerenderer(speech, metrics, clock, calls=lambda: 0)
    link = CoreLink(
        str(client.make_url("/internal/phone")),
        token_path(settings),
        settings.var / "phone" / "ended.jsonl",
        speech_orders=prerenderer,
    )
    serving = asyncio.create_task(worker.serve())
    await worker.listening.wait()
    tasks = [asyncio.create_task(link.run()), asyncio.create_task(prerenderer.run())]
    try:
        waiting = metrics.prerender_waiting._value.get
        await until(lambda: prerenderer._wanted and waiting() == 0, "the texts")
        worker.stop()
        await serving
        settings.voice.deadline_seconds = 0.2
        for text in (*FIXED, said(PERMIT), said(HEATING), FIXED[0] + said(PERMIT)):
            assert await speech.whole(text), f"no renderer is needed for {text}"
        await store.withdraw_entry(core.database, "heating", now=clock.now())
        cached = settings.var / "audio"
        before = len(list(cached.rglob("*.audio")))
        await until(lambda: len(list(cached.rglob("*.audio"))) < before, "the withdrawal")
        with pytest.raises(SpeechError):
            await speech.whole(said(HEATING))
        assert await speech.whole(said(PERMIT)), "what it shares with living answers (its source) is still there"
        assert await speech.whole(FIXED[0])
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        worker.stop()
        await asyncio.gather(serving, return_exceptions=True)
        await speech.close()


async def test_hot_topics_are_told_when_they_begin_and_when_they_end(
    core: Core, knowledge: KnowledgeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    hot, sent = "东城区停水，预计十八点恢复。", list[dict[str, object]]()
    now = [[], [hot], [hot], []]

    async def greetings() -> list[str]:
        return now.pop(0)

    async def pause() -> bool:
        return not now

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    monkeypatch.setattr(knowledge, "greetings", greetings)
    await SpokenAhead(core.database, knowledge, FIXED, limit=0).keep(send, pause)
    assert sent == [{"type": "notices", "texts": texts} for texts in ([], [hot], [])]


async def test_a_phone_without_anything_to_prepare_is_left_alone(
    client: Client, core: Core, small: SmallConversations
) -> None:
    assert core.spoken_ahead is None
    socket = await client.ws_connect(
        "/internal/phone", headers={"Authorization": f"Bearer {ensure_token(core.settings)}"}
    )
    with pytest.raises(TimeoutError):
        await socket.receive_json(timeout=0.3)
    await socket.close()
    assert (await small.citizen_turn(None, CitizenTurn("您好", "phone"))).replies


def test_the_fixed_sentences_are_whole_and_include_the_form() -> None:
    texts = fixed_sentences(Intake.load())
    assert len(set(texts)) == len(texts)
    assert wording.EMERGENCY["119"] in texts
    assert wording.LAWFUL["诉讼"] in texts
    assert "请问是什么时候的事？" in texts
    assert not [text for text in texts if "{" in text or "}" in text]
    assert 60 < len(texts) < 250
