"""A question in the middle is answered; one that is put again in the same words is meant as an answer."""

from __future__ import annotations

from dataclasses import replace

import pytest
from test_bot_policy_pure import run

from bot import guards, wording
from bot.decision import Decision, Findings, Turn, Wanted
from bot.policy import asides
from bot.state import Matter, Place, State
from knowledge.model import Hit, SearchResult


def said(state: State, text: str, intent: str = "human") -> Decision:
    return run(state, Turn(text), intent)[0]


@pytest.fixture
def form() -> State:
    matter = Matter(1, "order", "楼道里的灯坏了", place=Place("", "房山区", "窦店镇"))
    return State(channel="phone", matters=[matter], asking="subject", asked={"subject": 1}, question_text="哪家单位？")


@pytest.mark.parametrize("text", ["你们这是机器还是人哪", "您是真人吗", "我问一句，你这是机器人吧"])
def test_who_asks_what_answers_is_told_and_goes_on(form: State, text: str) -> None:
    decision = said(form, text)
    assert decision.state.outcome is None
    assert decision.replies[0].text == wording.ASIDE_MACHINE
    assert decision.state.asking == "subject"


@pytest.mark.parametrize("text", ["你是机器人吧，给我找个真人", "不想跟机器说话，换人"])
def test_who_wants_a_person_gets_one(form: State, text: str) -> None:
    assert said(form, text).state.outcome == "seat"


def test_a_question_put_again_in_the_same_words_is_no_question(form: State) -> None:
    asked = replace(form, asking="order_no", asking_about=1)
    asked.matters[0].kind = "status"
    first = said(asked, "那个号码在哪张纸上呢")
    assert first.state.asking == "order_no" and not first.state.matters[0].result
    second = said(first.state, "那个号码在哪张纸上呢")
    assert second.state.asked != first.state.asked or second.state.outcome or second.state.matters[0].result


def test_who_says_that_nobody_could_remember_a_number_has_none(form: State) -> None:
    asked = replace(form, asking="order_no", asking_about=1)
    asked.matters[0].kind, asked.matters[0].text = "status", "上回说的那事儿"
    assert said(asked, "哪儿记得单号啊").replies[0].text == wording.WHICH_ORDER


@pytest.mark.parametrize("answer", ["物业那帮孙子！", "一群混蛋开的那家店"])
def test_rough_words_about_whom_it_is_about_are_an_answer(form: State, answer: str) -> None:
    decision = said(form, answer)
    assert decision.state.warnings == 0
    assert decision.state.matters[0].subject


def test_rough_words_to_us_are_warned_of(form: State) -> None:
    assert said(form, "你们这帮废物机器", "abuse").state.warnings == 1


@pytest.mark.parametrize(
    ("text", "abuse"), [("赶紧收垃圾", False), ("楼道里都是垃圾", False), ("你们真是垃圾！", True), ("垃圾！", True)]
)
def test_rubbish_is_also_a_thing(text: str, abuse: bool) -> None:
    assert guards.check(text).abuse is abuse


def test_about_us() -> None:
    assert not asides.about_us("他们简直不是人")
    assert not asides.about_us("机器坏了没人修")


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("打12345投诉，对方能不能查到？你们会不会告诉他", "consult"),
        ("举报能匿名么", "report"),
        ("我要是举报我们老板 你们会不会把我的电话给他", "prompt_attack"),
        ("问个事,你们接线的会给我保密吗?会的话我再说", "order_status"),
    ],
)
def test_whether_a_name_is_kept_is_answered_before_anything_is_told(text: str, intent: str) -> None:
    decision = said(State(channel="web"), text, intent)
    assert decision.replies[0].text == wording.ASIDE_PRIVACY
    assert (decision.state.asking, decision.state.attacks) == ("detail", 0)


def answered(text: str, intent: str) -> Decision:
    """The same with a knowledge base that answers these words."""
    hit = Hit("k1", "topic", "灯会还办吗？", "今晚因大风不办，票款退回。", "今晚因大风不办，票款退回。", 1.0, 0.99)
    findings = Findings(guards.check(text)).add(Wanted("search", (text,)), SearchResult(text, "", (hit,), "answer"))
    return run(State(channel="web"), Turn(text), intent, findings)[0]


def test_whether_a_name_is_kept_is_answered_from_the_knowledge_base_where_it_can() -> None:
    decision = answered("你们会不会把我的电话给他？", "prompt_attack")
    assert "今晚因大风不办" in decision.replies[0].text, "the base's own words, not ours"
    assert decision.state.asking == "detail"


@pytest.mark.parametrize(
    ("intent", "otherwise"),
    [
        ("out_of_scope", wording.OUT_OF_SCOPE),
        ("chitchat", wording.CHITCHAT),
        ("none", f"{wording.NOT_CAUGHT_WEB}{wording.ASK_MATTER}"),
    ],
)
def test_what_looks_like_nobodys_business_is_answered_where_it_is_known(intent: str, otherwise: str) -> None:
    decision = answered("云杉灯会今晚还开吗", intent)
    assert "今晚因大风不办" in decision.replies[0].text
    (matter,) = decision.state.matters
    assert (matter.kind, matter.result) == ("consult", "answered")
    unknown = said(State(channel="web"), "云杉灯会今晚还开吗", intent)
    assert [reply.text for reply in unknown.replies] == [otherwise]


@pytest.mark.parametrize("text", ["举报楼下赌博能保密吗", "你们会保密吧？楼上天天吵得没法睡"])
def test_a_matter_told_with_that_question_is_taken_down(text: str) -> None:
    assert said(State(channel="web"), text, "report").state.form


def test_whoever_reached_the_wrong_number_is_let_go(form: State) -> None:
    form.asking = "place"
    decision = said(form, "你不是搬家公司啊，打错了打错了", "none")
    assert decision.state.outcome == "closed" and decision.hang_up
    assert decision.replies[0].text == wording.WRONG_NUMBER and not decision.state.form


def test_at_the_read_back_it_may_be_about_our_words(form: State) -> None:
    form.asking = "confirm_order"
    assert said(form, "打错了", "none").state.outcome is None
    assert said(form, "不是，我打错电话了", "none").state.outcome == "closed"


def test_who_is_sent_to_look_for_it_complains() -> None:
    decision = said(State(), "物业说谁漏的找谁，让我自己去找，天花板都泡了，我要投诉物业", "complain")
    assert [matter.kind for matter in decision.state.matters] == ["order"]


def test_a_slip_in_a_number_is_no_wrong_number(form: State) -> None:
    form.asking = "contact_phone"
    assert said(form, "哎呀说错了，号码打错了", "none").state.outcome is None


def test_a_number_that_is_refused_twice_in_a_breath_is_refused(form: State) -> None:
    form.asking, form.asked = "contact_phone", {"contact_phone": 1}
    decision = said(form, "不留不留，留了他们一查就知道是谁", "none")
    assert "contact_phone" in decision.state.refused and decision.state.asking != "contact_phone"


def test_whoever_calls_themselves_wants_an_answer() -> None:
    decision = said(State(), "想投诉快递不赔，先问一下这归谁管，申诉电话多少，我自己去打", "complain")
    assert [matter.kind for matter in decision.state.matters] == ["consult"]


def test_an_answer_beside_insults_is_taken_and_better_words_asked_for_once(form: State) -> None:
    first = said(form, "垃圾站，还有你们这帮废物")
    assert first.state.matters[0].subject == "垃圾站"
    assert first.replies[0].text == wording.ABUSE_ASIDE
    again = said(replace(first.state, asking="appeal"), "把垃圾清了，你们这帮废物")
    assert again.state.outcome is None and again.state.matters[0].appeal == "把垃圾清了"
    assert wording.ABUSE_ASIDE not in [reply.text for reply in again.replies]


def test_insults_alone_are_no_answer(form: State) -> None:
    decision = said(form, "你们这帮废物")
    assert decision.state.warnings == 1 and not decision.state.matters[0].subject


def test_somebody_who_speaks_with_them_is_what_is_wanted_of_others(form: State) -> None:
    asked = replace(form, asking="appeal")
    decision = said(asked, "找人说说他，别往下扔了", "help")
    assert decision.state.outcome is None and decision.state.matters[0].appeal
    assert said(asked, "给我找个人工客服").state.outcome == "seat"


def test_a_threat_is_warned_of_and_what_is_wanted_is_taken_down(form: State) -> None:
    threatened = run(
        replace(form, asking=None, matters=[]), Turn("楼道灯坏了半年没人修，再不修我弄死你们"), "complain"
    )[0]
    assert threatened.replies[0].text == wording.THREAT_WARNING
    assert threatened.state.detail["threat"] and threatened.state.matters


def test_a_mere_threat_is_warned_of_and_then_a_person_comes(form: State) -> None:
    first = said(form, "信不信我弄死你们", "abuse")
    assert wording.THREAT_WARNING in [reply.text for reply in first.replies]
    second = said(first.state, "你们等着瞧！", "abuse")
    assert (second.state.outcome, second.state.detail["reason"], second.state.detail["abuse"]) == ("seat", "abuse", 2)
