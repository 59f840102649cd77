"""What a PBX says about its caller, made safe: digits or nothing, a call name of harmless characters."""

from __future__ import annotations

import re
from typing import Final

_CALL_NAME: Final = re.compile(r"[\x21-\x7e]{1,255}")


def telephone_number(text: str | None) -> str:
    """The digits, if it looks like a telephone number (3 to 15 digits, few other characters); else an empty string."""
    user = (text or "").strip().removeprefix("+")
    digits = re.sub(r"[^0-9]", "", user)
    return digits if 3 <= len(digits) <= 15 and len(digits) >= len(user) - 3 else ""


def call_name(*candidates: str | None) -> str:
    """The first that can name a call (printable, no spaces, at most 255 characters); else an empty string."""
    return next((text for text in candidates if text and _CALL_NAME.fullmatch(text)), "")
