from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from knowledge.confusion import Confusions, align
from knowledge.correction import Corrector
from knowledge.errors import KnowledgeError

TEXTS = ["居住证怎么办理", "住房公积金怎么提取", "冬天什么时候供暖", "物业费可以不交吗", "燃气泄漏怎么办"]


@pytest.fixture(scope="module")
def corrector() -> Corrector:
    return Corrector(TEXTS, Confusions.load())


@pytest.mark.parametrize(
    ("heard", "meant"),
    [
        ("具住正怎么办里", "居住证怎么办理"),
        ("住房公鸡金怎么提取", "住房公积金怎么提取"),
        ("然起泄漏怎么办", "燃气泄漏怎么办"),
    ],
)
def test_homophones_become_the_words_of_the_knowledge_base(corrector: Corrector, heard: str, meant: str) -> None:
    assert corrector.correct(heard) == meant


@pytest.mark.parametrize(
    "text", [*TEXTS, "今天天气真好我们去公园散步", "昨天的足球比赛谁赢了", "hello 12345", "", "，。"]
)
def test_what_was_right_or_is_foreign_stays(corrector: Corrector, text: str) -> None:
    assert corrector.correct(text) == text


def test_an_overlong_run_is_left_alone(corrector: Corrector) -> None:
    text = "具住正" * 60
    assert corrector.correct(text) == text


def test_an_empty_knowledge_base_corrects_nothing() -> None:
    assert Corrector([], Confusions.load()).correct("具住正") == "具住正"


def test_alignment_drops_what_was_left_out() -> None:
    assert align(["ju", "zhu", "zheng"], ["ju", "zheng"]) == [("ju", "ju"), ("zheng", "zheng")]


def test_learned_confusions_survive_the_file(tmp_path: Path) -> None:
    learned = Confusions.learn([("居住证", "居住镇"), ("公积金", "公鸡金"), ("农民", "龙民")] * 5)
    path = tmp_path / "c.yml"
    path.write_text(learned.dump("Learned from three pairs,\nfive times."), encoding="utf-8")
    read = Confusions.load(path)
    assert read.ratio("nong", "long") == learned.ratio("nong", "long") > 0
    assert read.ratio("nong", "pa") < 0
    path.write_text(yaml.safe_dump({"initials": 3}), encoding="utf-8")
    with pytest.raises(KnowledgeError):
        Confusions.load(path)
