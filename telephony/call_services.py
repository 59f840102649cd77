"""What all calls of a phone process share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from base.clock import Clock
from telephony.core_ports import Core
from telephony.front_desk import FrontDesk
from telephony.hearing import Listener
from telephony.legs.browser import BrowserListener
from telephony.legs.leg import Leg
from telephony.metrics import PhoneMetrics
from telephony.notices import Notices
from telephony.prompts import PromptBook, Speech
from telephony.recording import Recorder
from telephony.ticker import Ticked
from telephony.turn_end.opinions import Opinions
from telephony.turn_taking import TurnTakingRules


class Dialler(Protocol):
    """Places calls: `telephony.legs.sip.SipEndpoint`."""

    def may_call(self, uri: str) -> bool: ...

    async def dial(self, uri: str, timeout_seconds: float) -> Leg:
        """
        Raises:
            TransferError: not allowed, refused, or not answered in time.
        """
        ...


class Membership(Protocol):
    """Whoever is added gets the voice detector's opinions on what it hears: `telephony.ticker.Ticker`."""

    def add(self, call: Ticked) -> None: ...
    def remove(self, call: Ticked) -> None: ...


@dataclass(frozen=True, slots=True)
class CallServices:
    """`listener` is None where there is no recogniser at all, `recorder` where calls are not recorded, `desk` where
    every call is served at once. `notices`: said to everybody who waits. `inband_keys`: keys are
    heard in the audio too. `dialler` and `browsers` bring others into a call, `ticker` serves those who write down what
    they say."""

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
    notices: Notices | None = None
    inband_keys: bool = True
    dialler: Dialler | None = None
    browsers: BrowserListener | None = None
    ticker: Membership | None = None
    seat_answer_seconds: float = 20.0
