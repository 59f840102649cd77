"""A real SIP telephone that is called: SIPp with the scenario `tests/telephony/scenarios/is_called.xml`."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path
from typing import Final

from telephony.caller import free_port

HOST: Final = "127.0.0.1"
SCENARIO: Final = Path(__file__).parent / "telephony" / "scenarios" / "is_called.xml"
_FINAL: Final = {"busy": "486 Busy Here", "declines": "603 Decline", "unknown": "404 Not Found"}
_TAG: Final = ";tag=[pid]called[call_number]"
_SDP: Final = """v=0
o=- 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 8
a=rtpmap:8 PCMA/8000
"""
_BYE: Final = f"""<pause/><send retrans="500"><![CDATA[
BYE [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From:[$callee]{_TAG}
To:[$caller]
[last_Call-ID:]
CSeq: 1 BYE
Max-Forwards: 70
Content-Length: 0

]]></send><recv response="200"/>"""
_CANCELLED: Final = """<recv request="CANCEL"/><send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>"""


def _final(status: str, body: str = "") -> str:
    """The answer to the INVITE, and its acknowledgement."""
    kind = "Content-Type: application/sdp\n" if body else ""
    return f"""<send retrans="500"><![CDATA[
SIP/2.0 {status}
Via:[$via]
From:[$caller]
To:[$callee]{_TAG}
[last_Call-ID:]
CSeq:[$sequence]
Contact: <sip:[local_ip]:[local_port]>
{kind}Content-Length: [len]

{body}]]></send><recv request="ACK" rrs="false"/>"""


def plan(name: str) -> str:
    if name in _FINAL:
        return _final(_FINAL[name])
    return _CANCELLED + _final("487 Request Terminated") if name == "rings" else _final("200 OK", _SDP) + _BYE


class Telephone:
    """SIPp, waiting for one call at the trunk's address."""

    def __init__(self, folder: Path, port: int, name: str, *, hang_up_seconds: float = 1.0) -> None:
        work = folder / f"{name}-{time.monotonic_ns()}"
        work.mkdir(parents=True)
        scenario = SCENARIO.read_text("utf-8").replace("{plan}", plan(name), 2)
        (work / "scenario.xml").write_text(scenario, "utf-8")
        self.process = subprocess.Popen(
            [
                str(shutil.which("sipp")), "-sf", "scenario.xml", "-m", "1", "-nostdin", "-i", HOST, "-mi", HOST,
                "-mp", str(free_port(HOST)), "-p", str(port), "-d", str(round(hang_up_seconds * 1000)),
                "-timeout", "30",
            ],
            cwd=work, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        time.sleep(0.3)  # until it listens

    def wait(self) -> None:
        output, _ = self.process.communicate(timeout=35)
        assert self.process.returncode == 0, output.decode(errors="replace")[-2_500:]
