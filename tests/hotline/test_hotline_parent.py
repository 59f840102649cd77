"""The end of the program that started us, with a real make."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def run_by_make(tmp_path: Path) -> subprocess.Popen[str]:
    """A make whose recipe became a Python that watches it."""
    if shutil.which("make") is None:
        pytest.skip("no make on this machine")
    program = tmp_path / "watch.py"
    program.write_text(
        textwrap.dedent(
            """
            import asyncio, os
            from hotline.supervision import parent
            async def main():
                make = os.getppid()  # asked before we say that we watch: it may be killed right after
                print("watching", make, flush=True)
                await asyncio.wait_for(parent.gone(make), 20)
                print("noticed", flush=True)
            asyncio.run(main())
            """
        )
    )
    makefile = tmp_path / "Makefile"
    makefile.write_text(f"run:\n\t@exec {sys.executable} {program}\n")
    # The tests themselves may run under make, which tells its children so and makes them talk.
    outside = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    make = subprocess.Popen(
        ["make", "-f", str(makefile)],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**outside, "PYTHONPATH": str(ROOT)},
    )
    assert make.stdout is not None
    assert make.stdout.readline() == f"watching {make.pid}\n"  # exec: no shell in between
    return make


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_make_that_is_interrupted_or_killed_alone_is_noticed(
    run_by_make: subprocess.Popen[str], number: signal.Signals
) -> None:
    try:
        os.kill(run_by_make.pid, number)
        assert run_by_make.stdout is not None
        assert run_by_make.stdout.readline() == "noticed\n"
        run_by_make.wait(10)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(run_by_make.pid, signal.SIGKILL)
        run_by_make.wait()
        assert run_by_make.stdout is not None
        run_by_make.stdout.close()
