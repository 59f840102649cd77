"""A large book survives a restart, and neither damage, a crash, another model nor a restored backup answers wrongly."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from knowledge_helpers import MODEL, entry

from base.clock import ManualClock
from base.sections.dialogue import KnowledgeSettings
from base.sections.node import DataSettings
from base.settings import ROOT, Settings
from knowledge import kept_book, service, shelf, store
from knowledge.embedding import Encoder, VectorStore
from knowledge.entry import Entry
from knowledge.lexical import TermMatrix
from knowledge.search import Query, Weights
from knowledge.service import KnowledgeService
from knowledge.snapshot import EntryBook
from knowledge.vectors import VectorTable
from knowledge.word_counts import WordCounts
from storage.engine import Database
from storage.tables import Base

TOPICS = ("供暖", "居住证", "装修噪声", "公积金", "养犬登记", "垃圾分类", "公交卡", "老年证")
NOW = datetime(2026, 1, 5, 4, 0, tzinfo=UTC)


def about(number: int, topic: str, ends: date | None = None) -> Entry:
    return entry(f"e{number}", f"{topic}怎么办", f"{topic}找谁", answer=f"{topic}请到窗口办理。", effective_to=ends)


BOOK = [about(number, topic) for number, topic in enumerate(TOPICS)]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "books"


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many texts were cut into terms, matrix by matrix."""
    cut: list[int] = []
    build = TermMatrix.build.__func__  # type: ignore[attr-defined]

    def counted(cls: type[TermMatrix], /, texts: list[str], terms_of: object, **more: float) -> TermMatrix:
        cut.append(len(texts))
        matrix: TermMatrix = build(cls, texts, terms_of, **more)
        return matrix

    monkeypatch.setattr(TermMatrix, "build", classmethod(counted))
    yield cut


def opened(root: Path, entries: list[Entry], most_changes: int = 5) -> tuple[EntryBook, WordCounts]:
    vectors = VectorStore(root.parent / "vectors.db")
    return kept_book.open_book(root, entries, None, vectors, 7, most_changes=most_changes)


def ranked(book: EntryBook, text: str) -> list[tuple[str, str]]:
    allowed = book.filters.allowed(NOW)
    found = book.index.rank(Query.of(text, spoken=True), Weights(0.0, 1.0, 0.5, 0.0, 0.5), 20, allowed=allowed)
    return [(book.entries[one.item].id, book.entries[one.item].question) for one in found]


def test_a_restart_finds_the_same_and_cuts_no_text(root: Path, built: list[int]) -> None:
    first, counted = opened(root, BOOK)
    assert built
    built.clear()
    again, counted_again = opened(root, BOOK)
    assert built == []
    assert counted_again == counted and counted.pairs["养犬", "登记"] > 0
    for topic in TOPICS:
        query = Query.of(f"{topic}怎么办", spoken=True)
        weights = Weights(0.0, 1.0, 0.5, 0.0, 0.5)
        assert again.index.scores(query, weights) == pytest.approx(first.index.scores(query, weights))
    assert list(root.iterdir()) == [kept(root)]


changes = st.dictionaries(
    st.integers(0, 11),
    st.one_of(st.none(), st.tuples(st.sampled_from(TOPICS), st.sampled_from([None, date(2025, 12, 31)]))),
    max_size=8,
)


@examples(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes, st.sampled_from(TOPICS))
def test_whatever_changed_meanwhile_is_answered_as_it_is_now(
    tmp_path_factory: pytest.TempPathFactory, changed: dict[int, tuple[str, date | None] | None], topic: str
) -> None:
    root = tmp_path_factory.mktemp("kept") / "books"
    opened(root, BOOK)
    new = {one.id: one for one in BOOK}
    for number, row in changed.items():
        new.pop(f"e{number}", None)
        if row is not None:
            new[f"e{number}"] = about(number, *row)
    present = list(new.values())
    book, _ = opened(root, present)
    assert sorted(one.id for one in book.in_force()) == sorted(new)
    allowed = {(one.id, one.question) for one in present if one.ends() is None}
    assert set(ranked(book, f"{topic}怎么办")) == allowed
    assert not any(question.startswith(topic) for _, question in allowed) or ranked(book, topic)[0][1].startswith(topic)


def kept(root: Path) -> Path:
    """The folder that is complete."""
    (manifest,) = root.glob(f"*/{shelf.MANIFEST}")
    return manifest.parent


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x40
    path.write_bytes(bytes(data))


DAMAGE: dict[str, Callable[[Path], object]] = {
    "a bit": flip,
    "cut off": lambda path: os.truncate(path, path.stat().st_size // 2),
    "gone": Path.unlink,
    "empty": lambda path: path.write_bytes(b""),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_is_noticed_and_the_index_built_anew(
    root: Path, built: list[int], damage: Callable[[Path], object]
) -> None:
    opened(root, BOOK)
    for name in sorted(path.name for path in kept(root).iterdir()):
        built.clear()
        damage(kept(root) / name)
        book, _ = opened(root, BOOK)
        assert built, name
        assert ranked(book, "养犬登记")[0][0] == "e4", name


def test_another_model_or_another_program_does_not_use_it(
    root: Path, built: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(root, BOOK)
    assert kept_book.key_of(Encoder(root / "a-model")) not in (kept_book.key_of(None), kept_book.key_of(Encoder(root)))
    monkeypatch.setattr(kept_book, "_MADE_BY", (kept_book,))
    built.clear()
    opened(root, BOOK)
    assert built


_DIES = """
import sys, time
from pathlib import Path
from knowledge import shelf
with shelf.writing(Path(sys.argv[1]), sys.argv[2]) as being_written:
    (being_written.folder / "texts-words.terms.npy").write_bytes(b"half")
    print("writing", flush=True)
    time.sleep(600)
"""


def test_a_process_killed_while_writing_leaves_nothing_that_is_read(root: Path, built: list[int]) -> None:
    opened(root, BOOK)
    command = [sys.executable, "-c", _DIES, str(root), kept_book.key_of(None)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None and writer.stdout.readline() == "writing\n"
        writer.kill()
    (half,) = [path for path in root.iterdir() if not (path / shelf.MANIFEST).exists()]
    built.clear()
    assert ranked(opened(root, BOOK)[0], "公积金")[0][0] == "e3"
    assert built == []
    days_ago = time.time() - 3 * 24 * 3600
    os.utime(half, (days_ago, days_ago))
    opened(root, BOOK[:1], most_changes=0)
    assert not half.exists()


def test_a_write_that_fails_leaves_the_former_index(root: Path) -> None:
    opened(root, BOOK)
    with pytest.raises(RuntimeError), shelf.writing(root, "key") as being_written:
        (being_written.folder / "part").write_bytes(b"half")
        raise RuntimeError
    assert len(list(root.iterdir())) == 1
    assert shelf.newest(root, kept_book.key_of(None)) is not None


def test_a_disk_that_refuses_costs_memory_and_no_answer(root: Path) -> None:
    root.write_text("a file where the folder should be")
    assert ranked(opened(root, BOOK)[0], "老年证")[0][0] == "e7"


def test_vectors_are_the_same_from_disk_exact_and_quantised(tmp_path: Path) -> None:
    vectors = np.random.default_rng(1).standard_normal((400, 16), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    for table in (VectorTable(vectors), VectorTable(vectors, exact_limit=100)):
        folder = tmp_path / str(table.quantised)
        folder.mkdir()
        table.save(folder, "some")
        held = VectorTable.load(folder, "some")
        assert held.quantised == table.quantised and len(held) == 400
        for got, wanted in zip(held.nearest(vectors[7]), table.nearest(vectors[7]), strict=True):
            assert got == pytest.approx(wanted)
        rows = np.array([3, 399])
        assert held.cosines_of(vectors[7], rows) == pytest.approx(table.cosines_of(vectors[7], rows))


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """A book of five counts as a large one."""
    monkeypatch.setattr(service, "_FOLLOWED_FROM_ENTRIES", 1)
    monkeypatch.setattr(service, "_FOLLOWED_BY_SHARE", 1.0)


async def saved(database: Database, *entries: Entry) -> None:
    await store.save_entries(database, entries, now=ManualClock().now(), actor="test", reason="")


@pytest.mark.usefixtures("large")
async def test_a_service_starts_from_what_the_last_one_kept(
    database: Database, settings: Settings, entries: list[Entry], built: list[int]
) -> None:
    """Changed, new and withdrawn while nothing ran; then changed again while it runs on."""
    await saved(database, *entries)
    first = KnowledgeService(database, settings)
    await first.start()
    await first.close()
    changed = entries[0].model_copy(update={"answer": "每年十一月十五日开始供暖，三月十五日结束。"})
    await saved(database, changed, about(1, "养犬登记"))
    await store.withdraw_entry(database, entries[1].id, now=ManualClock().now())
    built.clear()
    of_all = sum(len(one.wordings) for one in entries)
    second = KnowledgeService(database, settings)
    await second.start()
    try:
        assert max(built) < of_all / 2
        assert (await second.search("冬天供暖从哪天开始？")).hits[0].answer == changed.answer
        assert (await second.search("养犬登记怎么办")).hits[0].id == "e1"
        await saved(database, about(2, "垃圾分类"))
        await second.refresh()
        assert max(built) < of_all / 2
        assert (await second.search("垃圾分类怎么办", spoken=True)).hits[0].id == "e2"
        assert (await second.search("冬天供暖从哪天开始？")).hits[0].answer == changed.answer
        assert {hit.id for hit in second.entries_in_force()} == {
            "e1", "e2", *(one.id for one in entries if one.id != entries[1].id)
        }  # fmt: skip
    finally:
        await second.close()


@pytest.mark.usefixtures("large")
async def test_an_index_of_another_history_of_the_database_says_nothing_old(
    database: Database, settings: Settings, entries: list[Entry], tmp_path: Path
) -> None:
    """As after a backup was restored: the same revision number, but another answer."""
    other = Settings(
        data=DataSettings(directory=tmp_path / "other"), knowledge=KnowledgeSettings(embedding_directory=MODEL)
    )
    (tmp_path / "other").mkdir()
    await saved(database, *entries)
    first = KnowledgeService(database, settings)
    await first.start()
    await first.close()
    restored = Database(other.database_url)
    async with restored.engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    await saved(restored, *(one.model_copy(update={"answer": f"新的回答：{one.question}"}) for one in entries))
    second = KnowledgeService(restored, settings)
    await second.start()
    try:
        for one in entries:
            assert (await second.search(one.question)).hits[0].answer == f"新的回答：{one.question}"
    finally:
        await second.close()
        await restored.close()
