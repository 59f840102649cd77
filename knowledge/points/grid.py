"""The nearest of many places: a grid of square cells, searched ring by ring. Pure numpy, built once, then read only.

Longitude and latitude are laid flat around the middle of the points (an equirectangular projection): within one city
the error is under a thousandth of the distance.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from knowledge.points.coordinates import EARTH_RADIUS_M

CELL_M: Final = 1_000.0
Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


class Plane:
    """Degrees to metres east and north of an origin."""

    def __init__(self, longitude: float, latitude: float) -> None:
        self._longitude, self._latitude = longitude, latitude
        self._shrink = math.cos(math.radians(latitude))

    def metres(self, longitudes: Floats, latitudes: Floats) -> Floats:
        """An array of shape (n, 2)."""
        east = np.radians(longitudes - self._longitude) * self._shrink * EARTH_RADIUS_M
        north = np.radians(latitudes - self._latitude) * EARTH_RADIUS_M
        return np.column_stack([east, north])

    def point(self, longitude: float, latitude: float) -> Floats:
        flat: Floats = self.metres(np.array([longitude]), np.array([latitude]))[0]
        return flat


class Grid:
    """`metres`: the places, shape (n, 2). Answers are row numbers of that array."""

    def __init__(self, metres: Floats, *, cell_m: float = CELL_M) -> None:
        self._metres = metres
        self._cell_m = cell_m
        cells = np.floor(metres / cell_m).astype(np.int64)
        self._low = cells.min(axis=0) if len(cells) else np.zeros(2, np.int64)
        span = cells.max(axis=0) - self._low + 1 if len(cells) else np.ones(2, np.int64)
        self._columns, self._lines = int(span[0]), int(span[1])
        keys = (cells[:, 1] - self._low[1]) * self._columns + (cells[:, 0] - self._low[0])
        self._order: Rows = np.argsort(keys, kind="stable")
        self._starts = np.searchsorted(keys[self._order], np.arange(self._columns * self._lines + 1))

    def nearest(self, place: Floats, limit: int) -> tuple[Rows, Floats]:
        """The `limit` nearest rows with their distances in metres, nearest first."""
        if not len(self._metres) or limit < 1:
            return np.empty(0, np.int64), np.empty(0)
        column, line = (np.floor(place / self._cell_m).astype(np.int64) - self._low).tolist()
        # Rings that lie outside the grid altogether are empty: begin at the first that touches it.
        begin = max(0, -column, -line, column - self._columns + 1, line - self._lines + 1)
        end = max(column, line, self._columns - 1 - column, self._lines - 1 - line)
        rows, distances = np.empty(0, np.int64), np.empty(0)
        for ring in range(begin, end + 1):
            # Nothing in this ring can be nearer than its inner edge.
            if len(rows) >= limit and distances[limit - 1] <= (ring - 1) * self._cell_m:
                break
            found = self._ring(column, line, ring)
            if len(found):
                away = np.hypot(*(self._metres[found] - place).T)
                rows, distances = np.concatenate([rows, found]), np.concatenate([distances, away])
                best = np.argsort(distances, kind="stable")[:limit]
                rows, distances = rows[best], distances[best]
        return rows[:limit], distances[:limit]

    def _ring(self, column: int, line: int, ring: int) -> Rows:
        """The rows in the cells that are exactly `ring` cells away; neighbouring cells of a line are one slice."""
        slices: list[Rows] = []
        left, right = max(0, column - ring), min(self._columns - 1, column + ring)
        for edge in {line - ring, line + ring}:
            if 0 <= edge < self._lines and left <= right:
                slices.append(self._between(edge, left, right))
        for side in {column - ring, column + ring} if ring else ():
            if 0 <= side < self._columns:
                low, high = max(0, line - ring + 1), min(self._lines - 1, line + ring - 1)
                slices += [self._between(between, side, side) for between in range(low, high + 1)]
        return np.concatenate(slices) if slices else np.empty(0, np.int64)

    def _between(self, line: int, left: int, right: int) -> Rows:
        first = line * self._columns
        return self._order[self._starts[first + left] : self._starts[first + right + 1]]
