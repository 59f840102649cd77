"""The sheet that a conversation is judged by: criteria are data (`data/review_sheet.yml`), adding up is pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from base.errors import ConfigurationError, HotlineError

DEFAULT_PATH: Final = Path(__file__).with_name("data") / "review_sheet.yml"


class SheetError(HotlineError):
    """A sheet cannot be written or moved on; the message is for a person."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """`points`: the most that it gives; 0 of a veto."""

    key: str
    name: str
    points: int = 0
    text: str = ""

    def as_dict(self) -> dict[str, Any]:
        return {"key": self.key, "name": self.name, "points": self.points, "text": self.text}


@dataclass(frozen=True, slots=True)
class Criteria:
    version: str
    criteria: tuple[Criterion, ...]
    vetoes: tuple[Criterion, ...]

    @classmethod
    def load(cls, path: Path = DEFAULT_PATH) -> Criteria:
        """
        Raises:
            ConfigurationError: the file cannot be read, or is no table of criteria.
        """
        try:
            data: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
            found = cls(
                str(data["version"]),
                tuple(Criterion(**one) for one in data["criteria"]),
                tuple(Criterion(**one) for one in data["vetoes"]),
            )
        except (OSError, yaml.YAMLError, AttributeError, TypeError, KeyError) as error:
            raise ConfigurationError(f"the review sheet {path.name} cannot be used: {error}") from error
        if not found.criteria or any(one.points <= 0 for one in found.criteria):
            raise ConfigurationError(f"the review sheet {path.name} has no criteria, or one that gives no points")
        return found

    @property
    def most(self) -> int:
        return sum(one.points for one in self.criteria)

    def total(self, points: Mapping[str, int], vetoes: Iterable[str]) -> int:
        """
        Raises:
            SheetError: a criterion is not judged or judged beyond its points, or something is judged that is none.
        """
        broken = set(vetoes)
        if unknown := (set(points) - {one.key for one in self.criteria}) | (broken - {one.key for one in self.vetoes}):
            raise SheetError(f"评分表中没有这些项目：{'、'.join(sorted(unknown))}。")
        for one in self.criteria:
            if one.key not in points:
                raise SheetError(f"“{one.name}”还没有评分。")
            if not 0 <= points[one.key] <= one.points:
                raise SheetError(f"“{one.name}”应在 0 到 {one.points} 分之间。")
        return 0 if broken else sum(points.values())

    def as_dict(self) -> dict[str, Any]:
        return {
            "version": self.version,
            "most": self.most,
            "criteria": [one.as_dict() for one in self.criteria],
            "vetoes": [one.as_dict() for one in self.vetoes],
        }


@cache
def default() -> Criteria:
    return Criteria.load()
