"""The state of a dialogue: what the citizen came with, what is known of it, what was asked last.

It is stored as JSON with each turn. `decide` works on a copy: a state that was handed in is never changed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Final, Literal

from bot.manner import Manner

MatterKind = Literal["consult", "order", "status", "lawful"]
Stage = Literal["open", "done", "dropped"]
VERSION: Final = 1


@dataclass
class Place:
    """Where it is. `text` is what the citizen said, `district` and `street` the official names or empty."""

    text: str = ""
    district: str = ""
    street: str = ""
    candidates: list[list[str]] = field(default_factory=list)  # [district, street] pairs of an ambiguous name

    @property
    def known(self) -> bool:
        return bool(self.district or self.text)


@dataclass
class Matter:
    """One matter (一事): a question, a request that becomes one order, a look at an earlier order, a lawful channel."""

    number: int
    kind: MatterKind
    text: str  # every word that was said of it
    request_type: str = "求助"
    stage: Stage = "open"
    result: str = ""  # answered, unanswered, told, merged, filed, declined, seat
    title: str = ""
    opening: str = ""
    detail: str = ""
    event_time: str = ""
    event_start: str = ""  # of the moments that it stands for, ISO; both empty where they cannot be told
    event_end: str = ""
    subject: str = ""
    appeal: str = ""
    place: Place = field(default_factory=Place)
    category: dict[str, Any] | None = None
    assignment: dict[str, Any] | None = None
    again: bool = False  # the citizen says that it was reported before
    looked_for: bool = False  # how far it has got was asked, without its number: found by place and telephone number
    unread: bool = False  # begun in an earlier call from the same number: nothing of it is read out
    duplicate_of: str | None = None
    duplicate_status: str = ""  # of that order, as it was told
    duplicate_declined: bool = False
    order_no: str | None = None
    verified: bool = False  # of an earlier order: its tracking code was shown, so that it may be added to
    channel_name: str = ""  # of a lawful matter
    question: str = ""  # of a consultation: what is searched for
    goes_on: dict[str, str] = field(default_factory=dict)  # a question that goes on from the last answer: see `consult`
    candidates: list[dict[str, Any]] = field(default_factory=list)  # standard questions offered, best first
    offered: int = 0
    which: int = 0  # how often it was asked which of several candidates is meant
    search: str = ""
    tracking_code: str = ""
    answers: dict[str, dict[str, str]] = field(default_factory=dict)  # key of a family's question -> question, words

    def happened(self, wording: str, moments: tuple[str, str] = ("", "")) -> None:
        """When it happened: the citizen's words, with the moments that they mean as seen from this turn."""
        self.event_time = wording
        self.event_start, self.event_end = moments


@dataclass
class State:
    """Everything that must survive the loss of a process between two turns."""

    channel: str = "web"
    matters: list[Matter] = field(default_factory=list)
    asking: str | None = None
    asking_about: int | None = None  # number of the matter, None: the form as a whole
    asking_key: str = ""  # of a question special to a family, or of two
    question_text: str = ""  # the question as it was last asked, for "please repeat"
    question_spoken: str = ""  # for the ear, where it differs
    last_text: str = ""
    last_spoken: str = ""
    asked: dict[str, int] = field(default_factory=dict)  # slot -> how often, in the present form
    refused: list[str] = field(default_factory=list)  # slots that the citizen cannot or will not fill
    questions: int = 0  # slots asked in the present form, repetitions not counted
    extra_asked: list[str] = field(default_factory=list)  # questions special to a category
    contact_name: str = ""
    contact_phone: str = ""
    contact_extension: str = ""  # of a land line
    number_begun: str = ""  # its first digits, told in pieces
    numbers_heard: list[str] = field(default_factory=list)  # readings that were not whole
    number_unclear: str = ""  # digits that were told and make no number: kept for a seat to ask about
    own_number_declined: bool = False  # another number than that of the line is wished
    confidential: bool | None = None
    caller_number: str = ""
    citizen: str = ""  # the messenger's contact: as good a sign of who it is as the number of a line
    turns: int = 0
    warnings: int = 0
    unclear: int = 0  # turns running that led nowhere
    unintelligible: int = 0  # turns running in which nothing could be understood: a dialect, another language
    choosing: bool = False  # the kinds of matter were offered to choose from
    wanted_kind: str = ""  # consult or order: chosen from them, and nothing told yet
    unheard: str = ""  # what was told and not understood
    silences: int = 0
    repeats: int = 0  # how often running the last words were said once more on request
    aside: str = ""  # the words of the last question that was asked instead of an answer
    amended: str = ""  # the words that changed the order when it was read back last
    held: bool = False  # the citizen asked us to wait
    waits: int = 0  # how often running
    manner: Manner = field(default_factory=Manner)
    said: list[dict[str, Any]] = field(default_factory=list)  # the last reply as spoken: text, spoken, keep
    owed: list[dict[str, Any]] = field(default_factory=list)  # what must be heard (an order number) and was cut off
    owed_again: int = 0  # how often it was said again
    rating: str = ""  # satisfied, fair, unsatisfied
    rating_asked: bool = False
    earlier: dict[str, Any] = field(default_factory=dict)  # of a call that broke off: offered to go on with
    contact_unread: bool = False  # name and number were told in an earlier call: they are not read out
    visit: dict[str, Any] = field(default_factory=dict)  # 回访: id, order_no, and what was answered so far
    attacks: int = 0
    told_elsewhere: bool = False  # that a matter lies outside the city, and whom to call
    cautioned: bool = False  # was told whom to call should there be a danger
    offered_person: bool = False
    sure: dict[str, float] = field(default_factory=dict)  # order field -> 0..1, of what was told to a person
    listened: int = 0  # the last turn that was taken in while a person held the conversation
    outcome: str | None = None
    detail: dict[str, Any] = field(default_factory=dict)  # of the outcome: line, channel, reason
    version: int = VERSION

    def as_dict(self) -> dict[str, Any]:
        """Plain lists and dicts that share nothing with this state; several times faster than `dataclasses.asdict`."""
        plain: dict[str, Any] = _plain(self)
        return plain

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> State:
        """A state as it was stored; unknown keys of a newer version are left out, missing ones take their default."""
        known = _only_fields(cls, stored)
        known["matters"] = [_matter(entry) for entry in stored.get("matters", [])]
        known["manner"] = Manner(**_only_fields(Manner, stored.get("manner") or {}))
        return cls(**known)

    def copy(self) -> State:
        return State.from_dict(self.as_dict())

    @property
    def form(self) -> list[Matter]:
        """The matters that are being taken down for an order."""
        return [matter for matter in self.matters if matter.kind == "order" and matter.stage == "open"]

    @property
    def open_consultation(self) -> Matter | None:
        return next((m for m in self.matters if m.kind == "consult" and m.stage == "open"), None)

    @property
    def last_answered(self) -> Matter | None:
        done = [m for m in self.matters if m.kind == "consult" and m.result in ("answered", "unanswered")]
        return done[-1] if done else None

    def matter(self, number: int | None) -> Matter | None:
        return next((m for m in self.matters if m.number == number), None)

    def new_matter(self, kind: MatterKind, text: str, request_type: str = "求助") -> Matter:
        matter = Matter(number=len(self.matters) + 1, kind=kind, text=text, opening=text, request_type=request_type)
        self.matters.append(matter)
        return matter

    @property
    def has_content(self) -> bool:
        """Whether something was said that must not be lost when the citizen goes away."""
        return any(
            matter.stage == "open" and matter.kind in ("order", "consult", "status") and bool(matter.text.strip())
            for matter in self.matters
        )


def _plain(value: Any) -> Any:
    kind = type(value)
    if kind is list:
        return [_plain(entry) for entry in value]
    if kind is dict:
        return {key: _plain(entry) for key, entry in value.items()}
    if kind in _PARTS:
        return {name: _plain(entry) for name, entry in vars(value).items()}
    return value


def _only_fields(cls: type[Any], stored: dict[str, Any]) -> dict[str, Any]:
    names = _NAMES[cls]
    return {key: value for key, value in stored.items() if key in names}


def _matter(stored: dict[str, Any]) -> Matter:
    known = _only_fields(Matter, stored)
    known["place"] = Place(**_only_fields(Place, stored.get("place") or {}))
    return Matter(**known)


_PARTS: Final = frozenset({State, Matter, Place, Manner})
_NAMES: Final[dict[type[Any], frozenset[str]]] = {
    part: frozenset(entry.name for entry in fields(part)) for part in _PARTS
}
