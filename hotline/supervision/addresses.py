"""Whether the addresses of the settings are free, and who has them when they are not."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import psutil

from base.errors import ConfigurationError
from base.settings import Settings

Protocol = Literal["tcp", "udp"]


@dataclass(frozen=True, slots=True)
class Address:
    """An address that one of our processes will listen on, and the settings that it comes from."""

    what: str
    host: str
    port: int
    protocol: Protocol
    setting: str

    @property
    def variable(self) -> str:
        return "HOTLINE_" + self.setting.replace(".", "__").upper()


def wanted(settings: Settings) -> list[Address]:
    """Every address that a start with these settings needs."""
    addresses = [Address("the web pages", settings.web.host, settings.web.port, "tcp", "web.port")]
    if settings.telephony.enabled:
        host, port = settings.telephony.sip_host, settings.telephony.sip_port
        addresses += [Address("the phone (SIP)", host, port, kind, "telephony.sip_port") for kind in ("udp", "tcp")]
        links = {
            "asterisk_websocket_port": settings.telephony.asterisk_websocket_port,
            "audiosocket_port": settings.telephony.audiosocket_port,
            "freeswitch_port": settings.telephony.freeswitch_port,
        }
        addresses += [
            Address("a link to a PBX", settings.telephony.pbx_host, link_port, "tcp", f"telephony.{name}")
            for name, link_port in links.items()
            if link_port is not None
        ]
    if settings.rasa.enabled:
        addresses.append(Address("Rasa", "127.0.0.1", settings.rasa.port, "tcp", "rasa.port"))
    return addresses


def require_free(addresses: Iterable[Address]) -> None:
    """Raises ConfigurationError, naming the setting and the process that holds the port."""
    for address in addresses:
        reason = refusal(address)
        if reason is None:
            continue
        if reason != errno.EADDRINUSE:
            raise ConfigurationError(
                f"{address.what} cannot listen on {address.host}:{address.port} ({_words(reason)}):"
                f" change {address.setting} or its host in config.yml (or {address.variable})"
            )
        raise ConfigurationError(
            f"port {address.port} ({address.protocol}) for {address.what} is taken{_by_whom(address)}:"
            f" stop that, or choose another {address.setting} in config.yml (or {address.variable})"
        )


def refusal(address: Address) -> int | None:
    """The error number of an attempt to listen there; None when it is free."""
    kind = socket.SOCK_STREAM if address.protocol == "tcp" else socket.SOCK_DGRAM
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        with socket.socket(family, kind) as probe:
            if address.protocol == "tcp":  # connections of an earlier start in TIME_WAIT are no obstacle
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address.host, address.port))
            if address.protocol == "tcp":
                probe.listen(1)
    except OSError as error:
        return error.errno or errno.EINVAL
    return None


def _words(number: int) -> str:
    known = {errno.EACCES: "not permitted", errno.EADDRNOTAVAIL: "this machine has no such address"}
    return known.get(number, errno.errorcode.get(number, str(number)))


def _by_whom(address: Address) -> str:
    kind = socket.SOCK_STREAM if address.protocol == "tcp" else socket.SOCK_DGRAM
    try:
        for connection in psutil.net_connections(address.protocol):
            local = connection.laddr
            if not local or local.port != address.port or connection.type != kind or connection.pid is None:
                continue
            if address.protocol == "tcp" and connection.status != psutil.CONN_LISTEN:
                continue
            return f" by process {connection.pid} ({psutil.Process(connection.pid).name()})"
    except (psutil.Error, OSError):
        return ""
    return ""
