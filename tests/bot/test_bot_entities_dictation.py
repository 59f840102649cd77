"""Two readings of a number that were not whole make one number, where there is no doubt which."""

from __future__ import annotations

import pytest

from bot.entities.dictation import is_beginning, joined


@pytest.mark.parametrize(
    ("rows", "number"),
    [
        (["139", "00001234"], "13900001234"),
        (["1390000", "1234"], "13900001234"),
        (["1390001234", "1390000123"], "13900001234"),
        (["13956781", "1396781234", "1395678124"], "13956781234"),
        (["1381234567", "1381234568"], None),  # 67 or 76?
        (["1390001234", "1390001234"], None),  # the same digit lost twice
        (["1395678", "1391234"], None),
        (["2956781234", "295678134"], None),
        (["139"], None),
        ([], None),
    ],
)
def test_joined(rows: list[str], number: str | None) -> None:
    assert joined(rows) == number


def test_the_first_groups_are_a_beginning_and_longer_rows_have_lost_digits() -> None:
    assert is_beginning("139") and is_beginning("1390000")
    assert not is_beginning("13900001") and not is_beginning("239") and not is_beginning("13")
