"""SIPp as the caller: one scenario file, one process and one call for each scene, many scenes at once."""

from __future__ import annotations

import secrets
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
from telephony_sip_helpers import HOST, PhoneProcess

from telephony.audio import RATE_HZ, pcm_to_alaw, pcm_to_ulaw, to_pcm
from telephony.caller import free_port
from telephony.phone import call_id_of

SCENARIOS: Final = Path(__file__).parent / "scenarios"
CODECS: Final = {"PCMA": ("8", pcm_to_alaw), "PCMU": ("0", pcm_to_ulaw)}
LINE_NOISE: Final = 0.0015


@dataclass(frozen=True, slots=True)
class Scene:
    """What the caller sends: `said` as (seconds after the answer, PCM16), over a quiet line's noise, until they hang
    up. `scenario` is a file of `scenarios/`."""

    name: str
    said: tuple[tuple[float, bytes], ...] = ()
    hang_up_seconds: float = 20.0
    codec: Literal["PCMA", "PCMU"] = "PCMA"
    scenario: str = "speaks"

    @property
    def sip_call_id(self) -> str:
        return f"scene-{self.name}"

    @property
    def call_id(self) -> str:
        """The phone's name of this call."""
        return call_id_of(self.sip_call_id)

    def line(self) -> bytes:
        """The caller's whole side of the call, PCM16."""
        noise = np.random.default_rng(len(self.name)).normal(0.0, LINE_NOISE, int(self.hang_up_seconds * RATE_HZ))
        samples = noise.astype(np.float32)
        for at, pcm in self.said:
            start = int(at * RATE_HZ)
            voice = np.frombuffer(pcm, dtype="<i2").astype(np.float32)[: len(samples) - start] / 32_768.0
            samples[start : start + len(voice)] += voice
        return to_pcm(samples)


class SceneCall:
    """One SIPp process that plays a scene."""

    def __init__(self, scene: Scene, phone: PhoneProcess, folder: Path) -> None:
        self.scene = scene
        payload, encode = CODECS[scene.codec]
        work = folder / scene.name
        work.mkdir(parents=True)
        text = (SCENARIOS / f"{scene.scenario}.xml").read_text(encoding="utf-8")
        for keyword, value in (("payload", payload), ("codec", scene.codec)):
            text = text.replace(f"[{keyword}]", value).replace(f"{{{keyword}}}", value)
        (work / "scenario.xml").write_text(text, encoding="utf-8")
        (work / "speech.g711").write_bytes(encode(scene.line()))
        self._process = subprocess.Popen(
            [
                str(shutil.which("sipp")), "-sf", "scenario.xml", "-m", "1", "-nostdin",
                "-i", HOST, "-mi", HOST, "-p", str(free_port(HOST)), "-s", "12345",
                "-cid_str", scene.sip_call_id, "-d", str(round(scene.hang_up_seconds * 1000)),
                "-timeout", str(round(scene.hang_up_seconds + 30)), f"{HOST}:{phone.sip_port}",
            ],
            cwd=work, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def wait(self) -> None:
        """Raises AssertionError with SIPp's own words when the call did not go as the scenario says."""
        output, _ = self._process.communicate(timeout=self.scene.hang_up_seconds + 40)
        assert self._process.returncode == 0, f"{self.scene.name}: {output.decode(errors='replace')[-1500:]}"

    def kill(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()


def play(scenes: list[Scene], phone: PhoneProcess, folder: Path, apart_seconds: float) -> None:
    """All scenes at the same time, but begun one after the other; returns when all have ended."""
    calls: list[SceneCall] = []
    try:
        for scene in scenes:
            calls.append(SceneCall(scene, phone, folder))
            time.sleep(apart_seconds)
        for call in calls:
            call.wait()
    finally:
        for call in calls:
            call.kill()


def give_up_while_ringing(phone: PhoneProcess) -> str:
    """INVITE and at once CANCEL, as RFC 3261 section 9 wants it; returns the phone's name of the call.

    A phone that has answered meanwhile gets the acknowledgement and a BYE, as a caller's telephone would send them.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.bind((HOST, 0))
        client.settimeout(3.0)
        own, server = f"{HOST}:{client.getsockname()[1]}", f"{HOST}:{phone.sip_port}"
        call_id, branch = secrets.token_hex(8), f"z9hG4bK{secrets.token_hex(6)}"

        def send(method: str, sequence: int, to_tag: str = "", body: str = "", *, new_branch: bool = False) -> None:
            lines = [
                f"{method} sip:12345@{server} SIP/2.0",
                f"Via: SIP/2.0/UDP {own};branch={branch}{'n' if new_branch else ''};rport",
                "Max-Forwards: 70",
                f"From: <sip:13900005555@{own}>;tag=gives-up",
                f"To: <sip:12345@{server}>{to_tag}",
                f"Call-ID: {call_id}",
                f"CSeq: {sequence} {method}",
                f"Contact: <sip:13900005555@{own}>",
                *(["Content-Type: application/sdp"] if body else []),
                f"Content-Length: {len(body)}",
            ]
            client.sendto(("\r\n".join(lines) + "\r\n\r\n" + body).encode(), (HOST, phone.sip_port))

        offer = f"v=0\r\no=- 1 1 IN IP4 {HOST}\r\ns=-\r\nc=IN IP4 {HOST}\r\nt=0 0\r\nm=audio 9 RTP/AVP 8\r\n"
        send("INVITE", 1, body=offer)
        send("CANCEL", 1)
        while True:
            text = client.recv(65_536).decode("utf-8", "replace")
            status = int(text.split()[1])
            if "CSeq: 1 INVITE" in text and status >= 200:
                tag = next(line.split(">", 1)[-1] for line in text.splitlines() if line.startswith("To:"))
                send("ACK", 1, tag, new_branch=status < 300)
                if status < 300:
                    send("BYE", 2, tag, new_branch=True)
                return call_id_of(call_id)
