"""All that can be answered at one revision: immutable, built aside, swapped in one assignment."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from knowledge.confusion import Confusions
from knowledge.corpus import Corpus, Derived
from knowledge.correction import Corrector
from knowledge.embedding import Encoder, VectorStore, encode_missing, held_vectors
from knowledge.entry import Entry
from knowledge.filters import EntryFilters
from knowledge.follow_up import Context
from knowledge.search import SearchIndex
from knowledge.shelf import MEMORY, Shelf
from knowledge.store import Document, StoredClause
from knowledge.vectors import VectorTable
from knowledge.word_counts import WordCounts

_PURPOSE = re.compile(r"为了?|根据")
_COMMENCEMENT = re.compile(r"^本[^，。]{1,8}自[^，。]{2,24}起?(施行|实施|生效)")
_LOCAL = "北京"


@dataclass(frozen=True, slots=True)
class EntryBook:
    """The published entries and their index. Wordings and the answer are texts of one item.

    `differing`: ids of those that were indexed in another form than they had at `revision` (see `knowledge.kept_book`).
    """

    entries: tuple[Entry, ...]
    index: SearchIndex
    filters: EntryFilters
    revision: int = -1  # of the index that later entries follow
    base: EntryBook | None = None  # that index, where later entries follow it
    differing: frozenset[str] = frozenset()

    def following(self, later: EntryBook, changed: Collection[str]) -> EntryBook:
        """This book with the present form of `changed` entries behind it; those not in `later` were withdrawn."""
        entries = (*self.entries, *later.entries)
        gone = set(changed) - {entry.id for entry in later.entries}
        index = self.index.following(later.index) if later.entries else self.index
        return EntryBook(entries, index, EntryFilters.of(entries).without(gone), self.revision, self)

    def in_force(self) -> list[Entry]:
        """The entries without those that a later form replaced or that were withdrawn."""
        return [entry for entry, live in zip(self.entries, self.filters.live, strict=True) if live]


@dataclass(frozen=True, slots=True)
class LawBook:
    """The clauses in force and their index; `fingerprint` changes with the set of documents or of held vectors."""

    documents: tuple[Document, ...]
    clauses: tuple[StoredClause, ...]
    index: SearchIndex
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    revision: int
    book: EntryBook
    laws: LawBook
    corrector: Corrector
    coming: Mapping[str, Entry] = field(default_factory=dict)  # approved successors, by the id of their entry

    def wordings(self, context: Context) -> tuple[str, ...]:
        """Of the answered entry; of anything else its standard question and the citizen's."""
        place = self.book.filters.places.get(context.item)
        if place is None:
            return tuple(filter(None, (context.standard, context.asked)))
        return self.book.entries[place].wordings


def clause_text(title: str, article: str, text: str) -> str:
    """What is embedded of a clause."""
    return f"{short_title(title)} {text}"


def short_title(title: str) -> str:
    return title.removeprefix("中华人民共和国")


def is_formal(article: str, text: str) -> bool:
    """Purpose and commencement articles: they share every word with a question and answer none."""
    return bool((article == "第一条" and _PURPOSE.match(text)) or _COMMENCEMENT.match(text))


def clause_corpus(
    ids: Sequence[str],
    articles: Sequence[str],
    texts: Sequence[str],
    groups: Sequence[int],
    titles: Sequence[str],
    local: Sequence[bool],
) -> Corpus:
    """`groups`: position in `titles` of each clause; `local`: whether that document is the city's own."""
    return Corpus(
        kind="clauses",
        ids=tuple(ids),
        texts=tuple(texts),
        owners=np.arange(len(ids), dtype=np.int64),
        groups=np.array(groups, dtype=np.int64),
        titles=tuple(titles),
        preferred=np.array([1.0 if local[group] else 0.0 for group in groups], dtype=np.float32),
        formal=np.array(
            [1.0 if is_formal(article, text) else 0.0 for article, text in zip(articles, texts, strict=True)],
            dtype=np.float32,
        ),
    )


def entry_whole(entry: Entry) -> str:
    """An entry as one text, as it is embedded."""
    return f"{entry.question}。{entry.answer}"


def embedded_entries(entries: Sequence[Entry]) -> list[str]:
    """Every text of the entries that has a vector."""
    return [text for entry in entries for text in (*entry.wordings, entry_whole(entry))]


def entry_corpus(entries: Sequence[Entry]) -> Corpus:
    """Each wording is a text of its entry; each entry with its answer is a whole."""
    texts: list[str] = []
    owners: list[int] = []
    for position, entry in enumerate(entries):
        texts += entry.wordings
        owners += [position] * len(entry.wordings)
    return Corpus(
        kind="entries",
        ids=tuple(entry.id for entry in entries),
        texts=tuple(texts),
        owners=np.array(owners, dtype=np.int64),
        wholes=Derived(len(entries), lambda place: "\n".join((*entries[place].wordings, entries[place].answer))),
    )


def entry_book(
    entries: Sequence[Entry],
    encoder: Encoder | None,
    store: VectorStore | None,
    revision: int = -1,
    *,
    kept: Shelf = MEMORY,
) -> EntryBook:
    """Index entries; texts that the store does not hold yet are encoded now. Blocking.

    Raises (with a shelf of files):
        UnusableShelf, OSError: a part cannot be read or written.
    """
    corpus = entry_corpus(entries)
    index = SearchIndex(corpus, shelf=kept)
    if encoder is not None and store is not None and corpus.texts:
        index.set_table(kept.vectors("texts-vectors", lambda: _vectors(encoder, store, corpus.texts)))
        wholes = Derived(len(entries), lambda place: entry_whole(entries[place]))
        if index.whole is not None:
            index.whole.set_table(kept.vectors("wholes-vectors", lambda: _vectors(encoder, store, wholes)))
    return EntryBook(tuple(entries), index, EntryFilters.of(entries), revision)


def _vectors(encoder: Encoder, store: VectorStore, texts: Sequence[str]) -> VectorTable:
    encode_missing(encoder, store, texts)
    return VectorTable(held_vectors(store, encoder.name, texts)[0])


def spoken_texts(entries: Sequence[Entry]) -> Iterator[str]:
    """What is said of entries: spoken questions are corrected towards its words."""
    return (text for entry in entries for text in (*entry.wordings, entry.answer))


def corrector_of(
    entries: Sequence[Entry],
    documents: Sequence[Document],
    confusions: Confusions,
    *,
    counted: WordCounts | None = None,
) -> Corrector:
    """Spoken questions are corrected towards the words of entries and of documents' titles; `counted`: the words of
    those entries, where they were counted before. Blocking."""
    titles = [document.title for document in documents]
    if counted is not None:
        return Corrector(titles, confusions, counted=counted)
    return Corrector([*spoken_texts(entries), *titles], confusions)


def law_book(
    documents: Sequence[Document],
    clauses: Sequence[StoredClause],
    encoder: Encoder | None,
    store: VectorStore | None,
    fingerprint: str,
) -> LawBook:
    """Index clauses at once by words and sounds; vectors are used as far as they are held. Blocking."""
    place = {document.id: position for position, document in enumerate(documents)}
    corpus = clause_corpus(
        [clause.id for clause in clauses],
        [clause.article for clause in clauses],
        [clause.text for clause in clauses],
        [place[clause.document_id] for clause in clauses],
        [document.title for document in documents],
        [document.scope.startswith(_LOCAL) for document in documents],
    )
    if encoder is None or store is None or not clauses:
        return LawBook(tuple(documents), tuple(clauses), SearchIndex(corpus), fingerprint)
    vectors, present = held_vectors(store, encoder.name, embedded_clauses(documents, clauses))
    return LawBook(tuple(documents), tuple(clauses), SearchIndex(corpus, vectors, present), fingerprint)


def embedded_clauses(documents: Sequence[Document], clauses: Sequence[StoredClause]) -> list[str]:
    titles = {document.id: document.title for document in documents}
    return [clause_text(titles[clause.document_id], clause.article, clause.text) for clause in clauses]
