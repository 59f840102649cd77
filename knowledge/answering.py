"""From ranked candidates to what may be said: hits with citations, a calibrated chance, and a verdict. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from knowledge import validity
from knowledge.entry import Entry
from knowledge.model import Citation, Hit, SearchResult
from knowledge.parameters import Parameters
from knowledge.search import Query, Ranked
from knowledge.snapshot import Snapshot
from knowledge.store import Document, StoredClause
from knowledge.text import character_terms, normalise

READ_LIMIT_CHARACTERS = 220
SPOKEN_LIMIT_CHARACTERS = 90
_SENTENCE = re.compile(r"[^。；\n]+[。；]?")


@dataclass(frozen=True, slots=True)
class Asked:
    """What an answer depends on besides the words: the moment, the caller's district, entries just withdrawn."""

    now: datetime
    district: str | None = None
    stale: frozenset[str] = frozenset()


def answer(
    snapshot: Snapshot, original: str, query: Query, parameters: Parameters, asked: Asked, limit: int
) -> SearchResult:
    """Search entries and clauses, entries first; `original` is what came in before correction."""
    entries = _entry_hits(snapshot, query, parameters, asked, limit)
    clauses = _clause_hits(snapshot, query, parameters, limit)
    hits = _merge(entries, clauses, parameters)[:limit]
    scores = {
        "entry": entries[0].probability if entries else 0.0,
        "clause": clauses[0].probability if clauses else 0.0,
    }
    return SearchResult(original, query.text, tuple(hits), verdict(hits, parameters), scores)


def verdict(hits: Sequence[Hit], parameters: Parameters) -> Literal["answer", "choose", "unknown"]:
    """`answer` only for a checked hit whose chance is high enough; a 示例 is offered, never asserted."""
    if not hits or not _known(hits[0], parameters):
        return "unknown"
    needed = parameters.answer_at if hits[0].kind == "clause" else parameters.answer_entry_at
    return "answer" if hits[0].probability >= needed and not hits[0].sample else "choose"


def _known(hit: Hit, parameters: Parameters) -> bool:
    return hit.known >= (parameters.choose_at if hit.kind == "clause" else parameters.choose_entry_at)


def _merge(entries: list[Hit], clauses: list[Hit], parameters: Parameters) -> list[Hit]:
    """An editor's entry stands before a clause whenever it may be said at all; else the likelier goes first."""
    if entries and _known(entries[0], parameters) and entries[0].probability >= parameters.answer_entry_at:
        return entries + clauses
    if clauses and clauses[0].probability >= parameters.answer_at:
        first, rest = clauses[:1], entries + clauses[1:]
    else:
        first, rest = [], entries + clauses
    return first + sorted(rest, key=lambda hit: (not _known(hit, parameters), -hit.probability))


def may_be_said(entry: Entry, asked: Asked) -> bool:
    """Not expired (a coming rule is announced as such), not just withdrawn, public, and not of another district."""
    if validity.expired(entry, asked.now):
        return False
    if entry.id in asked.stale or entry.sensitivity != "public":
        return False
    elsewhere = entry.scope.endswith("区") and asked.district is not None and entry.scope != asked.district
    return not elsewhere


def features_of(ranked: Sequence[Ranked], query: Query) -> Callable[[int], dict[str, float]]:
    """Features of the candidate at a rank; the margin is to the best other candidate.

    `lasting` only ever speaks against an answer: a question of the right kind is not yet one that is answered here.
    """

    def features(place: int) -> dict[str, float]:
        candidate = ranked[place]
        other = ranked[1] if place == 0 and len(ranked) > 1 else ranked[0]
        margin = candidate.score - other.score if len(ranked) > 1 else 0.0
        return {**candidate.signals, "margin": margin, "lasting": min(query.lasting, 0.0)}

    return features


def _entry_hits(snapshot: Snapshot, query: Query, parameters: Parameters, asked: Asked, limit: int) -> list[Hit]:
    book = snapshot.book
    allowed = book.filters.allowed(asked.now, district=asked.district, stale=asked.stale)
    ranked = book.index.rank(query, parameters.of("entries", spoken=query.spoken), limit * 4, allowed=allowed)
    ranked = [candidate for candidate in ranked if may_be_said(book.entries[candidate.item], asked)]
    if asked.district is not None:
        ranked.sort(key=lambda found: -(found.score + 0.1 * (book.entries[found.item].scope == asked.district)))
    if not ranked:
        return []
    features = features_of(ranked, query)
    known = parameters.entries.probability(features(0))
    hits: list[Hit] = []
    for place, found in enumerate(ranked[:limit]):
        entry = book.entries[found.item]
        # with what the moment adds: a coming rule's day, a successor that is announced
        said, spoken = validity.said(entry, asked.now, snapshot.coming.get(entry.id))
        hit = entry_hit(entry, found.score, parameters.entry.probability(features(place)))
        hits.append(replace(hit, answer=said, answer_spoken=spoken, known=known))
    return hits


def entry_hit(entry: Entry, score: float, probability: float) -> Hit:
    """An entry as it is answered."""
    return Hit(
        id=entry.id,
        kind="entry",
        question=entry.question,
        answer=entry.answer,
        answer_spoken=entry.spoken,
        score=score,
        probability=probability,
        citations=entry.citations(),
        sample=entry.sample,
    )


def _clause_hits(snapshot: Snapshot, query: Query, parameters: Parameters, limit: int) -> list[Hit]:
    laws = snapshot.laws
    ranked = laws.index.rank(query, parameters.of("clauses", spoken=query.spoken), limit)
    features = features_of(ranked, query)
    hits: list[Hit] = []
    for place, found in enumerate(ranked):
        clause = laws.clauses[found.item]
        document = laws.documents[int(laws.index.corpus.groups[found.item])]
        hits.append(_clause_hit(document, clause, query, found, parameters.clause.probability(features(place))))
    return hits


def _clause_hit(document: Document, clause: StoredClause, query: Query, found: Ranked, probability: float) -> Hit:
    name = f"《{document.title}》{clause.article}"
    version = f"（{document.version_date}版本）" if document.version_date else ""
    quoted = excerpt(clause.text, query, READ_LIMIT_CHARACTERS)
    quoted_spoken = excerpt(clause.text, query, SPOKEN_LIMIT_CHARACTERS)
    return Hit(
        id=clause.id,
        kind="clause",
        question=name,
        answer=f"{name}{version}规定：{quoted}",
        answer_spoken=f"{name}规定：{quoted_spoken}",
        score=found.score,
        probability=probability,
        known=probability,
        citations=(
            Citation(
                title=document.title,
                source=document.issuing_body,
                clause=clause.article,
                effective_from=document.version_date,
            ),
        ),
        quoted=quoted,
        quoted_spoken=quoted_spoken,
    )


def excerpt(text: str, query: Query, limit: int) -> str:
    """The clause, or where it is longer than `limit` the run of whole sentences that shares most with the question.

    A list keeps its lead sentence (…下列…：). What was left out shows as ……; words are never changed.
    """
    whole = " ".join(text.split())
    if len(whole) <= limit:
        return whole
    sentences = [match.group().strip() for match in _SENTENCE.finditer(text) if match.group().strip()]
    wanted = set(query.characters.tolist())
    shared = [len(wanted & set(character_terms([normalise(sentence)])[0].tolist())) for sentence in sentences]
    best = max(range(len(sentences)), key=lambda place: shared[place])
    first = last = best
    size = len(sentences[best])
    lead = sentences[0] if "：" in sentences[0] and best > 0 and len(sentences[0]) < limit // 2 else ""
    size += len(lead)
    while True:
        options = [place for place in (last + 1, first - 1) if 0 <= place < len(sentences)]
        options = [place for place in options if size + len(sentences[place]) <= limit]
        if not options:
            break
        chosen = max(options, key=lambda place: (shared[place], place))
        size += len(sentences[chosen])
        first, last = min(first, chosen), max(last, chosen)
    body = "".join(sentences[first : last + 1])
    if first > 0:
        body = f"{lead}……{body}" if lead and first > 1 else f"{lead or '……'}{body}"
    if last + 1 < len(sentences):
        body += "……"
    return body
