"""What the phone tells the core, checked at the boundary (the contract stands in `docs/internals.md`)."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, Field

END_REASONS: Final = ("caller_hung_up", "bot_hung_up", "transferred", "rtp_timeout", "error", "abandoned")
_Number = Annotated[str, AfterValidator(lambda number: number[:32])]
CallId = Annotated[str, Field(min_length=1, max_length=64)]


class CallStarted(BaseModel):
    """`caller` is whatever the trunk says: too long a name is cut, never a reason to refuse a call."""

    call_id: CallId
    caller: _Number | None = None
    leg: str = ""
    trace_id: Annotated[str, AfterValidator(lambda trace_id: trace_id[:32])] | None = None
    conversation_id: Annotated[str, Field(max_length=64)] | None = None


class PhoneTurn(BaseModel):
    call_id: CallId
    turn_id: Annotated[str, Field(min_length=1, max_length=64)]
    kind: Literal["speech", "dtmf", "silence", "barge_in"]
    text: str = ""
    confidence: float | None = None
    unplayed: str = ""
    meta: dict[str, Any] = Field(default_factory=dict)


class CallEnded(BaseModel):
    """`caller`: so that a call which the core never heard of can be called back; `callback_number`: was promised."""

    call_id: CallId
    reason: Annotated[str, AfterValidator(lambda reason: reason if reason in END_REASONS else "error")]
    recording: str | None = None
    caller: _Number | None = None
    callback_number: _Number | None = None


class Alive(BaseModel):
    calls: list[CallId] = Field(max_length=10_000)


class PhoneMetrics(BaseModel):
    """`text`: Prometheus' text format, names beginning with `hotline_phone_`. `recogniser`: whether one answers the
    phone; null where none is configured."""

    text: str = ""
    recogniser: bool | None = None
