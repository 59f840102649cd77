"""How many calls a second can be told the hot topic: `python -m benchmarks.hot_topics --rate 30`.

A node that serves one call at a time, one that stays, and has a large waiting room: everybody else is answered at once,
hears that it is busy and what many want to know now (from memory), and hangs up after `--listens` seconds. SIPp places
the calls, its own CPU is told apart; a sample of other callers listens to the audio that comes. Whole system: phone and
core with its database; nobody speaks, so recognisers and Rasa have nothing to do. In the end every answered call must
have one conversation with one outcome.

Prints a table, writes `var/benchmarks/hot_topics.json`; status 1 where a call was refused or lost.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import psutil

from base.settings import ROOT
from benchmarks import conditions, listening_callers
from benchmarks.accounts import Meter
from benchmarks.crowded import crowded_system
from benchmarks.listening_callers import BEAT_SECONDS, ListeningCallers
from benchmarks.sipp import Load, Sipp, Told
from benchmarks.soak import kept
from hotline.trial.system import System
from telephony.phone import call_id_of

NOTICE: Final = "海淀区今天停水，预计晚上八点恢复。"
SAMPLE_EVERY_SECONDS: Final = 1.0
SETTLE_SECONDS: Final = 6.0
_METER_SECONDS: Final = 2.0
_SPACE: Final = 40  # places beyond those that the callers need


def system_for(rate: float, listens_seconds: float, folder: Path) -> System:
    places = round(rate * listens_seconds * 1.5) + _SPACE
    return crowded_system(folder, at_once=1, places=places, notice=NOTICE)


def place(system: System, load: Load, folder: Path) -> tuple[Told, ListeningCallers, Meter]:
    """SIPp's calls, and a sample caller every second."""
    sample = ListeningCallers(system.sip_port)
    stays = sample.ring("13700000000", load.longest_seconds)
    while not stays.heard_after_seconds:
        sample.beat()
        time.sleep(BEAT_SECONDS)
    meter = Meter(system.processes())
    sipp = Sipp(load, system.sip_port, folder / load.name)
    try:
        began = time.monotonic()
        due, look = 1.0, _METER_SECONDS
        while sipp.running():
            passed = time.monotonic() - began
            if passed >= due and passed < load.calls / load.rate:
                sample.ring(f"138{len(sample.calls):08d}", load.seconds)
                due += SAMPLE_EVERY_SECONDS
            if passed >= look:
                meter.look()
                look += _METER_SECONDS
            sample.beat()
            time.sleep(BEAT_SECONDS)
        told = sipp.wait()
        while sample.at_once > 1:
            sample.beat()
            time.sleep(BEAT_SECONDS)
        sample.hang_up(stays)
        sample.calls.remove(stays)
        sample.settle(SETTLE_SECONDS)
    finally:
        sipp.stop()
        sample.close()
    return told, sample, meter


def measure(system: System, load: Load, folder: Path) -> dict[str, Any]:
    load_before = psutil.getloadavg()[0]
    told, sample, meter = place(system, load, folder)
    used = meter.read()
    answered = [{"call_id": call_id_of(call_id), "answered_at": 0.0, "status": 200} for call_id in told.answered]
    answered += [{"call_id": call.call_id, "answered_at": 0.0, "status": 200} for call in sample.calls if call.answered]
    calls = told.placed + len(sample.calls)
    conserved = kept(system.directory / "hotline.db", answered)
    return {
        "rate": load.rate,
        "listens_seconds": load.seconds,
        "placed": told.placed,
        "answered": len(told.answered),
        "ended_in_order": len(told.over),
        "placed_a_second": round(told.placed / max(0.1, told.seconds - load.seconds), 1),
        "mean_answer_seconds": told.mean_answer_seconds,
        "sample": listening_callers.summary(sample.calls),
        "outcomes": conserved["outcomes"],
        "without_one_outcome": len(conserved["without_one_outcome"]),
        "cpu_seconds_a_call": round(used.total / calls, 4),
        "cpu_ms_a_call_by_process": {
            name: round(1000 * value / calls, 1) for name, value in sorted(used.processes.items(), key=lambda i: -i[1])
        },
        "cpu_ms_a_call_by_thread": {
            name: round(1000 * value / calls, 1)
            for name, value in sorted(used.threads.items(), key=lambda i: -i[1])
            if value >= 0.0005 * calls
        },
        "generator_cpu_ms_a_call": round(1000 * told.cpu_seconds / max(1, told.placed), 2),
        "load_average": [round(load_before, 2), round(psutil.getloadavg()[0], 2)],
    }


def main(rates: list[float], seconds: float, listens_seconds: float) -> dict[str, Any]:
    told = conditions.Conditions()
    with tempfile.TemporaryDirectory(prefix="hlt") as name:
        folder = Path(name)
        system = system_for(max(rates), listens_seconds, folder)
        system.prepare()
        system.start()
        try:
            measure(system, Load("warm-up", 20, 4.0, listens_seconds), folder)  # the sentences are rendered once
            levels = []
            for number, rate in enumerate(rates):
                first = 13_900_000_000 + number * 1_000_000
                load = Load(f"level-{number}", round(rate * seconds), rate, listens_seconds, first)
                levels.append(measure(system, load, folder))
            return {"conditions": told.told(), "notice": NOTICE, "seconds": seconds, "levels": levels}
        finally:
            system.stop()


def sound(level: dict[str, Any]) -> bool:
    return level["answered"] == level["placed"] and not level["without_one_outcome"]


def table(result: dict[str, Any]) -> str:
    lines = [*conditions.lines(result["conditions"]), ""]
    columns = {
        "calls/s": "rate", "reached": "placed_a_second", "placed": "placed", "answered": "answered",
        "mean answer s": "mean_answer_seconds", "CPU s a call": "cpu_seconds_a_call",
        "generator ms": "generator_cpu_ms_a_call", "without one outcome": "without_one_outcome",
    }  # fmt: skip
    lines.append(" | ".join(columns))
    for level in result["levels"]:
        lines.append(" | ".join(f"{level[key]!s:>{len(title)}}" for title, key in columns.items()))
    for level in result["levels"]:
        lines += [
            "",
            f"{level['rate']} calls/s, each listening {level['listens_seconds']} s; load {level['load_average']}",
            f"  sample: {level['sample']}",
            f"  outcomes: {level['outcomes']}; ended in order {level['ended_in_order']}",
            f"  CPU ms a call: {level['cpu_ms_a_call_by_process']}",
            f"  by thread: {level['cpu_ms_a_call_by_thread']}",
        ]
    return "\n".join(lines)


def command(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.hot_topics", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--rate", type=float, nargs="+", default=[10.0, 20.0, 30.0, 40.0], help="calls a second")
    parser.add_argument("--seconds", type=float, default=20.0, help="so long calls come in, at each rate")
    parser.add_argument("--listens", type=float, default=5.0, help="seconds until a caller hangs up")
    arguments = parser.parse_args(argv)
    result = main(arguments.rate, arguments.seconds, arguments.listens)
    target = conditions.write("hot_topics", result)
    print(table(result))
    print(f"\nwritten to {target.relative_to(ROOT)}")
    return 0 if all(sound(level) for level in result["levels"]) else 1


if __name__ == "__main__":
    raise SystemExit(command(sys.argv[1:]))
