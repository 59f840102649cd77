"""The kernel drops what comes from outside the allowed networks."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from needs import require

from base.errors import ConfigurationError
from base.settings import ROOT
from telephony.legs import access
from telephony.legs.sip_leg import caller_number

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="socket filters are Linux's")


def talk(networks: list[str], source: str) -> bool:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
    ):
        server.bind(("127.0.0.1", 0))
        server.settimeout(0.2)
        access.attach(server, access.parse_networks(networks))
        client.bind((source, 0))
        client.sendto(b"INVITE", server.getsockname())
        try:
            return server.recv(100) == b"INVITE"
        except TimeoutError:
            return False


@pytest.mark.parametrize(
    ("networks", "source", "heard"),
    [
        (["127.0.0.0/8"], "127.0.0.1", True),
        (["127.0.0.2/32"], "127.0.0.1", False),
        (["127.0.0.2"], "127.0.0.2", True),
        (["10.0.0.0/8", "192.168.0.0/16", "127.0.0.3/32"], "127.0.0.3", True),
        (["10.0.0.0/8", "192.168.0.0/16", "127.0.0.3/32"], "127.0.0.4", False),
        (["0.0.0.0/0"], "127.0.0.9", True),
        ([], "127.0.0.1", False),
    ],
)
def test_datagrams(networks: list[str], source: str, heard: bool) -> None:
    assert talk(networks, source) is heard


def test_many_networks_still_fit() -> None:
    networks = [f"10.{number}.7.0/24" for number in range(79)] + ["127.0.0.5/32"]
    assert talk(networks, "127.0.0.5")
    assert not talk(networks, "127.0.0.6")


@pytest.mark.skipif(not access.may_filter_connections(), reason="this kernel asks for CAP_NET_ADMIN")
def test_connections_from_elsewhere_are_not_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        access.attach(server, access.parse_networks(["127.0.0.2/32"]))
        with socket.create_connection(server.getsockname(), 1.0, source_address=("127.0.0.2", 0)) as friend:
            assert friend.getpeername() == server.getsockname()
        with pytest.raises(TimeoutError):
            socket.create_connection(server.getsockname(), 0.3, source_address=("127.0.0.3", 0))


def test_all_sockets_of_a_port_are_protected() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
        assert access.protect_port(port, "127.0.0.1", access.parse_networks(["127.0.0.2/32"])) == 1
        with pytest.raises(ConfigurationError, match="port taken"):
            access.protect_port(1, "127.0.0.1", [])


def test_whoever_may_not_filter_connections_takes_calls_over_udp_alone() -> None:
    """Linux 6.18 lets only CAP_NET_ADMIN filter a TCP socket; older ones everybody: then nothing changes."""
    without = ("setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin") if os.geteuid() == 0 else ()
    require(not without or shutil.which("setpriv") is not None, "setpriv is not installed (Debian: util-linux)")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def told(*program: str) -> list[str]:
        done = subprocess.run(
            [*without, sys.executable, *program], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    may = told("-c", "from telephony.legs import access; print(access.may_filter_connections())") == ["True"]
    lines = told(str(Path(__file__).with_name("unprivileged_endpoint.py")), str(port))
    assert "udp" in lines and ("tcp" in lines) is may
    assert ("calls over TCP are not possible here" in lines) is not may


@pytest.mark.parametrize("wrong", [["elsewhere"], ["::1/128"], ["10.0.0.0/99"]])
def test_a_wrong_list_is_an_error_at_start(wrong: list[str]) -> None:
    with pytest.raises(ConfigurationError, match="allowed_peers"):
        access.parse_networks(wrong)


@pytest.mark.parametrize(
    ("uri", "number"),
    [
        ("sip:13900001234@10.0.0.1", "13900001234"),
        ("sip:+8613900001234@10.0.0.1;user=phone", "8613900001234"),
        ("<sip:010-88886666@x>", "01088886666"),
        ("tel:+8613900001234", "8613900001234"),
        ("sip:anonymous@anonymous.invalid", ""),
        ("sip:alice99@x", ""),
        ("", ""),
        (None, ""),
        ("sip:" + "9" * 40 + "@x", ""),
    ],
)
def test_the_callers_number(uri: str | None, number: str) -> None:
    assert caller_number(uri) == number
