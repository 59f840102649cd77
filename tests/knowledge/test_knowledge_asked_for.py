"""A question for a passing fact is told from one for a rule, whatever their words share."""

from __future__ import annotations

from pathlib import Path

import pytest
from knowledge_helpers import MODEL
from needs import require

from knowledge.answering import features_of
from knowledge.asked_for import KEPT, AskedFor
from knowledge.embedding import Encoder
from knowledge.search import Query, Ranked

PASSING = (
    "大兴区残联办公地点在哪个胡同",
    "暖气费现在一平方米几块",
    "我递上去的拆迁补偿申请走到哪一关了",
    "下个月的自行车摇号哪天出名单",
    "城北派出所礼拜天有人值班没有",
)
LASTING = (
    "不捡狗屎会罚几百块",
    "公司裁员要提前几天告诉我",
    "半夜施工到几点必须停",
    "房东押着押金不退向哪个部门反映",
    "孩子多大才能一个人骑电动车",
)


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    require((MODEL / "modules.json").is_file(), "no embedding model: run `make setup`")
    return Encoder(MODEL)


def test_new_questions_are_told_apart_by_what_they_ask_for(encoder: Encoder, tmp_path: Path) -> None:
    reader = AskedFor.load(encoder, tmp_path)
    passing = [reader.lasting(vector) for vector in encoder.queries(PASSING)]
    lasting = [reader.lasting(vector) for vector in encoder.queries(LASTING)]
    assert max(passing) < 0 < min(lasting)
    assert not list(tmp_path.iterdir()), f"{KEPT.name} is out of step with its data: python -m knowledge.asked_for"


def test_the_right_kind_of_question_alone_is_no_sign_of_an_answer() -> None:
    ranked = [Ranked(0, 1.0, {"cosine": 0.8})]
    assert features_of(ranked, Query.of("问题", lasting=3.0))(0)["lasting"] == 0.0
    assert features_of(ranked, Query.of("问题", lasting=-3.0))(0)["lasting"] == -3.0
