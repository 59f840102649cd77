"""The values that go into and come out of the policy.

The policy asks nobody: what it needs to look up (a search, a category, a place) it names in `Decision.wants`; the shell
looks it up, adds it to the findings and calls `decide` again with the same state and turn.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from bot.danger import Danger
from bot.entities.place_finding import PlaceFinding
from bot.guards_model import GuardFindings
from bot.intelligible import Heard
from bot.state import State
from knowledge.follow_up import Context
from knowledge.model import Citation, SearchResult
from knowledge.points.service import PointAnswer
from workorders.model import Assignment, CategorySuggestion


@dataclass(frozen=True, slots=True)
class Turn:
    """What the citizen did, as the policy sees it."""

    text: str
    kind: Literal["text", "speech", "dtmf", "silence", "barge_in"] = "text"
    spoken: bool = False
    heard: Heard = field(default_factory=Heard)
    least_sure_digit: float | None = None  # 0..1, of a number that was asked for and heard whole
    unplayed: str = ""  # the end of our last reply that the caller did not hear
    answered_after_seconds: float | None = None  # from our last sound to the caller's first
    call_back_to: str = ""  # keyed in, or confirmed, as the number to call back: nothing else is meant by the digits


@dataclass(frozen=True, slots=True)
class Understood:
    """The intent of one piece of text, with its confidence 0..1 and the runners-up."""

    intent: str
    confidence: float
    ranking: tuple[tuple[str, float], ...] = ()

    def score(self, *intents: str) -> float:
        """The summed confidence of some intents."""
        if not self.ranking:
            return self.confidence if self.intent in intents else 0.0
        return sum(value for name, value in self.ranking if name in intents)


OVER: Final = ("answered", "visited", "closed")  # stages of an order that its unit has done with


@dataclass(frozen=True, slots=True)
class OrderKnown:
    """What may be told about an earlier order; `found` False: no such order.

    `answered_on`, `closed_on`: the day in words, where it was. `answer`: what the unit has answered, without persons;
    empty where it has not, or where whoever asks may not hear it.
    """

    found: bool
    order_no: str = ""
    status: str = ""
    unit: str = ""
    deadline: str = ""
    extended_because: str = ""
    answered_on: str = ""
    closed_on: str = ""
    answer: str = ""
    by_number: bool = True  # known by the telephone number, not by the contact of a messenger

    @property
    def over(self) -> bool:
        """Nobody works on it any more, unless the matter is there again."""
        return self.status in OVER


@dataclass(frozen=True, slots=True)
class ReceiptKnown:
    """What may be told of words that were noted while the database was away; `done`: somebody has been in touch."""

    found: bool
    done: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """One look-up. `key` is what is looked up (text, or a tuple of texts)."""

    what: Literal[
        "understand", "search", "plain_words", "place", "category", "order", "receipt", "duplicate", "danger", "points"
    ]
    key: tuple[Any, ...]


class Missing(Exception):
    """Raised inside the policy when a finding is not there yet; never leaves `decide`."""

    def __init__(self, wanted: Wanted) -> None:
        super().__init__(wanted.what)
        self.wanted = wanted


@dataclass(frozen=True, slots=True)
class Findings:
    """What is known about a turn besides its words."""

    guards: GuardFindings
    looked_up: dict[Wanted, Any] = field(default_factory=dict)

    def add(self, wanted: Wanted, value: Any) -> Findings:
        return replace(self, looked_up={**self.looked_up, wanted: value})

    def _get(self, wanted: Wanted) -> Any:
        if wanted not in self.looked_up:
            raise Missing(wanted)
        return self.looked_up[wanted]

    def understand(self, text: str) -> Understood:
        result: Understood = self._get(Wanted("understand", (text,)))
        return result

    def search(self, text: str, after: Context | None = None) -> SearchResult:
        """What answers `text`, which may go on from the last answer (`after`)."""
        result: SearchResult = self._get(Wanted("search", (text,) if after is None else (text, after)))
        return result

    def place(self, text: str, *, asked: bool = False, district: str = "") -> PlaceFinding:
        result: PlaceFinding = self._get(Wanted("place", (text, asked, district)))
        return result

    def category(
        self, request_type: str, text: str, district: str = "", street: str = ""
    ) -> tuple[CategorySuggestion | None, Assignment | None]:
        result: tuple[CategorySuggestion | None, Assignment | None] = self._get(
            Wanted("category", (request_type, text, district, street))
        )
        return result

    def danger(self, text: str) -> Danger:
        result: Danger = self._get(Wanted("danger", (text,)))
        return result

    def points(self, text: str, place: str, list_anyway: bool) -> PointAnswer | None:
        """The service points that `text` asks for, near `place` where it names none; None: it asks for none."""
        result: PointAnswer | None = self._get(Wanted("points", (text, place, list_anyway)))
        return result

    def plain_words(self, quoted: str) -> str:
        """The words of a clause put plainly by a machine; empty: none, or none that may be said."""
        result: str = self._get(Wanted("plain_words", (quoted,)))
        return result

    def order(self, order_no: str, code: str) -> OrderKnown:
        result: OrderKnown = self._get(Wanted("order", (order_no, code)))
        return result

    def receipt(self, digits: str) -> ReceiptKnown:
        result: ReceiptKnown = self._get(Wanted("receipt", (digits,)))
        return result

    def duplicate(
        self, phone: str, district: str, street: str, text: str, again: bool, own: bool, citizen: str = ""
    ) -> OrderKnown | None:
        """An earlier order of this number, or of this contact of a messenger (`citizen`), on the same matter. `own`:
        the call comes from that very number."""
        key = (phone, district, street, text, again, own, citizen)
        result: OrderKnown | None = self._get(Wanted("duplicate", key))
        return result


@dataclass(frozen=True, slots=True)
class Say:
    """One thing to say: `text` for the eye, `spoken` for the ear where it differs.

    `keep`: it must be heard (an order number); said again where it was cut off. `passing`: a remark about the talk,
    not said again by "once more, please".
    """

    text: str
    spoken: str = ""
    citations: tuple[Citation, ...] = ()
    keep: bool = False
    passing: bool = False

    @property
    def for_the_ear(self) -> str:
        return self.spoken or self.text


@dataclass(frozen=True, slots=True)
class FileOrder:
    """File the matter with this number as a work order."""

    number: int


@dataclass(frozen=True, slots=True)
class Merge:
    """Add what was said to an earlier order of the same citizen on the same matter.

    `reopen`: its unit had answered, and the citizen says that the matter is there again.
    """

    number: int
    order_no: str
    reopen: bool = False


@dataclass(frozen=True, slots=True)
class Supplement:
    """Add words to an earlier order whose number and tracking code were shown in this conversation."""

    order_no: str
    text: str


@dataclass(frozen=True, slots=True)
class Unanswerable:
    """A question for the editors: not found, not sure, or the answer was turned down."""

    text: str
    reason: Literal["nothing_near", "turned_down", "unsure"]
    offered: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CallBack:
    """Somebody has to call or write back."""

    reason: str


@dataclass(frozen=True, slots=True)
class Escalate:
    """To a person, or to an emergency line."""

    target: str
    reason: str


@dataclass(frozen=True, slots=True)
class VisitAnswered:
    """What the citizen said about an answered order; None: not said."""

    visit_id: str
    responded: bool | None = None
    solved: bool | None = None
    satisfied: bool | None = None
    reason: str = ""
    reason_detail: str = ""
    note: str = ""


Effect = FileOrder | Merge | Supplement | Unanswerable | CallBack | Escalate | VisitAnswered


@dataclass(frozen=True, slots=True)
class Decision:
    """`wants` not empty: nothing was decided yet. Otherwise `replies` is never empty.

    For the phone: `speed` of this reply (times the voice's own; None: as the state's manner says), `reminders` for a
    caller who stays silent (None: the phone's own) and `hold_seconds`: none for so long, the caller asked us to wait.
    """

    state: State
    replies: tuple[Say, ...] = ()
    effects: tuple[Effect, ...] = ()
    wants: tuple[Wanted, ...] = ()
    hang_up: bool = False
    speed: float | None = None
    reminders: tuple[Say, ...] | None = None
    hold_seconds: float = 0.0
