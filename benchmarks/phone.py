"""What a call costs, how many hold at once, and how quick the conversation is: `python -m benchmarks.phone`.

The bench call lasts 90 s: six turns of the caller of about five seconds each (one of them interrupts the bot), the
rest is the bot's speech and pauses. Half of the callers ask about policy, half make a complaint; a quarter speaks
mu-law. All callers run in one process of their own whose CPU is told separately; the system's CPU is that of its own
processes. What is rendered ahead at publication has been rendered before. A level holds when the final text is there
within 500 ms of the declared end of a turn for 95 % of the turns spoken while all calls were live; a turn without any
text counts as late.

Prints tables, writes `var/benchmarks/phone.json`.
"""

from __future__ import annotations

import argparse
import json
import math
import select
import sqlite3
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final

import psutil
from prometheus_client.parser import text_string_to_metric_families

from base.settings import ROOT, Settings
from benchmarks import conditions, prepared_speech, stored, worker_counts
from benchmarks.accounts import Account, Meter, memory_mib
from benchmarks.conditions import percentile
from benchmarks.phone_callers import Plan
from hotline.trial import listening
from hotline.trial.system import System

LAG_LIMIT_SECONDS: Final = 0.5
MUST_CALLS: Final = 30
LEVELS: Final = (30, 45, 60, 80, 100)
RECOGNISERS: Final = Settings().recogniser.workers
METRICS_SECONDS: Final = 6.5  # the phone tells its figures every 5 s
_LISTENED_TO: Final = 20  # recordings of each level
_SETTLE_SECONDS: Final = 3.0
_LOOK_SECONDS: Final = 3.0  # between two looks at the threads


class Figures:
    """The phone's own metrics at one moment."""

    def __init__(self, text: str) -> None:
        self._values: dict[tuple[str, str], float] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name.startswith("hotline_phone_"):
                    label = next((value for key, value in sample.labels.items() if key != "phone"), "")
                    self._values[sample.name.removeprefix("hotline_phone_"), label] = sample.value

    def since(self, before: Figures, name: str, label: str = "") -> float:
        """How much a counter has grown."""
        return self._values.get((name, label), 0.0) - before._values.get((name, label), 0.0)

    def labels(self, name: str) -> list[str]:
        return [label for known, label in self._values if known == name]

    def share_above(self, before: Figures, histogram: str, bound: str) -> float | None:
        """The share of a histogram's observations above one of its bounds."""
        count = self.since(before, f"{histogram}_count")
        return 1.0 - self.since(before, f"{histogram}_bucket", bound) / count if count else None

    def quantile(self, before: Figures, histogram: str, share: float) -> float | None:
        """Within a bucket, values are taken to lie evenly."""
        count = self.since(before, f"{histogram}_count")
        bounds = sorted(self.labels(f"{histogram}_bucket"), key=float)
        lower, below = 0.0, 0.0
        for bound in bounds:
            within = self.since(before, f"{histogram}_bucket", bound)
            if count and within >= share * count:
                upper = float(bound)
                if math.isinf(upper):
                    return lower
                return round(lower + (upper - lower) * (share * count - below) / max(within - below, 1e-9), 3)
            lower, below = float(bound), within
        return None


def _figures(system: System) -> Figures:
    status, body = system.get("/metrics")
    assert status == 200, (status, body)
    return Figures(str(body))


def _place(plan: Plan, folder: Path, system: System) -> tuple[dict[str, Any], Account]:
    """Run the generator; its report, and the CPU that the system used from the first call until it had settled."""
    target = folder / "plan.json"
    target.write_text(json.dumps(asdict(plan)), encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.phone_callers", str(target)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as generator:
        assert generator.stdin is not None and generator.stdout is not None
        _wait_for(generator.stdout, b"calling")
        meter = Meter(system.processes())
        generator.stdin.write(b"go\n")
        generator.stdin.flush()
        while not select.select([generator.stdout], [], [], _LOOK_SECONDS)[0]:
            meter.look()
        _wait_for(generator.stdout, b"done")
        time.sleep(_SETTLE_SECONDS)
        used = meter.read()
        assert generator.wait() == 0, "the load generator failed"
    return json.loads(Path(plan.result).read_text(encoding="utf-8")), used


def _wait_for(stream: IO[bytes], wanted: bytes) -> None:
    for line in stream:
        if line.strip() == wanted:
            return
    raise AssertionError(f"the load generator ended before it was {wanted.decode()}")


def _turns_of(database: Path, call_ids: set[str]) -> list[dict[str, Any]]:
    """The citizens' spoken turns as the core has them: call, moment (wall clock), what the phone measured."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        rows = connection.execute(
            "SELECT c.call_id, t.created_at, t.meta FROM turns t JOIN conversations c ON c.id = t.conversation_id"
            " WHERE t.role = 'citizen' AND t.kind = 'speech'"
        ).fetchall()
    opened = stored.json_opener(database, "turns.meta")
    return [
        {"call_id": row[0], "at": datetime.fromisoformat(row[1]).replace(tzinfo=UTC).timestamp(), **opened(row[2])}
        for row in rows
        if row[0] in call_ids
    ]


def outcomes_of(database: Path, call_ids: set[str]) -> dict[str, int]:
    """How the calls ended; `none`: a call that has no outcome (there must be none)."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        rows = connection.execute("SELECT call_id, outcome FROM conversations WHERE channel = 'phone'").fetchall()
    counted: dict[str, int] = {}
    for call_id, outcome in rows:
        if call_id in call_ids:
            counted[outcome or "none"] = counted.get(outcome or "none", 0) + 1
    return counted


def measure(system: System, calls: int, folder: Path, *, ramp_seconds: float = 15.0, seed: int = 1) -> dict[str, Any]:
    """One load level."""
    plan = Plan(
        sip_port=system.sip_port,
        calls=calls,
        result=str(folder / "heard.json"),
        models=str(ROOT / "var" / "models"),
        voice_directory=str(conditions.RESULTS / "voice"),
        database=str(system.directory / "hotline.db"),
        ramp_seconds=ramp_seconds,
        seed=seed,
    )
    Path(plan.voice_directory).mkdir(parents=True, exist_ok=True)
    load_before = psutil.getloadavg()[0]
    before = _figures(system)
    worked = worker_counts.counts(system.directory, RECOGNISERS)
    heard, used = _place(plan, folder, system)
    workers = worker_counts.since(worked, worker_counts.counts(system.directory, RECOGNISERS))
    memory = memory_mib(system.processes())
    time.sleep(METRICS_SECONDS)
    after = _figures(system)
    database = system.directory / "hotline.db"
    call_ids = {call["call_id"] for call in heard["calls"]}
    result = level_summary(plan, heard, _turns_of(database, call_ids))
    result["load_average"] = [round(load_before, 2), round(psutil.getloadavg()[0], 2)]
    result["outcomes"] = outcomes_of(database, call_ids)
    phone = result["phone"] = _phone_figures(before, after)
    result["answer_p50"], result["answer_p95"] = phone["answer_p50_seconds"], phone["answer_p95_seconds"]
    result["ticker_late_share"] = phone["ticker_late_share"]
    result["recordings"] = _listened(system, call_ids)
    result["cpu_seconds_a_call"] = round(used.total / calls, 3)
    result["cpu_by_process_a_call"] = _a_call(used.processes, calls)
    result["cpu_by_thread_a_call"] = _a_call(used.threads, calls)
    result["workers"] = workers
    result["memory_mib"] = memory
    return result


def _listened(system: System, call_ids: set[str]) -> dict[str, Any]:
    """How some of the calls sounded."""
    paths = [path for path in sorted((system.directory / "recordings").rglob("*.wav")) if path.stem in call_ids]
    return listening.summary([listening.heard(path) for path in paths[:_LISTENED_TO]])


def _a_call(counted: dict[str, float], calls: int) -> dict[str, float]:
    return {name: round(value / calls, 3) for name, value in sorted(counted.items(), key=lambda item: -item[1])}


def _phone_figures(before: Figures, after: Figures) -> dict[str, Any]:
    def prompts(name: str) -> int:
        return round(after.since(before, "prompts_total", name))

    late = after.share_above(before, "ticker_lag_seconds", "0.02")
    return {
        "ticker_late_share": None if late is None else round(late, 5),
        "ticker_beats": round(after.since(before, "ticker_lag_seconds_count")),
        "recognition_failures": round(after.since(before, "recognition_failures_total")),
        "rendering_failures": round(after.since(before, "rendering_failures_total")),
        "fillers": prompts("filler") + prompts("filler_again"),
        "not_heard": prompts("not_heard"),
        "barge_ins": round(after.since(before, "barge_ins_total")),
        "back_channels": round(after.since(before, "back_channels_total")),
        "guesses_used": round(after.since(before, "guesses_total", "used")),
        "guesses_dropped": round(after.since(before, "guesses_total", "dropped")),
        "guesses_outdated": round(after.since(before, "guesses_total", "outdated")),
        "answer_p50_seconds": after.quantile(before, "voice_to_voice_seconds", 0.5),
        "answer_p95_seconds": after.quantile(before, "voice_to_voice_seconds", 0.95),
    }


def level_summary(plan: Plan, heard: dict[str, Any], core_turns: list[dict[str, Any]]) -> dict[str, Any]:
    """What callers heard and what the core was told, in one table's row; delays in seconds."""
    calls = heard["calls"]
    answered = [call for call in calls if call["answered_at"] is not None]
    whole = [call for call in answered if call["ended_by"] == "caller"]
    begin = max((call["answered_at"] for call in answered), default=0.0)
    end = min((call["ended_at"] for call in whole), default=begin)
    spoken = [turn for call in answered for turn in call["turns"] if turn["last_voiced_at"]]
    within = [turn for turn in spoken if begin <= turn["last_voiced_at"] <= end - 2.0]
    lags = [
        turn["recognition_wait_seconds"]
        for turn in core_turns
        if "recognition_wait_seconds" in turn and begin <= turn["at"] <= end
    ]
    missing = max(0, len(within) - len(lags))
    p95 = percentile([*lags, *[math.inf] * missing], 0.95)
    delays = [turn["delay_seconds"] for turn in within if turn["delay_seconds"] is not None]
    barge_ins = [turn for turn in spoken if turn["barge_in"]]
    silenced = [turn["silence_delay_seconds"] for turn in barge_ins if turn["silence_delay_seconds"] is not None]
    seconds = sum((call["ended_at"] or 0.0) - call["answered_at"] for call in answered if call["ended_at"])
    packets = sum(call["packets"] for call in calls)
    return {
        "calls_at_once": plan.calls,
        "answered": len(answered),
        "refused": len(calls) - len(answered),
        "ended_by_bot": len(answered) - len(whole),
        "full_load_seconds": round(max(0.0, end - begin), 1),
        "seconds_a_call": round(seconds / max(1, len(answered)), 1),
        "turns_a_call": round(len(spoken) / max(1, len(answered)), 2),
        "turn_seconds": percentile([turn["last_voiced_at"] - turn["first_voiced_at"] for turn in spoken], 0.5),
        "talk_share": round(sum(t["last_voiced_at"] - t["first_voiced_at"] for t in spoken) / max(seconds, 1.0), 3),
        "bot_share": round(sum(call["bot_seconds"] for call in answered) / max(seconds, 1.0), 3),
        "turns": len(within),
        "texts": len(lags),
        "lag_p50": percentile(lags, 0.5),
        "lag_p95": None if p95 is None or math.isinf(p95) else p95,
        "holds": bool(answered) and len(answered) == plan.calls and p95 is not None and p95 <= LAG_LIMIT_SECONDS,
        "reply_p50": percentile(delays, 0.5),
        "reply_p95": percentile(delays, 0.95),
        "replies": len(delays),
        "talked_over": sum(turn["talked_over"] for turn in within),
        "greeting_p50": percentile([c["greeting_delay_seconds"] for c in answered if c["greeting_delay_seconds"]], 0.5),
        "greeting_p95": percentile(
            [c["greeting_delay_seconds"] for c in answered if c["greeting_delay_seconds"]], 0.95
        ),
        "barge_ins": len(barge_ins),
        "barge_ins_not_stopped": len(barge_ins) - len(silenced),
        "silence_p50": percentile(silenced, 0.5),
        "silence_p95": percentile(silenced, 0.95),
        "late_packet_share": round(sum(call["late_packets"] for call in calls) / packets, 5) if packets else None,
        "packets": packets,
        "generator_cpu_seconds_a_call": round(heard["generator_cpu_seconds"] / plan.calls, 3),
        "generator_late_p99_seconds": round(heard["generator_late_p99_seconds"], 4),
    }


COLUMNS: Final = {
    "at once": "calls_at_once",
    "answered": "answered",
    "turns": "turns",
    "texts": "texts",
    "lag p50": "lag_p50",
    "lag p95": "lag_p95",
    "holds": "holds",
    "reply p50": "reply_p50",
    "p95": "reply_p95",
    "answer p50": "answer_p50",
    "answer p95": "answer_p95",
    "barge-in p50": "silence_p50",
    "barge-in p95": "silence_p95",
    "not stopped": "barge_ins_not_stopped",
    "late beats": "ticker_late_share",
    "late RTP": "late_packet_share",
    "CPU s a call": "cpu_seconds_a_call",
    "generator": "generator_cpu_seconds_a_call",
}


def table(result: dict[str, Any]) -> str:
    rows = result["levels"]
    lines = [*conditions.lines(result["conditions"]), ""]
    if rows:
        first = rows[0]
        lines.append(
            f"bench call       {first['seconds_a_call']} s, {first['turns_a_call']} turns"
            f" of {first['turn_seconds']} s, caller talks {first['talk_share']:.0%}, bot {first['bot_share']:.0%}, "
            f"silence {1 - first['talk_share'] - first['bot_share']:.0%}"
        )
    lines += [f"calls that hold  {result['calls_that_hold']} (final-text lag p95 <= 500 ms)", "", " | ".join(COLUMNS)]
    for row in rows:
        lines.append(" | ".join(f"{row[key]!s:>{len(title)}}" for title, key in COLUMNS.items()))
    for row in rows:
        lines += ["", f"{row['calls_at_once']} calls: CPU seconds a call by process, then by thread"]
        lines.append("  " + ", ".join(f"{name} {used}" for name, used in row["cpu_by_process_a_call"].items()))
        lines.append("  " + ", ".join(f"{k} {v}" for k, v in row["cpu_by_thread_a_call"].items() if v >= 0.005))
        lines.append("  phone: " + ", ".join(f"{name} {value}" for name, value in row["phone"].items()))
        lines.append("  sound: " + ", ".join(f"{name} {value}" for name, value in row["recordings"].items()))
        lines.append(f"  workers: {row['workers']}")
        lines.append(f"  outcomes: {row['outcomes']}; memory (PSS, MiB): {row['memory_mib']}")
    return "\n".join(lines)


def idle_cpu(system: System, seconds: float = 20.0) -> float:
    """CPU seconds a second of the whole system while nobody calls."""
    meter = Meter(system.processes())
    time.sleep(seconds)
    return round(meter.read().total / seconds, 4)


def main(levels: list[int], *, search: bool, directory: Path | None = None) -> dict[str, Any]:
    """`search`: stop at the first level that does not hold, then measure again at 80 % of the largest that does."""
    told = conditions.Conditions()
    with tempfile.TemporaryDirectory(prefix="hlp") as name:
        folder = directory or Path(name)
        served_whatever_happens = {  # the benchmark loads the machine beyond what it would admit
            "HOTLINE_TELEPHONY__MAXIMUM_CALLS": "200",
            "HOTLINE_ADMISSION__INITIAL_CALLS": "200",
            "HOTLINE_ADMISSION__MINIMUM_CALLS": "200",
        }
        system = System(folder / "var", environment=served_whatever_happens)
        system.prepare()
        prepared_speech.bring(system)
        system.start()
        try:
            prepared = prepared_speech.finish(system)
            idle = idle_cpu(system)
            measure(system, 4, folder, ramp_seconds=4.0, seed=99)  # models are warm, connections are there
            rows: list[dict[str, Any]] = []
            for level in levels:
                print(f"bench: {level} calls at once …", file=sys.stderr, flush=True)
                rows.append(measure(system, level, folder, seed=level))
                if search and not rows[-1]["holds"]:
                    break
            hold = max((row["calls_at_once"] for row in rows if row["holds"]), default=0)
            at_80 = None
            if search and hold:
                print(f"bench: {round(0.8 * hold)} calls at once (80 %) …", file=sys.stderr, flush=True)
                at_80 = measure(system, round(0.8 * hold), folder, seed=7)
            return {
                "conditions": told.told(),
                "speech_prepared": prepared,
                "idle_cpu_share_of_a_core": idle,
                "calls_that_hold": hold,
                "levels": rows,
                "at_80_percent": at_80,
            }
        finally:
            system.stop()


def command(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.phone", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--calls", type=int, nargs="+", help="measure just these levels (default: search upwards)")
    arguments = parser.parse_args(argv)
    began = time.monotonic()
    result = main(arguments.calls or list(LEVELS), search=arguments.calls is None)
    target = conditions.write("phone", result)
    if result["at_80_percent"]:
        result["levels"] = [*result["levels"], result["at_80_percent"]]
    print(table(result))
    print(f"\n{time.monotonic() - began:.0f} s; written to {target.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(command(sys.argv[1:]))
