"""What a call costs the phone process, thread by thread, and how soon the bot falls silent by ear:
`python -m benchmarks.phone_alone`.

The phone, the renderer's speech and the callers are those of `benchmarks.phone`; the core answers from a script and the
recogniser without looking, so that the rest of the system neither costs anything nor has to be set up. With
`--interrupt` every caller speaks into every answer.

Threads of the SIP stack that end with their call are counted up to a look a few seconds before.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from subprocess import PIPE, STDOUT, Popen
from typing import Any, Final

import aiohttp
import psutil
from aiohttp import web

from asr_models.server import PAYLOAD_LIMIT_BYTES
from base.local_worker import Job, LocalWorker, Together
from base.settings import ROOT
from base.wire import Header
from benchmarks import conditions
from benchmarks.accounts import Account, Meter
from benchmarks.conditions import percentile
from benchmarks.phone_callers import TURNS, Plan
from telephony.caller import free_port

HOST: Final = "127.0.0.1"
TOKEN: Final = "benchmark"
GREETING: Final = "您好，这里是市民热线，请问您有什么事情要反映？"
ANSWERS: Final = (
    "这件事情由您所在街道的综合办公室受理，您可以带上身份证，在工作日的上午九点到下午五点之间去窗口办理，一般当天就有结果。",
    "您反映的情况我已经听明白了，我们会转给负责的部门去核实，三个工作日之内会有工作人员打电话和您联系，请您保持电话畅通。",
    "按照现在的规定，您先在网上提交申请，材料齐全的话五个工作日办好，办好以后会发短信通知您，到时候再去大厅领取就可以了。",
)
RECOGNITION_SECONDS: Final = 0.15
_READY_SECONDS: Final = 240.0
_LOOK_SECONDS: Final = 2.0
_SPEECH: Final = conditions.RESULTS / "speech-alone"


class ScriptedCore:
    """The core's end of the phone link: greets, and answers every turn with the next of `ANSWERS`."""

    def __init__(self) -> None:
        self.port = free_port()
        self.metrics = ""
        self._turns: dict[str, int] = {}

    async def serve(self) -> web.AppRunner:
        app = web.Application()
        app.router.add_get("/internal/phone", self._serve)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, HOST, self.port).start()
        return runner

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        link = web.WebSocketResponse()
        await link.prepare(request)
        async for received in link:
            if received.type is aiohttp.WSMsgType.TEXT and (answer := self._answer(json.loads(received.data))):
                await link.send_json(answer)
        return link

    def _answer(self, message: dict[str, Any]) -> dict[str, Any] | None:
        if message["type"] == "metrics":
            self.metrics = message["text"]
            return None
        call = {"call_id": message.get("call_id"), "conversation_id": f"k-{message.get('call_id')}"}
        match message["type"]:
            case "call_started":
                return {"type": "opened", **call, "say": [{"text": GREETING}]}
            case "turn":
                number = self._turns[message["call_id"]] = self._turns.get(message["call_id"], -1) + 1
                say = [{"text": ANSWERS[number % len(ANSWERS)]}]
                return {"type": "reply", **call, "turn_id": message["turn_id"], "say": say}
            case "call_ended":
                return {"type": "ended", "call_id": message["call_id"]}
        return None


def recognised(jobs: Sequence[Job]) -> list[Header]:
    """What a sure recogniser says after its usual time."""
    time.sleep(RECOGNITION_SECONDS)
    return [
        {
            "text": "我想问一下住房公积金怎么提取。",
            "confidence": 0.9,
            "audio_seconds": len(job.payload) / 16_000,
            "compute_seconds": RECOGNITION_SECONDS,
            "engine": "scripted",
        }
        for job in jobs
    ]


class PhoneAlone:
    """The phone process with a scripted core and recogniser; `directory` must be short enough for sockets."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.core = ScriptedCore()
        self.sip_port = free_port(HOST)
        self._log = directory / "phone.log"
        (directory / "run").mkdir()
        (directory / "run" / "internal.token").write_text(TOKEN, encoding="utf-8")
        (directory / "models").symlink_to(ROOT / "var" / "models")
        _SPEECH.mkdir(parents=True, exist_ok=True)
        (directory / "audio").symlink_to(_SPEECH)
        worker = Together(recognised, 8)
        about: Header = {"engine": "scripted", "streams": False}
        self._recogniser = LocalWorker(
            directory / "run" / "recogniser-0.sock",
            worker,
            about=about,
            queue_limit=200,
            payload_limit_bytes=PAYLOAD_LIMIT_BYTES,
            deadline_seconds=10.0,
        )

    @contextmanager
    def _process(self, *command: str) -> Iterator[Popen[bytes]]:
        environment = {
            **os.environ,
            "HOTLINE_DATA__DIRECTORY": str(self.directory),
            "HOTLINE_WEB__PORT": str(self.core.port),
            "HOTLINE_TELEPHONY__SIP_PORT": str(self.sip_port),
            "HOTLINE_TELEPHONY__SEAT_AUDIO_PORT": str(free_port()),
            "HOTLINE_TELEPHONY__MAXIMUM_CALLS": "200",
            "HOTLINE_ADMISSION__INITIAL_CALLS": "200",
            "HOTLINE_ADMISSION__MINIMUM_CALLS": "200",
            "HOTLINE_RECOGNISER__WORKERS": "1",
            "OMP_NUM_THREADS": "1",
        }
        with self._log.open("ab") as log:
            process = Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=STDOUT, process_group=0)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(20)

    async def measure(self, plans: Sequence[Plan], phone: Sequence[str]) -> list[tuple[dict[str, Any], Account, str]]:
        """For each plan what the callers heard, what the phone used, and its metrics after it."""
        runner = await self.core.serve()
        recogniser = asyncio.create_task(self._recogniser.serve())
        try:
            with ExitStack() as processes:
                processes.enter_context(self._process(sys.executable, "-m", "telephony.renderer"))
                process = processes.enter_context(self._process(*phone))
                await self._ready()
                found = []
                for plan in plans:
                    heard, used = await self._placed(plan, psutil.Process(process.pid))
                    await asyncio.sleep(5.5)  # the phone tells its figures every 5 s
                    found.append((heard, used, self.core.metrics))
                return found
        finally:
            self._recogniser.stop()
            await recogniser
            await runner.cleanup()

    async def _ready(self) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while "prompts are ready" not in (log := self._log.read_text(encoding="utf-8", errors="replace")):
            assert time.monotonic() < deadline, log[-2_000:]
            await asyncio.sleep(0.5)

    async def _placed(self, plan: Plan, phone: psutil.Process) -> tuple[dict[str, Any], Account]:
        target = self.directory / "plan.json"
        target.write_text(json.dumps(asdict(plan)), encoding="utf-8")
        generator = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "benchmarks.phone_callers", str(target), cwd=ROOT, stdin=PIPE, stdout=PIPE
        )
        assert generator.stdin is not None and generator.stdout is not None
        while (await generator.stdout.readline()).strip() != b"calling":
            assert not generator.stdout.at_eof(), "the load generator ended too early"
        meter = Meter([phone])
        generator.stdin.write(b"go\n")
        done = asyncio.create_task(generator.stdout.readline())
        while not (await asyncio.wait([done], timeout=_LOOK_SECONDS))[0]:
            meter.look()
        await asyncio.sleep(1.0)
        used = meter.read()
        assert await generator.wait() == 0, "the load generator failed"
        return json.loads(await asyncio.to_thread(Path(plan.result).read_text, encoding="utf-8")), used


def figures(plan: Plan, heard: dict[str, Any], used: Account) -> dict[str, Any]:
    """CPU seconds a call; seconds from a caller's first voiced frame to the bot's last loud packet."""
    calls = heard["calls"]
    turns = [turn for call in calls for turn in call["turns"]]
    interruptions = [turn for turn in turns if turn["barge_in"]]
    silenced = [t["silence_delay_seconds"] for t in interruptions if t["silence_delay_seconds"] is not None]
    delays = [turn["delay_seconds"] for turn in turns if turn["delay_seconds"] is not None]
    packets = sum(call["packets"] for call in calls)
    threads = {name.partition("/")[2]: value / plan.calls for name, value in used.threads.items()}
    return {
        "calls": len(calls),
        "answered": sum(call["answered_at"] is not None for call in calls),
        "turns_a_call": round(len(turns) / len(calls), 2),
        "bot_seconds_a_call": round(sum(call["bot_seconds"] for call in calls) / len(calls), 1),
        "cpu_seconds_a_call": round(used.total / plan.calls, 3),
        "by_thread": {name: round(value, 3) for name, value in sorted(threads.items(), key=lambda item: -item[1])},
        "answer_p50": percentile(delays, 0.5),
        "answer_p95": percentile(delays, 0.95),
        "interruptions": len(interruptions),
        "not_silenced": len(interruptions) - len(silenced),
        "silence_p50": percentile(silenced, 0.5),
        "silence_p95": percentile(silenced, 0.95),
        "late_packet_share": round(sum(call["late_packets"] for call in calls) / max(1, packets), 5),
        "packets": packets,
        "generator_late_p99_seconds": round(heard["generator_late_p99_seconds"], 4),
    }


def command(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.phone_alone", description="What a call costs the phone process alone."
    )
    parser.add_argument("--calls", type=int, default=8, help="at once")
    parser.add_argument("--seconds", type=float, default=90.0, help="of each call")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1], help="one run each")
    parser.add_argument("--interrupt", action="store_true", help="every caller speaks into every answer")
    parser.add_argument("--phone", nargs="+", metavar="WORD", help="another command that starts the phone")
    arguments = parser.parse_args(argv)
    told = conditions.Conditions()
    with tempfile.TemporaryDirectory(prefix="hlp") as name:
        folder = Path(name)
        voice = conditions.RESULTS / "voice"
        voice.mkdir(parents=True, exist_ok=True)
        alone = PhoneAlone(folder)
        plans = [
            Plan(
                sip_port=alone.sip_port,
                calls=arguments.calls,
                result=str(folder / "heard.json"),
                models=str(ROOT / "var" / "models"),
                voice_directory=str(voice),
                database="",
                ramp_seconds=0.5 * arguments.calls,
                call_seconds=arguments.seconds,
                seed=seed,
                interrupting=list(range(1, TURNS)) if arguments.interrupt else None,
            )
            for seed in arguments.seeds
        ]
        phone = arguments.phone or [sys.executable, "-m", "telephony.phone"]
        measured = asyncio.run(alone.measure(plans, phone))
    rows = [figures(plan, heard, used) for plan, (heard, used, _) in zip(plans, measured, strict=True)]
    result = {"conditions": told.told(), "interrupt": arguments.interrupt, "runs": rows}
    print("\n".join(conditions.lines(result["conditions"])))
    for row in rows:
        print(json.dumps(row, ensure_ascii=False, indent=1))
    conditions.write("phone_alone", result)
    return 0


if __name__ == "__main__":
    raise SystemExit(command(sys.argv[1:]))
