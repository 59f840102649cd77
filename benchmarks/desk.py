"""How soon a prefilled order is on a seat's screen, and what is left to do: `python -m benchmarks.desk [--orders 40]`.

A whole system and a real browser. Citizens tell a matter to the bot, answer some of its questions and ask for a
person; one seat takes each offer, mends type, category and place where they are not what was said, completes what is
required, files the order and ends the conversation.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import tempfile
from collections import Counter
from pathlib import Path
from typing import Final

from playwright.sync_api import sync_playwright

from benchmarks.desk_matters import MATTERS
from hotline.trial.desk import Filing, file_offered, log_in
from hotline.trial.system import System

# A seat's seconds are computed, as no person sits here: reading at 6 Chinese characters a second (Brysbaert 2019: 260
# words a minute), the keystroke-level model of Card, Moran and Newell (1983) for the rest. Read are the citizen's words
# and the form; the bot's sentences, which a seat knows, are told apart.
_READ_A_SECOND: Final = 6.0
_KEY_SECONDS: Final = 0.28
_POINT_SECONDS: Final = 1.3
_LOOK_SECONDS: Final = 1.35  # at each field that is filled, and before each one that is mended


def percentile(values: list[float], part: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def seat_seconds(one: Filing, characters: int) -> float:
    """What a seat needs from taking the conversation to its end who reads so many characters, the machine's own time
    with it."""
    looks = one.filled + len(one.touched)
    hands = one.keys * _KEY_SECONDS + one.points * _POINT_SECONDS
    return one.seconds + characters / _READ_A_SECOND + looks * _LOOK_SECONDS + hands


def summary(filings: list[Filing]) -> dict[str, object]:
    shown, keys = [one.offer_seconds + one.shown_seconds for one in filings], [float(one.keys) for one in filings]
    needed = [seat_seconds(one, one.read_characters) for one in filings]
    reading_all = [seat_seconds(one, one.all_characters) for one in filings]
    return {
        "orders": len(filings),
        "offer_p50_s": round(statistics.median(one.offer_seconds for one in filings), 3),
        "prefilled_p50_s": round(statistics.median(shown), 3),
        "prefilled_max_s": round(max(shown), 3),
        "within_2_s": round(sum(seconds <= 2 for seconds in shown) / len(shown), 3),
        "fields_filled_mean": round(statistics.mean(one.filled for one in filings), 2),
        "fields_to_check_mean": round(statistics.mean(one.uncertain for one in filings), 2),
        "fields_touched_mean": round(statistics.mean(len(one.touched) for one in filings), 2),
        "touched": dict(Counter(key for one in filings for key in one.touched)),
        "keys_p50": statistics.median(keys),
        "keys_p95": percentile(keys, 0.95),
        "points_mean": round(statistics.mean(one.points for one in filings), 2),
        "untouched": sum(not one.touched for one in filings),
        "not_mended": dict(Counter(key for one in filings for key in one.not_mended)),
        "read_characters_p50": statistics.median(one.read_characters for one in filings),
        "seat_seconds_p50": round(statistics.median(needed), 1),
        "seat_seconds_p95": round(percentile(needed, 0.95), 1),
        "seat_seconds_max": round(max(needed), 1),
        "seat_seconds_reading_all_p50": round(statistics.median(reading_all), 1),
        "seat_seconds_reading_all_p95": round(percentile(reading_all, 0.95), 1),
        "machine_seconds_p50": round(statistics.median(one.seconds for one in filings), 2),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=40)
    count = parser.parse_args().orders
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("no Chromium on this machine (Debian: apt-get install chromium)")
    folder = Path(tempfile.mkdtemp(prefix="hl"))
    system = System(folder / "var", environment={"HOTLINE_SEATS__WRAP_UP_SECONDS": "0"})
    try:
        system.prepare()
        system.start()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            log_in(page, system, system.seat_login, system.seat_password)
            filings = []
            for number in range(count):
                matter = MATTERS[number % len(MATTERS)]
                filings.append(file_offered(page, system, matter.said, answers=number % 4, right=matter.right))
                print(f"{number + 1}: {filings[-1]} {matter.said}", flush=True)
            browser.close()
    finally:
        system.stop()
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(summary(filings), ensure_ascii=False))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
