"""What recognition costs, how well it hears, and how long the last word is waited for.

    python -m benchmarks.recognition choices DIR [--every N] [--speaker ID]   cost and errors of each way of decoding
    python -m benchmarks.recognition pool DIR [--workers 1 2] [--calls 30 60]  bursts and steady load on real workers

DIR is a folder like that of `hotline eval speech`. Choices are made on one speaker and confirmed on the others; both
columns are printed. CPU seconds are those of one core; waits are wall-clock. Results go to
`var/benchmarks/recognition-<what>.json` with the conditions they were measured under.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import psutil
import soundfile

from asr_models import audio
from asr_models.client import RecogniserClient
from asr_models.evaluation import Clip, Tally, comparable, edits, read_manifest
from asr_models.recogniser import RecogniserError, Samples
from asr_models.urgency import Urgency
from asr_models.whisper import Whisper
from asr_models.words import Words
from base import logs
from base.sections.node import DataSettings
from base.settings import ROOT, Settings
from benchmarks.conditions import Conditions, lines, percentile, write

CHOOSING_SPEAKER: Final = "BAC009S0150"
TURN_SECONDS: Final = 5.0
TURNS_A_CALL: Final = 6
CALL_SECONDS: Final = 90.0
HEAD_START_SECONDS: Final = 0.3
"""A guess is asked for at the first pause, about this long before the turn is declared over."""


@dataclass(frozen=True)
class Choice:
    """One way of decoding."""

    name: str
    window_seconds: float = 10.0
    beam_size: int = 5
    word_weight: float = 0.2


CHOICES: Final = (
    Choice("as delivered"),
    Choice("window 12 s", window_seconds=12.0),
    Choice("window 15 s", window_seconds=15.0),
    Choice("beam 1", beam_size=1),
    Choice("beam 3", beam_size=3),
    Choice("beam 8", beam_size=8),
    Choice("sound alone", word_weight=0.0),
    Choice("words 0.1", word_weight=0.1),
    Choice("words 0.4", word_weight=0.4),
)


def choices(directory: Path, every: int, speaker: str, names: list[str]) -> dict[str, object]:
    clips = read_manifest(directory)[::every]
    model = Settings(data=DataSettings(directory=ROOT / "var")).models / "whisper-base"
    words = Words.of_jieba()
    rows = []
    for choice in CHOICES:
        if names and choice.name not in names:
            continue
        row = {**asdict(choice), **_measure(choice, clips, model, words, speaker)}
        rows.append(row)
        errors = f"telephone CER {row['chosen_on']:.3f} where chosen, {row['others']:.3f} elsewhere"
        print(f"{choice.name:14} {row['cpu_seconds']:.3f} CPU s an utterance; {errors}", flush=True)
    return {"clips": len(clips), "speaker": speaker, "choices": rows}


def _measure(choice: Choice, clips: list[Clip], model: Path, words: Words, speaker: str) -> dict[str, float]:
    recogniser = Whisper(
        model,
        beam_size=choice.beam_size,
        window_seconds=choice.window_seconds,
        words=words,
        word_weight=choice.word_weight,
    )
    recogniser.recognise(np.ones(16_000, np.float32) * 0.01, audio.MODEL_RATE_HZ)  # the first run prepares itself
    tallies: dict[bool, Tally] = defaultdict(Tally)
    seconds = 0.0
    for clip in clips:
        samples, rate_hz = _read(clip.files["wav_phone"])
        result = recogniser.recognise(samples, rate_hz)
        said = comparable(clip.text)
        tally = tallies[clip.clip_id.startswith(speaker)]
        tally.edits += edits(said, comparable(result.text))
        tally.characters += len(said)
        seconds += result.compute_seconds
    return {
        "cpu_seconds": round(seconds / len(clips), 4),
        "chosen_on": round(tallies[True].rate, 4),
        "others": round(tallies[False].rate, 4),
    }


# --- the pool ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Waits:
    """Seconds from the end of the turn to its words; `cpu_seconds`: of all workers, an utterance."""

    what: str
    workers: int
    utterances: int
    failed: int
    p50: float | None
    p95: float | None
    longest: float | None
    cpu_seconds: float


async def pool(directory: Path, workers: list[int], calls: list[int], seconds: float) -> list[Waits]:
    turns = _turns(read_manifest(directory))
    rows = []
    for count in workers:
        with tempfile.TemporaryDirectory(prefix="pool-") as folder:
            settings = Settings(data=DataSettings(directory=Path(folder)))
            settings.models.symlink_to(ROOT / "var" / "models")
            settings.recogniser.workers = count
            async with _workers(settings, count) as processes:
                client = RecogniserClient(settings)
                while len(await client.status()) < count:  # noqa: ASYNC110 - other processes
                    await asyncio.sleep(0.1)
                await asyncio.gather(*(client.recognise(turn, 8_000) for turn in turns[: 2 * count]))
                for at_once in calls:
                    rows.append(await _row(f"{at_once} at one instant", client, processes, _burst(turns, at_once)))
                    steady = _steady(turns, at_once, seconds)
                    rows.append(await _row(f"{at_once} calls", client, processes, steady))
                await client.close()
    return rows


def _burst(turns: list[bytes], count: int) -> list[tuple[float, bytes, float]]:
    return [(0.0, turns[number % len(turns)], 0.0) for number in range(count)]


def _steady(turns: list[bytes], calls: int, seconds: float) -> list[tuple[float, bytes, float]]:
    """Turns of so many independent calls, as (when, audio, head start)."""
    rng = random.Random(5)
    count = round(seconds * calls * TURNS_A_CALL / CALL_SECONDS)
    return [(rng.uniform(0, seconds), rng.choice(turns), HEAD_START_SECONDS) for _ in range(count)]


async def _row(
    what: str, client: RecogniserClient, processes: list[psutil.Process], asked: list[tuple[float, bytes, float]]
) -> Waits:
    before = sum(sum(process.cpu_times()[:2]) for process in processes)
    waits = await asyncio.gather(*(_ask(client, number, *turn) for number, turn in enumerate(asked)))
    cpu = sum(sum(process.cpu_times()[:2]) for process in processes) - before
    done = [wait for wait in waits if wait is not None]

    failed = len(asked) - len(done)
    each = round(cpu / len(asked), 3)
    p50, p95, longest = (percentile(done, share) for share in (0.5, 0.95, 1.0))
    row = Waits(what, len(processes), len(asked), failed, p50, p95, longest, each)
    print(
        f"{row.workers} workers, {what:18} p50 {row.p50}  p95 {row.p95}  longest {row.longest} s, "
        f"{row.cpu_seconds:.2f} CPU s an utterance, {row.failed} failed",
        flush=True,
    )
    return row


async def _ask(client: RecogniserClient, call: int, at: float, turn: bytes, head_start: float) -> float | None:
    """How long the words of one turn are waited for; None where they did not come."""
    await asyncio.sleep(at)
    urgency = Urgency(urgent=not head_start)
    over = time.monotonic() + head_start
    timer = asyncio.get_running_loop().call_later(head_start, urgency.rise)
    try:
        await client.recognise(turn, 8_000, call_id=f"c{call}", deadline_seconds=30.0, urgency=urgency)
    except RecogniserError:
        return None
    finally:
        timer.cancel()
    return max(0.0, time.monotonic() - over)


@asynccontextmanager
async def _workers(settings: Settings, count: int) -> AsyncIterator[list[psutil.Process]]:
    environment = {**os.environ, "HOTLINE_DATA__DIRECTORY": str(settings.var), "OMP_NUM_THREADS": "1"}
    children = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "asr_models.server", str(number), cwd=ROOT, env=environment
        )
        for number in range(count)
    ]
    try:
        yield [psutil.Process(child.pid) for child in children]
    finally:
        for child in children:
            if child.returncode is None:
                child.terminate()
        await asyncio.gather(*(child.wait() for child in children))


def _turns(clips: list[Clip]) -> list[bytes]:
    """Clips of one speaker strung together to turns of five seconds."""
    by_speaker: dict[str, list[Samples]] = defaultdict(list)
    for clip in clips:
        by_speaker[clip.clip_id[: len(CHOOSING_SPEAKER)]].append(_read(clip.files["wav_phone"])[0])
    turns = []
    for spoken in by_speaker.values():
        line = np.concatenate(spoken)
        size = int(TURN_SECONDS * 8_000)
        turns += [line[start : start + size] for start in range(0, len(line) - size, size)]
    return [(turn * 32767).astype("<i2").tobytes() for turn in turns]


def _read(path: Path) -> tuple[Samples, int]:
    samples, rate_hz = soundfile.read(str(path), dtype="float32", always_2d=True)
    return samples.mean(axis=1), int(rate_hz)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recognition", description=__doc__)
    kinds = parser.add_subparsers(dest="what", required=True)
    ways = kinds.add_parser("choices")
    ways.add_argument("directory", type=Path)
    ways.add_argument("--every", type=int, default=1)
    ways.add_argument("--speaker", default=CHOOSING_SPEAKER, help="ids that begin so are for choosing")
    ways.add_argument("--only", nargs="*", default=[])
    load = kinds.add_parser("pool")
    load.add_argument("directory", type=Path)
    load.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    load.add_argument("--calls", type=int, nargs="+", default=[30])
    load.add_argument("--seconds", type=float, default=30.0)
    chosen = parser.parse_args(arguments)
    logs.configure("benchmark", "WARNING", "line")
    measured = Conditions()
    result: dict[str, Any] = {}
    if chosen.what == "choices":
        result |= choices(chosen.directory, chosen.every, chosen.speaker, chosen.only)
    else:
        waits = asyncio.run(pool(chosen.directory, chosen.workers, chosen.calls, chosen.seconds))
        result["pool"] = [asdict(row) for row in waits]
    result["conditions"] = measured.told()
    print("\n".join(lines(result["conditions"])))
    path = write(f"recognition-{chosen.what}", result)
    print(path)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
