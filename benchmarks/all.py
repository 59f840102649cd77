"""`make bench`: every benchmark of this folder, one after the other; each prints its table and writes its JSON.

Those that listen to recordings of people need a folder like that of `hotline eval speech` beside the repository
(`shared/eval/speech`); without it they are left out, and it is said.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from typing import Final

from base.settings import ROOT

SPEECH: Final = ROOT.parent / "shared" / "eval" / "speech"
BENCHMARKS: Final[tuple[tuple[str, ...], ...]] = (
    ("benchmarks.spine",),
    ("benchmarks.recognition", "pool", str(SPEECH)),
    ("benchmarks.voice",),
    ("benchmarks.endpointing",),
    ("benchmarks.phone",),
    ("benchmarks.knowledge",),
    ("benchmarks.points",),
    ("benchmarks.chats",),
    ("benchmarks.desk",),
)
NEED_SPEECH: Final = ("benchmarks.recognition", "benchmarks.endpointing")


def main(argv: list[str]) -> int:
    """Status 1 if any of them failed; the others are run all the same."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.all", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("only", nargs="*", help="names of benchmarks, e.g. phone; default: all")
    only = parser.parse_args(argv).only
    failed = []
    for module, *arguments in BENCHMARKS:
        name = module.removeprefix("benchmarks.")
        if only and name not in only:
            continue
        if module in NEED_SPEECH and not SPEECH.is_dir():
            print(f"\n=== {name}: left out, there is no {SPEECH}", flush=True)
            continue
        print(f"\n=== {name}", flush=True)
        began = time.monotonic()
        status = subprocess.run([sys.executable, "-m", module, *arguments], cwd=ROOT, check=False).returncode
        print(f"=== {name}: {time.monotonic() - began:.0f} s", flush=True)
        if status:
            failed.append(name)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
