from __future__ import annotations

import socket

import pytest

from telephony.caller import free_port
from telephony.errors import TelephonyError


def test_a_free_port_is_none_that_a_connection_takes_by_itself() -> None:
    port = free_port("127.0.0.1")
    assert port < 32_768  # Linux's first ephemeral port (ip-sysctl, ip_local_port_range); IANA's is higher (RFC 6335)
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            probe.bind(("127.0.0.1", port))


def test_an_address_of_another_machine_is_told() -> None:
    with pytest.raises(TelephonyError, match=r"192\.0\.2\.1 is not an address of this machine"):
        free_port("192.0.2.1")
