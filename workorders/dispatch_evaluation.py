"""`hotline eval dispatch [FILE]`: how often the first suggestion names the unit that must lead an order.

The file is a table like `data/dispatch_sample.tsv`, our own sample, which was labelled before the rules were written.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from base.errors import HotlineError
from workorders.catalogue import Catalogue
from workorders.dispatch import assign, office
from workorders.model import Assignment, OrderDraft, RequestType

SAMPLE: Final = Path(__file__).parent / "data" / "dispatch_sample.tsv"
_COLUMNS: Final = 7
_LANES: Final = {"-": "", "n": "neighbour", "c": "consumer", "m": "minors", "e": "enterprise"}
_MODES: Final = {"直": "直派", "协": "区级协调", "双": "双派"}


class DispatchSampleError(HotlineError):
    """The table is malformed; the message names the line."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """One order and what is right for it; `leads` has more than one unit where more than one is right."""

    draft: OrderDraft
    leads: tuple[str, ...]
    mode: str
    lane: str


def read_sample(path: Path = SAMPLE) -> list[Labelled]:
    """
    Raises:
        DispatchSampleError: the file is missing, or a line does not have the seven columns.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except OSError as error:
        raise DispatchSampleError(f"{path} cannot be read: {error}") from error
    return [_labelled(line, f"{path.name}:{number}") for number, line in enumerate(lines, 1) if line and line[0] != "#"]


def _labelled(line: str, where: str) -> Labelled:
    columns = line.split("\t")
    if len(columns) != _COLUMNS or columns[3] not in _LANES or columns[4] not in _MODES:
        raise DispatchSampleError(f"{where}: type, district, street, lane, mode, lead and text are expected")
    request_type, district, street, lane, mode, lead, text = ("" if c == "-" else c for c in columns)
    draft = OrderDraft(cast(RequestType, request_type), "", text, "web", district=district, street=street)
    leads = tuple(_name(entry, district, street) for entry in lead.split("|"))
    return Labelled(draft, leads, _MODES[mode], _LANES[lane or "-"])


def _name(lead: str, district: str, street: str) -> str:
    kind, _, name = lead.partition(":")
    if kind == "街":
        return office(district, street)
    if kind == "区府":
        return f"{district}人民政府"
    return f"{district}{name}" if kind == "区" else name


def first_suggestion(catalogue: Catalogue, draft: OrderDraft) -> Assignment:
    """What the product proposes for a draft that nobody has categorised."""
    found = catalogue.suggest(draft.detail, limit=1)
    category = found[0] if found else None
    return assign(
        OrderDraft(draft.request_type, "", draft.detail, draft.channel, draft.district, draft.street, category=category)
    )


def evaluate(catalogue: Catalogue, sample: Sequence[Labelled]) -> tuple[dict[str, Any], list[str]]:
    """Rates 0..1 of right units, modes and lanes, and a line for each order that went to a wrong unit."""
    if not sample:
        raise DispatchSampleError("the sample is empty")
    units = modes = lanes = 0
    wrong: list[str] = []
    for order in sample:
        said = first_suggestion(catalogue, order.draft)
        units += said.unit in order.leads
        modes += said.mode == order.mode
        lanes += said.lane == order.lane
        if said.unit not in order.leads:
            wrong.append(f"{said.unit} instead of {' or '.join(order.leads)}: {order.draft.detail}")
    n = len(sample)
    return {"n": n, "unit": round(units / n, 4), "mode": round(modes / n, 4), "lane": round(lanes / n, 4)}, wrong


def command(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="hotline eval dispatch", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("file", type=Path, nargs="?", default=SAMPLE)
    parser.add_argument("--json", action="store_true", help="print the JSON line alone")
    options = parser.parse_args(argv)
    result, wrong = evaluate(Catalogue.load(), read_sample(options.file))
    if not options.json:
        print("\n".join(wrong))
    print(json.dumps(result, ensure_ascii=False))
    return 0
