"""`make test`'s tests in two processes: those of pure logic give way to those that listen to the clock.

A process of pytest uses one core, and real calls, browsers and servers mostly wait. What only computes (`PURE`) runs
beside them at a low priority, which their clocks do not feel; what it printed is shown when both are done.
Arguments go to both.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

TESTS: Final = Path(__file__).resolve().parent
PURE: Final = ("base", "benchmarks", "bot", "conversations", "knowledge", "workorders")
_NICENESS: Final = 10
_SIGN_OF_LIFE_SECONDS: Final = 30
_NO_TESTS: Final = 5  # pytest's exit status where nothing was chosen


def main(arguments: list[str]) -> int:
    """The worse exit status of the two."""
    pure = [str(TESTS / name) for name in PURE]
    rest = sorted(str(path.parent) for path in TESTS.glob("*/test_*.py") if path.parent.name not in PURE)
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
        command = ["nice", "-n", str(_NICENESS), *_pytest("pure"), *arguments, *pure]
        beside = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        try:
            status = subprocess.run([*_pytest("rest"), *arguments, *dict.fromkeys(rest)], check=False).returncode
            began = time.monotonic()
            while beside.poll() is None:
                try:
                    beside.wait(_SIGN_OF_LIFE_SECONDS)
                except subprocess.TimeoutExpired:
                    print(f"  … tests of {', '.join(PURE)}, {time.monotonic() - began:.0f} s more", flush=True)
        finally:
            if beside.poll() is None:
                beside.terminate()
                beside.wait()
            output.seek(0)
            print(f"tests of {', '.join(PURE)}:\n{output.read()}", flush=True)
    statuses = {status, beside.returncode}
    return max(statuses - {_NO_TESTS}, key=abs) if statuses != {_NO_TESTS} else _NO_TESTS


def _pytest(cache: str) -> list[str]:
    return [sys.executable, "-m", "pytest", "-o", f"cache_dir=.pytest_cache/{cache}"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
