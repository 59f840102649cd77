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
SURE_OF_CATEGORY: Final = 0.6  # of the catalogue's level, as where it tells a seat that it is rather sure
_JOINED: Final = 2  # how many things a question asks at most: who is asked three answers the last
KEYS: Final = "+"  # between the keys of what one question asks
READ_KINDS: Final = ("money", "rate", "months", "temperature", "households")
_AGAINST_SOMEBODY: Final = ("neighbour", "works", "fumes", "noise", "wages", "purchase")  # also where nobody is named
_OF_FAMILIES: Final = ("投诉", "求助", "举报")  # the request types that are about what a family's questions ask


@dataclass(frozen=True, slots=True)
class Read:
    """What is read from the answer to a question, kept under `name` with the order. `kind` is one of `READ_KINDS`;
    `label` stands before it where the order is read back."""

    name: str
    kind: str
    label: str


@dataclass(frozen=True, slots=True)
class Extra:
    """A question special to a family, reported as `asking: detail`.

    Of several with one `key` the first is asked that is not answered yet, and then none of the others.
    """

    key: str
    text: str
    known: re.Pattern[str] | None  # words, or patterns of them, that answer it before it is asked
    types: tuple[str, ...]
    asked_in: str = ""  # a slot whose own question asks this, too
    joins: bool = False  # may be asked in one breath with the next one
    reads: tuple[Read, ...] = ()
    choices: tuple[tuple[str, re.Pattern[str]], ...] = ()  # what an answer comes to, and the words that say so

    def told(self, matter: Matter) -> bool:
        said = "。".join(
            (matter.text, matter.detail, matter.place.text, matter.event_time, matter.subject, matter.appeal)
        )
        return self.known is not None and self.known.search(said) is not None


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

    def fits_category(self, matter: Matter) -> bool:
        """Whether the catalogue is sure enough that the matter is of one of `levels`, and no word speaks against it.

        Whoever suggests or praises something is asked nothing about what is wrong.
        """
        category = matter.category or {}
        if matter.request_type not in _OF_FAMILIES or any(word in matter.text for word in self.unless):
            return False
        leaf = float(category.get("confidence") or 0.0)
        wider = max(leaf, float(category.get("level2_confidence") or 0.0))
        return (leaf >= SURE_OF_CATEGORY and category.get("level3") in self.levels) or (
            wider >= SURE_OF_CATEGORY and category.get("level2") in self.levels
        )

    def asks(self, key: str) -> tuple[Extra, ...]:
        """The questions with this key; none where the family has none."""
        return tuple(extra for extra in self.extra if extra.key == key)

    def questions_of_its_own(self) -> tuple[str, ...]:
        """Every sentence in which something special to the family may be asked."""
        joining = [extra for extra in self.extra if extra.joins]
        pairs = [
            _one_question((first, second))
            for position, first in enumerate(joining)
            for second in joining[position + 1 :]
            if first.key != second.key
        ]
        return (*(extra.text for extra in self.extra), *pairs)


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
        except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError, re.error) as error:
            raise ConfigurationError(f"{path.name}: {type(error).__name__}: {error}") from error
        named = {*result.asking_order, *result.questions, *(slot for slots in result.types.values() for slot in slots)}
        for family in result.families:
            named |= {*family.skip, *family.add, *family.questions}
            named |= {extra.asked_in for extra in family.extra if extra.asked_in}
        unknown = sorted(named - set(SLOTS))
        if unknown:
            raise ConfigurationError(f"{path.name}: unknown slot {unknown[0]!r}")
        return result

    def family(self, matter: Matter) -> Family | None:
        """By the citizen's words; where no family knows any of them, by the catalogue's reading of the whole."""
        by_words = next((family for family in self.families if family.fits_words(matter.text)), None)
        return by_words or next((family for family in self.families if family.fits_category(matter)), None)

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
        slots += [slot for slot in family.add if slot not in slots and matter.request_type in _OF_FAMILIES]
        named = any(word in matter.text for word in self.counterparts) and not family.facility
        if (
            matter.request_type == "求助"
            and not named
            and not (family.name in _AGAINST_SOMEBODY and family.fits_words(matter.text))
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
        if family is not None and slot in family.questions and matter.request_type in _OF_FAMILIES:
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
            Extra(
                key=str(item["key"]),
                text=str(item["text"]),
                known=re.compile("|".join(item["known"])) if item.get("known") else None,
                types=tuple(item.get("types", ())),
                asked_in=str(item.get("asked_in", "")),
                joins=bool(item.get("joins", False)),
                reads=tuple(_read(name, *told) for name, told in item.get("reads", {}).items()),
                choices=tuple(
                    (str(value), re.compile("|".join(words))) for value, words in item.get("choices", {}).items()
                ),
            )
            for item in entry.get("extra", ())
        ),
    )


def _read(name: str, kind: str, label: str) -> Read:
    if kind not in READ_KINDS:
        raise ValueError(f"{name} is read as {kind!r}, which is none of {', '.join(READ_KINDS)}")
    return Read(name, kind, label)


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
    """What is special to a family and was neither told nor asked: one thing, or two that go together."""
    asked = {key for keys in state.extra_asked for key in keys.split(KEYS)}
    for matter in form:
        family = None if matter.unread else intake.family(matter)
        open_ones: dict[str, Extra] = {}
        for extra in family.extra if family else ():
            wanted = not extra.types or matter.request_type in extra.types
            if (
                wanted
                and extra.key not in asked
                and not extra.told(matter)
                and not _asked_in(extra, matter, state, intake)
            ):
                open_ones.setdefault(extra.key, extra)
        if not open_ones:
            continue
        first, *more = open_ones.values()
        chosen = (first, *(extra for extra in more if first.joins and extra.joins))[:_JOINED]
        return Question("detail", _one_question(chosen), KEYS.join(extra.key for extra in chosen)), [matter]
    return None


def _asked_in(extra: Extra, matter: Matter, state: State, intake: Intake) -> bool:
    """Whether the question for a slot has asked it, or is going to."""
    slot = extra.asked_in
    if not slot:
        return False
    to_come = slot in intake.needs(matter) and missing(matter, state, slot, intake)
    return to_come or bool(state.asked.get(slot, 0)) or slot in state.refused


def _one_question(extras: Sequence[Extra]) -> str:
    if len(extras) == 1:
        return extras[0].text
    return "请问" + "，".join(extra.text.removeprefix("请问").removesuffix("？") for extra in extras) + "？"
