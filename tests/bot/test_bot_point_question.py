"""A question for a place to go to is known by its shape; what only mentions one is something else."""

from __future__ import annotations

import pytest

from bot.entities.point_question import coordinates, find
from knowledge.points.kinds import default

WORDS = default().words


@pytest.mark.parametrize(
    ("text", "kind", "place"),
    [
        ("最近的派出所在哪里", "派出所", ""),
        ("学院路街道最近的派出所在哪", "派出所", "学院路街道"),
        ("请问离北京西站最近的公厕在哪儿", "公共厕所", "北京西站"),
        ("我在海淀区中关村，附近有没有充电桩", "充电站", "海淀区中关村"),
        ("哪里有社区医院", "社区卫生服务中心", ""),
        ("海淀区政务服务中心地址", "政务服务中心", "海淀区"),
        ("派出所怎么走", "派出所", ""),
        ("我家在望京街道，最近的社区卫生服务中心", "社区卫生服务中心", "望京街道"),
        ("离我家最近的便民服务中心电话是多少", "便民服务中心", ""),
        ("望京有养老驿站吗", "养老服务驿站", "望京"),
    ],
)
def test_questions_for_a_place(text: str, kind: str, place: str) -> None:
    found = find(text, WORDS)
    assert found is not None and (found.kind, found.place) == (kind, place)


@pytest.mark.parametrize(
    "text",
    [
        "居住证去哪个派出所办",
        "派出所在哪里办身份证",
        "附近的公厕太脏了没人管",
        "最近派出所怎么不办公",
        "我家附近有个停车场半夜施工",
        "养老院有补贴吗",
        "医院停车场怎么收费",
        "去医院看病医保怎么报销",
        "",
    ],
)
def test_what_only_mentions_a_place(text: str) -> None:
    assert find(text, WORDS) is None


def test_a_point_by_its_name_by_its_sound_and_by_coordinates() -> None:
    named = find("学院路第一派出所在哪儿", WORDS, {"学院路第一派出所"})
    assert named is not None and named.name == "学院路第一派出所"
    heard = find("最近的社区微生服务中心在哪里", WORDS, spoken=True)
    assert heard is not None and heard.kind == "社区卫生服务中心"
    at = find("39.9971，116.3470最近的派出所", WORDS)
    assert at is not None and at.coordinates == (116.347, 39.9971) and at.place == ""
    assert coordinates("电话 010-12345") is None
