"""The picture of one or several nodes, for a terminal of any width. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from hotline.top.figures import Look, Rates

_LEVELS: Final = ("open", "waiting room", "refusing")
_LAG_BAD_SECONDS: Final = 1.0  # as admission.lag_limit_seconds
_LATE_BAD: Final = 0.02
_DISK_BAD: Final = 0.1
_UNKNOWN: Final = "–"


@dataclass(frozen=True, slots=True)
class Column:
    """`rank`: columns of a higher one are left out first where the terminal is narrow; `width` is what it needs."""

    title: str
    width: int
    rank: int
    cell: Callable[[Look, Rates | None], Text]


def _plain(value: str, *, bad: bool = False) -> Text:
    return Text(value, style="bold red" if bad else "")


def _calls(look: Look, _rates: Rates | None) -> Text:
    return _plain(f"{look.serving}/{look.capacity}", bad=look.level > 0)


def _queue(look: Look, _rates: Rates | None) -> Text:
    waits = f" {_duration(look.queue_oldest_seconds)}" if look.queue else ""
    danger = f" !{look.emergencies}" if look.emergencies else ""
    return _plain(f"{look.queue}{waits}{danger}", bad=bool(look.emergencies))


def _errors(_look: Look, rates: Rates | None) -> Text:
    if rates is None:
        return _plain(_UNKNOWN)
    count = rates.failures_a_minute + rates.errors_a_minute
    return _plain(f"{count:.0f}", bad=count > 0)


COLUMNS: Final = (
    Column("state", 13, 0, lambda look, _: _state(look)),
    Column("calls", 8, 0, _calls),
    Column("wait", 5, 1, lambda look, _: _plain(str(look.waiting), bad=look.level > 1)),
    Column("in/s", 6, 4, lambda _, rates: _plain(_UNKNOWN if rates is None else f"{rates.arrivals_a_second:.1f}")),
    Column("chats", 6, 1, lambda look, _: _plain(str(look.chats))),
    Column("queue", 12, 1, _queue),
    Column("seats", 6, 4, lambda look, _: _plain(str(look.seats))),
    Column("lag s", 6, 0, lambda look, _: _plain(f"{look.lag_seconds:.2f}", bad=look.lag_seconds > _LAG_BAD_SECONDS)),
    Column("late", 6, 2, lambda look, _: _plain(f"{look.late_frames:.1%}", bad=look.late_frames > _LATE_BAD)),
    Column("cpu", 6, 0, lambda _, rates: _plain(_UNKNOWN if rates is None else f"{sum(rates.cores.values()):.2f}")),
    Column("memory", 8, 1, lambda look, _: _plain(_bytes(sum(look.memory_bytes.values())))),
    Column("outbox", 9, 3, lambda look, _: _outbox(look)),
    Column("errors/min", 11, 2, _errors),
    Column("disk", 6, 5, lambda look, _: _disk(look)),
)  # fmt: skip


def render(looks: Sequence[Look], rates: Mapping[str, Rates | None], width: int, moment: str) -> RenderableType:
    """
    Args:
        rates: by address.
        width: of the terminal, in cells.
        moment: the time of day, for the head line.
    """
    name_width = max((len(look.address) for look in looks), default=4) + 2
    chosen = _fitting(width - name_width)
    table = Table(expand=False, pad_edge=False, box=None, header_style="bold")
    table.add_column("node", no_wrap=True)
    for column in chosen:
        table.add_column(column.title, no_wrap=True, min_width=min(column.width - 2, len(column.title)))
    for look in looks:
        known = rates.get(look.address)
        if look.problem:
            table.add_row(look.address, Text("away", style="bold red"))
        else:
            table.add_row(look.address, *(column.cell(look, known) for column in chosen))
    parts: list[RenderableType] = [_head(looks, rates, moment), Text(""), table]
    parts += [Text(f"{look.address}: {look.problem}", style="red") for look in looks if look.problem]
    if len(looks) == 1 and not looks[0].problem:
        parts += [Text(""), _processes(looks[0], rates.get(looks[0].address))]
    return Group(*parts)


def _fitting(width: int) -> list[Column]:
    """The most important columns that have room, in their usual order."""
    room = width
    taken: list[Column] = []
    for column in sorted(COLUMNS, key=lambda column: column.rank):
        if column.width <= room:
            room -= column.width
            taken.append(column)
    return [column for column in COLUMNS if column in taken]


def _head(looks: Sequence[Look], rates: Mapping[str, Rates | None], moment: str) -> Text:
    """What is true of all nodes together; what the shared database tells is no sum."""
    up = [look for look in looks if not look.problem]
    cores = sum(sum(known.cores.values()) for known in rates.values() if known is not None)
    words = [
        f"{moment}  {sum(look.ready for look in up)} of {len(looks)} ready",
        f"calls {sum(look.serving for look in up)}",
        f"waiting {sum(look.waiting for look in up)}",
        f"queue {max((look.queue for look in up), default=0)}",
        f"call-backs {max((look.callbacks for look in up), default=0)}",
        f"cpu {cores:.2f}",
    ]
    head = Text("  ·  ".join(words), style="bold")
    danger = max((look.emergencies for look in up), default=0)
    if danger:
        head.append(f"  ·  danger not taken: {danger}", style="bold red")
    return head


def _processes(look: Look, rates: Rates | None) -> RenderableType:
    table = Table(expand=False, pad_edge=False, box=None, header_style="bold")
    for title in ("process", "cpu", "memory"):
        table.add_column(title, no_wrap=True)
    for name in sorted(look.cpu_seconds):
        cores = _UNKNOWN if rates is None else f"{rates.cores.get(name, 0.0):.2f}"
        table.add_row(name, cores, _bytes(look.memory_bytes.get(name, 0.0)))
    return table


def _state(look: Look) -> Text:
    if look.ready:
        level = _LEVELS[min(look.level, len(_LEVELS) - 1)]
        return Text(level, style="green" if look.level == 0 else "bold red")
    return Text(f"no {look.not_ready[0]}" if look.not_ready else "not ready", style="bold red")


def _outbox(look: Look) -> Text:
    """Waiting, and given up."""
    return _plain(f"{look.outbox_waiting}/{look.outbox_dead}", bad=look.outbox_dead > 0)


def _disk(look: Look) -> Text:
    share = look.disk_free_share
    return _plain(_UNKNOWN) if share is None else _plain(f"{share:.0%}", bad=share < _DISK_BAD)


def _bytes(count: float) -> str:
    return f"{count / 2**30:.1f} G" if count >= 2**30 else f"{count / 2**20:.0f} M"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f}s" if seconds < 120 else f"{seconds / 60:.0f}m"
