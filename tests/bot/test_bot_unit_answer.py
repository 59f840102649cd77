"""A unit's answer as it may be told: its first sentences, without persons and numbers."""

from __future__ import annotations

from typing import Any

from bot import order_wording, unit_answer
from bot.decision import OrderKnown

LONG = "经核实，该路段路灯因电缆老化短路，我单位已于11月28日更换电缆。" * 5


def test_persons_and_numbers_are_left_out() -> None:
    note = "王小丽女士您好：维修已于2026-11-28完成，并告知李师傅。如有疑问请致电13900001234。感谢您的反映！"
    told = unit_answer.without_persons(note, "王小丽")
    assert told == "维修已于2026年11月28日完成，并告知有关人员。感谢您的反映！"
    assert unit_answer.without_persons("请联系13900001234", None) == ""


def test_the_words_of_the_citizen_who_is_spoken_to_are_kept() -> None:
    assert unit_answer.without_persons("您反映的垃圾已清运。", None) == "您反映的垃圾已清运。"
    assert unit_answer.without_persons("您好，您反映的垃圾已清运。", None) == "您反映的垃圾已清运。"
    assert unit_answer.without_persons("关于某小区的路灯，已修好。", None) == "关于某小区的路灯，已修好。"


def test_the_first_sentences_are_told() -> None:
    assert unit_answer.in_short("已修好。", 80) == "已修好。"
    told = unit_answer.in_short(LONG, unit_answer.PHONE_CHARACTERS)
    assert 30 < len(told) <= unit_answer.PHONE_CHARACTERS and LONG.startswith(told) and told.endswith("。")
    one = unit_answer.in_short("经核实，" + "更换灯具" * 40, 80)
    assert len(one) <= 80 and one.endswith("……")


def test_the_stage_of_an_earlier_order_is_told() -> None:
    def said(status: str, **more: Any) -> str:
        return order_wording.duplicate(OrderKnown(True, "261102000013", status, "某街道", **more), phone=True).text

    assert "已经受理，正在安排承办单位" in said("filed")
    assert "已经派给某街道，答复期限到11月09日10点。是同一件事吗" in said("dispatched", deadline="11月09日10点")
    assert "某街道已经接单，正在办理" in said("accepted")
    assert "正在核定由哪个单位办理" in said("objected")
    assert "合并办理" in said("merged")
    answered = said("answered", answered_on="11月5日", answer="灯具已更换")
    assert "某街道已经在11月5日答复，答复是：灯具已更换。现在还没有解决" in answered
    assert "也做过回访，答复内容可以凭工单编号和查询码查看" in said("visited", answered_on="11月5日")
    assert "11月5日答复，11月7日办结" in said("closed", answered_on="11月5日", closed_on="11月7日", answer="已更换。")
    assert "还在办理中" not in answered


def test_the_phone_is_told_less_than_a_chat() -> None:
    known = OrderKnown(True, "261102000013", "answered", "某街道", answered_on="11月5日", answer=LONG)
    phone, chat = (order_wording.order_status(known, phone=phone).text for phone in (True, False))
    assert phone.count("经核实") == 2 and chat.count("经核实") == 5
    assert "答复全文可以凭工单编号和查询码查看" in phone and "答复全文" not in chat
