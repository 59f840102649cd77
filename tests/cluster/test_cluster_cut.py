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


@pytest.fixture
def far_host() -> Iterator[str]:
    """A namespace with a cable to us; its name."""
    namespace, device = f"hlcut{os.getpid()}", f"hc{os.getpid()}"
    try:
        _ip("netns", "add", namespace)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("network namespaces need root and ip (Debian: iproute2)")
    try:
        _ip("link", "add", device, "type", "veth", "peer", "name", "eth0", "netns", namespace)
        _ip("address", "add", f"{_OURS}/24", "dev", device)
        _ip("link", "set", device, "up")
        _ip("-n", namespace, "address", "add", f"{_FAR}/24", "dev", "eth0")
        _ip("-n", namespace, "link", "set", "eth0", "up")
        yield namespace
    finally:
        _ip("netns", "del", namespace)  # the cable goes with it


async def _said_at(stream: asyncio.StreamReader, what: str) -> float:
    word, at = (await asyncio.wait_for(stream.readline(), WAIT_SECONDS)).decode().split()
    assert word == what
    return float(at)


async def test_a_leader_without_a_network_loses_its_place_and_knows_it(far_host: str) -> None:
    with postgresql_server(address=_OURS, network=_NETWORK) as url:
        far = await asyncio.create_subprocess_exec(
            *("ip", "netns", "exec", far_host, sys.executable, str(Path(__file__).with_name("far_candidate.py"))),
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
                _ip("-n", far_host, "link", "set", "eth0", "down")
                await eventually(lambda: near.elected.leads)  # the server waits for minutes without keep-alives
                won_at = time.monotonic()
                assert await _said_at(far.stderr, "leads-no-more") < won_at, "two believed that they lead"
            finally:
                await near.end()
        finally:
            far.kill()
            await far.wait()
