"""A QR code as a picture in an address (`data:image/svg+xml…`), drawn by segno."""

from __future__ import annotations

import importlib


def picture_of(text: str) -> str | None:
    """None where segno is not installed: the page shows the text to be typed."""
    try:
        segno = importlib.import_module("segno")
    except ImportError:
        return None
    drawn: str = segno.make(text, error="m", micro=False).svg_data_uri(scale=5, border=4)
    return drawn
