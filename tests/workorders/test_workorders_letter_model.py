"""A model of labelled letters: what is written and what is meant, and folds that keep near-duplicates together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from workorders.letter_folds import folds, groups
from workorders.letter_model import Floats, Letter, LetterModel

# Each subject in two vocabularies without a common character: only who knows the meaning can pass from one to another.
SUBJECTS = {"交通运输": ("出租车绕路", "网约司机乱要价"), "教育文体": ("补课费太高", "学校强制培训")}
NOISE = ("请领导关注", "希望尽快处理", "谢谢", "反映多次无人管")


def _meaning(texts: Sequence[str]) -> Floats:
    """A unit vector a text: one axis a subject, all near a common direction as those of real models are."""
    axes = np.full((len(texts), 3), 0.02, dtype=np.float32)
    axes[:, 2] = 1.0
    for row, text in enumerate(texts):
        for axis, wordings in enumerate(SUBJECTS.values()):
            axes[row, axis] += 0.3 * sum(wording in text for wording in wordings)
    return np.asarray(axes / np.linalg.norm(axes, axis=1, keepdims=True), dtype=np.float32)


def _letters(vocabulary: int) -> tuple[list[Letter], list[str]]:
    pairs = [(label, wordings[vocabulary], noise) for label, wordings in SUBJECTS.items() for noise in NOISE]
    return [Letter(f"关于{words}", f"{noise}，{words}") for _, words, noise in pairs], [label for label, _, _ in pairs]


def test_what_was_written_is_recognised_without_an_embedding_model() -> None:
    letters, labels = _letters(0)
    model = LetterModel(None).fit(letters, labels)
    assert model.classes == ("交通运输", "教育文体")
    asked = [Letter("", "出租车绕路怎么办"), Letter("投诉", "补课费太高，请领导关注")]
    assert model.answers(asked) == ["交通运输", "教育文体"]


def test_other_words_of_the_same_meaning_are_recognised_by_the_vectors_alone() -> None:
    letters, labels = _letters(0)
    asked, expected = _letters(1)
    assert LetterModel(_meaning).fit(letters, labels).answers(asked) == expected
    assert LetterModel(None).fit(letters, labels).answers(asked) != expected


def test_a_letter_alone_is_answered_as_among_others() -> None:
    letters, labels = _letters(0)
    model = LetterModel(_meaning).fit(letters, labels)
    asked, _ = _letters(1)
    assert [model.answers([letter])[0] for letter in asked] == model.answers(asked)


class _SureReader:
    """Learned nothing, and is sure of one class."""

    def __init__(self, sure_of: int) -> None:
        self._sure_of = sure_of
        self.learned: tuple[Sequence[Letter], Sequence[str]] | None = None

    def fit(self, letters: Sequence[Letter], labels: Sequence[str]) -> None:
        self.learned = letters, labels

    def log_probabilities(self, letters: Sequence[Letter]) -> Floats:
        return np.tile(np.log(np.where(np.arange(2) == self._sure_of, 0.9, 0.1)), (len(letters), 1)).astype(np.float32)


def test_a_second_reader_decides_where_likeness_does_not() -> None:
    letters, labels = _letters(0)
    undecided, clear = Letter("", "请领导关注"), Letter("", "出租车绕路，出租车绕路")
    answers = []
    for sure_of in (0, 1):
        reader = _SureReader(sure_of)
        model = LetterModel(None, tuned=reader).fit(letters, labels)
        assert reader.learned == (letters, labels)
        answers.append(model.answers([undecided, clear]))
    assert answers == [["交通运输", "交通运输"], ["教育文体", "交通运输"]]


def test_the_parts_of_a_letter() -> None:
    letter = Letter("题目", "正" * 210)
    assert letter.written == "题目。题目。" + "正" * 210
    assert letter.heading == "题目" and letter.windows == ["题目。" + "正" * 197]  # a rest of 13 is left out
    bare = Letter("", "字" * 1_000)
    assert bare.heading == "字" * 30 and [len(piece) for piece in bare.windows] == [200, 200, 200]
    assert Letter("题目", "").windows == ["题目。"] and Letter("", "").windows == [""]


def test_a_model_that_was_not_trained() -> None:
    with pytest.raises(RuntimeError, match="fit"):
        LetterModel(None).answers([Letter("", "停水")])


STORIES = (
    "小区门口的路灯坏了三个月没有人修",
    "孩子的学校强制收取补课费还不开发票",
    "出租车司机不打表绕路多收了二十元",
    "工地夜里十二点还在施工吵得睡不着",
    "医院挂号排队两个小时医生五分钟看完",
    "老板拖欠工资半年打电话也不接",
)


def test_near_duplicates_are_in_one_group_and_so_in_one_fold() -> None:
    texts = [text for story in STORIES for text in (story, f"{story}，请尽快处理")]
    numbers = groups(texts)
    assert all(numbers[index] == numbers[index + 1] for index in range(0, len(texts), 2))
    assert len(set(numbers)) == len(STORIES)
    held_out = folds(texts, ["one"] * len(texts), count=3)
    assert sorted(position for part in held_out for position in part) == list(range(len(texts)))
    for part in held_out:
        assert {position ^ 1 for position in part.tolist()} == set(part.tolist())


def test_every_stratum_is_spread() -> None:
    strata = ["often"] * 4 + ["seldom"] * 2
    for part in folds(STORIES, strata, count=2):
        assert sorted(strata[position] for position in part) == ["often", "often", "seldom"]
