"""Centres of a rehearsal: each a network namespace with real PostgreSQL, Redis, Kamailio and keepalived.

Everything is configured by the files of `deploy/centres` and `deploy/kamailio`; only addresses and folders are the
rehearsal's. Needs root and Debian's packages (`missing` says which are not there).
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from base.settings import ROOT

CENTRES: Final = ("main", "secondary", "standby")
DATABASE_ADDRESS: Final = "10.89.0.100"
CALLS_ADDRESS: Final = "10.89.0.101"
DATABASE_URL: Final = f"postgresql+asyncpg://hotline@{DATABASE_ADDRESS}:5432/postgres"
_NETWORK: Final = "10.89.0.0/24"
_REDIS_PORT: Final = 6379
_RPC_PORT: Final = 5065
_SHIPPED: Final = ROOT / "deploy" / "centres"
_KAMAILIO: Final = ROOT / "deploy" / "kamailio"
_PROGRAMS: Final = {
    "ip": "iproute2",
    "keepalived": "keepalived",
    "kamailio": "kamailio",
    "redis-server": "redis-server",
    "setpriv": "util-linux",
    "curl": "curl",
}
_START_SECONDS: Final = 60.0


def binaries() -> Path | None:
    """PostgreSQL's own programs, where Debian puts them."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


def missing() -> list[str]:
    """Debian packages that the rehearsal needs, and root."""
    names = [package for program, package in _PROGRAMS.items() if shutil.which(program) is None]
    names += [] if binaries() else ["postgresql"]
    return names if os.geteuid() == 0 else [*names, "root"]


def until(condition: Callable[[], bool], what: str, seconds: float = _START_SECONDS) -> None:
    """Wait for it; raises TimeoutError that says what did not come."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.05)


def run(*command: str, check: bool = True) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout}{done.stderr}")
    return done.stdout


@dataclass
class Host:
    """A namespace with an address. `name`: at most nine characters."""

    name: str
    address: str
    network: Network
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def namespace(self) -> str:
        return f"{self.network.prefix}-{self.name}"

    def within(self, *command: str) -> tuple[str, ...]:
        return ("ip", "netns", "exec", self.namespace, *command)

    def run(self, *command: str, check: bool = True) -> str:
        return run(*self.within(*command), check=check)

    def start(self, *command: str, log: Path) -> None:
        with log.open("ab") as output:
            process = subprocess.Popen(self.within(*command), stdout=output, stderr=output, process_group=0)
        self.processes.append(process)

    def kill(self) -> None:
        """`kill -9` of everything that runs here, as if the power had gone."""
        for pid in run("ip", "netns", "pids", self.namespace, check=False).split():
            with suppress(ProcessLookupError):  # it ended with its parent
                os.kill(int(pid), signal.SIGKILL)
        for process in self.processes:
            process.wait(30)
        self.processes.clear()

    def cut(self) -> None:
        """The cable is pulled: everything runs on and reaches nobody."""
        run("ip", "-n", self.network.namespace, "link", "set", f"p-{self.name}", "down")


class Network:
    """One switch, and hosts with a cable to it."""

    def __init__(self) -> None:
        self.prefix = f"hl{os.getpid()}"
        self.namespace = f"{self.prefix}-net"
        self.hosts: list[Host] = []

    def open(self) -> None:
        run("ip", "netns", "add", self.namespace)
        run("ip", "-n", self.namespace, "link", "add", "switch", "type", "bridge")
        run("ip", "-n", self.namespace, "link", "set", "switch", "up")

    def join(self, name: str, number: int) -> Host:
        host = Host(name, f"10.89.0.{number}", self)
        run("ip", "netns", "add", host.namespace)
        self.hosts.append(host)
        end = ("peer", "name", "eth0", "netns", host.namespace)
        run("ip", "-n", self.namespace, "link", "add", f"p-{name}", "type", "veth", *end)
        run("ip", "-n", self.namespace, "link", "set", f"p-{name}", "master", "switch", "up")
        run("ip", "-n", host.namespace, "address", "add", f"{host.address}/24", "dev", "eth0")
        for device in ("lo", "eth0"):
            run("ip", "-n", host.namespace, "link", "set", device, "up")
        # Kamailio listens on the calls' address also while another centre holds it.
        host.run("sysctl", "-qw", "net.ipv4.ip_nonlocal_bind=1")
        return host

    def close(self) -> None:
        for host in self.hosts:
            host.kill()
            run("ip", "netns", "del", host.namespace, check=False)
        run("ip", "netns", "del", self.namespace, check=False)


class Centre:
    """One centre on its host; `number` also orders who takes an address first."""

    def __init__(self, host: Host, folder: Path) -> None:
        programs = binaries()
        assert programs is not None
        self.host, self.folder, self.programs = host, folder, programs
        self.data, self.sockets = folder / "data", folder / "sockets"
        self.settings = folder / "centre.env"
        folder.mkdir()
        self.sockets.mkdir()
        shutil.chown(folder, "postgres", "postgres")
        shutil.chown(self.sockets, "postgres", "postgres")
        self._write_settings()

    @property
    def name(self) -> str:
        return self.host.name

    def _as_postgres(self, *command: str) -> tuple[str, ...]:
        return ("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command)

    def _write_settings(self) -> None:
        values = {
            "CENTRE": self.name,
            "PGBIN": str(self.programs),
            "PGDATA": str(self.data),
            "PGSOCKETS": str(self.sockets),
            "PGRUN": '"' + " ".join(self._as_postgres()) + '"',
            "REDIS_PORT": str(_REDIS_PORT),
            "DATABASE_ADDRESS": DATABASE_ADDRESS,
            "KAMAILIO_RPC": f"http://{self.host.address}:{_RPC_PORT}/RPC",
        }
        self.settings.write_text("".join(f"{name}={value}\n" for name, value in values.items()))

    def prepare_database(self) -> None:
        """A new, empty database: the main centre's first day."""
        initdb = self._as_postgres(str(self.programs / "initdb"), "-D", str(self.data), "-U", "hotline", "-A", "trust")
        self.host.run(*initdb, "-E", "UTF8", "--no-sync", "--no-locale")
        with (self.data / "pg_hba.conf").open("a") as rules:
            rules.write(f"host all all {_NETWORK} trust\nhost replication all {_NETWORK} trust\n")
        shutil.copyfile(_SHIPPED / "postgresql.conf", self.data / "centre.conf")
        with (self.data / "postgresql.conf").open("a") as settings:
            settings.write("listen_addresses = '*'\nshared_buffers = 16MB\n")
            settings.write("include 'centre.conf'\ninclude 'own.conf'\n")
        self._write_own(self.data / "own.conf")

    def _write_own(self, path: Path) -> None:
        others = ", ".join(name for name in CENTRES if name != self.name)
        reach = f"host={DATABASE_ADDRESS} user=replication application_name={self.name} connect_timeout=3"
        path.write_text(
            f"unix_socket_directories = '{self.sockets}'\nsynchronous_standby_names = 'FIRST 1 ({others})'\n"
            f"primary_conninfo = '{reach}'\n"
        )
        shutil.chown(path, "postgres", "postgres")

    def start_database(self) -> None:
        command = (str(self.programs / "postgres"), "-D", str(self.data))
        self.host.start(*self._as_postgres(*command), log=self.folder / "postgresql.log")
        until(lambda: bool(self.sql("SELECT 1", check=False)), f"PostgreSQL of {self.name}")

    def follow(self) -> None:
        """Begin as a replica by the script that is shipped."""
        if not self.data.exists():
            self.data.mkdir(mode=0o700)
            self._write_own(self.data / "own.conf")
            shutil.chown(self.data, "postgres", "postgres")
        self.script("rejoin.sh")

    def start_others(self) -> None:
        """Redis, Kamailio and keepalived."""
        redis = ("redis-server", str(_SHIPPED / "redis.conf"), "--port", str(_REDIS_PORT), "--dir", str(self.folder))
        self.host.start(*redis, "--bind", "0.0.0.0", "--protected-mode", "no", log=self.folder / "redis.log")
        self._start_kamailio()
        self._start_keepalived()

    def _start_kamailio(self) -> None:
        folder = self.folder / "kamailio"
        folder.mkdir()
        shutil.copyfile(_KAMAILIO / "kamailio.cfg", folder / "kamailio.cfg")
        address = self.host.address
        (folder / "local.cfg").write_text(
            f"listen=udp:{CALLS_ADDRESS}:5060\nlisten=tcp:{address}:{_RPC_PORT}\n"
            f'#!define TLS_SWITCH no\n#!define CONFIG_DIR "{folder}"\n#!define WORKERS 2\n'
        )
        (folder / "dispatcher.list").write_text(f"1 sip:{address}:5070 0 0\n")
        (folder / "address.list").write_text(f"1 10.89.0.9 32 0 trunk\n3 {address} 32 0 rpc\n")
        command = (
            "kamailio",
            "-f",
            str(folder / "kamailio.cfg"),
            "-DD",
            "-E",
            "-m",
            "64",
            "-M",
            "4",
            "-Y",
            str(folder),
        )
        self.host.start(*command, log=self.folder / "kamailio.log")

    def _start_keepalived(self) -> None:
        folder = self.folder / "keepalived"
        folder.mkdir()
        shutil.copyfile(_SHIPPED / "keepalived.conf", folder / "keepalived.conf")
        first, second = (peer.address for peer in self.host.network.hosts if peer.name in CENTRES and peer != self.host)
        values = {
            "CENTRE": self.name,
            "INTERFACE": "eth0",
            "PRIORITY": str(200 - 50 * CENTRES.index(self.name)),
            "ADDRESS": self.host.address,
            "FIRST_PEER": first,
            "SECOND_PEER": second,
            "DATABASE_ADDRESS": f"{DATABASE_ADDRESS}/24",
            "CALLS_ADDRESS": f"{CALLS_ADDRESS}/24",
            "CHECK_PRIMARY": f'"{_SHIPPED}/check_primary.sh {self.settings}"',
            "CHECK_KAMAILIO": f'"{_SHIPPED}/check_kamailio.sh {self.settings}"',
        }
        (folder / "local.conf").write_text("".join(f"${name}={value}\n" for name, value in values.items()))
        files = ("-p", str(folder / "pid"), "-r", str(folder / "vrrp.pid"))
        command = ("keepalived", "-n", "-l", "-P", "-f", str(folder / "keepalived.conf"), *files)
        self.host.start(*command, log=self.folder / "keepalived.log")

    def sql(self, query: str, *, check: bool = True) -> str:
        psql = (str(self.programs / "psql"), "-h", str(self.sockets), "-U", "hotline", "-d", "postgres", "-AtXc", query)
        return self.host.run(*psql, check=check).strip()

    def script(self, name: str, *options: str) -> str:
        """Run one of the scripts that are shipped, as root of this centre."""
        return self.host.run(str(_SHIPPED / name), *options, str(self.settings))

    def holds(self, address: str) -> bool:
        return f" {address}/" in run("ip", "-n", self.host.namespace, "-o", "address")

    def streams_to(self) -> set[str]:
        """Which centres follow this one now."""
        query = "SELECT application_name FROM pg_stat_replication WHERE state = 'streaming'"
        return set(self.sql(query, check=False).split())
