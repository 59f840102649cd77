"""The torture messages of RFC 4475 ("SIP Torture Test Messages"), built here after its sections.

`valid` ones are unusual but well formed (3.1.1): a request among them deserves an answer. The others are broken in
syntax (3.1.2), in their transaction (3.2) or in what they ask for (3.3, 3.4): they may be refused or dropped. None may
do harm. Each is made for one server, so that it reaches it as a datagram.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

HOST: Final = "127.0.0.1"
CRLF: Final = "\r\n"


@dataclass(frozen=True, slots=True)
class TortureMessage:
    """`section` and `name` as in the RFC."""

    section: str
    name: str
    valid: bool
    data: bytes

    @property
    def expects_answer(self) -> bool:
        """A request that is in order; ACK never has an answer."""
        return self.valid and not self.data.lstrip().startswith((b"SIP/2.0", b"ACK"))


SDP: Final = CRLF.join(
    ("v=0", "o=mhandley 29739 7272939 IN IP4 192.0.2.3", "s=-", "c=IN IP4 192.0.2.4", "t=0 0",
     "m=audio 49217 RTP/AVP 0 12", "m=video 3227 RTP/AVP 31", "a=rtpmap:31 LPC", "")
)  # fmt: skip


class Builder:
    """Requests to one server from one client."""

    def __init__(self, server_port: int, client_port: int) -> None:
        self.target = f"sip:12345@{HOST}:{server_port}"
        self.server = f"{HOST}:{server_port}"
        self.client = f"{HOST}:{client_port}"
        self._count = 0

    def fields(self, method: str, **changed: str | None) -> list[str]:
        """The header fields of an ordinary request; `changed`: `Call_ID="…"` replaces one, None leaves it out."""
        self._count += 1
        values: dict[str, str | None] = {
            "Via": f"SIP/2.0/UDP {self.client};branch=z9hG4bK{os.urandom(5).hex()};rport",
            "Max-Forwards": "70",
            "From": f"<sip:caller@{self.client}>;tag=t{self._count}",
            "To": f"<{self.target}>",
            "Call-ID": f"torture-{self._count}-{os.urandom(4).hex()}",
            "CSeq": f"1 {method}",
            "Contact": f"<sip:caller@{self.client}>",
        }
        values.update({name.replace("_", "-"): value for name, value in changed.items()})
        return [f"{name}: {value}" for name, value in values.items() if value is not None]

    def text(self, line: str, fields: list[str], body: str = "", length: str | None = None) -> bytes:
        head = [line, *fields]
        if body:
            head.append("Content-Type: application/sdp")
        head.append(f"Content-Length: {length if length is not None else len(body.encode())}")
        return (CRLF.join(head) + CRLF + CRLF + body).encode()

    def request(
        self, method: str, *, target: str | None = None, version: str = "SIP/2.0", body: str = "",
        length: str | None = None, extra: tuple[str, ...] = (), **changed: str | None,
    ) -> bytes:  # fmt: skip
        line = f"{method} {target or self.target} {version}"
        return self.text(line, [*self.fields(method.strip(), **changed), *extra], body, length)


Make = Callable[[Builder], bytes]


def _wsinv(b: Builder) -> bytes:
    """3.1.1.1: white space wherever the grammar allows it, folded lines, short and long names of fields."""
    return CRLF.join(
        (
            f"INVITE {b.target};unknownparam SIP/2.0",
            f"TO :\r\n {b.target} ;   tag    = 1918181833n",
            f'from   : "J Rosenberg \\\\\\""       <sip:caller@{b.client}>\r\n  ;\r\n  tag = 98asjd8',
            "MaX-fOrWaRdS: 0068",
            f"Call-ID: wsinv.{os.urandom(4).hex()}@192.0.2.1",
            "Content-Length   : 0",
            "cseq: 0009\r\n  INVITE",
            f"Via  : SIP  /   2.0\r\n /UDP\r\n    {b.client};rport;branch=z9hG4bK{os.urandom(5).hex()}",
            "s :",
            "NewFangledHeader:   newfangled value\r\n continued newfangled value",
            "UnknownHeaderWithUnusualValue: ;;,,;;,;",
            "Content-Type: application/sdp",
            f"Route:\r\n <sip:{b.server};unknownwith=value;unknown-no-value>",
            "v:  SIP  / 2.0  / TCP     spindle.example.com   ;\r\n  branch  =   z9hG4bK9ikj8  ,\r\n"
            "  SIP  /    2.0   / UDP  192.168.255.111   ; branch=\r\n  z9hG4bK30239",
            f'm:"Quoted string \\"\\"" <sip:caller@{b.client}> ; newparam =\r\n      newvalue ;\r\n  q = 0.33',
            "",
            "",
        )
    ).encode()


def _long_request(b: Builder) -> bytes:
    """3.1.1.7: long values everywhere."""
    vias = tuple(f"Via: SIP/2.0/TCP sip{n}.example.com;branch=z9hG4bK{'v' * 60}{n}" for n in range(33, 16, -1))
    name = "I have a user name of extreme proportion" * 6
    return b.request(
        "INVITE",
        From=f'"{name}" <sip:{"longuser" * 12}@{b.client}>;tag=12{"long" * 40}tag',
        Call_ID=f"longreq.one{'really' * 25}longcallid{os.urandom(4).hex()}",
        extra=(f"Unknown-{'Long' * 30}-Name: {'unknown-' * 40}value;unknown-{'long' * 20}-parameter=x", *vias),
        body=SDP,
    )


def _multipart(b: Builder) -> bytes:
    """3.1.1.11: a body of several parts, one of them binary."""
    body = b"--7a9cbec02ceef655\r\nContent-Type: text/plain\r\n\r\nHello\r\n--7a9cbec02ceef655\r\n"
    body += b"Content-Type: application/octet-stream\r\n\r\n" + bytes(range(256)) + b"\r\n--7a9cbec02ceef655--\r\n"
    head = b.text(f"MESSAGE {b.target} SIP/2.0", b.fields("MESSAGE"), length=str(len(body)))
    content = b"Content-Type: multipart/mixed;boundary=7a9cbec02ceef655\r\n"
    return head.replace(b"Content-Length", content + b"Content-Length", 1) + body


def _two_in_one(b: Builder) -> bytes:
    """3.1.1.8: bytes after the end of the request that look like another one."""
    return b.request("REGISTER") + b.request("INVITE", body=SDP)


def _response(line: str, method: str, **changed: str | None) -> Make:
    return lambda b: b.text(f"SIP/2.0 {line}", b.fields(method, **changed))


def _request(method: str, **options: str | tuple[str, ...] | None) -> Make:
    return lambda b: b.request(method, **options)  # type: ignore[arg-type]


_VALID: Final[tuple[tuple[str, str, Make], ...]] = (
    ("3.1.1.1", "wsinv", _wsinv),
    (
        "3.1.1.2",
        "intmeth",
        lambda b: b.request(
            "!interesting-Method0123456789_*+`.%indeed'~",
            target=f"sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d@{b.server}",
            From="token1~` token2'+_ token3*%!.- <sip:mundane@example.com>;param''~=\"работает\";tag=_token~1'+%!-.",
            Call_ID="intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{",
            CSeq="139122385 !interesting-Method0123456789_*+`.%indeed'~",
            extra=("extensionHeader-!.%*+_`'~: ﻿大停電",),
        ),
    ),
    ("3.1.1.3", "esc01", lambda b: b.request("INVITE", target=f"sip:sips%3Auser%40example.com@{b.server}", body=SDP)),
    (
        "3.1.1.4",
        "escnull",
        lambda b: b.request(
            "REGISTER", From=f"sip:null-%00-null@{b.client};tag=8", extra=("Contact: <sip:%00@host5.example.com>",)
        ),
    ),
    (
        "3.1.1.5",
        "esc02",
        lambda b: b.request("RE%47IST%45R", CSeq="29344 RE%47IST%45R", Contact="<sip:alias1@host1.example.com>"),
    ),
    ("3.1.1.6", "lwsdisp", lambda b: b.request("OPTIONS", From=f"caller<sip:caller@{b.client}>;tag=323")),
    ("3.1.1.7", "longreq", _long_request),
    ("3.1.1.8", "dblreq", _two_in_one),
    ("3.1.1.9", "semiuri", lambda b: b.request("OPTIONS", target=f"sip:user;par=u%40example.net@{b.server}")),
    (
        "3.1.1.10",
        "transports",
        lambda b: b.request(
            "OPTIONS",
            extra=tuple(
                f"Via: SIP/2.0/{t} t{n}.example.com;branch=z9hG4bKkdjuw{n}"
                for n, t in enumerate(("SCTP", "TLS", "UNKNOWN", "TCP"))
            ),
        ),
    ),
    ("3.1.1.11", "mpart01", _multipart),
    ("3.1.1.12", "unreason", _response("200 = 2**3 * 5**2 но сто девяносто девять - простое", "INVITE")),
    ("3.1.1.13", "noreason", _response("100 ", "INVITE")),
)

_INVALID: Final[tuple[tuple[str, str, Make], ...]] = (
    (
        "3.1.2.1",
        "badinv01",
        lambda b: b.request("INVITE", extra=('Contact: "Joe" <sip:joe@example.org>;;;;,;,,',), body=SDP),
    ),
    ("3.1.2.2", "clerr", _request("INVITE", body=SDP, length="9999")),
    ("3.1.2.3", "ncl", _request("INVITE", body=SDP, length="-999")),
    (
        "3.1.2.4",
        "scalar02",
        _request(
            "REGISTER",
            CSeq="36893488147419103232 REGISTER",
            Max_Forwards="300",
            extra=("Expires: 1000000000000000000000000000000000000000000000000000000000000000",),
        ),
    ),
    ("3.1.2.5", "scalarlg", _response("503 Service Unavailable", "INVITE", CSeq="9292394834772304023312 OPTIONS")),
    ("3.1.2.6", "quotbal", lambda b: b.request("INVITE", To=f'"Mr. J. User <{b.target}>', body=SDP)),
    ("3.1.2.7", "ltgtruri", lambda b: b.request("INVITE", target=f"<{b.target}>", body=SDP)),
    ("3.1.2.8", "lwsruri", lambda b: b.request("INVITE", target=f"{b.target}; lr; x=y", body=SDP)),
    ("3.1.2.9", "lwsstart", lambda b: b.text(f"INVITE  {b.target}  SIP/2.0", b.fields("INVITE"), SDP)),
    ("3.1.2.10", "trws", _request("OPTIONS", version="SIP/2.0  ")),
    ("3.1.2.11", "escruri", lambda b: b.request("INVITE", target=f"{b.target}?Route=%3Csip:example.com%3E", body=SDP)),
    ("3.1.2.12", "baddate", _request("INVITE", extra=("Date: Fri, 01 Jan 2010 16:00:00 EST",), body=SDP)),
    (
        "3.1.2.13",
        "regbadct",
        lambda b: b.request("REGISTER", Contact="sip:user@example.com?Route=%3Csip:sip.example.com%3E"),
    ),
    (
        "3.1.2.14",
        "badaspec",
        lambda b: b.request("OPTIONS", To=f'"Watson, Thomas" < {b.target} >', From=f"<sip:caller @{b.client}>;tag=1"),
    ),
    ("3.1.2.15", "baddn", lambda b: b.request("OPTIONS", From=f"Bell, Alexander <sip:a.g.bell@{b.client}>;tag=43")),
    ("3.1.2.16", "badvers", _request("OPTIONS", version="SIP/7.0")),
    ("3.1.2.17", "mismatch01", _request("OPTIONS", CSeq="8 INVITE")),
    ("3.1.2.18", "mismatch02", _request("NEWMETHOD", CSeq="8 INVITE", body=SDP)),
    ("3.1.2.19", "bigcode", _response("4294967301 better not break the receiver", "INVITE")),
    ("3.2.1", "badbranch", lambda b: b.request("OPTIONS", Via=f"SIP/2.0/UDP {b.client};branch=z9hG4bK;rport")),
    ("3.3.1", "insuf", _request("INVITE", Call_ID=None, From=None, To=None, body=SDP)),
    ("3.3.2", "unkscm", _request("OPTIONS", target="nobodyKnowsThisScheme:totallyopaquecontent")),
    ("3.3.3", "novelsc", _request("OPTIONS", target="soap.beep://192.0.2.103:3002")),
    (
        "3.3.4",
        "unksm2",
        _request(
            "REGISTER", To="isbn:2983792873", From="<http://www.example.com>;tag=3234233", Contact="<name:John_Smith>"
        ),
    ),
    (
        "3.3.5",
        "bext01",
        _request(
            "OPTIONS",
            extra=("Require: nothingSupportsThis, nothingSupportsThisEither", "Proxy-Require: noProxiesSupportThis"),
        ),
    ),
    (
        "3.3.6",
        "invut",
        lambda b: b.request("INVITE", body='<audio><pcmu port="443"/></audio>').replace(
            b"application/sdp", b"application/unknownformat"
        ),
    ),
    ("3.3.7", "regaut01", _request("REGISTER", extra=("Authorization: NoOneKnowsThisScheme opaque-data=here",))),
    (
        "3.3.8",
        "multi01",
        lambda b: b.request(
            "INVITE",
            extra=(
                "CSeq: 8 INVITE",
                "Max-Forwards: 5",
                "From: <sip:other@example.com>;tag=2",
                "To: <sip:somebody@example.com>",
                "Call-ID: another",
            ),
            body=SDP,
        ),
    ),
    (
        "3.3.9",
        "mcl01",
        _request("OPTIONS", extra=("Content-Length: 5",), body="There are no lines here\r\n", length="13"),
    ),
    ("3.3.10", "bcast", _response("200 OK", "INVITE", Via="SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23")),
    ("3.3.11", "zeromf", _request("OPTIONS", Max_Forwards="0")),
    ("3.3.12", "cparam01", lambda b: b.request("REGISTER", Contact=f"sip:+19725552222@{b.client};unknownparam")),
    ("3.3.13", "cparam02", lambda b: b.request("REGISTER", Contact=f"<sip:+19725552222@{b.client};unknownparam>")),
    (
        "3.3.14",
        "regescrt",
        lambda b: b.request("REGISTER", Contact="<sip:user@example.com?Route=%3Csip:sip.example.com%3E>"),
    ),
    ("3.3.15", "sdp01", _request("INVITE", body=SDP, extra=("Accept: text/nobodyKnowsThis",))),
    (
        "3.4.1",
        "inv2543",
        lambda b: CRLF.join(
            (
                f"INVITE {b.target} SIP/2.0",
                f"Via: SIP/2.0/UDP {b.client}",
                f"From: <sip:caller@{b.client}>",
                f"To: {b.target}",
                f"Call-ID: inv2543.{os.urandom(4).hex()}",
                "CSeq: 56 INVITE",
                "",
                SDP,
            )
        ).encode(),
    ),
)


def messages(server_port: int, client_port: int) -> list[TortureMessage]:
    """All 49 of them, for a server and a client on the loopback."""
    builder = Builder(server_port, client_port)
    return [TortureMessage(section, name, True, make(builder)) for section, name, make in _VALID] + [
        TortureMessage(section, name, False, make(builder)) for section, name, make in _INVALID
    ]
