"""`hotline catalogue check FILE`, `hotline catalogue suggest TEXT`."""

from __future__ import annotations

import argparse
from pathlib import Path

from workorders import catalogue_file
from workorders.catalogue import Catalogue
from workorders.dispatch import assign
from workorders.duties import default_duties
from workorders.model import OrderDraft


def command(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="hotline catalogue", description="the catalogue of matters")
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="read a catalogue (.yml or .csv) and tell what is wrong with it")
    check.add_argument("file", type=Path)
    suggest = commands.add_parser("suggest", help="the likeliest leaves for a text, why, and the unit")
    suggest.add_argument("text")
    suggest.add_argument("--district", default="")
    suggest.add_argument("--street", default="")
    asked = parser.parse_args(argv)
    if asked.command == "check":
        read = catalogue_file.read(asked.file, default_duties())
        without = sum(not leaf.duty for leaf in read.leaves)
        print(f"{asked.file}: version {read.version}, {len(read.leaves)} leaves, {without} of them without a duty")
        return 0
    catalogue = Catalogue.load()
    found = catalogue.suggest(asked.text)
    for suggestion in found:
        print(f"{suggestion.code} {catalogue.explain(asked.text, suggestion)}")
    draft = OrderDraft(
        "投诉", "", asked.text, "api", asked.district, asked.street, category=found[0] if found else None
    )
    assignment = assign(draft)
    print(f"{assignment.mode} {assignment.unit}（抄送：{'、'.join(assignment.copies) or '无'}）：{assignment.reason}")
    return 0
