"""Short calls through Kamailio to three nodes while nodes are lost or upgraded, or PostgreSQL is:
`python -m benchmarks.rolling_nodes kills|upgrade|outage`.

`kills`: every `--every` seconds a node is killed (all its processes at once, as if it had lost its power) and started
again. `outage`: once, for a minute, PostgreSQL is away for all of them. `upgrade`: one node after the other gets
SIGTERM, drains, ends and is started again, as an upgrade does it. SIPp places the calls from the trunk's address at an
even rate; each listens for some seconds and hangs up.

Counted: set-ups that failed, and contacts without exactly one outcome: a call that was answered, or that reached a
core, must be one conversation with one outcome. In an upgrade no call may be cut short either. What is written while
PostgreSQL is away is in the nodes' journals and must be in it in the end.
The small form (the default, about three minutes) shows that it works; the long one is `--calls 10000 --rate 10
--every 60`. Prints a table, writes `var/benchmarks/nodes-<what>.json`; status 1 where a must is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import psutil

from base.settings import ROOT
from benchmarks import conditions
from benchmarks.nodes import DRAIN_SECONDS, START_SECONDS, Nodes, running
from benchmarks.servers import TRUNK
from benchmarks.sipp import Load, Sipp, Told
from hotline.trial.system import System
from telephony.phone import call_id_of

What = Literal["kills", "upgrade", "outage"]
FAILED_SETUPS_MUST: Final = 0.005
_EVERY_SECONDS: Final[dict[What, float]] = {"kills": 45.0, "upgrade": 10.0, "outage": 20.0}
_OUTAGE_SECONDS: Final = 60.0
_OUTCOMES_WITHIN_SECONDS: Final = 120.0  # a lost call is one after dialogue.phone_lost_seconds, found by the sweeper
_LOOK_SECONDS: Final = 0.2
_STOP_SECONDS: Final = 60.0
_CUT: Final = ("lost", "error", "missed")  # ends of calls that the caller did not choose


@dataclass(slots=True)
class Disturbance:
    """What happens to the nodes meanwhile, in a thread of its own. `events`: the node (-1: PostgreSQL), seconds after
    the beginning when it was taken away, when it was ready again."""

    what: What
    nodes: Nodes
    every_seconds: float
    events: list[tuple[int, float, float]] = field(default_factory=list)
    problem: BaseException | None = None
    _over: threading.Event = field(default_factory=threading.Event)

    def run(self, calls_end: float) -> None:
        """Until `calls_end` (monotonic) or `finish`; an upgrade is over with its last node."""
        began = time.monotonic()
        due = began
        try:
            if self.what == "outage":
                self._outage(began)
                return
            numbers = range(len(self.nodes.systems))
            for number in itertools.cycle(numbers) if self.what == "kills" else numbers:
                due = max(time.monotonic(), due + self.every_seconds)
                if self.what == "kills" and due >= calls_end:
                    return
                if self._over.wait(due - time.monotonic()):
                    return
                away = time.monotonic() - began
                self._take_away(self.nodes.systems[number])
                self.nodes.systems[number].start(wait=False, set_up=False)
                self.nodes.systems[number].wait_ready(START_SECONDS)
                self.events.append((number, round(away, 1), round(time.monotonic() - began, 1)))
        except BaseException as error:  # noqa: BLE001 - told by `main`, which fails with it
            self.problem = error

    def _outage(self, began: float) -> None:
        if self._over.wait(self.every_seconds):
            return
        away = time.monotonic() - began
        self.nodes.database.close()
        self._over.wait(_OUTAGE_SECONDS)
        self.nodes.database.open()
        self.events.append((-1, round(away, 1), round(time.monotonic() - began, 1)))

    def _take_away(self, system: System) -> None:
        if self.what == "kills":
            system.kill()
        else:
            system.end()
            status = system.wait_ended(DRAIN_SECONDS + _STOP_SECONDS)
            assert status == 0, f"a node that was told to end has ended with status {status}"

    def finish(self) -> None:
        self._over.set()


async def _settled(nodes: Nodes, answered: set[str]) -> list[tuple[str, str | None, str]]:
    """The contacts once each has its outcome and every answered call is among them, or when it takes too long."""
    until = time.monotonic() + _OUTCOMES_WITHIN_SECONDS
    while True:
        contacts = await nodes.contacts()
        known = {call_id for call_id, outcome, _ in contacts if outcome is not None}
        if time.monotonic() > until or (answered <= known and len(known) == len(contacts)):
            return contacts
        await asyncio.sleep(2.0)


def outcomes_missing(contacts: list[tuple[str, str | None, str]], answered: set[str]) -> dict[str, int]:
    """What is wrong with the contacts; `answered` are the calls of which each must be one."""
    rows = Counter(call_id for call_id, _, _ in contacts)
    return {
        "answered_without_contact": len(answered - rows.keys()),
        "several_contacts": sum(count > 1 for count in rows.values()),
        "without_outcome": sum(outcome is None for _, outcome, _ in contacts),
    }


def measure(nodes: Nodes, what: What, load: Load, every_seconds: float, folder: Path) -> dict[str, Any]:
    load_before = psutil.getloadavg()[0]
    disturbance = Disturbance(what, nodes, every_seconds)
    sipp = Sipp(load, nodes.kamailio.port, folder / "sipp", address=TRUNK)
    calls_end = time.monotonic() + load.calls / load.rate
    thread = threading.Thread(target=disturbance.run, args=(calls_end,))
    thread.start()
    try:
        told: Told = sipp.wait()
    finally:
        disturbance.finish()
        sipp.stop()
        thread.join(START_SECONDS + DRAIN_SECONDS + _STOP_SECONDS)
    if disturbance.problem is not None:
        raise disturbance.problem
    answered = {call_id_of(call_id) for call_id in told.answered}
    over = {call_id_of(call_id) for call_id in told.over}
    contacts = asyncio.run(_settled(nodes, answered))
    ended_by = Counter(how for call_id, _, how in contacts)
    wrong = outcomes_missing(contacts, answered)
    return {
        "what": what,
        "nodes": len(nodes.systems),
        "calls": load.calls,
        "rate": load.rate,
        "listens_seconds": load.seconds,
        "every_seconds": every_seconds,
        "events": disturbance.events,
        "placed": told.placed,
        "answered": len(answered),
        "failed_setups": told.not_answered,
        "failed_share": round(told.not_answered / max(1, told.placed), 5),
        "mean_answer_seconds": told.mean_answer_seconds,
        "cut_short": len(answered - over),
        "contacts": len(contacts),
        "outcomes": dict(Counter(outcome or "none" for _, outcome, _ in contacts)),
        "ended_by": dict(ended_by),
        **wrong,
        "contacts_without_exactly_one_outcome": sum(wrong.values()),
        "generator_cpu_ms_a_call": round(1000 * told.cpu_seconds / max(1, told.placed), 2),
        "problems": sipp.problems,
        "load_average": [round(load_before, 2), round(psutil.getloadavg()[0], 2)],
    }


def sound(result: dict[str, Any]) -> bool:
    """The musts: no contact without exactly one outcome, set-ups; in an upgrade nothing fails and nothing is cut."""
    if result["contacts_without_exactly_one_outcome"] or not result["events"]:
        return False
    if result["what"] == "upgrade":
        cut = result["cut_short"] + sum(result["ended_by"].get(how, 0) for how in _CUT)
        return len(result["events"]) == result["nodes"] and not (result["failed_setups"] or cut)
    return bool(result["failed_share"] <= FAILED_SETUPS_MUST)


def main(what: What, load: Load, every_seconds: float, count: int) -> dict[str, Any]:
    told = conditions.Conditions()
    with tempfile.TemporaryDirectory(prefix="hln") as name, running(Path(name), count, {}) as nodes:
        result = measure(nodes, what, load, every_seconds, Path(name))
        return {"conditions": told.told(), **result}


def table(result: dict[str, Any]) -> str:
    shown = (
        "nodes", "calls", "rate", "listens_seconds", "events", "placed", "answered", "failed_setups", "failed_share",
        "mean_answer_seconds", "cut_short", "contacts", "outcomes", "ended_by", "answered_without_contact",
        "several_contacts", "without_outcome", "contacts_without_exactly_one_outcome", "generator_cpu_ms_a_call",
        "load_average",
    )  # fmt: skip
    lines = [*conditions.lines(result["conditions"]), "", f"{result['what']}, every {result['every_seconds']} s"]
    lines += [f"{key.replace('_', ' '):<38}{result[key]}" for key in shown]
    return "\n".join([*lines, "sound" if sound(result) else f"NOT sound\n{result['problems']}"])


def command(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.rolling_nodes", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("what", choices=("kills", "upgrade", "outage"))
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--rate", type=float, default=2.5, help="calls a second")
    parser.add_argument("--listens", type=float, default=4.0, help="seconds until a caller hangs up")
    parser.add_argument(
        "--every", type=float, help="seconds between two kills (45), before each upgrade (10) or the outage (20)"
    )
    parser.add_argument("--nodes", type=int, default=3)
    arguments = parser.parse_args(argv)
    load = Load("short", arguments.calls, arguments.rate, arguments.listens)
    every_seconds = arguments.every or _EVERY_SECONDS[arguments.what]
    result = main(arguments.what, load, every_seconds, arguments.nodes)
    target = conditions.write(f"nodes-{arguments.what}", result)
    print(table(result))
    print(f"\nwritten to {target.relative_to(ROOT)}")
    return 0 if sound(result) else 1


if __name__ == "__main__":
    raise SystemExit(command(sys.argv[1:]))
