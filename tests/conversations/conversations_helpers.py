"""A conversation service on a real database, with small stand-ins for the models: what they say is written here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import func, select

from base.alternatives import Alternative
from base.clock import ManualClock
from base.settings import Settings
from bot.decision import Understood
from bot.entities.place import PlaceMatcher
from conversations.messages import CitizenTurn, TurnResult
from conversations.service import ConversationService
from knowledge.follow_up import Context
from knowledge.model import Citation, Hit, SearchResult
from storage.engine import Database
from workorders.model import CategorySuggestion
from workorders.service import OrderService

PLACES = PlaceMatcher.load()
LAMP = "我们小区门口的路灯不亮，已经坏了三天了，晚上黑得看不见路"
PLACE = "朝阳区双井街道富力城"
PHONE = "13900001234"
_CUES = (
    ("order_status", ("进度", "办得怎么样", "到哪一步")),
    ("lawful_channel", ("法院",)),
    ("out_of_scope", ("外卖", "股票")),
    ("chitchat", ("笑话", "你多大")),
    ("consult", ("怎么办理", "怎么办", "怎么补", "需要什么", "多少钱", "哪里办")),
    ("complain", ("太吵", "扰民", "不退", "油烟")),
    ("help", ("不亮", "停水", "漏水", "不热", "大坑", "坏了")),
)


class KeywordParser:
    """Understands by keywords; `down` makes every call fail."""

    def __init__(self) -> None:
        self.down = False
        self.calls: list[str] = []

    async def parse(self, text: str, *, spoken: bool) -> Understood:
        self.calls.append(text)
        if self.down:
            raise ConnectionError("no model")
        for intent, words in _CUES:
            if any(word in text for word in words):
                return Understood(intent, 0.9, ((intent, 0.9), ("none", 0.1)))
        return Understood("none", 0.6, (("none", 0.6),))


def hit(number: str, question: str, answer: str) -> Hit:
    return Hit(
        id=number,
        kind="entry",
        question=question,
        answer=answer,
        answer_spoken="",
        score=0.9,
        probability=0.9,
        citations=(Citation("示例办法", "市某局", "第三条", "2024-01-01"),),
    )


@dataclass
class Book:
    """A knowledge base of three entries; `unsure` makes it offer a choice, `down` makes it fail."""

    unsure: bool = False
    down: bool = False
    searched: list[str] = field(default_factory=list)

    async def search(
        self,
        text: str,
        *,
        spoken: bool = False,
        limit: int = 5,
        district: str | None = None,
        after: Context | None = None,
        alternatives: Sequence[Alternative] = (),
    ) -> SearchResult:
        """After an answer, a question of a few words that names nothing known is completed."""
        self.searched.append(text)
        if self.down:
            raise ConnectionError("no index")
        if after is not None and "居住证" not in text and len(text) <= 8:
            found = await self.search(f"居住证{text}", spoken=spoken, limit=limit)
            return replace(found, hits=found.hits[::-1], completed=f"居住证{text}")
        if text.startswith("居住证") and len(text) <= 11 and "带" in text:
            return SearchResult(
                text, text, (hit("k2", "第一次办居住证需要什么材料？", "带身份证和居住证明。"),), "answer"
            )
        lost = hit("k1", "居住证丢了怎么补办？", "到居住地派出所申请补领。")
        first = hit("k2", "第一次办居住证需要什么材料？", "带身份证和居住证明。")
        if "居住证" not in text:
            return SearchResult(text, text)
        return SearchResult(text, text, (lost, first), "choose" if self.unsure else "answer")


class OneCategory:
    def suggest(self, text: str, limit: int = 3) -> list[CategorySuggestion]:
        level3 = "路灯" if "灯" in text else "噪声" if "吵" in text else "其他"
        return [CategorySuggestion("1", "城乡建设", "市政管理", level3, 0.8)]


@dataclass
class Room:
    """Everything a test needs, and short ways to say things."""

    service: ConversationService
    database: Database
    clock: ManualClock
    settings: Settings
    parser: KeywordParser
    book: Book
    orders: OrderService

    async def say(self, text: str, conversation_id: str | None = None, **more: object) -> TurnResult:
        channel = more.pop("channel", "web")
        return await self.service.citizen_turn(
            conversation_id,
            CitizenTurn(text, channel, **more),  # type: ignore[arg-type]
        )

    async def talk(self, *texts: str, channel: str = "web") -> TurnResult:
        """Several turns of one conversation; the last result."""
        conversation_id: str | None = None
        result: TurnResult | None = None
        for text in texts:
            result = await self.say(text, conversation_id, channel=channel)
            conversation_id = result.conversation_id
        assert result is not None
        return result

    def restarted(self) -> ConversationService:
        """A second incarnation on the same database, as after a `kill -9`."""
        return build(self.database, self.settings, self.clock, self.parser, self.book, self.orders)


def build(
    database: Database,
    settings: Settings,
    clock: ManualClock,
    parser: KeywordParser,
    book: Book,
    orders: OrderService,
) -> ConversationService:
    """A service as the core builds it."""
    return ConversationService(
        database,
        settings,
        understanding=parser,
        knowledge=book,
        catalogue=OneCategory(),
        orders=orders,
        places=PLACES,
        clock=clock,
    )


async def count(room: Room, table: Any) -> int:
    async with room.database.read() as session:
        return int((await session.execute(select(func.count()).select_from(table))).scalar_one())


async def rows(room: Room, table: Any) -> list[Any]:
    async with room.database.read() as session:
        return list((await session.execute(select(table))).scalars())
