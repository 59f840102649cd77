"""The course of a run as one SVG drawing: lines over minutes, one panel a figure. No library: a few hundred numbers."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from hotline.simulation.tally import Minute

_WIDTH: Final = 900
_PANEL: Final = 120
_LEFT: Final = 130
_RIGHT: Final = 20
_TOP: Final = 34
_GAP: Final = 26
_COLOURS: Final = ("#1f5f8b", "#8b1f1f", "#2e7d32", "#6a4c93", "#b26a00", "#00695c")


def svg(minutes: Sequence[Minute], title: str, *, hour: tuple[float, float]) -> str:
    """
    Args:
        hour: first and last minute of the hour that is looked at; it is shaded.
    """
    panels: list[tuple[str, list[float], str]] = [
        ("attempts a minute", [float(minute.attempts) for minute in minutes], ",.0f"),
        ("connected in time", [minute.connected_share for minute in minutes], ".0%"),
        ("calls at once", [float(minute.serving) for minute in minutes], ",.0f"),
        ("waiting for the bot", [float(minute.waiting) for minute in minutes], ",.0f"),
        ("waiting for a person", [float(minute.seat_queue) for minute in minutes], ",.0f"),
        ("call-backs open", [float(minute.callbacks_open) for minute in minutes], ",.0f"),
    ]  # fmt: skip
    height = _TOP + len(panels) * (_PANEL + _GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
        f'viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="{_LEFT}" y="20" font-size="14">{escape(title)}</text>',
    ]
    for index, (name, values, shape) in enumerate(panels):
        parts += _panel(name, values, shape, _TOP + index * (_PANEL + _GAP), hour, _COLOURS[index % len(_COLOURS)])
    return "\n".join([*parts, "</svg>\n"])


def _panel(name: str, values: list[float], shape: str, top: float, hour: tuple[float, float], colour: str) -> list[str]:
    highest = max(max(values, default=0.0), 1e-9)
    width = _WIDTH - _LEFT - _RIGHT
    last = max(1, len(values) - 1)

    def across(minute: float) -> float:
        return _LEFT + width * min(minute, last) / last

    points = " ".join(
        f"{across(minute):.1f},{top + _PANEL * (1.0 - value / highest):.1f}" for minute, value in enumerate(values)
    )
    bottom = top + _PANEL
    return [
        f'<rect x="{across(hour[0]):.1f}" y="{top}" width="{across(hour[1]) - across(hour[0]):.1f}" '
        f'height="{_PANEL}" fill="#eef3f7"/>',
        f'<line x1="{_LEFT}" y1="{bottom}" x2="{_WIDTH - _RIGHT}" y2="{bottom}" stroke="#888888"/>',
        f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>',
        f'<text x="{_LEFT - 8}" y="{top + 12}" text-anchor="end">{escape(name)}</text>',
        f'<text x="{_LEFT - 8}" y="{top + 28}" text-anchor="end" fill="#555555">max {format(highest, shape)}</text>',
        f'<text x="{_LEFT}" y="{bottom + 14}" fill="#555555">minute 0</text>',
        f'<text x="{_WIDTH - _RIGHT}" y="{bottom + 14}" text-anchor="end" fill="#555555">{last}</text>',
    ]
