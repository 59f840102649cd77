"""The units that the rules of dispatch can name: streets and townships, bodies of the districts and of the city,
companies, and the centre's own dispatch desk."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Final

import yaml

from base.errors import ConfigurationError
from workorders import dispatch
from workorders.duties import STREET, Duties, duties_of

PLACES: Final = Path(__file__).resolve().parent.parent / "bot" / "entities" / "places_beijing.yml"


@lru_cache(maxsize=1)
def districts_and_streets() -> dict[str, list[str]]:
    """
    Raises:
        ConfigurationError: the list of streets cannot be read.
    """
    try:
        districts: dict[str, list[str]] = yaml.safe_load(PLACES.read_text("utf-8"))["districts"]
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise ConfigurationError(f"the list of streets {PLACES.name} cannot be read: {error}") from error
    return districts


@lru_cache(maxsize=2)
def known_units(dispatch_file: Path | None = None) -> frozenset[str]:
    """
    Args:
        dispatch_file: the city's own rules of dispatch; None: ours.

    Raises:
        ConfigurationError: the rules or the list of streets cannot be read.
    """
    return units_of(duties_of(dispatch_file), districts_and_streets())


def units_of(duties: Duties, districts: dict[str, list[str]]) -> frozenset[str]:
    """Every name that `dispatch.assign` may give to an order with these rules and places."""
    named = {duty for entry in duties.table.values() for duty in entry.values()}
    for lane in duties.lanes:
        named |= {lane.unit, lane.copy, *(unit for unit, _ in lane.units)}
    units = {dispatch.CENTRE, "市公安局", *dispatch.COMPANIES, *bodies_of(named, districts)}
    for district, streets in districts.items():
        units |= {f"{district}人民政府", f"{district}公安分局"}
        units |= {dispatch.office(district, street) for street in streets}
    return frozenset(units)


def bodies_of(named: Iterable[str], districts: Iterable[str]) -> set[str]:
    """What duties (`workorders/duties.py`) mean in each of the districts, and where the district is unknown."""
    places = ("", *districts)
    return {dispatch.body_of(duty, district) for duty in {*named} - {"", STREET} for district in places}


def near(name: str, known: frozenset[str]) -> list[str]:
    """At most three known units whose names are like `name`, the nearest first."""
    return difflib.get_close_matches(name, sorted(known), n=3, cutoff=0.6)
