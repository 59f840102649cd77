"""A clause in plain words: marked as a machine's, its own words below, and as they stand where the machine errs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest
from conversations_helpers import PLACES, OneCategory, Room
from language_model import LanguageModel, language_model
from needs import require

from base.alternatives import Alternative
from base.sections.dialogue import KnowledgeSettings, RephrasingSettings
from base.settings import ROOT, Settings
from bot.wording import MACHINE_WORDED
from conversations.service import ConversationService
from knowledge.follow_up import Context
from knowledge.model import Citation, Hit, SearchResult
from knowledge.rephraser import Rephraser
from knowledge.service import encoder_of

_MODEL = ROOT / "var" / "models" / "e5-small-zh"
_CLAUSE = "携犬出户的，应当束犬链，由成年人牵领。违反前款规定的，由公安机关处五百元以下罚款。"
_SHORT = "携犬出户的，应当束犬链，由成年人牵领。"
_PLAIN = "带狗出门要拴狗链，由大人牵着。违反规定的，公安机关罚款500元以下。"
_PLAIN_SHORT = "带狗出门要拴狗链，由大人牵着。"
_QUESTION = "居住证的狗怎么办理？"


class Laws:
    """Finds one clause, whatever is asked."""

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
        name = "《示例养犬办法》第七条"
        clause = Hit(
            id="c1",
            kind="clause",
            question=name,
            answer=f"{name}规定：{_CLAUSE}",
            answer_spoken=f"{name}规定：{_SHORT}",
            score=0.9,
            probability=0.9,
            citations=(Citation("示例养犬办法", "市人大", "第七条", "2024-01-01"),),
            quoted=_CLAUSE,
            quoted_spoken=_SHORT,
        )
        return SearchResult(text, text, (clause,), "answer")


@pytest.fixture
async def model() -> AsyncIterator[LanguageModel]:
    require((_MODEL / "modules.json").is_file(), "no embedding model")
    async with language_model() as serving:
        yield serving


@pytest.fixture
async def town(room: Room, model: LanguageModel) -> AsyncIterator[Room]:
    """The room with laws, and a language model to word them plainly."""
    rephraser = Rephraser(
        RephrasingSettings(endpoint=model.endpoint, model="plain", deadline_seconds=5.0),
        encoder_of(Settings(knowledge=KnowledgeSettings(embedding_directory=_MODEL))),
        clock=room.clock,
    )
    await room.service.close()
    room.service = ConversationService(
        room.database,
        room.settings,
        understanding=room.parser,
        knowledge=Laws(),
        catalogue=OneCategory(),
        orders=room.orders,
        places=PLACES,
        plain_words=rephraser,
        clock=room.clock,
    )
    await room.service.start()
    yield room
    await rephraser.close()


async def test_who_reads_sees_the_plain_words_as_a_machines_and_the_clause_below(
    town: Room, model: LanguageModel
) -> None:
    model.says = _PLAIN
    result = await town.say(_QUESTION)
    told = result.replies[0]
    assert f"{MACHINE_WORDED}{_PLAIN}\n原文：《示例养犬办法》第七条规定：{_CLAUSE}" in told.text
    assert "依据：《示例养犬办法》第七条（2024-01-01）。" in told.text and told.citations[0].clause == "第七条"
    assert [message["content"] for message in model.asked[0]["messages"][1:]] == [_CLAUSE]  # never what a citizen said
    turns = await town.service.transcript(result.conversation_id)
    assert any(turn.meta.get("machine_worded") for turn in turns)


async def test_who_calls_hears_them_with_the_same_mark_and_the_source(town: Room, model: LanguageModel) -> None:
    model.says = _PLAIN_SHORT
    heard = (await town.say(_QUESTION, channel="phone")).replies[0].for_the_ear
    assert f"{MACHINE_WORDED}{_PLAIN_SHORT}" in heard and "依据是示例养犬办法第七条，2024年1月1日的版本。" in heard
    assert "束犬链" not in heard


async def test_a_lie_is_answered_with_the_clause_itself(town: Room, model: LanguageModel) -> None:
    model.says = _PLAIN_SHORT  # what breaking the rule costs is left out
    text = (await town.say(_QUESTION)).replies[0].text
    assert f"规定：{_CLAUSE}" in text and MACHINE_WORDED not in text and "原文" not in text


async def test_a_model_that_fails_is_not_noticed(town: Room, model: LanguageModel) -> None:
    model.says, model.fault = _PLAIN, "error"
    text = (await town.say(_QUESTION)).replies[0].text
    assert f"规定：{_CLAUSE}" in text and MACHINE_WORDED not in text
