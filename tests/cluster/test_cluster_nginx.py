"""Through a real nginx with the configuration that we ship: pages find another node when theirs drains or is gone,
and go on when nginx itself was killed and is back."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType
from cluster_helpers import WAIT_SECONDS
from cluster_nodes import TestNode
from needs import require
from test_cluster_conversations import next_of

from gateway.draining import drain
from telephony.caller import free_port

SHIPPED = Path(__file__).resolve().parents[2] / "deploy" / "nginx" / "hotline.conf"


class Nginx:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, nodes: list[str]) -> None:
        program = shutil.which("nginx")
        require(program is not None, "nginx is not installed (Debian: apt-get install nginx-light)")
        assert program is not None
        text = SHIPPED.read_text()
        servers = "".join(f"    server {node} max_fails=1 fail_timeout=2s;\n" for node in nodes)
        text, found = re.subn(r"(    server 10\.0\.0\.\d+:8345[^\n]*\n)+", servers, text)
        assert found == 1
        text = re.sub(r"    ssl_[^\n]*\n", "", text.replace("listen 443 ssl http2", f"listen 127.0.0.1:{self.port}"))
        folder = self._folder
        paths = "".join(
            f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (folder / "nginx.conf").write_text(
            f"daemon off;\nworker_processes 1;\npid {folder}/pid;\nerror_log {folder}/error.log;\n"
            f"events {{}}\nhttp {{\naccess_log off;\n{paths}{text}\n}}\n"
        )
        command = [program, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
        checked = subprocess.run([*command, "-t"], capture_output=True, text=True, timeout=60)
        assert checked.returncode == 0, checked.stderr
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, process_group=0)
        until = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < until:
            assert self._process.poll() is None, (folder / "error.log").read_text()
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError((folder / "error.log").read_text())

    def kill(self) -> None:
        """All its processes at once, as if the host had lost its power."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(30)

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(30)


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[Nginx]:
    folder = tmp_path / "nginx"
    folder.mkdir()
    server = Nginx(folder)
    yield server
    server.stop()


async def hello(session: aiohttp.ClientSession, url: str, known: str | None, after: int = 0) -> Any:
    page = await session.ws_connect(f"{url}/ws/chat", headers={"Origin": url})
    await page.send_json({"type": "hello", "conversation_id": known, "after_seq": after})
    return page, await next_of(page, "welcome")


@pytest.mark.long
async def test_a_page_comes_back_to_the_next_node_when_its_own_drains_or_is_gone(
    nodes: list[TestNode], nginx: Nginx
) -> None:
    nginx.start([f"127.0.0.1:{node.server.port}" for node in nodes])
    async with aiohttp.ClientSession() as session:
        page, welcome = await hello(session, nginx.url, None)
        known = welcome["conversation_id"]
        await page.send_json({"type": "message", "text": "我要投诉噪声", "client_message_id": "m1"})
        await next_of(page, "reply", in_reply_to="m1")
        holder = next(node for node in nodes if _open(node))
        drain(holder.server.app)
        while (message := await page.receive(timeout=WAIT_SECONDS)).type is WSMsgType.TEXT:
            pass
        assert message.type in (WSMsgType.CLOSE, WSMsgType.CLOSED)
        for number in range(3):  # also where nginx would have chosen the node that drains
            page, welcome = await hello(session, nginx.url, known)
            assert welcome["conversation_id"] == known and len(welcome["transcript"]) >= 3
            body = {"conversation_id": known, "text": "晚上很吵", "channel": "web", "client_message_id": f"p{number}"}
            async with session.post(f"{nginx.url}/api/v1/chat", json=body) as response:
                assert response.status == 200, await response.text()
        await holder.server.close()  # gone altogether
        for number in range(3):
            body = {"conversation_id": known, "text": "请尽快", "channel": "web", "client_message_id": f"q{number}"}
            async with session.post(f"{nginx.url}/api/v1/chat", json=body) as response:
                assert response.status == 200, await response.text()
        async with session.get(f"{nginx.url}/internal/calls/x") as response:
            assert response.status == 404
        async with session.get(f"{nginx.url}/metrics") as response:
            assert response.status == 404


@pytest.mark.long
async def test_what_is_said_while_nginx_is_killed_is_said_once_when_it_is_back(
    nodes: list[TestNode], nginx: Nginx
) -> None:
    upstream = [f"127.0.0.1:{node.server.port}" for node in nodes]
    nginx.start(upstream)
    async with aiohttp.ClientSession() as session:
        page, welcome = await hello(session, nginx.url, None)
        known = welcome["conversation_id"]
        await page.send_json({"type": "message", "text": "我要投诉噪声", "client_message_id": "m1"})
        await next_of(page, "reply", in_reply_to="m1")
        said = {"type": "message", "text": "晚上很吵", "client_message_id": "m2"}
        await page.send_json(said)  # nobody sees whether it came through
        nginx.kill()
        while (message := await page.receive(timeout=WAIT_SECONDS)).type is WSMsgType.TEXT:
            pass
        assert message.type in (WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.ERROR)
        with pytest.raises(aiohttp.ClientConnectionError):
            await session.ws_connect(f"{nginx.url}/ws/chat", headers={"Origin": nginx.url})
        nginx.start(upstream)
        page, welcome = await hello(session, nginx.url, known)
        assert welcome["conversation_id"] == known
        await page.send_json(said)  # as the citizen's page does with what was not answered
        await next_of(page, "reply", in_reply_to="m2")
        await page.close()
        page, welcome = await hello(session, nginx.url, known)
        assert [line["text"] for line in welcome["transcript"]].count("晚上很吵") == 1


def _open(node: TestNode) -> bool:
    """A citizen's page is open at this node."""
    value: float = node.core.metrics.sockets.labels("chat")._value.get()
    return value > 0
