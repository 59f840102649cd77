"""Calls that we place over a trunk, to real SIP telephones (SIPp): taken, busy, declined, unknown, not answered,
hung up at once; never more than the set number, never a number that may not be called; no result is ever lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from sipp_telephone import Telephone
from telephony_sip_helpers import HOST, CoreServer, PhoneProcess, eventually, running_phone

from base.errors import ConfigurationError
from base.sections.telephony import TelephonySettings
from telephony.caller import free_port
from telephony.legs.dial_out import Trunk

pytestmark = pytest.mark.processes

NUMBER: Final = "13900004444"
AT_ONCE: Final = 2
RING_SECONDS: Final = 1.5
Telephones = Callable[..., Telephone]


@pytest.fixture(scope="module")
def trunk_port() -> int:
    return free_port(HOST)


@pytest.fixture(scope="module")
def phone(tmp_path_factory: pytest.TempPathFactory, trunk_port: int) -> Iterator[PhoneProcess]:
    """Without a voice: what our own side says is a tone."""
    environment = {
        "HOTLINE_TELEPHONY__TRUNK_URI": f"sip:{{number}}@{HOST}:{trunk_port}",
        "HOTLINE_CALLING__CALLS_AT_ONCE": str(AT_ONCE),
    }
    with running_phone(tmp_path_factory.mktemp("outgoing"), helpers=False, environment=environment) as process:
        eventually(lambda: "connected to the core" in process.log, 10, "the link")
        yield process


@pytest.fixture
def core(phone: PhoneProcess) -> CoreServer:
    return phone.core


@pytest.fixture
def telephones(tmp_path: Path, trunk_port: int) -> Iterator[Telephones]:
    made: list[Telephone] = []

    def make(name: str, **options: Any) -> Telephone:
        made.append(Telephone(tmp_path, trunk_port, name, **options))
        return made[-1]

    yield make
    for telephone in made:
        if telephone.process.poll() is None:
            telephone.process.kill()
        telephone.process.wait(5)


_dialled = 0


def dial(core: CoreServer, number: str = NUMBER, **more: Any) -> str:
    """As the core orders it; the id of the call."""
    global _dialled
    _dialled += 1
    call_id = f"placed-{_dialled}"
    order = {
        "type": "place_call", "call_id": call_id, "number": number, "say": ["您好，给您回电。"],
        "ring_seconds": RING_SECONDS, **more,
    }  # fmt: skip
    core.push(order)
    core.push(order)  # told twice, placed once
    return call_id


def ended(core: CoreServer, call_id: str) -> dict[str, Any]:
    found: dict[str, Any] = eventually(lambda: core.of("call_ended", call_id), 15.0, "the end")[0]
    return found


@pytest.mark.parametrize(
    ("name", "result", "status"),
    [
        ("busy", "busy", 486),
        ("declines", "refused", 603),
        ("unknown", "unreachable", 404),
        ("rings", "no_answer", None),
    ],
)
def test_a_call_that_is_not_taken_tells_why(
    phone: PhoneProcess, core: CoreServer, telephones: Telephones, name: str, result: str, status: int | None
) -> None:
    telephone = telephones(name)
    call_id = dial(core)
    end = ended(core, call_id)
    telephone.wait()  # as the scenario says: also CANCEL, 487 and ACK where nobody answers
    rings = core.of("call_rings", call_id)
    assert (end["reason"], end["sip_status"], end["recording"]) == (result, status, None)
    assert len(rings) == 1 and rings[0]["sip_call_id"] == end["sip_call_id"] != ""
    assert not core.of("call_started", call_id)
    assert NUMBER not in phone.log and "139****4444" in phone.log


def test_a_call_that_is_taken_is_greeted_recorded_and_served(core: CoreServer, telephones: Telephones) -> None:
    telephone = telephones("answers", hang_up_seconds=2.0)
    call_id = dial(core)
    started = eventually(lambda: core.of("call_started", call_id), 10.0, "the call")[0]
    assert started["caller"] == NUMBER and started["placed"] == core.of("call_rings", call_id)[0]["sip_call_id"]
    end = ended(core, call_id)
    telephone.wait()
    assert end["reason"] == "caller_hung_up" and end["recording"]
    assert len(core.of("call_started", call_id)) == 1


def test_hung_up_in_the_moment_of_the_answer(core: CoreServer, telephones: Telephones) -> None:
    telephone = telephones("answers", hang_up_seconds=0.0)
    assert ended(core, dial(core))["reason"] == "caller_hung_up"
    telephone.wait()


def test_numbers_that_may_not_be_called_and_more_than_the_lines_carry_are_refused(
    core: CoreServer, telephones: Telephones
) -> None:
    for number in ("110", "008613900001234", "sip:1@evil.example", "139 0000 444"):
        assert ended(core, dial(core, number))["reason"] == "not_allowed"
    telephone = telephones("rings")
    ringing = [dial(core, ring_seconds=40.0) for _ in range(AT_ONCE)]
    assert ended(core, dial(core))["reason"] == "no_line"
    # The telephone takes one call: whichever of the two comes first.
    eventually(lambda: any(core.of("call_rings", call_id) for call_id in ringing), 30.0, "ringing")
    for call_id in ringing:
        core.push({"type": "cancel_call", "call_id": call_id})
    assert [ended(core, call_id)["reason"] for call_id in ringing] == ["cancelled"] * AT_ONCE
    telephone.wait()


def test_a_result_is_told_to_a_core_that_was_away(
    phone: PhoneProcess, core: CoreServer, telephones: Telephones
) -> None:
    telephones("busy")
    call_id = "placed-while-away"
    core.push({"type": "place_call", "call_id": call_id, "number": NUMBER, "say": [], "ring_seconds": 3.0})
    core.stop()
    journal = phone.directory / "phone" / "ended.jsonl"
    eventually(lambda: journal.is_file() and call_id in journal.read_text("utf-8"), 10.0, "the journal")
    core.start()
    assert ended(core, call_id)["reason"] == "busy"


def test_the_trunk_of_the_settings_is_checked_and_its_numbers_are_the_only_ones() -> None:
    assert Trunk.of(TelephonySettings()) is None
    for wrong in ("sip:trunk.example.cn", "tel:{number}", "sip:{number}@trunk.example.cn?Replaces=1"):
        with pytest.raises(ConfigurationError):
            Trunk.of(TelephonySettings(trunk_uri=wrong))
    trunk = Trunk.of(TelephonySettings(trunk_uri="sip:9{number}@trunk.example.cn:5080;transport=tcp"))
    assert trunk is not None
    for number, called in (
        ("139 0000-1234", "13900001234"), ("+8613900001234", "13900001234"), ("01062345678", "01062345678"),
        ("62345678", "62345678"),
    ):  # fmt: skip
        target = trunk.target(number)
        assert target is not None
        assert target.uri == f"sip:9{called}@trunk.example.cn:5080;transport=tcp"
    for refused in (
        "",
        "110",
        "120",
        "12345",
        "0085212345678",
        "+85212345678",
        "1390000123x",
        "16812345",
        "13900001234;x",
    ):
        assert trunk.target(refused) is None, refused
