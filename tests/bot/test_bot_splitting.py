"""Several matters in one breath, and the end of a long story."""

from __future__ import annotations

import pytest

from bot import splitting


@pytest.mark.parametrize("lead", ["我这儿两个事儿啊,", "我说俩事儿，", "有两件事要反映，", "我两个问题："])
def test_what_announces_several_matters_is_none_of_them(lead: str) -> None:
    pieces = splitting.split(f"{lead}一个是楼门口的垃圾桶没人倒,再一个是养老金怎么认证")
    assert [piece.text for piece in pieces] == ["楼门口的垃圾桶没人倒", "养老金怎么认证"]


def test_the_end_of_a_story_says_something_by_itself() -> None:
    story = (
        "喂,同志我跟您说,我住那个房子是六几年盖的,那会儿还是厂子分的呢,不像现在,一层楼四户人家,"
        "哎,我说到哪儿了,对,那个下水道,堵了,厕所用不了"
    )
    end = splitting.end_of(story)
    assert story.endswith(end) and "那个下水道,堵了" in end and "六几年" not in end
    assert splitting.end_of("路灯坏了") == "路灯坏了"
    assert splitting.end_of("") == ""


def test_two_people_are_not_two_matters() -> None:
    assert not splitting.announced("我俩事先说好的，他现在不认了")
    assert splitting.announced("我两件事，先说头一件")


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("咨询+反映:1 残疾证怎么办 2 我们楼道灯坏了一个月", ["残疾证怎么办", "我们楼道灯坏了一个月"]),
        ("1 楼道灯坏了一个月 2 门口烧烤摊占道 3 路灯不亮", ["楼道灯坏了一个月", "门口烧烤摊占道", "路灯不亮"]),
        ("说两档子事儿啊,头一档,公厕地上净是水;二一档,修车的把便道占了", ["公厕地上净是水", "修车的把便道占了"]),
        ("两档子事儿啊。头一档,桥栏杆撞折了;二一档,垃圾桶满了", ["桥栏杆撞折了", "垃圾桶满了"]),
        ("两个问题 1门口单车堆成山 2幼儿园6点半就开喇叭", ["门口单车堆成山", "幼儿园6点半就开喇叭"]),
        ("我攒了两样事儿一块儿跟您说。一样是卫生室锁着门;再一样是路灯黑了", ["卫生室锁着门", "路灯黑了"]),
        ("去玩了一天 两个事 一个要夸 辅警大哥真好 一个要骂 厕所锁着", ["夸 辅警大哥真好", "骂 厕所锁着"]),
        ("一件夸人的一件告状的。夸:公交司机扶人过马路。告:水果摊缺斤短两", ["公交司机扶人过马路", "水果摊缺斤短两"]),
        ("先表扬:居委会的小刘。再反映:路口没有红绿灯", ["居委会的小刘", "路口没有红绿灯"]),
    ],
)
def test_what_is_enumerated_in_other_ways(text: str, pieces: list[str]) -> None:
    found = splitting.split(text)
    assert [piece.text for piece in found] == pieces
    assert all(piece.sure for piece in found)


@pytest.mark.parametrize(
    "text",
    [
        "小区5号楼 3 单元 2 层漏水",
        "找了物业 2 次 3 个月都没管",
        "反映两件事,1号楼漏水,3单元没灯",
        "先说说你们,投诉一下物业",
    ],
)
def test_numbers_of_things_and_a_mere_first_enumerate_nothing(text: str) -> None:
    assert [piece.text for piece in splitting.split(text)] == [text]


def test_a_question_behind_a_matter_is_a_piece_of_its_own() -> None:
    """Else the whole is taken for the question, and the matter is lost."""
    said = "我们村公厕没人扫，臭得进不去人。完了我再问一句，异地就医备案怎么办"
    assert [piece.text for piece in splitting.split(said)] == ["我们村公厕没人扫，臭得进不去人", "异地就医备案怎么办"]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("反映两个问题，小区有3台电梯坏了，2台停运", 1),
        ("两个事，3条狗乱叫，物业不管", 1),
        ("反映两件事，1小时没来车，司机还骂人", 1),
        ("有两个问题 1.门口堵车 2路灯不亮", 2),
        ("我孩子转学的事，我再问一下要带什么材料", 1),
        ("我家漏水，找物业，我再问一个人，说是归房管所", 1),
    ],
)
def test_counts_and_second_questions_are_no_matters(text: str, pieces: int) -> None:
    assert len(splitting.split(text)) == pieces


def test_the_word_that_names_the_kind_stays() -> None:
    said = "路灯坏了半年没人修，最后我还想表扬一下社区小王，人特别好"
    assert [piece.text for piece in splitting.split(said)] == ["路灯坏了半年没人修", "表扬一下社区小王，人特别好"]


def test_what_is_not_solved_is_not_announced() -> None:
    assert splitting.split("几件事情都没解决，另外路灯也坏了")[0].text == "几件事情都没解决"


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        (
            "两样啊，先夸个人，再提点意见。夸的是门诊那护士，扶我上的楼；意见呢，是厕所里没有扶手",
            ["夸的是门诊那护士，扶我上的楼", "意见呢，是厕所里没有扶手"],
        ),
        ("先说好听的，咱们网格员真热心。再说不好听的，楼门口那灯黑了俩月", ["咱们网格员真热心", "楼门口那灯黑了俩月"]),
        ("先夸后说啊，夸的是公交司机，等我上车，说的呢，是站牌倒了", ["夸的是公交司机，等我上车", "站牌倒了"]),
        ("表扬的是居委会李姐，投诉的是物业，电梯坏了一星期", ["表扬的是居委会李姐", "投诉的是物业，电梯坏了一星期"]),
    ],
)
def test_praise_and_the_rest_of_it(text: str, pieces: list[str]) -> None:
    assert [piece.text for piece in splitting.split(text)] == pieces


@pytest.mark.parametrize(
    "text",
    [
        "我要投诉的是骑手，他逆行，反映过两回没人管",
        "先谢谢你们，上次的路灯修好了。再反映个事儿，灯杆又歪了",
        "我想夸夸保洁，天天扫得干净，说的话也好听",
        "表扬的是护士小李，说是刚毕业的，对老人特有耐心",
        "夸的是公交司机，下雨天等我上车，然后说，阿姨您慢点别着急",
        "我家电梯坏了一个月没人修，先说好听的，物业小李挺热心，再说不好听的，保安态度差",
    ],
)
def test_one_side_alone_is_one_matter(text: str) -> None:
    assert len(splitting.split(text)) == 1


def test_how_it_is_told_is_no_matter_before_the_first() -> None:
    pieces = splitting.split("我一块儿说了啊，省得打两回。头一个，楼下遛狗不拴绳；第二个，站牌让风刮倒了")
    assert [piece.text for piece in pieces] == ["楼下遛狗不拴绳", "站牌让风刮倒了"]


@pytest.mark.parametrize(
    ("text", "matters"),
    [
        (
            "hello你好，我这边有两个issue要报哈，第一个是共享单车把人行道堵死了，第二个是公司楼后头路灯全灭",
            ["共享单车把人行道堵死了", "公司楼后头路灯全灭"],
        ),
        (
            "郊野公园的两个问题一起说了吧。一是北门的厕所停水半个月；二是路边烧过的一个旧沙发没人清",
            ["北门的厕所停水半个月", "路边烧过的一个旧沙发没人清"],
        ),
        (
            "我有三个事儿，第一个，过街的提示音半夜也响；第二个，公厕晚上八点就锁门；第三个……第三个算了，那个是家务事",
            ["过街的提示音半夜也响", "公厕晚上八点就锁门"],
        ),
    ],
)
def test_only_what_is_told_is_a_matter(text: str, matters: list[str]) -> None:
    assert [piece.text for piece in splitting.split(text)] == matters


@pytest.mark.parametrize(
    ("text", "second"),
    [
        (
            "我先打听一句，低保的供暖费上哪儿领去；打听完了我还得说说楼道里那灯，黑了一个多月",
            "楼道里那灯，黑了一个多月",
        ),
        ("除夕地铁几点收？问完了我还得投诉一个，楼下那歌厅唱到后半夜", "楼下那歌厅唱到后半夜"),
        ("我先表扬一个，民警帮我把车找回来了。完了我还得说个事儿，楼下健身器材断了", "楼下健身器材断了"),
    ],
)
def test_what_comes_after_the_first(text: str, second: str) -> None:
    assert [piece.text for piece in splitting.split(text)][1:] == [second]


def test_a_talk_that_was_finished_is_no_second_matter() -> None:
    assert len(splitting.split("我把事说完了还得跟他说说好话")) == 1


@pytest.mark.parametrize(
    ("text", "matters"),
    [
        ("1隔壁院改成仓库 半夜装货 2门口站牌歪了半年没人扶", ["隔壁院改成仓库 半夜装货", "门口站牌歪了半年没人扶"]),
        (
            "两档子事儿啊,一个单位的一个家的。单位在东城,早点摊占了盲道;家里在丰台,地库漏水",
            ["单位在东城,早点摊占了盲道", "家里在丰台,地库漏水"],
        ),
        (
            "我先说头一样,菜市场缺斤短两;第二样,旁边公厕水龙头长流没人修",
            ["菜市场缺斤短两", "旁边公厕水龙头长流没人修"],
        ),
        ("我有两个问题。路灯不亮一个月了。井盖也没了", ["路灯不亮一个月了", "井盖也没了"]),
        ("两件事。第一 消防通道天天被车堵死 第二 小区里滑梯螺丝掉了", ["消防通道天天被车堵死", "小区里滑梯螺丝掉了"]),
        (
            "我们村俩事儿,你给一块儿记记,头一个,村口候车亭座椅坏了;二一个,大沟里有人倒垃圾",
            ["村口候车亭座椅坏了", "大沟里有人倒垃圾"],
        ),
        (
            "麻烦您两件事儿,头一个是想问问老人能不能免费体检,第二个是我得反映一下,楼底下歌厅太吵",
            ["想问问老人能不能免费体检", "我得反映一下,楼底下歌厅太吵"],
        ),
        (
            "三个事儿啊。头一个,垃圾桶满了没人收;第二个,棋牌室半夜吵;第三个楼道灯……哎,楼道灯昨儿修上了,那就不说了",
            ["垃圾桶满了没人收", "棋牌室半夜吵"],
        ),
    ],
)
def test_as_many_as_are_announced(text: str, matters: list[str]) -> None:
    assert [(piece.text, piece.sure) for piece in splitting.split(text)] == [(matter, True) for matter in matters]


@pytest.mark.parametrize(
    "text",
    [
        "1号楼漏水，2号楼也漏",
        "两个问题。路灯不亮。井盖没了。谁都不管，我很生气",
        "有人放哨,一来生车就打电话。再来人就跑",
    ],
)
def test_stops_that_do_not_fit_part_nothing(text: str) -> None:
    assert [piece.text for piece in splitting.split(text)] == [text]
