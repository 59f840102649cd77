"""Three times more calls than can be served: `python -m benchmarks.overload`. Are the promises kept, is nobody lost?

A whole system that serves few calls at once gets calls at an even rate, `--load` times what it can serve. Who is served
at once listens for `--serves` seconds. Who has to wait listens too; every second of them presses 1 and # for a
call-back, the others give up after a while. Their numbers are known, so each must be left with a call-back.

Musts: of those served at once 99 % hear the bot within 15 s, of the others 99 % something within 3 s; everybody is one
contact with one outcome, and each who was not served is to be called back. Prints a table, writes
`var/benchmarks/overload.json`; status 1 where a must is missed.
"""

from __future__ import annotations

import argparse
import re
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final

import psutil

from base.settings import ROOT
from benchmarks import conditions, listening_callers, stored
from benchmarks.crowded import crowded_system
from benchmarks.listening_callers import BEAT_SECONDS, Listener, ListeningCallers
from hotline.trial.system import System

GREETED_WITHIN_SECONDS: Final = 15.0
TOLD_WITHIN_SECONDS: Final = 3.0
SHARE: Final = 0.99
_KEYS: Final = ((9.0, "1"), (15.0, "#"))  # seconds after the answer: the offer is made, the number is read back
_GIVES_UP_SECONDS: Final = 20.0
_CALLBACK_SECONDS: Final = 30.0  # until goodbye has been said
_SETTLE_SECONDS: Final = 8.0
_SERVED: Final = re.compile(r"call_served.*?call_id=(\S+).*?waited_seconds=([\d.]+)")


def place(system: System, calls: int, rate: float, serves_seconds: float) -> list[Listener]:
    """All callers to their end. Who has been served for `serves_seconds` hangs up."""
    callers = ListeningCallers(system.sip_port)
    try:
        began = time.time()
        with system.log.open(encoding="utf-8", errors="replace") as log:
            log.seek(0, 2)
            served_at: dict[str, float] = {}
            while len(callers.calls) < calls or callers.at_once:
                now = time.time()
                if len(callers.calls) < calls and now - began >= len(callers.calls) / rate:
                    number = len(callers.calls)
                    stays = _CALLBACK_SECONDS if number % 2 else _GIVES_UP_SECONDS
                    callers.ring(f"139{number:08d}", stays, keys=_KEYS if number % 2 else ())
                for call_id, _ in _SERVED.findall(log.read()):
                    served_at[call_id] = now
                for call in callers.calls:
                    since = served_at.get(call.call_id)
                    if since is not None and now - since < 1.0:
                        call.keys = ()
                    if since is not None and now - since >= serves_seconds:
                        callers.hang_up(call)
                callers.beat()
                time.sleep(BEAT_SECONDS)
        callers.settle(_SETTLE_SECONDS)
    finally:
        callers.close()
    return callers.calls


def contacts_of(database: Path) -> tuple[dict[str, list[str | None]], dict[str, str], set[str]]:
    """Outcomes by call id, how each ended, and the call ids of those with an open call-back."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        rows = connection.execute(
            "SELECT call_id, outcome, status, outcome_detail FROM conversations WHERE channel = 'phone'"
        ).fetchall()
        called_back = connection.execute(
            "SELECT c.call_id FROM callbacks t JOIN conversations c ON c.id = t.conversation_id WHERE t.status = 'open'"
        ).fetchall()
    outcomes: dict[str, list[str | None]] = {}
    ends: dict[str, str] = {}
    opened = stored.json_opener(database, "conversations.outcome_detail")
    for call_id, outcome, status, detail in rows:
        outcomes.setdefault(call_id, []).append(outcome if status == "ended" else None)
        ends[call_id] = opened(detail).get("ended_by", "")
    return outcomes, ends, {call_id for (call_id,) in called_back}


def measure(system: System, calls: int, rate: float, serves_seconds: float) -> dict[str, Any]:
    load_before = psutil.getloadavg()[0]
    all_calls = place(system, calls, rate, serves_seconds)
    waited = {call_id: float(seconds) for call_id, seconds in _SERVED.findall(system.log.read_text("utf-8", "replace"))}
    at_once = [call for call in all_calls if waited.get(call.call_id) == 0.0]
    later = [call for call in all_calls if waited.get(call.call_id, 0.0) > 0.0]
    others = [call for call in all_calls if call.call_id not in waited and call.answered]
    outcomes, ends, called_back = contacts_of(system.directory / "hotline.db")
    answered = [call for call in all_calls if call.answered]
    return {
        "calls": len(all_calls),
        "rate": rate,
        "answered": len(answered),
        "served_at_once": len(at_once),
        "served_later": len(later),
        "not_served": len(others),
        "greeted_in_time": _within(at_once, GREETED_WITHIN_SECONDS),
        "told_in_time": _within([*later, *others], TOLD_WITHIN_SECONDS),
        "at_once": listening_callers.summary(at_once),
        "others": listening_callers.summary([*later, *others]),
        "waited_p50_seconds": conditions.percentile([waited[call.call_id] for call in later], 0.5),
        "outcomes": dict(Counter(str(found[0]) for found in outcomes.values())),
        "without_one_outcome": sum(
            len(outcomes.get(call.call_id, [])) != 1 or outcomes[call.call_id][0] is None for call in answered
        ),
        "not_served_without_callback": sum(call.call_id not in called_back for call in others),
        "ends_of_not_served": dict(Counter(ends.get(call.call_id, "none") for call in others)),
        "load_average": [round(load_before, 2), round(psutil.getloadavg()[0], 2)],
    }


def _within(calls: list[Listener], seconds: float) -> float | None:
    """The share of them who heard something so soon after they rang."""
    heard = [call.heard_after_seconds for call in calls]
    return round(sum(after is not None and after <= seconds for after in heard) / len(heard), 4) if heard else None


def sound(result: dict[str, Any]) -> bool:
    kept = all((result[share] or 0.0) >= SHARE for share in ("greeted_in_time", "told_in_time"))
    return kept and not (result["without_one_outcome"] or result["not_served_without_callback"])


def main(at_once: int, load: float, seconds: float, serves_seconds: float) -> dict[str, Any]:
    told = conditions.Conditions()
    rate = load * at_once / serves_seconds
    calls = round(rate * seconds)
    with tempfile.TemporaryDirectory(prefix="hlo") as name:
        system = crowded_system(Path(name), at_once=at_once, places=calls)
        system.prepare()
        system.start()
        try:
            result = measure(system, calls, rate, serves_seconds)
        finally:
            system.stop()
    return {"conditions": told.told(), "at_once_limit": at_once, "load": load, **result}


def table(result: dict[str, Any]) -> str:
    shown = (key for key in result if key != "conditions")
    lines = [*conditions.lines(result["conditions"]), ""]
    lines += [f"{key.replace('_', ' '):<30}{result[key]}" for key in shown]
    return "\n".join([*lines, "sound" if sound(result) else "NOT sound"])


def command(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overload", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--at-once", type=int, default=4, help="calls that are served at once")
    parser.add_argument("--load", type=float, default=3.0, help="offered calls over what can be served")
    parser.add_argument("--seconds", type=float, default=60.0, help="so long calls come in")
    parser.add_argument("--serves", type=float, default=10.0, help="seconds of a served call")
    arguments = parser.parse_args(argv)
    result = main(arguments.at_once, arguments.load, arguments.seconds, arguments.serves)
    target = conditions.write("overload", result)
    print(table(result))
    print(f"\nwritten to {target.relative_to(ROOT)}")
    return 0 if sound(result) else 1


if __name__ == "__main__":
    raise SystemExit(command(sys.argv[1:]))
