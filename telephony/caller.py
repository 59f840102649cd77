"""`hotline call`: place a real SIP call that plays WAV turns; print what was heard, how long it took, and the outcome.

What the bot said is recognised from its audio, as a caller's ear would take it; transcript, outcome and orders as the
core has them are added where the core can be asked (its internal token is readable on the same machine only).
"""

from __future__ import annotations

import argparse
import asyncio
import errno
import json
import random
import re
import socket
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp

from asr_models.recogniser import Recogniser, RecogniserError
from base import logs
from base.errors import HotlineError
from base.settings import Settings, load
from telephony.audio import RATE_HZ, level_dbfs, to_samples
from telephony.calling import GREETING, CallingParty, CallReport, Exchange, Script, load_turns
from telephony.errors import TelephonyError
from telephony.phone import call_id_of, core_url

_CORE_SECONDS: Final = 5.0
_PORT_TRIES: Final = 100
_FREE_PORTS: Final = range(10_000, 20_000)
_LONGEST_SECONDS: Final = 28.0
_QUIET_DBFS: Final = -60.0


@dataclass(slots=True)
class Told:
    """What the core says about the call; empty where it could not be asked."""

    outcome: str | None = None
    orders: list[str] = field(default_factory=list)
    transcript: list[dict[str, Any]] = field(default_factory=list)
    problem: str = ""


def _arguments(argv: list[str], settings: Settings) -> argparse.Namespace:
    telephony = settings.telephony
    parser = argparse.ArgumentParser(prog="hotline call", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("wav", nargs="*", type=Path, help="one WAV file a turn, spoken when the bot has finished")
    parser.add_argument("--to", default=f"sip:{telephony.sip_user}@{telephony.sip_host}:{telephony.sip_port}")
    parser.add_argument("--dtmf", default="", metavar="KEYS", help="keys pressed after the last turn, e.g. 0")
    parser.add_argument("--hang-up-after", type=float, metavar="S", help="hang up S seconds after the answer")
    parser.add_argument("--stay", action="store_true", help="stay on the line after the last answer")
    parser.add_argument(
        "--interrupt-after", type=float, metavar="S", help="do not wait for the end of an answer: speak after S seconds"
    )
    parser.add_argument("--caller", default="13800138000", metavar="NUMBER", help="the number shown to the hotline")
    parser.add_argument("--host", default="127.0.0.1", help="our own address")
    parser.add_argument("--no-recognition", action="store_true", help="do not recognise what the bot said")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    arguments = parser.parse_args(argv)
    if not re.fullmatch(r"[0-9*#]*", arguments.dtmf):
        parser.error("--dtmf takes 0 to 9, * and #")
    if not re.fullmatch(r"[0-9]{3,15}", arguments.caller):
        parser.error("--caller takes 3 to 15 digits")
    if arguments.hang_up_after is not None and arguments.hang_up_after <= 0:
        parser.error("--hang-up-after takes a positive number of seconds")
    return arguments


def free_port(host: str = "127.0.0.1") -> int:
    """A port that is free at this moment for UDP and for TCP: a SIP stack listens on both.

    It lies below those that systems give to connections by themselves (Linux 32768 and up, IANA 49152 and up), so that
    nobody's connection takes it before it is used, and beside the usual ports of the calls' audio.
    """
    ports = random.SystemRandom().sample(_FREE_PORTS, _PORT_TRIES)
    for port in ports:
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp,
        ):
            try:
                udp.bind((host, port))
                tcp.bind((host, port))
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    continue
                raise TelephonyError(f"--host {host} is not an address of this machine: {error}") from error
            return port
    raise TelephonyError(f"no port is free on {host}")


class Ear:
    """Recognises the bot's audio: by the running workers, else with a model of our own, else not at all."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._own: Recogniser | None = None
        self.problem = ""

    async def texts(self, exchanges: list[Exchange]) -> list[str | None]:
        try:
            return [await self._text(exchange.heard) for exchange in exchanges]
        except RecogniserError as error:
            self.problem = str(error)
            return [None] * len(exchanges)

    async def _text(self, pcm: bytes) -> str:
        if level_dbfs(pcm) < _QUIET_DBFS:
            return ""
        if self._own is None:
            from asr_models import factory

            self._own = await asyncio.to_thread(factory.load, self._settings)
        parts = []
        step = int(_LONGEST_SECONDS * RATE_HZ)
        samples = to_samples(pcm)
        for start in range(0, len(samples), step):
            piece = samples[start : start + step]
            if len(piece) > 0.2 * RATE_HZ:
                parts.append((await asyncio.to_thread(self._own.recognise, piece, RATE_HZ)).text)
        return "".join(parts)


async def ask_core(settings: Settings, sip_call_id: str) -> Told:
    """The core's view of the call, asked until the end of the call has reached it."""
    base = core_url(settings).removesuffix("/phone")
    url = f"{base}/calls/{call_id_of(sip_call_id)}"
    try:
        token = (await asyncio.to_thread((settings.run / "internal.token").read_text, encoding="utf-8")).strip()
        timeout = aiohttp.ClientTimeout(total=_CORE_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout, headers={"Authorization": f"Bearer {token}"}) as session:
            for _ in range(20):
                async with session.get(url, ssl=False) as answer:
                    if answer.status != 200:
                        return Told(problem=f"the core answered {answer.status}")
                    told = await answer.json()
                if told.get("ended_at") or told.get("outcome"):
                    break
                await asyncio.sleep(0.2)
    except (OSError, ValueError, TimeoutError, aiohttp.ClientError) as error:
        return Told(problem=f"the core could not be asked: {error or type(error).__name__}")
    return Told(told.get("outcome"), list(told.get("orders") or []), list(told.get("transcript") or []))


def as_json(report: CallReport, heard: list[str | None], told: Told) -> dict[str, Any]:
    return {
        "call_id": call_id_of(report.sip_call_id) if report.sip_call_id else None,
        "answered": report.answered,
        "answer_seconds": round(report.answer_seconds, 3),
        "seconds": round(report.seconds, 1),
        "ended": report.ended,
        "transferred_to": report.transferred_to or None,
        "exchanges": [
            {
                "said": exchange.said,
                "said_seconds": round(exchange.said_seconds, 2),
                "delay_seconds": exchange.delay_seconds,
                "heard_seconds": round(exchange.heard_seconds, 2),
                "heard": text,
            }
            for exchange, text in zip(report.exchanges, heard, strict=True)
        ],
        "outcome": told.outcome,
        "orders": told.orders,
        "transcript": [{"role": turn.get("role"), "text": turn.get("text")} for turn in told.transcript],
    }


def _print_readable(report: CallReport, heard: list[str | None], told: Told, ear_problem: str) -> None:
    if not report.answered:
        print(f"not answered: {report.ended}")
        return
    print(f"answered after {report.answer_seconds:.2f} s")
    for exchange, text in zip(report.exchanges, heard, strict=True):
        if exchange.said != GREETING:
            print(f"  caller  {exchange.said} ({exchange.said_seconds:.1f} s)")
        if exchange.delay_seconds is None:
            print("  bot     (nothing was heard)")
        else:
            words = text if text is not None else "(not recognised)"
            print(f"  bot     after {exchange.delay_seconds:.2f} s, {exchange.heard_seconds:.1f} s: {words}")
    where = f" to {report.transferred_to}" if report.transferred_to else ""
    print(f"ended: {report.ended}{where} after {report.seconds:.1f} s")
    if ear_problem:
        print(f"the bot's audio could not be recognised: {ear_problem}")
    if told.problem:
        print(told.problem)
    for turn in told.transcript:
        print(f"  core    {turn.get('role')}: {turn.get('text')}")
    print(f"outcome: {told.outcome or 'unknown'}" + (f", orders: {', '.join(told.orders)}" if told.orders else ""))


async def _run(arguments: argparse.Namespace, settings: Settings) -> int:
    script = Script(
        load_turns(arguments.wav),
        arguments.dtmf,
        arguments.hang_up_after,
        interrupt_after_seconds=arguments.interrupt_after,
        stays=arguments.stay,
    )
    async with CallingParty(arguments.host, free_port(arguments.host), arguments.caller) as party:
        report = await party.call(arguments.to, script)
    ear = Ear(settings)
    heard: list[str | None] = [None] * len(report.exchanges)
    if not arguments.no_recognition:
        heard = await ear.texts(report.exchanges)
    told = await ask_core(settings, report.sip_call_id) if report.answered else Told()
    if arguments.json:
        print(json.dumps(as_json(report, heard, told), ensure_ascii=False))
    else:
        _print_readable(report, heard, told, ear.problem)
    return 0 if report.answered else 1


def command(argv: list[str]) -> int:
    """`hotline call WAV… [--to sip:…] [--dtmf 0] [--hang-up-after S] [--json]`; 1: the call was not answered.

    Raises:
        HotlineError: a WAV cannot be read, or the calling side cannot start.
    """
    settings = load()
    arguments = _arguments(argv, settings)
    logs.configure("call", "ERROR")
    return asyncio.run(_run(arguments, settings))


def main() -> int:
    try:
        return command(sys.argv[1:])
    except HotlineError as error:
        print(f"hotline call: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
