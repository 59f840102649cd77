"""The sample knowledge says only what its sources say: every clause, quote, date and number is looked up again."""

from __future__ import annotations

import functools
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from needs import require

ROOT: Final = Path(__file__).resolve().parents[2]
SAMPLE: Final = ROOT / "knowledge" / "sample"
SHARED: Final = ROOT.parent / "shared"
LAWS: Final = SHARED / "sources" / "laws"
SEEDS: Final = SHARED / "seeds"


@pytest.fixture
def needs_sources() -> None:
    require(
        (LAWS / "index.jsonl").is_file() and SEEDS.is_dir(),
        "the source texts are not beside this checkout (../shared)",
    )


CHECKED_AT_LEAST: Final = 400
ENTRIES_AT_LEAST: Final = 430
SAMPLES_AT_MOST: Final = 30
HOTLINE_AT_LEAST: Final = 20
SPOKEN_AT_MOST: Final = 120
REQUIRED: Final = ("id", "topic", "question", "ask", "answer", "spoken", "owner", "scope", "audience")
OPTIONAL: Final = frozenset({"sources", "sample"})

ARTICLE: Final = re.compile(r"^(第[一二三四五六七八九十百千零〇]+条(?:之[一二三四五六七八九十]+)?)")
SPACE: Final = re.compile(r"\s+")
MARKUP: Final = re.compile(r"<[^>]*>|\*\*")
DATE: Final = re.compile(r"(\d{4})\s*[年-]\s*(\d{1,2})\s*[月-]\s*(\d{1,2})\s*日?")
DIGITS: Final = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
POWERS: Final = {"十": 10, "百": 100, "千": 1000}
NUMERAL: Final = r"(?:\d[\d,.]*|[零〇一二两三四五六七八九十百千万亿]+(?:点[零〇一二三四五六七八九]+)?)万?"
UNITS: Final = (
    "个工作日|工作日|个自然日|个小时|小时|个月|个星期|分钟|分贝|周岁|周年|平方米|毫克|公斤|公里|千米|厘米|万元|亿元"
    "|日|天|元|岁|年|倍|月|米|周|分|人|户|次|点|级|层|时|本|只|名|℃|%|％|‰"
)
QUANTITY: Final = re.compile(
    rf"(?P<whole>[二三四五六七八九十百千万])分之(?P<part>{NUMERAL})|(?P<number>{NUMERAL}|半)(?P<unit>{UNITS})"
)
SAME_UNIT: Final = {
    "天": "日",
    "个自然日": "日",
    "周岁": "岁",
    "个月": "月",
    "个小时": "小时",
    "个工作日": "工作日",
    "周年": "年",
    "％": "%",
    "‰": "/千",
    "个星期": "周",
    "千米": "公里",
}
IDIOMS: Final = re.compile(
    r"一次性|每次|再次|首次|第[一二三四五六七八九十]+次|一时|一级|一层|一名|一人|一户|有一点|一点"
)
TITLE: Final = re.compile(r"《(?P<title>[^》]*)》(?:（(?P<year>\d{4})年[^）]*）)?")
PLAIN_NUMBERS: Final = frozenset({"12345"})


@dataclass(frozen=True, slots=True)
class Law:
    title: str
    version_dates: frozenset[str]
    articles: dict[str, str]


def squeeze(text: str) -> str:
    return SPACE.sub("", MARKUP.sub("", text))


def dates(text: str) -> list[str]:
    return [f"{year}-{int(month):02d}-{int(day):02d}" for year, month, day in DATE.findall(text)]


def read_law(path: Path, listed: str) -> tuple[frozenset[str], dict[str, str]]:
    """Version dates and articles.

    The version is the newest date noted in the head that does not just tell the day of entry into force. The list of
    the collection may know a later amendment: some texts hold it although their notes lag behind, some do not.
    """
    notes, _, body = path.read_text(encoding="utf-8").partition("<!-- INFO END -->")
    noted = [day for line in notes.splitlines() if not line.rstrip().endswith("施行") for day in dates(line)]
    articles: dict[str, str] = {}
    current = ""
    for line in (raw.strip() for raw in body.splitlines()):
        found = ARTICLE.match(line)
        if found:
            current = found[1]
            articles[current] = articles.get(current, "") + squeeze(line[len(current) :])
        elif line.startswith("#"):
            current = ""
        elif current:
            articles[current] += squeeze(line)
    return frozenset({max(noted, default=listed), max([*noted, listed])}), articles


@functools.cache
def laws(title: str) -> tuple[Law, ...]:
    """Every file of that title; parts of the Civil Code are filed under the name of the part alone."""
    found = []
    for row in map(json.loads, (LAWS / "index.jsonl").read_text(encoding="utf-8").splitlines()):
        if title in (row["title"], "民法典" + row["title"]):
            found.append(Law(title, *read_law(LAWS / row["file"], row["version_date"])))
    return tuple(found)


@functools.cache
def seed(number: str) -> str:
    return next(SEEDS.glob(f"{number}_*.txt")).read_text(encoding="utf-8")


@functools.cache
def entries() -> tuple[dict[str, Any], ...]:
    return tuple(
        {**entry, "file": path.name}
        for path in sorted(SAMPLE.glob("*.yml"))
        for entry in yaml.safe_load(path.read_text(encoding="utf-8"))
    )


def number(text: str) -> float:
    """Value of an Arabic or Chinese numeral: 3,000 -> 3000, 一万五千 -> 15000, 三点五 -> 3.5."""
    if text == "半":
        return 0.5
    if text[0].isdigit():
        scale = 10_000 if text.endswith("万") else 1
        return float(text.rstrip("万").rstrip(".,").replace(",", "")) * scale
    whole, _, fraction = text.partition("点")
    total = section = digit = 0
    for character in whole:
        if character in DIGITS:
            digit = DIGITS[character]
        elif character in POWERS:
            section += (digit or 1) * POWERS[character]
            digit = 0
        else:
            scale = 10_000 if character == "万" else 100_000_000
            total += (section + digit or 1) * scale
            section = digit = 0
    value = float(total + section + digit)
    return value + (float("0." + "".join(str(DIGITS[c]) for c in fraction)) if fraction else 0)


def quantities(text: str) -> Iterator[tuple[float, str, str]]:
    """(value, unit, as written) of everything that is counted in the text."""
    for found in QUANTITY.finditer(IDIOMS.sub("某", squeeze(text))):
        if found["whole"]:
            unit = "%" if found["whole"] == "百" else f"/{found['whole']}"
            yield number(found["part"]), unit, found[0]
        else:
            value, unit = number(found["number"]), SAME_UNIT.get(found["unit"], found["unit"])
            if unit == "万元":
                value, unit = value * 10_000, "元"
            yield round(value, 6), unit, found[0]


def said(entry: dict[str, Any]) -> str:
    """What reaches a citizen, without the names of documents (their years are checked apart)."""
    return TITLE.sub("", entry["answer"] + "。" + entry["spoken"])


def named(entry: dict[str, Any]) -> Any:
    return pytest.param(entry, id=entry["id"])


ALL: Final = [named(entry) for entry in entries()]
CHECKED: Final = [named(entry) for entry in entries() if not entry.get("sample")]
SAMPLES: Final = [named(entry) for entry in entries() if entry.get("sample")]


def test_numerals_are_read_and_compared() -> None:
    assert list(quantities("罚款一万五千元，3,000元")) == [(15000, "元", "一万五千元"), (3000, "元", "3,000元")]
    assert [q[:2] for q in quantities("自收到之日起十五日内")] == [q[:2] for q in quantities("15天以内")]
    assert [q[:2] for q in quantities("百分之八十")] == [(80, "%")] == [q[:2] for q in quantities("80%")]
    assert [q[:2] for q in quantities("三分之二")] == [(2, "/三")]
    assert [q[:2] for q in quantities("千分之一")] == [(1, "/千")] == [q[:2] for q in quantities("1‰")]
    assert [q[:2] for q in quantities("一百一十天，半年")] == [(110, "日"), (0.5, "年")]
    assert [q[:2] for q in quantities("两万元")] == [(20000, "元")]
    assert [q[:2] for q in quantities("五个工作日")] != [q[:2] for q in quantities("五日")]


def test_the_collection_is_large_and_mostly_checked() -> None:
    assert len(ALL) >= ENTRIES_AT_LEAST
    assert len(CHECKED) >= CHECKED_AT_LEAST
    assert len(SAMPLES) <= SAMPLES_AT_MOST
    assert sum(entry["topic"] == "热线" for entry in entries()) >= HOTLINE_AT_LEAST


def test_ids_and_questions_are_unique() -> None:
    ids = Counter(entry["id"] for entry in entries())
    questions = Counter(SPACE.sub("", q) for entry in entries() for q in {entry["question"], *entry["ask"]})
    assert [key for key, n in ids.items() if n > 1] == []
    assert [key for key, n in questions.items() if n > 1] == []


@pytest.mark.parametrize("entry", ALL)
def test_an_entry_is_complete(entry: dict[str, Any]) -> None:
    assert set(entry) - {"file"} - OPTIONAL == set(REQUIRED)
    for key in set(REQUIRED) - {"ask"}:
        assert isinstance(entry[key], str) and entry[key] == entry[key].strip() != ""
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", entry["id"])
    assert len(set(entry["ask"])) == len(entry["ask"]) >= 3
    assert all(isinstance(ask, str) and len(ask) >= 4 for ask in entry["ask"])
    assert len(entry["spoken"]) <= SPOKEN_AT_MOST
    assert not re.search(r"https?:|www\.|\.(com|cn|gov)\b", entry["answer"] + entry["spoken"])
    assert entry["scope"] in ("全国", "北京")
    assert entry["audience"] in ("person", "enterprise")
    assert bool(entry.get("sources")) != bool(entry.get("sample"))


@pytest.mark.parametrize("entry", SAMPLES)
def test_a_sample_claims_nothing_that_could_be_wrong(entry: dict[str, Any]) -> None:
    assert "示例" in entry["answer"] and "示例" in entry["spoken"]
    assert "人工" in entry["answer"] and "人工" in entry["spoken"]
    assert "sources" not in entry and "《" not in entry["answer"] + entry["spoken"]
    assert list(quantities(said(entry))) == []
    assert set(re.findall(r"\d+", said(entry))) <= PLAIN_NUMBERS


@pytest.mark.usefixtures("needs_sources")
@pytest.mark.parametrize("entry", CHECKED)
def test_every_source_says_what_is_quoted(entry: dict[str, Any]) -> None:
    places = [(source["title"], source["clause"]) for source in entry["sources"]]
    assert len(set(places)) == len(places)
    for source in entry["sources"]:
        assert set(source) - {"seed"} == {"title", "issuing_body", "clause", "version_date", "quote"}
        quote = squeeze(source["quote"])
        assert len(quote) >= 6 and "…" not in quote and source["issuing_body"]
        if "seed" in source:
            text = seed(source["seed"])
            assert squeeze(source["title"]) in squeeze(text)
            assert squeeze(source["clause"]) in squeeze(text)
            assert source["version_date"] in dates("\n".join(text.splitlines()[:10]))
            assert quote in squeeze(text)
        else:
            known = laws(source["title"])
            assert known, f"no law is called {source['title']}"
            assert any(source["version_date"] in law.version_dates for law in known)
            assert any(quote in law.articles.get(source["clause"], "") for law in known), (places, quote)


@pytest.mark.usefixtures("needs_sources")
@pytest.mark.parametrize("entry", CHECKED)
def test_every_number_of_an_answer_stands_in_a_quote(entry: dict[str, Any]) -> None:
    quoted = "。".join(source["quote"] for source in entry["sources"])
    backed = {(value, unit) for value, unit, _ in quantities(quoted)}
    loose = [written for value, unit, written in quantities(said(entry)) if (value, unit) not in backed]
    assert loose == []
    bare = set(re.findall(r"\d{3,}", said(entry))) - PLAIN_NUMBERS
    assert {digits for digits in bare if digits not in squeeze(quoted)} == set()


@pytest.mark.parametrize("entry", CHECKED)
def test_an_answer_names_its_document_and_the_year_of_the_version(entry: dict[str, Any]) -> None:
    nested = str.maketrans("《》", "〈〉")  # a title inside a title
    years = {source["title"].translate(nested): source["version_date"][:4] for source in entry["sources"]}
    written = [(found["title"], found["year"]) for found in TITLE.finditer(entry["answer"])]
    assert {title for title, _ in written} == set(years)
    assert all(year in (None, years[title]) for title, year in written)
    assert any(year == years[title] for title, year in written)
