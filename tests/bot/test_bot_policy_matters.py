"""Which kind of request a matter is, where rules know better than the understanding of the sentence."""

from __future__ import annotations

import pytest
from test_bot_policy_pure import run

from bot import guards, splitting
from bot.decision import Findings, Turn, Understood, Wanted
from bot.state import Matter, State


@pytest.mark.parametrize(
    ("said", "intent", "kind"),
    [
        ("隔壁空调的水滴到我家窗户上，找他们也不理", "help", "投诉"),
        ("一排单车堵着盲道", "help", "投诉"),
        ("楼上住户私自把承重墙砸了", "complain", "举报"),
        ("街口小店没有执照还卖药", "complain", "举报"),
        ("二房东打了六个隔断出租", "complain", "举报"),
        ("面馆吃出一只虫", "help", "投诉"),
        ("隔壁没办许可证还吵得我睡不着", "complain", "投诉"),
        ("邻居家水管爆了，流了一楼道", "help", "求助"),
        ("求助一下，对门的狗叫个没完", "complain", "求助"),
        ("求助热线打不通，我要投诉", "complain", "投诉"),
        ("我投诉，中介当初夸的是南北通透，住进来才知道不是", "complain", "投诉"),
        ("夸的是扫街的大姐，三点多就起来", "none", "表扬"),
        ("厂里加班不给钱，千万别让老板知道是我说的", "consult", "投诉"),
        ("群里谁提意见谁就被园长叫去，伙食费涨了孩子还喊饿", "complain", "投诉"),
        ("露台上支个花架要不要审批？又没人举报我，先问清楚", "consult", "咨询"),
    ],
)
def test_the_kind_of_a_request(said: str, intent: str, kind: str) -> None:
    decision, _ = run(State(), Turn(said), intent)
    assert [matter.request_type for matter in decision.state.matters] == [kind]


@pytest.mark.parametrize("said", ["龙头干的，一早上没法洗脸", "交完电费插卡不好使", "灶点不着火，左右邻居也一样"])
def test_a_supply_that_fails_is_a_matter_even_where_nothing_else_is_understood(said: str) -> None:
    decision, _ = run(State(), Turn(said), "none")
    assert [(matter.kind, matter.request_type) for matter in decision.state.matters] == [("order", "求助")]


def test_what_was_told_before_and_not_understood_belongs_to_the_matter() -> None:
    first, _ = run(State(), Turn("后院那个东西又响了一宿"), "none")
    assert first.state.matters == []
    second, _ = run(first.state, Turn("就是隔壁的水泵，吵得睡不着"), "complain")
    (matter,) = second.state.matters
    assert matter.opening == "后院那个东西又响了一宿。就是隔壁的水泵，吵得睡不着"
    assert second.state.unheard == "" and not matter.again


def test_that_it_was_told_before_counts_though_it_was_not_understood() -> None:
    first, _ = run(State(), Turn("还是我，前儿打过一回了，后院那东西还那样儿"), "none")
    assert first.state.matters == []
    second, _ = run(first.state, Turn("就是隔壁的水泵，吵得睡不着"), "complain")
    assert [matter.again for matter in second.state.matters] == [True]


def test_a_time_that_was_asked_for_is_no_wish_for_another_pace() -> None:
    state, _ = run(State(), Turn("公厕天天锁着门，我要投诉"), "complain")
    state.state.asking = "event_time"
    answered, _ = run(state.state, Turn("快一个月了"), "faster")
    assert answered.state.asking != "event_time"


def test_a_wish_for_another_pace_that_is_only_supposed_is_not_supposed_twice_running() -> None:
    first, _ = run(State(), Turn("公厕天天锁着门，我要投诉"), "complain")
    first.state.asking = "subject"
    second, _ = run(first.state, Turn("快手那边的人"), "faster")
    assert second.state.asking == "subject"
    third, _ = run(second.state, Turn("快手那边的人"), "faster")
    assert third.state.asking != "subject"


def test_what_somebody_else_shall_do_quietly_is_no_wish_about_our_voice() -> None:
    first, _ = run(State(channel="phone"), Turn("楼下天天放大音箱，我要投诉", spoken=True), "complain")
    first.state.asking = "appeal"
    second, _ = run(first.state, Turn("声儿小点儿就行，我也没说不让跳", spoken=True), "quieter")
    assert second.state.asking != "appeal"
    assert second.state.matters[0].appeal == "声儿小点儿就行，我也没说不让跳"


@pytest.mark.parametrize(
    ("said", "understood"),
    [
        ("怎么又停电了", "又停电了"),
        ("月嫂公司说好一万二全包，下户又收管理费，这不就是乱收费吗", "月嫂公司说好一万二全包，下户又收管理费"),
        ("怎么又能报名了", "怎么又能报名了"),
    ],
)
def test_a_question_that_expects_no_answer_is_not_put_to_the_understanding(said: str, understood: str) -> None:
    _, wanted = run(State(), Turn(said), "help")
    assert understood in [want.key[0] for want in wanted if want.what == "understand"]


def test_praise_in_other_words_is_praise() -> None:
    decision, _ = run(State(), Turn("我不找事儿，就是想说句好话，干部半夜把我们背出来的"), "help")
    assert [matter.request_type for matter in decision.state.matters] == ["表扬"]


def _read(text: str, **probabilities: float) -> Findings:
    ranking = tuple(sorted(probabilities.items(), key=lambda pair: -pair[1]))
    findings = Findings(guards.check(text))
    for words in {text, splitting.end_of(text)}:
        findings = findings.add(Wanted("understand", (words,)), Understood(ranking[0][0], ranking[0][1], ranking))
    return findings


def test_a_court_that_is_merely_mentioned_is_no_lawsuit() -> None:
    text = "法院后门那条胡同路灯全灭了"
    decision, _ = run(State(), Turn(text), findings=_read(text, help=0.9, lawful_channel=0.02))
    assert [matter.kind for matter in decision.state.matters] == ["order"]
    text = "案子在法院压了一年，法官不给开庭"
    decision, _ = run(State(), Turn(text), findings=_read(text, complain=0.5, lawful_channel=0.4))
    assert [(matter.kind, matter.channel_name) for matter in decision.state.matters] == [("lawful", "诉讼")]


def test_who_is_surely_about_a_lawful_channel_asks_not_only_how_it_works() -> None:
    text = "地的事农经站裁了，说归他，我种了十六年，需要什么材料才能翻过来"
    for sure, kind in ((0.95, "lawful"), (0.7, "consult")):
        decision, _ = run(State(), Turn(text), findings=_read(text, lawful_channel=sure, consult=0.99 - sure))
        assert [matter.kind for matter in decision.state.matters] == [kind]


def test_who_wants_us_to_act_is_not_only_told_the_rule() -> None:
    text = "单位一直不给上保险，这合规矩吗，想让你们给查查他"
    decision, _ = run(State(), Turn(text), findings=_read(text, consult=0.6, complain=0.35))
    assert [(matter.kind, matter.request_type) for matter in decision.state.matters] == [("order", "投诉")]


def test_a_story_counts_for_more_than_the_question_at_its_end() -> None:
    text = (
        "交房一年半房本还没下来，开发商说在办，窗口说没收到，两头推了我五趟，孩子等着落户上学，您说这事儿我该找谁去呢"
    )
    told = Findings(guards.check(text))
    for words, reads in (
        (text, {"help": 0.9, "consult": 0.1}),
        (splitting.end_of(text), {"consult": 0.95, "help": 0.05}),
    ):
        ranking = tuple(reads.items())
        told = told.add(Wanted("understand", (words,)), Understood(ranking[0][0], ranking[0][1], ranking))
    decision, _ = run(State(), Turn(text), findings=told)
    assert [matter.kind for matter in decision.state.matters] == ["order"]


@pytest.mark.parametrize(
    ("asking", "said", "answered"),
    [
        ("confidential", "不用，我都快七十了怕谁", True),
        ("contact_phone", "我都七十多了，没手机", True),
        ("place", "劲松，我都七十多了", True),
        ("subject", "物业，我都七十了", True),
        ("subject", "我都七十多了", False),
        ("confidential", "我耳背，大点声", False),
        ("subject", "我七十多了，慢点说", False),
    ],
)
def test_an_age_beside_an_answer_asks_for_nothing(asking: str, said: str, answered: bool) -> None:
    first, _ = run(State(channel="phone"), Turn("公厕天天锁着门，我要投诉"), "complain")
    first.state.asking = asking
    decision, _ = run(first.state, Turn(said), "none")
    assert (decision.state.asking != asking) is answered
    assert decision.state.manner.elder


@pytest.mark.parametrize("text", ["快递从来不送上门，跟客服说了三回没用", "找客服好几趟，就是不给退"])
def test_who_tried_the_service_of_others_asks_for_nobody_here(text: str) -> None:
    assert not guards.wants_person(text)


@pytest.mark.parametrize(
    "text", ["我要跟客服说", "我跟你们客服说了三遍听不懂，转人工", "让人来跟我说", "我说转人工三遍了"]
)
def test_who_asks_for_somebody_does(text: str) -> None:
    assert guards.wants_person(text)


@pytest.mark.parametrize("text", ["麻烦您给查一下低保标准是多少", "请有关部门处理需要多久"])
def test_a_polite_question_is_no_request(text: str) -> None:
    decision, _ = run(State(), Turn(text), findings=_read(text, consult=0.95, help=0.03))
    assert [matter.kind for matter in decision.state.matters] == ["consult"]


def test_an_award_needs_no_second_opinion() -> None:
    text = "劳动仲裁我赢了，公司赖着不给钱"
    decision, _ = run(State(), Turn(text), findings=_read(text, complain=0.9, lawful_channel=0.05))
    assert [matter.channel_name for matter in decision.state.matters] == ["诉讼"]


@pytest.mark.parametrize("text", ["法院几点上班，需要带什么", "离婚起诉需要什么材料"])
def test_a_mere_enquiry_is_one_however_sure_the_reader_is(text: str) -> None:
    decision, _ = run(State(), Turn(text), findings=_read(text, lawful_channel=0.95, consult=0.04))
    assert not any(matter.kind == "lawful" for matter in decision.state.matters)


def test_praise_and_what_is_to_be_mended_are_two() -> None:
    text = "先夸一句，保洁李姐天天把楼道擦得锃亮，得表扬人家，再一个呢，就是门口那段路灯全瞎着，您给修修"
    decision, _ = run(State(), Turn(text), "help")
    assert [matter.request_type for matter in decision.state.matters] == ["表扬", "求助"]


@pytest.mark.parametrize(("sure", "person"), [(0.95, True), (0.7, False)])
def test_a_wish_for_a_person_at_length_in_the_form(sure: float, person: bool) -> None:
    text = "你问这么些个我都晕了，我岁数大了一句一句的答不上来，让你们那儿的姑娘把电话接过去"
    state = State(channel="phone", asking="place", question_text="请问在哪个区？")
    state.matters.append(Matter(1, "order", "路灯不亮"))
    decision, _ = run(state, Turn(text), findings=_read(text, human=sure))
    assert (decision.state.outcome == "seat") is person
