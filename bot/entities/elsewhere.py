"""Does a matter lie outside our city? "我是燕郊的，我们这儿暖气不热", or "石家庄，不在北京" in answer to "where?".

A place elsewhere is named far more often than a matter lies there: a citizen comes from it, bought something from it,
goes to it. So unasked only "I am there" counts, and never beside a name of our own city.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import yaml

from base.errors import ConfigurationError
from bot import reading

DEFAULT_PATH: Final = Path(__file__).with_name("places_elsewhere.yml")
_NOT_OURS: Final = re.compile(
    r"(?:不在|不属于?)(?:你们)?北京(?![站西南北东路大])|不是(?:你们)?北京的?(?=[\s,，。]|$)|^(?:我)?(?:们)?(?:在|是)?(?:外地|外省)的?[\s,，。]*$"
)
_OURS: Final = re.compile(
    r"(?<!不)(?:在|来|到|去|回|进|上)北京|北京(?:市|城|这|那|的)|(?:在|来|到)(?:这边|这儿|这里|本市|[你您]们[这那](?:儿|里|边)?)"
)
# Whoever comes from there, or is there for a while, tells of something here more often than not: that is asked.
_COMES_FROM: Final = re.compile(
    r"是[^,，。]{2,8}人|老家|户口|户籍|籍|过来|[搬嫁]|来的|来京|进京|出差|打工|上班|上学|读书|务工|租|看病|旅游|来玩|[车牌]|司机"
    r"|民工|工地(?:上)?(?:干|老板|打工)|外卖|房东|工作|公司|老板|坐地铁|检查站|环路|老房子|师傅|开了?个?店|铺|城管|网上|北漂"
)
_AT_ONCE: Final = 8  # characters behind the name
_FIXED_THERE: Final = re.compile(
    r"(?:我|咱|俺)们(?:这儿?|这边|这里|小区|村|楼|院|镇|县|学校)|楼[上下]|隔壁|对门|邻居|小区|村里|物业|暖气|供暖|停[水电气]|没[水电气]|自来水"
)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """`name`: as it is told to the citizen, empty where none was named. `code`: the trunk code, empty where unknown."""

    name: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class _Places:
    codes: dict[str, str]  # name -> trunk code
    city_of: dict[str, str]  # county -> city
    named: re.Pattern[str]
    lives: re.Pattern[str]

    @classmethod
    def load(cls, path: Path = DEFAULT_PATH) -> _Places:
        """
        Raises:
            ConfigurationError: the file is missing or malformed.
        """
        try:
            data: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
            cities = {str(name): str(code) for name, code in data["cities"].items()}
            counties = {str(name): str(city) for name, city in data["counties"].items()}
            provinces, ours = [str(name) for name in data["provinces"]], [str(name) for name in data["ours"]]
            codes = {
                **dict.fromkeys(provinces, ""),
                **cities,
                **{name: cities[city] for name, city in counties.items()},
            }
        except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
            raise ConfigurationError(f"{path.name}: {type(error).__name__}: {error}") from error
        names = "|".join(sorted((re.escape(name) for name in codes), key=len, reverse=True))
        before = "|".join(f"(?<={name})" for name in (r"[^\u4e00-\u9fff]", "[是在住我们家到从的省市那这]", *provinces))
        after = (
            rf"(?=[省市县]|那边|这边|那儿|这儿|的|[^\u4e00-\u9fff]|$|{names}|农村"
            r"|[\u4e00-\u9fff]{1,4}(?:区|县|市|镇|乡|街道|新城))"
        )
        named = rf"(?:^|{before})(?!{'|'.join(ours)})(?:{names}){after}"
        lives = (
            r"(?:^|(?<=[\s,，。;；!！?？]))(?:(?:我|俺|咱)(?:们)?(?:家|村|这|这边|这儿)?|家|人)(?:现在)?(?:是|在|住在?|就在)"
            rf"{named}"
        )
        return cls(codes, counties, re.compile(named), re.compile(lives))


@lru_cache(1)
def default() -> _Places:
    """Read once a process (at its start: 20 ms).

    Raises:
        ConfigurationError: the file is missing or malformed.
    """
    return _Places.load()


def without(text: str) -> str:
    """The text without the names of places elsewhere: some of ours sound like them."""
    return default().named.sub("", reading.normalise(text))


def find(text: str, *, asked: bool) -> Elsewhere | None:
    """Where outside our city the matter lies; None where nothing says that it does.

    Args:
        asked: the text answers the question where it is.
    """
    words = reading.normalise(text)
    if not asked:
        return _told(words) if _lives(words) and not _OURS.search(words) else None
    elsewhere = _begins(words) and not _OURS.search(words)
    denied = _NOT_OURS.search(words)
    if elsewhere or (denied and not reading.locative(_NOT_OURS.sub("", words))):
        return _told(words)
    return None


def _lives(words: str) -> bool:
    """Whether the citizen says that they are there, with what is wrong there: not that they come from there."""
    found = default().lives.search(words)
    if found is None:
        return False
    behind = words[found.end() :]
    at_once = _FIXED_THERE.search(behind[:_AT_ONCE])  # "I live in A, our heating is cold", whatever else is told
    return bool(at_once or (_FIXED_THERE.search(behind) and not _COMES_FROM.search(words)))


def _begins(words: str) -> bool:
    """Whether an answer begins with a place elsewhere."""
    found = default().named.search(words)
    return found is not None and len(reading.bare(words[: found.start()])) <= 4 and not _COMES_FROM.search(words)


def _told(words: str) -> Elsewhere:
    """The place as it is named to the citizen: the county's city, for that is whose hotline it is."""
    places = default()
    names = [found.group() for found in places.named.finditer(words)]
    with_code = next((name for name in names if places.codes[name]), "")
    name = with_code or next(iter(names), "")
    return Elsewhere(places.city_of.get(name, name), places.codes.get(name, ""))
