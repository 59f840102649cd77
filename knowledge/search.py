"""Ranking: several channels score every text, each is stretched to 0..1 over its own best candidates, and fused.

Pure: no clock, no database, no model. Vectors come in ready; whoever owns the encoder fills in the query's.
The stretch runs from a channel's 100th best text (0) to its best (1), so that a channel votes only among its own
candidates and its scale does not depend on how large the collection is.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from knowledge.corpus import Corpus, Floats, Positions, one_after_the_other, prepared
from knowledge.embedding import Vectors
from knowledge.lexical import LaterTerms, TermMatrix
from knowledge.phonetic import syllable_terms
from knowledge.shelf import MEMORY, Shelf
from knowledge.stretching import stretch
from knowledge.text import PAIR, Codes, character_terms, kinds_of, normalise
from knowledge.vectors import LaterVectors, Stored, VectorTable

Allowed = npt.NDArray[np.bool_]
CENTRED = 150  # items, those whose best wording is nearest: a few more than what a channel votes among
SIGNALS = ("cosine", "central", "coverage", "sound", "whole_cosine", "whole_coverage")


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each channel's stretched score counts.

    `central` is the nearness to the middle of an item's wordings, `vector` that to the nearest one; of an item with one
    wording they are the same, and where no item has more `central` is not asked for.
    `whole_vector` and `whole_lexical` look at an item as one text (an entry with its answer), the first three at its
    single texts. `title` is the title of the document, `group` how much the document's best clauses say together,
    `preferred` is added to the preferred scope (the city's own rule before the national one), `formal` taken off.
    `shortlist`, where it is not 0: vectors only re-rank that many items which the other channels put first, so that
    a large collection needs no more than the vectors of what words bring near.
    """

    vector: float = 1.0
    lexical: float = 0.3
    phonetic: float = 0.0
    whole_vector: float = 0.0
    whole_lexical: float = 0.0
    central: float = 0.0
    title: float = 0.0
    group: float = 0.0
    preferred: float = 0.0
    formal: float = 0.0
    shortlist: int = 0


@dataclass(frozen=True, slots=True)
class Query:
    """A question, cut into terms once. `vector` is None while no encoder is at hand: then the other channels decide.

    `expansion` holds legal words for citizens' words, only used on clauses. `lasting`: log-odds that it asks for what a
    text can state (see `knowledge.asked_for`), 0 where nobody has read that.
    """

    text: str
    spoken: bool
    characters: Codes
    syllables: Codes
    vector: Vectors | None = None
    expansion: Codes = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    lasting: float = 0.0

    @classmethod
    def of(
        cls,
        text: str,
        *,
        spoken: bool = False,
        vector: Vectors | None = None,
        expansion: str = "",
        lasting: float = 0.0,
    ) -> Query:
        clean = normalise(text)
        return cls(
            text,
            spoken,
            character_terms([clean])[0],
            syllable_terms([clean])[0],
            vector,
            character_terms([normalise(expansion)])[0] if expansion else np.zeros(0, dtype=np.int64),
            lasting,
        )


@dataclass(frozen=True, slots=True)
class Ranked:
    """An item with its fused score and what each channel said of it, not stretched: `cosine` (of the nearest text),
    `central` (of the middle of its texts), `coverage` (share of the question's term mass that the best text holds),
    `sound` (the same for syllables), `whole_cosine` and `whole_coverage`."""

    item: int
    score: float
    signals: Mapping[str, float]


class SearchIndex:
    """An immutable index over a corpus. Building is lexical and fast; vectors may be missing for some texts.

    `shelf`: where its parts are kept, or already lie; each under a name that begins with `name`.
    """

    def __init__(
        self,
        corpus: Corpus,
        vectors: Stored | None = None,
        present: npt.NDArray[np.bool_] | None = None,
        *,
        shelf: Shelf = MEMORY,
        name: str = "texts",
    ) -> None:
        self.corpus = corpus
        clean = prepared(corpus)
        self.lexical: TermMatrix | LaterTerms = shelf.terms(
            f"{name}-words", lambda: TermMatrix.build(clean, character_terms)
        )
        self.phonetic: TermMatrix | LaterTerms = shelf.terms(
            f"{name}-sounds", lambda: TermMatrix.build(clean, syllable_terms)
        )
        titles = [normalise(title) for title in corpus.titles]
        self.title = TermMatrix.build(titles, character_terms, b=0.3) if titles else None
        self.whole: SearchIndex | None = None
        if corpus.wholes:
            passages = Corpus.of_texts("passages", corpus.ids, corpus.wholes)
            self.whole = SearchIndex(passages, shelf=shelf, name="wholes")
        self._plain = len(corpus.ids) == len(corpus.texts)
        self._text_rows = corpus.rows()
        self.table: VectorTable | LaterVectors | None = None
        self._rows = np.zeros(0, dtype=np.int64)
        if vectors is not None:
            self.set_vectors(vectors, present)

    def set_vectors(self, vectors: Stored, present: npt.NDArray[np.bool_] | None = None) -> None:
        """The vectors of the texts; `present` tells which rows hold one (all of them where it is left out)."""
        if present is None or present.all():
            self.set_table(VectorTable(vectors))
            return
        self._rows = np.flatnonzero(present)
        self.table = VectorTable(vectors[self._rows]) if len(self._rows) else None

    def set_table(self, table: VectorTable) -> None:
        """The vectors of all texts, ready to be searched."""
        self._rows, self.table = np.arange(len(table)), table if len(table) else None

    def following(self, later: SearchIndex) -> SearchIndex:
        """This index with the items of another behind its own, at the cost of the other alone.

        Later texts are weighed by this index's statistics. For items without documents (entries), of an index that has
        not been followed yet: what it is followed by grows instead.
        """
        old, new = self.corpus, later.corpus
        joined = copy(self)
        owners = np.concatenate([old.owners, new.owners + len(old.ids)])
        texts = one_after_the_other(old.texts, new.texts)
        wholes = one_after_the_other(old.wholes, new.wholes)
        joined.corpus = Corpus(old.kind, old.ids + new.ids, texts, owners, wholes=wholes)
        clean = [normalise(text) for text in new.texts]
        assert isinstance(self.lexical, TermMatrix) and isinstance(self.phonetic, TermMatrix)
        joined.lexical = self.lexical.following(*character_terms(clean), len(clean))
        joined.phonetic = self.phonetic.following(*syllable_terms(clean), len(clean))
        joined._plain = len(joined.corpus.ids) == len(joined.corpus.texts)
        joined._text_rows = joined.corpus.rows()
        joined._rows = np.concatenate([self._rows, later._rows + len(old.texts)])
        if isinstance(self.table, VectorTable) and isinstance(later.table, VectorTable):
            joined.table = LaterVectors(self.table, later.table.exact())
        elif self.table is None:
            joined.table = later.table
        if self.whole is not None and later.whole is not None:
            joined.whole = self.whole.following(later.whole)
        return joined

    def __len__(self) -> int:
        return len(self.corpus.ids)

    @property
    def embedded_share(self) -> float:
        return len(self._rows) / max(len(self.corpus.texts), 1)

    def rarity(self, word: str) -> float:
        """How rare a word of two or more Chinese characters is here: the lowest idf of its pairs; 0: none is known."""
        codes = character_terms([normalise(word)])[0]
        return self.lexical.rarity(codes[kinds_of(codes) == PAIR])

    @property
    def unknown_rarity(self) -> float:
        """Of a word that no text holds."""
        return self.lexical.unknown_idf

    def cosines(self, query: Query) -> Floats | None:
        """Cosine of every text with the query; texts without a vector, and those that a quantised table did not find
        near, get the lowest cosine seen."""
        if query.vector is None or self.table is None:
            return None
        places, scores = self.table.nearest(query.vector)
        if not len(scores):
            return None
        full = np.full(len(self.corpus.texts), scores.min(), dtype=np.float32)
        full[self._rows[places]] = scores
        return full

    def cosines_of(self, query: Query, texts: Positions) -> Floats | None:
        """The same for a few texts only; None where none of them has a vector."""
        if query.vector is None or self.table is None:
            return None
        places = np.minimum(np.searchsorted(self._rows, texts), len(self._rows) - 1)
        known = self._rows[places] == texts
        if not known.any():
            return None
        held = self.table.cosines_of(query.vector, places[known])
        found = np.full(len(texts), held.min(), dtype=np.float32)
        found[known] = held
        return found

    def rank(self, query: Query, weights: Weights, limit: int = 10, *, allowed: Allowed | None = None) -> list[Ranked]:
        """The best items, best first; only those that `allowed` marks, where it is given, so that what may not be said
        takes no place from what may."""
        if not len(self.corpus.ids):
            return []
        fused, raw = self._fuse(query, weights)
        limit = min(limit, len(fused))
        if allowed is not None:
            fused = np.where(allowed, fused, -np.inf).astype(np.float32)
            limit = min(limit, int(allowed.sum()))
            if not limit:
                return []
        top = np.argpartition(-fused, limit - 1)[:limit]
        top = top[np.argsort(-fused[top], kind="stable")]
        return [
            Ranked(int(item), float(fused[item]), {name: float(values[item]) for name, values in raw.items()})
            for item in top
        ]

    def scores(self, query: Query, weights: Weights) -> Floats:
        """The fused score of every item: for evaluation."""
        return self._fuse(query, weights)[0]

    def _fuse(self, query: Query, weights: Weights) -> tuple[Floats, dict[str, Floats]]:
        zero = np.zeros(len(self.corpus.ids), dtype=np.float32)
        fused = zero.copy()
        raw = dict.fromkeys(SIGNALS, zero)
        cosine = None if weights.shortlist else self.cosines(query)
        if cosine is not None:
            raw["cosine"] = self._items(cosine)
            fused += weights.vector * stretch(raw["cosine"])
            raw["central"] = raw["cosine"] if self._plain else self._central(query, raw["cosine"])
            if not self._plain:
                fused += weights.central * stretch(raw["central"])
        lexical = self.lexical.scores(query.characters)
        lexical_items = self._items(lexical)
        raw["coverage"] = lexical_items / max(self.lexical.best_possible(query.characters), 1e-9)
        if len(query.expansion) and self.corpus.kind == "clauses":
            lexical_items = self._items(lexical + 0.5 * self.lexical.scores(query.expansion))
        if weights.lexical:
            fused += weights.lexical * stretch(lexical_items)
        if weights.phonetic:
            sound = self._items(self.phonetic.scores(query.syllables))
            raw["sound"] = sound / max(self.phonetic.best_possible(query.syllables), 1e-9)
            fused += weights.phonetic * stretch(sound)
        if self.whole is not None:
            self._add_whole(self.whole, query, weights, fused, raw)
        if self.title is not None and len(self.corpus.groups):
            if weights.title:
                titles = self.title.scores(np.concatenate([query.characters, query.expansion]))
                fused += weights.title * stretch(titles)[self.corpus.groups]
            if weights.group:
                fused += weights.group * stretch(self._group_strength(fused))[self.corpus.groups]
            if weights.preferred:
                fused += weights.preferred * self.corpus.preferred
            if weights.formal:
                fused -= weights.formal * self.corpus.formal
        if weights.shortlist:
            self._rerank(query, weights, fused, raw)
        return fused, raw

    def _central(self, query: Query, cosine: Floats) -> Floats:
        """Cosine of the query with the mean vector of each item's texts.

        Made for the `CENTRED` items with the nearest texts, from their vectors, so that nothing more is kept of the
        others: those count as far as the farthest of these.
        """
        assert query.vector is not None and self.table is not None
        count = min(CENTRED, len(cosine))
        near = np.sort(np.argpartition(-cosine, count - 1)[:count])
        texts = self._texts_of(near)
        places = np.minimum(np.searchsorted(self._rows, texts), len(self._rows) - 1)
        held = self._rows[places] == texts
        if not held.any():
            return cosine
        vectors = self.table.rows(places[held])
        items, first = np.unique(self.corpus.owners[texts[held]], return_index=True)
        middles = np.add.reduceat(vectors, first, axis=0)
        found = middles @ query.vector / np.maximum(np.linalg.norm(middles, axis=1), 1e-9)
        central = np.full(len(cosine), found.min(), dtype=np.float32)
        central[items] = found
        return central

    def _texts_of(self, items: Positions) -> Positions:
        """The texts of some items (sorted), item after item."""
        if self._text_rows is not None:
            return self._text_rows.of(items)
        owners = self.corpus.owners
        texts = np.flatnonzero(np.isin(owners, items))
        return texts[np.argsort(owners[texts], kind="stable")]

    def _rerank(self, query: Query, weights: Weights, fused: Floats, raw: dict[str, Floats]) -> None:
        """Let vectors order the shortlist; whatever is not on it stands behind."""
        count = min(weights.shortlist, len(fused))
        near = np.sort(np.argpartition(-fused, count - 1)[:count]).astype(np.int64)
        cosine = self.cosines_of(query, near)
        if cosine is None:
            return
        raw["cosine"] = np.full(len(fused), cosine.min(), dtype=np.float32)
        raw["cosine"][near] = cosine
        fused[near] += weights.vector * stretch(cosine) + 10.0

    @staticmethod
    def _add_whole(whole: SearchIndex, query: Query, weights: Weights, fused: Floats, raw: dict[str, Floats]) -> None:
        cosine = whole.cosines(query)
        if cosine is not None:
            raw["whole_cosine"] = cosine
            fused += weights.whole_vector * stretch(cosine)
        lexical = whole.lexical.scores(query.characters)
        raw["whole_coverage"] = lexical / max(whole.lexical.best_possible(query.characters), 1e-9)
        fused += weights.whole_lexical * stretch(lexical)
        if weights.phonetic and weights.whole_lexical:
            sound = whole.phonetic.scores(query.syllables)
            fused += weights.phonetic * weights.whole_lexical * stretch(sound)

    def _items(self, by_text: Floats) -> Floats:
        if self._plain:
            return by_text
        if self._text_rows is not None:
            return self._text_rows.best(by_text)
        best = np.full(len(self.corpus.ids), -np.inf, dtype=np.float32)
        np.maximum.at(best, self.corpus.owners, by_text)
        return best

    def _group_strength(self, by_item: Floats) -> Floats:
        """How much a document as a whole speaks to the query: its three best clauses, the later ones counting less."""
        order = np.lexsort((-by_item, self.corpus.groups))
        groups = self.corpus.groups[order]
        first = np.searchsorted(groups, np.arange(len(self.corpus.titles)))
        place = np.arange(len(order)) - first[groups]
        strength = np.zeros(len(self.corpus.titles), dtype=np.float32)
        for rank, share in enumerate((1.0, 0.6, 0.4)):
            chosen = order[place == rank]
            strength[self.corpus.groups[chosen]] += share * by_item[chosen]
        return strength
