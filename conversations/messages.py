"""What goes into a conversation and what comes out of it: the boundary that the gateway and the phone share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from knowledge.model import Citation

Channel = str  # phone, web, api, wechat, wecom, or the name of a channel of the channel API (`gateway/channels`)
TurnKind = Literal["text", "speech", "dtmf", "silence", "barge_in"]
Outcome = Literal["answered", "order_filed", "seat", "emergency", "lawful_channel", "callback", "closed"]
Patience = Literal["yes_no", "normal", "number", "story"]
Status = Literal["open", "waiting", "with_seat", "ended"]


@dataclass(frozen=True, slots=True)
class CitizenTurn:
    """One thing a citizen said, typed or pressed.

    `client_message_id` makes a turn idempotent: the same id again returns the stored replies. `confidence` is the
    recogniser's, 0..1. `unplayed` is the part of the previous reply that the caller did not hear (barge-in). `citizen`
    is the contact of a messenger (`storage/messenger_tables.py`) that wrote it, where the channel vouches for one.
    """

    text: str
    channel: Channel
    kind: TurnKind = "text"
    client_message_id: str | None = None
    confidence: float | None = None
    unplayed: str = ""
    meta: dict[str, Any] = field(default_factory=dict)
    citizen: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """One thing said to the citizen. `spoken` is the wording for the ear where it differs from `text`."""

    text: str
    spoken: str = ""
    citations: tuple[Citation, ...] = ()
    origin: Literal["bot", "seat", "system"] = "bot"
    seq: int = 0

    @property
    def for_the_ear(self) -> str:
        return self.spoken or self.text


@dataclass(frozen=True, slots=True)
class Transfer:
    """Where a call goes next. `target`: `seat`, or an emergency line (`110`, `119`, `120`, `122`)."""

    target: str
    reason: str


@dataclass(frozen=True, slots=True)
class Manner:
    """How the phone says a reply and what follows it: `speed` times the voice's own, `gain_db` louder than usual.

    `patience_stretch`: this caller's pauses may last so many times as long as usual.
    """

    speed: float = 1.0
    gain_db: float = 0.0
    elder: bool = False
    patience_stretch: float = 1.0


@dataclass(frozen=True, slots=True)
class Silence:
    """What a caller hears who stays silent after a reply: each of the reminders once, none before `hold_seconds`.
    None: the phone's own."""

    reminders: tuple[str, ...] | None = None
    hold_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class TurnResult:
    """What the conversation answers. The conversation, its orders and its call-backs are durable before this exists."""

    conversation_id: str
    replies: tuple[Reply, ...]
    asking: str | None = None
    outcome: Outcome | None = None
    orders: tuple[str, ...] = ()
    tracking_codes: dict[str, str] = field(default_factory=dict)  # order_no -> code, only in the turn that filed it
    status: Status = "open"
    patience: Patience = "normal"
    transfer: Transfer | None = None
    hang_up: bool = False
    seq: int = 0  # of the last turn stored
    manner: Manner = Manner()
    silence: Silence = Silence()
    rating: str = ""  # satisfied, fair, unsatisfied: given in this turn


@dataclass(frozen=True, slots=True)
class StoredTurn:
    """A turn as the transcript shows it."""

    seq: int
    role: Literal["citizen", "bot", "seat", "system"]
    kind: str
    text: str
    at: str  # ISO 8601, UTC
    citations: tuple[Citation, ...] = ()
    meta: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ConversationEvent:
    """Something that watchers (the citizen's socket, the seat desk, the phone link) are told about at once.

    `prefilled`: more is known for the order of a conversation that a person holds or will. `dropped` is the last event
    of a subscription whose reader fell too far behind: read the transcript and subscribe anew. `stands`: how far the
    database is (`seq` of the last turn, status, outcome, `version`), for whoever may not have been told of everything;
    `conversations/following.py` makes the missing events of it. `elsewhere`: another node has published it.
    """

    kind: Literal["turn", "status", "outcome", "prefilled", "dropped", "stands"]
    conversation_id: str
    turn: StoredTurn | None = None
    status: Status | None = None
    outcome: Outcome | None = None
    seq: int = 0
    version: int = 0
    elsewhere: bool = False
