"""A run in the terminal: a table, and the course of the hour in small curves."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from hotline.simulation.report import Report
from hotline.simulation.scenario import Number
from hotline.simulation.tally import Minute

_BARS: Final = "▁▂▃▄▅▆▇█"
_CURVE_COLUMNS: Final = 60


def render(made: Report, minutes: Sequence[Minute], connected_within_seconds: float) -> RenderableType:
    table = Table("figure", "value", title=f"{made.nodes} nodes, {made.seats} seats", title_justify="left")
    for name, value in rows(made, connected_within_seconds):
        table.add_row(name, value)
    return Group(table, Text(""), *curves(minutes))


def rows(made: Report, connected_within_seconds: float) -> list[tuple[str, str]]:
    return [
        ("callers in the hour, attempts of each", f"{made.callers:,}, {made.attempts_a_caller:.2f}"),
        (f"attempts connected within {connected_within_seconds:.0f} s", _told(made.connected, made.enough_nodes)),
        ("wait for the greeting p50 / p95 / p99",
         f"{made.wait_p50_seconds:.1f} / {made.wait_p95_seconds:.1f} / {made.wait_p99_seconds:.1f} s"),
        ("attempts given up in the waiting room, refused", f"{made.gave_up:.2%}, {made.refused:.2%}"),
        ("callers by outcome", ", ".join(f"{name} {share:.1%}" for name, share in made.outcomes.items() if share)),
        ("wanted a person, had one in time", f"{made.seat_wanted:,}, {_told(made.seat_in_time, made.enough_seats)}"),
        ("wait for a person p50 / p90, without one",
         f"{made.seat_wait_p50_seconds:.1f} / {made.seat_wait_p90_seconds:.1f} s, {made.abandoned_seat:.1%}"),
        ("call-backs open at most, attempts, reached",
         f"{made.callbacks_promised_most_open:,}, {made.callbacks_made:,}, {made.callbacks_reached:,}"),
        ("call-backs: last attempt after the hour, left",
         f"{made.callbacks_done_minutes:.0f} min, {made.callbacks_open:,} (given up {made.callbacks_given_up:,})"),
        ("calls at once, at most", f"{made.most_calls_at_once:,}"),
        ("node seconds under strain", f"{made.strained:.2%}"),
        ("cores of the nodes, busy on average / at the peak",
         f"{made.cores:,}, {made.cores_busy_mean:.0f} / {made.cores_busy_peak:.0f}"),
        ("memory of the nodes", f"{made.memory_gib:,.0f} GiB"),
    ]  # fmt: skip


def curves(minutes: Sequence[Minute]) -> list[RenderableType]:
    """Each over the whole run, its greatest value beside it."""
    chosen: list[tuple[str, list[float], str]] = [
        ("attempts a minute", [float(minute.attempts) for minute in minutes], ",.0f"),
        ("connected in time", [minute.connected_share for minute in minutes], ".0%"),
        ("calls at once", [float(minute.serving) for minute in minutes], ",.0f"),
        ("waiting room", [float(minute.waiting) for minute in minutes], ",.0f"),
        ("waiting for a person", [float(minute.seat_queue) for minute in minutes], ",.0f"),
        ("call-backs open", [float(minute.callbacks_open) for minute in minutes], ",.0f"),
        ("cores busy", [minute.cpu_seconds / 60.0 for minute in minutes], ",.0f"),
    ]  # fmt: skip
    return [
        Text(f"{name:<22}{sparkline(values)}  {format(max(values, default=0.0), shape)}")
        for name, values, shape in chosen
    ]


def sparkline(values: Sequence[float], columns: int = _CURVE_COLUMNS) -> str:
    """From zero to the greatest value; longer courses are thinned out by their means."""
    if len(values) > columns:
        edges = [round(column * len(values) / columns) for column in range(columns + 1)]
        values = [sum(values[low:high]) / (high - low) for low, high in pairwise(edges) if high > low]
    top = max(values, default=0.0)
    if top <= 0.0:
        return _BARS[0] * len(values)
    return "".join(_BARS[min(len(_BARS) - 1, int(value / top * len(_BARS)))] for value in values)


def assumptions(numbers: Sequence[Number]) -> RenderableType:
    table = Table("number", "value", "known", "source")
    for number in numbers:
        table.add_row(number.name, str(number.value), number.known, number.source)
    return table


def _told(share: float, enough: bool) -> str:
    return f"{share:.2%}{'' if enough else '  (below the promise)'}"
