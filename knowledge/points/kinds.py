"""The kinds of service points and what people call them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import yaml

from base.errors import ConfigurationError
from knowledge.points.coordinates import Bounds

DEFAULT_PATH: Final = Path(__file__).with_name("kinds.yml")


@dataclass(frozen=True, slots=True)
class Kinds:
    """`words`: what is said -> the kind as tables name it."""

    words: dict[str, str]
    bounds: Bounds

    @classmethod
    def load(cls, path: Path = DEFAULT_PATH) -> Kinds:
        """
        Raises:
            ConfigurationError: the file cannot be read, or a word stands for two kinds.
        """
        try:
            data: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
            bounds = Bounds(*(float(edge) for edge in data["bounds"]))
        except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError) as error:
            raise ConfigurationError(f"{path.name} cannot be used as a list of kinds: {error}") from error
        words: dict[str, str] = {}
        for kind, said in data["kinds"].items():
            for word in (kind, *said):
                if words.setdefault(word, kind) != kind:
                    raise ConfigurationError(f"{path.name}: {word} stands for {words[word]} and for {kind}")
        return cls(words, bounds)

    def with_own_names(self, kinds: Iterable[str]) -> Kinds:
        """Also the kinds of a table that the list does not have, by their own names."""
        return Kinds({**{kind: kind for kind in kinds}, **self.words}, self.bounds)


@lru_cache(maxsize=1)
def default() -> Kinds:
    return Kinds.load()
