"""Sentences drawn from the grammar of `guard_wordings.yml`: many wordings of danger and of what is mistaken for it.

Drawn with a seed, so every process learns from the same sentences. A share is disturbed as a telephone recogniser
does it (characters of the same sound), and every sentence loses its punctuation now and then: recognisers write none.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from base.errors import ConfigurationError
from bot.training_data import Homophones

PATH: Final = Path(__file__).with_name("guard_wordings.yml")
NONE: Final = "none"
_SEED: Final = 20_261_127
_DISTURBED_SHARE: Final = 0.4  # of the sentences
_WRONG_CHARACTERS: Final = (0.06, 0.22)  # share of a disturbed sentence's characters: what a telephone costs
_UNPUNCTUATED_SHARE: Final = 0.5
_FRAMED: Final = ("danger", "ordinary")  # what stands in a frame
_NAME: Final = re.compile(r"\{(\w+)\}")
_CHOICE: Final = re.compile(r"\[([^\[\]]*)\]")
_MARKS: Final = re.compile(r"[，。]+$|(?<=，)，")


@dataclass(frozen=True, slots=True)
class Grammar:
    words: dict[str, tuple[str, ...]]
    patterns: tuple[tuple[str, str], ...]  # (pattern, line or `none`)
    told: tuple[str, ...] = ()  # frames around a danger that is there
    named: tuple[str, ...] = ()  # frames around a danger that is only spoken of

    @classmethod
    def load(cls, path: Path = PATH) -> Grammar:
        """
        Raises:
            ConfigurationError: the file cannot be used; the message names the pattern.
        """
        try:
            data = yaml.safe_load(path.read_text(encoding="utf-8"))
            words = {str(name): tuple(str(word) for word in listed) for name, listed in data["words"].items()}
            patterns = [(str(p), str(line)) for line, listed in data["emergency"].items() for p in listed]
            patterns += [(str(p), NONE) for p in data["harmless"]]
            told, named = (tuple(str(p) for p in data.get("frames", {}).get(kind, ())) for kind in ("told", "named"))
        except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
            raise ConfigurationError(f"{path.name}: {type(error).__name__}: {error}") from error
        for pattern in (*(pattern for pattern, _ in patterns), *told, *named):
            unknown = [name for name in _NAME.findall(pattern) if name not in words and name not in _FRAMED]
            if unknown or pattern.count("[") != pattern.count("]"):
                raise ConfigurationError(f"{path.name}: {pattern!r}: unknown word or a bracket too many")
        return cls(words, tuple(patterns), told, named)

    def draw(self, pattern: str, dice: random.Random, framed: Mapping[str, Sequence[str]] | None = None) -> str:
        """One sentence of a pattern; `framed`: what stands in a frame, by name."""
        choices: dict[str, Sequence[str]] = {**self.words, **(framed or {})}
        text = _CHOICE.sub(lambda found: dice.choice(found.group(1).split("|")), pattern)
        text = _NAME.sub(lambda found: dice.choice(choices[found.group(1)]), text)
        return _MARKS.sub("", text).strip("，")


def examples(grammar: Grammar | None = None, *, per_pattern: int, seed: int = _SEED) -> list[tuple[str, str]]:
    """(sentence, line or `none`): `per_pattern` different sentences of each pattern, fewer where it has not so many."""
    grammar = grammar or Grammar.load()
    dice = random.Random(seed)
    drawn: dict[str, str] = {}
    for pattern, line in grammar.patterns:
        for _ in range(per_pattern):
            drawn.setdefault(grammar.draw(pattern, dice), line)
    return _as_heard(drawn, dice)


def framed(
    dangers: Sequence[tuple[str, str]],
    ordinary: Sequence[str],
    *,
    per_frame: int,
    grammar: Grammar | None = None,
    seed: int = _SEED,
) -> list[tuple[str, str]]:
    """(story, line or `none`): each danger, (sentence, line), told inside a longer story, or only spoken of."""
    grammar = grammar or Grammar.load()
    dice = random.Random(seed)
    drawn: dict[str, str] = {}
    for frame in grammar.told:
        for _ in range(per_frame):
            danger, line = dice.choice(dangers)
            drawn.setdefault(grammar.draw(frame, dice, {"danger": (danger,), "ordinary": ordinary}), line)
    for frame in grammar.named:
        for _ in range(per_frame):
            danger, _ = dice.choice(dangers)
            drawn.setdefault(grammar.draw(frame, dice, {"danger": (danger,), "ordinary": ordinary}), NONE)
    return _as_heard(drawn, dice)


def _as_heard(drawn: Mapping[str, str], dice: random.Random) -> list[tuple[str, str]]:
    """As a recogniser writes them: a share without stops, a share with characters of the same sound."""
    homophones = Homophones(list(drawn))
    result = []
    for text, line in drawn.items():
        if dice.random() < _UNPUNCTUATED_SHARE:
            text = text.replace("，", "")
        if dice.random() < _DISTURBED_SHARE:
            text = homophones.disturb(text, dice.uniform(*_WRONG_CHARACTERS), dice)
        result.append((text, line))
    return result
