"""Degrees: which system they are in, whether they can be right, and how far two places are apart.

Stored is **WGS-84** (what satellites and browsers give). Chinese maps show **GCJ-02** (高德, 腾讯), Baidu its own
BD-09 on top of it; both lie 100 to 700 m off. A table in one of these is converted when it is imported.
The shift is the published approximation (a polynomial with sines on the Krasovsky ellipsoid); its inverse is found by
iteration and is exact to well under a metre, which is finer than the entrances that the tables describe.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal, get_args

Datum = Literal["wgs84", "gcj02", "bd09"]
DATUMS: Final[tuple[str, ...]] = get_args(Datum)
_AXIS_M: Final = 6_378_245.0  # Krasovsky 1940
_ECCENTRICITY_SQUARED: Final = 0.006_693_421_622_965_943
_BAIDU_TURNS: Final = math.pi * 3000.0 / 180.0
EARTH_RADIUS_M: Final = 6_371_008.8


@dataclass(frozen=True, slots=True)
class Bounds:
    """The box in which a city's points lie, degrees of WGS-84."""

    west: float
    south: float
    east: float
    north: float

    def hold(self, longitude: float, latitude: float) -> bool:
        return self.west <= longitude <= self.east and self.south <= latitude <= self.north


def problem(longitude: float, latitude: float, bounds: Bounds) -> str:
    """Why these degrees cannot be a point of the city, in words for an editor; empty where they can."""
    if bounds.hold(longitude, latitude):
        return ""
    if bounds.hold(latitude, longitude):
        return "经度和纬度写反了"
    if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
        return "经纬度超出范围，应为度（例如经度 116.39、纬度 39.91）"
    return (
        f"经度 {longitude:.4f}、纬度 {latitude:.4f} 不在本市范围内"
        f"（经度 {bounds.west}–{bounds.east}，纬度 {bounds.south}–{bounds.north}）"
    )


def to_wgs84(longitude: float, latitude: float, datum: Datum) -> tuple[float, float]:
    """Longitude and latitude in WGS-84."""
    if datum == "wgs84":
        return longitude, latitude
    if datum == "bd09":
        longitude, latitude = _baidu_to_gcj(longitude, latitude)
    return _gcj_to_wgs(longitude, latitude)


def gcj02_of(longitude: float, latitude: float) -> tuple[float, float]:
    """Where a WGS-84 place is shown on a Chinese map."""
    east, north = _shift(longitude, latitude)
    return longitude + east, latitude + north


def distance_m(first: tuple[float, float], second: tuple[float, float]) -> float:
    """Metres between two (longitude, latitude) pairs along the earth."""
    (longitude1, latitude1), (longitude2, latitude2) = first, second
    phi1, phi2 = math.radians(latitude1), math.radians(latitude2)
    half = math.sin((phi2 - phi1) / 2) ** 2
    half += math.cos(phi1) * math.cos(phi2) * math.sin(math.radians(longitude2 - longitude1) / 2) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(half)))


def _gcj_to_wgs(longitude: float, latitude: float) -> tuple[float, float]:
    guess = (longitude, latitude)
    for _ in range(6):
        east, north = _shift(*guess)
        guess = (longitude - east, latitude - north)
    return guess


def _baidu_to_gcj(longitude: float, latitude: float) -> tuple[float, float]:
    x, y = longitude - 0.0065, latitude - 0.006
    radius = math.hypot(x, y) - 0.000_02 * math.sin(y * _BAIDU_TURNS)
    angle = math.atan2(y, x) - 0.000_003 * math.cos(x * _BAIDU_TURNS)
    return radius * math.cos(angle), radius * math.sin(angle)


def _shift(longitude: float, latitude: float) -> tuple[float, float]:
    """Degrees by which GCJ-02 moves a WGS-84 place to the east and to the north."""
    x, y = longitude - 105.0, latitude - 35.0
    root = math.sqrt(abs(x))
    common = (20.0 * math.sin(6.0 * x * math.pi) + 20.0 * math.sin(2.0 * x * math.pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + common
    north += (20.0 * math.sin(y * math.pi) + 40.0 * math.sin(y / 3.0 * math.pi)) * 2.0 / 3.0
    north += (160.0 * math.sin(y / 12.0 * math.pi) + 320.0 * math.sin(y * math.pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + common
    east += (20.0 * math.sin(x * math.pi) + 40.0 * math.sin(x / 3.0 * math.pi)) * 2.0 / 3.0
    east += (150.0 * math.sin(x / 12.0 * math.pi) + 300.0 * math.sin(x / 30.0 * math.pi)) * 2.0 / 3.0
    phi = math.radians(latitude)
    bend = 1.0 - _ECCENTRICITY_SQUARED * math.sin(phi) ** 2
    meridian = _AXIS_M * (1.0 - _ECCENTRICITY_SQUARED) / bend**1.5
    parallel = _AXIS_M / math.sqrt(bend) * math.cos(phi)
    return math.degrees(east / parallel), math.degrees(north / meridian)
