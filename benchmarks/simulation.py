"""Does the simulation tell the truth? `python -m benchmarks.simulation`: the same calls, simulated and placed.

A whole system that serves few calls at once gets real SIP calls over loopback, at the moments that the simulation drew,
from callers with the patience, the length and the retries that it drew for them (`hotline.simulation.fate`). A caller
counts as served from the moment when the phone's log says so: that is when the bot greets. Callers say nothing: what
is looked at is who is served when, not what is understood.

Which call finds the last free place hangs on hundredths of a second, and with retries one such call changes many
others: in a share that rests on a handful of calls one run of the simulation lies more than 10 % from the next. So the
traffic is so heavy that every share rests on a hundred calls or more, and what is compared with is the mean of several
simulated runs, in each of which every place is taken for some hundredths of a second longer, as is seen at the phone.

Measured and simulated stand side by side; 10 % is how far they may lie apart. Writes `var/benchmarks/simulation.json`.
"""

from __future__ import annotations

import argparse
import heapq
import random
import re
import secrets
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from statistics import mean
from typing import IO, Any, Final

from base.settings import ROOT
from benchmarks import conditions
from benchmarks.phone import outcomes_of
from benchmarks.phone_line import FRAME_BYTES, Dialog, RtpLine, SipPort
from hotline.simulation import report
from hotline.simulation.caller import Result
from hotline.simulation.distributions import Distribution, Exponential, Lognormal
from hotline.simulation.fate import Fate, draw, stream
from hotline.simulation.scenario import Scenario, default
from hotline.simulation.world import World, arrival_stream
from hotline.trial.system import System
from telephony.phone import call_id_of

TOLERANCE: Final = 0.1
BEAT_SECONDS: Final = 0.02
PACKET_SECONDS: Final = 0.1  # a line that sends nothing at all would count as dead
SILENCE: Final = b"\xd5" * FRAME_BYTES  # A-law
CALL_ID: Final = re.compile(r'call_id["\s:=]+([^\s",]+)')
MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")
_A_LAW: Final = 8
_SETTLE_SECONDS: Final = 3.0
_ANSWER_SECONDS: Final = 10.0
RUNS: Final = 24
RELEASE_SECONDS: Final = (0.02, 0.06)  # from a hang-up until the next caller is served, as measured here
IN_TIME_SECONDS: Final = 4.0  # nobody here waits for the 15 s of the standard: that figure would say nothing


@dataclass(frozen=True, slots=True)
class UntilFree:
    """How long a place is taken: the call, and what the phone needs to end it (drawn apart: the callers stay those of
    the other runs)."""

    call: Distribution
    release: random.Random

    @property
    def mean_seconds(self) -> float:
        return self.call.mean_seconds + sum(RELEASE_SECONDS) / 2

    def sample(self, rng: random.Random) -> float:
        return self.call.sample(rng) + self.release.uniform(*RELEASE_SECONDS)


def scenario(calls_at_once: int, places: int, seconds: float, load: float) -> Scenario:
    """Short calls on one node without seats; `load` is offered traffic over capacity, retries not counted."""
    service = Lognormal(6.0, 15.0)
    return replace(
        default(), calls_an_hour=3600.0 * load * calls_at_once / service.mean_seconds, hour_seconds=seconds,
        warm_up_seconds=0.0, after_seconds=0.0, dispersion=3.0, burst_seconds=20.0, nodes=1, seats=0, seat_share=0.0,
        maximum_calls=calls_at_once, initial_calls=calls_at_once, minimum_calls=calls_at_once, waiting_places=places,
        carries_calls=1e6, bot_service=service, waiting_patience=Lognormal(5.0, 12.0),
        callback_share=0.0, hot_topic_share=0.0, retry_probability=0.5, retry_delay=Exponential(12.0),
        attempts_at_most=3, callbacks_by_bot=False, drain_seconds=0.0, connected_within_seconds=IN_TIME_SECONDS,
    )  # fmt: skip


@dataclass(slots=True)
class Placed:
    """One real attempt; moments of the wall clock."""

    dialog: Dialog
    line: RtpLine
    fate: Fate
    rng: random.Random
    attempt: int
    served_at: float | None = None
    packet_at: float = 0.0
    result: Result | None = None

    @property
    def call_id(self) -> str:
        return call_id_of(self.dialog.call_id)

    @property
    def wait_seconds(self) -> float | None:
        return None if self.served_at is None else max(0.0, self.served_at - self.dialog.invited_at)


@dataclass(slots=True)
class Line:
    """All callers, on one thread."""

    port: SipPort
    log: IO[str]
    scenario: Scenario
    due: list[tuple[float, int, int, random.Random]] = field(default_factory=list)  # when, caller, attempt, stream
    live: list[Placed] = field(default_factory=list)
    over: list[Placed] = field(default_factory=list)
    _rest: str = ""

    def place_all(self, seed: int) -> None:
        """Every call to its end."""
        began = time.time() + 0.5
        for number, at in enumerate(self.scenario.arrivals.times(arrival_stream(seed))):
            heapq.heappush(self.due, (began + at, number, 1, stream(seed, number)))
        beat = 0
        while self.due or self.live:
            now = time.time()
            while self.due and self.due[0][0] <= now:
                self._ring(*self.due[0][1:])
                heapq.heappop(self.due)
            self.port.work()
            served = self._newly_served()
            for call in self.live:
                self._look(call, now, served)
            self.over += [call for call in self.live if call.result is not None]
            self.live = [call for call in self.live if call.result is None]
            beat += 1
            if beat % 25 == 0:
                self.port.retransmit()
            time.sleep(BEAT_SECONDS)
        deadline = time.time() + _SETTLE_SECONDS
        while time.time() < deadline:
            self.port.work()
            self.port.retransmit()
            time.sleep(0.1)

    def _ring(self, number: int, attempt: int, rng: random.Random) -> None:
        line = RtpLine(_A_LAW)
        line.open()
        dialog = Dialog(secrets.token_hex(12), line, f"139{number:08d}")
        self.live.append(Placed(dialog, line, draw(self.scenario, rng), rng, attempt))
        self.port.invite(dialog)

    def _newly_served(self) -> dict[str, float]:
        """Calls that the log has said to be served since the last look, by their ids, and when: on a
        busy machine its lines come late."""
        self._rest += self.log.read()
        *lines, self._rest = self._rest.split("\n")
        return {
            name.group(1): datetime.fromisoformat(at.group()).timestamp()
            for line in lines
            if "call_served" in line and (name := CALL_ID.search(line)) and (at := MOMENT.search(line))
        }

    def _look(self, call: Placed, now: float, served: dict[str, float]) -> None:
        dialog = call.dialog
        if dialog.answered_at is None:
            if dialog.status >= 300 or now - dialog.invited_at > _ANSWER_SECONDS:
                self._end(call, Result.REFUSED, now)
            return
        if now - call.packet_at >= PACKET_SECONDS:
            call.packet_at = now
            call.line.send(SILENCE)
            call.line.receive(everything=True)
        if call.served_at is None:
            call.served_at = served.get(call.call_id)
        if call.served_at is None:
            if now - dialog.invited_at >= call.fate.waits_seconds:
                self._end(call, Result.GAVE_UP, now)
        elif now - call.served_at >= call.fate.bot_seconds or dialog.ended_by == "bot":
            self._end(call, Result.SERVED, now)

    def _end(self, call: Placed, result: Result, now: float) -> None:
        call.result = result
        if call.dialog.answered_at is not None:
            self.port.hang_up(call.dialog)
        call.line.close()
        again = result is not Result.SERVED and call.attempt < self.scenario.attempts_at_most
        if again and call.fate.tries_again:
            number = int(call.dialog.caller[3:])
            heapq.heappush(self.due, (now + call.fate.again_after_seconds, number, call.attempt + 1, call.rng))


def measured(calls: list[Placed], within_seconds: float) -> dict[str, float]:
    """The figures that `simulated` tells of the simulation."""
    waits = sorted(wait for call in calls if (wait := call.wait_seconds) is not None)
    results = [call.result for call in calls]
    return {
        "attempts": float(len(calls)),
        "served": results.count(Result.SERVED) / len(calls),
        "connected in time": sum(wait <= within_seconds for wait in waits) / len(calls),
        "gave up": results.count(Result.GAVE_UP) / len(calls),
        "refused": results.count(Result.REFUSED) / len(calls),
        "mean wait s": sum(waits) / max(1, len(waits)),
        "wait p90 s": report.percentile(waits, 0.9),
    }


def simulated(chosen: Scenario, seed: int) -> dict[str, float]:
    """The mean of each figure over `RUNS` runs with the same callers."""
    runs = [simulated_once(chosen, seed, number) for number in range(RUNS)]
    return {key: mean(run[key] for run in runs) for key in runs[0]}


def simulated_once(chosen: Scenario, seed: int, number: int) -> dict[str, float]:
    service = UntilFree(chosen.bot_service, random.Random(f"{seed}/release/{number}"))
    tally = World(replace(chosen, bot_service=service), seed).run()
    waits = sorted(tally.waits_seconds)
    attempts = tally.attempts
    return {
        "attempts": float(attempts),
        "served": tally.results[Result.SERVED] / attempts,
        "connected in time": tally.connected / attempts,
        "gave up": tally.results[Result.GAVE_UP] / attempts,
        "refused": tally.results[Result.REFUSED] / attempts,
        "mean wait s": sum(waits) / max(1, len(waits)),
        "wait p90 s": report.percentile(waits, 0.9),
    }


def apart(real: float, told: float) -> float:
    """How far the simulation is from the measurement, as a share of the measured value."""
    if real == told:
        return 0.0
    return abs(told - real) / abs(real) if real else float("inf")


def main(calls_at_once: int, places: int, seconds: float, load: float, seed: int) -> dict[str, Any]:
    chosen = scenario(calls_at_once, places, seconds, load)
    told = conditions.Conditions()
    with tempfile.TemporaryDirectory(prefix="hls") as name:
        small = {
            "HOTLINE_TELEPHONY__MAXIMUM_CALLS": str(calls_at_once),
            "HOTLINE_ADMISSION__INITIAL_CALLS": str(calls_at_once),
            "HOTLINE_ADMISSION__MINIMUM_CALLS": str(calls_at_once),
            "HOTLINE_ADMISSION__WAITING_ROOM_PLACES": str(places),
            "HOTLINE_TURN_TAKING__FIRST_SILENCE_PROMPT_SECONDS": "600",  # silent callers are left alone
            "HOTLINE_TURN_TAKING__SECOND_SILENCE_PROMPT_SECONDS": "1200",
        }
        system = System(Path(name) / "var", environment=small)
        system.prepare()
        system.start()
        port = SipPort(system.sip_port)
        try:
            with system.log.open(encoding="utf-8", errors="replace") as log:
                log.seek(0, 2)
                line = Line(port, log, chosen)
                line.place_all(seed)
            outcomes = outcomes_of(system.directory / "hotline.db", {call.call_id for call in line.over})
        finally:
            port.close()
            system.stop()
    real, foretold = measured(line.over, chosen.connected_within_seconds), simulated(chosen, seed)
    return {
        "conditions": told.told(),
        "calls_at_once": calls_at_once,
        "waiting_places": places,
        "seconds": seconds,
        "seed": seed,
        "measured": real,
        "simulated": foretold,
        "apart": {key: round(apart(real[key], foretold[key]), 4) for key in real},
        "outcomes": outcomes,
        "without_record": len({call.call_id for call in line.over}) - sum(outcomes.values()),
    }


def table(result: dict[str, Any]) -> str:
    head = f"{'figure':<20}{'measured':>12}{'simulated':>12}{'apart':>9}"
    lines = [*conditions.lines(result["conditions"]), "", head]
    for key, real in result["measured"].items():
        gap = result["apart"][key]
        mark = "" if gap <= TOLERANCE else "  more than 10 %"
        lines.append(f"{key:<20}{real:>12.3f}{result['simulated'][key]:>12.3f}{gap:>9.1%}{mark}")
    lines += [
        "",
        f"outcomes of the real calls: {result['outcomes']}; refused ones leave none ({result['without_record']})",
    ]
    return "\n".join(lines)


def command(argv: list[str]) -> int:
    """Exit status 1 where a figure is more than 10 % apart."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.simulation", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--calls-at-once", type=int, default=16)
    parser.add_argument("--places", type=int, default=14, help="of the waiting room")
    parser.add_argument("--seconds", type=float, default=240.0, help="so long calls come in")
    parser.add_argument("--load", type=float, default=1.5, help="offered traffic over capacity")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args(argv)
    result = main(arguments.calls_at_once, arguments.places, arguments.seconds, arguments.load, arguments.seed)
    target = conditions.write("simulation", result)
    print(table(result))
    print(f"\nwritten to {target.relative_to(ROOT)}")
    return 0 if all(gap <= TOLERANCE for gap in result["apart"].values()) else 1


if __name__ == "__main__":
    raise SystemExit(command(sys.argv[1:]))
