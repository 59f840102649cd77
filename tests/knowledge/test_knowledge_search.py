from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from knowledge import parameters
from knowledge.answering import excerpt, verdict
from knowledge.corpus import Corpus
from knowledge.errors import KnowledgeError
from knowledge.model import Hit
from knowledge.search import Query, SearchIndex, Weights
from knowledge.snapshot import clause_corpus, is_formal
from knowledge.stretching import stretch
from knowledge.vocabulary import Vocabulary


def hit(probability: float, *, sample: bool = False) -> Hit:
    return Hit("x", "entry", "问", "答", "答", 1.0, probability, (), sample, known=probability)


def test_the_verdict_follows_the_chance_and_a_sample_is_never_sure() -> None:
    learned = parameters.load()
    assert verdict([hit(1.0)], learned) == "answer"
    assert verdict([hit(1.0, sample=True)], learned) == "choose"
    assert verdict([hit((learned.answer_at + learned.choose_at) / 2)], learned) == "choose"
    assert verdict([hit(0.0)], learned) == "unknown"
    assert verdict([], learned) == "unknown"


def test_an_entry_far_before_its_rivals_is_not_said_where_nothing_here_answers() -> None:
    learned = parameters.load()
    likely = replace(hit(0.9), known=learned.choose_entry_at - 0.01)
    assert verdict([likely], learned) == "unknown"
    assert verdict([replace(likely, known=learned.choose_entry_at)], learned) == "answer"


def test_every_learned_sign_of_nearness_speaks_for_an_answer() -> None:
    learned = parameters.load()
    for chance in (learned.entry, learned.entries, learned.clause):
        assert all(weight > 0 for weight in chance.coefficients.values())
    assert "margin" not in learned.entries.coefficients


def test_stretching_runs_from_the_last_candidate_to_the_best() -> None:
    scores = np.arange(300, dtype=np.float32)
    stretched = stretch(scores)
    assert stretched.max() == 1.0
    assert stretched[199] == pytest.approx(0.0)
    assert stretched.min() == -0.5
    assert stretch(np.full(5, 3.0, dtype=np.float32)).tolist() == [0.0] * 5
    assert stretch(np.zeros(0, dtype=np.float32)).tolist() == []


def test_vectors_decide_where_they_are_and_words_where_they_are_not() -> None:
    corpus = Corpus.of_texts("questions", ["a", "b", "c"], ["甲乙", "丙丁", "戊己"])
    vectors = np.eye(3, dtype=np.float32)
    index = SearchIndex(corpus, vectors)
    query = Query.of("丙丁", vector=vectors[2])
    assert index.rank(query, Weights(1.0, 0.3))[0].item == 2
    assert index.rank(query, Weights(0.1, 1.0))[0].item == 1
    assert index.rank(Query.of("丙丁"), Weights(1.0, 0.3))[0].item == 1


def test_a_shortlist_is_reordered_and_never_left() -> None:
    texts = ["养犬应当登记", "养犬不得扰民", "供热温度"]
    corpus = clause_corpus(["a", "b", "c"], ["第二条"] * 3, texts, [0, 0, 1], ["养犬规定", "供热办法"], [True, False])
    vectors = np.eye(3, dtype=np.float32)
    index = SearchIndex(corpus, vectors)
    towards_heating = Query.of("养犬", vector=vectors[2] * 0.9 + vectors[1] * 0.1)
    ranked = index.rank(towards_heating, Weights(4.0, 1.0, shortlist=2))
    assert [corpus.ids[one.item] for one in ranked][:2] == ["b", "a"]


def test_the_citys_own_rule_goes_before_the_national_one_when_near() -> None:
    texts = ["携犬出户应当束犬链", "携犬出户应当束犬链"]
    corpus = clause_corpus(["n", "l"], ["第二条"] * 2, texts, [0, 1], ["养犬规定", "养犬规定"], [False, True])
    assert SearchIndex(corpus).rank(Query.of("束犬链"), Weights(0.0, 1.0, preferred=0.2))[0].item == 1


@pytest.mark.parametrize(
    ("article", "text", "formal"),
    [
        ("第一条", "为了加强管理，制定本条例。", True),
        ("第六十条", "本条例自2021年9月24日起施行。", True),
        ("第二条", "为了公共利益可以征收。", False),
        ("第五条", "养犬人应当办理登记。", False),
    ],
)
def test_purpose_and_commencement_are_known(article: str, text: str, formal: bool) -> None:
    assert is_formal(article, text) is formal


def test_citizens_words_are_put_into_the_words_of_rules() -> None:
    words = Vocabulary.load().expand("邻居家的狗没拴狗绳").split("\n")
    assert {"犬", "犬链"} <= set(words)
    assert Vocabulary.load().expand("火星") == ""


def test_a_long_clause_is_quoted_in_whole_sentences_around_the_question() -> None:
    filler = "市人民政府有关部门按照各自职责做好相关工作，并接受社会监督。" * 5
    text = f"养犬人应当遵守下列规定：\n{filler}\n（三）携犬出户时，应当对犬束犬链，由成年人牵领；\n{filler}"
    quoted = excerpt(text, Query.of("遛狗要不要束犬链"), 90)
    assert "应当对犬束犬链，由成年人牵领；" in quoted
    assert quoted.startswith("养犬人应当遵守下列规定：")
    assert "……" in quoted
    assert len(quoted) <= 100
    assert excerpt("短。", Query.of("x"), 90) == "短。"


def test_parameters_with_a_missing_or_unknown_number_are_refused() -> None:
    with pytest.raises(KnowledgeError):
        parameters.parse({"weights": {"entries": {"typed": {"vectr": 1.0}}}})
    with pytest.raises(KnowledgeError):
        parameters.parse({"weights": {}})
