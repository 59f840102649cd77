"""Many citizens chat with one node at once: `python -m benchmarks.chats [--chats 500 2000]`.

Prints a table and writes `var/benchmarks/chats.json`. Each citizen has a websocket, as the page has: some ask
questions, some file a complaint, each thinks and types for a while before each message. Some lose their connection
right after a message, come back and send it again under the same id. Every message has an id of its own: at the end
each conversation is read back, and every id must stand there once (`lost`, `doubled`), with a reply (`unanswered`).
Delays are from sending to the reply, at the citizen's end; CPU seconds are those of the system's processes. The
citizens run in this process, on the same machine: their own CPU is told as well.

With `--url` a hotline that runs already is measured (it must allow so many contacts from one address); no CPU figures.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp
import psutil

from base.settings import ROOT
from benchmarks import conditions
from benchmarks.accounts import Meter
from benchmarks.conditions import percentile
from hotline.trial.system import System

QUESTIONS: Final = (
    "什么情况下可以申领居住证?",
    "物业服务费应该怎么收?",
    "供暖时间是什么时候开始?",
    "养狗需要办理登记吗?",
    "公司拖欠工资怎么办?",
    "住房公积金可以提取吗?",
)
COMPLAINTS: Final = (
    "楼下烧烤店每天晚上放音乐，吵得睡不着",
    "小区门口的路灯坏了好几天，晚上很黑",
    "街边的垃圾桶满了没有人清理，味道很大",
    "人行道上停满了共享单车，轮椅过不去",
)
ANSWERS: Final = {
    "detail": "已经连着好几天了，每天晚上都这样，找过他们也没有用",
    "place": "海淀区中关村街道知春路48号楼下",
    "event_time": "昨天晚上",
    "subject": "楼下的烧烤店",
    "appeal": "希望尽快有人来处理",
    "contact_name": "免贵姓王",
    "confidential": "不用保密",
    "confirm_order": "对",
}
_MOST_MESSAGES: Final = 12
_REPLY_SECONDS: Final = 60.0
_FILES_A_COMPLAINT: Final = 0.4
_LIMITS: Final = ("CHAT_CONTACTS_A_MINUTE", "CHAT_MESSAGES_A_MINUTE", "REQUESTS_A_MINUTE")


@dataclass
class Tally:
    """What all citizens of one level saw. Delays in seconds."""

    delays: list[float] = field(default_factory=list)
    opened: list[float] = field(default_factory=list)
    sent: int = 0
    sent_again: int = 0
    unanswered: int = 0
    lost: int = 0
    doubled: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    at_once: int = 0
    most_at_once: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)


class Line:
    """A socket that is read all the time, as a browser reads it: a ping that nobody reads is not answered, and closes
    it."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._frames: asyncio.Queue[aiohttp.WSMessage] = asyncio.Queue()
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        while True:
            frame = await self._socket.receive()
            self._frames.put_nowait(frame)
            if frame.type is not aiohttp.WSMsgType.TEXT:
                return

    async def send(self, message: dict[str, Any]) -> None:
        await self._socket.send_json(message)

    async def receive(self) -> dict[str, Any]:
        """
        Raises:
            ConnectionError: the server closed; how is in the text.
        """
        frame = await self._frames.get()
        if frame.type is not aiohttp.WSMsgType.TEXT:
            raise ConnectionError(frame.type.name)
        found: dict[str, Any] = frame.json()
        return found

    async def close(self) -> None:
        await self._socket.close()
        await self._reader


class Citizen:
    """One page, one conversation."""

    def __init__(self, session: aiohttp.ClientSession, url: str, number: int, tally: Tally, options: Any) -> None:
        self._session = session
        self._url = url
        self._chance = random.Random(number)
        self._tally = tally
        self._think_seconds: float = options.think_seconds
        self._drops: float = options.drops
        self._conversation_id: str | None = None
        self._ids: list[str] = []
        self._answered: Counter[str] = Counter()
        self._phone = f"139{number:08d}"

    async def chat(self) -> None:
        socket = await self._hello()
        self._tally.at_once += 1
        self._tally.most_at_once = max(self._tally.most_at_once, self._tally.at_once)
        try:
            complains = self._chance.random() < _FILES_A_COMPLAINT
            text = self._chance.choice(COMPLAINTS if complains else QUESTIONS)
            for count in range(_MOST_MESSAGES):
                await asyncio.sleep(self._chance.uniform(0.3, 1.7) * self._think_seconds)
                socket, reply = await self._say(socket, text)
                if reply is None or reply.get("outcome"):
                    self._tally.outcomes[str((reply or {}).get("outcome"))] += 1
                    break
                text = self._next(reply.get("asking"), complains, count)
            await self._look_back(socket)
        finally:
            self._tally.at_once -= 1
            await socket.close()

    def _next(self, asking: str | None, complains: bool, count: int) -> str:
        if asking == "contact_phone":
            return self._phone
        if asking in ANSWERS:
            return ANSWERS[asking]
        return "没有了，谢谢" if complains or count >= 2 else self._chance.choice(QUESTIONS)

    async def _hello(self) -> Line:
        began = time.perf_counter()
        socket = Line(await self._session.ws_connect(self._url, max_msg_size=1 << 22))
        await socket.send({"type": "hello", "conversation_id": self._conversation_id, "after_seq": 0})
        self._welcome = await self._receive(socket, "welcome")
        self._conversation_id = self._welcome["conversation_id"]
        self._tally.opened.append(time.perf_counter() - began)
        return socket

    async def _say(self, socket: Line, text: str) -> tuple[Line, dict[str, Any] | None]:
        """The socket to go on with, and the reply; None where none came."""
        message_id = f"{self._phone}-{len(self._ids)}"
        self._ids.append(message_id)
        message = {"type": "message", "text": text, "client_message_id": message_id}
        self._tally.sent += 1
        began = time.perf_counter()
        await socket.send(message)
        if self._chance.random() < self._drops:
            await socket.close()
            socket = await self._hello()
            self._tally.sent_again += 1
            await socket.send(message)
        try:
            reply = await self._receive(socket, "reply", message_id)
        except (TimeoutError, ConnectionError) as error:
            self._tally.unanswered += 1
            self._tally.refused[type(error).__name__] += 1
            return socket, None
        self._tally.delays.append(time.perf_counter() - began)
        return socket, reply

    async def _receive(self, socket: Line, kind: str, message_id: str = "") -> dict[str, Any]:
        """
        Raises:
            TimeoutError: nothing came in a minute.
            ConnectionError: the server closed, or refused; what it said is in the text.
        """
        async with asyncio.timeout(_REPLY_SECONDS):
            while True:
                found = await socket.receive()
                if found["type"] == "error":
                    raise ConnectionError(str(found.get("code")))
                if found["type"] == "reply":
                    self._answered[str(found["in_reply_to"])] += 1
                if found["type"] == kind and (not message_id or found["in_reply_to"] == message_id):
                    return found

    async def _look_back(self, socket: Line) -> None:
        """Read the conversation as the server has it, and what may still be on its way."""
        await socket.close()
        again = await self._hello()
        await again.close()
        stored = Counter(turn["client_message_id"] for turn in self._welcome["transcript"] if turn["role"] == "citizen")
        self._tally.lost += sum(stored[message_id] == 0 for message_id in self._ids)
        self._tally.doubled += sum(max(0, count - 1) for count in stored.values())
        self._tally.doubled += sum(max(0, count - 1) for count in self._answered.values())


async def level(url: str, chats: int, options: Any) -> Tally:
    tally = Tally()
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=None, connect=_REPLY_SECONDS)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:

        async def one(number: int) -> None:
            await asyncio.sleep(number * options.ramp_seconds / chats)
            try:
                await Citizen(session, f"{url}/ws/chat", number, tally, options).chat()
            except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
                tally.refused[f"{type(error).__name__} {error}"[:60]] += 1

        await asyncio.gather(*(one(number) for number in range(chats)))
    return tally


def summary(chats: int, tally: Tally, seconds: float, cpu: dict[str, float], own_cpu: float) -> dict[str, Any]:
    return {
        "chats": chats,
        "most_at_once": tally.most_at_once,
        "messages": tally.sent,
        "sent_again": tally.sent_again,
        "messages_a_second": round(tally.sent / seconds, 1),
        "reply_p50": percentile(tally.delays, 0.5),
        "reply_p95": percentile(tally.delays, 0.95),
        "reply_p99": percentile(tally.delays, 0.99),
        "open_p95": percentile(tally.opened, 0.95),
        "lost": tally.lost,
        "doubled": tally.doubled,
        "unanswered": tally.unanswered,
        "refused": dict(tally.refused),
        "outcomes": dict(tally.outcomes),
        "seconds": round(seconds, 1),
        "cpu_seconds": {name: round(used, 1) for name, used in cpu.items()},
        "cpu_ms_a_message": round(1_000 * sum(cpu.values()) / max(1, tally.sent), 1) if cpu else None,
        "citizens_cpu_seconds": round(own_cpu, 1),
    }


async def measured(url: str, chats: int, options: Any, system: System | None) -> dict[str, Any]:
    meter = Meter(system.processes()) if system is not None else None
    own, began = psutil.Process().cpu_times(), time.monotonic()
    tally = await level(url, chats, options)
    seconds, now = time.monotonic() - began, psutil.Process().cpu_times()
    cpu = dict(meter.read().processes) if meter is not None else {}
    own_cpu = now.user + now.system - own.user - own.system
    return summary(chats, tally, seconds, cpu, own_cpu)


async def main(options: Any) -> dict[str, Any]:
    told = conditions.Conditions()
    levels = []
    with tempfile.TemporaryDirectory(prefix="hlc") as folder:
        system = None
        if not options.url:
            limits = {f"HOTLINE_WEB__{name}": "1000000" for name in _LIMITS}
            system = System(Path(folder) / "var", limits)
            system.prepare()
            system.start()
        url = options.url.rstrip("/") or (system.base_url if system is not None else "")
        try:
            await level(url, 5, argparse.Namespace(think_seconds=0.2, drops=0.0, ramp_seconds=0.0))  # warm
            for chats in options.chats:
                print(f"bench: {chats} chats at once …", file=sys.stderr, flush=True)
                levels.append(await measured(url, chats, options, system))
        finally:
            if system is not None:
                system.stop()
    asked = {name: getattr(options, name) for name in ("think_seconds", "ramp_seconds", "drops")}
    return {"conditions": told.told(), **asked, "levels": levels}


def table(result: dict[str, Any]) -> str:
    columns = {
        "chats": "chats",
        "most at once": "most_at_once",
        "messages": "messages",
        "a second": "messages_a_second",
        "reply p50 s": "reply_p50",
        "p95 s": "reply_p95",
        "p99 s": "reply_p99",
        "lost": "lost",
        "doubled": "doubled",
        "unanswered": "unanswered",
        "CPU ms a message": "cpu_ms_a_message",
    }
    lines = [
        *conditions.lines(result["conditions"]),
        f"citizens         a message each {result['think_seconds']:g} s, {result['drops']:.0%} of them sent twice "
        "over a lost connection",
        "",
        " | ".join(columns),
    ]
    for row in result["levels"]:
        lines.append(" | ".join(f"{row[key]!s:>{len(title)}}" for title, key in columns.items()))
        if row["refused"]:
            lines.append(f"  refused: {row['refused']}")
    return "\n".join(lines)


def command(argv: list[str]) -> int:
    """Status 1 where a message was lost, doubled or left unanswered, or a citizen was refused."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chats", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--chats", type=int, nargs="+", default=[500], help="levels: citizens at once")
    parser.add_argument("--think-seconds", type=float, default=30.0, help="mean time to read, think and type")
    parser.add_argument("--ramp-seconds", type=float, default=20.0, help="so long it takes until all are there")
    parser.add_argument("--drops", type=float, default=0.03, help="share of messages whose connection is lost")
    parser.add_argument("--url", default="", help="a hotline that runs already")
    options = parser.parse_args(argv)
    result = asyncio.run(main(options))
    target = conditions.write("chats", result)
    print(table(result))
    print(f"\nwritten to {target.relative_to(ROOT)}")
    return int(any(row["lost"] or row["doubled"] or row["unanswered"] or row["refused"] for row in result["levels"]))


if __name__ == "__main__":
    raise SystemExit(command(sys.argv[1:]))
