"""Under which conditions a figure was measured: machine, load by others, revision. Printed with every table."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import psutil

from base.settings import ROOT

RESULTS: Final = ROOT / "var" / "benchmarks"


def revision() -> str:
    """The commit that is checked out; `+` where files differ from it."""

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
        return done.stdout.strip()

    return (git("rev-parse", "--short", "HEAD") or "unknown") + ("+" if git("status", "--porcelain", "-uno") else "")


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown processor"


class Conditions:
    """Create before the measurement, ask `told` after it."""

    def __init__(self) -> None:
        self._began = datetime.now(UTC)
        self._load_before = psutil.getloadavg()

    def told(self) -> dict[str, Any]:
        """Load averages are those of 1 minute: before includes only others, after includes the measurement."""
        return {
            "began": self._began.isoformat(timespec="seconds"),
            "ended": datetime.now(UTC).isoformat(timespec="seconds"),
            "processor": _processor(),
            "cores": psutil.cpu_count(),
            "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
            "load_average_before": round(self._load_before[0], 2),
            "load_average_after": round(psutil.getloadavg()[0], 2),
            "revision": revision(),
        }


def lines(told: dict[str, Any]) -> list[str]:
    return [
        f"machine          {told['processor']}, {told['cores']} cores, {told['memory_gib']} GiB",
        f"load average     {told['load_average_before']} before, {told['load_average_after']} after (1 minute)",
        f"revision         {told['revision']}, {told['began']}",
    ]


def write(name: str, result: dict[str, Any]) -> Path:
    """Keep a result as `var/benchmarks/<name>.json`."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    target = RESULTS / f"{name}.json"
    target.write_text(json.dumps(result, ensure_ascii=False, indent=2), encoding="utf-8")
    return target


def percentile(values: list[float], share: float) -> float | None:
    """The value below which `share` of all lie (nearest rank); None without values."""
    if not values:
        return None
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))], 4)
