"""Whether a new request repeats an earlier one of the same citizen: pure rules, used at intake.

Repeated requests of one citizen on one matter are linked, not multiplied (国办发〔2020〕53号; 条例 article 11 (3)).
The rule is careful: a wrong link would hide a request, a missed one costs a unit a second look.
"""

from __future__ import annotations

from typing import Final

SIMILAR_ENOUGH: Final = 0.5
LOOK_BACK_DAYS: Final = 30


def pairs(text: str) -> frozenset[str]:
    """The pairs of neighbouring letters and digits of a text."""
    letters = "".join(character for character in text if character.isalnum())
    return frozenset(letters[index : index + 2] for index in range(len(letters) - 1))


def similarity(first: str, second: str) -> float:
    """Overlap of character pairs relative to the shorter text, 0..1; 0 when one has fewer than two letters."""
    return overlap(pairs(first), pairs(second))


def overlap(one: frozenset[str], two: frozenset[str]) -> float:
    """`similarity` of texts whose pairs are known."""
    if not one or not two:
        return 0.0
    return len(one & two) / min(len(one), len(two))


def shared_pairs(first: str, second: str) -> frozenset[str]:
    """The pairs of neighbouring characters that both texts have."""
    return pairs(first) & pairs(second)


def same_place(first: tuple[str | None, str | None], second: tuple[str | None, str | None]) -> bool:
    """`(district, street)` of both; what is not known contradicts nothing."""
    return all(not one or not two or one == two for one, two in zip(first, second, strict=True))
