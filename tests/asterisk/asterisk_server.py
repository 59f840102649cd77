"""A real Asterisk in a chroot of its own (Debian sid), with the configuration of `deploy/asterisk/` and other ports.

Needs root (a chroot), `debootstrap` and a Debian mirror; about two minutes and 600 MB under the data directory the
first time. Asterisk itself runs as its own user, on loopback and unprivileged ports only.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Final

from telephony.caller import free_port

ROOT: Final = Path(__file__).resolve().parents[2]
DEPLOY: Final = ROOT / "deploy" / "asterisk"
CHROOT: Final = ROOT / "var" / "asterisk-chroot"
MIRROR: Final = os.environ.get("DEBIAN_MIRROR", "http://deb.debian.org/debian")
HOST: Final = "127.0.0.1"
SECRET: Final = "a-secret-for-the-real-asterisk"
_CONFIGURATION: Final = "etc/hotline"
_DIRECTORIES: Final = """\
[directories]
astcachedir => /var/cache/asterisk
astetcdir => /etc/hotline
astmoddir => /usr/lib/{machine}/asterisk/modules
astvarlibdir => /var/lib/asterisk
astdbdir => /var/lib/asterisk
astkeydir => /var/lib/asterisk
astdatadir => /usr/share/asterisk
astagidir => /usr/share/asterisk/agi-bin
astspooldir => /var/spool/asterisk
astrundir => /run/asterisk
astlogdir => /var/log/asterisk
astsbindir => /usr/sbin

[options]
maxload = 50
"""


class SetupError(Exception):
    """The chroot cannot be made here; the message says what is missing."""


def _run(what: str, *command: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    result = subprocess.run(["nice", "-n", "5", *command], env=environment, capture_output=True, text=True)
    if result.returncode:
        tail = "\n".join((result.stdout + result.stderr).splitlines()[-8:])
        raise SetupError(f"{what} failed ({result.returncode}):\n{tail}")


def prepare() -> str:
    """Make the chroot if it is not there; returns Asterisk's version.

    Raises:
        SetupError: no root, no debootstrap, or the mirror has no sid.
    """
    if os.geteuid() != 0:
        raise SetupError("a chroot needs root")
    if not (CHROOT / "usr/sbin/asterisk").exists():
        if shutil.which("debootstrap") is None:
            raise SetupError("debootstrap is missing: apt-get install debootstrap")
        if CHROOT.exists():
            shutil.rmtree(CHROOT)  # an earlier attempt was cut off
        print(f"asterisk: making {CHROOT.relative_to(ROOT)} from Debian sid (once, about two minutes)", flush=True)
        _run("debootstrap", "debootstrap", "--variant=minbase", "sid", str(CHROOT), MIRROR)
        policy = CHROOT / "usr/sbin/policy-rc.d"
        policy.write_text("#!/bin/sh\nexit 101\n")  # installing must not start anything
        policy.chmod(0o755)
        _run("apt-get", "chroot", str(CHROOT), "apt-get", "install", "-y", "--no-install-recommends", "asterisk")
    version = subprocess.run(["chroot", str(CHROOT), "asterisk", "-V"], capture_output=True, text=True, check=True)
    return version.stdout.strip()


class Asterisk:
    """Start, use, `close()`. `sip_port` takes the calls; the hotline is expected on the other two ports."""

    def __init__(self, websocket_port: int, audiosocket_port: int) -> None:
        self.sip_port = free_port(HOST)
        self._write_configuration(websocket_port, audiosocket_port)
        self._output = (CHROOT / "var/log/asterisk/console.txt").open("w")
        self.process = subprocess.Popen(
            [
                "chroot",
                "--userspec=asterisk:asterisk",
                str(CHROOT),
                "/usr/sbin/asterisk",
                "-f",
                "-C",
                "/etc/hotline/asterisk.conf",
            ],
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={"HOME": "/var/lib/asterisk", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TZ": "UTC"},
        )
        end = time.monotonic() + 30
        while "Asterisk has fully booted" not in self._ask("core waitfullybooted"):
            if self.process.poll() is not None or time.monotonic() > end:
                problem = self.log[-2_000:]
                self.close()
                raise SetupError(f"Asterisk did not start:\n{problem}")
            time.sleep(0.3)

    def _write_configuration(self, websocket_port: int, audiosocket_port: int) -> None:
        """The files of `deploy/asterisk/` with our ports and secret; a place that is not there is an error."""
        rtp_low = 12_000
        changes = {
            "pjsip.conf": [("bind = 127.0.0.1:5080", f"bind = {HOST}:{self.sip_port}")],
            "websocket_client.conf": [
                ("ws://127.0.0.1:8350/media", f"ws://{HOST}:{websocket_port}/media"),
                ("replace-this-secret", SECRET),
            ],
            "extensions.conf": [
                ("HOTLINE_AUDIOSOCKET=127.0.0.1:8351", f"HOTLINE_AUDIOSOCKET={HOST}:{audiosocket_port}"),
                ("HOTLINE_SECRET=replace-this-secret", f"HOTLINE_SECRET={SECRET}"),
            ],
            "rtp.conf": [
                ("rtpstart = 10000", f"rtpstart = {rtp_low}"),
                ("rtpend = 19999", f"rtpend = {rtp_low + 999}"),
            ],
        }
        target = CHROOT / _CONFIGURATION
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(CHROOT / "etc/asterisk", target)  # as on a real machine: ours replace some of the package's
        for source in DEPLOY.glob("*.conf"):
            text = source.read_text(encoding="utf-8")
            for place, value in changes.get(source.name, []):
                if place not in text:
                    raise SetupError(f"{source.name} has no {place!r} any more")
                text = text.replace(place, value)
            (target / source.name).write_text(text, encoding="utf-8")
        modules = next((CHROOT / "usr/lib").glob("*/asterisk/modules"))
        (target / "asterisk.conf").write_text(_DIRECTORIES.format(machine=modules.parent.parent.name))
        for name in ("run/asterisk", "var/log/asterisk"):
            (CHROOT / name).mkdir(parents=True, exist_ok=True)
        for path in (CHROOT / "run/asterisk", CHROOT / "var/log/asterisk", target, *target.rglob("*")):
            os.chown(path, *self._owner(), follow_symlinks=False)
        (CHROOT / "var/log/asterisk/messages.log").unlink(missing_ok=True)

    @staticmethod
    def _owner() -> tuple[int, int]:
        row = next(line for line in (CHROOT / "etc/passwd").read_text().splitlines() if line.startswith("asterisk:"))
        fields = row.split(":")
        return int(fields[2]), int(fields[3])

    def _ask(self, command: str) -> str:
        answer = subprocess.run(
            ["chroot", str(CHROOT), "/usr/sbin/asterisk", "-C", "/etc/hotline/asterisk.conf", "-rx", command],
            capture_output=True,
            text=True,
            timeout=20,
        )
        return answer.stdout

    def ask(self, command: str) -> str:
        """What the console answers."""
        return self._ask(command)

    @property
    def log(self) -> str:
        return (CHROOT / "var/log/asterisk/console.txt").read_text(errors="replace")

    def cpu_seconds(self) -> float:
        return cpu_seconds(self.process.pid)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(5)
        self._output.close()


def cpu_seconds(pid: int) -> float:
    """User and system time of a process with all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
