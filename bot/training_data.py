"""The training sentences of understanding, and the variations that make them sound like telephone callers.

One file, `bot/rasa/data/nlu.yml`, feeds Rasa and the in-process classifier. Variations are generated, not stored:
lead-in words that callers use, and characters swapped for others of the same sound as a recogniser does.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

import yaml

from base.errors import ConfigurationError
from base.pinyin import merged, syllables
from bot.intents import INTENTS

NLU_FILE: Final = Path(__file__).parent / "rasa" / "data" / "nlu.yml"
_SHORT: Final = 4  # an answer of so few characters is left as it is: one wrong sound makes it another word
_LEADS: Final = (
    "喂，",
    "喂您好，",
    "那个，",
    "嗯，",
    "就是，",
    "你好，",
    "您好我问一下，",
    "哎，",
    "是这样的，",
    "同志您好，",
    "那什么，",
    "我跟你说啊，",
)
_TALKING: Final = (
    "consult",
    "complain",
    "report",
    "help",
    "suggest",
    "praise",
    "order_status",
    "human",
    "lawful_channel",
)
_LEAD_SHARE: Final = 0.5  # of the sentences that begin a matter: how many also get a lead-in
_TAILS: Final = ("啊", "呢", "呀", "，麻烦了", "，谢谢", "，你看看")


def load(path: Path = NLU_FILE) -> list[tuple[str, str]]:
    """(sentence, intent) in file order. A file that has not changed is read once a process: four readers learn from it.

    Raises:
        ConfigurationError: the file cannot be read, has an unknown intent, or puts a sentence under two intents.
    """
    try:
        changed = path.stat()
    except OSError as error:
        raise ConfigurationError(f"training data {path} cannot be read: {error}") from error
    return list(_read(path, changed.st_mtime_ns, changed.st_size))


@lru_cache(maxsize=2)
def _read(path: Path, changed_ns: int, size_bytes: int) -> tuple[tuple[str, str], ...]:
    """`changed_ns`, `size_bytes`: of the file, so that another content is another call."""
    try:
        document = yaml.safe_load(path.read_text("utf-8"))
        blocks = [(block["intent"], block["examples"].splitlines()) for block in document["nlu"] if "intent" in block]
    except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(f"training data {path} cannot be read: {error}") from error
    seen: dict[str, str] = {}
    for intent, lines in blocks:
        if intent not in INTENTS:
            raise ConfigurationError(f"training data {path.name}: {intent!r} is no intent of bot/intents.py")
        for line in lines:
            sentence = line.strip().removeprefix("-").strip()
            if not sentence:
                continue
            if seen.setdefault(sentence, intent) != intent:
                raise ConfigurationError(f"training data {path.name}: {sentence!r} is {seen[sentence]} and {intent}")
    return tuple(seen.items())


class Homophones:
    """Swaps characters for others of the corpus that sound the same, or nearly so, over a telephone."""

    def __init__(self, sentences: Sequence[str]) -> None:
        self._alike: dict[str, list[str]] = {}
        for character in sorted({c for sentence in sentences for c in sentence if "\u4e00" <= c <= "\u9fff"}):
            self._alike.setdefault(merged(syllables(character)[0]), []).append(character)

    def disturb(self, sentence: str, share: float, dice: random.Random) -> str:
        """`sentence` with about `share` of its Chinese characters replaced."""
        return "".join(
            dice.choice(self._alike[merged(syllables(c)[0])])
            if "\u4e00" <= c <= "\u9fff" and dice.random() < share and merged(syllables(c)[0]) in self._alike
            else c
            for c in sentence
        )


def varied(examples: Sequence[tuple[str, str]], seed: int = 12345) -> list[tuple[str, str]]:
    """`examples` followed by spoken variations of them. Those of a sentence depend on the seed, on itself and on which
    characters there are at all: what was encoded of a sentence stays of use when others are added."""
    return [*examples, *((text, intent) for text, intent, _ in _variations(examples, seed))]


def write_for_rasa(path: Path, source: Path = NLU_FILE) -> Path:
    """Rasa's training file: the sentences of `source` and their variations, so that it too knows what is misheard.

    Raises:
        ConfigurationError: the training data cannot be used.
    """
    by_intent: dict[str, list[str]] = {}
    for sentence, intent in dict.fromkeys(varied(load(source))):
        by_intent.setdefault(intent, []).append(sentence)
    blocks = [
        {"intent": intent, "examples": "".join(f"- {line}\n" for line in lines)} for intent, lines in by_intent.items()
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump({"version": "3.1", "nlu": blocks}, allow_unicode=True, width=400), "utf-8")
    return path


def origins(examples: Sequence[tuple[str, str]], seed: int = 12345) -> list[int]:
    """For each row of `varied`: the index of the example that it comes from, so that folds do not leak."""
    return [*range(len(examples)), *(index for _, _, index in _variations(examples, seed))]


def _variations(examples: Sequence[tuple[str, str]], seed: int) -> list[tuple[str, str, int]]:
    homophones = Homophones([sentence for sentence, _ in examples])
    result: list[tuple[str, str, int]] = []
    for index, (sentence, intent) in enumerate(examples):
        length = len(re.findall(r"[\u4e00-\u9fff]", sentence))
        if length <= _SHORT:
            continue
        dice = random.Random(f"{seed} {sentence}")
        result.append((homophones.disturb(sentence, 0.2, dice), intent, index))
        if intent in _TALKING and dice.random() < _LEAD_SHARE:
            lead = dice.choice(_LEADS) + sentence
            result.append((lead + dice.choice(_TAILS) if dice.random() < 0.4 else lead, intent, index))
    return result
