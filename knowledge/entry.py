"""A knowledge entry as an editor writes it: one standard question, its other wordings, one answer, its sources."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from base.clock import CHINA
from knowledge.entry_problems import Problem, problems_of
from knowledge.errors import ImportRefused, KnowledgeError, RowProblem
from knowledge.model import Citation

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{1,63}$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=4000)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=300)]


_WRITTEN: Final = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]*(\d{1,2})[:：](\d{2})(?:[:：]00(?:\.0+)?)?)?"
)


def _when(value: Any) -> Any:
    """`2026-03-01` is a day; `2026-03-01T09:30` (or with a blank) a minute on the city's clock; empty is None."""
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        found = value if value.tzinfo is not None else value.replace(tzinfo=CHINA)
        return found.astimezone(CHINA).replace(second=0, microsecond=0)
    if isinstance(value, date):
        return value
    text = str(value).strip()
    if written := _WRITTEN.fullmatch(text):
        year, month, day, hour, minute = written.groups()
        try:
            if hour is None:
                return date(int(year), int(month), int(day))
            return datetime(int(year), int(month), int(day), int(hour), int(minute), tzinfo=CHINA)
        except ValueError:
            raise ValueError(f"没有“{text}”这一天或这个时刻") from None
    try:
        return _when(datetime.fromisoformat(text))
    except ValueError:
        raise ValueError("日期应写成 2026-03-01 或者 2026-03-01 09:30") from None


def _write_when(value: date | datetime | None) -> str | None:
    if isinstance(value, datetime):
        return value.astimezone(CHINA).strftime("%Y-%m-%dT%H:%M")
    return None if value is None else value.isoformat()


When = Annotated[
    datetime | date | None,
    BeforeValidator(_when),
    PlainSerializer(_write_when, return_type=str | None, when_used="json"),
]
"""A whole day of the city, or a minute (an aware datetime)."""


class Attachment(BaseModel):
    """A file or page that goes with an answer: a form, a map, where to apply online."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: Line
    url: str

    @field_validator("url")
    @classmethod
    def _http(cls, value: str) -> str:
        return _web_address(value)


def _web_address(value: str) -> str:
    if value and not value.startswith(("http://", "https://")):
        raise ValueError("网址应以 http:// 或 https:// 开头")
    return value


class Source(BaseModel):
    """Where an answer stands. `version_date` is the date of the version that was read, empty where it tells none."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: Line
    issuing_body: Annotated[str, StringConstraints(strip_whitespace=True)] = ""
    document_no: str = ""
    clause: str = ""
    version_date: str = ""
    quote: str = ""
    url: str = ""
    seed: str = Field(default="", description="file name of the text that the quote was checked against, if not a law")

    @field_validator("version_date", mode="before")
    @classmethod
    def _iso(cls, value: Any) -> str:
        if value in (None, ""):
            return ""
        try:
            return value.isoformat() if isinstance(value, date) else date.fromisoformat(str(value)).isoformat()
        except ValueError:
            raise ValueError("日期应写成 2026-03-01") from None

    @field_validator("url")
    @classmethod
    def _http(cls, value: str) -> str:
        return _web_address(value)

    def citation(self) -> Citation:
        return Citation(
            title=self.title,
            source=self.issuing_body,
            clause=self.clause,
            effective_from=self.version_date,
            url=self.url,
        )


class Entry(BaseModel):
    """One entry. `sample` (示例) marks what could not be checked: it cites nothing and is never spoken as sure.

    `topic` is its category. `effective_from` and `effective_to` bound when its rule holds: before the one it is
    announced as coming, after the other it is never given. `sensitivity` internal: for seats only.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Slug
    question: Line
    ask: tuple[Line, ...] = Field(default=(), description="other wordings")
    answer: Text
    spoken: Text = Field(description="short, for the ear")
    sources: tuple[Source, ...] = ()
    topic: Line
    owner: str = ""
    scope: str = "北京"
    audience: Literal["person", "enterprise", "both"] = "person"
    effective_from: When = None
    effective_to: When = None
    sensitivity: Literal["public", "internal"] = "public"
    sample: bool = False
    related: tuple[Slug, ...] = Field(default=(), description="links, not a hierarchy: they may point at each other")
    attachments: tuple[Attachment, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _spoken_falls_back(cls, data: Any) -> Any:
        if isinstance(data, Mapping) and not data.get("spoken"):
            return {**data, "spoken": data.get("answer", "")}
        return data

    @model_validator(mode="after")
    def _consistent(self) -> Entry:
        if self.sample and self.sources:
            raise ValueError("示例条目不能引用来源：请删去来源，或者核对来源后去掉“示例”标记")
        if not self.sample and not self.sources:
            raise ValueError("没有写明来源：请补充来源，或者标为“示例”")
        begins, ends = self.begins(), self.ends()
        if begins is not None and ends is not None and begins >= ends:
            raise ValueError("失效时间早于生效时间，互相矛盾")
        if self.id in self.related:
            raise ValueError("相关条目里写了自己")
        return self

    @property
    def wordings(self) -> tuple[str, ...]:
        return (self.question, *self.ask)

    def citations(self) -> tuple[Citation, ...]:
        return tuple(source.citation() for source in self.sources)

    def begins(self) -> datetime | None:
        """From this moment on its rule holds; None: it always did."""
        return first_moment(self.effective_from)

    def ends(self) -> datetime | None:
        """From this moment on it is expired; None: it never is. The day of `effective_to` still belongs to it."""
        if isinstance(self.effective_to, datetime) or self.effective_to is None:
            return first_moment(self.effective_to)
        return first_moment(self.effective_to + timedelta(days=1))


def first_moment(when: date | datetime | None) -> datetime | None:
    """In UTC: the minute itself, or the first moment of the day on the city's clock."""
    if when is None or isinstance(when, datetime):
        return None if when is None else when.astimezone(UTC)
    return datetime.combine(when, time(), tzinfo=CHINA).astimezone(UTC)


def check_entry(data: Mapping[str, Any]) -> tuple[Entry | None, list[Problem]]:
    """The entry, or what stands in its way, in words for an editor."""
    try:
        return Entry.model_validate(dict(data)), []
    except ValidationError as error:
        return None, problems_of(error)


def validate_rows(file: str, rows: Iterable[Any], *, known_ids: Iterable[str] = ()) -> list[Entry]:
    """Entries from raw rows.

    Raises:
        ImportRefused: at least one row does not fit; every problem of every row is named.
    """
    entries: list[Entry] = []
    problems: list[RowProblem] = []
    seen = set(known_ids)
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, Mapping):
            problems.append(RowProblem(file, number, "不是带字段名的条目"))
            continue
        entry, found = check_entry(row)
        if entry is None:
            problems += [RowProblem(file, number, str(problem)) for problem in found]
            continue
        if entry.id in seen:
            problems.append(RowProblem(file, number, f"编号：“{entry.id}”重复出现"))
            continue
        seen.add(entry.id)
        entries.append(entry)
    if problems:
        raise ImportRefused(file, problems)
    return entries


def read_folder(folder: Path) -> list[Entry]:
    """All entries of the YAML files (`*.yml`) of a folder; each file holds one list.

    Raises:
        KnowledgeError: the folder has no such file, or a file is no YAML list.
        ImportRefused: a row does not fit, or an id stands in two files.
    """
    files = sorted(folder.glob("*.yml"))
    if not files:
        raise KnowledgeError(f"no *.yml file with entries in {folder}")
    entries: list[Entry] = []
    for path in files:
        entries += validate_rows(path.name, load_yaml_list(path), known_ids={entry.id for entry in entries})
    return entries


def load_yaml_list(path: Path) -> list[Any]:
    """Raises KnowledgeError when the file is not a YAML list (also when it is not UTF-8)."""
    try:
        loaded = yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise KnowledgeError(f"{path.name} is not valid YAML in UTF-8: {str(error).splitlines()[0]}") from error
    if not isinstance(loaded, list):
        raise KnowledgeError(f"{path.name} must hold a list of entries")
    return loaded
