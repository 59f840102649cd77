"""Numbers for the ear, digit by digit, as telephone numbers are read out; and for the eye."""

from __future__ import annotations

from typing import Final

DIGITS: Final = dict(zip("0123456789", "零幺二三四五六七八九", strict=True))
_MOBILE_DIGITS: Final = 11


def spell(number: str, group: int = 4) -> str:
    """With small pauses: `260105000012` -> 二六零幺，零五零零，零零幺二; mobile numbers as 3, 4 and 4 digits.

    `group`: so many digits between two pauses; what is no digit is left as it is.
    """
    words = "".join(DIGITS.get(character, character) for character in number)
    if len(words) == _MOBILE_DIGITS:
        return f"{words[:3]}，{words[3:7]}，{words[7:]}"
    return "，".join(words[start : start + group] for start in range(0, len(words), group))


def with_extension(number: str, extension: str) -> str:
    """A telephone number with its extension, as people write it: 01055501234转608."""
    return f"{number}转{extension}" if number and extension else number
