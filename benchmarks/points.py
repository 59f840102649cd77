"""Service points at scale: the nearest of a kind among 84,000, coordinates and streets, details from the database.

`python -m benchmarks.points [POINTS]`. The points are synthetic: kinds, districts and streets of the sample table at
random places within about 60 km. Measured is the whole answer, the query for the details included.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from base.clock import SystemClock
from base.sections.node import DataSettings
from base.settings import Settings
from benchmarks.conditions import Conditions, lines, percentile, write
from knowledge.points import kinds, samples, store
from knowledge.points.importer import read_points
from knowledge.points.point import ServicePoint
from knowledge.points.service import PointService, Where
from storage.engine import Database
from storage.tables import Base

POINTS: Final = 84_000
QUESTIONS: Final = 400
SPREAD_DEGREES: Final = 0.5


def scattered(count: int) -> list[ServicePoint]:
    """The sample's points, each many times, at random places around where it lies."""
    random = np.random.default_rng(4)
    sample = read_points(samples.TABLE, bounds=kinds.default().bounds)
    points = []
    for number, (east, north) in enumerate(random.uniform(-SPREAD_DEGREES, SPREAD_DEGREES, (count, 2)).tolist()):
        one = sample[number % len(sample)]
        place = {"longitude": one.longitude + east, "latitude": one.latitude + north}
        points.append(replace(one, id=f"p{number}", name=f"{one.name}{number}", **place))
    return points


async def measure(count: int, folder: Path) -> dict[str, Any]:
    settings = Settings(data=DataSettings(directory=folder))
    points = scattered(count)
    database = Database(settings.database_url)
    service = PointService(database)
    try:
        async with database.engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        began = time.perf_counter()
        await store.save(database, points, now=SystemClock().now())
        saved = time.perf_counter() - began
        began = time.perf_counter()
        await service.refresh()
        result: dict[str, Any] = {"points": count, "saved_seconds": round(saved, 1)}
        result["loaded_seconds"] = round(time.perf_counter() - began, 1)
        random = np.random.default_rng(5)
        asked = [points[row] for row in random.integers(0, count, QUESTIONS)]
        result["coordinates"] = await _asked(
            service, [(one.kind, Where(coordinates=(one.longitude, one.latitude))) for one in asked]
        )
        result["street"] = await _asked(
            service, [(one.kind, Where(district=one.district, street=one.street)) for one in asked if one.street]
        )
        result["landmark"] = await _asked(service, [(one.kind, Where(landmark=one.name[:6])) for one in asked[:50]])
        return result
    finally:
        await service.close()
        await database.close()


async def _asked(service: PointService, questions: list[tuple[str, Where]]) -> dict[str, float | None]:
    seconds = []
    for kind, where in questions:
        began = time.perf_counter()
        await service.nearest(kind, where)
        seconds.append((time.perf_counter() - began) * 1000)
    return {"p50_ms": percentile(seconds, 0.5), "p95_ms": percentile(seconds, 0.95)}


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.points", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("points", nargs="?", type=int, default=POINTS)
    count = parser.parse_args(argv).points
    conditions = Conditions()
    with tempfile.TemporaryDirectory() as folder:
        result = asyncio.run(measure(count, Path(folder)))
    print(f"{count:,} points, saved in {result['saved_seconds']} s, loaded in {result['loaded_seconds']} s")
    for name in ("coordinates", "street", "landmark"):
        print(f"  by {name:<12} p50 {result[name]['p50_ms']:.1f} ms, p95 {result[name]['p95_ms']:.1f} ms")
    told = conditions.told()
    print("\n".join(lines(told)))
    print(write("points", {"conditions": told, **result}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
