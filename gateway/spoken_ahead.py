"""Which texts a phone should have as audio before a caller needs them: fixed sentences, then the answers heard most.

Sent over the phone link at every connection and after every change of the knowledge base, together with the texts
that were withdrawn. The number is bounded: a large knowledge base is never rendered whole. So are the hot topics of
the greeting: who has to wait for the bot hears them from the phone, which then has them at hand.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from sqlalchemy.exc import SQLAlchemyError

from base.logs import get_logger
from bot import answer_wording
from conversations import store
from knowledge.model import Hit
from storage.engine import Database

log = get_logger("gateway.spoken_ahead")

_TEXTS_A_MESSAGE: Final = 40
_LONGEST_TEXT_CHARACTERS: Final = 2_000


@dataclass(frozen=True, slots=True)
class SpokenTexts:
    """`wanted`: the most important first; `gone`: withdrawn or replaced, their audio is to be dropped."""

    revision: int
    wanted: tuple[str, ...]
    gone: tuple[str, ...]


class SpokenKnowledge(Protocol):
    """What is needed of `KnowledgeService`."""

    @property
    def revision(self) -> int: ...

    def entries_in_force(self) -> list[Hit]: ...

    async def entries_gone(self) -> list[Hit]: ...

    async def greetings(self) -> list[str]: ...


class SpokenAhead:
    def __init__(self, database: Database, knowledge: SpokenKnowledge, fixed: Iterable[str], *, limit: int) -> None:
        """`limit`: texts at most, fixed sentences included; 0 sends nothing but hot topics."""
        self._database = database
        self._knowledge = knowledge
        self._fixed = tuple(fixed)
        self._limit = limit

    @property
    def revision(self) -> int:
        return self._knowledge.revision

    async def texts(self) -> SpokenTexts:
        """What a phone should hold at the present revision."""
        revision = self._knowledge.revision
        answers = dict.fromkeys(_spoken(hit) for hit in self._knowledge.entries_in_force())
        async with self._database.read() as session:
            heard = await store.often_said(session)
        by_use = sorted(answers, key=lambda text: -heard.get(text, 0))  # stable: those never heard keep their order
        wanted = [text for text in (*self._fixed, *by_use) if len(text) <= _LONGEST_TEXT_CHARACTERS][: self._limit]
        gone = dict.fromkeys(_spoken(hit) for hit in await self._knowledge.entries_gone())
        return SpokenTexts(revision, tuple(wanted), tuple(text for text in gone if text not in answers))

    async def keep(
        self, send: Callable[[dict[str, Any]], Awaitable[None]], pause: Callable[[], Awaitable[bool]]
    ) -> None:
        """Send now and after each change, until `pause` says that it is over.

        Raises:
            ConnectionResetError: the phone is gone.
        """
        sent = -1
        noticed: list[str] | None = None
        while True:
            notices = await self._notices(noticed)
            if notices != noticed:
                await send({"type": "notices", "texts": notices})
                noticed = notices
            if self._limit and self.revision not in (-1, sent):
                texts = await self.texts()
                for message in messages(texts):
                    await send(message)
                sent = texts.revision
                log.info("spoken ahead", revision=sent, wanted=len(texts.wanted), gone=len(texts.gone))
            if await pause():
                return

    async def _notices(self, before: list[str] | None) -> list[str] | None:
        """What hot topics say now. Without the database what was said before goes on."""
        try:
            return await self._knowledge.greetings()
        except SQLAlchemyError as error:
            log.error("hot topics could not be read for those who wait", error=type(error).__name__)
            return before


def messages(texts: SpokenTexts) -> list[dict[str, Any]]:
    """What is wanted goes first: a phone then knows what of the withdrawn texts is still said elsewhere."""
    return [
        {"type": kind, "revision": texts.revision, "texts": list(named[start : start + _TEXTS_A_MESSAGE])}
        for kind, named in (("prerender", texts.wanted), ("forget", texts.gone))
        for start in range(0, len(named), _TEXTS_A_MESSAGE)
    ]


def _spoken(hit: Hit) -> str:
    said = answer_wording.answer(hit)
    return said.spoken or said.text
