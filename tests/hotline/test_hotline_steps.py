"""Steps: done once, again when their sources change, and the next start goes on after the last finished one."""

from __future__ import annotations

import errno
import threading
import time
from pathlib import Path

import pytest

from hotline.setup import tools
from hotline.setup.failures import SetupError
from hotline.setup.steps import NotPossibleHere, Step, run_all


class Work:
    """Counts its calls and does as it is told."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.calls = 0
        self.failure = failure

    def __call__(self) -> str:
        self.calls += 1
        if self.failure is not None:
            raise self.failure
        return "made"


def step(name: str, work: Work, source: str = "v1", present: bool = True) -> Step:
    return Step(name, name, work, fingerprint=lambda: source, present=lambda: present, needed_megabytes=0)


def test_a_step_is_done_once_and_again_when_its_source_changes_or_its_result_is_gone(tmp_path: Path) -> None:
    work = Work()
    assert run_all([step("model", work)], tmp_path).done == ("model",)
    assert run_all([step("model", work)], tmp_path).done == ()
    run_all([step("model", work, source="v2")], tmp_path)
    run_all([step("model", work, source="v2", present=False)], tmp_path)
    run_all([step("model", work, source="v2")], tmp_path, force=frozenset({"model"}))
    assert work.calls == 4


def test_after_a_failure_the_next_start_goes_on_from_there(tmp_path: Path) -> None:
    first, second, third = Work(), Work(SetupError("a download failed")), Work()
    steps = [step("first", first), step("second", second), step("third", third)]
    with pytest.raises(SetupError, match="a download failed"):
        run_all(steps, tmp_path)
    second.failure = None
    assert run_all(steps, tmp_path).done == ("second", "third")
    assert (first.calls, second.calls, third.calls) == (1, 2, 1)


def test_a_part_that_cannot_be_had_here_is_told_and_the_rest_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rest = Work()
    report = run_all([step("rasa", Work(NotPossibleHere("no Python 3.10"))), step("rest", rest)], tmp_path)
    assert report.missing == ("no Python 3.10",)
    assert rest.calls == 1
    assert "no Python 3.10" in capsys.readouterr().out


def test_a_full_disk_in_the_middle_of_a_step_is_one_sentence(tmp_path: Path) -> None:
    for failure in (OSError(errno.ENOSPC, "No space left on device"), RuntimeError("database or disk is full")):
        with pytest.raises(SetupError, match="the disk is full: model stopped"):
            run_all([step("model", Work(failure))], tmp_path)
    with pytest.raises(SetupError, match=r"needs .* MB free"):
        run_all([Step("big", "big", Work(), lambda: "v1", needed_megabytes=1 << 40)], tmp_path)


def test_an_unknown_failure_is_not_hidden(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        run_all([step("model", Work(ZeroDivisionError()))], tmp_path)


def test_a_step_beside_the_others_does_not_hold_them_up_and_is_waited_for(tmp_path: Path) -> None:
    go_on, order = threading.Event(), []

    def long() -> str:
        assert go_on.wait(10)
        order.append("beside")
        return "made"

    def rest() -> str:
        order.append("rest")
        go_on.set()
        return "made"

    after = Work()
    steps = [
        Step("training", "training", long, lambda: "v1", needed_megabytes=0, beside=True),
        Step("rest", "rest", rest, lambda: "v1", needed_megabytes=0),
        Step("after", "after", after, lambda: "v1", needed_megabytes=0, beside=True),
    ]
    assert set(run_all(steps, tmp_path).done) == {"training", "rest", "after"}
    assert order == ["rest", "beside"]
    assert run_all(steps, tmp_path).done == ()
    assert after.calls == 1


def test_a_failure_beside_the_others_is_told_when_they_are_done(tmp_path: Path) -> None:
    rest = Work()
    failing = Step("training", "training", Work(SetupError("no memory")), lambda: "v1", needed_megabytes=0, beside=True)
    with pytest.raises(SetupError, match="no memory"):
        run_all([failing, step("rest", rest)], tmp_path)
    assert rest.calls == 1


def test_a_failure_of_the_others_stops_the_tool_beside_them(tmp_path: Path) -> None:
    log, started = tmp_path / "tool.log", tmp_path / "started"

    def training() -> str:
        return tools.run(["sh", "-c", f"touch {started}; exec sleep 60"], "training", log=log)

    def fails() -> str:
        while not started.exists():
            time.sleep(0.01)
        raise SetupError("a download failed")

    began = time.monotonic()
    steps = [
        Step("training", "training", training, lambda: "v1", needed_megabytes=0, beside=True),
        Step("rest", "rest", fails, lambda: "v1", needed_megabytes=0),
    ]
    with pytest.raises(SetupError, match="a download failed"):
        run_all(steps, tmp_path)
    assert time.monotonic() - began < 30
    assert not (tmp_path / "training.json").exists()
