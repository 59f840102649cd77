"""What a citizen hears who wishes for something unlawful: the rule and its consequence, from `unlawful.yml`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import yaml

from base.errors import ConfigurationError
from bot import reading, wording

PATH: Final = Path(__file__).with_name("unlawful.yml")


@dataclass(frozen=True, slots=True)
class Rule:
    name: str
    match: tuple[str, ...]
    text: str


def load(path: Path = PATH) -> tuple[Rule, ...]:
    """The rules in their order.

    Raises:
        ConfigurationError: the file cannot be used; the message names what is wrong.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        rules = tuple(Rule(str(row["name"]), tuple(map(str, row["match"])), str(row["rule"])) for row in data)
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise ConfigurationError(f"{path.name}: {type(error).__name__}: {error}") from error
    if empty := next((rule.name for rule in rules if not rule.match or not all(rule.match) or not rule.text), ""):
        raise ConfigurationError(f"{path.name}: {empty!r} has no words or no rule")
    return rules


@lru_cache(maxsize=1)
def default() -> tuple[Rule, ...]:
    return load()


def told(text: str) -> str:
    """The refusal with the rule that stands against the wish, or a general one where none is known."""
    words = reading.bare(text)
    rule = next((rule for rule in default() if any(word in words for word in rule.match)), None)
    return wording.UNLAWFUL if rule is None else wording.UNLAWFUL_RULE.format(rule=rule.text)
