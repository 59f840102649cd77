"""What an order needs and what to ask next: pure rules over the data of `intake.yml`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import yaml

from base.errors import ConfigurationError
from bot import reading
from bot.intents import SLOTS
from bot.state import Matter, State

PATH: Final = Path(__file__).with_name("intake.yml")
_FOUND_BY: Final = re.compile(
    r"小区|[里园苑村庄路街桥]|胡同|号|楼|院(?!$)|广场|大厦|地铁|公园|学校|中心|家园|花园|社区"
)
FINDS_EARLIER: Final = ("detail", "place", "contact_phone")  # asked first about what was reported before


@dataclass(frozen=True, slots=True)
class Extra:
    """A question special to a family, reported as `asking: detail`."""

    key: str
    text: str
    known: tuple[str, ...]
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Family:
    name: str
    match: tuple[str, ...]
    unless: tuple[str, ...]
    levels: tuple[str, ...]
    skip: frozenset[str]
    add: tuple[str, ...]
    questions: dict[str, str]
    extra: tuple[Extra, ...]
    facility: bool = False  # a thing that broke down rather than somebody's misdeed
    troubles: tuple[str, ...] = ()  # words of `match` that say by themselves what is wrong

    def fits_words(self, text: str) -> bool:
        return any(word in text for word in self.match) and not any(word in text for word in self.unless)

    def tells_by_itself(self, text: str) -> bool:
        return any(word in text for word in self.troubles)

    def fits(self, matter: Matter) -> bool:
        if any(word in matter.text for word in self.unless):
            return False
        if self.fits_words(matter.text):
            return True
        names = (matter.category or {}).values()
        return bool(self.levels) and any(name in self.levels for name in names if isinstance(name, str))


@dataclass(frozen=True, slots=True)
class Question:
    """What to ask: `slot` as it is reported, `key` for questions special to a family."""

    slot: str
    text: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Intake:
    asking_order: tuple[str, ...]
    types: dict[str, tuple[str, ...]]
    detail_characters: int
    empty_words: tuple[str, ...]
    counterparts: tuple[str, ...]
    questions: dict[str, dict[str, str]]
    families: tuple[Family, ...]

    @classmethod
    def load(cls, path: Path = PATH) -> Intake:
        """Read and check the data.

        Raises:
            ConfigurationError: a slot or a key is not known; the message names it.
        """
        try:
            data = yaml.safe_load(path.read_text(encoding="utf-8"))
            result = cls(
                tuple(data["asking_order"]),
                {name: tuple(slots) for name, slots in data["types"].items()},
                int(data["detail_characters"]),
                tuple(sorted(data["empty_words"], key=len, reverse=True)),
                tuple(data["counterparts"]),
                {slot: dict(texts) for slot, texts in data["questions"].items()},
                tuple(_family(entry) for entry in data["families"]),
            )
        except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise ConfigurationError(f"{path.name}: {type(error).__name__}: {error}") from error
        named = {*result.asking_order, *result.questions, *(slot for slots in result.types.values() for slot in slots)}
        for family in result.families:
            named |= {*family.skip, *family.add, *family.questions}
        unknown = sorted(named - set(SLOTS))
        if unknown:
            raise ConfigurationError(f"{path.name}: unknown slot {unknown[0]!r}")
        return result

    def family(self, matter: Matter) -> Family | None:
        return next((family for family in self.families if family.fits(matter)), None)

    def about_facility(self, text: str) -> bool:
        """Whether the words are about something that broke down: water, heat, a street lamp."""
        return any(family.facility and family.fits_words(text) for family in self.families)

    def needs(self, matter: Matter) -> tuple[str, ...]:
        """The slots of a matter, the most important first."""
        slots = list(self.types.get(matter.request_type, self.types["求助"]))
        family = self.family(matter)
        if family is None:
            nobody = matter.request_type == "求助" and not any(word in matter.text for word in self.counterparts)
            return tuple(slot for slot in slots if not (slot == "confidential" and nobody))
        always = {"confidential"} if matter.request_type == "举报" else set()
        slots = [slot for slot in slots if slot not in family.skip or slot in always]
        slots += [slot for slot in family.add if slot not in slots and matter.request_type in ("投诉", "求助", "举报")]
        named = any(word in matter.text for word in self.counterparts) and not family.facility
        if (
            matter.request_type == "求助"
            and not named
            and family.name not in ("neighbour", "noise", "wages", "purchase")
        ):
            slots = [slot for slot in slots if slot != "confidential"]
        if matter.request_type == "投诉" and "confidential" not in slots:
            slots.append("confidential")
        return tuple(slots)

    def tells_enough(self, text: str) -> bool:
        """Whether the words describe the matter: at some length, or briefly what a thing that broke down does not do.

        "路灯坏了三天了" says all that is to be said of a lamp; "电梯的问题" does not.
        """
        said = reading.content(text)
        if len(said) >= self.detail_characters:
            return True
        family = next((family for family in self.families if family.facility and family.fits_words(said)), None)
        return family is not None and (family.tells_by_itself(said) or self._says_more(said, family))

    def _says_more(self, said: str, family: Family) -> bool:
        for word in (*sorted(family.match, key=len, reverse=True), *self.empty_words):
            said = said.replace(word, "")
        return bool(said)

    def text(self, slot: str, matter: Matter) -> str:
        """The question, in words of the matter's own; of one that is not to be told of, in words that fit any."""
        if matter.unread:
            return self.questions[slot]["求助"]
        family = self.family(matter)
        if family is not None and slot in family.questions and matter.request_type in ("投诉", "求助", "举报"):
            return family.questions[slot]
        texts = self.questions[slot]
        return texts.get(matter.request_type) or texts.get("求助") or next(iter(texts.values()))


def _family(entry: dict[str, Any]) -> Family:
    return Family(
        name=str(entry["name"]),
        match=tuple(entry.get("match", ())),
        unless=tuple(entry.get("unless", ())),
        levels=tuple(entry.get("levels", ())),
        skip=frozenset(entry.get("skip", ())),
        add=tuple(entry.get("add", ())),
        questions=dict(entry.get("questions", {})),
        facility=bool(entry.get("facility", False)),
        troubles=tuple(entry.get("troubles", ())),
        extra=tuple(
            Extra(str(item["key"]), str(item["text"]), tuple(item.get("known", ())), tuple(item.get("types", ())))
            for item in entry.get("extra", ())
        ),
    )


@lru_cache(maxsize=1)
def default() -> Intake:
    return Intake.load()


def missing(matter: Matter, state: State, slot: str, intake: Intake) -> bool:
    """Whether a slot of a matter is still to be asked."""
    if slot in state.refused:
        return False
    match slot:
        case "detail":
            return not matter.detail and not intake.tells_enough(matter.text)
        case "place":
            return not place_complete(matter, state)
        case "event_time":
            return not matter.event_time
        case "subject":
            return not matter.subject
        case "appeal":
            return not matter.appeal
        case "contact_phone":
            return not state.contact_phone
        case "confidential":
            return state.confidential is None
    return False


def place_complete(matter: Matter, state: State) -> bool:
    """A district with a street or an address is enough; anything is enough once it was asked for twice.

    An address that was merely told by the way ("the bus to the hospital") must name something by which it is found.
    """
    place = matter.place
    if place.district and not place.street and not state.asked.get("place", 0) and not _FOUND_BY.search(place.text):
        return False
    if place.candidates and state.asked.get("place", 0) < 2:
        return False
    if place.district and (place.street or place.text):
        return True
    return state.asked.get("place", 0) >= 2 and place.known


def next_question(
    form: Sequence[Matter], state: State, *, maximum: int, intake: Intake | None = None
) -> tuple[Question, list[Matter]] | None:
    """The next question of the form and the matters it is about; None when it can be read back.

    A slot that was asked before and is still missing is asked again before anything else; at most `maximum` different
    slots are asked, the most important ones.
    """
    intake = intake or default()
    lacking: dict[str, list[Matter]] = {}
    rank: dict[str, int] = {}
    for matter in form:
        for position, slot in enumerate(intake.needs(matter)):
            if missing(matter, state, slot, intake):
                lacking.setdefault(slot, []).append(matter)
                rank[slot] = min(rank.get(slot, position), position)
    again = [slot for slot in intake.asking_order if slot in lacking and state.asked.get(slot, 0)]
    if again:
        return Question(again[0], intake.text(again[0], lacking[again[0]][0])), lacking[again[0]]
    budget = maximum - state.questions
    if budget <= 0:
        return None
    chosen = sorted(lacking, key=lambda slot: rank[slot])[:budget]
    asking_order = intake.asking_order
    if all(matter.again for matter in form):
        asking_order = (*(slot for slot in FINDS_EARLIER if slot in chosen), *asking_order)
    first = next((slot for slot in asking_order if slot in chosen), None)
    if first == "detail":  # whatever is told now may be about any of them
        return Question("detail", intake.text("detail", lacking["detail"][0])), list(form)
    extra = _extra(form, state, intake)
    if extra is not None and len(lacking) < budget:
        return extra
    return None if first is None else (Question(first, intake.text(first, lacking[first][0])), lacking[first])


def _extra(form: Sequence[Matter], state: State, intake: Intake) -> tuple[Question, list[Matter]] | None:
    for matter in form:
        family = None if matter.unread else intake.family(matter)
        for extra in family.extra if family else ():
            wanted = not extra.types or matter.request_type in extra.types
            if wanted and extra.key not in state.extra_asked and not any(word in matter.text for word in extra.known):
                return Question("detail", extra.text, extra.key), [matter]
    return None
