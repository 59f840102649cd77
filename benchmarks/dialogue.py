"""What a turn of the dialogue costs, all of it in one process: `python -m benchmarks.dialogue`.

Understanding (the in-process reader, and Rasa with `--rasa URL`), guards, policy, retrieval, categories and storage
(SQLite on disk) together, on the dialogues of `tests/conversations/kit`. First one turn after the other: CPU seconds of
this process a turn, and where they go. Then turns at a fixed rate, many conversations at once: how long a reply takes,
counted from the moment the turn was due, so that a queue shows. Writes `var/benchmarks/dialogue.json` too.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import json
import pstats
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from threadpoolctl import threadpool_limits

from base import logs
from base import settings as base_settings
from base.settings import ROOT, Settings
from benchmarks import conditions
from benchmarks.conditions import percentile
from conversations.evaluation import Stack, read_cases
from conversations.messages import CitizenTurn
from conversations.service import ConversationService
from conversations.simulated import MAXIMUM_TURNS, Case, Citizen
from storage.engine import Database

KIT: Final = ROOT / "tests" / "conversations" / "kit"
_WARM_UP_CASES: Final = 6
_ROOMS: Final = ("bot", "knowledge", "workorders", "conversations", "storage", "seats", "base")


@dataclass
class Measured:
    """`cpu_seconds` and `reply_seconds`: one value a turn."""

    cpu_seconds: list[float] = field(default_factory=list)
    reply_seconds: list[float] = field(default_factory=list)
    elapsed_seconds: float = 0.0


async def _one_by_one(service: ConversationService, cases: list[Case], measured: Measured) -> None:
    for case in cases:
        citizen, words, conversation_id = Citizen(case), case.opening, None
        for _ in range(MAXIMUM_TURNS):
            cpu, began = time.process_time(), time.perf_counter()
            result = await service.citizen_turn(conversation_id, CitizenTurn(words, case.channel))
            measured.cpu_seconds.append(time.process_time() - cpu)
            measured.reply_seconds.append(time.perf_counter() - began)
            conversation_id = result.conversation_id
            answer = None if result.outcome is not None else citizen.answer(result.asking)
            if answer is None:
                break
            words = answer


async def _at_rate(service: ConversationService, cases: list[Case], turns: int, per_second: float) -> Measured:
    """`turns` turns, one every `1 / per_second` seconds, each by whichever citizen is ready to speak."""
    measured = Measured()
    ready: asyncio.Queue[tuple[Citizen, Case, str, str | None]] = asyncio.Queue()
    for number in range(turns):  # more citizens than can be under way at once
        case = cases[number % len(cases)]
        ready.put_nowait((Citizen(case), case, case.opening, None))

    async def turn(due: float) -> None:
        citizen, case, words, conversation_id = ready.get_nowait()
        result = await service.citizen_turn(conversation_id, CitizenTurn(words, case.channel))
        measured.reply_seconds.append(time.perf_counter() - due)
        answer = None if result.outcome is not None else citizen.answer(result.asking)
        if answer is not None:
            ready.put_nowait((citizen, case, answer, result.conversation_id))

    began, cpu = time.perf_counter(), time.process_time()
    async with asyncio.TaskGroup() as group:
        for number in range(turns):
            due = began + number / per_second
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            group.create_task(turn(due))
    measured.elapsed_seconds = time.perf_counter() - began
    measured.cpu_seconds = [(time.process_time() - cpu) / turns]
    return measured


def _by_room(profile: cProfile.Profile, turns: int) -> dict[str, float]:
    """Milliseconds a turn spent in each room's own code on the event loop's thread; libraries count as `libraries`."""
    spent: dict[str, float] = defaultdict(float)
    for (file, _, _), (_, _, own_seconds, *_) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        path = Path(file)
        parts = path.relative_to(ROOT).parts if path.is_relative_to(ROOT) else ()
        room = parts[0] if parts and parts[0] in _ROOMS else "libraries"
        spent[room] += own_seconds * 1_000 / turns
    return {room: round(value, 2) for room, value in sorted(spent.items(), key=lambda item: -item[1])}


async def measure(settings: Settings, *, turns: int, per_second: float, profile: bool) -> dict[str, Any]:
    cases = [case for case in read_cases(KIT) if case.after is None]
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder:
        stack = Stack(settings, Database(f"sqlite+aiosqlite:///{folder}/dialogue.db"))
        try:
            service = await stack.start()
            await _one_by_one(service, cases[:_WARM_UP_CASES], Measured())
            alone = Measured()
            await _one_by_one(service, cases, alone)
            rooms: dict[str, float] = {}
            if profile:
                profiled, watched = cProfile.Profile(), Measured()
                profiled.enable()
                await _one_by_one(service, cases, watched)
                profiled.disable()
                rooms = _by_room(profiled, len(watched.cpu_seconds))
            busy = await _at_rate(service, cases, turns, per_second)
        finally:
            await stack.close()
    cpu_ms = [round(seconds * 1_000, 1) for seconds in alone.cpu_seconds]
    return {
        "turns": len(cpu_ms),
        "cpu_ms": {
            "mean": round(sum(cpu_ms) / len(cpu_ms), 1),
            "p50": percentile(cpu_ms, 0.5),
            "p95": percentile(cpu_ms, 0.95),
        },
        "reply_ms_alone": _delays(alone),
        "rate": {
            "per_second": per_second,
            "turns": turns,
            "reply_ms": _delays(busy),
            "cpu_ms_mean": round(busy.cpu_seconds[0] * 1_000, 1),
            "reached_per_second": round(turns / busy.elapsed_seconds, 1),
        },
        "own_code_ms": rooms,
    }


def _delays(measured: Measured) -> dict[str, float | None]:
    milliseconds = [round(seconds * 1_000, 1) for seconds in measured.reply_seconds]
    return {f"p{share}": percentile(milliseconds, share / 100) for share in (50, 95, 99)}


def _print(result: dict[str, Any], told: dict[str, Any]) -> None:
    for line in conditions.lines(told):
        print(line)
    cpu, rate = result["cpu_ms"], result["rate"]
    print(f"\nCPU a turn       {cpu['mean']} ms mean, {cpu['p50']} p50, {cpu['p95']} p95 ({result['turns']} turns)")
    alone = result["reply_ms_alone"]
    print(f"reply, alone     {alone['p50']} ms p50, {alone['p95']} p95")
    busy = rate["reply_ms"]
    print(
        f"reply at {rate['per_second']:g}/s    {busy['p50']} ms p50, {busy['p95']} p95, {busy['p99']} p99 "
        f"({rate['turns']} turns, {rate['reached_per_second']}/s reached, {rate['cpu_ms_mean']} ms CPU a turn)"
    )
    for room, value in result["own_code_ms"].items():
        print(f"  {room:<14} {value} ms a turn (profiled)")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dialogue", description=__doc__)
    parser.add_argument("--turns", type=int, default=600, help="turns at the fixed rate (600)")
    parser.add_argument("--rate", type=float, default=20.0, help="turns a second (20)")
    parser.add_argument("--rasa", metavar="URL", help="with a running Rasa, http://127.0.0.1:PORT")
    parser.add_argument("--profile", action="store_true", help="also where the CPU time goes (slows that pass down)")
    arguments = parser.parse_args(argv)
    logs.configure("benchmark", "ERROR")
    settings = base_settings.load()
    changes: dict[str, Any] = {"enabled": bool(arguments.rasa)}
    if arguments.rasa:
        changes["port"] = urlsplit(arguments.rasa).port
    settings = settings.model_copy(update={"rasa": settings.rasa.model_copy(update=changes)})
    under = conditions.Conditions()
    with threadpool_limits(1):  # as the product's processes run (`hotline.supervision.plan`)
        result = asyncio.run(
            measure(settings, turns=arguments.turns, per_second=arguments.rate, profile=arguments.profile)
        )
    told = under.told()
    _print(result, told)
    conditions.RESULTS.mkdir(parents=True, exist_ok=True)
    (conditions.RESULTS / "dialogue.json").write_text(
        json.dumps({"conditions": told, **result}, ensure_ascii=False, indent=1), "utf-8"
    )
    print(json.dumps(result, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
