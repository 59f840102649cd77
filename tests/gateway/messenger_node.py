"""A core process with its routes and a small understanding, for the channels that others carry."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from aiohttp.test_utils import TestClient, TestServer

from base.clock import Clock
from base.settings import Settings
from bot.entities.place import PlaceMatcher
from bot.understanding import Understood
from conversations.service import ConversationService
from gateway.app import build_app
from gateway.core import Core, Part
from gateway.messengers import MESSENGERS, Messengers
from knowledge.model import Citation, Hit, SearchResult
from workorders.model import CategorySuggestion

ANSWER = "到居住地派出所申请补领。"


@dataclass
class Understander:
    """Understands what these conversations say; `gate` holds every turn up until it is set."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)
    began: asyncio.Event = field(default_factory=asyncio.Event)  # something has been asked
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.gate.set()

    async def parse(self, text: str, *, spoken: bool) -> Understood:
        self.asked.append(text)
        self.began.set()
        await self.gate.wait()
        cues = (("投诉", "complain"), ("怎么", "consult"), ("没有", "nothing_more"), ("对", "affirm"))
        intent = next((meant for words, meant in cues if words in text), "none")
        return Understood(intent, 0.97, ((intent, 0.97),), "fallback", 0.001)


@dataclass
class Book:
    answer: str = ANSWER

    async def search(
        self,
        text: str,
        *,
        spoken: bool = False,
        limit: int = 5,
        district: str | None = None,
        after: object = None,
        alternatives: object = (),
    ) -> SearchResult:
        citation = Citation("北京市居住证管理办法", "北京市人民政府", "第三条", "2024-01-01", "")
        hit = Hit("k1", "entry", "居住证丢了怎么补办", self.answer, "", 0.95, 0.95, (citation,))
        return SearchResult(text, text, (hit,), "answer")


class OneCategory:
    def suggest(self, text: str, limit: int = 3) -> list[CategorySuggestion]:
        return [CategorySuggestion("0101", "生态环境", "噪声", "社会生活噪声", 0.8)]


@dataclass
class Node:
    """One core process with its routes."""

    core: Core
    conversations: ConversationService
    messengers: Messengers
    client: TestClient[Any, Any]
    understander: Understander
    book: Book

    async def send(self) -> int:
        """What the background work does: look, and send what is due."""
        return sum([await messenger.send_due() for messenger in self.messengers.all])

    async def settled(self) -> None:
        """Until no message is being worked on."""
        for messenger in self.messengers.all:
            while answers := list(messenger._answers.values()):
                await asyncio.wait(answers)

    async def close(self) -> None:
        await self.client.close()
        await self.conversations.close()
        await self.core.close()


async def open_node(
    settings: Settings,
    clock: Clock,
    places: PlaceMatcher,
    *,
    port: int | None = None,
    understander: Understander | None = None,
) -> Node:
    """`port`: any free one unless it is given. The schema is there already."""
    core = Core(settings, clock=clock)
    understander, book = understander or Understander(), Book()
    conversations = ConversationService(
        core.database,
        settings,
        understanding=understander,
        knowledge=book,
        catalogue=OneCategory(),
        orders=core.orders,
        places=places,
        clock=clock,
    )
    core.use(conversations=conversations, knowledge=book)
    for name in ("database", "knowledge", "understanding"):
        core.parts[name] = Part(ok=True)
    await conversations.start()
    app = build_app(core)
    client: TestClient[Any, Any] = TestClient(TestServer(app, port=port))
    await client.start_server()
    return Node(core, conversations, app[MESSENGERS], client, understander, book)
