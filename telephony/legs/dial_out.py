"""The guard against toll fraud: which SIP addresses this endpoint may call or hand a caller to. Pure.

Allowed is what the operator's settings name: the addresses of transfers themselves, the patterns of
`telephony.dial_out_allowed`, and citizens' numbers over `telephony.trunk_uri` where they fit `telephony.trunk_numbers`.
Nothing that a caller says, a browser sends or a SIP header holds widens the list.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from base.errors import ConfigurationError
from base.sections.telephony import TelephonySettings

_ADDRESS: Final = re.compile(
    r"(?P<scheme>sips?):(?:(?P<user>[A-Za-z0-9+._~*#-]{1,64})@)?"
    r"(?P<host>[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::(?P<port>\d{1,5}))?"
    r"(?:;transport=(?P<transport>udp|tcp))?",
    re.IGNORECASE,
)
_NUMBER: Final = re.compile(r"[0-9]{3,15}")


@dataclass(frozen=True, slots=True)
class Target:
    """A SIP address in its one normal form."""

    user: str
    host: str
    port: int
    transport: str

    @property
    def place(self) -> str:
        """`host:port`, what a pattern without a user is compared with."""
        return f"{self.host}:{self.port}"

    @property
    def address(self) -> str:
        return f"{self.user}@{self.place}" if self.user else self.place

    @property
    def uri(self) -> str:
        return f"sip:{self.address}" + (f";transport={self.transport}" if self.transport == "tcp" else "")


def parse(uri: str) -> Target | None:
    """None where it is no plain SIP address: no headers, no other parameters, nothing that could be smuggled in."""
    match = _ADDRESS.fullmatch(uri.strip())
    if match is None:
        return None
    port = int(match["port"] or (5061 if match["scheme"].lower() == "sips" else 5060))
    if not 1 <= port <= 65_535:
        return None
    return Target(match["user"] or "", match["host"].lower(), port, (match["transport"] or "udp").lower())


@dataclass(frozen=True, slots=True)
class DialOut:
    """`allowed` decides; patterns are `sip:user@host:port` or `host:port`, `*` and `?` stand for anything (port 5060
    where none is given)."""

    patterns: tuple[str, ...]

    @classmethod
    def of(cls, settings: TelephonySettings) -> DialOut:
        own = [settings.person_sip_uri, *settings.emergency_sip_uris.values()]
        exact = [f"sip:{_escaped(target.address)}" for uri in own if (target := parse(uri)) is not None]
        return cls((*exact, *(_normal(pattern) for pattern in settings.dial_out_allowed)))

    def allowed(self, uri: str) -> Target | None:
        """The address to call; None where it is not on the list."""
        target = parse(uri)
        if target is None:
            return None
        for pattern in self.patterns:
            wanted = f"sip:{target.address}" if pattern.startswith("sip:") else target.place
            if fnmatchcase(wanted, pattern):
                return target
        return None


@dataclass(frozen=True, slots=True)
class Trunk:
    """The way to the telephone network. A number is called when it fits one of the `patterns`: digits, `*`, `?` and
    `[13-9]`; what is written before the city's own numbers (+86) is taken off."""

    template: str
    patterns: tuple[str, ...]

    @classmethod
    def of(cls, settings: TelephonySettings) -> Trunk | None:
        """None where there is none.

        Raises:
            ConfigurationError: its address is none.
        """
        if not settings.trunk_uri:
            return None
        trunk = cls(settings.trunk_uri, tuple(settings.trunk_numbers))
        if "{number}" not in trunk.template or parse(trunk.template.replace("{number}", "1")) is None:
            raise ConfigurationError("telephony.trunk_uri must be a SIP address with {number} in its user part")
        return trunk

    def target(self, number: str) -> Target | None:
        """Where to call this number; None where it is none, or may not be called."""
        digits = re.sub(r"[\s-]", "", number).removeprefix("+86")
        if not _NUMBER.fullmatch(digits) or not any(fnmatchcase(digits, pattern) for pattern in self.patterns):
            return None
        return parse(self.template.replace("{number}", digits))


def _normal(pattern: str) -> str:
    head, sep, place = pattern.strip().rpartition("@")
    scheme = "sip:" if pattern.lower().startswith(("sip:", "sips:")) or sep else ""
    user = re.sub(r"^sips?:", "", head, flags=re.IGNORECASE)
    place = re.sub(r"^sips?:", "", place, flags=re.IGNORECASE).lower()
    if not re.search(r":[\d*?]+$", place):
        place += ":5060"
    return f"{scheme}{user}{sep}{place}"


def _escaped(address: str) -> str:
    """`*` and `#` are telephone keys in an address of the settings, not wildcards."""
    return re.sub(r"([*?\[])", r"[\1]", address)
