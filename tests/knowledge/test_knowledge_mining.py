"""Questions that were not answered become clusters that stay themselves; surges and hints are pure arithmetic."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from knowledge_helpers import entry
from scipy import sparse

from base.clock import ManualClock
from knowledge import store
from knowledge.lifecycle import NotPossible
from knowledge.mining import clusters, contradictions, hints, linkage, surges
from knowledge.mining.clusters import Question
from knowledge.mining.hint_store import HintStore
from knowledge.mining.meaning import Meaning
from knowledge.mining.store import Miner, Rebuilt
from knowledge.mining.surge_store import Surging
from knowledge.public_entries import NotAvailable, PublicEntries
from knowledge.statistics import Statistics
from storage.engine import Database
from storage.tables import Conversation, KnowledgeUse, Unanswered

NOW = datetime(2026, 1, 5, 4, tzinfo=UTC)  # noon in the city


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


def asked(number: int, text: str, cluster_id: str | None = None) -> Question:
    return Question(number, text, "nothing_near", f"c{number}", "web", NOW + timedelta(minutes=number), cluster_id)


def grouped(questions: list[Question]) -> list[clusters.Group]:
    meaning = Meaning()
    texts = list(dict.fromkeys(question.text for question in questions))
    return clusters.grouped(questions, texts, meaning.chances(texts), meaning.learned.same_at)


def test_questions_that_ask_the_same_are_one_group_and_none_is_lost() -> None:
    questions = [
        asked(1, "共有产权房可以落户吗"),
        asked(2, "共有产权房能落户吗"),
        asked(3, "小区里能不能养鸡"),
        asked(4, "共有产权房可以落户吗"),
    ]
    groups = grouped(questions)
    assert [len(group.questions) for group in groups] == [3, 1]
    assert groups[0].text == "共有产权房可以落户吗"
    assert clusters.examples(groups[0].questions) == ["共有产权房可以落户吗", "共有产权房能落户吗"]
    assert grouped([]) == []


def test_a_group_keeps_its_former_cluster_and_a_cluster_goes_to_one_group() -> None:
    groups = [
        clusters.Group("甲", (asked(1, "甲", "k1"), asked(2, "甲", "k1"), asked(3, "甲", "k2"))),
        clusters.Group("乙", (asked(4, "乙", "k1"), asked(5, "乙"))),
        clusters.Group("丙", (asked(6, "丙", "k2"),)),
    ]
    assert clusters.identities(groups) == ["k1", None, "k2"]


def test_of_equal_shares_the_cluster_that_somebody_dealt_with_is_kept() -> None:
    groups = [clusters.Group("甲", (asked(1, "甲", "k1"), asked(2, "甲", "k2")))]
    assert clusters.identities(groups) == ["k1"]
    assert clusters.identities(groups, frozenset({"k2"})) == ["k2"]


def test_a_surge_is_many_citizens_and_far_above_the_usual() -> None:
    recent = [surges.Asked("heating", "暖气不热", f"c{number}") for number in range(16)]
    recent += [surges.Asked("noise", "太吵", "c1")] * 40  # one citizen who repeats himself
    recent += [surges.Asked("fund", "提取公积金", f"d{number}") for number in range(12)]
    found = surges.surges(recent, {"heating": 336, "fund": 1_680}, 168.0)
    assert [(surge.key, surge.last_hour, surge.usual_an_hour, surge.ratio) for surge in found] == [
        ("heating", 16, 2.0, 8.0)
    ]
    with pytest.raises(ValueError, match="usual rate"):
        surges.surges(recent, {}, 0.0)


def test_two_answers_contradict_each_other_only_about_the_same_kind_of_number() -> None:
    one = entry("one", "退货期限", answer="自2024年3月1日起，7天内可以退货，运费10元。")
    other = entry("other", "多久能退货", answer="十五日内可以退货，运费10元。")
    assert contradictions.difference(one, other) == "7天 / 15天"
    assert contradictions.difference(one, entry("more", "退货", answer="7天内，特殊商品30天内。")) == ""
    assert contradictions.difference(one, entry("none", "退货", answer="可以退货，需保持完好。")) == ""
    repair = entry("repair", "多久修好", answer="接到报修以后20天之内修好。")
    assert contradictions.difference(one, repair) == ""  # days too, but of something else


def test_dates_contradict_and_the_version_of_a_document_is_no_date() -> None:
    one = entry("one", "何时供暖", answer="按照《供热办法》（2010年3月版本），自2026年11月15日起供暖。")
    other = entry("other", "几号供暖", answer="按照《供热办法》（2020年3月版本），自2026年11月7日起供暖。")
    assert contradictions.difference(one, other) == "2026年11月15日 / 2026年11月7日"
    assert contradictions.difference(one, one.model_copy(update={"id": "same"})) == ""


@pytest.mark.parametrize(
    ("more", "meet"),
    [
        ({"effective_to": "2025-12-31"}, False),  # over before the other begins
        ({"effective_to": "2026-01-01"}, True),  # its last day is the other's first
        ({"scope": "朝阳区"}, True),  # the other holds in the whole city
        ({"audience": "enterprise"}, False),
        ({"audience": "both"}, True),
    ],
)
def test_entries_contradict_only_where_both_hold(more: dict[str, str], meet: bool) -> None:
    new = entry("new", "多久办好", effective_from="2026-01-01")
    assert contradictions.both_hold(entry("old", "多久办好", **more), new) is meet
    assert contradictions.both_hold(new, entry("old", "多久办好", **more)) is meet
    assert not contradictions.both_hold(entry("west", "甲题", scope="海淀区"), entry("east", "甲题", scope="朝阳区"))


def test_entries_for_other_people_may_answer_differently() -> None:
    one = entry("one", "多久办好", answer="7天。", audience="person")
    other = entry("other", "多久办好", answer="30天。", audience="enterprise")
    same = sparse.csr_matrix(np.array([[0.0, 0.97], [0.97, 0.0]], dtype=np.float32))
    assert hints.of_pairs([one, other], same, same_at=0.9, double_at=0.95) == []
    other = other.model_copy(update={"audience": "both", "scope": "全国"})
    found = hints.of_pairs([one, other], same, same_at=0.9, double_at=0.95)
    assert [(hint.kind, hint.entry_id, hint.other_id) for hint in found] == [("contradiction", "one", "other")]
    assert "适用地区不同" in found[0].message


def test_groups_join_by_their_mean_chance_and_chains_do_not_draw_in_strangers() -> None:
    near = np.zeros((4, 4), dtype=np.float32)
    for one, other, chance in ((0, 1, 0.9), (1, 2, 0.6), (2, 3, 0.55)):
        near[one, other] = near[other, one] = chance
    table = sparse.csr_matrix(near)
    assert sorted(linkage.joined(table, 0.5)) == [[0, 1], [2, 3]]  # 1 and 2 alone would be near enough
    assert sorted(linkage.joined(table, 0.1)) == [[0, 1, 2, 3]]
    assert linkage.joined(sparse.csr_matrix((0, 0)), 0.5) == []
    with pytest.raises(ValueError, match="mean chance"):
        linkage.joined(table, 0.0)


async def note(database: Database, text: str, conversation: str, at: datetime, reason: str = "nothing_near") -> None:
    async with database.write() as session:
        row = Unanswered(conversation_id=conversation, text=text, reason=reason, offered=[], channel="web", at=at)
        session.add(row)


async def hit(
    database: Database, item: str, conversation: str, at: datetime, event: str = "hit", text: str = "楼上装修"
) -> None:
    async with database.write() as session:
        kind = "entry"
        use = KnowledgeUse(item_id=item, kind=kind, event=event, conversation_id=conversation, text=text, at=at)
        session.add(use)


async def talked(database: Database, identifier: str, outcome: str, claimed_at: datetime | None = None) -> None:
    async with database.write() as session:
        session.add(
            Conversation(
                id=identifier, channel="web", trace_id="t", status="ended", outcome=outcome, claimed_at=claimed_at,
                created_at=NOW, updated_at=NOW,
            )
        )  # fmt: skip


async def test_a_cluster_keeps_its_identity_its_decision_and_no_telephone_number(
    database: Database, clock: ManualClock
) -> None:
    miner = Miner(database, Meaning(), clock)
    await note(database, "共有产权房可以落户吗，我电话13900001234", "c1", NOW)
    await note(database, "小区里能不能养鸡", "c2", NOW)
    assert (await miner.rebuild()).questions == 2
    first = await miner.page("open", 1, 50)
    hens = next(item for item in first["items"] if "鸡" in item["question"])
    house = next(item for item in first["items"] if "产权" in item["question"])
    assert "13900001234" not in str(await miner.one(house["id"]))
    await miner.dismiss(hens["id"], "不归我们管")
    await note(database, "小区里能养鸡吗", "c3", NOW + timedelta(hours=1))
    await miner.rebuild()
    again = await miner.one(hens["id"])
    assert (again["status"], again["count"], again["conversations"]) == ("dismissed", 2, 2)
    assert (await miner.page("open", 1, 50))["total"] == 1
    drafted = await miner.draft(house["id"], actor="seat:1")
    assert (await miner.one(house["id"]))["entry_id"] == drafted
    with pytest.raises(NotPossible):
        await miner.draft(house["id"], actor="seat:1")


async def test_questions_are_mined_once_a_day_after_the_hour(database: Database, clock: ManualClock) -> None:
    miner = Miner(database, Meaning(), clock)
    assert await miner.when_due(13) is None  # it is noon
    assert await miner.when_due(3) is not None
    assert await miner.when_due(3) is None
    clock.advance(24 * 3600)
    assert await miner.when_due(3) is not None


async def test_what_an_editor_asks_for_is_mined_at_the_next_look_once(database: Database, clock: ManualClock) -> None:
    miner = Miner(database, Meaning(), clock)
    assert not await miner.working()
    await miner.ask()
    await miner.ask()
    assert await miner.working()
    assert await miner.when_due(13) is not None  # before the hour of the day
    assert not await miner.working() and await miner.when_due(13) is None


async def test_a_day_whose_mining_failed_is_mined_at_the_next_look(
    database: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    miner, other = Miner(database, Meaning(), clock), Miner(database, Meaning(), clock)
    rebuilt = Miner.rebuild

    async def failing(self: Miner) -> Rebuilt:
        assert await other.when_due(3) is None  # claimed by the first
        raise OSError("no room left")

    monkeypatch.setattr(Miner, "rebuild", failing)
    with pytest.raises(OSError, match="no room"):
        await miner.when_due(3)
    monkeypatch.setattr(Miner, "rebuild", rebuilt)
    assert await other.when_due(3) is not None
    assert await miner.when_due(3) is None


async def test_an_answer_after_which_a_person_took_over_is_a_question_to_mine_and_counts(
    database: Database, clock: ManualClock
) -> None:
    await store.save_entries(database, [entry("noise", "邻居装修噪声怎么办？")], now=NOW, actor="t", reason="t")
    await talked(database, "c1", "seat", NOW + timedelta(minutes=5))
    await talked(database, "c2", "answered")
    for conversation in ("c1", "c1", "c2"):
        await hit(database, "noise", conversation, NOW)
    await hit(database, "noise", "c2", NOW, "helpful")
    miner = Miner(database, Meaning(), clock)
    assert (await miner.rebuild()).questions == 1
    assert (await miner.rebuild()).questions == 1
    cluster = (await miner.page("", 1, 50))["items"][0]
    assert cluster["reasons"] == {"handed_over": 1} and cluster["near"]["id"] == "noise"
    statistics = Statistics(database)
    use = {"hits": 3, "helpful": 1, "unhelpful": 0, "turned_down": 0, "handed_over": 1}
    assert await statistics.entry("noise", NOW, days=7) == use
    overview = await statistics.overview(NOW, days=7)
    assert overview["totals"] == use and len(overview["by_day"]) == 7
    assert overview["by_day"][-1] == {"day": "2026-01-05", **use}
    assert overview["topics"] == [{"topic": "测试", **use}]
    assert overview["unanswered"] == {"open": 1, "questions": 1}
    shown = await statistics.entries(NOW, days=1, sort="handed_over", page=1, page_size=10)
    assert shown["items"] == [{"id": "noise", "question": "邻居装修噪声怎么办？", "owner": "", "topic": "测试", **use}]


async def test_the_day_of_a_use_is_the_citys(database: Database) -> None:
    await hit(database, "noise", "c1", datetime(2026, 1, 4, 16, 30, tzinfo=UTC))  # half past midnight of the 5th
    days = (await Statistics(database).overview(NOW, days=2))["by_day"]
    assert [day["hits"] for day in days] == [0, 1]


async def test_what_rises_is_told_answered_or_not(database: Database, clock: ManualClock) -> None:
    await store.save_entries(database, [entry("noise", "邻居装修噪声怎么办？")], now=NOW, actor="t", reason="t")
    for number in range(6):
        await hit(database, "noise", f"c{number}", NOW - timedelta(minutes=number))
        await note(database, "今天为什么停水", f"w{number}", NOW - timedelta(minutes=number))
        await note(database, "哪里能补办老年卡", f"o{number}", NOW - timedelta(hours=number + 2))
    found = await Surging(database, Meaning(), clock).now()
    assert [(surge["question"], surge["entry_id"], surge["last_hour"]) for surge in found] == [
        ("今天为什么停水", None, 6),
        ("邻居装修噪声怎么办？", "noise", 6),
    ]
    clock.advance(2 * 3600)
    assert await Surging(database, Meaning(), clock).now() == []


async def test_choices_count_as_no_answer_until_one_is_chosen(database: Database, clock: ManualClock) -> None:
    asked, later = NOW - timedelta(minutes=5), NOW - timedelta(minutes=4)
    for number in range(7):  # six went away, the seventh chose
        await note(database, "今天为什么停水", f"c{number}", asked, "unsure")
    await hit(database, "noise", "c6", later, text="今天为什么停水")
    await hit(database, "noise", "c5", later)  # another question of the same citizen was answered
    await note(database, "今天为什么停水", "c4", later, "turned_down")
    (surge,) = await Surging(database, Meaning(), clock).now()
    assert (surge["question"], surge["last_hour"]) == ("今天为什么停水", 6)
    miner = Miner(database, Meaning(), clock)
    assert (await miner.rebuild()).questions == 6
    (cluster,) = (await miner.page("open", 1, 50))["items"]
    assert cluster["conversations"] == 6 and cluster["reasons"] == {"turned_down": 1, "unsure": 5}


async def test_the_whole_base_is_checked(database: Database, clock: ManualClock) -> None:
    old = entry("old", "暂住证怎么办理？", effective_to="2025-01-01")
    one = entry("one", "居住证怎么办理？", answer="3天办好。", related=("old", "gone"))
    two = entry("two", "居住证怎样办理？", answer="15天办好。")
    await store.save_entries(database, [old, one, two], now=NOW, actor="t", reason="t")
    room = HintStore(database, Meaning(), clock)
    assert await room.refresh() == 3
    kinds = {item["kind"] for item in (await room.page("", 1, 50))["items"]}
    assert kinds == {"contradiction", "related_expired", "related_missing"}
    assert (await room.page("contradiction", 1, 50))["items"][0]["other_question"] == "居住证怎样办理？"
    content = {**two.model_dump(mode="json"), "id": "", "answer": "15天办好。"}
    told = await room.of_content(content, "")
    assert {hint["kind"] for hint in told} == {"contradiction", "duplicate"}
    assert [hint["kind"] for hint in await room.of_entry("two", content)] == ["contradiction"]


async def test_only_what_everybody_may_read_is_read(database: Database, clock: ManualClock) -> None:
    shown = entry("shown", "怎么退货？", effective_to="2026-01-05", related=("secret", "next"))
    await store.save_entries(
        database,
        [
            shown,
            entry("secret", "内部口径？", sensitivity="internal"),
            entry("sample", "示例问题？", sample=True),
            entry("next", "新规定何时实行？", effective_from="2026-03-01"),
        ],
        now=NOW,
        actor="t",
        reason="t",
    )
    room = PublicEntries(database, clock)
    assert await room.topics() == [{"topic": "测试", "count": 2}]
    one = await room.one("shown")
    assert one["related"] == [{"id": "next", "question": "新规定何时实行？"}] and "quote" not in one["sources"][0]
    assert one["structured_data"]["mainEntity"][0]["acceptedAnswer"]["text"] == one["answer"]
    coming = await room.one("next")
    assert coming["coming"] and coming["answer"].startswith("以下规定自2026年3月1日起施行")
    clock.advance(12 * 3600 - 1)
    await room.vote("shown", helpful=True)
    clock.advance(1)  # midnight: its last day is over
    for hidden in ("shown", "secret", "sample", "never"):
        with pytest.raises(NotAvailable):
            await room.one(hidden)
        with pytest.raises(NotAvailable):
            await room.vote(hidden, helpful=True)
    assert (await room.browse("", 1, 20))["total"] == 1
