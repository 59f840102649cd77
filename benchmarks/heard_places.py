"""How often a misheard answer to "where?" gives district and street: `python -m benchmarks.heard_places [--seed N]`.

Answers that name streets of the gazetteer are misheard syllable by syllable as the product's recogniser was found to
mishear (`knowledge/confusions.yml`, learned from its own voice and ear), and written with common characters of those
sounds. No audio: the errors are independent of one another and of the words around them, which real ones are not.
Seed 1 is the drawing that the limits were chosen on.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import Counter
from collections.abc import Mapping
from typing import Final

import jieba
import yaml
from pypinyin.pinyin_dict import pinyin_dict

from base.pinyin import syllables, toneless
from bot.entities.gazetteer import Gazetteer
from bot.entities.place import PlaceMatcher
from knowledge.confusion import PATH
from knowledge.phonetic import split

_ANSWERS: Final = (
    "{district}{street}",
    "我在{district}{street}",
    "就在{district}的{street}，靠近菜市场",
    "{street}",
    "{district}，{street}这边",
    "我家在{district}{street}八号楼",
    "{bare}，属于{district}",
    "北京市{district}{street}",
    "{district}{bare}这一块儿",
    "在{bare}那边，{district}的",
)
_NO_PLACES: Final = (
    "就在我家门口",
    "小区门口那个饭店",
    "我们单位楼下",
    "超市旁边的路口",
    "三号楼二单元",
    "地铁站出口",
    "学校对面",
    "菜市场里面",
    "路边停车的地方",
    "那个新开的商场",
    "医院后门",
    "公园南门",
    "桥底下",
    "工地旁边",
    "公交站那里",
    "河边的步道",
    "物业办公室",
)
_SAME_CHARACTER: Final = 0.7  # of a syllable that is heard right
_COMMONEST: Final = 6  # characters of a syllable


class Mishearing:
    """A text as the recogniser may write it."""

    def __init__(self, confusions: Mapping[str, Mapping[str, int]], chance: random.Random) -> None:
        self._chance = chance
        self._heard = {half: _by_said(confusions[half]) for half in ("initials", "finals")}
        jieba.setLogLevel("WARNING")
        jieba.initialize()
        known: dict[str, list[tuple[int, str]]] = {}
        for point, spelled in pinyin_dict.items():
            if 0x4E00 <= point < 0xA000:
                entry = jieba.dt.FREQ.get(chr(point), 0), chr(point)
                known.setdefault(toneless(spelled.split(",")[0]), []).append(entry)
        self._characters = {
            sound: [character for _, character in sorted(entries, reverse=True)[:_COMMONEST]]
            for sound, entries in known.items()
        }

    def __call__(self, text: str) -> str:
        return "".join(map(self._character, text))

    def _character(self, said: str) -> str:
        row = syllables(said)
        if not "\u4e00" <= said <= "\u9fff" or len(row) != 1:
            return said
        initial, final = split(row[0])
        sound = self._half("initials", initial) + self._half("finals", final)
        if sound not in self._characters or (sound == row[0] and self._chance.random() < _SAME_CHARACTER):
            return said
        return self._chance.choice(self._characters[sound])

    def _half(self, half: str, said: str) -> str:
        counts = self._heard[half].get(said)
        return self._chance.choices(list(counts), list(counts.values()))[0] if counts else said


def _by_said(counts: Mapping[str, int]) -> dict[str, Counter[str]]:
    """Of counts by `said>heard`."""
    table: dict[str, Counter[str]] = {}
    for pair, count in counts.items():
        said, _, heard = pair.partition(">")
        table.setdefault(said, Counter())[heard] += count
    return table


def measure(seed: int, answers: int) -> dict[str, int]:
    """Counts over `answers` answers with a place and as many without one."""
    chance = random.Random(seed)
    gazetteer, matcher = Gazetteer.load(), PlaceMatcher.load()
    mishear = Mishearing(yaml.safe_load(PATH.read_text(encoding="utf-8")), chance)
    told: Counter[str] = Counter()
    for _ in range(answers):
        street, wording = chance.choice(gazetteer.streets), chance.choice(_ANSWERS)
        district = street.district if chance.random() < 0.6 else street.district.removesuffix("区")
        text = mishear(wording.format(district=district, street=street.name, bare=street.bare))
        found = matcher.find(text, spoken=True, asked=True)
        told["answers"] += 1
        told["street right"] += found.street == street.name
        told["street wrong"] += found.street not in ("", street.name)
        if "{district}" in wording:
            told["with a district"] += 1
            told["district right"] += found.district == street.district
            told["district wrong"] += found.district not in ("", street.district)
        nowhere = matcher.find(mishear(chance.choice(_NO_PLACES)), spoken=True, asked=True)
        told["district in an answer without one"] += bool(nowhere.district)
    return dict(told)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.heard_places", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--answers", type=int, default=600)
    arguments = parser.parse_args(argv)
    print(json.dumps(measure(arguments.seed, arguments.answers), ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
