"""Settings of work orders: catalogue, other systems that are told of them, and how citizens hear of theirs."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from base.sections.section import Section


class OrderSettings(Section):
    """Work orders."""

    catalogue_file: Path | None = Field(
        None, description="the city's catalogue (.yml or .csv), taken over within seconds of a change; null: the sample"
    )
    dispatch_file: Path | None = Field(
        None, description="who answers for its leaves, like workorders/data/dispatch.yml; watched likewise; null: ours"
    )


class OutboxTargetSettings(Section):
    """A system that is told of orders' events."""

    name: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")
    url: str = Field(pattern=r"^https?://\S+$")
    secret_file: Path | None = Field(None, description="a file that holds nothing but the secret")
    secret_env: str = Field("", description="or the environment variable that holds it")
    units: list[str] = Field(default_factory=list, description="names or patterns (海淀区*); empty: every unit")
    events: list[str] = Field(default_factory=list, description="empty: all but internal notes")
    personal: bool = Field(False, description="also what the citizen said, and contact data unless confidential")


class OutboxSettings(Section):
    """Events of orders for other systems (docs/internals.md); each target has name, url, secret_file or secret_env,
    and if need be units, events, personal."""

    targets: list[OutboxTargetSettings] = Field(default_factory=list)
    timeout_seconds: float = Field(10.0, gt=0, description="of one attempt, connecting included")
    lease_margin_seconds: float = Field(30.0, gt=0, description="how long after two time-outs another node may send")
    parallel: int = Field(8, ge=1, le=64, description="messages, each of another order, under way to one target")
    first_retry_seconds: float = Field(5.0, gt=0, description="doubles with each failure")
    longest_retry_seconds: float = Field(3_600.0, gt=0)
    attempts: int = Field(100, ge=1, description="then a message is a dead letter; 100 take about three days")
    poll_seconds: float = Field(1.0, gt=0)
    keep_days: float = Field(30.0, gt=0, description="what was delivered is forgotten after so long")


class CallingSettings(Section):
    """When citizens are rung up: call-backs and return visits. Emergencies are called back at any hour."""

    first_hour: int = Field(9, ge=0, le=23, description="o'clock of the city from which citizens may be rung up")
    last_hour: int = Field(20, ge=1, le=24, description="o'clock until which")
    attempts: int = Field(3, ge=1, description="that reach nobody; then the task is over")
    spacing_minutes: float = Field(60.0, gt=0, description="from one attempt to the next")
    release_hours: float = Field(4.0, gt=0, description="a task that was taken is offered to all again after so long")
    calls_at_once: int = Field(4, ge=1, description="calls to citizens at the same time, by seats and by the bot")
    ring_seconds: float = Field(40.0, ge=5, le=180, description="so long a called telephone may ring")
    bot_calls_back: bool = Field(False, description="the bot makes call-backs by itself (telephony.trunk_uri)")
    bot_visits: bool = Field(False, description="the bot makes return visits by telephone by itself")
    dial_uri: str = Field("tel:{number}", description="what a click opens without a trunk, e.g. sip:9{number}@pbx")


class VisitSettings(Section):
    """回访: citizens are asked about the answers of units."""

    enabled: bool = True
    chat_patience_hours: float = Field(48.0, gt=0, description="an unanswered question in a chat becomes a call then")
    automatic_reopens: int = Field(1, ge=0, description="so often a matter that was not solved goes back by itself")


class TextMessageSettings(Section):
    """Short messages (SMS) to citizens: filed, answered, extended."""

    gateway: Literal["file", "http", "none"] = Field(
        "file", description="file: <data>/messages/sent.jsonl, for trying it out; http: POST to url; none: off"
    )
    file_limit_bytes: int = Field(
        10 * 1024 * 1024,
        ge=4_096,
        description="file: a larger one is set aside as sent-<moment>.jsonl, not deleted",
    )
    file_limit_days: float = Field(30.0, gt=0, description="file: one whose first line is older is set aside too")
    url: str = Field("", description="http: gets {id, number, text} as JSON")
    token_env: str = Field("", description="http: the environment variable that holds its bearer token")
    timeout_seconds: float = Field(10.0, gt=0)
    attempts: int = Field(8, ge=1)
    first_retry_seconds: float = Field(30.0, gt=0, description="doubles with each failure")


class AttachmentSettings(Section):
    """Pictures, documents and voice messages of orders, under <data>/attachments."""

    limit_bytes: int = Field(10 * 1024 * 1024, ge=1024, description="of one attachment")
    limit_count: int = Field(20, ge=1, description="of one order")
