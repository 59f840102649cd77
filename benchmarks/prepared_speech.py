"""A system as it is on any day but its first: what is likely to be said has been rendered already.

The speech is kept between runs (the cache goes by content: a text, voice or normaliser that changed is rendered anew).
"""

from __future__ import annotations

import shutil
import sys
import time
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from benchmarks import conditions
from hotline.trial.system import System

LONGEST_SECONDS: Final = 1_500.0  # the sample knowledge base takes about ten minutes in the pauses of an idle phone
_KEPT: Final = conditions.RESULTS / "speech"
_STABLE_LOOKS: Final = 3  # the core sends its texts in several messages
_LOOK_SECONDS: Final = 6.0  # the phone tells its figures every 5 s


def bring(system: System) -> None:
    """Before the start: what earlier runs have rendered."""
    if _KEPT.is_dir():
        shutil.copytree(_KEPT, system.directory / "audio", dirs_exist_ok=True)


def finish(system: System) -> dict[str, float]:
    """Wait until nothing is left to prepare; how many texts had to be waited for, and how long (seconds).

    Raises:
        AssertionError: the phone is not done after 25 minutes.
    """
    began, looks, most = time.monotonic(), 0, 0.0
    while looks < _STABLE_LOOKS:
        waiting = _waiting(system)
        assert time.monotonic() - began < LONGEST_SECONDS, f"{waiting:.0f} texts still wait to be rendered"
        if waiting and not most:
            print(f"bench: {waiting:.0f} texts are rendered ahead …", file=sys.stderr, flush=True)
        most = max(most, waiting)
        looks = looks + 1 if waiting == 0 else 0
        time.sleep(_LOOK_SECONDS)
    shutil.copytree(system.directory / "audio", _KEPT, dirs_exist_ok=True)
    return {"texts_waited_for": most, "seconds": round(time.monotonic() - began, 1)}


def _waiting(system: System) -> float:
    status, body = system.get("/metrics")
    assert status == 200, (status, body)
    for family in text_string_to_metric_families(str(body)):
        if family.name == "hotline_phone_prerender_waiting":
            return sum(sample.value for sample in family.samples)
    return 1.0  # the phone has not told its figures yet
