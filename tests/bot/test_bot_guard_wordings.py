"""The grammar of dangers: what is drawn, that it is checked, and that the guards learn more than its words from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from base.errors import ConfigurationError
from bot import guard_classifier, guard_wordings, guards


def test_the_same_seed_draws_the_same_sentences() -> None:
    assert guard_wordings.examples(per_pattern=3) == guard_wordings.examples(per_pattern=3)


def test_every_line_and_the_harmless_have_many_wordings() -> None:
    drawn = guard_wordings.examples(per_pattern=12)
    for line in ("110", "119", "120", "122", guard_wordings.NONE):
        assert len({text for text, label in drawn if label == line}) >= 50, line
    assert not [text for text, _ in drawn if any(mark in text for mark in "{}[]|")]


def test_an_unknown_word_is_named(tmp_path: Path) -> None:
    path = tmp_path / "wordings.yml"
    path.write_text("words: {a: [b]}\nemergency: {'119': ['{nobody}着火了']}\nharmless: ['{a}']\n", "utf-8")
    with pytest.raises(ConfigurationError, match="nobody"):
        guard_wordings.Grammar.load(path)


def test_the_classifier_learns_from_the_grammar() -> None:
    grammar = guard_wordings.Grammar.load()
    unseen = guard_wordings.examples(grammar, per_pattern=4, seed=7)
    known = {text for text, _ in guard_classifier.Data.load().emergency}
    fresh = [(text, label) for text, label in unseen if text not in known]
    scores = guard_classifier.default().danger([text for text, _ in fresh])
    missed = [text for (text, label), (score, _) in zip(fresh, scores, strict=True) if label != "none" and score < 0.5]
    false = [text for (text, label), (score, _) in zip(fresh, scores, strict=True) if label == "none" and score >= 0.84]
    assert len(missed) <= 0.03 * len(fresh), missed
    assert len(false) <= 0.01 * len(fresh), false


@pytest.mark.parametrize(
    "text",
    [
        "厨房油锅蹿火苗了我够不着",
        "老爷子捂着胸口坐那儿了嘴唇发青",
        "有人要条楼就在我们楼顶上",
        "一股臭鸡蛋味儿越来越冲头都晕",
    ],
)
def test_danger_in_wordings_of_no_list(text: str) -> None:
    assert guards.check(text).emergency


@pytest.mark.parametrize(
    "text",
    ["小区垃圾没有人清运了", "楼道没有人轻云了都是垃圾", "消房验收怎么办", "漫步机的扶手断了一根", "煤气报警器去哪买"],
)
def test_near_misses_raise_no_alarm(text: str) -> None:
    assert not guards.check(text).emergency
