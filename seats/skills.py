"""What a conversation needs of a seat, by signs that are data (`data/skills.yml`). Pure, but for reading the file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from base.errors import ConfigurationError

DEFAULT_PATH: Final = Path(__file__).with_name("data") / "skills.yml"


@dataclass(frozen=True, slots=True)
class Skill:
    """One skill and the signs by which it is needed."""

    key: str
    name: str
    categories: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    not_understood: bool = False

    def needed(self, *, channel: str, categories: Iterable[str], not_understood: bool) -> bool:
        return (
            channel in self.channels
            or (self.not_understood and not_understood)
            or any(code.startswith(self.categories) for code in categories if self.categories)
        )


@dataclass(frozen=True, slots=True)
class Skills:
    known: Mapping[str, Skill]

    @classmethod
    def load(cls, path: Path = DEFAULT_PATH) -> Skills:
        """
        Raises:
            ConfigurationError: the file cannot be read, or is not a table of skills.
        """
        try:
            data: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text("utf-8"))
            return cls({key: _skill(key, values) for key, values in data.items()})
        except (OSError, yaml.YAMLError, AttributeError, TypeError, KeyError) as error:
            raise ConfigurationError(f"the table of skills {path.name} cannot be used: {error}") from error

    def needs(self, *, channel: str, categories: Iterable[str], not_understood: bool = False) -> frozenset[str]:
        codes = tuple(categories)
        return frozenset(
            key
            for key, skill in self.known.items()
            if skill.needed(channel=channel, categories=codes, not_understood=not_understood)
        )

    def names(self, keys: Iterable[str]) -> str:
        """For a person; a skill that the table no longer knows goes by its key."""
        return "、".join(self.known[key].name if key in self.known else key for key in sorted(keys))


@cache
def default() -> Skills:
    return Skills.load()


def _skill(key: str, values: dict[str, Any]) -> Skill:
    return Skill(
        key,
        str(values["name"]),
        tuple(str(code) for code in values.get("categories", ())),
        tuple(str(channel) for channel in values.get("channels", ())),
        bool(values.get("not_understood", False)),
    )
