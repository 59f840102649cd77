"""`hotline top`: what is read out of a node's own words, how it looks at any width, and the command at work."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import re
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from rich.console import Console

from base.settings import ROOT
from gateway.metrics import Metrics
from hotline.top.figures import Look, away, between, read
from hotline.top.view import COLUMNS, render
from telephony.metrics import PhoneMetrics

READY = json.dumps({"ready": True, "parts": {"database": {"ok": True, "needed": True}}})
NODE = "http://10.0.0.11:8345"


def told(serving: int = 12, cpu_seconds: float = 100.0) -> str:
    """As the program itself writes it."""
    metrics, phone = Metrics(), PhoneMetrics()
    metrics.queue_length.set(3)
    metrics.queue_oldest_seconds.set(95)
    metrics.contacts.labels("web", "open").set(7)
    metrics.contacts.labels("phone", "open").set(12)
    metrics.outbox_messages.labels("city", "waiting").set(4)
    metrics.outbox_messages.labels("city", "dead").set(1)
    metrics.turn_failures.labels("web").inc(2)
    metrics.http_requests.labels("/api/v1/chat", "POST", "500").inc(3)
    metrics.http_requests.labels("/readyz", "GET", "503").inc(50)
    phone.serving.set(serving)
    phone.capacity.set(26)
    phone.waiting.set(1)
    phone.level.set(1)
    phone.recogniser_lag_seconds.set(1.4)
    phone.late_frames.set(0.001)
    phone.arrivals.labels("served").inc(serving)
    machine = (
        "# TYPE hotline_process_cpu_seconds counter\n"
        f'hotline_process_cpu_seconds_total{{process="phone"}} {cpu_seconds}\n'
        'hotline_process_cpu_seconds_total{process="core"} 10.0\n'
        "# TYPE hotline_process_resident_memory_bytes gauge\n"
        'hotline_process_resident_memory_bytes{process="phone"} 2.2e8\n'
        'hotline_process_resident_memory_bytes{process="core"} 2.0e9\n'
    )
    return metrics.text().decode() + phone.text() + machine


def picture(looks: list[Look], width: int, before: Look | None = None) -> str:
    console = Console(width=width, record=True, file=open(os.devnull, "w"), color_system=None)  # noqa: SIM115
    rates = {look.address: between(before, look) for look in looks}
    console.print(render(looks, rates, width, "12:00:00"))
    return console.export_text()


def test_a_node_s_own_words_become_figures() -> None:
    look = read(NODE, 10.0, told(), READY)
    assert (look.serving, look.capacity, look.waiting, look.level) == (12, 26, 1, 1)
    assert (look.chats, look.queue, look.queue_oldest_seconds) == (7, 3, 95.0)
    assert (look.outbox_waiting, look.outbox_dead, look.failures, look.server_errors) == (4, 1, 2.0, 3.0)
    assert look.ready and look.lag_seconds == 1.4 and look.memory_bytes["core"] == 2.0e9


def test_rates_are_what_grew_between_two_looks() -> None:
    first, second = read(NODE, 10.0, told(12, 100.0), READY), read(NODE, 14.0, told(20, 103.0), READY)
    rates = between(first, second)
    assert rates is not None
    assert rates.cores == {"phone": 0.75, "core": 0.0} and rates.arrivals_a_second == 2.0
    begun_anew = between(second, read(NODE, 15.0, told(20, 1.0), READY))
    assert begun_anew is not None and begun_anew.cores["phone"] == 1.0
    assert between(None, first) is None and between(away(NODE, 1.0, "gone"), first) is None


def test_what_is_missing_is_named() -> None:
    parts = {"phone": {"ok": False, "needed": False}, "database": {"ok": False, "needed": True}, "x": {"ok": True}}
    look = read(NODE, 1.0, "", json.dumps({"ready": False, "parts": parts}))
    assert look.not_ready == ("database", "phone")
    assert "no database" in picture([look], 160)
    with pytest.raises(ValueError):
        read(NODE, 1.0, "", "<html>")


@pytest.mark.parametrize("width", [60, 80, 100, 120, 160, 240])
def test_the_picture_fits_any_width(width: int) -> None:
    look = read(NODE, 14.0, told(), READY)
    text = picture(
        [look, replace(look, address="http://10.0.0.12:8345"), away("http://10.0.0.13:8345", 1.0, "gone")], width
    )
    table = [line for line in text.splitlines() if "10.0.0" in line or line.startswith("node")]
    assert len(table) == 5 and all(len(line.rstrip()) <= width for line in table)
    assert "12/26" in text and "1.40" in text and "gone" in text
    shown = [column.title for column in COLUMNS if column.title in table[0]]
    assert len(shown) == len(COLUMNS) if width >= 160 else {"state", "calls", "lag s", "cpu"} <= set(shown)


def test_one_node_is_shown_process_by_process() -> None:
    first, second = read(NODE, 10.0, told(12, 100.0), READY), read(NODE, 14.0, told(12, 103.0), READY)
    text = picture([second], 160, first)
    assert re.search(r"phone\s+0\.75\s+210 M", text) and re.search(r"core\s+0\.00\s+1\.9 G", text)
    assert "danger" not in text
    assert "danger not taken: 2" in picture([replace(second, emergencies=2)], 160)


@pytest.fixture
async def node() -> AsyncIterator[str]:
    """The address of something that answers like a core."""

    async def metrics(_request: web.Request) -> web.Response:
        line = 'hotline_http_seconds_count{{route="/api/v1/orders/{{no}}/{0}"}} 1\n'
        lines = "".join(line.format(number) for number in range(3_000))
        return web.Response(text=told() + lines)  # comes in many pieces, like that of a core that has worked for days

    async def readiness(_request: web.Request) -> web.Response:
        return web.Response(text=READY, content_type="application/json")

    app = web.Application()
    app.router.add_get("/metrics", metrics)
    app.router.add_get("/readyz", readiness)
    server = TestServer(app)
    await server.start_server()
    yield str(server.make_url("")).rstrip("/")
    await server.close()


async def run(*arguments: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hotline.cli", "top", "--patience", "90", *arguments,
        cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


async def test_once_prints_one_picture_of_a_served_node_and_of_one_that_is_away(node: str) -> None:
    status, text = await run("--once", "--interval", "0.2", node, "http://127.0.0.1:9")
    assert status == 1 and "12/26" in text and "cannot be asked" in text and "1 of 2 ready" in text
    assert all(column.title in text for column in COLUMNS)
    status, text = await run("--once", "--interval", "0", node)
    assert status == 0 and text.count("12/26") == 1 and "210 M" in text


async def test_in_a_terminal_it_runs_until_q(node: str) -> None:
    ours, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hotline.cli", "top", "--patience", "90", "--interval", "0.3", node,
        cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs, env={**os.environ, "COLUMNS": "150", "TERM": "xterm"},
    )  # fmt: skip
    os.close(theirs)
    os.set_blocking(ours, False)
    seen = b""

    async def until(wanted: bytes) -> None:
        nonlocal seen
        async with asyncio.timeout(90):
            while wanted not in seen:
                try:
                    seen += os.read(ours, 65_536)
                except BlockingIOError:
                    await asyncio.sleep(0.05)

    try:
        await until(b"12/26")
        os.write(ours, b"\x1b[A")  # an arrow key is no wish to leave
        seen = b""
        await until(b"12/26")
        process.send_signal(signal.SIGWINCH)
        seen = b""
        await until(b"12/26")
        assert process.returncode is None
        os.write(ours, b"q")
        async with asyncio.timeout(90):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        os.close(ours)
