"""`python -m benchmarks.voice`: what our speech costs, how soon it is heard, how even it is, how well it is understood.

A real renderer process with a cache of its own, asked through the client that the phone uses; texts are the answers of
the sample knowledge base as the bot says them. Prints a table and writes `var/benchmarks/voice.json`.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import psutil

from asr_models.audio import from_pcm16
from asr_models.evaluation import comparable, edits
from asr_models.factory import load as load_recogniser
from base import settings
from base.sections.node import DataSettings
from base.settings import ROOT, Settings
from benchmarks import voice_measures as measures
from benchmarks.conditions import Conditions, lines, percentile, write
from bot import answer_wording
from knowledge import answering
from knowledge.entry import read_folder
from telephony.audio import alaw_to_pcm, pcm_to_alaw, seconds_of
from telephony.speech import SpeechClient
from telephony.voice import sentences
from telephony.voice.normaliser import normalise

AT_ONCE: Final = 4
START_SECONDS: Final = 90.0
RECOGNISED: Final = (
    "您好，这里是北京市市民服务热线，请问您有什么事要反映？",
    "请您说一下事情发生在哪个区、哪个街道。",
    "办理居住证要带上身份证和租房合同，到派出所申请。",
    "小区的路灯坏了很久，晚上看不清路。",
    "您反映的情况我已经记录，承办单位会尽快联系您。",
    "物业公司应当把收费标准贴在小区里。",
    "楼上装修的声音太大，老人没有办法休息。",
    "公司拖欠工资，可以向劳动监察部门投诉。",
    "请您重新说一遍联系电话。",
    "养狗要先征得居委会同意，再到公安机关登记。",
    "供暖以后家里的温度还是很低。",
    "您可以在网上申请，也可以到街道的服务大厅办理。",
    "垃圾桶满了没有人清理，味道很大。",
    "预付卡没有用过的，七天之内可以退款。",
    "人行道上停满了汽车，行人只能走机动车道。",
    "请不要挂断电话，正在为您转接人工坐席。",
    "孩子上小学需要准备哪些材料？",
    "这个问题我没有查到准确的答案，不能乱说。",
    "感谢您的来电，再见。",
    "河边有人钓鱼，把垃圾都扔在水里。",
)


def _answers(count: int) -> list[str]:
    """Answers of the sample knowledge base as they are spoken, in an order that is always the same."""
    entries = read_folder(ROOT / "knowledge" / "sample")
    random.Random(12345).shuffle(entries)
    said = [answer_wording.answer(answering.entry_hit(entry, 1.0, 1.0)) for entry in entries[:count]]
    return [answer.spoken or answer.text for answer in said]


@asynccontextmanager
async def _renderer(chosen: Settings) -> AsyncIterator[psutil.Process]:
    environment = {**os.environ, "HOTLINE_DATA__DIRECTORY": str(chosen.var)}
    child = await asyncio.create_subprocess_exec(sys.executable, "-m", "telephony.renderer", cwd=ROOT, env=environment)
    client = SpeechClient(chosen)
    try:
        for _ in range(round(START_SECONDS / 0.2)):
            if await client.ready():
                break
            await asyncio.sleep(0.2)
        else:
            raise SystemExit("the renderer did not start")
        yield psutil.Process(child.pid)
    finally:
        await client.close()
        child.terminate()
        await asyncio.wait_for(child.wait(), 20)


def _processor_seconds(process: psutil.Process) -> float:
    used = process.cpu_times()
    return float(used.user + used.system)


async def _hear(client: SpeechClient, text: str) -> tuple[float, list[bytes]]:
    """Seconds to the first sound, and the audio of each piece."""
    began = time.perf_counter()
    first = 0.0
    pieces: list[bytes] = []
    async for piece in client.stream(text):
        if not pieces:
            first = time.perf_counter() - began
        pieces.append(piece)
    return first, pieces


async def _speech(chosen: Settings, count: int) -> dict[str, Any]:
    client = SpeechClient(chosen)
    answers = _answers(count + 2 * AT_ONCE * 5)
    alone, together = answers[:count], answers[count:]
    async with _renderer(chosen) as process:
        await client.whole("您问的是。")  # the model is warm
        before = _processor_seconds(process)
        heard = [await _hear(client, text) for text in alone]
        processor = _processor_seconds(process) - before
        bodies = [text.partition("”。")[2] or text for text in together[: len(together) // 2]]
        plain = [(await _hear(client, body))[0] for body in bodies]
        crowd: list[float] = []
        rest = together[len(together) // 2 :]
        for start in range(0, len(rest), AT_ONCE):
            heard_together = await asyncio.gather(*(_hear(client, text) for text in rest[start : start + AT_ONCE]))
            crowd += [first for first, _ in heard_together]
        again: list[float] = []
        used, pieces_read = time.process_time(), 0
        for text in alone:
            first, pieces = await _hear(client, text)
            again.append(first)
            pieces_read += len(pieces)
        cached_seconds = (time.process_time() - used) / max(1, pieces_read)
    await client.close()
    audio_seconds = sum(seconds_of(piece) for _, pieces in heard for piece in pieces)
    return {
        "texts": count,
        "audio_seconds": round(audio_seconds, 1),
        "rtf": round(processor / audio_seconds, 4),
        "first_sound_seconds": {
            "uncached_answer": _spread([first for first, _ in heard]),
            "uncached_sentence": _spread(plain),
            f"uncached_{AT_ONCE}_at_once": _spread(crowd),
            "cached": _spread(again),
        },
        "cached_piece_cpu_ms": round(1000 * cached_seconds, 3),
        **_sound([[measures.samples_of(piece) for piece in pieces] for _, pieces in heard]),
    }


def _spread(values: list[float]) -> dict[str, float | int | None]:
    return {"n": len(values), "p50": percentile(values, 0.5), "p95": percentile(values, 0.95)}


def _sound(replies: list[list[measures.Audio]]) -> dict[str, Any]:
    pieces = [piece for reply in replies for piece in reply]
    levels = [level for piece in pieces if (level := measures.active_level_dbfs(piece)) is not None]
    middle = percentile(levels, 0.5) or 0.0
    return {
        "pieces": len(pieces),
        "level_dbfs": {"p50": round(middle, 2), "lowest": round(min(levels), 2), "highest": round(max(levels), 2)},
        "within_1_5_db": round(sum(abs(level - middle) <= 1.5 for level in levels) / len(levels), 4),
        "highest_peak_dbfs": round(max(measures.peak_dbfs(piece) for piece in pieces), 2),
        "largest_offset": round(max(measures.offset(piece) for piece in pieces), 5),
        "largest_join_jump": round(max(jump for reply in replies for jump in measures.join_jumps(reply)), 5),
        "loudest_click_db": round(max(measures.click_db(reply) for reply in replies), 1),
    }


async def _understood(chosen: Settings) -> dict[str, Any]:
    """Character errors of the configured recogniser on our own voice over A-law."""
    client = SpeechClient(chosen)
    async with _renderer(chosen):
        said = [await client.whole(text) for text in RECOGNISED]
    await client.close()
    recogniser = load_recogniser(settings.load())
    wrong = characters = 0
    for text, audio in zip(RECOGNISED, said, strict=True):
        heard = recogniser.recognise(from_pcm16(alaw_to_pcm(pcm_to_alaw(audio))), measures.RATE_HZ).text
        wanted = comparable(normalise(text))
        wrong += edits(wanted, comparable(heard))
        characters += len(wanted)
    return {"engine": recogniser.name, "sentences": len(RECOGNISED), "cer": round(wrong / characters, 4)}


def _normaliser_ms() -> float:
    """Processor time to cut and normalise one answer."""
    answers = _answers(100)
    began = time.process_time()
    for text in answers:
        for piece in sentences.split(text):
            normalise(piece)
    return round(1000 * (time.process_time() - began) / len(answers), 2)


def _table(result: dict[str, Any]) -> list[str]:
    first = result["first_sound_seconds"]
    level = result["level_dbfs"]
    table = [
        f"texts            {result['texts']} answers, {result['audio_seconds']} s of speech, {result['pieces']} pieces",
        f"cost             {result['rtf']} CPU seconds a second of speech; CPU ms: {result['normaliser_ms']} to "
        f"normalise an answer, {result['cached_piece_cpu_ms']} to read a cached piece",
        "first sound      p50     p95    (seconds)",
    ]
    table += [
        f"  {name:<22} {spread['p50']:.3f}   {spread['p95']:.3f}   n={spread['n']}" for name, spread in first.items()
    ]
    table += [
        f"level            {level['p50']} dBFS active speech (P.56), {level['lowest']} to {level['highest']}; "
        f"{result['within_1_5_db']:.1%} within 1.5 dB",
        f"peak             {result['highest_peak_dbfs']} dBFS; offset {result['largest_offset']}",
        f"joins            largest jump {result['largest_join_jump']} of full scale; loudest bend "
        f"{result['loudest_click_db']} dB to the speech",
    ]
    if understood := result.get("understood"):
        table.append(
            f"understood       {understood['cer']:.1%} character errors, {understood['engine']}, A-law, "
            f"{understood['sentences']} sentences"
        )
    return table


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.voice", description=__doc__)
    parser.add_argument("--answers", type=int, default=40, help="answers rendered one after the other")
    parser.add_argument("--no-recogniser", action="store_true", help="do not measure how well the voice is understood")
    chosen = parser.parse_args(arguments)
    conditions = Conditions()
    configured = settings.load()
    with tempfile.TemporaryDirectory(prefix="voice-") as folder:
        own = Settings(data=DataSettings(directory=Path(folder)), voice=configured.voice)
        own.models.symlink_to(configured.models)
        result = {"normaliser_ms": _normaliser_ms(), **asyncio.run(_speech(own, chosen.answers))}
        if not chosen.no_recogniser and configured.recogniser.engine != "none":
            result["understood"] = asyncio.run(_understood(own))
    result["conditions"] = conditions.told()
    print("\n".join([*lines(result["conditions"]), *_table(result)]))
    print(f"written to {write('voice', result)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
