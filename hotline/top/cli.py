"""`hotline top`: one or several nodes, live: calls, chats, queue, lag, CPU, memory, outbox, errors.

In a terminal it fills the screen until `q`; through a pipe it prints one picture after the other.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

import aiohttp
from rich.console import Console, RenderableType
from rich.live import Live

from base.clock import CHINA
from base.settings import load
from hotline.supervision import readiness
from hotline.top import view
from hotline.top.figures import Look, Rates, away, between, read
from hotline.top.keys import watched

_ANSWER_BYTES: Final = 8_000_000
_PIPE_COLUMNS: Final = 160


def command(argv: list[str]) -> int:
    """Exit status 0; with --once 1 where a node could not be asked."""
    parser = argparse.ArgumentParser(prog="hotline top", description=__doc__)
    parser.add_argument("node", nargs="*", help="http://10.0.0.11:8345; default: this machine's")
    parser.add_argument("--once", action="store_true", help="one picture, then leave")
    parser.add_argument(
        "--interval", type=float, default=2.0, metavar="S",
        help="seconds from one look to the next; with --once, 0 is a single look, which knows no rates",
    )  # fmt: skip
    parser.add_argument(
        "--patience", type=float, default=4.0, metavar="S", help="seconds that a node may take to answer"
    )
    options = parser.parse_args(argv)
    if options.interval < 0 or (options.interval < 0.2 and not options.once):
        parser.error("--interval takes at least 0.2 seconds")
    addresses = [address.rstrip("/") for address in options.node] or [readiness.base_url(load())]
    for address in addresses:
        if urlsplit(address).scheme not in ("http", "https"):
            parser.error(f"{address}: an address begins with http:// or https://")
    return asyncio.run(_watch(addresses, options.interval, options.patience, once=options.once))


async def _watch(addresses: Sequence[str], interval: float, patience: float, *, once: bool) -> int:
    timeout = aiohttp.ClientTimeout(total=patience)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        nodes = Nodes(session, addresses)
        if once:
            await nodes.look()
            if interval:
                await asyncio.sleep(interval)
                await nodes.look()
            _console().print(nodes.picture(_console().width))
            return 1 if any(look.problem for look in nodes.looks) else 0
        if sys.stdout.isatty() and sys.stdin.isatty():
            await _live(nodes, interval)
        else:
            while True:
                await nodes.look()
                _console().print(nodes.picture(_console().width))
                await asyncio.sleep(interval)
    return 0


async def _live(nodes: Nodes, interval: float) -> None:
    """Until a key says so. A terminal of another size is drawn anew at once, from the last look."""
    console = _console()
    leave, resized = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGWINCH, resized.set)
    try:
        with watched(leave), Live(console=console, screen=True, auto_refresh=False) as live:
            while not leave.is_set():
                await nodes.look()
                due = loop.time() + interval
                while not leave.is_set() and loop.time() < due:
                    resized.clear()
                    live.update(nodes.picture(console.width), refresh=True)
                    await _first_of(leave, resized, seconds=due - loop.time())
    finally:
        loop.remove_signal_handler(signal.SIGWINCH)


async def _first_of(*events: asyncio.Event, seconds: float) -> None:
    """Until one of them is set, or so long."""
    waits = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=max(0.0, seconds), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else _PIPE_COLUMNS)


class Nodes:
    """The last look at each node, and the rates since the one before."""

    def __init__(self, session: aiohttp.ClientSession, addresses: Sequence[str]) -> None:
        self._session = session
        self._addresses = addresses
        self.looks: list[Look] = []
        self._rates: dict[str, Rates | None] = {}

    async def look(self) -> None:
        """At all of them at the same time; one that does not answer in time is shown as away."""
        before = {look.address: look for look in self.looks}
        self.looks = list(await asyncio.gather(*(self._ask(address) for address in self._addresses)))
        self._rates = {look.address: between(before.get(look.address), look) for look in self.looks}

    def picture(self, width: int) -> RenderableType:
        return view.render(self.looks, self._rates, width, f"{datetime.now(CHINA):%H:%M:%S}")

    async def _ask(self, address: str) -> Look:
        try:
            metrics, state = await asyncio.gather(self._get(f"{address}/metrics"), self._get(f"{address}/readyz"))
            return read(address, time.monotonic(), metrics, state)
        except TimeoutError:
            return away(address, time.monotonic(), "no answer in time")
        except (aiohttp.ClientError, OSError) as error:
            return away(address, time.monotonic(), f"cannot be asked: {error}")
        except (ValueError, KeyError) as error:
            return away(address, time.monotonic(), f"no hotline answers there ({error})")

    async def _get(self, url: str) -> str:
        local = urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")
        async with self._session.get(url, ssl=not local) as answer:
            if answer.status not in (200, 503):  # readiness answers 503 while something is missing
                raise ValueError(f"{url} answers {answer.status}")
            body = bytearray()
            async for piece in answer.content.iter_any():
                body += piece
                if len(body) > _ANSWER_BYTES:
                    raise ValueError(f"{url} answers more than {_ANSWER_BYTES} bytes")
            return body.decode("utf-8", "replace")
