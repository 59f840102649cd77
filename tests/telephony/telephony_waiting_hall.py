"""A hall of one phone in virtual time: some are served, the others wait."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from unittest import mock

import numpy as np
from telephony_helpers import (
    FakeCore,
    FakeDetector,
    FakeLeg,
    FakeListener,
    FakeSpeech,
    Said,
    VirtualClock,
)

from base.masking import Masked
from telephony import hold_music
from telephony.admission import AdmissionRules
from telephony.audio import RATE_HZ
from telephony.call import Call
from telephony.call_services import CallServices
from telephony.front_desk import FrontDesk
from telephony.hearing import Listener
from telephony.legs.leg import CallerId
from telephony.load import Beats, WaitingTimes
from telephony.metrics import PhoneMetrics
from telephony.notices import Notices
from telephony.prompts import PromptBook
from telephony.ticker import Ticker


def call_back_taken(turn: object) -> dict[str, object]:
    """What the core answers to a number that was chosen."""
    return {"say": ["回电已受理，再见。"], "hang_up": True, "outcome": "callback"}


@dataclass
class Guest:
    """One caller at the hall."""

    leg: FakeLeg
    listener: FakeListener
    core: FakeCore
    call: Call
    running: asyncio.Task[None]
    arrival: str

    @property
    def over(self) -> bool:
        return self.running.done()


class Hall:
    """A desk that serves so many calls at once, and everybody who comes."""

    def __init__(self, *, capacity: int = 1, places: int = 5, notice: str = "") -> None:
        self.clock = VirtualClock()
        self.speech = FakeSpeech()
        self.prompts = PromptBook(self.speech)
        self.metrics = PhoneMetrics()
        rules = AdmissionRules(maximum_calls=capacity, initial_calls=capacity, minimum_calls=1)
        self.desk = FrontDesk(
            rules,
            places=places,
            waits=WaitingTimes(1),
            beats=Beats(),
            metrics=self.metrics,
            clock=self.clock,
        )
        self.ticker = Ticker(FakeDetector(), self.clock, self.metrics, threads=False)
        self.notices = Notices(self.prompts, fixed=notice)
        self.guests: list[Guest] = []
        # The fakes tell words by the value of the sound: music must not have such values.
        self._music = mock.patch.object(hold_music, "loop", lambda: np.full(16 * RATE_HZ, 1, dtype=np.int16))

    async def __aenter__(self) -> Hall:
        self._music.start()
        await self.prompts.prepare()
        self._tasks = [asyncio.create_task(self.ticker.run()), asyncio.create_task(self.desk.run())]
        return self

    async def __aexit__(self, *_: object) -> None:
        for guest in self.guests:
            guest.leg.close("caller_hung_up")
        await asyncio.gather(*(guest.running for guest in self.guests))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.prompts.close()
        self._music.stop()

    def come(
        self,
        *,
        core: FakeCore | None = None,
        number: str = "13900001234",
        says: Sequence[Said] = (),
        hears: bool = True,
    ) -> Guest | None:
        """Somebody calls; None: refused. `hears`: there is a recogniser."""
        name = f"call-{len(self.guests) + 1}"
        arrival = self.desk.arrive(name)
        if arrival == "refused":
            return None
        core, leg = core or FakeCore(), FakeLeg(self.clock, says)
        leg.caller = CallerId(Masked(number), name)
        listener = FakeListener(leg)
        services = CallServices(
            core=core,
            speech=self.speech,
            prompts=self.prompts,
            listener=Listener(listener, 4) if hears else None,
            metrics=self.metrics,
            recorder=None,
            clock=self.clock,
            desk=self.desk,
            notices=self.notices,
        )
        call = Call(leg, name, services)
        self.ticker.add(call)

        async def run() -> None:
            await call.run()
            self.ticker.remove(call)
            self.desk.left(name)

        guest = Guest(leg, listener, core, call, asyncio.create_task(run()), arrival)
        self.guests.append(guest)
        return guest

    def must_come(self, **options: object) -> Guest:
        guest = self.come(**options)  # type: ignore[arg-type]
        assert guest is not None
        return guest

    def words(self, guest: Guest) -> list[str]:
        return [heard.text for heard in guest.leg.heard(self.speech)]

    def value(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(f"hotline_phone_{name}", labels) or 0.0
