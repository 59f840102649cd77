"""The benches of many calls: what they count is right, and a load of SIPp's tells the truth about each call."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from needs import require

from benchmarks.phone_line import HOST
from benchmarks.rolling_nodes import outcomes_missing, sound
from benchmarks.sipp import Load, Sipp
from telephony.caller import free_port


def test_a_contact_is_wrong_where_it_is_missing_doubled_or_open() -> None:
    contacts = [("a", "closed", "caller_hung_up"), ("b", "callback", "lost"), ("b", "closed", ""), ("c", None, "")]
    assert outcomes_missing(contacts, {"a", "b", "c", "d"}) == {
        "answered_without_contact": 1,
        "several_contacts": 1,
        "without_outcome": 1,
    }


@pytest.mark.parametrize(
    ("changed", "kept"),
    [
        ({}, True),
        ({"cut_short": 1}, False),
        ({"failed_setups": 1}, False),
        ({"ended_by": {"missed": 1}}, False),
        ({"events": [(0, 1.0, 2.0)]}, False),
        ({"contacts_without_exactly_one_outcome": 1}, False),
        ({"what": "kills", "cut_short": 9, "ended_by": {"lost": 9}}, True),
        ({"what": "kills", "failed_share": 0.006}, False),
        ({"what": "kills", "events": []}, False),
    ],
)
def test_an_upgrade_must_cut_nobody_and_a_kill_may_cut_calls_but_lose_none(changed: dict[str, Any], kept: bool) -> None:
    result = {
        "what": "upgrade",
        "nodes": 2,
        "events": [(0, 1.0, 2.0), (1, 3.0, 4.0)],
        "contacts_without_exactly_one_outcome": 0,
        "failed_setups": 0,
        "failed_share": 0.0,
        "cut_short": 0,
        "ended_by": {"caller_hung_up": 5},
    }
    assert sound({**result, **changed}) is kept


def test_a_load_knows_which_calls_were_answered(tmp_path: Path) -> None:
    program = shutil.which("sipp")
    require(program is not None, "SIPp is not installed (Debian: apt-get install sip-tester)")
    port = free_port(HOST)
    answers = subprocess.Popen(
        [str(program), "-sn", "uas", "-i", HOST, "-p", str(port), "-m", "2", "-nostdin", "-timeout", "90"],
        cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    load = Sipp(Load("two", 2, 5.0, 0.2), port, tmp_path / "load")
    try:
        told = load.wait()
    finally:
        load.stop()
        answers.kill()
        answers.wait(30)
    assert (told.placed, told.not_answered) == (2, 0)
    assert told.answered == told.over == {"two-1", "two-2"}
