"""`hotline simulate` as it is used, and the numbers that it starts from."""

from __future__ import annotations

import json
import random
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from base.clock import ManualClock
from base.settings import Settings
from hotline.cli import main
from hotline.simulation import measure
from hotline.simulation.distributions import Fixed, Lognormal, describe, parse, quantiles_of
from hotline.simulation.errors import SimulationError
from hotline.simulation.scenario import Scenario, build, default, override, read
from hotline.simulation.search import search
from hotline.simulation.table import sparkline
from storage.engine import Database
from storage.tables import Conversation

NUMBERS = ("calls_an_hour=2000", "hour_seconds=600", "drain_seconds=0", "dispersion=1")
SMALL = [*(word for number in NUMBERS for word in ("--set", number)), "--seats", "30", "--nodes"]


def test_a_run_prints_and_writes_its_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drawing, figures = tmp_path / "run.svg", tmp_path / "run.json"
    status = main(["simulate", *SMALL, "4", "--svg", str(drawing), "--json", str(figures)])
    printed = capsys.readouterr().out
    assert status == 0 and "attempts connected within 15 s" in printed and "call-backs open" in printed
    result = json.loads(figures.read_text("utf-8"))
    assert sum(result["whole_run"]["outcomes"].values()) == result["whole_run"]["callers"]
    assert result["scenario"]["nodes"] == 4 and len(result["minutes"]) >= 15
    lines = ElementTree.fromstring(drawing.read_text("utf-8")).findall(".//{*}polyline")
    assert len(lines) == 6 and all(len(line.attrib["points"].split()) >= 15 for line in lines)


def test_broken_promises_are_told_by_the_exit_status(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", *SMALL, "1", "--set", "carries_calls=5", "--set", "initial_calls=5"]) == 3
    assert "below the promise" in capsys.readouterr().out


def test_every_number_is_told_with_how_it_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "numbers"]) == 0
    printed = capsys.readouterr().out
    assert all(field.name in printed for field in fields(Scenario)) and "assumed" in printed and "measured" in printed


def test_defaults_that_are_called_settings_are_those_of_the_program() -> None:
    scenario, program = default(), Settings.model_construct()
    assert scenario.maximum_calls == program.telephony.maximum_calls
    assert scenario.initial_calls == program.admission.initial_calls
    assert scenario.minimum_calls == program.admission.minimum_calls
    assert scenario.lag_limit_seconds == program.admission.lag_limit_seconds
    assert scenario.waiting_places == program.admission.waiting_room_places
    assert scenario.seat_wrap_up == Fixed(program.seats.wrap_up_seconds)
    assert scenario.seat_offer_seconds == program.dialogue.seat_wait_seconds
    assert scenario.seat_within_seconds == program.seats.waiting_alarm_seconds
    assert scenario.callbacks_at_once == program.calling.calls_at_once
    assert scenario.callback_attempts == program.calling.attempts
    assert scenario.callback_spacing_seconds == 60.0 * program.calling.spacing_minutes


@pytest.mark.parametrize(
    "change",
    ["retry_probability=1.5", "nodes=0", "nodes=2.5", "routing=somehow", "bot_service={kind: fixed}", "nothing=1",
     "dispersion=0.5", "callbacks_by_bot=3", "failures=[{node: 900, at_seconds: 1, down_seconds: 1}]",
     "lag_points=[[1, 1], [0, 2]]", "nodes", "bot_service={kind: exponential, mean_seconds: 0}"],
)  # fmt: skip
def test_numbers_that_make_no_sense_are_refused(change: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "run", "--set", change]) == 1
    assert capsys.readouterr().err.startswith("hotline: ")


def test_the_search_finds_the_smallest_size_that_keeps_the_promises() -> None:
    numbers = read()
    for name, value in (("calls_an_hour", "2000"), ("hour_seconds", "900"), ("seat_share", "0.2")):
        numbers = override(numbers, name, value)
    lines: list[str] = []
    found = search(build(numbers), 1, lines.append)
    assert len(lines) == found.runs
    kept = {line.split(":")[0] for line in lines}
    assert f"{found.nodes} nodes, {found.seats} seats" in kept
    smaller = [line for line in lines if line.startswith(f"{found.nodes - 1} nodes,")]
    assert (smaller and "connected 9" in smaller[0]) or found.nodes == 1


def test_distributions_survive_being_written() -> None:
    observed = [random.Random(1).lognormvariate(4.0, 0.5) for _ in range(2_000)]
    made = quantiles_of(observed)
    assert parse(describe(made)) == made
    assert made.mean_seconds == pytest.approx(sum(observed) / len(observed), rel=0.03)
    drawn = [made.sample(random.Random(seed)) for seed in range(2_000)]
    assert sum(drawn) / len(drawn) == pytest.approx(made.mean_seconds, rel=0.05)
    assert Lognormal(80.0, 180.0).mean_seconds == pytest.approx(90.4, abs=0.5)
    with pytest.raises(SimulationError):
        quantiles_of([1.0])


async def test_measured_numbers_come_out_of_the_database(database: Database, tmp_path: Path) -> None:
    clock = ManualClock()
    async with database.write() as session:
        for number in range(40):
            began = clock.now() + timedelta(minutes=number)
            to_people = began + timedelta(seconds=60) if number % 4 == 0 else None
            session.add(
                Conversation(
                    id=f"c{number}", channel="phone", trace_id="t", status="ended", outcome="answered",
                    created_at=began, updated_at=began, waiting_since=to_people,
                    claimed_at=None if to_people is None else to_people + timedelta(seconds=10),
                    ended_at=began + timedelta(seconds=300 if to_people else 80 + number),
                )
            )  # fmt: skip
        session.add(
            Conversation(
                id="chat", channel="web", trace_id="t", status="ended", created_at=clock.now(),
                updated_at=clock.now(), ended_at=clock.now() + timedelta(hours=1),
            )
        )  # fmt: skip
    calls = await measure.calls_of(database, None)
    late = await measure.calls_of(database, clock.now() + timedelta(minutes=30))
    assert len(calls) == 40 and len(late) == 10
    numbers = {number.name: number for number in measure.of_calls(calls, "a test")}
    assert numbers["seat_share"].value == 0.25
    assert min(numbers["bot_service"].value["seconds"]) == 60.0
    assert "seat_talk" not in numbers  # ten conversations with people say too little
    written = tmp_path / "measured.yml"
    written.write_text(measure.as_yaml(list(numbers.values())), "utf-8")
    scenario = build(read(written, base=read()))
    assert scenario.seat_share == 0.25 and 80 < scenario.bot_service.mean_seconds < 110
    with pytest.raises(SimulationError, match="only 10 calls"):
        measure.of_calls(late, "a test")


def test_a_benchmark_tells_cost_and_capacity(tmp_path: Path) -> None:
    def level(calls: int, lag: float) -> dict[str, object]:
        return {"calls_at_once": calls, "lag_p95": lag, "seconds_a_call": 90.0, "cpu_seconds_a_call": 4.5,
                "memory_mib": {"core": 1024, "phone": 1024}}  # fmt: skip

    path = tmp_path / "phone.json"
    path.write_text(
        json.dumps({"conditions": {"revision": "abc", "cores": 2}, "levels": [level(30, 1.5), level(20, 0.5)]})
    )
    numbers = {number.name: number.value for number in measure.of_benchmark(path, 1.0)}
    assert numbers == {"cpu_a_bot_second": 0.05, "memory_a_node_gib": 2.0, "cores_a_node": 2, "carries_calls": 25.0}
    assert set(yaml.safe_load(measure.as_yaml(measure.of_benchmark(path, 1.0)))) == set(numbers)
    path.write_text("{}")
    with pytest.raises(SimulationError):
        measure.of_benchmark(path, 1.0)


def test_a_curve_keeps_its_shape_when_it_is_thinned_out() -> None:
    assert sparkline([0, 1, 2, 4]) == "▁▃▅█" and sparkline([0.0] * 3) == "▁▁▁" and sparkline([]) == ""
    assert len(sparkline([float(value) for value in range(500)], columns=50)) == 50
