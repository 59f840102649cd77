"""District, street and address as people write and say them."""

from __future__ import annotations

import pytest

from bot.entities.gazetteer import Gazetteer
from bot.entities.place import PlaceMatcher


@pytest.fixture(scope="module")
def matcher() -> PlaceMatcher:
    return PlaceMatcher.load()


@pytest.mark.parametrize(
    ("said", "district", "street", "address"),
    [
        ("朝阳区望京街道阜通东大街", "朝阳区", "望京街道", "阜通东大街"),
        ("朝阳劲松这边，农光里小区", "朝阳区", "劲松街道", "农光里小区"),
        ("海淀区清河毛纺路小区12号楼", "海淀区", "清河街道", "毛纺路小区12号楼"),
        ("住在丰台马家堡街道，角门东里三号楼", "丰台区", "马家堡街道", "角门东里三号楼"),
        ("大兴区黄村镇", "大兴区", "黄村地区", ""),
        ("石景山鲁谷", "石景山区", "鲁谷街道", ""),
        ("西城区西单", "西城区", "", "西单"),
        ("丰台区", "丰台区", "", ""),
        ("海淀街道", "海淀区", "海淀街道", ""),
        ("我住广外红莲南里五号楼", "西城区", "广安门外街道", "红莲南里五号楼"),
        ("昌平天通苑北", "昌平区", "天通苑北街道", ""),
        ("朝阳门那边", "东城区", "朝阳门街道", ""),
        ("房山区新镇", "房山区", "新镇街道", ""),
        ("密云区密云镇", "密云区", "密云镇", ""),
    ],
)
def test_finds(matcher: PlaceMatcher, said: str, district: str, street: str, address: str) -> None:
    finding = matcher.find(said, asked=True)
    assert (finding.district, finding.street, finding.address) == (district, street, address)


@pytest.mark.parametrize(
    ("typed", "street"),
    [
        ("大兴西洪门镇", "西红门地区"),
        ("通洲区梨圆镇", "梨园镇"),
        ("海淀区紫竹苑街道", "紫竹院街道"),
        ("海淀区杨坊店", "羊坊店街道"),
        ("丰台东铁匠赢街道", "东铁匠营街道"),
        ("呼家搂街道", "呼家楼街道"),
    ],
)
def test_wrong_characters_of_the_same_sound(matcher: PlaceMatcher, typed: str, street: str) -> None:
    assert matcher.find(typed).street == street


def test_a_name_in_two_districts_is_asked_about(matcher: PlaceMatcher) -> None:
    finding = matcher.find("八里庄那个菜市场")
    assert finding.street == ""
    assert {candidate.district for candidate in finding.candidates} == {"朝阳区", "海淀区"}


def test_a_district_settles_it(matcher: PlaceMatcher) -> None:
    assert matcher.find("是海淀的那个八里庄").street == "八里庄街道"
    assert matcher.find("八里庄那个菜市场", district="海淀区").district == "海淀区"


def test_a_correction_names_the_new_place(matcher: PlaceMatcher) -> None:
    finding = matcher.find("不是瀛海，我弄错了，是旧宫镇", district="大兴区")
    assert (finding.district, finding.street) == ("大兴区", "旧宫地区")


@pytest.mark.parametrize(
    "said",
    ["我们新村里的路坏了", "东风吹倒了广告牌", "胜利就在前面", "温泉门票退不了", "没别的了", "不清楚", "平房漏雨"],
)
def test_ordinary_words_are_no_streets(matcher: PlaceMatcher, said: str) -> None:
    finding = matcher.find(said)
    assert (finding.district, finding.street) == ("", "")


def test_a_short_name_of_another_district_does_not_override(matcher: PlaceMatcher) -> None:
    finding = matcher.find("朝阳北苑")
    assert (finding.district, finding.street) == ("朝阳区", "")


@pytest.mark.parametrize(
    ("heard", "street"),
    [
        ("我家在陶燃亭街道", "陶然亭街道"),
        ("朝阳区南摩房地区", "南磨房地区"),
        ("在什刹海界道", "什刹海街道"),
        ("回笼观街道那边", "回龙观街道"),
        ("昌平的董小口", "东小口地区"),
    ],
)
def test_speech_is_matched_by_sound(matcher: PlaceMatcher, heard: str, street: str) -> None:
    assert matcher.find(heard, spoken=True, asked=True).street == street


@pytest.mark.parametrize("heard", ["我想问一下社保卡怎么补办", "暖气一直不热没人管", "嗯那个我想想啊", "他们半夜打桩"])
def test_speech_without_a_place_names_none(matcher: PlaceMatcher, heard: str) -> None:
    finding = matcher.find(heard, spoken=True)
    assert (finding.district, finding.street) == ("", "")


def test_rank_lists_by_sound(matcher: PlaceMatcher) -> None:
    names = [name for name, _ in matcher.rank("我住在大山子酒仙乔街道", 3)]
    assert names[0] == "酒仙桥街道"


def test_every_street_is_found_by_its_full_name(matcher: PlaceMatcher) -> None:
    for district in matcher.districts:
        for street in matcher.streets_of(district):
            finding = matcher.find(f"{district}{street}", asked=True)
            assert (finding.district, finding.street) == (district, street)


def test_empty_and_strange_text(matcher: PlaceMatcher) -> None:
    for text in ("", "，。", "abc 123", "\x00", "😀", "区"):
        assert matcher.find(text, spoken=True, asked=True).street == ""


@pytest.mark.parametrize(
    ("heard", "district", "street"),
    [
        ("朝养细，八里庄皆道这边", "朝阳区", "八里庄街道"),  # of two streets of that name the one in the heard district
        ("掌坪区流村镇", "昌平区", "流村镇"),
        ("在东封那边，潮阳的", "朝阳区", "东风地区"),
        ("房山叙那边", "房山区", ""),
        ("就在我家门口", "", ""),
        ("三号楼二单元", "", ""),
    ],
)
def test_a_district_is_heard_with_the_confusions_of_the_telephone(
    matcher: PlaceMatcher, heard: str, district: str, street: str
) -> None:
    found = matcher.find(heard, spoken=True, asked=True)
    assert (found.district, found.street) == (district, street)


def test_a_heard_district_is_asked_for_and_never_typed(matcher: PlaceMatcher) -> None:
    assert matcher.find("朝养细那边", spoken=True).district == ""
    assert matcher.find("朝养细那边", asked=True).district == ""


@pytest.mark.parametrize(
    ("said", "district", "street"),
    [
        ("我家住昌平回龙观，可出事的是朝阳国贸那个车库", "朝阳区", ""),
        ("我妈住西城白纸坊，我自己住通州", "西城区", "白纸坊街道"),
        ("公司在海淀上地，我人在平谷", "海淀区", "上地街道"),
        ("我说错了，我儿子家在丰台，漏水这个是朝阳常营的", "朝阳区", "常营地区"),
        ("我住海淀，八里庄街道", "海淀区", "八里庄街道"),
    ],
)
def test_where_the_citizen_lives_is_not_where_it_happened(
    matcher: PlaceMatcher, said: str, district: str, street: str
) -> None:
    finding = matcher.find(said, asked=True)
    assert (finding.district, finding.street, finding.home) == (district, street, False)


def test_a_home_alone_is_the_best_there_is(matcher: PlaceMatcher) -> None:
    finding = matcher.find("我住广外红莲南里三号楼，楼上漏水")
    assert (finding.street, finding.home) == ("广安门外街道", True)


@pytest.mark.parametrize(
    ("said", "district", "street"),
    [
        ("鸟巢边上那个小区", "朝阳区", ""),
        ("原来宣武那边", "西城区", ""),
        ("颐和园门口，青龙桥街道", "海淀区", "青龙桥街道"),
        ("八里庄，慈寿寺那边", "海淀区", "八里庄街道"),
        ("通州果园，跟国贸没关系", "通州区", ""),
    ],
)
def test_a_landmark_tells_the_district(matcher: PlaceMatcher, said: str, district: str, street: str) -> None:
    finding = matcher.find(said, asked=True)
    assert (finding.district, finding.street) == (district, street)


@pytest.mark.parametrize(
    "said", ["北京大学第一医院门口的路灯坏了", "清华大学附属北京清华长庚医院门口堵车", "人民大学通州校区外头乱停车"]
)
def test_what_bears_a_landmarks_name_stands_elsewhere(matcher: PlaceMatcher, said: str) -> None:
    assert matcher.find(said).district != "海淀区"


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ("昌平区马池口镇 村委会在马池口", "村委会在马池口"),
        ("大兴区高米店街道 高米店南地铁站", "高米店南地铁站"),
        ("顺义天竺 啊不对打错了 是后沙峪 祥云小镇那块", "祥云小镇那块"),
    ],
)
def test_the_streets_name_in_an_address_stays_there_and_a_slip_does_not(
    matcher: PlaceMatcher, said: str, address: str
) -> None:
    assert matcher.find(said, asked=True).address == address


def test_a_landmark_that_holds_a_districts_name_stays_whole(matcher: PlaceMatcher) -> None:
    assert matcher.find("朝阳公园东门", asked=True).address == "朝阳公园东门"


@pytest.mark.parametrize(
    ("said", "district", "street"),
    [
        ("朝阳…不对，大兴的礼贤镇", "大兴区", "礼贤镇"),
        ("西城，啊不是，东城东四", "东城区", "东四街道"),
        ("酒仙桥，说错了，是大屯", "朝阳区", "大屯街道"),
        ("朝阳区孙河，不，是崔各庄", "朝阳区", "崔各庄地区"),
        ("霍营…不是霍营，史各庄", "昌平区", "史各庄街道"),
        ("通州张家湾 哎呀不对写错了 是漷县", "通州区", "漷县镇"),
    ],
)
def test_a_slip_of_the_tongue_is_taken_back(matcher: PlaceMatcher, said: str, district: str, street: str) -> None:
    finding = matcher.find(said, asked=True)
    assert (finding.district, finding.street) == (district, street)


def test_a_misspelt_name_goes_before_one_that_only_tells_the_way(matcher: PlaceMatcher) -> None:
    finding = matcher.find("沙盒 从回龙观过来过了地铁就到 昌平的", asked=True)
    assert (finding.district, finding.street) == ("昌平区", "沙河地区")


@pytest.mark.parametrize(
    ("said", "district", "street"),
    [
        ("挨着双井,但是呢,是劲松的地界儿,朝阳劲松", "朝阳区", "劲松街道"),  # in one district
        ("房山良乡 拱晨街道", "房山区", "拱辰街道"),  # the street is named in full, if misspelt
        ("我是平谷的，昨天在西城什刹海吃饭被宰", "西城区", "什刹海街道"),
        ("我在丰台上班，家住房山窦店，楼道灯不亮", "房山区", "窦店镇"),
        ("我在丰台上班，单位拖欠工资", "丰台区", ""),
        ("从延庆搬到海淀马连洼，楼上太吵", "海淀区", "马连洼街道"),
        ("从平谷开车到顺义李遂，路上有个坑", "顺义区", "李遂镇"),
        ("离昌平不远，海淀西北旺", "海淀区", "西北旺地区"),
        ("对面是丰台，我们这是大兴西红门", "大兴区", "西红门地区"),
        ("在海淀和昌平交界，归昌平回龙观", "昌平区", "回龙观街道"),
        ("在海淀和昌平交界，不知道归谁", "", ""),
        ("以前住密云，现在怀柔庙城这边停水", "怀柔区", "庙城地区"),
        ("从大屯过来那条街,到亚运村这边,就在亚运村", "朝阳区", "亚运村街道"),  # passed on the way
        ("再往西就门头沟了 但我们是石景山苹果园", "石景山区", "苹果园街道"),
        ("方庄边儿上,丰台东铁匠营", "丰台区", "东铁匠营街道"),
        ("望京边儿上", "朝阳区", "望京街道"),  # all that is told
    ],
)
def test_what_is_only_near_or_left_behind_is_not_where_it_happened(
    matcher: PlaceMatcher, said: str, district: str, street: str
) -> None:
    finding = matcher.find(said)
    assert (finding.district, finding.street) == (district, street)


@pytest.mark.parametrize("said", ["昌平线车厢里太热", "坐房山线上班", "亦庄线末班车太早"])
def test_a_railway_line_is_no_district(matcher: PlaceMatcher, said: str) -> None:
    assert not matcher.find(said).found


def test_a_street_inside_a_landmarks_name_is_none(matcher: PlaceMatcher) -> None:
    assert matcher.find("物资学院路站外头", spoken=True).district == "通州区"


@pytest.mark.parametrize("said", ["太平桥大街堵车", "杨庄地铁站外头", "十里堡那边的市场"])
def test_a_name_that_stands_elsewhere_too_needs_its_suffix(matcher: PlaceMatcher, said: str) -> None:
    assert matcher.find(said).street == ""


def test_a_shop_on_the_network_is_nowhere(matcher: PlaceMatcher) -> None:
    assert not matcher.find("淘宝上买的", spoken=True, asked=True).street


def test_every_landmark_tells_its_own_district(matcher: PlaceMatcher) -> None:
    for name, district in Gazetteer.load().landmarks.items():
        assert matcher.find(f"{name}附近").district == district, name


@pytest.mark.parametrize(
    ("said", "district", "street"),
    [
        ("六里屯街道甜水园，不是丰台六里桥", "朝阳区", "六里屯街道"),
        ("平谷，东高村，不是夏各庄，夏各庄是我闺女家", "平谷区", "东高村镇"),
        ("马坊镇，不是马坡镇，马坡在顺义", "平谷区", "马坊地区"),
        ("阳坊，跟海淀羊坊店不是一码事", "昌平区", "阳坊镇"),
        ("观音寺 大兴 之前归清源街道现在归观音寺", "大兴区", "观音寺街道"),
        ("青塔，往北过去就是海淀永定路了，我们还在丰台呢", "丰台区", "青塔街道"),
        ("您看是不是朝阳望京", "朝阳区", "望京街道"),  # asked, not denied
    ],
)
def test_a_place_is_told_by_what_it_is_not(matcher: PlaceMatcher, said: str, district: str, street: str) -> None:
    finding = matcher.find(said, asked=True)
    assert (finding.district, finding.street) == (district, street)


@pytest.mark.parametrize(
    ("said", "street"),
    [
        ("延庆城里头，是百泉还是儒林我不清楚", ""),
        ("通州 离梨园不远 哪个镇真不知道", ""),
        ("通州梨园这边停水了，是物业还是自来水公司我不清楚", "梨园镇"),
    ],
)
def test_a_street_that_is_only_guessed_at_is_asked_for(matcher: PlaceMatcher, said: str, street: str) -> None:
    assert matcher.find(said, asked=True).street == street


def test_a_road_is_not_the_street_whose_name_it_bears(matcher: PlaceMatcher) -> None:
    assert matcher.find("东城区，北心桥，东直门内大街路北", asked=True).street == "北新桥街道"


@pytest.mark.parametrize(
    "said",
    [
        "早上地铁坐反了，眼看要误点",
        "物业费地上地下都收",
        "院里有棵香椿树想砍",
        "单位占我家三间房那事",
        "就是城乡居民医保，明年几月份交钱",
        "儿子的意思是撒海里",
        "家里想增容电表怎么申请",
    ],
)
@pytest.mark.parametrize("spoken", [True, False])
def test_a_name_made_by_two_other_words_is_no_place(matcher: PlaceMatcher, said: str, spoken: bool) -> None:
    assert not matcher.find(said, spoken=spoken).found


@pytest.mark.parametrize(
    ("said", "street"),
    [
        ("房山那个，房幺几路来着，司机一脚油就走了", ""),
        ("我们在怀柔村里想把老院子改成民宿，自己打口井行不行", ""),
        ("我在大兴西红们送货", "西红门地区"),
        ("昌平这边儿，回龙关，我闺女初三", "回龙观街道"),
    ],
)
def test_a_street_is_heard_in_a_story_only_right_behind_its_district(
    matcher: PlaceMatcher, said: str, street: str
) -> None:
    assert matcher.find(said, spoken=True).street == street


def test_a_longer_name_of_the_district_goes_before_a_shorter_one_elsewhere(matcher: PlaceMatcher) -> None:
    found = matcher.find("石景山平果园街道，地铁站北边那个小超市", asked=True)
    assert (found.district, found.street, found.address) == ("石景山区", "苹果园街道", "地铁站北边那个小超市")


@pytest.mark.parametrize(
    ("said", "known", "district", "street"),
    [
        ("东城那个是我家，店在朝阳区望京街道", "东城区", "朝阳区", "望京街道"),
        ("单位在朝阳那个八里庄，坏的灯是我家门口的，是海淀区八里庄街道", "朝阳区", "海淀区", "八里庄街道"),
        ("房山窦店，望楚村，他送货是往良乡那边送", "", "房山区", "窦店镇"),
        ("右安门内大街，不是右安门外啊，外头那是丰台，我们这儿是西城", "", "西城区", "白纸坊街道"),
    ],
)
def test_what_lies_elsewhere_is_set_aside(
    matcher: PlaceMatcher, said: str, known: str, district: str, street: str
) -> None:
    found = matcher.find(said, district=known)
    assert (found.district, found.street) == (district, street)


def test_where_somebody_goes_on_an_errand_is_asked_about(matcher: PlaceMatcher) -> None:
    assert not matcher.find("我一个月得上良乡取一回药，村里那条路全是坑").found
    assert matcher.find("我家住房山周口店，一个月得上良乡取一回药").street == "周口店地区"
    assert matcher.find("上良乡取药那个医院", asked=True).street == "良乡地区"


def test_a_gate_has_two_sides(matcher: PlaceMatcher) -> None:
    assert matcher.find("右安门内大街，自行车道上井盖没了").street == "白纸坊街道"
    assert matcher.find("丰台右安门外大街路灯不亮").street == "右安门街道"


def test_between_home_and_work_is_asked_about(matcher: PlaceMatcher) -> None:
    assert not matcher.find("我在天宫院上班，家住魏善庄，末班车到站没停").street
    assert matcher.find("我家住魏善庄，在黄村上班，我们小区停水了").street == "魏善庄镇"


def test_where_a_relative_works_is_no_place_of_the_matter(matcher: PlaceMatcher) -> None:
    assert matcher.find("写我儿媳妇的，她在良乡上班，一三九").home
    assert not matcher.find("良乡那边路灯不亮").home


@pytest.mark.parametrize(
    ("said", "district", "street"),
    [
        ("丰台马家堡那是我闺女家,砸墙的是我自个儿那儿,大兴清源街道,滨河西里", "大兴区", "清源街道"),
        ("海淀八里庄是我妈家,我这个是朝阳的八里庄,慈云寺桥那边", "朝阳区", "八里庄街道"),
        ("朝阳那是我早先住的地儿,我现在搬了,这是海淀的八里庄", "海淀区", "八里庄街道"),
        ("我闺女家在马家堡，她家暖气不热", "丰台区", "马家堡街道"),
    ],
)
def test_whose_home_that_is(matcher: PlaceMatcher, said: str, district: str, street: str) -> None:
    found = matcher.find(said)
    assert (found.district, found.street) == (district, street)


def test_a_name_that_two_districts_have_is_denied_in_one(matcher: PlaceMatcher) -> None:
    found = matcher.find("海淀八里庄,恩济里小区,可不是朝阳那个八里庄啊", asked=True)
    assert (found.district, found.street, found.address) == ("海淀区", "八里庄街道", "恩济里小区")


def test_a_corner_of_two_roads_may_be_either_streets(matcher: PlaceMatcher) -> None:
    assert not matcher.find("清源路和兴丰大街那个口，绿灯才18秒").street
    assert matcher.find("兴丰大街路灯不亮").street == "兴丰街道"


def test_where_others_send_us_is_asked_about(matcher: PlaceMatcher) -> None:
    assert not matcher.find("培训班这边关门了，让我们去黄村上课，太远了").found
    assert matcher.find("大兴观音寺的培训班关门了，让我们转到亦庄去").street == "观音寺街道"
    assert matcher.find("让我们去黄村上课的那家", asked=True).street == "黄村地区"
