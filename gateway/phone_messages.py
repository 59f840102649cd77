"""What the phone tells the core, checked at the boundary (the contract stands in `docs/internals.md`)."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, Field

_NOT_REACHED: Final = ("busy", "no_answer", "refused", "unreachable", "not_allowed", "no_line", "cancelled")
END_REASONS: Final = (
    *("caller_hung_up", "bot_hung_up", "transferred", "rtp_timeout", "error", "abandoned", "informed"),
    "overload",  # refused for want of room
    *_NOT_REACHED,  # of a call that we placed
)
_Number = Annotated[str, AfterValidator(lambda number: number[:32])]
CallId = Annotated[str, Field(min_length=1, max_length=64)]


class CallStarted(BaseModel):
    """`caller` is whatever the trunk says: too long a name is cut, never a reason to refuse a call."""

    call_id: CallId
    caller: _Number | None = None
    leg: str = ""
    trace_id: Annotated[str, AfterValidator(lambda trace_id: trace_id[:32])] | None = None
    conversation_id: Annotated[str, Field(max_length=64)] | None = None
    placed: Annotated[str, AfterValidator(lambda sip_call_id: sip_call_id[:128])] = ""  # SIP Call-ID: we called


class PhoneTurn(BaseModel):
    call_id: CallId
    turn_id: Annotated[str, Field(min_length=1, max_length=64)]
    kind: Literal["speech", "dtmf", "silence", "barge_in"]
    text: str = ""
    confidence: float | None = None
    unplayed: str = ""
    meta: dict[str, Any] = Field(default_factory=dict)
    traceparent: Annotated[str, AfterValidator(lambda header: header[:64])] = ""  # W3C trace context


class CallEnded(BaseModel):
    """`caller`: so that a call which the core never heard of can be called back; `callback_number`: was promised."""

    call_id: CallId
    reason: Annotated[str, AfterValidator(lambda reason: reason if reason in END_REASONS else "error")]
    recording: str | None = None
    caller: _Number | None = None
    callback_number: _Number | None = None
    sip_status: int | None = None  # of a call that we placed
    sip_call_id: Annotated[str, AfterValidator(lambda sip_call_id: sip_call_id[:128])] = ""


class CallRings(BaseModel):
    """A call that we placed is on its way."""

    call_id: CallId
    sip_call_id: Annotated[str, AfterValidator(lambda sip_call_id: sip_call_id[:128])] = ""


class LegNews(BaseModel):
    """Somebody besides the caller is expected in a call, has come, changed or gone."""

    call_id: CallId
    leg_id: Annotated[str, Field(min_length=1, max_length=64)]
    state: Literal["expected", "ringing", "joined", "changed", "left", "failed"]
    role: Literal["caller", "seat", "third", "listener", "whisperer", ""] = ""
    via: Annotated[str, Field(max_length=20)] = ""
    ticket: Annotated[str, Field(max_length=100)] = ""
    port: int = 0
    url: Annotated[str, Field(max_length=200)] = ""
    tls: bool = False
    muted: bool = False
    held: bool = False
    problem: Annotated[str, Field(max_length=40)] = ""


class Heard(BaseModel):
    """What somebody said in a call among people."""

    call_id: CallId
    heard_id: Annotated[str, Field(min_length=1, max_length=64)]
    side: Literal["citizen", "seat", "third"]
    text: Annotated[str, Field(min_length=1)]
    confidence: float | None = None
    seconds: float | None = None


class Alive(BaseModel):
    calls: list[CallId] = Field(max_length=10_000)


class PhoneMetrics(BaseModel):
    """`text`: Prometheus' text format, names beginning with `hotline_phone_`. `recogniser`: whether one answers the
    phone; null where none is configured."""

    text: str = ""
    recogniser: bool | None = None
