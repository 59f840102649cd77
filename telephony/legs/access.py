"""Who may call: a packet filter on our own SIP sockets that drops every datagram and connection from elsewhere.

The SIP stack takes calls for any user ("catch-all") and does not say where an INVITE came from, so nothing above the
socket could decide. A classic BPF program attached to the socket (Linux) does: the kernel drops what comes from outside
the allowed networks before the stack sees a byte. For datagrams everybody may attach one; for connections newer kernels
ask for CAP_NET_ADMIN (seen with 6.18), and without it there are none (`may_filter_connections`).
"""

from __future__ import annotations

import ctypes
import ipaddress
import os
import socket
import struct
import sys
from collections.abc import Sequence
from typing import Final

from base.errors import ConfigurationError

_SO_ATTACH_FILTER: Final = 26
_NETWORK_HEADER: Final = 0xFFF00000  # SKF_NET_OFF: offsets from the start of the IP header
_LOAD_WORD, _LOAD_BYTE, _AND, _JUMP_EQUAL, _RETURN = 0x20, 0x30, 0x54, 0x15, 0x06

Network = ipaddress.IPv4Network


def parse_networks(texts: Sequence[str], setting: str = "telephony.allowed_peers") -> list[Network]:
    """`127.0.0.0/8`, `10.1.2.3` … -> networks.

    Raises:
        ConfigurationError: not an IPv4 network, or more than fit into one filter.
    """
    try:
        networks = [ipaddress.IPv4Network(text, strict=False) for text in texts]
    except ValueError as error:
        raise ConfigurationError(f"{setting}: {error}") from error
    if len(networks) > 80:
        raise ConfigurationError(f"{setting}: at most 80 networks")
    return list(ipaddress.collapse_addresses(networks))


def program(networks: Sequence[Network]) -> list[tuple[int, int, int, int]]:
    """The filter as (code, jump if true, jump if false, operand): keep IPv4 packets from these networks only."""
    body: list[tuple[int, int, int, int]] = []
    for index, network in enumerate(networks):
        to_accept = 3 * (len(networks) - index - 1) + 1
        body += [
            (_LOAD_WORD, 0, 0, _NETWORK_HEADER + 12),
            (_AND, 0, 0, int(network.netmask)),
            (_JUMP_EQUAL, to_accept, 0, int(network.network_address)),
        ]
    drop, accept = (_RETURN, 0, 0, 0), (_RETURN, 0, 0, 0xFFFFFFFF)
    is_ipv4 = [
        (_LOAD_BYTE, 0, 0, _NETWORK_HEADER),
        (_AND, 0, 0, 0xF0),
        (_JUMP_EQUAL, 1, 0, 0x40),
        drop,
    ]
    return [*is_ipv4, *body, drop, accept]


def attach(sock: socket.socket, networks: Sequence[Network]) -> None:
    """Put the filter on one socket."""
    instructions = b"".join(struct.pack("=HBBI", *line) for line in program(networks))
    buffer = ctypes.create_string_buffer(instructions)
    sock.setsockopt(
        socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("@HP", len(instructions) // 8, ctypes.addressof(buffer))
    )


def may_filter_connections() -> bool:
    """Whether this process may put a filter on a TCP socket."""
    if not sys.platform.startswith("linux"):
        return True  # `protect_port` has the last word there
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        try:
            attach(sock, [Network("0.0.0.0/0")])
        except PermissionError:
            return False
    return True


def protect_port(port: int, host: str, networks: Sequence[Network]) -> int:
    """Put the filter on every socket of this process that is bound to the port; returns how many there are.

    Raises:
        ConfigurationError: the system has no such filters and the address is open to others, or no socket was found.
    """
    if not sys.platform.startswith("linux"):
        if ipaddress.ip_address(host).is_loopback:
            return 0
        raise ConfigurationError("telephony.allowed_peers can only be enforced on Linux: use sip_host 127.0.0.1 here")
    protected = 0
    for name in os.listdir("/proc/self/fd"):
        try:
            if not os.readlink(f"/proc/self/fd/{name}").startswith("socket:"):
                continue
            duplicate = socket.socket(fileno=os.dup(int(name)))
        except OSError:
            continue  # closed since it was listed
        with duplicate:
            if duplicate.family in (socket.AF_INET, socket.AF_INET6) and duplicate.getsockname()[1] == port:
                attach(duplicate, networks)
                protected += 1
    if not protected:
        raise ConfigurationError(f"the SIP endpoint is not listening on {host}:{port}; is the port taken?")
    return protected
