"""`make test`'s tests in two processes, and those of `make test-long`: the one group gives way to the other.

A process of pytest uses one core, and real calls, browsers and servers mostly wait. What only computes (`PURE`), or
with `--beside ROOM,…` what these rooms have, runs beside the rest at a low priority, which the rest's clocks do not
feel; what it printed is shown when both are done. Other arguments go to both.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

TESTS: Final = Path(__file__).resolve().parent
PURE: Final = ("base", "benchmarks", "bot", "conversations", "knowledge", "workorders")
_NICENESS: Final = 10
_SIGN_OF_LIFE_SECONDS: Final = 30
_NO_TESTS: Final = 5  # pytest's exit status where nothing was chosen


def main(arguments: list[str]) -> int:
    """The worse exit status of the two."""
    rooms: Sequence[str] = PURE
    if arguments[:1] == ["--beside"]:
        rooms, arguments = arguments[1].split(","), arguments[2:]
    pure = [str(TESTS / name) for name in rooms]
    rest = sorted(str(path.parent) for path in TESTS.glob("*/test_*.py") if path.parent.name not in rooms)
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
                    print(f"  … tests of {', '.join(rooms)}, {time.monotonic() - began:.0f} s more", flush=True)
        finally:
            if beside.poll() is None:
                beside.terminate()
                beside.wait()
            output.seek(0)
            print(f"tests of {', '.join(rooms)}:\n{output.read()}", flush=True)
    statuses = {status, beside.returncode}
    return max(statuses - {_NO_TESTS}, key=abs) if statuses != {_NO_TESTS} else _NO_TESTS


def _pytest(cache: str) -> list[str]:
    return [sys.executable, "-m", "pytest", "-o", f"cache_dir=.pytest_cache/{cache}"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
