"""The three-level catalogue of matters, as data, and which of its leaves a citizen's words belong to.

The file (`workorders/data/catalogue.yml`) is versioned and can be swapped: every leaf carries its own examples, so a
new catalogue needs no code. `suggest` reads words and sounds and takes about two milliseconds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import yaml

from base.errors import ConfigurationError
from base.text_model import TextModel
from workorders.model import CategorySuggestion

DEFAULT_PATH: Final = Path(__file__).parent / "data" / "catalogue.yml"
_NAMED: Final = re.compile(r"(\d+)\s+(\S+)")
_SPEECH: Final = re.compile(
    r"喂+|您好|你好|那个|这个|我(?:要|想|来)(?:投诉|举报|反映|问|咨询|说)(?:一?[下个])?|请问|麻烦|谢谢|同志|姑娘|嗯+|啊|呃"
)


@dataclass(frozen=True, slots=True)
class Leaf:
    code: str
    level1: str
    level2: str
    level3: str
    examples: tuple[str, ...]

    def suggestion(self, confidence: float) -> CategorySuggestion:
        return CategorySuggestion(self.code, self.level1, self.level2, self.level3, round(confidence, 4))


class Catalogue:
    """Built once (about a second), then read only."""

    def __init__(self, version: str, leaves: tuple[Leaf, ...]) -> None:
        self.version = version
        self.leaves = leaves
        self._by_code = {leaf.code: leaf for leaf in leaves}
        rows: list[tuple[str, str, bool]] = []
        for leaf in leaves:
            rows += [(example, leaf.code, True) for example in leaf.examples]
            rows += [
                (text, leaf.code, False) for text in (leaf.level3, leaf.level2 + leaf.level3, "；".join(leaf.examples))
            ]
        texts, codes, telling = zip(*rows, strict=True)
        self._model = TextModel().fit(texts, codes, telling=telling)
        self._ordered = [self._by_code[code] for code in self._model.classes]
        self._first_levels = sorted({leaf.level1 for leaf in leaves})
        self._membership = np.array(
            [[leaf.level1 == name for name in self._first_levels] for leaf in self._ordered], dtype=float
        )

    @classmethod
    def load(cls, path: Path = DEFAULT_PATH) -> Catalogue:
        """
        Raises:
            ConfigurationError: the file is missing or malformed, a code stands twice, or a leaf has no example.
        """
        try:
            document = yaml.safe_load(path.read_text("utf-8"))
            leaves = tuple(_leaves(document["levels"]))
            version = str(document["version"])
        except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError, ValueError) as error:
            raise ConfigurationError(f"catalogue {path.name} cannot be read: {error}") from error
        codes = [leaf.code for leaf in leaves]
        if twice := sorted({code for code in codes if codes.count(code) > 1}):
            raise ConfigurationError(f"catalogue {path.name}: codes used twice: {', '.join(twice)}")
        if empty := [leaf.level3 for leaf in leaves if not leaf.examples]:
            raise ConfigurationError(f"catalogue {path.name}: leaves without an example: {', '.join(empty)}")
        if len(leaves) < 2:
            raise ConfigurationError(f"catalogue {path.name}: at least two leaves are needed")
        return cls(version, leaves)

    @property
    def first_levels(self) -> tuple[str, ...]:
        return tuple(self._first_levels)

    def find(self, code: str) -> Leaf | None:
        return self._by_code.get(code)

    def suggest(self, text: str, limit: int = 3) -> list[CategorySuggestion]:
        """The likeliest leaves, best first, with their probabilities; empty where `text` says nothing.

        A leaf counts more when its first level as a whole is likely: several related leaves that share a text's
        probability must not lose to one of another field.
        """
        text = _SPEECH.sub("", text)
        if len(re.findall(r"[\u4e00-\u9fff]", text)) < 2:
            return []
        leaf = self._model.probabilities([text])[0]
        field = self._membership.T @ leaf  # probability of each first level
        joint = leaf * (self._membership @ np.sqrt(field))
        joint /= joint.sum()
        order = np.argsort(-joint)[:limit]
        return [self._ordered[index].suggestion(float(joint[index])) for index in order]


def _leaves(levels: dict[str, dict[str, dict[str, Any]]]) -> list[Leaf]:
    leaves: list[Leaf] = []
    for first, second_levels in levels.items():
        for second, items in second_levels.items():
            for third, examples in items.items():
                code, name = _split(third)
                phrases = tuple(part.strip() for part in str(examples or "").split("；") if part.strip())
                leaves.append(Leaf(code, _split(first)[1], _split(second)[1], name, phrases))
    return leaves


def _split(key: object) -> tuple[str, str]:
    match = _NAMED.fullmatch(str(key))
    if not match:
        raise ValueError(f"{key!r} is not of the form `code name`")
    return match[1], match[2]
