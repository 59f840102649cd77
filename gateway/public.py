"""What is open to everybody: a page of another site may read it, too."""

from __future__ import annotations

from typing import Final

OPEN_HEADERS: Final = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
"""Of answers that hold public knowledge and nothing of a person: no cookie is read to make them."""
