"""A knowledge entry as an editor writes it: one standard question, its other wordings, one answer, its sources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator

from base.clock import CHINA
from knowledge.errors import ImportRefused, KnowledgeError, RowProblem
from knowledge.model import Citation

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{1,63}$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=4000)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=300)]


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
        return value.isoformat() if isinstance(value, date) else date.fromisoformat(str(value)).isoformat()

    @field_validator("url")
    @classmethod
    def _http(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return value

    def citation(self) -> Citation:
        return Citation(
            title=self.title,
            source=self.issuing_body,
            clause=self.clause,
            effective_from=self.version_date,
            url=self.url,
        )


class Entry(BaseModel):
    """One entry. `sample` (示例) marks what could not be checked: it cites nothing and is never spoken as sure."""

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
    effective_from: date | None = None
    effective_to: date | None = None
    sensitivity: Literal["public", "internal"] = "public"
    sample: bool = False
    related: tuple[Slug, ...] = ()

    @field_validator("effective_from", "effective_to", mode="before")
    @classmethod
    def _empty_is_none(cls, value: Any) -> Any:
        return None if value == "" else value

    @model_validator(mode="before")
    @classmethod
    def _spoken_falls_back(cls, data: Any) -> Any:
        if isinstance(data, Mapping) and not data.get("spoken"):
            return {**data, "spoken": data.get("answer", "")}
        return data

    @model_validator(mode="after")
    def _consistent(self) -> Entry:
        if self.sample and self.sources:
            raise ValueError("a sample (示例) cites nothing: remove its sources, or check them and drop `sample`")
        if not self.sample and not self.sources:
            raise ValueError("names no source: give one, or mark the entry `sample: true`")
        if self.effective_from and self.effective_to and self.effective_from > self.effective_to:
            raise ValueError("effective_from is after effective_to")
        return self

    @property
    def wordings(self) -> tuple[str, ...]:
        return (self.question, *self.ask)

    def citations(self) -> tuple[Citation, ...]:
        return tuple(source.citation() for source in self.sources)

    def begins(self) -> datetime | None:
        """The first moment of `effective_from` on the city's clock."""
        return _midnight(self.effective_from)

    def ends(self) -> datetime | None:
        """The last second of `effective_to` on the city's clock."""
        if self.effective_to is None:
            return None
        return datetime.combine(self.effective_to, time(23, 59, 59), tzinfo=CHINA).astimezone(UTC)


def _midnight(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), tzinfo=CHINA).astimezone(UTC)


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
            problems.append(RowProblem(file, number, "is not an entry with named fields"))
            continue
        try:
            entry = Entry.model_validate(dict(row))
        except ValidationError as error:
            for found in error.errors():
                where = ".".join(str(part) for part in found["loc"])
                message = found["msg"].removeprefix("Value error, ")
                problems.append(RowProblem(file, number, f"{where}: {message}" if where else message))
            continue
        if entry.id in seen:
            problems.append(RowProblem(file, number, f"id: {entry.id!r} stands here twice"))
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
