"""`hotline catalogue check FILE [--dispatch FILE]`, `hotline catalogue suggest TEXT`."""

from __future__ import annotations

import argparse
from pathlib import Path

from base import settings
from workorders import catalogue_file
from workorders.catalogue import DEFAULT_PATH, Catalogue
from workorders.dispatch import assign
from workorders.duties import Duties, duties_of
from workorders.model import OrderDraft


def command(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="hotline catalogue", description="the catalogue of matters")
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="read a catalogue (.yml or .csv) and tell what is wrong with it")
    check.add_argument("file", type=Path)
    check.add_argument("--dispatch", type=Path, help="the city's own rules of dispatch, as orders.dispatch_file")
    suggest = commands.add_parser("suggest", help="the likeliest leaves for a text, why, and the unit")
    suggest.add_argument("text")
    suggest.add_argument("--district", default="")
    suggest.add_argument("--street", default="")
    asked = parser.parse_args(argv)
    orders = settings.load().orders
    if asked.command == "check":
        return _check(asked.file, duties_of(asked.dispatch or orders.dispatch_file))
    duties = duties_of(orders.dispatch_file)
    catalogue = Catalogue.load(orders.catalogue_file or DEFAULT_PATH, duties=duties)
    found = catalogue.suggest(asked.text)
    for suggestion in found:
        print(f"{suggestion.code} {catalogue.explain(asked.text, suggestion)}")
    draft = OrderDraft(
        "投诉", "", asked.text, "api", asked.district, asked.street, category=found[0] if found else None
    )
    assignment = assign(draft, duties)
    print(f"{assignment.mode} {assignment.unit}（抄送：{'、'.join(assignment.copies) or '无'}）：{assignment.reason}")
    return 0


def _check(file: Path, duties: Duties) -> int:
    read = catalogue_file.read(file, duties)
    without = read.without_duty
    print(f"{file}: version {read.version}, {len(read.leaves)} leaves, {len(without)} of them without a duty")
    for leaf in without:
        print(f"  {leaf.code} {leaf.path}")
    if without:
        print("Their orders go by place alone. A column `duty` of the table tells who answers for them, or rules of")
        print("the city's own: orders.dispatch_file in config.yml, tried here with --dispatch FILE.")
    return 0
