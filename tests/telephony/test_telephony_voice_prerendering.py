"""Speech prepared in the background: order, revisions, withdrawal, rest for the living calls. Virtual speech."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from base.clock import ManualClock
from telephony import prerendering
from telephony.metrics import PhoneMetrics
from telephony.prerendering import Prerenderer
from telephony.speech import SpeechError


class Store:
    """Remembers what it was asked for; can be held and can fail."""

    def __init__(self) -> None:
        self.rendered: list[str] = []
        self.forgotten: list[tuple[list[str], list[str]]] = []
        self.failures: dict[str, int] = {}
        self.free = asyncio.Event()
        self.free.set()

    async def prerender(self, texts: Sequence[str]) -> int:
        await self.free.wait()
        for text in texts:
            if self.failures.get(text, 0):
                self.failures[text] -= 1
                raise SpeechError("not now")
            self.rendered.append(text)
        return len(texts)

    async def forget(self, texts: Sequence[str], *, but: Sequence[str] = ()) -> int:
        self.forgotten.append((list(texts), list(but)))
        return 1


@asynccontextmanager
async def running(store: Store, *, calls: int = 0) -> AsyncIterator[Prerenderer]:
    made = Prerenderer(store, PhoneMetrics(), ManualClock(), calls=lambda: calls)
    task = asyncio.create_task(made.run())
    yield made
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def settled() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


async def test_in_order_and_each_once() -> None:
    store = Store()
    async with running(store) as prerenderer:
        prerenderer.want(1, ["一", "二"])
        prerenderer.want(1, ["二", "三"])
        await settled()
        prerenderer.want(1, ["一"])
        await settled()
    assert store.rendered == ["一", "二", "三"]


async def test_a_new_revision_replaces_what_waits() -> None:
    store = Store()
    store.free.clear()
    async with running(store) as prerenderer:
        prerenderer.want(1, ["一", "旧"])
        await settled()
        prerenderer.want(2, ["新"])
        store.free.set()
        await settled()
    assert store.rendered == ["一", "新"]


async def test_withdrawn_texts_are_forgotten_and_not_rendered_any_more() -> None:
    store = Store()
    store.free.clear()
    async with running(store) as prerenderer:
        prerenderer.want(1, ["一", "撤回的", "二"])
        await settled()
        prerenderer.drop(["撤回的", "早就撤回的"])
        store.free.set()
        await settled()
    assert store.rendered == ["一", "二"]
    assert store.forgotten == [(["撤回的", "早就撤回的"], ["一", "二"])]


async def test_a_failing_text_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prerendering, "_RETRY_SECONDS", 0.0)
    store = Store()
    store.failures["坏的"] = 2
    async with running(store) as prerenderer:
        prerenderer.want(1, ["坏的", "好的"])
        await settled()
    assert store.rendered == ["好的", "坏的"]


async def test_a_flood_is_bounded() -> None:
    store = Store()
    async with running(store) as prerenderer:
        prerenderer.want(1, [str(number) for number in range(5_000)])
        for _ in range(100):
            await settled()
    assert len(store.rendered) == prerendering._TEXTS_LIMIT


async def test_calls_get_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    """With calls the rest after a text is thirty times the work, without it is twice as long as the work."""
    clock, rests = ManualClock(), []
    real_sleep = asyncio.sleep

    async def sleep(seconds: float) -> None:
        rests.append(round(seconds, 3))
        await real_sleep(0)

    class Slow(Store):
        async def prerender(self, texts: Sequence[str]) -> int:
            clock.advance(0.5)
            return await super().prerender(texts)

    monkeypatch.setattr("telephony.prerendering.asyncio.sleep", sleep)
    calls = 0
    prerenderer = Prerenderer(Slow(), PhoneMetrics(), clock, calls=lambda: calls)
    task = asyncio.create_task(prerenderer.run())
    prerenderer.want(1, ["一"])
    for _ in range(20):
        await real_sleep(0)
    calls = 3
    prerenderer.want(1, ["二"])
    for _ in range(20):
        await real_sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert rests == [1.0, 15.0]
