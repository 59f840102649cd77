"""When something happened: the citizen's own wording kept, and the moments it stands for where they can be told.

Relative expressions are resolved against `now` on the city's wall clock (UTC+8). A vague one (`最近`, `一直`) keeps its
wording and has no moments; so does what names no day (`晚上十点`), for it may be today, yesterday or a habit, and what
comes again and again (`每周六晚上`). Weeks begin on Monday.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from base.clock import CHINA, local
from bot.entities import misheard

_NUMERALS: Final = {
    **dict(zip("零一二三四五六七八九", range(10), strict=True)),
    "〇": 0,
    "两": 2,
    "俩": 2,
    "仨": 3,
    "半": 0.5,
}
_N: Final = r"(?:\d+|[零〇一二两三四五六七八九十百]+)"
_DAY_WORDS: Final = {
    word: offset
    for offset, words in {
        -3: "大前天 大前儿",
        -2: "前天 前儿 前日 前晚",
        -1: "昨天 昨儿 昨日 昨晚 昨夜",
        0: "今天 今儿 今日 今早 今晚 今晨",
        1: "明天 明儿 明早 明晚",
        2: "后天",
    }.items()
    for word in words.split()
}
_PARTS: Final = {  # hours of the day
    word: hours
    for hours, words in {
        (0, 6): "凌晨 后半夜",
        (0, 5): "半夜 大半夜",
        (5, 8): "清晨 今晨",
        (5, 9): "一大早 大清早",
        (6, 9): "早上 早晨 今早 明早 早",
        (8, 12): "上午",
        (11, 13): "中午",
        (13, 18): "下午",
        (17, 19): "傍晚",
        (18, 23): "晚上 昨晚 今晚 前晚 明晚 晚间 晚",
        (20, 24): "前半夜",
        (22, 24): "深夜 夜里 夜间 昨夜 夜",
    }.items()
    for word in words.split()
}
_PART: Final = "|".join(sorted((part for part in _PARTS if len(part) > 1), key=len, reverse=True))
_DAY: Final = (
    rf"(?:{'|'.join(sorted(_DAY_WORDS, key=len, reverse=True))}"
    rf"|(?:上上|上|这|本|下)(?:个)?(?:周|星期|礼拜)(?:[一二三四五六日天末](?!到|至今)?)?|(?:周|星期|礼拜)[一二三四五六日天]|周末"
    rf"|(?:(?:20\d\d|\d\d|[零〇一二三四五六七八九]{{2,4}})年|今年|去年|前年)?(?:{_N})月(?:份)?(?:{_N}(?:号|日))?|(?:20\d\d|0\d|1\d|2\d|[零〇一二三四五六七八九]{{4}})年(?!级)"
    rf"|20\d\d[-/.]\d{{1,2}}[-/.]\d{{1,2}}|(?:上上个|上个|这个|本|上)月(?:{_N}(?:号|日)|底|初|中旬|月底|月初|中)?|{_N}(?:号|日)(?!楼|院|线|门|店|房|地|机|码)"
    r"|(?:农历|阴历)?(?:正月|腊月|冬月)(?:初[一二三四五六七八九十]|[一二三]?十[一二三四五六七八九]?|廿[一二三四五六七八九])?"
    r"|大年(?:初[一二三四五六七八九]|三十)|除夕|清明|端午|中秋|重阳"
    r"|今年|去年|前年|(?<!大)年初|年底|月初|月底|春节|国庆|元旦|五一|十一(?=假|期|长|那))"
)
_CLOCK: Final = rf"(?:{_N}(?:点|时)(?:半|[一三]刻(?:钟)?|{_N}分?|来钟|多|左右|钟)?|\d{{1,2}}[:：]\d{{2}})"
_POINT: Final = rf"(?:{_DAY}的?(?:{_PART})?(?:{_CLOCK})?|(?:{_PART})(?:{_CLOCK})?|{_CLOCK})"
_SPAN: Final = (
    r"(?:快|得有|有|都|已经|将近|大概|大约|差不多|好几|小|前后)*"
    rf"(?:{_N}|[半几好]+|[一二三四五六七八九两]十[几来]|十几|十来|俩|仨)(?:个)?(?:多)?(?:多个)?"
    r"(?:小时|钟头|分钟|天|礼拜|星期|周|月|年)(?:半|多|左右|来)?"
)
_AGO: Final = rf"(?:{_SPAN})(?:了|之前|以前|前|以来)"
_NOW: Final = r"(?:刚才|刚刚|刚|现在|目前|这会儿|方才)"
_EVERY: Final = (
    r"(?:每(?:天|晚|夜|日|周|月|年|到)|天天|夜夜|年年|整天|成天|经常|总是|老是|平时|天天如此)(?:都)?的?"
    rf"(?:{_DAY}|{_PART})?(?:{_CLOCK})?"
)
_VAGUE: Final = (
    r"(?:一直(?:都)?(?:这样|是|如此)?|最近|近期|近来|前几天|前两天|前一阵子?|前段时间|这几天|这两天|这阵子|"
    r"好久|很久|很长时间|长期|老早|早就|上次|有些日子|有一阵子?)了?"
)
_ANY: Final = re.compile(
    rf"(?:(?:(?:从|自)(?!每|天天))?(?:{_AGO}|{_EVERY}|{_POINT}|{_NOW}|{_VAGUE}|{_SPAN}))"
    rf"(?:[,，]?(?:差不多|大概|就是|都是|天天)?(?:就)?(?:开始|起|以来)?[,，]?(?:一直)?(?:到|至|-|—|~)?(?:{_AGO}|{_EVERY}|{_POINT}|{_NOW}|{_VAGUE}))*(?:开始|起|以来|左右|前后|来钟)?"
)
_AGE: Final = re.compile(rf"(?:今年)(?:都|快|有|已经)?(?:[六七八九]?十[一二三四五六七八九]?|{_N})(?:多)?(?:岁|了|$)")
_AGAIN_AND_AGAIN: Final = re.compile(
    rf"每(?:个|隔)?(?:周|星期|礼拜|月|年)的?(?:[一二三四五六日天末]|{_N}(?:号|日)|{_N}月(?:份)?(?:{_N}(?:号|日))?)|{_EVERY}"
)
_SINCE: Final = re.compile(r"到现在|至今|以来|开始|从|[后就]一直|起$")
_TILL: Final = r"\s*(?:到|至|-|—|~)\s*"
_PART_OF_YEAR: Final = re.compile(r"的?(?:[春夏秋冬入]|年?[初底末]|[上下]半年)")
_NOT_KNOWN: Final = re.compile(r"记不(?:清|得|住|起)|不(?:记得|清楚|知道)|说不(?:好|准|清)|忘了")


@dataclass(frozen=True, slots=True)
class TimeFinding:
    """`text`: as said. `start`, `end`: aware, UTC+8, None where they cannot be told. `recurring`: every day, always."""

    text: str
    start: datetime | None = None
    end: datetime | None = None
    recurring: bool = False
    ongoing: bool = False

    @property
    def moments(self) -> tuple[str, str]:
        """`start` and `end` as ISO text to the minute; both empty unless both are known and in order."""
        if self.start is None or self.end is None or self.end < self.start:
            return "", ""
        return self.start.isoformat(timespec="minutes"), self.end.isoformat(timespec="minutes")


def find(text: str, now: datetime, *, asked: bool = False, spoken: bool = False) -> TimeFinding | None:
    """The (longest) expression of time in `text`, or None. `now` must be aware.

    `spoken`: what a recogniser misspells is repaired first (山点半).
    `asked`: the time was just asked for; then the whole answer is kept as the wording unless it says "I do not know".
    """
    if now.tzinfo is None:
        raise ValueError("now must be an aware datetime")
    if spoken:
        text = misheard.repaired(text)
    matches = [
        match
        for match in _ANY.finditer(text)
        if not _mere_number(match, text) and not _AGE.match(text, match.start()) and not _in_front(match, text)
    ]
    if not matches:
        return None
    best = max(matches, key=lambda match: len(match.group()))
    wording = best.group().strip(" ,，")
    start, end = _resolve(text if asked else wording, local(now))
    recurring = any(re.search(_EVERY, match.group()) for match in matches)
    ongoing = bool(re.search(r"到现在|至今|一直|开始|以来|起$|[了]$|天天|每天|都没", text if asked else wording))
    if asked and not _NOT_KNOWN.search(text):
        wording = re.sub(r"^(?:嗯+|呃+|啊+|那个|就是|就|大概是?|[\s,，])+|[\s,，。吧啊呢]+$", "", text)[:80] or wording
    return TimeFinding(wording, start, end, recurring, ongoing)


def moments(wording: str, now: datetime) -> tuple[str, str]:
    """`TimeFinding.moments` of a field that tells a time and nothing else."""
    found = find(wording, now, asked=True)
    return found.moments if found else ("", "")


def _mere_number(match: re.Match[str], text: str) -> bool:
    """A lone `一天` or `三个月` without 前, 了 or 有 says nothing about when; `拖了十几年` and `08年` do."""
    said = match.group()
    if text[: match.start()].endswith("了") or re.fullmatch(r"(?:0\d|[12]\d|20\d\d)年", said):
        return False
    return bool(re.fullmatch(_SPAN, said)) and not re.search(r"了|前|以来|有|快|都", said)


def _in_front(match: re.Match[str], text: str) -> bool:
    """跟前儿 and 眼前儿 are places."""
    return match.group().startswith("前儿") and text[: match.start()].endswith(tuple("跟眼面门头"))


def number(said: str) -> float | None:
    """`12`, `十二`, `两`, `半`, `二零二六` as a number; None for anything else."""
    if said.isdigit():
        return int(said)
    if said in _NUMERALS:
        return _NUMERALS[said]
    if re.fullmatch(r"一[两二]|[二两]三|三四|三五|四五|五六|六七|七八|八九", said):
        return _NUMERALS[said[0]]  # 一两点, 两三天: the first of the two
    if re.fullmatch(r"[零〇一二三四五六七八九]{2,}", said):
        return int("".join(str(int(_NUMERALS[c])) for c in said))
    match = re.fullmatch(
        r"(?:([一二两三四五六七八九])?百)?零?(?:([一二三四五六七八九])?(十))?([一二三四五六七八九])?", said
    )
    if not match or not said:
        return None
    hundreds = 100 * int(_NUMERALS[match[1]]) if match[1] else (100 if "百" in said else 0)
    tens = 10 * int(_NUMERALS[match[2]] if match[2] else 1) if match[3] else 0
    return hundreds + tens + (int(_NUMERALS[match[4]]) if match[4] else 0)


def _resolve(text: str, now: datetime) -> tuple[datetime | None, datetime | None]:
    text = _AGAIN_AND_AGAIN.sub("", text)  # 从上周开始每天晚上: what is left is since when
    day = next(re.finditer(_DAY, text), None)
    ago = re.search(
        rf"({_N}|半|好几|十几|十来|俩|仨|几)个?[多来]?(小时|钟头|分钟|天|礼拜|星期|周|月|年)(半)?(?:多|左右|来)?(?:了|之前|以前|前|以来)|了({_N}|好几|十几|几|半)个?多?(天|礼拜|星期|周|月|年)",
        text,
    )
    past = ago is not None and ago.group().endswith("前")
    if ago and past and day and 0 <= day.start() - ago.end() <= 1:
        return None, None  # 两年前的三月五号: a day of another year than those that are counted from today
    if ago and day is None:  # 住了三十年了，昨天漏水: the day tells when
        start = _ago(ago, now)
        if start is None or not past or _SINCE.search(text) or start.time() != time(0):
            return start, now
        return _within_day(text[ago.end() :], start.date(), start.date(), now)
    if day is None:
        just = re.search(_NOW, text) and not re.search(r"到(?:现在|目前|这会儿)", text)
        return (now - timedelta(hours=1), now) if just else (None, None)
    first, last = _days(day.group(), now.date())
    if first is None or last is None or (day.group().endswith("年") and _PART_OF_YEAR.match(text, day.end())):
        return None, None
    last = _last_day(text[day.end() :], first, last, now.date())
    start, end = _within_day(text[day.start() :], first, last, now)
    if _SINCE.search(text) and start < now:
        end = now
    return start, end


def _last_day(rest: str, first: date, last: date, today: date) -> date:
    """The last day of `9月到11月` and of `一号到七号`; `last` itself where no later one is told."""
    if (number_only := re.match(rf"{_TILL}({_N})(?:号|日)", rest)) is not None:
        try:
            until = first.replace(day=int(number(number_only[1]) or 0))
        except ValueError:
            return last
    elif (named := re.match(rf"{_TILL}({_DAY})", rest)) is not None:
        sunday = first + timedelta(days=6 - first.weekday())
        seen_from = sunday if re.match(r"周|星期|礼拜", named[1]) else today
        if re.match(rf"{_N}月", named[1]):
            seen_from = date(first.year, 12, 31)
        until = _days(named[1], seen_from)[1] or last
    else:
        return last
    return max(until, last)


def _ago(match: re.Match[str], now: datetime) -> datetime | None:
    said, unit = match[1] or match[4], match[2] or match[5]
    amount = {"几": 3.0, "好几": 5.0, "十几": 15.0, "十来": 10.0}.get(said) or number(said)
    if amount is None:
        return None
    amount += 0.5 if match[3] else 0
    days = {"天": 1, "礼拜": 7, "星期": 7, "周": 7, "月": 30.44, "年": 365.25}.get(unit)
    if days is None:
        return now - timedelta(minutes=amount * (1 if unit == "分钟" else 60))
    moment = now - timedelta(days=amount * days)
    return datetime.combine(moment.date(), time(0), CHINA)


def _within_day(text: str, first: date, last: date, now: datetime) -> tuple[datetime, datetime]:
    """Narrow whole days to the hour or the part of the day that is said beside them."""
    start = datetime.combine(first, time(0), CHINA)
    end = datetime.combine(last + timedelta(days=1), time(0), CHINA)
    if first != last:
        return start, end
    clock = re.search(rf"({_N})(?:点|时)(半|[一三]刻|{_N}分?)?|(\d{{1,2}})[:：](\d{{2}})", text)
    before = text[: clock.start()] if clock else text  # 晚上十点到早上六点: the first part of the day
    part = next((name for name in sorted(_PARTS, key=len, reverse=True) if name in before), None)
    if clock:
        hour = int(number(clock[1] or clock[3]) or 0)
        minutes = {"半": 30.0, "一刻": 15.0, "三刻": 45.0}.get(clock[2] or "")
        if minutes is None:
            minutes = number((clock[2] or clock[4] or "0").rstrip("分")) or 0.0
        if part and _PARTS[part][0] >= 12 and hour < 12:
            hour += 12
        if 0 <= hour <= 24 and 0 <= minutes < 60:
            moment = start + timedelta(hours=hour, minutes=minutes)
            return moment, _until(text[clock.end() :], start, moment, hour)
    if part:
        low, high = _PARTS[part]
        return start + timedelta(hours=low), start + timedelta(hours=high)
    return start, end


def _until(rest: str, day: datetime, begin: datetime, begin_hour: int) -> datetime:
    """The end of `八点到十点`; the beginning itself where only one moment is told."""
    match = re.match(rf"(?:钟|左右)?(?:到|至|-|—|~)(?:{_PART})?({_N})(?:点|时)(半|[一三]刻|{_N}分?)?", rest)
    hour = number(match[1]) if match else None
    if match is None or hour is None:
        return begin
    minutes = {"半": 30.0, "一刻": 15.0, "三刻": 45.0}.get(match[2] or "")
    if minutes is None:
        minutes = number((match[2] or "0").rstrip("分")) or 0.0
    if hour <= 12 <= begin_hour and hour + 12 > begin_hour:
        hour += 12  # 下午两点到四点
    end = day + timedelta(hours=int(hour), minutes=minutes)
    if end <= begin:
        end += timedelta(days=1)  # 晚上十点到早上六点
    return end if hour <= 24 and minutes < 60 else begin


def _days(said: str, today: date) -> tuple[date | None, date | None]:
    for word in sorted(_DAY_WORDS, key=len, reverse=True):
        if said.startswith(word):
            day = today + timedelta(days=_DAY_WORDS[word])
            return day, day
    week = re.match(r"(上上|上|这|本|下)?(?:个)?(?:周|星期|礼拜)([一二三四五六日天末])?", said)
    if week and week.group():
        return _week(week[1], week[2], today)
    return _calendar(said, today)


def _week(which: str | None, weekday: str | None, today: date) -> tuple[date, date]:
    monday = (
        today - timedelta(days=today.weekday()) + timedelta(weeks={"上上": -2, "上": -1, "下": 1}.get(which or "", 0))
    )
    if weekday is None:
        return monday, monday + timedelta(days=6)
    if weekday == "末":
        saturday = monday + timedelta(days=5)
        if which is None and saturday > today:
            saturday -= timedelta(weeks=1)
        return saturday, saturday + timedelta(days=1)
    day = monday + timedelta(days="一二三四五六日天".index(weekday) if weekday != "天" else 6)
    if which is None and day > today:
        day -= timedelta(weeks=1)  # without 上 or 下 the citizen tells of the last one
    return day, day


def _calendar(said: str, today: date) -> tuple[date | None, date | None]:
    try:
        if dashed := re.match(r"(20\d\d)[-/.](\d{1,2})[-/.](\d{1,2})", said):
            day = date(int(dashed[1]), int(dashed[2]), int(dashed[3]))
            return day, day
        year, rest = _year(said, today)
        relative = re.match(rf"(上上个|上个|这个|本|上)月(?:({_N})(?:号|日)|(底|月底)|(初|月初)|(中旬|中))?", rest)
        if relative:
            back = {"上上个": 2, "上个": 1, "上": 1}.get(relative[1], 0)
            index = today.year * 12 + today.month - 1 - back
            return _month_part(index // 12, index % 12 + 1, relative[2], relative[3], relative[4], relative[5])
        month = re.match(rf"({_N})月(?:份)?(?:({_N})(?:号|日))?", rest)
        if month:
            number_of_month = int(number(month[1]) or 0)
            chosen = year or (today.year if number_of_month <= today.month else today.year - 1)
            return _month_part(chosen, number_of_month, month[2])
        if day_only := re.match(rf"({_N})(?:号|日)", rest):
            chosen_day = int(number(day_only[1]) or 0)
            index = today.year * 12 + today.month - 1 - (1 if chosen_day > today.day else 0)
            day = date(index // 12, index % 12 + 1, chosen_day)
            return day, day
        if year:
            return date(year, 1, 1), min(date(year, 12, 31), today)
    except ValueError:  # 2月30日, 13月: said wrong, the wording is kept
        return None, None
    return None, None


def _year(said: str, today: date) -> tuple[int | None, str]:
    for word, offset in (("今年", 0), ("去年", -1), ("前年", -2)):
        if said.startswith(word):
            return today.year + offset, said[len(word) :]
    match = re.match(r"(\d{2,4}|[零〇一二三四五六七八九]{2,4})年", said)
    if not match:
        return None, said
    value = int(number(match[1]) or 0)
    return (value if value > 100 else 2000 + value if value <= today.year % 100 + 1 else 1900 + value), said[
        match.end() :
    ]


def _month_part(
    year: int, month: int, day: str | None, late: str | None = None, early: str | None = None, middle: str | None = None
) -> tuple[date, date]:
    if day:
        exact = date(year, month, int(number(day) or 0))
        return exact, exact
    first = date(year, month, 1)
    last = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
    if late:
        return last - timedelta(days=7), last
    if early:
        return first, first + timedelta(days=6)
    if middle:
        return date(year, month, 11), date(year, month, 20)
    return first, last
