"""A question that leaves out what was named before (要带什么？ 那孩子呢？), completed from the last answered one.

Three steps, all pure but for the sentence vector. A reader (`knowledge.sentence_reader`, taught by `follow_up.yml`)
tells how likely a question leaves something out; whole questions stop here. The *subject* of the last answer is found
in its own wordings: the words that recur in them and are rare elsewhere. It is put before the question; where the
question does nothing but name another of a kind (another group of persons, another district), that takes the place of
the former one instead. Both readings are searched, and a learned chance (`parameters.yml`) decides between the best of
them and the question as it stands.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import log
from pathlib import Path
from typing import Any, Final, Self

import jieba
import yaml

from knowledge.embedding import Encoder, Vectors
from knowledge.errors import KnowledgeError
from knowledge.model import SearchResult
from knowledge.parameters import Parameters
from knowledge.sentence_reader import SentenceReader, Told, key_of
from knowledge.text import normalise

PATH: Final = Path(__file__).with_name("follow_up.yml")
KEPT: Final = Path(__file__).with_name("follow_up.npz")
FEATURES: Final = ("elliptical", "alone", "joined", "rarest", "same")
_MOST_SUBJECT_WORDS: Final = 3
_BESIDE_THE_FIRST: Final = 0.6  # of the first word's weight, from which on a further word belongs to the subject
_LEAD: Final = re.compile(r"^(?:那么|那要是|那|要是|如果是|如果|换成|请问|再问一下|还有)")
_ONLY_NAMES: Final = re.compile(r"(?:也)?(?:呢|的话|的呢|行吗|可以吗|怎么办|怎么算|也一样吗|也是吗)?[?？。!！\s]*$")
_ANOTHER_CASE: Final = re.compile(r"(?:呢|的话)[?？。!！\s]*$")
_ASKS: Final = re.compile(r"什么|怎么|咋|多少|多久|多长|几|哪|谁|啥|吗|能不能|可不可以|行不行|要不要|有没有|是不是")

Rarity = Callable[[str], float]
"""How rare a word is in the knowledge base: its idf."""


@dataclass(frozen=True, slots=True)
class Context:
    """The last answered question of a conversation. `item`: id of what was told; `standard`: the question that it
    answers; `asked`: the citizen's own words."""

    item: str
    standard: str
    asked: str = ""


@dataclass(frozen=True, slots=True)
class Kinds:
    """Word -> (kind, group): words of one kind may take each other's place, words of one group mean the same."""

    places: Mapping[str, tuple[str, int]]

    def find(self, text: str) -> dict[str, str]:
        """Kind -> the word of it that stands in `text`, the longest where there are several."""
        found: dict[str, str] = {}
        for word in sorted(self.places, key=len, reverse=True):
            kind = self.places[word][0]
            if kind not in found and word in text:
                found[kind] = word
        return found

    def exchanged(self, text: str, former: str) -> str:
        """`former` with the words of `text` in the place of others of their kind; empty where there is none."""
        result = former
        there = self.find(former)
        for kind, word in self.find(text).items():
            other = there.get(kind)
            if other is not None and self.places[other] != self.places[word]:
                result = result.replace(other, word)
        return "" if result == former else result


@lru_cache(maxsize=1)
def kinds() -> Kinds:
    """Raises KnowledgeError: `follow_up.yml` is not as described there."""
    try:
        groups: Mapping[str, Sequence[Sequence[Any]]] = _data()["kinds"]
        return Kinds(
            {
                normalise(str(word)): (kind, number)
                for kind, lists in groups.items()
                for number, words in enumerate(lists)
                for word in words
            }
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise KnowledgeError(f"{PATH.name}: `kinds` must map kinds to lists of lists of words") from error


def _data() -> Mapping[str, Any]:
    loaded = yaml.safe_load(PATH.read_text(encoding="utf-8"))
    if not isinstance(loaded, Mapping) or not loaded.get("elliptical"):
        raise KnowledgeError(f"{PATH.name} must hold a list `elliptical`")
    return loaded


def examples() -> Told:
    """Sentences, and whether each leaves something out. Whole ones: the shortest wording of every sample entry, and
    what teaches `knowledge.asked_for`."""
    from knowledge import asked_for, samples
    from knowledge.entry import read_folder

    short = [min(entry.wordings, key=len) for entry in read_folder(samples.FOLDER)]
    whole = [*short, *(text for text, _ in asked_for.examples())]
    return [(str(text), True) for text in _data()["elliptical"]] + [(text, False) for text in whole]


@dataclass(frozen=True, slots=True)
class FollowUps:
    """The reader and the decision. Immutable."""

    reader: SentenceReader
    learned: Parameters

    @classmethod
    def load(cls, encoder: Encoder, folder: Path, learned: Parameters) -> Self:
        """Learned (some twenty seconds of one core) where the model's reader is not kept yet. Blocking."""
        key = key_of(encoder.name, PATH.read_bytes())
        places = (KEPT, folder / f"follow-up-{key}.npz")
        return cls(SentenceReader.load(encoder, examples, key=key, places=places), learned)

    def elliptical(self, vector: Vectors) -> float:
        """Log-odds that the question leaves out what it asks about."""
        return self.reader.odds(vector)

    def may_follow(self, elliptical: float) -> bool:
        """Whether it is worth searching a completed question too."""
        return elliptical >= self.learned.completed_from

    def decided(self, signs: Mapping[str, float], alone: SearchResult, completed: SearchResult) -> SearchResult:
        """What is taken of the two readings, `signs` as `features` gives them: the completed question where it is very
        likely what was meant, the question as it stands where it hardly is, between them a choice of both."""
        chance = self.learned.follow_up.probability(signs)
        if chance < self.learned.beside_from or completed.verdict == "unknown":
            return alone
        if chance < self.learned.joined_from:
            return _together(completed, alone, sure=False)
        return _together(completed, alone, sure=True)


def _together(completed: SearchResult, alone: SearchResult, *, sure: bool) -> SearchResult:
    """The completed question, with the best of the question as it stands to choose from beside its own: where the
    completed one is not `sure` to be meant, or finds only something to choose from itself."""
    if (sure and completed.verdict != "choose") or not alone.hits or alone.verdict == "unknown":
        return completed
    first, other = completed.hits[0], alone.hits[0]
    if other.id == first.id:
        return completed
    rest = tuple(hit for hit in completed.hits[1:] if hit.id != other.id)
    hits = (first, other, *rest)[: max(len(completed.hits), 2)]
    return replace(completed, hits=hits, verdict="choose")


def features(elliptical: float, alone: float, joined: float, rarest: float, *, same: bool) -> dict[str, float]:
    """Of the decision; the chances as log-odds. `rarest`: of the question's words; `same`: the completed question finds
    what was told already."""
    return {
        "elliptical": elliptical,
        "alone": _logit(alone),
        "joined": _logit(joined),
        "rarest": rarest,
        "same": float(same),
    }


def _logit(chance: float) -> float:
    kept = min(max(chance, 1e-4), 1 - 1e-4)
    return log(kept / (1 - kept))


def subject(wordings: Sequence[str], rarity: Rarity) -> list[str]:
    """What the wordings of one question speak of: the words that recur in them and are rare elsewhere, best first."""
    cut = [dict.fromkeys(word for word in jieba.cut(normalise(text)) if len(word) >= 2) for text in wordings]
    counts = Counter(word for words in cut for word in words)
    weights = {word: count / len(cut) * rarity(word) for word, count in counts.items() if count > 1 or len(cut) == 1}
    best = sorted(weights.items(), key=lambda pair: -pair[1])[:_MOST_SUBJECT_WORDS]
    return [word for word, weight in best if weight >= _BESIDE_THE_FIRST * best[0][1]]


def rarest(text: str, rarity: Rarity, unknown: float) -> float:
    """Rarity of the rarest word of a question; a word that stands nowhere counts `unknown`. 0: it holds no word."""
    words = (word for word in jieba.cut(normalise(text)) if len(word) >= 2)
    return max((rarity(word) or unknown for word in words), default=0.0)


def completions(text: str, context: Context, wordings: Sequence[str], rarity: Rarity) -> Iterator[str]:
    """The ways in which `text` may go on from the last answer, without repetitions.

    `wordings`: those of the answered entry; of something else than an entry its standard question and the citizen's.
    """
    words = normalise(text).strip()
    rest = _LEAD.sub("", words)
    named = kinds().find(rest)
    about = [word for word in subject(wordings, rarity) if not _another(word, named)]
    candidates = [f"{''.join(about[:count])}{rest}" for count in (1, len(about)) if about]
    if _only_names(rest):
        candidates += [kinds().exchanged(rest, former) for former in (context.asked, context.standard)]
    seen = {words, ""}
    for candidate in candidates:
        if candidate not in seen:
            seen.add(candidate)
            yield candidate


def names_another(text: str) -> bool:
    """Whether the question only names another case (那老人呢？ 要是丢了呢): it does not ask for what was told."""
    return bool(_ANOTHER_CASE.search(text)) and not _ASKS.search(text)


def _only_names(rest: str) -> bool:
    """Whether the question does nothing but name somebody or something else: 那老人呢."""
    for word in kinds().find(rest).values():
        rest = rest.replace(word, "", 1)
    return bool(_ONLY_NAMES.fullmatch(rest))


def _another(word: str, named: Mapping[str, str]) -> bool:
    """Whether a subject word is of a kind of which the question names another."""
    place = kinds().places.get(word)
    return place is not None and place[0] in named
