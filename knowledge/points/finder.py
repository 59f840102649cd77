"""Which points of a kind are the nearest to a place. Pure: built from rows, read by any thread; no details are held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np

from knowledge.points.grid import Floats, Grid, Plane, Rows

Key = TypeVar("Key")
SCATTERED_M: Final = 2_500.0  # places of one name that lie further apart are several places
_AROUND_M: Final = 1_000.0  # what lies further away says nothing about a place
_NEIGHBOURS: Final = 5
_AGREED: Final = 0.6  # of the neighbours' votes; the nearer, the more a vote counts
_BESIDE_M: Final = 50.0  # nearer than this is as near as can be: entrances are no nearer to each other


@dataclass(frozen=True, slots=True)
class Located:
    """What the finder needs of a point; degrees of WGS-84."""

    id: str
    kind: str
    name: str
    district: str
    street: str
    longitude: float
    latitude: float
    sample: bool = False


@dataclass(frozen=True, slots=True)
class Around:
    """Where a place probably is, as the points around it say. `street` is empty where they do not agree on one."""

    district: str
    street: str = ""


@dataclass(frozen=True, slots=True)
class Near:
    id: str
    distance_m: int


class PointFinder:
    def __init__(self, points: Sequence[Located] = ()) -> None:
        self.ids = [point.id for point in points]
        self._longitudes = np.array([point.longitude for point in points], np.float64)
        self._latitudes = np.array([point.latitude for point in points], np.float64)
        middle = (float(np.median(self._longitudes)), float(np.median(self._latitudes))) if points else (0.0, 0.0)
        self._plane = Plane(*middle)
        self._metres = self._plane.metres(self._longitudes, self._latitudes)
        self._of_kind = _rows_by([point.kind for point in points])
        self._of_district = _rows_by([point.district for point in points])
        self._of_street = _rows_by([(point.district, point.street) if point.street else None for point in points])
        self._grids = {kind: Grid(self._metres[rows]) for kind, rows in self._of_kind.items()}
        self._placed = [(point.district, point.street) for point in points]
        self._real = np.array([n for n, one in enumerate(points) if one.district and not one.sample], np.int64)
        self._all_real = Grid(self._metres[self._real])
        self.names: dict[str, tuple[str, ...]] = {}
        for point in points:
            self.names[point.name] = (*self.names.get(point.name, ()), point.id)
        self._row_of = {identifier: row for row, identifier in enumerate(self.ids)}

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(self._of_kind)

    def count(self, kind: str, district: str = "") -> int:
        return len(self._rows(kind, district))

    def of_district(self, kind: str, district: str, limit: int) -> list[str]:
        """The first ids of a kind in a district, in the order of the table."""
        return [self.ids[row] for row in self._rows(kind, district)[:limit]]

    def middle_of_street(self, district: str, street: str) -> tuple[float, float] | None:
        """Longitude and latitude of the middle of everything known in a street or township; None: nothing is known."""
        rows = self._of_street.get((district, street))
        return None if rows is None else self._middle(rows)

    def middle_of(self, identifiers: Sequence[str]) -> tuple[float, float] | None:
        """The middle of some points, None where they lie too far apart to be one place, or there are none."""
        rows = np.array(
            [self._row_of[identifier] for identifier in identifiers if identifier in self._row_of], np.int64
        )
        if not len(rows):
            return None
        longitude, latitude = self._middle(rows)
        away = np.hypot(*(self._metres[rows] - self._plane.point(longitude, latitude)).T)
        return (longitude, latitude) if float(np.percentile(away, 90)) <= SCATTERED_M else None

    def nearest(self, kind: str, longitude: float, latitude: float, limit: int) -> list[Near]:
        """The nearest points of a kind to a place in WGS-84, nearest first."""
        grid = self._grids.get(kind)
        if grid is None:
            return []
        rows, distances = grid.nearest(self._plane.point(longitude, latitude), limit)
        own = self._of_kind[kind][rows]
        return [Near(self.ids[row], round(away)) for row, away in zip(own.tolist(), distances.tolist(), strict=True)]

    def around(self, longitude: float, latitude: float) -> Around | None:
        """The district, and perhaps the street, of a place in WGS-84, told by its neighbours; None where there are none
        or they do not agree. A guess: a border may run between the place and all of them."""
        rows, distances = self._all_real.nearest(self._plane.point(longitude, latitude), _NEIGHBOURS)
        votes = [
            (self._placed[self._real[row]], 1 / max(away, _BESIDE_M))
            for row, away in zip(rows.tolist(), distances.tolist(), strict=True)
            if away <= _AROUND_M
        ]
        district = _agreed([(district, weight) for (district, _), weight in votes])
        street = _agreed([(street if of == district else "", weight) for (of, street), weight in votes])
        return Around(district, street) if district else None

    def _rows(self, kind: str, district: str) -> Rows:
        rows = self._of_kind.get(kind, np.empty(0, np.int64))
        if not district:
            return rows
        return np.intersect1d(rows, self._of_district.get(district, np.empty(0, np.int64)), assume_unique=True)

    def _middle(self, rows: Rows) -> tuple[float, float]:
        def median(values: Floats) -> float:
            return float(np.median(values[rows]))

        return median(self._longitudes), median(self._latitudes)


def _agreed(votes: Sequence[tuple[str, float]]) -> str:
    """What most of them say; empty where no answer has enough of them."""
    counted: dict[str, float] = {}
    for said, weight in votes:
        counted[said] = counted.get(said, 0.0) + weight
    best = max(counted, key=lambda said: counted[said], default="")
    return best if counted and counted[best] >= _AGREED * sum(counted.values()) else ""


def _rows_by(keys: Sequence[Key | None]) -> dict[Key, Rows]:
    """Row numbers by key; rows without a key are left out."""
    grouped: dict[Key, list[int]] = {}
    for row, key in enumerate(keys):
        if key is not None:
            grouped.setdefault(key, []).append(row)
    return {key: np.array(rows, np.int64) for key, rows in grouped.items()}
