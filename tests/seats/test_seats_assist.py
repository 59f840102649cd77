"""Reminders while a seat types: promises by what they mean, near-misses, and numbers by their check digits."""

from __future__ import annotations

import pytest

from seats.assist import hints, is_bank_card, is_id_number


def kinds(text: str) -> list[str]:
    return [hint.kind for hint in hints(text)]


@pytest.mark.parametrize(
    "text",
    [
        "您放心，一定给您解决",
        "我保证三天内修好",
        "这个问题肯定能处理好",
        "明天就给您修好路灯",
        "包您满意，包给您办好",
        "这事包在我身上",
        "两天之内会把钱退给您",
        "我敢打包票",
        "绝对没问题，会给您办下来的",
        "我们向您承诺赔偿到位",
        "好的，今晚能恢复供水",
        "百分之百给您要回来",
        "我跟您担保不会再有了",
        "您放心肯定罚款",
        "到时候没解决您找我",
        "好的女士，这个低保一定给您批下来",
        "您放心，会给您处理好的",
    ],
)
def test_a_promise_is_told_in_whatever_words(text: str) -> None:
    assert "promise" in kinds(text)


@pytest.mark.parametrize(
    "text",
    [
        "我们不能保证一定解决",
        "结果我没法给您保证",
        "我会登记并转承办单位处理",
        "承办单位会按规定在15天内答复您",
        "我一定把您的意见转达给他们",
        "请您一定保管好收据",
        "您要求退还保证金，是吗？",
        "低保的申请材料要准备齐",
        "能保证明天修好吗？",
        "商家当时承诺包退，您有凭证吗",
        "我们尽快处理，争取今天解决",
        "物业说一定给您解决，后来没有做",
        "如果三天内没有修好，您可以再来电",
        "这件事已经解决了",
        "一般两天内能修好",
        "您一定要保留好付款记录再申请退款",
        "开发商保证过给您退款",
        "您的诉求我记下了，请保持电话畅通",
        "肯定您对我们工作的支持",
        "会不会赔偿要看调查结果",
        "我这边马上为您登记",
        "今天给您登记，单号是一二三",
        "您放心，我会把情况写清楚",
        "您放心。处理好以后会有短信",
    ],
)
def test_what_is_open_asked_of_others_or_of_the_seats_own_work_is_no_promise(text: str) -> None:
    assert "promise" not in kinds(text)


def test_a_hint_says_where_it_is() -> None:
    text = "您好，一定给您解决，再见"
    (hint,) = hints(text)
    assert text[hint.begins : hint.ends] == "一定给您解决" and "承办单位" in hint.as_dict()["text"]


ID_NUMBER = "11010519491231002X"  # the example of the standard
CARD = "6222 0212 3456 7890 128"


def test_numbers_are_told_by_their_check_digits() -> None:
    assert kinds(f"身份证是{ID_NUMBER}对吗") == ["id_number"]
    assert kinds(f"卡号 {CARD}") == ["bank_card"]
    assert kinds("您的电话是 139 0000 1234") == ["phone"] and kinds("8613900001234") == ["phone"]
    assert kinds("工单号 20260105000123") == [] and kinds("请拨打 01012345") == [] and kinds("一共12345678901元") == []
    assert not is_id_number("110105194912310021") and not is_id_number("11010519491331002X")
    assert is_bank_card("4111111111111111") and not is_bank_card("4111111111111112")
    assert not is_bank_card("20260105000123456")


@pytest.mark.parametrize("place", range(16))
def test_one_wrong_digit_is_no_card(place: int) -> None:
    digits = list("4111111111111111")
    digits[place] = str((int(digits[place]) + 3) % 10)
    assert not is_bank_card("".join(digits))


@pytest.mark.parametrize("place", range(17))
def test_one_wrong_digit_is_no_identity_number(place: int) -> None:
    digits = list(ID_NUMBER)
    digits[place] = str((int(digits[place]) + 1) % 10)
    assert not is_id_number("".join(digits))
