"""A seat at work in a real browser: takes what is offered, checks the prefilled order, mends it, files it; measured.

What is counted is what a person would have to do: read the conversation, touch the fields that the machine left empty
or filled wrongly, press keys and point. How long a person takes for that is `benchmarks/desk.py`'s to compute.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from hotline.trial.system import System

if TYPE_CHECKING:
    from playwright.sync_api import Page

PATIENCE_MS: Final = 20_000.0
_CONTACT: Final = "13900001234"
# What a citizen answers who has told the matter and wants a person before the form is done.
_ANSWERS: Final = {
    "place": "海淀区学院路街道",
    "event_time": "昨天晚上开始的",
    "subject": "不知道是谁",
    "appeal": "希望尽快解决",
    "contact_name": "我姓王",
    "contact_phone": _CONTACT,
    "confidential": "不用保密",
}
# What a seat types into a required field that is empty.
_BY_HAND: Final = {"title": "市民反映问题", "detail": "市民反映情况见会话记录。"}
_KEYS_A_CHARACTER: Final = 3  # of Chinese, by pinyin, with the key that takes the word


@dataclass(frozen=True, slots=True)
class Right:
    """What an order should say. `look_up`: words by which a seat finds one of the `categories` (third level)."""

    request_types: tuple[str, ...]
    categories: tuple[str, ...]
    look_up: str
    district: str
    street: str


@dataclass(slots=True)
class Filing:
    """One order. `shown_seconds`: from the moment a seat took it to the prefilled order on the screen; `offer_seconds`:
    from the citizen's wish for a person to the offer on the screen."""

    order_no: str
    offer_seconds: float
    shown_seconds: float
    filled: int  # fields that were there
    uncertain: int  # of these, marked to be checked
    read_characters: int = 0  # of the citizen's words and of the form
    all_characters: int = 0  # of the form and the whole conversation, the bot's sentences with it
    touched: list[str] = field(default_factory=list)
    not_mended: list[str] = field(default_factory=list)  # wrong, and what is right was not to be found
    keys: int = 0
    points: int = 0  # moves to something and a click
    seconds: float = 0.0  # of the script, from taking it to the end: machine time, no reading


def log_in(page: Page, system: System, login: str, password: str) -> None:
    page.goto(f"{system.base_url}/seat")
    page.get_by_label("账号").fill(login)
    page.get_by_label("密码").fill(password)
    page.get_by_role("button", name="登录").click()
    page.get_by_text("在线", exact=True).wait_for(timeout=PATIENCE_MS)


def hand_over(system: System, matter: str, *, answers: int = 2) -> str:
    """A citizen tells the matter, answers so many questions and asks for a person; the conversation."""
    answer = system.chat(matter)
    conversation_id = str(answer["conversation_id"])
    for _ in range(answers):
        known = _ANSWERS.get(str(answer["asking"]))
        if known is None:
            break
        answer = system.chat(known, conversation_id)
    system.chat("转人工", conversation_id)
    return conversation_id


def take_offer(page: Page) -> float:
    """Accept by the keyboard; seconds until the order stands on the screen and can be filed."""
    page.locator("body").press("a")
    began = time.monotonic()
    page.wait_for_function(
        "() => (document.querySelector('#field-detail') || {}).value?.trim()"
        " && !document.querySelector('.order button[type=submit]').disabled",
        timeout=PATIENCE_MS,
        polling=50,
    )
    return time.monotonic() - began


def file_offered(page: Page, system: System, matter: str, *, answers: int = 2, right: Right | None = None) -> Filing:
    """From the citizen's wish to the end of the conversation; with `right` everything in the order is checked."""
    hand_over(system, matter, answers=answers)
    asked = time.monotonic()
    page.get_by_role("alertdialog", name="派给您的会话").wait_for(timeout=PATIENCE_MS)
    offered = time.monotonic() - asked
    taken = time.monotonic()
    shown = take_offer(page)
    form = _read(page)
    made = Filing(
        "", offered, shown, len(form.known), form.uncertain, form.read_characters, form.all_characters, keys=1
    )
    for key in form.missing:
        words = _BY_HAND[key]
        page.locator(f"#field-{key}").fill(words)
        made.touched.append(key)
        made.keys += len(words) * _KEYS_A_CHARACTER
        made.points += 1
    if right is not None:
        _mend(page, made, right)
    page.locator("body").press("Control+Enter")
    made.keys += 1
    told = page.get_by_text("已登记，工单号").first
    told.wait_for(timeout=PATIENCE_MS)
    made.order_no = (told.text_content() or "").split("工单号")[-1].strip()
    page.get_by_role("button", name="结束会话").click()
    made.points += 1
    page.get_by_text("还没有接起会话").wait_for(timeout=PATIENCE_MS)
    made.seconds = time.monotonic() - taken
    return made


@dataclass(frozen=True, slots=True)
class _Form:
    known: list[str]
    missing: list[str]
    uncertain: int
    read_characters: int
    all_characters: int


def _read(page: Page) -> _Form:
    """The form as it was filled before anybody touched it."""
    values: dict[str, str] = page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll('[id^="field-"]')].map(
            (one) => [one.id.slice(6), (one.value ?? '').trim()]))"""
    )
    values["request_type"] = _chosen_type(page)
    record, form_characters = page.get_by_role("log", name="对话记录"), sum(map(len, values.values()))
    return _Form(
        [key for key, value in values.items() if value],
        [key for key in _BY_HAND if not values.get(key)],
        page.get_by_text("请核对", exact=True).count(),
        form_characters + sum(map(len, record.locator(".turn.citizen .said").all_inner_texts())),
        form_characters + sum(map(len, record.locator(".turn .said").all_inner_texts())),
    )


def _chosen_type(page: Page) -> str:
    """The list keeps its choice beside its input."""
    chosen = page.locator(".field", has=page.locator("#field-request_type")).locator(".el-select__placeholder")
    return chosen.inner_text().strip().replace("请选择", "")


def _mend(page: Page, made: Filing, right: Right) -> None:
    if _chosen_type(page) not in right.request_types:
        page.locator("#field-request_type").click()
        page.get_by_role("option", name=right.request_types[0]).click()
        made.touched.append("request_type")
        made.points += 2
    if page.locator(".picker .meta").inner_text().strip().rpartition("／")[2] not in right.categories:
        _choose(page, made, "category", "查事项类别", right.look_up, "找到的类别", right.categories)
    place = [page.locator(f"#field-{key}").input_value() for key in ("district", "street")]
    if place != [right.district, right.street]:
        page.get_by_role("button", name="选地点").click()
        made.points += 1
        _choose(page, made, "place", "按地名查找", right.street, "找到的地点", (f"{right.district} {right.street}",))
        page.get_by_role("button", name="选地点").click()
        made.points += 1


def _choose(
    page: Page, made: Filing, key: str, field_name: str, words: str, list_name: str, wanted: tuple[str, ...]
) -> None:
    """Type into a field that looks things up, and take what is wanted from the list below it."""
    made.touched.append(key)
    page.get_by_label(field_name).fill(words)
    made.keys += len(words) * _KEYS_A_CHARACTER
    found = page.get_by_role("list", name=list_name)
    found.wait_for(timeout=PATIENCE_MS)
    choices = found.get_by_role("button")
    at = next((n for n, text in enumerate(choices.all_inner_texts()) if any(one in text for one in wanted)), None)
    if at is None:
        made.not_mended.append(key)
        page.get_by_label(field_name).fill("")
        return
    choices.nth(at).click()
    made.points += 2
