"""Calls through a real Kamailio to two real phones: one is full, draining or killed, and the other answers."""

from __future__ import annotations

import datetime
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from kamailio_server import HOST, SHIPPED, STRANGER, TRUNK, Kamailio, check, configuration
from needs import require

from telephony.caller import free_port

SCENARIO = Path(__file__).parent / "scenarios" / "calls.xml"


def test_the_shipped_configuration_is_right(tmp_path: Path) -> None:
    plain = "listen=udp:127.0.0.1:5060\n#!define TLS_SWITCH no"
    with_trunk = f'{plain}\n#!define TRUNK_URI "sip:127.0.0.9:5060"'
    for number, local in enumerate((plain, with_trunk)):
        assert "config file ok" in check(
            configuration(tmp_path / str(number), nodes=["sip:127.0.0.1:5061"], local=local)
        )


def test_the_shipped_configuration_takes_calls_over_tls(tmp_path: Path) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hotline.invalid")])
    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    certificate = made.sign(key, hashes.SHA256())
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    local = "listen=udp:127.0.0.1:5060\n#!define TLS_SWITCH yes\n#!define WITH_TLS\nlisten=tls:127.0.0.1:5061"
    path = configuration(tmp_path, nodes=["sip:127.0.0.1:5062"], local=local)
    (tmp_path / "server.pem").write_bytes(certificate.public_bytes(pem))
    (tmp_path / "server.key").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    shipped = (SHIPPED / "tls.cfg.example").read_text()
    (tmp_path / "tls.cfg").write_text(shipped.replace("/etc/kamailio/tls", str(tmp_path)))
    assert "tls: 127.0.0.1" in check(path)


class Caller:
    """One call of SIPp."""

    def __init__(self, proxy: Kamailio, folder: Path, number: str, *, seconds: float, address: str = TRUNK) -> None:
        program = shutil.which("sipp")
        require(program is not None, "SIPp is not installed (Debian: apt-get install sip-tester)")
        folder.mkdir(parents=True)
        (folder / "calls.xml").write_text(SCENARIO.read_text().replace("{number}", number))
        self._process = subprocess.Popen(
            [
                str(program), "-sf", "calls.xml", "-m", "1", "-nostdin", "-i", address, "-mi", address,
                "-p", str(free_port(address)), "-s", "12345", "-d", str(round(seconds * 1000)),
                "-recv_timeout", "20000", "-timeout", "90", f"{HOST}:{proxy.port}",
            ],
            cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def served(self) -> bool:
        """It was answered, lasted, and ended in order."""
        return self._process.wait(120) == 0

    def end(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(10)


class Stage:
    """Two phones of one call each behind a Kamailio."""

    def __init__(self, folder: Path, stack: ExitStack, options: str = "", *, waiting: int = 0) -> None:
        from telephony_sip_helpers import CoreServer, PhoneProcess

        self._folder, self._stack, self._count = folder, stack, 0
        self.phones: list[PhoneProcess] = []
        addresses: list[str] = []
        rpc_url = ""
        # The phones must know Kamailio's address, and it theirs: it is told the ports before they listen.
        cores = [CoreServer(), CoreServer()]
        for core in cores:
            core.start()
            stack.callback(core.close)
        ports = [free_port(HOST) for _ in cores]
        addresses = [f"sip:{HOST}:{port}" for port in ports]
        self.addresses = addresses
        self.kamailio = Kamailio(folder / "kamailio", nodes=addresses, options=options)
        stack.callback(self.kamailio.stop)
        rpc_url = self.kamailio.rpc_url
        for number, core in enumerate(cores):
            environment = {
                "HOTLINE_TELEPHONY__SIP_PORT": str(ports[number]),
                "HOTLINE_ADMISSION__WAITING_ROOM_PLACES": str(waiting),
                "HOTLINE_ADMISSION__MINIMUM_CALLS": "1",
                "HOTLINE_CLUSTER__DISPATCHER_URLS": f'["{rpc_url}"]',
                "HOTLINE_CLUSTER__DISPATCHER_ADDRESS": addresses[number],
            }
            phone = PhoneProcess(
                folder / f"phone{number}", core, helpers=False, maximum_calls=1, environment=environment
            )
            phone.sip_port = ports[number]
            stack.callback(phone.close)
            self.phones.append(phone)

    def caller(self, *, seconds: float = 1.0, number: str | None = None, address: str = TRUNK) -> Caller:
        self._count += 1
        folder = self._folder / f"caller{self._count}"
        caller = Caller(self.kamailio, folder, number or f"1390000{self._count:04}", seconds=seconds, address=address)
        self._stack.callback(caller.end)
        return caller

    def taken(self) -> list[int]:
        """How many calls each phone has begun."""
        return [len(phone.core.of("call_started")) for phone in self.phones]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with ExitStack() as stack:
        yield Stage(tmp_path, stack, options="#!define CALLS_A_MINUTE 3\n")


@pytest.mark.long
@pytest.mark.processes
@pytest.mark.timeout(600)
def test_a_node_that_is_full_killed_or_draining_is_passed_over(stage: Stage) -> None:
    from telephony_sip_helpers import eventually

    kamailio, (first, second) = stage.kamailio, stage.addresses
    eventually(lambda: set(kamailio.states().values()) == {"AP"}, 60, "both nodes")

    # Both serve one caller each; whoever comes now is refused by the one and the other, and told so at once.
    calls = [stage.caller(seconds=8.0), stage.caller(seconds=8.0)]
    eventually(lambda: stage.taken() == [1, 1], 60, "a call at each node")
    eventually(lambda: all(state.startswith("D") for state in kamailio.states().values()), 60, "both full")
    assert not stage.caller().served()
    assert [call.served() for call in calls] == [True, True]
    eventually(lambda: set(kamailio.states().values()) == {"AP"}, 60, "room again")

    # One is full and Kamailio has not heard of it: the failure route tries the next.
    kept = stage.caller(seconds=12.0)
    eventually(lambda: sum(stage.taken()) == 3, 60, "the third call")
    for number in (1, 2):
        for address in (first, second):
            kamailio.call("dispatcher.set_state", ["ap", number, address])
    assert stage.caller().served()
    assert kept.served()

    # One is killed: the next call is answered by the other.
    eventually(lambda: set(kamailio.states().values()) == {"AP"}, 60, "room again")
    before = stage.taken()
    stage.phones[0].phone.send_signal(signal.SIGKILL)
    stage.phones[0].phone.wait(10)
    for _ in range(2):
        assert stage.caller().served()
        eventually(lambda: kamailio.states()[second] == "AP", 60, "room at the other")
    assert stage.taken()[1] == before[1] + 2
    eventually(lambda: kamailio.states()[first].startswith("I"), 60, "the dead node to be known")

    # The other drains: its call goes on to its end, and then the process ends by itself, with 0.
    last = stage.caller(seconds=6.0)
    eventually(lambda: stage.taken()[1] == before[1] + 3, 60, "the last call")
    stage.phones[1].phone.send_signal(signal.SIGUSR1)
    assert last.served()
    assert stage.phones[1].phone.wait(60) == os.EX_OK
    eventually(lambda: kamailio.states()[second].startswith("D"), 60, "nobody is sent there")
    assert not stage.caller().served()


@pytest.mark.long
@pytest.mark.processes
@pytest.mark.timeout(600)
def test_whoever_serves_at_once_is_asked_before_those_with_whom_a_caller_waits(tmp_path: Path) -> None:
    from telephony_sip_helpers import eventually

    with ExitStack() as stack:
        stage = Stage(tmp_path, stack, waiting=1)
        kamailio = stage.kamailio
        eventually(lambda: set(kamailio.states(2).values()) == {"AP"}, 60, "both nodes")
        stage.caller(seconds=60.0)
        eventually(lambda: sum(stage.taken()) == 1, 60, "the first call")
        busy = stage.addresses[stage.taken().index(1)]
        eventually(lambda: kamailio.states(2)[busy].startswith("D"), 60, "a node with somebody")
        assert set(kamailio.states(1).values()) == {"AP"}, "whoever came there would wait"
        for _ in range(2):
            assert stage.caller().served()
            eventually(lambda: "AP" in kamailio.states(2).values(), 60, "room at the other")
        assert sorted(stage.taken()) == [1, 2], "in turn, one of them would have waited"
        # Both have somebody: the next two wait, one at each; who comes after them is refused.
        stage.caller(seconds=60.0)
        eventually(lambda: sum(stage.taken()) == 4, 60, "a call at the other too")
        eventually(lambda: all(flags.startswith("D") for flags in kamailio.states(2).values()), 60, "nobody is free")
        stage.caller(seconds=60.0)
        eventually(lambda: sum(stage.taken()) == 5, 60, "one who waits")
        stage.caller(seconds=60.0)
        eventually(lambda: sum(stage.taken()) == 6, 60, "one who waits at the other")
        eventually(lambda: all(flags.startswith("D") for flags in kamailio.states(1).values()), 60, "both full")
        assert not stage.caller().served()


@pytest.mark.long
@pytest.mark.processes
@pytest.mark.timeout(600)
def test_who_may_call_and_how_often(stage: Stage) -> None:
    from telephony_sip_helpers import eventually

    eventually(lambda: set(stage.kamailio.states().values()) == {"AP"}, 60, "both nodes")
    for _ in range(3):
        assert stage.caller(number="13911112222", seconds=0.2).served()
        eventually(lambda: set(stage.kamailio.states().values()) == {"AP"}, 60, "room")
    assert not stage.caller(number="13911112222").served(), "the fourth call of a number within a minute"
    assert stage.caller(number="13933334444", seconds=0.2).served()
    began = sum(stage.taken())
    assert not stage.caller(number="13955556666", address=STRANGER).served(), "an address that is no trunk"
    assert sum(stage.taken()) == began
