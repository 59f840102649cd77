"""The one door to the service points for the running product: fresh within seconds, asked by place or coordinates."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy.exc import SQLAlchemyError

from base.logs import get_logger
from knowledge.points import kinds as kind_room
from knowledge.points import store
from knowledge.points.coordinates import distance_m
from knowledge.points.finder import Around, PointFinder
from knowledge.points.kinds import Kinds
from knowledge.points.point import NearPoint, ServicePoint
from storage.engine import Database

_log = get_logger(__name__)
_SETTLE_SECONDS: Final = 5.0
_LANDMARK_CHARACTERS: Final = 2  # fewer are found everywhere
_FEW: Final = 3  # so many of a district are simply told
_MOST: Final = 50

Verdict = Literal["found", "listed", "where", "where_in_district", "which_place", "unknown_place", "none"]


@dataclass(frozen=True, slots=True)
class Where:
    """Where somebody is, as far as they said it. `coordinates`: longitude and latitude, WGS-84.

    `choices`: (district, street) pairs that an ambiguous name may mean.
    """

    district: str = ""
    street: str = ""
    landmark: str = ""
    coordinates: tuple[float, float] | None = None
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class PointAnswer:
    """`verdict`:

    found: `points`, the nearest first; listed: some of a district, in no order of distance (`total` there in all);
    where: the place is not known; where_in_district: only the district is, and it has many;
    which_place: `choices` are the places that may be meant; unknown_place: nothing is known of the place named;
    none: there is no point of this kind at all. `place` is what the answer refers to, in words.
    """

    verdict: Verdict
    kind: str
    place: str = ""
    points: tuple[NearPoint, ...] = ()
    total: int = 0
    choices: tuple[str, ...] = ()


class PointService:
    def __init__(self, database: Database, *, poll_seconds: float = 5.0, kinds: Kinds | None = None) -> None:
        self._database = database
        self._poll_seconds = poll_seconds
        self._listed = kinds or kind_room.default()
        self._kinds = self._listed
        self._finder = PointFinder()
        self._revision = -1
        self._stop = asyncio.Event()
        self._building = asyncio.Lock()
        self._watcher: asyncio.Task[None] | None = None

    @property
    def kinds(self) -> Kinds:
        return self._kinds

    @property
    def names(self) -> dict[str, tuple[str, ...]]:
        """Names of points with the ids that bear them."""
        return self._finder.names

    async def start(self) -> None:
        await self.refresh()
        self._watcher = asyncio.create_task(self._watch(), name="points-watch")

    async def close(self) -> None:
        """End the watch at its next pause; one that is still building after five seconds is cancelled."""
        self._stop.set()
        if self._watcher is not None:
            await asyncio.wait([self._watcher], timeout=_SETTLE_SECONDS)
            self._watcher.cancel()
            await asyncio.gather(self._watcher, return_exceptions=True)
            self._watcher = None

    async def refresh(self) -> None:
        """Build the finder anew where the points have changed."""
        async with self._building:
            async with self._database.read() as session:
                number = await store.revision(session)
                if number == self._revision:
                    return
                rows = await store.located(session)
            finder = await asyncio.to_thread(PointFinder, rows)
            self._finder, self._kinds = finder, self._listed.with_own_names(finder.kinds)
            self._revision = number
            _log.info("service points ready", points=len(finder), revision=number)

    def around(self, longitude: float, latitude: float) -> Around | None:
        """Where a place of WGS-84 probably is (`PointFinder.around`)."""
        return self._finder.around(longitude, latitude)

    async def nearest(self, kind: str, where: Where, *, limit: int = 3, list_anyway: bool = False) -> PointAnswer:
        """The nearest points of a kind. `list_anyway`: some of the district where no more can be learned of the place.

        Details come from the database at each question: a point that was removed is gone at once.
        """
        finder, limit = self._finder, max(1, min(limit, _MOST))
        if finder.count(kind) == 0:
            return PointAnswer("none", kind)
        if where.coordinates is not None:
            return await self._found(kind, "您的位置", where.coordinates, limit)
        if where.choices:
            return PointAnswer("which_place", kind, choices=tuple(dict.fromkeys(map("".join, where.choices)))[:_FEW])
        if where.landmark and (known := await self._by_landmark(kind, where, limit)) is not None:
            return known
        if where.street and (middle := finder.middle_of_street(where.district, where.street)) is not None:
            return await self._found(kind, f"{where.district}{where.street}", middle, limit)
        if where.district:
            return await self._in_district(kind, where, limit, list_anyway=list_anyway)
        if where.landmark or where.street:
            return PointAnswer("unknown_place", kind, place=where.landmark or where.street)
        return PointAnswer("where", kind)

    async def named(self, name: str, *, limit: int = 3) -> PointAnswer:
        """The points of exactly this name."""
        points = await self._details(self.names.get(name, ())[:limit])
        if not points:
            return PointAnswer("none", name)
        return PointAnswer("listed", name, points=tuple(map(NearPoint, points)), total=len(self.names[name]))

    async def _by_landmark(self, kind: str, where: Where, limit: int) -> PointAnswer | None:
        """A place that the tables mention in names and addresses; None where they do not."""
        if len(where.landmark) < _LANDMARK_CHARACTERS:
            return None
        async with self._database.read() as session:
            mentions = await store.mentioning(session, where.landmark, district=where.district)
        if not mentions:
            return None
        middle = self._finder.middle_of([point.id for point in mentions])
        if middle is not None:
            return await self._found(kind, where.landmark, middle, limit)
        places = dict.fromkeys(f"{point.district}{point.street}" for point in mentions if point.district)
        if len(places) < 2:
            return None
        return PointAnswer("which_place", kind, place=where.landmark, choices=tuple(places)[:_FEW])

    async def _in_district(self, kind: str, where: Where, limit: int, *, list_anyway: bool) -> PointAnswer:
        total = self._finder.count(kind, where.district)
        if total == 0:
            return PointAnswer("none", kind, place=where.district)
        if total > _FEW and not list_anyway:
            return PointAnswer("where_in_district", kind, place=where.district, total=total)
        points = await self._details(self._finder.of_district(kind, where.district, limit))
        return PointAnswer("listed", kind, where.district, tuple(map(NearPoint, points)), total)

    async def _found(self, kind: str, place: str, at: tuple[float, float], limit: int) -> PointAnswer:
        near = self._finder.nearest(kind, *at, limit)
        points = await self._details([found.id for found in near])
        if not points:
            return PointAnswer("none", kind)
        shown = [
            NearPoint(point, round(distance_m(at, (point.longitude, point.latitude))))  # it may have moved meanwhile
            for point in points
        ]
        return PointAnswer("found", kind, place, tuple(shown), self._finder.count(kind))

    async def _details(self, identifiers: Sequence[str]) -> list[ServicePoint]:
        async with self._database.read() as session:
            return await store.by_ids(session, identifiers)

    async def _watch(self) -> None:
        while not await self._pause():
            try:
                await self.refresh()
            except (SQLAlchemyError, OSError, ValueError) as error:
                _log.error("service points could not be read; the last ones go on answering", error=str(error))

    async def _pause(self) -> bool:
        """Wait for the next look; True when the service closes."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), self._poll_seconds)
        return self._stop.is_set()
