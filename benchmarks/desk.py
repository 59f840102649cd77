"""How soon a prefilled order is on a seat's screen, and what is left to do: `python -m benchmarks.desk [--orders 40]`.

A whole system and a real browser. Citizens tell a matter to the bot, answer some of its questions and ask for a
person; one seat takes each offer, completes what is required, files the order and ends the conversation.
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

from hotline.trial.desk import Filing, file_offered, log_in
from hotline.trial.system import System

MATTERS: Final = (
    "我要投诉，小区的路灯坏了三天了，晚上看不见路",
    "楼下饭馆半夜还在放音乐，吵得睡不着，我要投诉",
    "家里暖气一点都不热，屋里只有十五度，请帮忙解决",
    "马路上有个井盖不见了，很危险，请派人来看看",
    "共享单车把盲道堵死了，希望有人来清理",
    "物业把消防通道锁上了，我要举报",
    "自来水发黄有味道，已经两天了，请查一查",
    "工地夜里十二点还在施工，太吵了，我要投诉",
    "垃圾桶满了好几天没人收，臭气很大",
    "公交站的站牌倒了，建议尽快修好",
)
PLACES: Final = ("海淀区学院路街道", "朝阳区望京街道", "丰台区马家堡街道", "通州区梨园镇")


def percentile(values: list[float], part: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def summary(filings: list[Filing]) -> dict[str, object]:
    shown, keys = [one.shown_seconds for one in filings], [float(one.keys) for one in filings]
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
                matter = f"{PLACES[number % len(PLACES)]}，{MATTERS[number % len(MATTERS)]}"
                filings.append(file_offered(page, system, matter, answers=number % 4))
                print(f"{number + 1}: {filings[-1]}", flush=True)
            browser.close()
    finally:
        system.stop()
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(summary(filings), ensure_ascii=False))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
