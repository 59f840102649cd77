"""The city's districts and streets as data: official names, what people say for them, and how they sound."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from base.errors import ConfigurationError
from base.pinyin import syllables
from bot.entities.place_sound import EXACT

DEFAULT_PATH: Final = Path(__file__).with_name("places_beijing.yml")
_SUFFIX: Final = re.compile(r"(?:回族|满族)?(?:街道|地区|镇|乡)$")
SUFFIXES: Final = ("街道办事处", "街道办", "街道", "地区", "镇", "乡", "街乡")


def without_suffix(name: str) -> str:
    """`梨园镇` -> `梨园`; a name that is all suffix or would become one character stays whole."""
    bare = _SUFFIX.sub("", name)
    return bare if len(bare) > 1 else name


@dataclass(frozen=True, slots=True)
class Street:
    """A street, township or area. `sounds`: the syllable rows under which it may be heard, without suffix first."""

    name: str
    district: str
    bare: str
    generic: bool
    sounds: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Gazetteer:
    city: str
    districts: tuple[str, ...]
    streets: tuple[Street, ...]
    aliases: dict[str, tuple[str, ...]]  # alias -> official street names
    landmarks: dict[str, str]  # a well-known place, or what a district was called once -> the district

    @classmethod
    def load(cls, path: Path = DEFAULT_PATH) -> Gazetteer:
        """Read a gazetteer file.

        Raises:
            ConfigurationError: the file is missing, is not YAML, or names a street that it does not list.
        """
        try:
            data: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
        except (OSError, yaml.YAMLError) as error:
            raise ConfigurationError(f"gazetteer {path.name} cannot be read: {error}") from error
        districts: dict[str, list[str]] = data["districts"]
        known = {name for names in districts.values() for name in names}
        readings: dict[str, list[str]] = data.get("readings", {})
        generic = set(data.get("generic", []))
        aliases = {alias: tuple(names) for alias, names in data.get("aliases", {}).items()}
        named = [*generic, *readings, *(name for names in aliases.values() for name in names)]
        if unknown := sorted({name for name in named if name not in known}):
            raise ConfigurationError(f"gazetteer {path.name} names streets that it does not list: {', '.join(unknown)}")
        marks: dict[str, list[str]] = data.get("landmarks", {})
        if unknown := sorted(set(marks) - set(districts)):
            raise ConfigurationError(f"gazetteer {path.name} has landmarks of no district: {', '.join(unknown)}")
        landmarks = {name: district for district, names in marks.items() for name in names}
        spoken_as: dict[str, list[str]] = {}
        for alias, names in aliases.items():
            for name in names:
                spoken_as.setdefault(name, []).append(alias)
        streets = tuple(
            Street(
                name=name,
                district=district,
                bare=without_suffix(name),
                generic=name in generic,
                sounds=_sounds(name, readings.get(name, []), spoken_as.get(name, [])),
            )
            for district, names in districts.items()
            for name in names
        )
        return cls(data["city"], tuple(districts), streets, aliases, landmarks)


def _sounds(name: str, readings: list[str], aliases: list[str]) -> tuple[tuple[str, ...], ...]:
    bare = without_suffix(name)
    suffix = syllables(name[len(bare) :])
    rows = [syllables(bare), *(tuple(reading.split()) for reading in readings)]
    rows += [row + tuple(syllable + EXACT for syllable in suffix) for row in rows] if suffix else []
    rows += [syllables(alias) for alias in aliases]
    return tuple(dict.fromkeys(rows))
