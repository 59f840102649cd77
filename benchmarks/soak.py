"""Calls without an end: `python -m benchmarks.soak --minutes 30`. Does anything grow, does any call get lost?

Callers come at an even pace, talk, and hang up at any moment; a whole system of its own serves them. Memory (PSS), open
files and threads of each process are read every ten seconds; growth counts after the first third, when caches are
warm. In the end every answered call must have exactly one conversation with one outcome, and nothing may still be open.

Prints a table, writes `var/benchmarks/soak.json`; status 1 where something grew or got lost.
"""

from __future__ import annotations

import argparse
import json
import select
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np

from base.settings import ROOT
from benchmarks import conditions
from benchmarks.accounts import Meter, memory_mib, open_files
from benchmarks.phone_callers import Plan
from hotline.trial import listening
from hotline.trial.system import System

SAMPLE_SECONDS: Final = 10.0
WARM_SHARE: Final = 1 / 3
GROWTH_LIMIT_MIB_AN_HOUR: Final = 30.0  # of one process; allocators breathe by a few MiB
GROWTH_LIMIT_SHARE: Final = 0.05  # between the first and the last samples that count …
GROWTH_LIMIT_MIB: Final = 10.0  # … and more than this
SETTLE_SECONDS: Final = 40.0  # calls that lost their end are swept up by then
LISTENED_TO: Final = 60  # recordings


class Watch:
    """What each process holds, over time."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._began = time.monotonic()
        self.moments: list[float] = []
        self.memory: list[dict[str, int]] = []
        self.files: list[dict[str, int]] = []

    def look(self) -> None:
        processes = self._system.processes()
        self.moments.append(time.monotonic() - self._began)
        self.memory.append(memory_mib(processes))
        self.files.append(open_files(processes))

    def growth(self) -> dict[str, dict[str, float]]:
        """By process, from the warm part: MiB at its beginning and end, the slope, the file descriptors' range."""
        first = int(len(self.moments) * WARM_SHARE)
        hours = np.array(self.moments[first:]) / 3600.0
        told = {}
        for name in self.memory[-1]:
            values = np.array([sample.get(name, 0) for sample in self.memory[first:]], dtype=float)
            files = [sample.get(name, 0) for sample in self.files[first:]]
            edge = max(1, len(values) // 5)
            told[name] = {
                "mib_begin": round(float(np.median(values[:edge])), 1),
                "mib_end": round(float(np.median(values[-edge:])), 1),
                "mib_an_hour": round(float(np.polyfit(hours, values, 1)[0]), 1) if len(values) > 2 else 0.0,
                "files_least": min(files),
                "files_most": max(files),
            }
        return told


def _grew(growth: dict[str, float]) -> bool:
    grown = growth["mib_end"] - growth["mib_begin"]
    limit = max(GROWTH_LIMIT_MIB, GROWTH_LIMIT_SHARE * growth["mib_begin"])
    return growth["mib_an_hour"] > GROWTH_LIMIT_MIB_AN_HOUR and grown > limit


def _run_callers(plan: Plan, folder: Path, watch: Watch) -> dict[str, Any]:
    target = folder / "plan.json"
    target.write_text(json.dumps(asdict(plan)), encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.phone_callers", str(target)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as generator:
        assert generator.stdin is not None and generator.stdout is not None
        assert generator.stdout.readline().strip() == b"calling"
        generator.stdin.write(b"go\n")
        generator.stdin.flush()
        watch.look()
        while not select.select([generator.stdout], [], [], SAMPLE_SECONDS)[0]:
            watch.look()
        assert generator.stdout.readline().strip() == b"done", "the load generator failed"
        assert generator.wait() == 0
    heard: dict[str, Any] = json.loads(Path(plan.result).read_text(encoding="utf-8"))
    return heard


def kept(database: Path, calls: list[dict[str, Any]]) -> dict[str, Any]:
    """What became of the answered calls: outcomes, and the call ids of those without exactly one."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        rows = connection.execute(
            "SELECT call_id, outcome, ended_at FROM conversations WHERE channel = 'phone'"
        ).fetchall()
    found: dict[str, list[tuple[str | None, str | None]]] = {}
    for call_id, outcome, ended_at in rows:
        found.setdefault(call_id, []).append((outcome, ended_at))
    answered = [call["call_id"] for call in calls if call["answered_at"] is not None]
    wrong = [call_id for call_id in answered if len(found.get(call_id, [])) != 1 or None in found[call_id][0]]
    outcomes = Counter(found[call_id][0][0] for call_id in answered if call_id not in wrong)
    return {
        "calls": len(calls),
        "answered": len(answered),
        "outcomes": dict(outcomes),
        "without_one_outcome": wrong,
        "statuses_of_refused": dict(Counter(call["status"] for call in calls if call["answered_at"] is None)),
    }


def main(minutes: float, at_once: int) -> dict[str, Any]:
    told = conditions.Conditions()
    call_seconds = 60.0
    mean_seconds = call_seconds * 0.51
    with tempfile.TemporaryDirectory(prefix="hls") as name:
        folder = Path(name)
        system = System(folder / "var")
        system.prepare()
        system.start()
        try:
            time.sleep(10.0)
            voice = conditions.RESULTS / "voice"
            voice.mkdir(parents=True, exist_ok=True)
            plan = Plan(
                sip_port=system.sip_port,
                calls=round(minutes * 60.0 / mean_seconds * at_once),
                result=str(folder / "heard.json"),
                models=str(ROOT / "var" / "models"),
                voice_directory=str(voice),
                database=str(system.directory / "hotline.db"),
                ramp_seconds=minutes * 60.0,
                call_seconds=call_seconds,
                vary=True,
            )
            watch = Watch(system)
            meter = Meter(system.processes())
            restarts_before = {process.pid for process in system.children()}
            heard = _run_callers(plan, folder, watch)
            time.sleep(SETTLE_SECONDS)
            watch.look()
            restarted = len({process.pid for process in system.children()} ^ restarts_before)
            calls = heard["calls"]
            recordings = sorted((system.directory / "recordings").rglob("*.wav"))
            listened = [listening.heard(path) for path in recordings[:: max(1, len(recordings) // LISTENED_TO)]]
            growth = watch.growth()
            conserved = kept(system.directory / "hotline.db", calls)
            return {
                "conditions": told.told(),
                "minutes": minutes,
                "calls_at_once": at_once,
                **conserved,
                "processes": growth,
                "grew": sorted(name for name, one in growth.items() if _grew(one)),
                "files_after_calls": watch.files[-1],
                "processes_restarted": restarted,
                "cpu_seconds_a_call": round(meter.read().total / max(1, len(calls)), 2),
                "recordings": listening.summary(listened),
                "samples": [
                    {"seconds": round(at), "mib": memory, "files": files}
                    for at, memory, files in zip(watch.moments, watch.memory, watch.files, strict=True)
                ],
            }
        finally:
            system.stop()


def sound(result: dict[str, Any]) -> bool:
    """Nothing grew, nothing was lost, nothing was started again."""
    return not (result["grew"] or result["without_one_outcome"] or result["processes_restarted"])


def table(result: dict[str, Any]) -> str:
    lines = [
        *conditions.lines(result["conditions"]),
        "",
        f"{result['minutes']} minutes, about {result['calls_at_once']} calls at once: {result['calls']} calls, "
        f"{result['answered']} answered, refused {result['statuses_of_refused']}",
        f"outcomes {result['outcomes']}; without exactly one: {len(result['without_one_outcome'])}",
        f"CPU {result['cpu_seconds_a_call']} s a call; processes restarted: {result['processes_restarted']}",
        "process | MiB after a third | at the end | MiB an hour | open files",
    ]
    for name, one in result["processes"].items():
        files = f"{one['files_least']:.0f}-{one['files_most']:.0f}, now {result['files_after_calls'].get(name)}"
        lines.append(f"{name} | {one['mib_begin']} | {one['mib_end']} | {one['mib_an_hour']} | {files}")
    lines.append("recordings: " + ", ".join(f"{key} {value}" for key, value in result["recordings"].items()))
    lines.append("sound" if sound(result) else f"NOT sound: grew {result['grew']}, {result['without_one_outcome'][:5]}")
    return "\n".join(lines)


def command(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--calls", type=int, default=10, help="about so many calls at once")
    arguments = parser.parse_args(argv)
    result = main(arguments.minutes, arguments.calls)
    target = conditions.write("soak", result)
    print(table(result))
    print(f"\nwritten to {target.relative_to(ROOT)}")
    return 0 if sound(result) else 1


if __name__ == "__main__":
    raise SystemExit(command(sys.argv[1:]))
