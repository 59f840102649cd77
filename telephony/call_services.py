"""What all calls of a phone process share."""

from __future__ import annotations

from dataclasses import dataclass, field

from base.clock import Clock
from telephony.core_link import Core
from telephony.front_desk import FrontDesk
from telephony.hearing import Listener
from telephony.metrics import PhoneMetrics
from telephony.prompts import PromptBook, Speech
from telephony.recording import Recorder
from telephony.turn_end.opinions import Opinions
from telephony.turn_taking import TurnTakingRules


@dataclass(frozen=True, slots=True)
class CallServices:
    """`listener` is None where there is no recogniser at all, `recorder` where calls are not recorded, `desk` where
    every call is served at once. `waiting_room_notice`: said to everybody who waits."""

    core: Core
    speech: Speech
    prompts: PromptBook
    listener: Listener | None
    metrics: PhoneMetrics
    recorder: Recorder | None
    clock: Clock
    rules: TurnTakingRules = field(default_factory=TurnTakingRules)
    opinions: Opinions = field(default_factory=Opinions)
    maximum_call_seconds: float = 1_800.0
    desk: FrontDesk | None = None
    waiting_room_notice: str = ""
