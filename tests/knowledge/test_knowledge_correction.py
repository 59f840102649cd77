from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from base.alternatives import Alternative
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


def test_among_alternatives_the_one_that_reads_as_words_of_the_knowledge_base_is_taken(corrector: Corrector) -> None:
    heard, likely = "居住正怎么半", Alternative("居住正怎么办里", -0.2)
    assert corrector.likeliest(heard, [likely]) == "居住证怎么办理"
    assert corrector.likeliest(heard, [Alternative(likely.text, -60.0)]) == corrector.correct(heard)
    assert corrector.likeliest(heard, []) == corrector.correct(heard)


def test_an_alternative_that_cannot_be_weighed_is_not_taken(corrector: Corrector) -> None:
    long = "居住证怎么办理" * 10
    assert corrector.likeliest("居住正怎么半", [Alternative(long, 0.0)]) == corrector.correct("居住正怎么半")
    assert corrector.likeliest("居住正怎么半", [Alternative("。", 60.0)]) == corrector.correct("居住正怎么半")
    assert corrector.likeliest(long, [Alternative("居住证怎么办理", 0.0)]) == long


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
