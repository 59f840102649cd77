"""What is written down and answered when a citizen sends a place: its words, or where its degrees probably are."""

from __future__ import annotations

import asyncio
from typing import Final, NamedTuple

from gateway.core import Core
from gateway.places_api import around, in_words
from gateway.wechat import wording
from knowledge.points.coordinates import Datum

_DATUMS: Final[dict[str, Datum]] = {"WGS-84": "wgs84", "GCJ-02": "gcj02"}


class Told(NamedTuple):
    """`text`: the citizen's turn; `answer`: ours."""

    text: str
    answer: str


async def told_of(core: Core, words: str, longitude: float | None, latitude: float | None, datum: str) -> Told:
    """`datum` as a citizen's message names it. What is guessed is said to be a guess."""
    if words:
        return Told(f"[位置] {words}", wording.PLACE_KEPT.format(place=words))
    if longitude is None or latitude is None:
        return Told("[位置]", wording.PLACE_WITHOUT_NAME)
    place = in_words(await asyncio.to_thread(around, core, longitude, latitude, _DATUMS[datum]))
    if not place:
        return Told(f"[位置] {latitude}，{longitude}", wording.PLACE_WITHOUT_NAME)
    return Told(f"[位置] {latitude}，{longitude}（可能在{place}附近）", wording.PLACE_GUESSED.format(place=place))
