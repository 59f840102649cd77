"""Citizens' words and the words of the law: what a citizen calls 狗, a rule calls 犬. Data in `vocabulary.yml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import yaml

from knowledge.errors import KnowledgeError
from knowledge.text import normalise

PATH: Final = Path(__file__).with_name("vocabulary.yml")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Citizen's word -> words of rules. Longer words are looked for first, and hide the shorter ones in them."""

    words: Mapping[str, tuple[str, ...]]

    @classmethod
    @lru_cache(maxsize=1)
    def load(cls) -> Vocabulary:
        """Raises KnowledgeError: the file is not a map of lists."""
        data = yaml.safe_load(PATH.read_text(encoding="utf-8"))
        if not isinstance(data, dict):
            raise KnowledgeError(f"{PATH.name} must map words to lists of words")
        return cls({normalise(str(word)): tuple(str(other) for other in others) for word, others in data.items()})

    def expand(self, text: str) -> str:
        """The words of rules for what `text` says, one a line; empty where there is none."""
        rest = normalise(text)
        found: dict[str, None] = {}
        for word in sorted(self.words, key=len, reverse=True):
            if word in rest:
                rest = rest.replace(word, "\n")
                found.update(dict.fromkeys(other for other in self.words[word] if other not in text))
        return "\n".join(found)
