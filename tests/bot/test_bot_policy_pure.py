"""`decide` is pure: same state, turn and findings give the same decision, and nothing handed in is changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bot import guards, wording
from bot.danger import Danger, line_of
from bot.decision import Decision, Findings, OrderKnown, ReceiptKnown, Turn, Understood, Wanted
from bot.entities.place_finding import PlaceFinding
from bot.policy import after_filing, decide, leave, opening
from bot.state import Matter, Place, State
from knowledge.model import SearchResult
from workorders.model import FiledOrder

NOW = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)
INTENTS = ("consult", "complain", "help", "none", "order_status", "affirm", "human", "lawful_channel", "chitchat")
NOTHING: dict[str, Any] = {
    "search": SearchResult("", ""),
    "place": PlaceFinding(),
    "category": (None, None),
    "order": OrderKnown(False),
    "duplicate": None,
    "danger": Danger(),
    "points": None,
    "receipt": ReceiptKnown(False),
}


def run(
    state: State, turn: Turn, intent: str = "none", findings: Findings | None = None
) -> tuple[Decision, list[Wanted]]:
    """Decide with findings that know nothing else; what was asked for."""
    findings = findings or Findings(guards.check(turn.text))
    wanted: list[Wanted] = []
    for _ in range(40):
        decision = decide(state, turn, findings, NOW)
        if not decision.wants:
            return decision, wanted
        for want in decision.wants:
            wanted.append(want)
            value = Understood(intent, 0.9, ((intent, 0.9),)) if want.what == "understand" else NOTHING[want.what]
            findings = findings.add(want, value)
    raise AssertionError("the policy never came to a decision")


def test_a_state_survives_storage() -> None:
    state = State(channel="phone", contact_phone="13900001234", confidential=True, asked={"place": 1})
    state.matters.append(
        Matter(1, "order", "路灯不亮", place=Place("门口", "朝阳区", "双井街道", [["朝阳区", "双井街道"]]))
    )
    assert State.from_dict(state.as_dict()) == state
    stored = {**state.as_dict(), "of_a_newer_version": 1}
    assert State.from_dict(stored) == state
    assert State.from_dict({}) == State()
    of_before = state.as_dict()
    for name in ("event_start", "event_end"):
        del of_before["matters"][0][name]
    assert State.from_dict(of_before) == state


def test_nothing_handed_in_is_changed() -> None:
    state = State()
    before = state.as_dict()
    run(state, Turn("我要投诉楼下的饭馆"))
    assert state.as_dict() == before


def test_the_greeting_says_that_a_machine_speaks_and_records() -> None:
    (say,) = opening("phone", name="某市12345", recorded=True).replies
    assert "机器人" in say.text and "录音" in say.text


def test_who_may_be_in_danger_is_told_whom_to_call_and_served_as_everybody_else() -> None:
    text = "楼下那个配电的箱子今天老是嗡嗡响，我也说不上来"
    findings = Findings(replace(guards.check(text), by_rule=False, whole=0.6, probability=0.6))
    findings = findings.add(Wanted("danger", (text,)), Danger(-0.2, {"119": 1.0}))
    state = State()
    said: list[list[str]] = []
    for _ in range(2):
        decision, _ = run(state, Turn(text), "help", findings)
        assert decision.state.outcome is None and decision.state.matters
        said.append([say.text for say in decision.replies])
        state = replace(State(), cautioned=decision.state.cautioned)
    first, second = said
    assert first[0] == wording.EMERGENCY_CAUTION and len(first) > 1, "and then the question that comes next"
    assert wording.EMERGENCY_CAUTION not in second, "once is enough"


def test_the_line_is_the_one_that_all_readers_agree_on() -> None:
    lines = {"110": 0.4, "119": 0.5, "120": 0.1, "122": 0.0}
    assert line_of(lines, {"110": 0.9, "119": 0.05, "120": 0.05}) == "110"
    assert line_of(lines, {}) == "119"
    assert line_of({}, {"110": 1.0}) == ""


def test_filing_is_told_digit_by_digit() -> None:
    state = State(matters=[Matter(1, "order", "路灯不亮", title="路灯不亮")])
    decision = after_filing(state, {1: FiledOrder("261102000013", "123456789", 168, "某街道")}, NOW)
    assert "261102000013" in decision.replies[0].text
    assert "二六幺幺" in decision.replies[0].spoken
    assert "7天" in decision.replies[0].text
    assert leave(decision.state) == ("order_filed", False)


@given(
    st.lists(
        st.tuples(
            st.one_of(
                st.sampled_from(
                    ["对", "不是", "没有了", "朝阳区双井街道", "13900001234", "不用", "投诉楼下饭馆油烟太大",
                     "转人工", "居住证怎么办", "不对，是五号楼", "还有一个事，路灯不亮", "在吗", "你说什么",
                     "算了不登记了", "多久能修好", "0"]
                ),
                st.text(max_size=40),
            ),
            st.sampled_from(INTENTS),
            st.sampled_from(["text", "silence", "dtmf", "speech"]),
        ),
        max_size=12,
    )
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_no_turn_is_ever_without_a_reply_and_every_contact_can_end(turns: list[tuple[str, str, Any]]) -> None:
    state = State(channel="phone", caller_number="13900005678")
    for text, intent, kind in turns:
        decision, _ = run(state, Turn(text, kind, spoken=True), intent)
        assert decision.replies
        assert all(say.text.strip() for say in decision.replies)
        assert State.from_dict(decision.state.as_dict()) == decision.state
        state = decision.state
        outcome, _ = leave(state)
        assert outcome
        if state.outcome is not None:
            break


def test_a_caller_in_danger_is_promised_only_a_transfer_that_exists() -> None:
    findings = Findings(guards.check("着火了快来人"))
    for lines, promised in ((frozenset({"119"}), True), (frozenset({"110"}), False), (frozenset[str](), False)):
        decision = decide(
            State(channel="phone"), Turn("着火了快来人", "speech", True), findings, NOW, transferable=lines
        )
        words = "".join(say.text for say in decision.replies)
        assert "119" in words
        assert ("我现在就为您转接119" in words) is promised
        assert ("请说出地点和情况" in words) is not promised


def test_who_praises_the_rescuers_is_in_danger_no_more() -> None:
    text = "给消防点个赞，前天停电困在电梯里，四个小伙子把门撬开了"
    alarming = Findings(replace(guards.check(text), by_rule=False, emergency="", whole=0.7, probability=0.9))
    alarming = alarming.add(Wanted("danger", (text,)), Danger(0.7, {"119": 1.0}))
    assert run(State(), Turn(text), "help", alarming)[0].state.outcome == "emergency"
    assert run(State(), Turn(text), "praise", alarming)[0].state.outcome is None
