"""`make bench`: every benchmark of this folder, one after the other; each prints its table and writes its JSON."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import time
from typing import Final

from base.settings import ROOT

BENCHMARKS: Final = (
    "benchmarks.spine",
    "benchmarks.recognition",
    "benchmarks.voice",
    "benchmarks.endpointing",
    "benchmarks.phone",
)


def main() -> int:
    failed = []
    for module in BENCHMARKS:
        if importlib.util.find_spec(module) is None:
            continue
        print(f"\n=== {module}", flush=True)
        began = time.monotonic()
        status = subprocess.run([sys.executable, "-m", module], cwd=ROOT, check=False).returncode
        print(f"=== {module}: {time.monotonic() - began:.0f} s", flush=True)
        if status:
            failed.append(module)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
