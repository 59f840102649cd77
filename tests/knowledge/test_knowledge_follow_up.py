"""What leaves out the subject is completed from the last answer; what is whole is not drawn into it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from math import log
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from knowledge_helpers import MODEL, entry
from needs import require

from base.clock import ManualClock
from base.settings import Settings
from knowledge import follow_up, parameters, samples, store
from knowledge.entry import Entry, read_folder
from knowledge.follow_up import Context, FollowUps
from knowledge.model import Hit, SearchResult
from knowledge.parameters import Logistic
from knowledge.search import SearchIndex
from knowledge.sentence_reader import SentenceReader
from knowledge.service import KnowledgeService
from knowledge.snapshot import entry_corpus
from storage.engine import Database

DIALOGUES = Path(__file__).with_name("follow_ups") / "dialogues.jsonl"


@pytest.fixture
def town() -> list[Entry]:
    return [
        entry("fishing-permit", "钓鱼证怎么办？", "办钓鱼证", "钓鱼证到哪儿办", "怎么申请钓鱼证"),
        entry("fishing-fee", "钓鱼证多少钱？", "办钓鱼证要花多少钱", "钓鱼证收费吗"),
        entry("fishing-papers", "办钓鱼证要带什么材料？", "钓鱼证需要哪些证件", "申请钓鱼证的材料"),
        entry("heating", "冬天供暖从哪天开始？", "暖气什么时候来", "供暖时间"),
        entry("boat", "租船多少钱一小时？", "租船收费", "公园租船的价钱是多少"),
    ]


@pytest.fixture
async def service(database: Database, settings: Settings, town: list[Entry]) -> AsyncIterator[KnowledgeService]:
    require((MODEL / "modules.json").is_file(), "no embedding model: run `make setup`")
    await store.save_entries(database, town, now=ManualClock().now(), actor="test", reason="")
    opened = KnowledgeService(database, settings, clock=ManualClock())
    await opened.start()
    yield opened
    await opened.close()


def test_the_subject_is_what_recurs_in_the_wordings_and_is_rare_elsewhere(town: list[Entry]) -> None:
    index = SearchIndex(entry_corpus(town))
    assert follow_up.subject(town[3].wordings, index.rarity)[0] in ("供暖", "暖气")
    assert follow_up.subject(town[4].wordings, index.rarity)[0] == "租船"


def test_another_group_takes_the_place_of_the_former_one() -> None:
    kinds = follow_up.kinds()
    assert kinds.exchanged("那老人呢", "残疾人坐公交免费吗？") == "老人坐公交免费吗？"
    assert kinds.exchanged("老年人呢", "老人坐公交免费吗？") == ""  # the same group in another word
    assert kinds.exchanged("多少钱", "残疾人坐公交免费吗？") == ""


@pytest.mark.parametrize(
    "text, another", [("那老人呢？", True), ("要是丢了呢", True), ("怎么办呢", False), ("多少钱", False)]
)
def test_naming_another_case_is_told_from_asking_something_else(text: str, another: bool) -> None:
    assert follow_up.names_another(text) is another


def found(verdict: Literal["answer", "choose", "unknown"], *ids: str, completed: str = "whole") -> SearchResult:
    hits = tuple(Hit(one, "entry", one, one, one, 1.0, 0.5) for one in ids)
    return SearchResult("q", "q", hits, verdict, completed=completed)


@pytest.mark.parametrize(
    "chance, alone, completed, taken",
    [
        (0.1, found("answer", "a"), found("answer", "b", "c"), ("answer", ["a"])),
        (0.5, found("answer", "a"), found("answer", "b", "c"), ("choose", ["b", "a"])),
        (0.9, found("answer", "a"), found("answer", "b", "c"), ("answer", ["b", "c"])),
        (0.9, found("answer", "a"), found("choose", "b", "a", "c"), ("choose", ["b", "a", "c"])),
        (0.9, found("answer", "a"), found("unknown", "b"), ("answer", ["a"])),
        (0.5, found("unknown", "a"), found("answer", "b"), ("answer", ["b"])),
        (0.5, found("answer", "b"), found("answer", "b", "c"), ("answer", ["b", "c"])),
    ],
)
def test_what_is_not_sure_to_be_meant_is_offered_beside_the_question_as_it_stands(
    chance: float, alone: SearchResult, completed: SearchResult, taken: tuple[str, list[str]]
) -> None:
    decision = Logistic(log(chance / (1 - chance)), {})
    learned = replace(parameters.load(), follow_up=decision, beside_from=0.3, joined_from=0.8)
    reader = SentenceReader(np.zeros(1, np.float32), np.zeros(1, np.float32), 0.0)
    result = FollowUps(reader, learned).decided({}, alone, completed)
    assert (result.verdict, [hit.id for hit in result.hits]) == taken


@pytest.mark.parametrize("spoken", [False, True])
async def test_a_question_without_its_subject_is_completed(service: KnowledgeService, spoken: bool) -> None:
    after = Context("fishing-permit", "钓鱼证怎么办？", "我要办个钓鱼证")
    result = await service.search("多少钱？", spoken=spoken, after=after)
    assert result.hits[0].id == "fishing-fee"
    assert "钓鱼" in result.completed
    assert (await service.search("要带什么？", spoken=spoken, after=after)).hits[0].id == "fishing-papers"


async def test_a_whole_question_stays_what_it_is(service: KnowledgeService, town: list[Entry]) -> None:
    for former in town:
        for asked in town:
            result = await service.search(asked.question, after=Context(former.id, former.question))
            assert result.completed == ""
            assert result.hits[0].id == asked.id


async def test_after_something_that_is_gone_the_standard_question_gives_the_subject(service: KnowledgeService) -> None:
    gone = Context("doc-1-2", "《钓鱼证管理办法》第三条", "钓鱼证怎么办")
    assert (await service.search("多少钱？", after=gone)).hits[0].id == "fishing-fee"


def test_the_dialogues_name_entries_that_exist() -> None:
    known = {one.id for one in read_folder(samples.FOLDER)}
    rows = [json.loads(line) for line in DIALOGUES.read_text(encoding="utf-8").splitlines()]
    assert len(rows) >= 40
    for row in rows:
        assert {row["entry"], *(gold for turn in row["turns"] for gold in turn["gold"])} <= known


@pytest.mark.long
def test_most_turns_of_our_dialogues_are_understood_from_the_conversation() -> None:
    require((MODEL / "modules.json").is_file(), "no embedding model: run `make setup`")
    from knowledge.follow_up_evaluation import drawn_in, figures, follow
    from knowledge.paraphrase_evaluation import service_over

    async def measured() -> tuple[dict[str, dict[str, float]], int]:
        rows = [json.loads(line) for line in DIALOGUES.read_text(encoding="utf-8").splitlines()]
        async with service_over(Settings(), samples.FOLDER) as service:
            return figures(await follow(service, rows, spoken=False)), len((await drawn_in(service))[1])

    found, drawn = asyncio.run(measured())
    assert found["dev"]["with"] >= 0.9
    assert found["test"]["with"] >= found["test"]["alone"] + 0.1
    assert drawn <= 2
