"""A QR code as a picture in an address (`data:image/svg+xml…`), drawn by segno."""

from __future__ import annotations

import segno


def picture_of(text: str) -> str:
    drawn: str = segno.make(text, error="m", micro=False).svg_data_uri(scale=5, border=4)
    return drawn
