"""Which entries may be said at a moment, to somebody of a district: one mask over all, ahead of the ranking."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

import numpy as np
import numpy.typing as npt

from knowledge.entry import Entry

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class EntryFilters:
    """The filtered properties as arrays, because asking 180,000 entries one by one takes longer than the search.

    Args:
        ends: POSIX seconds at which each entry expires, infinity for those that do not. public: sensitivity.
        districts: number of the district whose entry it is, -1 where it holds everywhere. numbers: of the districts.
        places: of the entries, by id; of two with one id the later one. live: False for the earlier one, and for those
        withdrawn since.
    """

    ends: npt.NDArray[np.float64]
    public: Mask
    districts: npt.NDArray[np.int32]
    numbers: dict[str, int]
    places: dict[str, int]
    live: Mask

    @classmethod
    def of(cls, entries: Sequence[Entry]) -> Self:
        numbers: dict[str, int] = {}
        ends = [entry.ends() for entry in entries]
        districts = [
            numbers.setdefault(entry.scope, len(numbers)) if entry.scope.endswith("区") else -1 for entry in entries
        ]
        places = {entry.id: place for place, entry in enumerate(entries)}
        return cls(
            np.array([np.inf if end is None else end.timestamp() for end in ends], dtype=np.float64),
            np.array([entry.sensitivity == "public" for entry in entries], dtype=bool),
            np.array(districts, dtype=np.int32),
            numbers,
            places,
            np.array([places[entry.id] == place for place, entry in enumerate(entries)], dtype=bool),
        )

    def without(self, identifiers: Iterable[str]) -> Self:
        """The same with some entries never said: they were withdrawn."""
        live = self.live.copy()
        live[[self.places[identifier] for identifier in identifiers if identifier in self.places]] = False
        return replace(self, live=live)

    def allowed(self, now: datetime, *, district: str | None = None, stale: Iterable[str] = ()) -> Mask:
        """Not expired, public, not of another district than the caller's (where that is known), not just changed."""
        mask = self.live & self.public & (self.ends > now.timestamp())
        if district is not None:
            mask &= (self.districts < 0) | (self.districts == self.numbers.get(district, -2))
        mask[[self.places[identifier] for identifier in stale if identifier in self.places]] = False
        return mask
