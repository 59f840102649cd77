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
    r"(?:不在|不是|不属于?|没在)(?:你们)?北京|(?:在|是)(?:外地|外省)(?!人|来|务工|打工|户口|户籍|车|牌)"
)
_OURS: Final = re.compile(
    r"(?<!不)(?:在|来|到|去|回|进|上)北京|北京(?:市|城|这|那|的)|(?:在|来|到)(?:这边|这儿|这里|本市)(?=[上打工住租买看])"
)
_COMES_FROM: Final = re.compile(
    r"人(?=[\s,，。]|$|在|来|打工)|老家|户口|户籍|籍|过来|[搬嫁]|来的|来京|进京|出差|打工|上班|上学|读书|务工|租房|租的"
)
_BELONGS: Final = r"(?:省|市|自治区|这?边|这儿|这里|那边|那儿)?"


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
        behind = "|".join(f"(?<={name})" for name in (r"[^\u4e00-\u9fff]", "[是在我们家到从的省市那这]", *provinces))
        named = rf"(?:^|{behind})(?!{'|'.join(ours)})(?:{names})"
        lives = (
            rf"(?:^|(?<=[\s,，。;；!！?？]))(?:(?:我|俺|咱)(?:们)?(?:家|村|这|这边|这儿)?|家|人)(?:现在)?(?:是|在|住在?|就在)"
            rf"{named}"
        )
        return cls(codes, counties, re.compile(named), re.compile(lives))


@lru_cache(1)
def _places() -> _Places:
    return _Places.load()


def without(text: str) -> str:
    """The text without the names of places elsewhere: some of ours sound like them."""
    return _places().named.sub("", reading.normalise(text))


def find(text: str, *, asked: bool) -> Elsewhere | None:
    """Where outside our city the matter lies; None where nothing says that it does.

    Args:
        asked: the text answers the question where it is.
    """
    words = reading.normalise(text)
    if not asked:
        return _told(words) if _lives(words) and not _OURS.search(words) else None
    if _NOT_OURS.search(words) or (_begins(words) and not _OURS.search(words)):
        return _told(words)
    return None


def _lives(words: str) -> bool:
    """Whether the citizen says that they are there, with what is wrong: not that they come from there."""
    found = _places().lives.search(words)
    return bool(found) and not _COMES_FROM.search(words[found.start() : found.end() + 8] if found else "")


def _begins(words: str) -> bool:
    """Whether an answer begins with a place elsewhere."""
    found = _places().named.search(words)
    return found is not None and len(reading.bare(words[: found.start()])) <= 4 and not _COMES_FROM.search(words)


def _told(words: str) -> Elsewhere:
    """The place as it is named to the citizen: the county's city, for that is whose hotline it is."""
    places = _places()
    names = [found.group() for found in places.named.finditer(words)]
    with_code = next((name for name in names if places.codes[name]), "")
    name = with_code or next(iter(names), "")
    return Elsewhere(places.city_of.get(name, name), places.codes.get(name, ""))
