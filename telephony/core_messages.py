"""What the core tells the phone, checked at the boundary (the link's contract stands in `docs/internals.md`)."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from telephony.turn_taking import Line, Patience


class _Message(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Spoken(_Message):
    """One thing to say: `spoken` is the wording for the ear where it differs from `text`."""

    text: str
    spoken: str = ""
    origin: Literal["bot", "seat", "system"] = "bot"

    @property
    def for_the_ear(self) -> str:
        return self.spoken or self.text


class TransferOrder(_Message):
    """`target`: `seat` or an emergency line; `sip_uri` empty: there is no line to transfer to, the call stays.
    `method`: `bridge` calls the address and mixes it in, `refer` hands the call over to the trunk."""

    target: str
    sip_uri: str = ""
    method: Literal["bridge", "refer"] = "bridge"

    @field_validator("sip_uri", mode="before")
    @classmethod
    def _none_is_empty(cls, value: Any) -> Any:
        return value or ""


def _as_items(value: Any) -> Any:
    """A plain text, one object or a list of either."""
    if value is None or value == "":
        return []
    items = value if isinstance(value, list | tuple) else [value]
    return [{"text": item} if isinstance(item, str) else item for item in items]


class MannerOrder(_Message):
    """How to talk to this caller from now on: `speed` times the voice's own, `gain_db` louder than usual."""

    speed: float = Field(1.0, ge=0.5, le=2.0)
    gain_db: float = Field(0.0, ge=-12.0, le=12.0)
    elder: bool = False
    patience_stretch: float = Field(1.0, ge=1.0, le=3.0)


class SilenceOrder(_Message):
    """What a caller hears who stays silent now: each of the reminders once, none before `hold_seconds`."""

    reminders: list[str] = Field(default_factory=list, max_length=4)
    hold_seconds: float = Field(0.0, ge=0.0, le=300.0)


class Opened(_Message):
    type: Literal["opened"]
    call_id: str
    conversation_id: str
    say: list[Spoken] = Field(default_factory=list)
    manner: MannerOrder | None = None
    silence: SilenceOrder | None = None

    _items = field_validator("say", mode="before")(_as_items)


class ReplyMessage(_Message):
    type: Literal["reply"]
    call_id: str
    turn_id: str
    conversation_id: str | None = None
    say: list[Spoken] = Field(default_factory=list)
    asking: str | None = None
    patience: Patience = "normal"
    outcome: str | None = None
    transfer: TransferOrder | None = None
    hang_up: bool = False
    manner: MannerOrder | None = None  # None: as before
    silence: SilenceOrder | None = None

    _items = field_validator("say", mode="before")(_as_items)


class SayMessage(_Message):
    """Pushed, without a turn: a seat typed, or the desk closed the conversation. `line`: who has the caller now;
    `silence`: what follows if the caller says nothing."""

    type: Literal["say"]
    call_id: str
    say: list[Spoken] = Field(default_factory=list)
    hang_up: bool = False
    line: Line | None = None
    silence: SilenceOrder | None = None

    _items = field_validator("say", mode="before")(_as_items)


class ErrorMessage(_Message):
    """The core could not work on a turn (`turn_id`) or on the call; it may be asked again."""

    type: Literal["error"]
    call_id: str
    turn_id: str | None = None
    code: str = ""
    message: str = ""


class LegOrder(_Message):
    """Bring somebody into the call: a seat's browser (the phone answers with a ticket), or a telephone."""

    type: Literal["leg_order"]
    call_id: str
    leg_id: str
    role: Literal["seat", "third", "listener", "whisperer"]
    via: Literal["browser", "sip"] = "browser"
    sip_uri: str = ""


class LegControl(_Message):
    """Change one side of a bridged call; `leg_id` may be `caller`. What is left out stays as it is."""

    type: Literal["leg_control"]
    call_id: str
    leg_id: str
    muted: bool | None = None
    held: bool | None = None
    gain_db: float | None = Field(None, ge=-60, le=20)
    role: Literal["seat", "third", "listener", "whisperer"] | None = None
    drop: bool = False


class PlaceCall(_Message):
    """Call a citizen. `say` is the first thing that they hear; `line`: who has them then."""

    type: Literal["place_call"]
    call_id: str = Field(min_length=1, max_length=64)
    number: str = Field(min_length=3, max_length=32)
    say: list[Spoken] = Field(default_factory=list)
    line: Line = "bot"
    ring_seconds: float = Field(40.0, gt=0, le=300)

    _items = field_validator("say", mode="before")(_as_items)


class CancelCall(_Message):
    """Nobody wants a call any more that is still ringing."""

    type: Literal["cancel_call"]
    call_id: str


class Noted(_Message):
    """The core has stored what was heard in a bridged call."""

    type: Literal["noted"]
    call_id: str
    heard_id: str


class EndedMessage(_Message):
    """The core has the end of this call in its database."""

    type: Literal["ended"]
    call_id: str


class PrerenderMessage(_Message):
    """Texts that are likely to be said soon, the most important first; a new revision replaces the older one."""

    type: Literal["prerender"]
    revision: int
    texts: list[str] = Field(max_length=1_000)


class ForgetMessage(_Message):
    """Texts that were withdrawn: their audio goes."""

    type: Literal["forget"]
    texts: list[str] = Field(max_length=1_000)


class NoticesMessage(_Message):
    """Hot topics: what everybody who waits is told now. Replaces what was told before."""

    type: Literal["notices"]
    texts: list[str] = Field(max_length=20)


SpeechOrder = PrerenderMessage | ForgetMessage | NoticesMessage
CallingOrder = PlaceCall | CancelCall
CallMessage = Opened | ReplyMessage | SayMessage | ErrorMessage | LegOrder | LegControl
Confirmation = Noted | EndedMessage
CoreMessage = CallMessage | Confirmation | SpeechOrder | CallingOrder

_KINDS: dict[str, type[CoreMessage]] = {
    "opened": Opened,
    "reply": ReplyMessage,
    "say": SayMessage,
    "error": ErrorMessage,
    "leg_order": LegOrder,
    "leg_control": LegControl,
    "place_call": PlaceCall,
    "cancel_call": CancelCall,
    "noted": Noted,
    "ended": EndedMessage,
    "prerender": PrerenderMessage,
    "forget": ForgetMessage,
    "notices": NoticesMessage,
}


def parse(data: Any) -> CoreMessage | None:
    """The message, or None where it is of a kind that this version does not know.

    Raises:
        ValueError: it is of a known kind and does not fit; the text names the field and holds none of the contents.
    """
    if not isinstance(data, dict):
        raise ValueError("a message must be an object")
    kind = _KINDS.get(str(data.get("type")))
    if kind is None:
        return None
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        where = ", ".join(".".join(str(part) for part in item["loc"]) for item in error.errors()[:3])
        raise ValueError(f"message {data.get('type')!r} does not fit at: {where}") from None
