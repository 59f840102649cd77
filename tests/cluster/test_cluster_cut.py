"""A node that is cut off the network while it leads: PostgreSQL is told nothing and gives its place to another all the
same. In a network namespace, with the cable pulled."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster_helpers import WAIT_SECONDS, eventually
from postgresql_server import postgresql_server
from test_cluster_leadership import Candidate

from base.settings import ROOT

pytestmark = pytest.mark.long

_OURS, _FAR, _NETWORK = "10.91.0.1", "10.91.0.2", "10.91.0.0/24"


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=30)


class FarHost:
    """A namespace with a cable to a switch, as we have one. Pulling its cable leaves ours as it was."""

    def __init__(self) -> None:
        self.name, self._switch, self._ours = (f"{start}{os.getpid()}" for start in ("hlfar", "hlsw", "hl"))

    def open(self) -> None:
        """`name` is there already."""
        _ip("netns", "add", self._switch)
        _ip("-n", self._switch, "link", "add", "switch", "type", "bridge")
        _ip("-n", self._switch, "link", "set", "switch", "up")
        _ip("link", "add", self._ours, "type", "veth", "peer", "name", "port1", "netns", self._switch)
        _ip("-n", self.name, "link", "add", "eth0", "type", "veth", "peer", "name", "port2", "netns", self._switch)
        for port in ("port1", "port2"):
            _ip("-n", self._switch, "link", "set", port, "master", "switch", "up")
        _ip("address", "add", f"{_OURS}/24", "dev", self._ours)
        _ip("link", "set", self._ours, "up")
        _ip("-n", self.name, "address", "add", f"{_FAR}/24", "dev", "eth0")
        _ip("-n", self.name, "link", "set", "eth0", "up")

    def pull_the_cable(self) -> None:
        _ip("-n", self._switch, "link", "set", "port2", "down")

    def close(self) -> None:
        for namespace in (self._switch, self.name):  # the cables go with them
            subprocess.run(["ip", "netns", "del", namespace], check=False, capture_output=True, timeout=30)


@pytest.fixture
def far_host() -> Iterator[FarHost]:
    host = FarHost()
    try:
        _ip("netns", "add", host.name)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("network namespaces need root and ip (Debian: iproute2)")
    try:
        host.open()
        yield host
    finally:
        host.close()


async def _said_at(stream: asyncio.StreamReader, what: str) -> float:
    word, at = (await asyncio.wait_for(stream.readline(), WAIT_SECONDS)).decode().split()
    assert word == what
    return float(at)


async def test_a_leader_without_a_network_loses_its_place_and_knows_it(far_host: FarHost) -> None:
    with postgresql_server(address=_OURS, network=_NETWORK) as url:
        far = await asyncio.create_subprocess_exec(
            *("ip", "netns", "exec", far_host.name, sys.executable, str(Path(__file__).with_name("far_candidate.py"))),
            *(f"postgresql+asyncpg://hotline@{_OURS}/postgres", "far", "120"),
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        assert far.stderr is not None
        try:
            await _said_at(far.stderr, "leads")
            near = Candidate(url, "near")
            try:
                await asyncio.sleep(3)  # it asks every second and is told no
                assert not near.elected.leads
                far_host.pull_the_cable()
                await eventually(lambda: near.elected.leads)  # the server waits for minutes without keep-alives
                won_at = time.monotonic()
                assert await _said_at(far.stderr, "leads-no-more") < won_at, "two believed that they lead"
            finally:
                await near.end()
        finally:
            far.kill()
            await far.wait()
