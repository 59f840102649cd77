"""What holds at every size: filters come before ranking, and quantised vectors find what exact ones do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from base.clock import ManualClock
from base.settings import Settings
from knowledge import answering, parameters, search, service, store
from knowledge.answering import Asked
from knowledge.confusion import Confusions
from knowledge.corpus import Corpus
from knowledge.correction import Corrector
from knowledge.entry import Entry
from knowledge.filters import EntryFilters
from knowledge.search import Query, SearchIndex, Weights
from knowledge.service import KnowledgeService
from knowledge.snapshot import Snapshot, entry_book, law_book
from knowledge.stretching import stretch
from knowledge.vectors import Floats, VectorTable
from storage.engine import Database

NOW = datetime(2026, 1, 5, 4, 0, tzinfo=UTC)
SCOPES = ("北京", "海淀区", "朝阳区")


def written(number: int, scope: str = "北京", ends: date | None = None, sensitivity: str = "public") -> Entry:
    return Entry.model_validate(
        {
            "id": f"heating-{number}",
            "question": f"冬天供暖从哪天开始{number}",
            "answer": "十一月十五日开始供暖。",
            "topic": "供暖",
            "sample": True,
            "scope": scope,
            "effective_to": ends,
            "sensitivity": sensitivity,
        }
    )


def units(count: int, width: int = 32) -> Floats:
    """Vectors in clusters, as those of texts about the same matters are."""
    random = np.random.default_rng(7)
    middles = random.standard_normal((40, width), dtype=np.float32)
    vectors = middles[random.integers(0, 40, count)] + 0.5 * random.standard_normal((count, width), dtype=np.float32)
    units: Floats = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return units


entries = st.lists(
    st.tuples(
        st.sampled_from(SCOPES),
        st.sampled_from([None, date(2025, 12, 31), date(2026, 1, 4), date(2026, 1, 5), date(2027, 1, 1)]),
        st.sampled_from(["public", "internal"]),
    ),
    min_size=1,
    max_size=12,
)


@given(entries, st.sampled_from([None, *SCOPES[1:]]), st.sets(st.integers(0, 12)))
def test_the_mask_over_all_says_what_asking_one_by_one_says(
    rows: list[tuple[str, date | None, str]], district: str | None, changed: set[int]
) -> None:
    book = [written(number, *row) for number, row in enumerate(rows)]
    stale = frozenset(f"heating-{number}" for number in changed)
    mask = EntryFilters.of(book).allowed(NOW, district=district, stale=stale)
    asked = Asked(NOW, district, stale)
    assert mask.tolist() == [answering.may_be_said(entry, asked) for entry in book]


@examples(max_examples=15, deadline=None)
@given(st.integers(25, 60))
def test_expired_entries_take_no_place_from_one_in_force(expired: int) -> None:
    """More expired entries than are ranked, each as near as the one in force: it is found all the same."""
    book = entry_book([*(written(n, ends=date(2025, 6, 1)) for n in range(expired)), written(99)], None, None)
    snapshot = Snapshot(1, book, law_book([], [], None, None, ""), Corrector(["供暖"], Confusions.load()))
    query = Query.of("冬天供暖从哪天开始")
    found = answering.answer(snapshot, query.text, query, parameters.load(), Asked(NOW), 5)
    assert [hit.id for hit in found.hits] == ["heating-99"]


def test_nothing_is_ranked_where_nothing_is_allowed() -> None:
    index = SearchIndex(Corpus.of_texts("questions", ["a", "b"], ["甲乙", "丙丁"]))
    assert index.rank(Query.of("甲乙"), Weights(), allowed=np.zeros(2, dtype=bool)) == []
    only = index.rank(Query.of("甲乙"), Weights(), allowed=np.array([False, True]))
    assert [found.item for found in only] == [1]


def test_quantised_vectors_find_what_exact_ones_find() -> None:
    vectors = units(6_000)
    exact, quantised = VectorTable(vectors), VectorTable(vectors, exact_limit=1_000)
    assert quantised.quantised and not exact.quantised
    shared = 0
    for question in vectors[:40]:
        rows, cosines = exact.nearest(question)
        best = set(rows[np.argsort(-cosines)[:10]].tolist())
        near, scores = quantised.nearest(question)
        shared += len(best & set(near[np.argsort(-scores)[:10]].tolist()))
        assert scores == pytest.approx(exact.cosines_of(question, near), abs=0.02)
        assert quantised.cosines_of(question, near[:5]) == pytest.approx(scores[:5], abs=1e-4)
    assert shared / 400 >= 0.95


def test_an_item_scores_as_its_best_text_however_its_texts_lie() -> None:
    owners = np.array([1, 0, 1, 0])
    scattered = SearchIndex(Corpus("questions", ("a", "b"), ("甲乙", "丙丁", "戊己", "庚辛"), owners))
    ordered = SearchIndex(Corpus("questions", ("a", "b"), ("丙丁", "庚辛", "甲乙", "戊己"), np.sort(owners)))
    for text in ("甲乙", "庚辛", "戊己"):
        expected = [found.item for found in scattered.rank(Query.of(text), Weights(0.0, 1.0))]
        assert [found.item for found in ordered.rank(Query.of(text), Weights(0.0, 1.0))] == expected


def test_the_middle_of_an_items_wordings_is_the_same_exact_quantised_and_followed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    vectors = units(400)
    owners = np.sort(np.random.default_rng(2).integers(0, 100, 400))
    owners = np.unique(owners, return_inverse=True)[1]
    ids = tuple(f"e{number}" for number in range(owners.max() + 1))
    texts = tuple(f"文{number}" for number in range(400))
    middles = np.stack([vectors[owners == item].mean(axis=0) for item in range(len(ids))])
    middles /= np.linalg.norm(middles, axis=1, keepdims=True)
    exact = SearchIndex(Corpus("entries", ids, texts, owners), vectors)
    quantised = SearchIndex(Corpus("entries", ids, texts, owners))
    quantised.set_table(VectorTable(vectors, exact_limit=100))
    cut = int(np.searchsorted(owners, 60))
    first = SearchIndex(Corpus("entries", ids[:60], texts[:cut], owners[:cut]), vectors[:cut])
    later = SearchIndex(Corpus("entries", ids[60:], texts[cut:], owners[cut:] - 60), vectors[cut:])
    scattered = np.random.default_rng(3).permutation(400)
    mixed = SearchIndex(
        Corpus("entries", ids, tuple(texts[place] for place in scattered), owners[scattered]), vectors[scattered]
    )
    query = Query.of("x", vector=vectors[7])
    for index, near in ((exact, 1e-5), (quantised, 0.02), (first.following(later), 1e-5), (mixed, 1e-5)):
        found = {one.item: one.signals["central"] for one in index.rank(query, Weights(central=1.0), len(ids))}
        assert [found[item] for item in range(len(ids))] == pytest.approx(middles @ vectors[7], abs=near)
    monkeypatch.setattr(search, "CENTRED", 10)
    best = exact.rank(query, Weights(1.0, 0.0, central=1.0), 3)
    assert [one.signals["central"] for one in best] == pytest.approx(
        [float(middles[b.item] @ vectors[7]) for b in best]
    )


def test_items_of_one_wording_are_ranked_as_without_their_middle() -> None:
    vectors = units(30)
    texts = [f"文{number}" for number in range(30)]
    index = SearchIndex(Corpus.of_texts("entries", texts, texts), vectors)
    query = Query.of("文7", vector=vectors[3])
    with_middle, without = (index.scores(query, Weights(1.0, 0.5, central=share)) for share in (1.0, 0.0))
    assert with_middle == pytest.approx(without)


TOPICS = ("供暖", "居住证", "装修噪声", "公积金", "养犬登记", "垃圾分类", "公交卡", "老年证")


def about(number: int, topic: str, ends: date | None = None) -> Entry:
    return written(number, ends=ends).model_copy(update={"question": f"{topic}第{number}项怎么办"})


changes = st.dictionaries(
    st.integers(0, 11),
    st.one_of(st.none(), st.tuples(st.sampled_from(TOPICS), st.sampled_from([None, date(2025, 12, 31)]))),
    min_size=1,
    max_size=5,
)


@examples(max_examples=40, deadline=None)
@given(changes, st.sampled_from(TOPICS))
def test_a_followed_book_answers_as_one_built_anew(
    changed: dict[int, tuple[str, date | None] | None], topic: str
) -> None:
    """Changed, added, withdrawn and expired entries: the same may be said, and nothing else ever is."""
    old = {number: about(number, TOPICS[number]) for number in range(len(TOPICS))}
    new = {**old, **{number: about(number, *row) if row else None for number, row in changed.items()}}
    present = [entry for entry in new.values() if entry is not None]
    base = entry_book(list(old.values()), None, None, 1)
    later = entry_book([entry for number in changed if (entry := new[number]) is not None], None, None, 2)
    followed = base.following(later, [f"heating-{number}" for number in changed])
    assert sorted(entry.id for entry in followed.in_force()) == sorted(entry.id for entry in present)
    query, learned, found = Query.of(f"{topic}怎么办"), parameters.load(), []
    for book in (followed, entry_book(present, None, None, 2)):
        snapshot = Snapshot(2, book, law_book([], [], None, None, ""), Corrector([], Confusions.load()))
        found.append(answering.answer(snapshot, query.text, query, learned, Asked(NOW), 20).hits)
    allowed = {(entry.id, entry.question) for entry in present if answering.may_be_said(entry, Asked(NOW))}
    assert {(hit.id, hit.question) for hit in found[0]} == {(hit.id, hit.question) for hit in found[1]} == allowed
    assert not found[0] or topic not in str(allowed) or topic in found[0][0].question


def test_vectors_of_later_entries_count_as_those_of_earlier_ones() -> None:
    vectors = units(6)
    texts = [f"文{number}" for number in range(6)]
    whole = SearchIndex(Corpus.of_texts("questions", texts, texts), vectors)
    first = SearchIndex(Corpus.of_texts("questions", texts[:4], texts[:4]), vectors[:4])
    followed = first.following(SearchIndex(Corpus.of_texts("questions", texts[4:], texts[4:]), vectors[4:]))
    for vector in vectors:
        query = Query.of("文", vector=vector)
        assert followed.cosines(query) == pytest.approx(whole.cosines(query), abs=1e-6)
        assert followed.cosines_of(query, np.array([1, 5])) == pytest.approx(
            whole.cosines_of(query, np.array([1, 5])), abs=1e-6
        )
        assert followed.rank(query, Weights())[0].item == whole.rank(query, Weights())[0].item


async def test_a_service_follows_its_book_when_little_changed(
    database: Database, settings: Settings, entries: list[Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A changed, a new and a withdrawn entry, each at the next refresh, without indexing the others again."""
    monkeypatch.setattr(service, "_FOLLOWED_FROM_ENTRIES", 1)
    monkeypatch.setattr(service, "_FOLLOWED_BY_SHARE", 1.0)
    clock = ManualClock()
    await store.save_entries(database, entries, now=clock.now(), actor="test", reason="")
    opened = KnowledgeService(database, settings, clock=clock)
    monkeypatch.setattr(opened, "_build", _once(opened._build))
    await opened.start()
    try:
        changed = entries[0].model_copy(update={"answer": "每年十一月十五日开始供暖，三月十五日结束。"})
        added = about(1, "养犬登记")
        await store.save_entries(database, [changed, added], now=clock.now(), actor="test", reason="")
        await opened.refresh()
        assert (await opened.search("冬天供暖从哪天开始？")).hits[0].answer == changed.answer
        assert (await opened.search("养犬登记怎么办")).hits[0].id == added.id
        for identifier in (changed.id, added.id, entries[1].id):
            await store.withdraw_entry(database, identifier, now=clock.now())
            await opened.refresh()
        left = {entry.id for entry in entries[2:]}
        assert {hit.id for hit in opened.entries_in_force()} == left
        for text in ("冬天供暖从哪天开始？", "养犬登记怎么办", entries[1].question):
            assert {hit.id for hit in (await opened.search(text, limit=20)).hits} <= left
        again = entries[1].model_copy(update={"answer": "到派出所办理居住证。"})
        await store.save_entries(database, [again], now=clock.now(), actor="test", reason="")
        await opened.refresh()
        assert (await opened.search(again.question)).hits[0].answer == again.answer
    finally:
        await opened.close()


def _once(build: Callable[..., Snapshot]) -> Callable[..., Snapshot]:
    built: list[Snapshot] = []

    def building(*arguments: Any) -> Snapshot:
        assert not built, "the whole book was built anew"
        built.append(build(*arguments))
        return built[0]

    return building


@pytest.mark.parametrize("count", [101, 102, 5_000, 30_000, 30_011])
@pytest.mark.parametrize("levels", [3, 50, 1_000_000])
def test_stretching_many_scores_starts_at_the_hundred_and_first(count: int, levels: int) -> None:
    scores = np.random.default_rng(count).integers(0, levels, count).astype(np.float32)
    low, high = np.sort(scores)[-101], scores.max()
    expected = np.maximum((scores - low) / (high - low), -0.5) if high > low else np.zeros_like(scores)
    assert stretch(scores) == pytest.approx(expected, abs=1e-6)
