"""The reader of danger on a handful of sentences, with vectors that only count characters."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from bot import danger as danger_module
from bot.danger import MeaningReader, joined
from bot.guard_classifier import NONE, Data

DANGER = [
    "楼道里着火了快来",
    "厨房着火了烟很大",
    "阳台着火了没人管",
    "老人晕倒了没反应",
    "孩子晕倒了叫不醒",
    "有人拿刀砍人",
]
CALM = ["消防验收怎么办理", "楼道里堆着杂物", "厨房油烟太大", "老人优待证怎么办", "孩子上学怎么报名"]
EXAMPLES = (
    *((text, "119" if "火" in text else "120" if "晕" in text else "110") for text in DANGER),
    *((text, NONE) for text in CALM),
)


class CountingEncoder:
    name = "counting"
    available = True

    def __init__(self) -> None:
        self.encoded = 0

    def layers(self, texts: Sequence[str]) -> Any:
        self.encoded += len(texts)
        return np.array([[sum(ord(c) % 16 == place for c in text) for place in range(16)] for text in texts], float)


@pytest.fixture
def data() -> Data:
    return Data(EXAMPLES, ())


def test_danger_stands_on_one_side_and_calm_on_the_other(tmp_path: Path, data: Data) -> None:
    reader = MeaningReader.load(CountingEncoder(), tmp_path, data)
    dangers = [reader.read(text).score or 0.0 for text in DANGER]
    calm = [reader.read(text).score or 0.0 for text in CALM]
    assert min(dangers) > 0 > max(calm)
    assert max(reader.read("仓库着火了").lines.items(), key=lambda item: item[1])[0] == "119"


def test_what_was_learnt_is_kept_and_read_again(tmp_path: Path, data: Data) -> None:
    first = MeaningReader.load(CountingEncoder(), tmp_path, data)
    encoder = CountingEncoder()
    second = MeaningReader.load(encoder, tmp_path, data)
    assert encoder.encoded == 0
    for text in ("车库着火了", "垃圾清运几点"):
        assert second.read(text).score == pytest.approx(first.read(text).score, abs=1e-6)


def test_other_sentences_are_learnt_anew(tmp_path: Path, data: Data) -> None:
    MeaningReader.load(CountingEncoder(), tmp_path, data)
    encoder = CountingEncoder()
    MeaningReader.load(encoder, tmp_path, Data((*EXAMPLES, ("路灯坏了", NONE)), ()))
    assert encoder.encoded == len(EXAMPLES) + 1


def test_words_count_where_the_vectors_are_the_same(tmp_path: Path, data: Data) -> None:
    class Blind(CountingEncoder):
        def layers(self, texts: Sequence[str]) -> Any:
            return np.ones((len(texts), 4))

    reader = MeaningReader.load(Blind(), tmp_path, data)
    assert (reader.read("门口着火了").score or 0.0) > (reader.read("门口堆着杂物").score or 0.0)


@pytest.mark.parametrize("meaning", [None, -1.0, 0.0, 1.0])
def test_each_reader_only_adds_to_the_alarm(meaning: float | None) -> None:
    calm = joined(whole=0.1, part=0.1, meaning=meaning, understood=0.1, by_rule=False)
    for alarmed in (
        joined(whole=0.9, part=0.9, meaning=meaning, understood=0.1, by_rule=False),
        joined(whole=0.1, part=0.9, meaning=meaning, understood=0.1, by_rule=False),
        joined(whole=0.1, part=0.1, meaning=meaning, understood=0.9, by_rule=False),
        joined(whole=0.1, part=0.1, meaning=meaning, understood=0.1, by_rule=True),
        joined(whole=0.1, part=0.1, meaning=2.0, understood=0.1, by_rule=False),
    ):
        assert calm < alarmed < 1


def test_no_readers_are_ever_quite_sure() -> None:
    assert joined(whole=0.0, part=0.0, meaning=-3.0, understood=0.0, by_rule=False) > 0
    assert joined(whole=1.0, part=1.0, meaning=3.0, understood=1.0, by_rule=True) < 1


def test_the_border_through_some_is_the_border_through_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts that lie in two clouds, some on the wrong side: whom the first border was drawn through does not matter."""
    random = np.random.default_rng(7)
    dangers = random.random(400) < 0.4
    vectors = random.normal(size=(400, 12)) + np.where(dangers, 0.6, -0.6)[:, None]
    words = csr_matrix(np.abs(vectors))
    lines = np.where(vectors[:, 0] > 0, "119", "120")
    labels = np.where(dangers, lines, NONE).tolist()
    whole = danger_module._Learnt.learn(vectors, words, labels)
    monkeypatch.setattr(danger_module, "_FIRST_ROWS", 40)
    drawn = danger_module._Learnt.learn(vectors, words, labels)
    assert len(whole.support) > 40
    scores = np.array([[learnt.score(*row) for row in zip(vectors, words, strict=True)] for learnt in (whole, drawn)])
    assert np.abs(scores[0] - scores[1]).max() < 0.02
