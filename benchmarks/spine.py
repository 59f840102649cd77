"""What a short call costs and how quick it is, on a whole system of its own: `python -m benchmarks.spine`.

Prints a table and writes `var/benchmarks/spine.json`. Every call is a real SIP call over loopback: the caller hears
the greeting, asks one question of policy, hears the answer, says good-bye. Delays are measured by the caller's ear
(last sound of the caller to first sound of the bot). CPU seconds are those of the system's processes; the callers run
in this one.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from base.settings import ROOT
from benchmarks import conditions
from benchmarks.accounts import Meter, memory_mib
from benchmarks.conditions import percentile
from hotline.trial.system import System
from hotline.trial.voice import CallerVoice
from telephony.caller import free_port
from telephony.calling import CallingParty, CallReport, Script, load_turns

QUESTIONS = (
    "什么情况下可以申领居住证?",
    "物业服务费应该怎么收?",
    "供暖时间是什么时候开始?",
    "养狗需要办理登记吗?",
    "公司拖欠工资怎么办?",
    "住房公积金可以提取吗?",
)
GOOD_BYE = "没有别的事了,谢谢。"
CHAT_TURNS = 60
ARRIVAL_SECONDS = 0.25


@dataclass
class Load:
    """What one load level showed. Delays in seconds, CPU in seconds of one core."""

    calls_at_once: int
    calls: int = 0
    answered: int = 0
    delays: list[float] = field(default_factory=list)
    greeting_delays: list[float] = field(default_factory=list)
    outcomes: dict[str, int] = field(default_factory=dict)
    call_seconds: float = 0.0
    talk_seconds: float = 0.0
    cpu: dict[str, float] = field(default_factory=dict)


async def one_call(party: CallingParty, system: System, turns: list[tuple[str, bytes]], wait: float) -> CallReport:
    await asyncio.sleep(wait)
    return await party.call(system.sip_uri, Script(turns))


async def run_load(system: System, voice: CallerVoice, at_once: int, rounds: int) -> Load:
    load = Load(at_once)
    meter = Meter(system.processes())
    async with CallingParty("127.0.0.1", free_port(), "13900000000") as party:
        for number in range(rounds):
            scripts = [
                load_turns([voice.say(QUESTIONS[(number + index) % len(QUESTIONS)]), voice.say(GOOD_BYE)])
                for index in range(at_once)
            ]
            reports = await asyncio.gather(
                *(one_call(party, system, turns, index * ARRIVAL_SECONDS) for index, turns in enumerate(scripts))
            )
            for report, turns in zip(reports, scripts, strict=True):
                load.calls += 1
                load.answered += report.answered
                load.call_seconds += report.seconds
                load.talk_seconds += sum(len(pcm) / 16_000 for _, pcm in turns)
                load.greeting_delays += [e.delay_seconds for e in report.exchanges[:1] if e.delay_seconds is not None]
                load.delays += [e.delay_seconds for e in report.exchanges[1:] if e.delay_seconds is not None]
    await asyncio.sleep(3.0)
    load.cpu = {name: round(used, 2) for name, used in meter.read().processes.items()}
    return load


def run_chat(system: System) -> list[float]:
    delays = []
    conversation: str | None = None
    for number in range(CHAT_TURNS):
        began = time.perf_counter()
        answer = system.chat(QUESTIONS[number % len(QUESTIONS)], conversation)
        delays.append(time.perf_counter() - began)
        conversation = None if answer["outcome"] else answer["conversation_id"]
    return delays


def table(result: dict[str, Any]) -> str:
    memory = sorted(result["memory_mib"].items(), key=lambda item: -item[1])
    columns = {
        "at once": "calls_at_once",
        "calls": "calls",
        "answered": "answered",
        "delay p50 s": "p50",
        "p95 s": "p95",
        "greeting p50 s": "greeting_p50",
        "CPU s a call": "cpu_seconds_a_call",
        "call s": "seconds_a_call",
        "caller talks": "talk_share",
    }
    lines = [
        *conditions.lines(result["conditions"]),
        "",
        f"start to ready   {result['start_seconds']:.1f} s",
        f"memory (PSS)     {sum(size for _, size in memory)} MiB: "
        + ", ".join(f"{name} {size}" for name, size in memory),
        f"chat reply       p50 {result['chat']['p50']} s, p95 {result['chat']['p95']} s, n {result['chat']['n']}",
        "",
        " | ".join(columns),
    ]
    for load in result["loads"]:
        lines.append(" | ".join(f"{load[key]!s:>{len(title)}}" for title, key in columns.items()))
    return "\n".join(lines)


def summary(load: Load) -> dict[str, Any]:
    return {
        "calls_at_once": load.calls_at_once,
        "calls": load.calls,
        "answered": load.answered,
        "turns_heard": len(load.delays),
        "p50": percentile(load.delays, 0.5),
        "p95": percentile(load.delays, 0.95),
        "greeting_p50": percentile(load.greeting_delays, 0.5),
        "cpu_seconds_a_call": round(sum(load.cpu.values()) / max(1, load.calls), 2),
        "cpu_seconds_by_process_a_call": {k: round(v / max(1, load.calls), 3) for k, v in load.cpu.items()},
        "seconds_a_call": round(load.call_seconds / max(1, load.calls), 1),
        "talk_share": round(load.talk_seconds / load.call_seconds, 2) if load.call_seconds else 0.0,
    }


async def main(levels: list[int]) -> dict[str, Any]:
    told = conditions.Conditions()
    with tempfile.TemporaryDirectory(prefix="hlb") as folder:
        system = System(Path(folder) / "var")
        voice = CallerVoice(ROOT / "var" / "models", Path(folder))
        system.environment = {
            "HOTLINE_WEB__CHAT_CONTACTS_A_MINUTE": "100000",
            "HOTLINE_WEB__CHAT_MESSAGES_A_MINUTE": "100000",
            "HOTLINE_WEB__REQUESTS_A_MINUTE": "1000000",
        }
        system.prepare()
        began = time.monotonic()
        system.start()
        start_seconds = time.monotonic() - began
        try:
            await asyncio.sleep(10.0)
            chat = run_chat(system)
            loads = []
            for level in levels:
                print(f"bench: {level} calls at once …", file=sys.stderr, flush=True)
                loads.append(summary(await run_load(system, voice, level, rounds=5 if level == 1 else 1)))
            return {
                "conditions": told.told(),
                "start_seconds": round(start_seconds, 1),
                "memory_mib": memory_mib(system.processes()),
                "chat": {
                    "n": len(chat),
                    "p50": percentile(chat, 0.5),
                    "p95": percentile(chat, 0.95),
                    "mean": round(statistics.mean(chat), 3),
                },
                "loads": loads,
            }
        finally:
            system.stop()


def command(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="hotline bench", description=__doc__)
    parser.add_argument("--calls", type=int, nargs="+", default=[1, 10, 30], help="load levels: calls at once")
    arguments = parser.parse_args(argv)
    result = asyncio.run(main(arguments.calls))
    target = conditions.write("spine", result)
    print(table(result))
    print(f"\nwritten to {target.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(command(sys.argv[1:]))
